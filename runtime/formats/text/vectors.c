#include "vectors.h"

#include "../../base/text/number.h"
#include "text_lines.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LOOKED_AT = 100, NUMBER_TEXT = 64, SHOWN = 40 };

typedef struct Reader {
    nnrt_text_lines lines;
    nnrt_vector_rows *rows; // NULL: nothing is looked for
    int64_t size;
    int64_t *order; // the rows by their words
    char *is_found; // by row
    int has_line;   // one with a vector
} Reader;

// ---- Lines.

static int64_t count_words(const char *text, int64_t length) {
    int64_t count = 0;
    for (int64_t i = 0; i < length; i++)
        count += !nnrt_is_blank(text[i]) && (i == 0 || nnrt_is_blank(text[i - 1]));
    return count;
}

// "400000 300"
static int is_head(const Reader *r) {
    const char *text = r->lines.text;
    if (r->lines.number > 1 || count_words(text, r->lines.length) != 2) return 0;
    for (int64_t i = 0; i < r->lines.length; i++)
        if (!nnrt_is_blank(text[i]) && !(text[i] >= '0' && text[i] <= '9')) return 0;
    return r->size != 1;
}

static nnrt_status fail_width(const Reader *r, int64_t numbers) {
    return nnrt_fail(NNRT_ERROR,
                     "`%s`, line %" PRId64 ": %" PRId64 " number%s behind the word, but the rows "
                     "of the embedding have %" PRId64 "; choose another file, or `units`",
                     r->lines.path, r->lines.number, numbers, numbers == 1 ? "" : "s", r->size);
}

// Behind the word, which has the blanks that the numbers leave over. NULL: the line is too short.
static const char *find_numbers(const Reader *r, int64_t words) {
    const char *at = r->lines.text, *end = at + r->lines.length;
    if (words <= r->size) return NULL;
    for (int64_t left = words - r->size; left > 0; left--) {
        while (at < end && nnrt_is_blank(*at)) at++;
        while (at < end && !nnrt_is_blank(*at)) at++;
    }
    return at;
}

static nnrt_status fail_number(const Reader *r, const char *text, int64_t length) {
    int shown = length < SHOWN ? (int)length : SHOWN;
    return nnrt_fail(NNRT_ERROR, "`%s`, line %" PRId64 ": `%.*s` is no number", r->lines.path,
                     r->lines.number, shown, text);
}

static nnrt_status read_numbers(const Reader *r, const char *at, float *values) {
    const char *end = r->lines.text + r->lines.length;
    for (int64_t i = 0; i < r->size; i++) {
        char number[NUMBER_TEXT];
        double value;
        while (nnrt_is_blank(*at)) at++;
        const char *first = at;
        while (at < end && !nnrt_is_blank(*at)) at++;
        int64_t length = at - first;
        snprintf(number, sizeof number, "%.*s", length < NUMBER_TEXT ? (int)length : 0, first);
        if (!nnrt_number_parse(number, &value) || !isfinite((float)value))
            return fail_number(r, first, length);
        if (values) values[i] = (float)value;
    }
    return NNRT_OK;
}

// ---- Words.

static const nnrt_vector_rows *sorted; // while they are sorted

static int compare_rows(const void *left, const void *right) {
    return strcmp(sorted->words[*(const int64_t *)left], sorted->words[*(const int64_t *)right]);
}

static nnrt_status sort_words(Reader *r) {
    size_t count = (size_t)r->rows->count;
    r->order = malloc((count + 1) * sizeof *r->order);
    r->is_found = calloc(count + 1, 1);
    if (!r->order || !r->is_found) return nnrt_fail_memory("the words of vectors", count);
    for (size_t i = 0; i < count; i++) r->order[i] = (int64_t)i;
    sorted = r->rows;
    qsort(r->order, count, sizeof *r->order, compare_rows);
    return NNRT_OK;
}

// The row of a word; -1: none.
static int64_t find_row(const Reader *r, const char *word, int64_t length) {
    int64_t low = 0, high = r->rows->count;
    while (low < high) {
        int64_t middle = (low + high) / 2, row = r->order[middle];
        const char *text = r->rows->words[row];
        int compared = strncmp(text, word, (size_t)length);
        if (compared == 0) compared = text[length] != 0;
        if (compared == 0) return row;
        if (compared < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return -1;
}

// ---- Files.

static nnrt_status take_line(Reader *r) {
    int64_t words = count_words(r->lines.text, r->lines.length);
    if (!words || is_head(r)) return NNRT_OK;
    const char *numbers = find_numbers(r, words), *word = r->lines.text;
    if (!numbers || (!r->has_line && words != r->size + 1)) return fail_width(r, words - 1);
    r->has_line = 1;
    if (!r->rows) return words == r->size + 1 ? read_numbers(r, numbers, NULL) : NNRT_OK;
    while (nnrt_is_blank(*word)) word++;
    int64_t row = find_row(r, word, numbers - word);
    if (row < 0 || r->is_found[row]) return NNRT_OK;
    r->is_found[row] = 1;
    r->rows->found++;
    return read_numbers(r, numbers, r->rows->values ? r->rows->values + row * r->size : NULL);
}

static nnrt_status read_lines(Reader *r, const char *path, int64_t most) {
    nnrt_status status = nnrt_text_lines_open(&r->lines, path);
    if (status) return status;
    status = nnrt_text_lines_next(&r->lines);
    while (!status && r->lines.text && r->lines.number <= most) {
        status = take_line(r);
        if (!status) status = nnrt_text_lines_next(&r->lines);
    }
    if (!status && !r->has_line)
        status = nnrt_fail(NNRT_ERROR, "`%s` is empty: it has no vectors", path);
    nnrt_text_lines_close(&r->lines);
    return status;
}

nnrt_status nnrt_vectors_read(const char *path, nnrt_vector_rows *rows) {
    Reader r = {.rows = rows, .size = rows->size};
    rows->found = 0;
    nnrt_status status = sort_words(&r);
    if (!status) status = read_lines(&r, path, INT64_MAX);
    free(r.order);
    free(r.is_found);
    return status;
}

nnrt_status nnrt_vectors_check(const char *path, int64_t size) {
    Reader r = {.size = size};
    return read_lines(&r, path, LOOKED_AT);
}
