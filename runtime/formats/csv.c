// A row is read in one go: a cell is tried as a number first, which for tables of numbers is the
// only look at its bytes. What a row needs lies in the buffer; where it does not, more is read and
// the row begins anew.
#include "csv.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

enum { BUFFER = 1 << 20, MAX_ROW = 1 << 30, SLACK = 32, DIGITS = 19 };

typedef enum Outcome { DONE, MORE, FAILED } Outcome; // MORE: the buffer ends within the row

nnrt_status nnrt_csv_open(nnrt_csv *csv, const char *path, nnrt_csv_format format) {
    *csv = (nnrt_csv){.path = path, .format = format};
    nnrt_status status = nnrt_stream_open(&csv->stream, path);
    if (status) return status;
    csv->capacity = BUFFER;
    csv->cell_capacity = 64;
    csv->buffer = malloc((size_t)csv->capacity + SLACK);
    csv->cells = malloc((size_t)csv->cell_capacity * sizeof *csv->cells);
    if (!csv->buffer || !csv->cells) {
        nnrt_csv_close(csv);
        return nnrt_fail_memory("reading a table", BUFFER);
    }
    csv->at = csv->limit = csv->buffer;
    memset(csv->limit, 0, SLACK);
    return NNRT_OK;
}

void nnrt_csv_close(nnrt_csv *csv) {
    nnrt_stream_close(&csv->stream);
    free(csv->buffer);
    free(csv->cells);
    csv->buffer = NULL;
    csv->cells = NULL;
}

// ---- The buffer.

static nnrt_status grow(nnrt_csv *csv, int64_t used) {
    char *buffer =
        csv->capacity < MAX_ROW ? realloc(csv->buffer, (size_t)csv->capacity * 2 + SLACK) : NULL;
    if (!buffer && csv->capacity >= MAX_ROW)
        return nnrt_fail(NNRT_ERROR,
                         "`%s`: the row in line %lld has more than 1 GB: is a quote not closed?",
                         csv->path, (long long)csv->line);
    if (!buffer) return nnrt_fail_memory("reading a table", (size_t)csv->capacity * 2);
    csv->buffer = buffer;
    csv->capacity *= 2;
    csv->at = buffer;
    csv->limit = buffer + used;
    return NNRT_OK;
}

static void skip_mark(nnrt_csv *csv) {
    if (csv->limit - csv->at >= 3 && memcmp(csv->at, "\xEF\xBB\xBF", 3) == 0) csv->at += 3;
}

// More of the file behind what is left.
static nnrt_status refill(nnrt_csv *csv) {
    int64_t left = csv->limit - csv->at, count;
    int is_start = csv->stream.position == 0;
    memmove(csv->buffer, csv->at, (size_t)left);
    csv->at = csv->buffer;
    csv->limit = csv->buffer + left;
    if (left == csv->capacity) {
        nnrt_status status = grow(csv, left);
        if (status) return status;
    }
    int64_t wanted = csv->capacity - left;
    nnrt_status status = nnrt_stream_read_some(&csv->stream, csv->limit, wanted, &count);
    if (status) return status;
    csv->limit += count;
    memset(csv->limit, 0, SLACK); // of which sixteen bytes at a time are read
    csv->is_at_end = count < wanted;
    if (is_start) skip_mark(csv);
    if (csv->is_at_end && !csv->stream.compressed && csv->stream.position < csv->stream.file_size)
        return nnrt_fail(NNRT_ERROR, "`%s` became shorter while it was read", csv->path);
    return NNRT_OK;
}

// ---- Numbers: exact where both the digits and the power of ten are (Clinger, "How to read
// floating point numbers accurately", 1990), the C library's else.

static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

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

