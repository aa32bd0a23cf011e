// Running text: the source `text`. Each token is a row; `windows` makes samples of them. Tokens get
// numbers in the order in which they come, until the parts are known (vocabulary.h).
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../files/paths/locate.h"
#include "../../files/paths/reads.h"
#include "../../formats/text/text_lines.h"
#include "../stage.h"
#include "../table/learnt.h"
#include "../table/words.h"
#include "part_files.h"

enum { FILES, UNIT, TEST, VALIDATION, VOCABULARY, UNKNOWN, MEMORY };
enum {
    FIRST_CAPACITY = 1 << 16,
    STRETCH = 1 << 20, // tokens after which the disk may have them
    ASCII = 128,
    BYTES = 256,
    BLOCK = 1 << 16
};

static const ArgDef text_args[];

typedef struct Reading {
    nnrt_table *table;
    const nnrt_call *call;
    nnrt_unit unit;
    nnrt_words words;     // of all parts
    int32_t ascii[ASCII]; // numbers of single bytes; -1: not met yet
    int32_t *codes;
    int64_t count, capacity;
} Reading;

// ---- Tokens.

static nnrt_status grow(Reading *reading) {
    int64_t capacity = reading->capacity + reading->capacity / 2 + FIRST_CAPACITY;
    int32_t *codes =
        nnrt_storage_resize(reading->table->storage, reading->codes,
                            reading->count * (int64_t)sizeof *codes, NNRT_I32, capacity);
    if (!codes) return NNRT_ERROR;
    reading->codes = codes;
    reading->capacity = capacity;
    return NNRT_OK;
}

static nnrt_status add_code(Reading *reading, int32_t code) {
    if (reading->count == reading->capacity && grow(reading)) return NNRT_ERROR;
    reading->codes[reading->count++] = code;
    if (reading->count % STRETCH == 0)
        nnrt_storage_fill(reading->codes, reading->count * (int64_t)sizeof code);
    return NNRT_OK;
}

static nnrt_status add_word(Reading *reading, const char *text, int64_t length) {
    int32_t code = nnrt_words_add(&reading->words, text, length);
    return code < 0 ? NNRT_ERROR : add_code(reading, code);
}

static nnrt_status add_character(Reading *reading, const char *text, int length) {
    if (length > 1) return add_word(reading, text, length);
    int32_t *code = &reading->ascii[(unsigned char)*text];
    if (*code < 0) *code = nnrt_words_add(&reading->words, text, 1);
    return *code < 0 ? NNRT_ERROR : add_code(reading, *code);
}

static nnrt_status add_characters(Reading *reading, const nnrt_text_lines *lines) {
    nnrt_status status = NNRT_OK;
    for (int64_t i = 0; i < lines->length && !status;) {
        int length = nnrt_utf8_length(lines->text + i, lines->length - i);
        status = add_character(reading, lines->text + i, length);
        i += length;
    }
    return status;
}

static nnrt_status add_words(Reading *reading, const nnrt_text_lines *lines) {
    const char *at = lines->text, *end = lines->text + lines->length;
    nnrt_status status = NNRT_OK;
    while (!status) {
        while (at < end && nnrt_is_blank(*at)) at++;
        if (at == end) break;
        const char *word = at;
        while (at < end && !nnrt_is_blank(*at)) at++;
        status = add_word(reading, word, at - word);
    }
    return status;
}

// ---- Files.

static nnrt_status read_lines(Reading *reading, const char *path) {
    nnrt_text_lines lines;
    nnrt_status status = nnrt_text_lines_open(&lines, path);
    if (status) return status;
    while (!(status = nnrt_text_lines_next(&lines)) && lines.text) {
        status = reading->unit == NNRT_UNIT_CHAR ? add_characters(reading, &lines)
                                                 : add_words(reading, &lines);
        if (!status && lines.has_end) status = add_character(reading, "\n", 1);
        if (status) break;
    }
    nnrt_text_lines_close(&lines);
    return status;
}

static nnrt_status read_bytes(Reading *reading, const char *path) {
    unsigned char block[BLOCK];
    nnrt_stream stream;
    int64_t count = BLOCK;
    nnrt_status status = nnrt_stream_open(&stream, path);
    if (status) return status;
    while (count == BLOCK && !status) {
        status = nnrt_stream_read_some(&stream, block, BLOCK, &count);
        for (int64_t i = 0; i < count && !status; i++) status = add_code(reading, block[i]);
    }
    if (!status) status = nnrt_stream_end(&stream);
    nnrt_stream_close(&stream);
    return status;
}

static nnrt_status read_path(Reading *reading, const char *path) {
    int64_t before = reading->count;
    nnrt_status status =
        reading->unit == NNRT_UNIT_BYTE ? read_bytes(reading, path) : read_lines(reading, path);
    if (status) return status;
    if (reading->count == before) return nnrt_fail(NNRT_ERROR, "`%s` is empty", path);
    if (reading->count <= UINT32_MAX) return NNRT_OK;
    return nnrt_fail(NNRT_ERROR, "`%s` has too many tokens: at most %lld can be read", path,
                     (long long)UINT32_MAX);
}

static nnrt_status read_file(void *reading, const char *name) {
    char path[PATH_MAX];
    nnrt_status status = nnrt_locate(((const Reading *)reading)->table->folder, name, path);
    return status ? status : read_path(reading, path);
}

