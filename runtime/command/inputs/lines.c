#include "lines.h"

#include "../../base/text/number.h"
#include "../../formats/array.h"
#include "../../formats/weights/safetensors.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { WORD_SIZE = 256, FIRST_CAPACITY = 64, MOST_MESSAGES = 20 };

typedef enum token { TOKEN_WORD, TOKEN_COMMA, TOKEN_LINE_END, TOKEN_FILE_END, TOKEN_NO_TEXT } token;

typedef struct reader {
    nnrt_lines *lines;
    FILE *file;
    const char *name;
    const nnrt_column *column;
    int64_t line, capacity; // the number of the line, from 1; rows there is room for
    char word[WORD_SIZE];
} reader;

// ---- Words.

static int is_blank(int c) {
    return c == ' ' || c == '\t' || c == '\r';
}

static int is_control(int c) {
    return (c >= 0 && c < ' ' && c != '\n' && !is_blank(c)) || c == 127;
}

static int ends_word(int c) {
    return c == EOF || c == ',' || c == '\n' || is_blank(c) || is_control(c);
}

// One that is too long is cut, and so that what is left is no number.
static void take_word(reader *r, int c) {
    size_t length = 0;
    for (; !ends_word(c); c = getc(r->file))
        if (length < WORD_SIZE - 3) r->word[length++] = (char)c;
    if (length == WORD_SIZE - 3) length += (size_t)sprintf(r->word + length, "..");
    r->word[length] = 0;
    ungetc(c, r->file);
}

static token next_token(reader *r) {
    int c = getc(r->file);
    while (is_blank(c)) c = getc(r->file);
    if (c == EOF) return TOKEN_FILE_END;
    if (c == ',') return TOKEN_COMMA;
    if (c == '\n') return TOKEN_LINE_END;
    if (is_control(c)) return TOKEN_NO_TEXT;
    take_word(r, c);
    return TOKEN_WORD;
}

// ---- A line.

static nnrt_status check_count(const reader *r, int64_t count) {
    char shape[NNRT_SHAPE_TEXT];
    if (count == r->column->size) return NNRT_OK;
    nnrt_shape_text(shape, r->column->rank, r->column->shape);
    return nnrt_fail(NNRT_ERROR, "%" PRId64 " number%s; a sample of %s, of shape %s, has %" PRId64,
                     count, count == 1 ? "" : "s", r->column->name, shape, r->column->size);
}

// Reads to the line's end whatever is wrong, into the row behind the others. *tokens: none in a
// line of blanks.
static nnrt_status read_line(reader *r, token *last, int64_t *tokens) {
    nnrt_status status = NNRT_OK;
    int64_t first = r->lines->rows * r->column->size, words = 0;
    int is_missing = 0;
    token before = TOKEN_COMMA;
    for (*tokens = 0; (*last = next_token(r)) == TOKEN_WORD || *last == TOKEN_COMMA; ++*tokens) {
        is_missing |= *last == TOKEN_COMMA && before == TOKEN_COMMA;
        before = *last;
        if (*last == TOKEN_COMMA) continue;
        if (!status && words < r->column->size)
            status = nnrt_number_read(r->column, r->word, r->lines->values, first + words);
        words++;
    }
    if (*tokens == 0) return NNRT_OK;
    if (is_missing || before == TOKEN_COMMA)
        return nnrt_fail(NNRT_ERROR, "a comma has no number beside it");
    return status ? status : check_count(r, words);
}

// ---- All lines.

