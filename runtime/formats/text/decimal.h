// Numbers in text, as their nearest double. Private to the readers of tables.
#ifndef NNRT_DECIMAL_H
#define NNRT_DECIMAL_H

#include <stdint.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

enum { NNRT_DECIMAL_BEFORE = 17 }; // bytes before a number that nnrt_decimal_read_plain may look at

// Reads a number from `text`, which a byte ends that is of none; returns where it ends, NULL: there
// is none. Up to 16 bytes behind it are looked at. `decimal`: '.' or ','.
const char *nnrt_decimal_read(const char *text, char decimal, double *value);

#ifdef __SSE2__

// By sign and by bytes up to the point, of 16: what the digits are divided by.
extern const double nnrt_decimal_divisors[2][17];

// The last `count` of 16 bytes are ones.
static inline __m128i nnrt_decimal_last(int64_t count) {
    static const uint8_t bytes[32] = {[16] = 255, 255, 255, 255, 255, 255, 255, 255,
                                      255,        255, 255, 255, 255, 255, 255, 255};
    return _mm_loadu_si128((const __m128i *)(bytes + count));
}

// The number of 16 bytes from 0 to 9, the first one first, by pairs, fours and eights. Only the
// last sum is rounded.
static inline double nnrt_decimal_join(__m128i digits) {
    __m128i pairs = _mm_srli_epi16(_mm_mullo_epi16(digits, _mm_set1_epi16(10 << 8 | 1)), 8);
    __m128i fours = _mm_madd_epi16(pairs, _mm_set1_epi32(100 | 1 << 16));
    __m128i packed = _mm_packs_epi32(fours, fours);
    __m128i eights = _mm_madd_epi16(packed, _mm_set1_epi32(10000 | 1 << 16));
    __m128d both = _mm_mul_pd(_mm_cvtepi32_pd(eights), _mm_set_pd(1, 1e8));
    return _mm_cvtsd_f64(_mm_add_sd(both, _mm_unpackhi_pd(both, both)));
}

// Reads a number that ends where its cell does, as most do: up to 16 bytes without exponent, a sign
// not counted. Nearest, as 15 digits and the power of ten are exact, and 16 digits have no power
// (Clinger, "How to read floating point numbers accurately", 1990). There is no branch but for what
// it is not. `marks`: `decimal`, 16 times. 0: it is none of these.
static inline int nnrt_decimal_read_plain(const char *text, const char *end, const char *marks,
                                          double *value) {
    int is_negative = *text == '-';
    int64_t length = end - text - is_negative;
    if (length < 1 || length > 16) return 0;
    __m128i bytes = _mm_loadu_si128((const __m128i *)(end - 16));
    __m128i before = _mm_loadu_si128((const __m128i *)(end - 17));
    __m128i points = _mm_cmpeq_epi8(bytes, _mm_loadu_si128((const __m128i *)marks));
    unsigned found = (unsigned)_mm_movemask_epi8(_mm_and_si128(points, nnrt_decimal_last(length)));
    int whole = __builtin_clz(found << 1 | 1) ^ 31; // bytes as far as the point, 0: there is none
    int64_t count = length - (found != 0);
    if (count < 1) return 0;
    // What is before the point moves on by one byte.
    __m128i is_behind = nnrt_decimal_last(16 - whole);
    bytes = _mm_or_si128(_mm_and_si128(is_behind, bytes), _mm_andnot_si128(is_behind, before));
    __m128i digits = _mm_sub_epi8(bytes, _mm_set1_epi8('0'));
    digits = _mm_and_si128(digits, nnrt_decimal_last(count));
    if (_mm_movemask_epi8(_mm_adds_epu8(digits, _mm_set1_epi8(127 - 9)))) return 0;
    *value = nnrt_decimal_join(digits) / nnrt_decimal_divisors[is_negative][whole];
    return 1;
}

#else

static inline int nnrt_decimal_read_plain(const char *text, const char *end, const char *marks,
                                          double *value) {
    return nnrt_decimal_read(text, *marks, value) == end;
}

#endif
#endif