// Reads a number from `text`; returns where it ends, NULL: there is none.
static inline const char *read_number(const char *text, char decimal, double *value) {
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

// Without a branch, which half of the numbers of many tables would mislead.
static inline double with_sign(double size, int is_negative) {
    uint64_t bits;
    memcpy(&bits, &size, sizeof bits);
    bits ^= (uint64_t)is_negative << 63;
    memcpy(&size, &bits, sizeof bits);
    return size;
}

#ifdef __SSE2__
// By bit: which of the 16 bytes at `p` are no digits.
static inline unsigned find_others(const char *p) {
    __m128i bytes = _mm_sub_epi8(_mm_loadu_si128((const __m128i *)p), _mm_set1_epi8('0'));
    __m128i excess = _mm_subs_epu8(bytes, _mm_set1_epi8(9));
    int digits = _mm_movemask_epi8(_mm_cmpeq_epi8(excess, _mm_setzero_si128()));
    return ~(unsigned)digits & 0xFFFF;
}

// A number of up to eight digits without exponent, as most are: where it ends is known after one
// look at 16 bytes, so that the next one can begin; NULL: it is not one.
static inline const char *read_short(const char *text, char decimal, double *value) {
    int is_negative = *text == '-';
    const char *p = text + is_negative;
    unsigned others = find_others(p);
    if (!others) return NULL;
    int whole = __builtin_ctz(others), fraction = 0, end = whole;
    if (p[whole] == decimal) {
        others &= others - 1;
        if (!others) return NULL;
        end = __builtin_ctz(others);
        fraction = end - whole - 1;
    }
    int count = whole + fraction;
    if (count < 1 || count > 8 || (p[end] | 0x20) == 'e') return NULL;
    uint64_t bytes = keep_digits(load_digits(p), whole) >> (8 * fraction & 63) |
                     keep_digits(load_digits(p + whole + 1), fraction);
    *value = with_sign((double)(int64_t)join_digits(bytes) / powers[fraction], is_negative);
    return p + end;
}
#else
static inline const char *read_short(const char *text, char decimal, double *value) {
    (void)text, (void)decimal, (void)value;
    return NULL;
}
#endif

// ---- Cells. The content ends with a NUL, at which every loop stops.

static int is_blank(char c) {
    return c == ' ' || c == '\t';
}

static int is_line_end(const char *p) {
    return *p == '\n' || (*p == '\r' && p[1] == '\n');
}

static const char no_text[] = "a NUL byte: is it a text file?\n"
                              "convert UTF-16 with `iconv -f UTF-16 -t UTF-8`";

const char nnrt_csv_lone_returns[] = "lines end with carriage returns alone\n"
                                     "convert it: `tr '\\r' '\\n' < old > new`";

static Outcome fail(const nnrt_csv *csv, const char *what) {
    nnrt_fail(NNRT_ERROR, "`%s`, line %lld, cell %lld: %s", csv->path, (long long)csv->line,
              (long long)csv->count, what);
    return FAILED;
}

static nnrt_csv_cell *add_cell(nnrt_csv *csv) {
    if (csv->count == csv->cell_capacity) {
        size_t bytes = (size_t)csv->cell_capacity * 2 * sizeof *csv->cells;
        nnrt_csv_cell *cells = realloc(csv->cells, bytes);
        if (!cells) {
            nnrt_fail_memory("reading a table", bytes);
            return NULL;
        }
        csv->cells = cells;
        csv->cell_capacity *= 2;
    }
    nnrt_csv_cell *cell = &csv->cells[csv->count++];
    *cell = (nnrt_csv_cell){0};
    return cell;
}

// Takes blanks and the format's characters off both ends.
static void trim_cell(const nnrt_csv *csv, nnrt_csv_cell *cell) {
    const char *trim = csv->format.trim ? csv->format.trim : "";
    const char *text = cell->text, *end = text + cell->length;
    while (text < end && ((!cell->is_quoted && is_blank(*text)) || strchr(trim, *text))) text++;
    while (text < end && ((!cell->is_quoted && is_blank(end[-1])) || strchr(trim, end[-1]))) end--;
    cell->text = text;
    cell->length = (int32_t)(end - text);
}

static Outcome fail_behind(const nnrt_csv *csv, char found) {
    if (!found) return fail(csv, no_text);
    if (found == '\r') return fail(csv, nnrt_csv_lone_returns);
    return fail(csv, "text behind a quote that ends a cell; a quote within a cell in quotes is "
                     "written twice");
}

// At the end of a cell: goes over what ends it. `*is_last`: the row ends, too.
static Outcome end_cell(nnrt_csv *csv, char **at, int *is_last) {
    char *p = *at, separator = csv->format.separator;
    while (is_blank(*p) && *p != separator) p++;
    if (separator == ' ')
        while (is_blank(*p)) p++;
    *is_last = is_line_end(p) || (p == csv->limit && csv->is_at_end);
    if (p >= csv->limit - 1 && !csv->is_at_end) return MORE; // \r may be the last byte
    if (*is_last)
        p += (*p == '\r') + (p < csv->limit);
    else if (separator != ' ' && *p == separator)
        p++;
    else if (separator != ' ' || p == *at)
        return fail_behind(csv, *p);
    *at = p;
    return DONE;
}

// `*at` is behind the first quote. Doubled quotes stay as they are until the row is complete.
static Outcome read_quoted(nnrt_csv *csv, nnrt_csv_cell *cell, char **at) {
    char *p = *at;
    cell->text = p;
    cell->is_quoted = csv->any_quoted = 1;
    for (;; p += 2) {
        p = memchr(p, '"', (size_t)(csv->limit - p));
        if ((!p || p + 1 == csv->limit) && !csv->is_at_end) return MORE;
        if (!p) return fail(csv, "its quote is never closed");
        if (p[1] != '"') break;
        cell->has_quotes = 1;
    }
    cell->length = (int32_t)(p - cell->text);
    if (memchr(cell->text, 0, (size_t)cell->length)) return fail(csv, no_text);
    *at = p + 1;
    return DONE;
}

// Doubled quotes become single ones, in the buffer.
static void join_quotes(nnrt_csv_cell *cell) {
    char *to = (char *)(uintptr_t)cell->text;
    const char *from = cell->text, *end = from + cell->length;
    while (from < end) {
        from += *from == '"';
        *to++ = *from++;
    }
    cell->length = (int32_t)(to - cell->text);
}

static char *find_end(const nnrt_csv *csv, char *p) {
    char separator = csv->format.separator;
    if (separator == ' ')
        while (*p && !is_blank(*p) && !is_line_end(p)) p++;
    else
        while (*p && *p != separator && !is_line_end(p)) p++;
    return p;
}

static int ends_cell(const nnrt_csv *csv, const char *p) {
    char separator = csv->format.separator;
    return *p == separator || is_line_end(p) || is_blank(*p) || (p == csv->limit && csv->is_at_end);
}

// A number, if the whole cell is one.
static char *try_number(const nnrt_csv *csv, nnrt_csv_cell *cell, char *start) {
    if (*start > '9' || *start < '+') return NULL;
    char *end = (char *)read_number(start, csv->format.decimal, &cell->number);
    if (!end || !ends_cell(csv, end)) return NULL;
    cell->length = (int32_t)(end - start);
    cell->is_number = 1;
    return end;
}

// A number, if all of a cell whose ends are known is one, but for blanks around it.
static void look_for_number(const nnrt_csv *csv, nnrt_csv_cell *cell) {
    const char *text = cell->text, *end = text + cell->length;
    while (text < end && is_blank(*text)) text++;
    while (text < end && is_blank(end[-1])) end--;
    double number;
    if (text == end || read_number(text, csv->format.decimal, &number) != end) return;
    cell->number = number;
    cell->is_number = 1;
}

static Outcome read_text(nnrt_csv *csv, nnrt_csv_cell *cell, char **at) {
    char *end = find_end(csv, *at);
    if (end == csv->limit && !csv->is_at_end) return MORE;
    if (!*end && end < csv->limit) return fail(csv, no_text);
    cell->length = (int32_t)(end - *at);
    *at = end;
    trim_cell(csv, cell);
    if (csv->format.trim) look_for_number(csv, cell);
    return DONE;
}

static Outcome read_cell(nnrt_csv *csv, char **at, int *is_last) {
    nnrt_csv_cell *cell = add_cell(csv);
    char *p = *at;
    Outcome outcome = DONE;
    if (!cell) return FAILED;
    while (is_blank(*p) && *p != csv->format.separator) p++;
    cell->text = p;
    if (*p == '"') {
        p++;
        outcome = read_quoted(csv, cell, &p);
    } else {
        char *end = try_number(csv, cell, p);
        if (end) p = end;
        if (end && is_blank(*p) && csv->format.separator != ' ') {
            char *rest = p;
            while (is_blank(*rest) && *rest != csv->format.separator) rest++;
            if (!ends_cell(csv, rest)) end = NULL; // "12 monkeys"
        }
        if (!end) {
            p = (char *)(uintptr_t)cell->text;
            cell->is_number = 0;
            outcome = read_text(csv, cell, &p);
        }
    }
    if (outcome == DONE) outcome = end_cell(csv, &p, is_last);
    *at = p;
    return outcome;
}

// What waits until all of a row is there; quoted cells may have line ends.
static void finish_row(nnrt_csv *csv, const char *end) {
    int any_quoted = csv->any_quoted;
    for (int64_t i = 0; any_quoted && i < csv->count; i++) {
        nnrt_csv_cell *cell = &csv->cells[i];
        if (cell->has_quotes) join_quotes(cell);
        if (cell->is_quoted && csv->format.trim) trim_cell(csv, cell);
        if (cell->is_quoted) look_for_number(csv, cell);
    }
    const char *at = csv->at;
    csv->lines += !any_quoted;
    while (any_quoted && (at = memchr(at, '\n', (size_t)(end - at)))) csv->lines++, at++;
}

// Empty lines are no rows.
static void skip_empty(nnrt_csv *csv) {
    for (;;) {
        char *p = csv->at;
        while (is_blank(*p)) p++;
        if (!is_line_end(p)) break;
        csv->at = p + (*p == '\r') + 1;
        csv->lines++;
    }
    if (csv->format.separator == ' ')
        while (is_blank(*csv->at)) csv->at++;
}

// Cells that are numbers and end with the separator or the line, as nearly all of a table of
// numbers do; stops at the first that is not. `*is_last`: the row is complete.
static char *read_numbers(nnrt_csv *csv, char *p, int *is_last) {
    char separator = csv->format.separator, decimal = csv->format.decimal;
    nnrt_csv_cell *cell = csv->cells + csv->count, *end = csv->cells + csv->cell_capacity;
    if (separator == ' ' || csv->format.trim) return p;
    for (; cell < end && !*is_last; cell++) {
        double number;
        const char *stop = read_short(p, decimal, &number);
        if (!stop) stop = read_number(p, decimal, &number);
        if (!stop || (*stop != separator && *stop != '\n')) break;
        *cell = (nnrt_csv_cell){
            .text = p, .length = (int32_t)(stop - p), .is_number = 1, .number = number};
        *is_last = *stop == '\n';
        p += stop - p + 1;
    }
    csv->count = cell - csv->cells;
    return p;
}

static Outcome read_row(nnrt_csv *csv) {
    int is_last = 0;
    csv->count = csv->any_quoted = 0;
    skip_empty(csv);
    csv->line = csv->lines + 1;
    char *p = csv->at;
    if (p == csv->limit) return csv->is_at_end ? DONE : MORE;
    while (!is_last) {
        p = read_numbers(csv, p, &is_last);
        if (is_last) break;
        Outcome outcome = read_cell(csv, &p, &is_last);
        if (outcome != DONE) return outcome;
    }
    finish_row(csv, p);
    csv->at = p;
    return DONE;
}

nnrt_status nnrt_csv_next(nnrt_csv *csv) {
    Outcome outcome;
    while ((outcome = read_row(csv)) == MORE) {
        nnrt_status status = refill(csv);
        if (status) return status;
    }
    return outcome == DONE ? NNRT_OK : nnrt_failure();
}

int64_t nnrt_csv_bad_byte(const nnrt_csv_cell *cell) {
    const unsigned char *text = (const unsigned char *)cell->text;
    for (int64_t i = 0; i < cell->length;) {
        int more = text[i] < 0x80 ? 0 : text[i] >> 5 == 6 ? 1 : text[i] >> 4 == 14 ? 2 : 3;
        if (text[i] >= 0x80 && (text[i] < 0xC2 || text[i] > 0xF4)) return i;
        for (int k = 1; k <= more; k++)
            if (i + k >= cell->length || text[i + k] >> 6 != 2) return i;
        i += more + 1;
    }
    return -1;
}