static nnrt_status make_room(reader *r) {
    nnrt_lines *lines = r->lines;
    if (lines->rows < r->capacity) return NNRT_OK;
    int64_t capacity = r->capacity ? r->capacity * 2 : FIRST_CAPACITY, count;
    if (__builtin_mul_overflow(capacity, r->column->size, &count)) count = INT64_MAX;
    void *values = nnrt_array_allocate(r->column->dtype, count);
    if (!values) return NNRT_ERROR;
    size_t size = (size_t)(r->capacity * r->column->size * nnrt_dtype_size(r->column->dtype));
    if (size) memcpy(values, lines->values, size);
    free(lines->values);
    lines->values = values;
    uint32_t *numbers = realloc(lines->numbers, (size_t)capacity * sizeof *numbers);
    if (!numbers) return nnrt_fail_memory(r->name, (size_t)capacity * sizeof *numbers);
    lines->numbers = numbers;
    r->capacity = capacity;
    return NNRT_OK;
}

// Is there nothing but blanks behind?
static int is_at_end(reader *r) {
    int c = getc(r->file);
    for (; is_blank(c) || c == '\n'; c = getc(r->file)) r->line += c == '\n';
    ungetc(c, r->file);
    return c == EOF;
}

static nnrt_status fail_line(const reader *r) {
    return nnrt_fail(NNRT_ERROR, "line %" PRId64 " of %s: %s", r->line, r->name, nnrt_error());
}

// One that is alone is the error itself.
static nnrt_status leave_out(reader *r, nnrt_lines_bad *bad, void *argument) {
    nnrt_status status = fail_line(r);
    int64_t messages = r->lines->samples - r->lines->rows;
    if (r->lines->samples == 1 && is_at_end(r)) return status;
    if (messages <= MOST_MESSAGES) bad(argument);
    return NNRT_OK;
}

static nnrt_status add_line(reader *r, token *last, nnrt_lines_bad *bad, void *argument) {
    nnrt_lines *lines = r->lines;
    int64_t tokens;
    nnrt_status status = make_room(r);
    if (status) return status;
    status = read_line(r, last, &tokens);
    if (*last == TOKEN_NO_TEXT) {
        nnrt_fail(NNRT_ERROR, "its bytes are no text; lines of numbers or a .npy array are read");
        return fail_line(r);
    }
    if (tokens == 0) return NNRT_OK;
    if (lines->samples++ == UINT32_MAX)
        return nnrt_fail(NNRT_ERROR, "%s has more than %u samples", r->name, UINT32_MAX);
    if (status) return leave_out(r, bad, argument);
    lines->numbers[lines->rows++] = (uint32_t)(lines->samples - 1);
    return NNRT_OK;
}

static nnrt_status check_end(const reader *r) {
    const nnrt_lines *lines = r->lines;
    if (ferror(r->file))
        return nnrt_fail(NNRT_ERROR, "cannot read %s: %s", r->name, strerror(errno));
    if (!lines->samples)
        return nnrt_fail(NNRT_ERROR,
                         "%s is empty: it takes the numbers of a sample a line, or a .npy array",
                         r->name);
    if (!lines->rows)
        return nnrt_fail(NNRT_ERROR, "none of the %" PRId64 " lines of %s can be read",
                         lines->samples, r->name);
    return NNRT_OK;
}

// The byte order mark that some editors put before UTF-8: a word that begins with it is no number,
// so that nothing needs to be put back.
static void skip_mark(FILE *file) {
    int c = getc(file);
    if (c != 0xef)
        ungetc(c, file);
    else if (getc(file) == 0xbb)
        getc(file);
}

nnrt_status nnrt_lines_read(nnrt_lines *lines, FILE *file, const char *name,
                            const nnrt_column *column, nnrt_lines_bad *bad, void *argument) {
    *lines = (nnrt_lines){0};
    skip_mark(file);
    reader r = {.lines = lines, .file = file, .name = name, .column = column};
    nnrt_status status = NNRT_OK;
    token last = TOKEN_LINE_END;
    while (!status && last != TOKEN_FILE_END) {
        r.line++;
        status = add_line(&r, &last, bad, argument);
    }
    if (!status) status = check_end(&r);
    if (status) nnrt_lines_free(lines);
    return status;
}

void nnrt_lines_free(nnrt_lines *lines) {
    free(lines->values);
    free(lines->numbers);
    *lines = (nnrt_lines){0};
}
