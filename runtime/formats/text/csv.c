// A row is read in one go: where the next cell may end is found in 64 bytes at once, and what is
// before it is tried as a number first, which for tables of numbers is the only look at a cell.
// What a row needs lies in the buffer; where it does not, more is read and the row begins anew.
#include "csv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "decimal.h"

// MARGIN and SLACK: what is looked at before and behind the content.
enum { BUFFER = 1 << 20, MAX_ROW = 1 << 30, BLOCK = 64, MARGIN = 64, SLACK = 2 * BLOCK };

typedef enum Outcome { DONE, MORE, FAILED } Outcome; // MORE: the buffer ends within the row

nnrt_status nnrt_csv_open(nnrt_csv *csv, const char *path, nnrt_csv_format format) {
    *csv = (nnrt_csv){.path = path, .format = format};
    nnrt_status status = nnrt_stream_open(&csv->stream, path);
    if (status) return status;
    csv->capacity = BUFFER;
    csv->cell_capacity = 64;
    csv->buffer = calloc(1, MARGIN + (size_t)csv->capacity + SLACK);
    csv->cells = malloc((size_t)csv->cell_capacity * sizeof *csv->cells);
    if (!csv->buffer || !csv->cells) {
        nnrt_csv_close(csv);
        return nnrt_fail_memory("reading a table", BUFFER);
    }
    csv->at = csv->limit = csv->buffer + MARGIN;
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
    size_t size = MARGIN + (size_t)csv->capacity * 2 + SLACK;
    char *buffer = csv->capacity < MAX_ROW ? realloc(csv->buffer, size) : NULL;
    if (!buffer && csv->capacity >= MAX_ROW)
        return nnrt_fail(NNRT_ERROR,
                         "`%s`: the row in line %lld has more than 1 GB: is a quote not closed?",
                         csv->path, (long long)csv->line);
    if (!buffer) return nnrt_fail_memory("reading a table", size);
    csv->buffer = buffer;
    csv->capacity *= 2;
    csv->at = buffer + MARGIN;
    csv->limit = csv->at + used;
    return NNRT_OK;
}

static void skip_mark(nnrt_csv *csv) {
    if (csv->limit - csv->at >= 3 && memcmp(csv->at, "\xEF\xBB\xBF", 3) == 0) csv->at += 3;
}

// More of the file behind what is left.
static nnrt_status refill(nnrt_csv *csv) {
    int64_t left = csv->limit - csv->at, count;
    int is_start = csv->stream.position == 0;
    memmove(csv->buffer + MARGIN, csv->at, (size_t)left);
    csv->at = csv->buffer + MARGIN;
    csv->limit = csv->at + left;
    csv->block = NULL;
    if (left == csv->capacity) {
        nnrt_status status = grow(csv, left);
        if (status) return status;
    }
    int64_t wanted = csv->capacity - left;
    nnrt_status status = nnrt_stream_read_some(&csv->stream, csv->limit, wanted, &count);
    if (status) return status;
    csv->limit += count;
    memset(csv->limit, 0, SLACK);
    csv->is_at_end = count < wanted;
    if (is_start) skip_mark(csv);
    if (csv->is_at_end && !csv->stream.compressed && csv->stream.position < csv->stream.file_size)
        return nnrt_fail(NNRT_ERROR, "`%s` became shorter while it was read", csv->path);
    return NNRT_OK;
}

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
    char *end = (char *)nnrt_decimal_read(start, csv->format.decimal, &cell->number);
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
    if (text == end || nnrt_decimal_read(text, csv->format.decimal, &number) != end) return;
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

// By bit: where of the 64 bytes at `p` cells end, if they are not in quotes.
static uint64_t find_ends(const char *p, char separator) {
    uint64_t ends = 0;
#ifdef __SSE2__
    for (int i = 0; i < BLOCK; i += 16) {
        __m128i bytes = _mm_loadu_si128((const __m128i *)(p + i));
        __m128i found = _mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8(separator)),
                                     _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\n')));
        ends |= (uint64_t)(unsigned)_mm_movemask_epi8(found) << i;
    }
#else
    for (int i = 0; i < BLOCK; i++) ends |= (uint64_t)(p[i] == separator || p[i] == '\n') << i;
#endif
    return ends;
}

// Goes on to the block of the first end from `p` on.
static uint64_t seek_ends(nnrt_csv *csv, char *p) {
    uint64_t skipped = (uint64_t)(p - csv->block);
    if (!csv->block || skipped >= BLOCK) {
        csv->block = p;
        csv->ends = find_ends(p, csv->format.separator);
        skipped = 0;
    }
    return csv->ends & UINT64_MAX << skipped;
}

// Cells that are numbers and end with the separator or the line, as nearly all of a table of
// numbers do; stops at the first that is not. `*is_last`: the row is complete.
static char *read_numbers(nnrt_csv *csv, char *p, int *is_last) {
    char separator = csv->format.separator, decimal = csv->format.decimal, marks[16];
    nnrt_csv_cell *cell = csv->cells + csv->count, *end = csv->cells + csv->cell_capacity;
    if (separator == ' ' || csv->format.trim || *p < '+' || *p > '9') return p;
    uint64_t ends = seek_ends(csv, p);
    memset(marks, decimal, sizeof marks);
    for (; cell < end && !*is_last; cell++) {
        while (!ends && csv->block < csv->limit) {
            csv->block += BLOCK;
            ends = csv->ends = find_ends(csv->block, separator);
        }
        if (!ends) break;
        char *stop = csv->block + __builtin_ctzll(ends);
        if (!nnrt_decimal_read_plain(p, stop, marks, &cell->number) &&
            nnrt_decimal_read(p, decimal, &cell->number) != stop)
            break;
        ends &= ends - 1;
        cell->text = p;
        cell->length = (int32_t)(stop - p);
        cell->is_quoted = cell->has_quotes = 0;
        cell->is_number = 1;
        *is_last = *stop == '\n';
        p = stop + 1;
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
