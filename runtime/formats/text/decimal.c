// Exact where both the digits and the power of ten are (Clinger, "How to read floating point
// numbers accurately", 1990), the C library's else.
#include "decimal.h"

#include <math.h>
#include <stdlib.h>

enum { DIGITS = 19 }; // which 64 bits hold

static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

#ifdef __SSE2__
const double nnrt_decimal_divisors[2][17] = {
    {1, 1e15, 1e14, 1e13, 1e12, 1e11, 1e10, 1e9, 1e8, 1e7, 1e6, 1e5, 1e4, 1e3, 1e2, 1e1, 1},
    {-1, -1e15, -1e14, -1e13, -1e12, -1e11, -1e10, -1e9, -1e8, -1e7, -1e6, -1e5, -1e4, -1e3, -1e2,
     -1e1, -1}};
#endif

static int is_digit(char c) {
    return (unsigned char)(c - '0') < 10;
}

static double read_slowly(const char *text, int64_t length, char decimal) {
    char copy[512];
    if (length >= (int64_t)sizeof copy) length = sizeof copy - 1; // digits beyond do not count
    memcpy(copy, text, (size_t)length);
    copy[length] = 0;
    if (decimal != '.')
        for (char *at = copy; *at; at++)
            if (*at == decimal) *at = '.';
    return strtod(copy, NULL);
}

// `count`: digits as they are written, zeros in front among them.
static double compose(const char *text, const char *end, uint64_t digits, int64_t count, int power,
                      char decimal) {
    if (count > DIGITS || digits > (uint64_t)1 << 53 || power > 22 || power < -22)
        return fabs(read_slowly(text, end - text, decimal));
    return power < 0 ? (double)digits / powers[-power] : (double)digits * powers[power];
}

// The exponent that begins at `at`, which moves behind it; none: it stays.
static int read_exponent(const char **at) {
    const char *p = *at + 1;
    int is_negative = *p == '-', value = 0;
    if (*p == '-' || *p == '+') p++;
    if (!is_digit(*p)) return 0;
    for (; is_digit(*p); p++)
        if (value < 100000) value = value * 10 + (*p - '0');
    *at = p;
    return is_negative ? -value : value;
}

static inline uint64_t load_digits(const char *p) { // 0 to 9, if they are digits
    uint64_t bytes;
    memcpy(&bytes, p, sizeof bytes);
    return bytes ^ 0x3030303030303030;
}

// The first `count` of eight digits, as the last ones, with zeros in front.
static inline uint64_t keep_digits(uint64_t bytes, int count) {
    return count ? bytes << (64 - 8 * count) : 0;
}

// The number of eight digits, the first in the lowest byte, without a branch: Lemire, "Number
// parsing at a gigabyte per second", 2021.
static inline uint64_t join_digits(uint64_t bytes) {
    bytes = bytes * 10 + (bytes >> 8);
    return ((bytes & 0x000000FF000000FF) * 0x000F424000000064 +
            (bytes >> 16 & 0x000000FF000000FF) * 0x0000271000000001) >>
           32;
}

// How many of the 8 bytes at `p` are digits, up to the first that is none; their number in *value.
static inline int take_digits(const char *p, uint64_t *value) {
    uint64_t bytes = load_digits(p);
    uint64_t others = (bytes | (bytes + 0x7676767676767676)) & 0x8080808080808080; // more than 9
    int count = others ? __builtin_ctzll(others) / 8 : 8;
    *value = join_digits(keep_digits(bytes, count));
    return count;
}

static inline const char *read_digits(const char *p, uint64_t *digits) {
    static const uint64_t tens[] = {1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000};
    uint64_t value;
    int count;
    do {
        count = take_digits(p, &value);
        *digits = *digits * tens[count] + value;
        p += count;
    } while (count == 8);
    return p;
}

const char *nnrt_decimal_read(const char *text, char decimal, double *value) {
    uint64_t digits = 0;
    int power = 0, is_negative = *text == '-';
    const char *first = text + (*text == '-' || *text == '+');
    const char *p = read_digits(first, &digits);
    int64_t count = p - first;
    if (*p == decimal) {
        const char *fraction = p + 1;
        p = read_digits(fraction, &digits);
        power = (int)(fraction - p);
        count += p - fraction;
    }
    if (!count) return NULL;
    if (*p == 'e' || *p == 'E') power += read_exponent(&p);
    double size = compose(text, p, digits, count, power, decimal);
    *value = is_negative ? -size : size;
    return p;
}