static nnrt_status read_files(Reading *reading) {
    static const int options[] = {FILES, VALIDATION, TEST};
    return nnrt_part_files_read(reading->table, reading->call, options, &reading->count, read_file,
                                reading);
}

// A file whose tokens are all of the test part.
static nnrt_status read_new_rows(Reading *reading) {
    nnrt_status status = read_path(reading, reading->table->new_rows);
    reading->table->row_count = reading->table->own_test_rows = reading->count;
    return status;
}

// ---- The table.

// "a", "\x0A"
static const char *const *name_bytes(void) {
    char texts[BYTES][8];
    const char *names[BYTES];
    for (int i = 0; i < BYTES; i++) {
        snprintf(texts[i], sizeof texts[i], i > ' ' && i < 0x7F ? "%c" : "\\x%02X", i);
        names[i] = texts[i];
    }
    return nnrt_table_keep_names(names, BYTES);
}

static nnrt_status add_tokens(Reading *reading) {
    nnrt_table *table = reading->table;
    double unknown = nnrt_call_number_at(reading->call, UNKNOWN);
    double most = nnrt_call_number_at(reading->call, VOCABULARY);
    nnrt_field *field =
        nnrt_table_add(table, NNRT_FEATURE, nnrt_column_make("tokens", NNRT_I32, 0, NULL));
    if (!field) return NNRT_ERROR;
    int is_byte = reading->unit == NNRT_UNIT_BYTE;
    field->kind = NNRT_TOKENS;
    field->is_whole = 1;
    field->tokens.unit = reading->unit;
    field->tokens.has_unknown =
        isnan(unknown) ? reading->unit == NNRT_UNIT_WORD : !is_byte && unknown != 0;
    field->tokens.most = isnan(most) ? 0 : (int64_t)most;
    if (field->tokens.most) field->tokens.has_unknown = !is_byte;
    field->values = reading->codes;
    nnrt_storage_fill(field->values, table->row_count * (int64_t)sizeof(int32_t));
    reading->codes = NULL;
    nnrt_table_fingerprint(table, field->values, table->row_count * (int64_t)sizeof(int32_t));
    for (int64_t i = 0; i < reading->words.count; i++)
        nnrt_table_fingerprint(table, reading->words.texts[i],
                               (int64_t)strlen(reading->words.texts[i]) + 1);
    field->word_count = is_byte ? BYTES : reading->words.count;
    field->words = is_byte ? name_bytes()
                           : nnrt_table_keep_names((const char *const *)reading->words.texts,
                                                   field->word_count);
    return field->words ? NNRT_OK : NNRT_ERROR;
}

static nnrt_unit unit_of(const nnrt_call *call) {
    return (nnrt_unit)nnrt_call_word_at(call, text_args, UNIT);
}

static nnrt_status open_text(nnrt_table *table, const nnrt_call *call) {
    Reading reading = {.table = table, .call = call};
    reading.unit = unit_of(call);
    table->storage->rule = (nnrt_memory_rule)nnrt_call_word_at(call, text_args, MEMORY);
    memset(reading.ascii, -1, sizeof reading.ascii);
    nnrt_status status = table->new_rows ? read_new_rows(&reading) : read_files(&reading);
    if (!status) status = add_tokens(&reading);
    nnrt_storage_free(reading.codes);
    nnrt_words_free(&reading.words);
    return status;
}

#define FILES_ARGUMENT(what, normal, other, meaning)                                               \
    {.name = (what),                                                                               \
     .type = ARG_STRINGS,                                                                          \
     .is_path = true,                                                                              \
     .default_text = (normal),                                                                     \
     .keras_name = (other),                                                                        \
     .doc = (meaning)}

static const ArgDef text_args[] = {
    [FILES] = FILES_ARGUMENT("file", NULL, "filename path",
                             "a file or a list of files, in UTF-8, plain or gzip"),
    [UNIT] = {.name = "unit",
              .type = ARG_WORD,
              .default_text = "char",
              .choices = "char word byte",
              .doc = "what a token is: a character, what blanks part and a line's end, or a byte"},
    [TEST] = FILES_ARGUMENT("test", "none", NULL, "files that are the test part"),
    [VALIDATION] = FILES_ARGUMENT("validation", "none", NULL, "files that are the validation part"),
    [VOCABULARY] = {.name = "vocabulary",
                    .type = ARG_INT,
                    .default_text = "none",
                    .minimum = 2,
                    .maximum = NNRT_DATA_MAX_CLASSES,
                    .keras_name = "max_tokens num_words",
                    .doc = "so many tokens at most, the unknown one included; none: all"},
    [UNKNOWN] = {.name = "unknown",
                 .type = ARG_BOOL,
                 .default_text = "none",
                 .doc = "whether number 0 is for what the training part does not have; none: for "
                        "words"},
    [MEMORY] = NNRT_MEMORY_ARGUMENT,
    {0},
};

const nnrt_source nnrt_text_sources[] = {
    {.schema = {"text", "reads running text as tokens", text_args, "TextLineDataset"},
     .open = open_text,
     .takes_new_rows = 1,
     .unit_of = unit_of},
    {.schema = {0}}};
