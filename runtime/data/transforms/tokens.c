// Columns of text become numbers of tokens, by a vocabulary of the training part: number 0 is
// padding, 1 is what the vocabulary lacks, then the tokens by how often the training part has them.
// Equally frequent ones stand in the reverse order of their bytes, as Keras has them:
// keras/src/layers/preprocessing/index_lookup.py.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../stage.h"
#include "../table/learnt.h"
#include "../table/words.h"
#include "../text/tokenizer.h"
#include "columns.h"

enum { COLUMNS, UNIT, VOCABULARY, LENGTH, LOWER };
enum { PADDING, UNKNOWN, FIRST, BYTES = 256, MAX_LENGTH = 1 << 24 };

static const ArgDef tokens_args[];

typedef struct Entry {
    const char *text;
    int64_t count;
} Entry;

typedef struct Work {
    nnrt_table *table;
    const nnrt_call *call;
    nnrt_field *field; // of texts
    nnrt_tokenizer tokenizer;
    nnrt_words met;  // in the training part
    int64_t *counts; // of these
    int64_t capacity;
    int64_t length, longest; // tokens of a sample; of the longest text in the training part
    nnrt_words known;        // the vocabulary, without the first two
} Work;

static const char *text_of(const Work *work, int64_t row) {
    int32_t code = ((const int32_t *)work->field->values)[row];
    return code < 0 ? "" : work->field->words[code];
}

// ---- The vocabulary.

static nnrt_status count_token(Work *work, const char *token, int64_t length) {
    int32_t number = nnrt_words_add(&work->met, token, length);
    if (number < 0) return NNRT_ERROR;
    if (number >= work->capacity) {
        int64_t capacity = 2 * work->capacity + 1024;
        int64_t *counts = realloc(work->counts, (size_t)capacity * sizeof *counts);
        if (!counts) return nnrt_fail_memory("a vocabulary", (size_t)capacity * sizeof *counts);
        memset(counts + work->capacity, 0,
               (size_t)(capacity - work->capacity) * sizeof *work->counts);
        work->counts = counts;
        work->capacity = capacity;
    }
    work->counts[number]++;
    return NNRT_OK;
}

static nnrt_status count_tokens(Work *work) {
    const nnrt_part *train = &work->table->train;
    nnrt_status status = NNRT_OK;
    for (int64_t i = 0; i < train->count && !status; i++) {
        const char *token;
        int64_t length, count = 0;
        status = nnrt_tokenizer_start(&work->tokenizer, text_of(work, train->rows[i]));
        while (!status && nnrt_tokenizer_next(&work->tokenizer, &token, &length)) {
            status = count_token(work, token, length);
            count++;
        }
        if (count > work->longest) work->longest = count;
    }
    if (status || work->met.count) return status;
    return nnrt_fail(NNRT_ERROR, "tokens(%s): the training part has no tokens",
                     work->field->column.name);
}

static int by_count(const void *left, const void *right) {
    const Entry *a = left, *b = right;
    if (a->count != b->count) return a->count < b->count ? 1 : -1;
    return strcmp(b->text, a->text);
}

static nnrt_status choose_tokens(Work *work) {
    double most = nnrt_call_number_at(work->call, VOCABULARY);
    int64_t count = work->met.count;
    Entry *entries = malloc((size_t)count * sizeof *entries);
    nnrt_status status = NNRT_OK;
    if (!entries) return nnrt_fail_memory("a vocabulary", (size_t)count * sizeof *entries);
    for (int64_t i = 0; i < count; i++) entries[i] = (Entry){work->met.texts[i], work->counts[i]};
    qsort(entries, (size_t)count, sizeof *entries, by_count);
    if (!isnan(most) && count > (int64_t)most - FIRST) count = (int64_t)most - FIRST;
    for (int64_t i = 0; i < count && !status; i++) {
        int64_t length = (int64_t)strlen(entries[i].text);
        if (nnrt_words_add(&work->known, entries[i].text, length) < 0) status = NNRT_ERROR;
    }
    free(entries);
    return status;
}

// The vocabulary and the length of the training before.
static nnrt_status take_state(Work *work, const json_t *state) {
    const json_t *words = json_object_get(state, "vocabulary");
    nnrt_status status = NNRT_OK;
    double length;
    int is_whole = nnrt_learnt_read(state, "length", &length) && length >= 1 &&
                   length <= MAX_LENGTH && nnrt_learnt_is_list(words, 1, FIRST);
    if (!is_whole) return nnrt_learnt_fail_damaged(work->call->name, work->field->column.name);
    work->length = (int64_t)length;
    for (size_t i = FIRST; i < json_array_size(words) && !status; i++) {
        const char *word = json_string_value(json_array_get(words, i));
        if (nnrt_words_add(&work->known, word, (int64_t)strlen(word)) < 0) status = NNRT_ERROR;
    }
    return status;
}

static nnrt_status find_vocabulary(Work *work) {
    const json_t *state = nnrt_learnt_state(work->table, work->field->column.name);
    double length = nnrt_call_number_at(work->call, LENGTH);
    if (state) return take_state(work, state);
    nnrt_status status = count_tokens(work);
    work->length = isnan(length) ? work->longest : (int64_t)length;
    if (status || work->tokenizer.unit == NNRT_UNIT_BYTE) return status;
    return choose_tokens(work);
}

// ---- The numbers.

static int32_t number_of(const Work *work, const char *token, int64_t length) {
    if (work->tokenizer.unit == NNRT_UNIT_BYTE) return FIRST + (unsigned char)*token;
    int32_t number = nnrt_words_find(&work->known, token, length);
    return number < 0 ? UNKNOWN : number + FIRST;
}

// What is longer is cut off at its end.
static nnrt_status encode(Work *work, const char *text, int32_t *numbers) {
    const char *token;
    int64_t length, count = 0;
    nnrt_status status = nnrt_tokenizer_start(&work->tokenizer, text);
    while (!status && count < work->length &&
           nnrt_tokenizer_next(&work->tokenizer, &token, &length))
        numbers[count++] = number_of(work, token, length);
    for (; count < work->length; count++) numbers[count] = PADDING;
    return status;
}

static nnrt_status name_tokens(Work *work) {
    nnrt_field *field = work->field;
    int is_byte = work->tokenizer.unit == NNRT_UNIT_BYTE;
    int64_t count = is_byte ? BYTES : work->known.count;
    const char **names = malloc((size_t)(FIRST + count) * sizeof *names);
    char bytes[BYTES][8];
    if (!names) return nnrt_fail_memory("a vocabulary", (size_t)count * sizeof *names);
    names[PADDING] = "";
    names[UNKNOWN] = "[UNK]";
    for (int64_t i = 0; i < count; i++) {
        if (is_byte) snprintf(bytes[i], sizeof *bytes, "\\x%02X", (unsigned)i);
        names[FIRST + i] = is_byte ? bytes[i] : work->known.texts[i];
    }
    field->words = nnrt_table_keep_names(names, FIRST + count);
    field->word_count = FIRST + count;
    free(names);
    return field->words ? NNRT_OK : NNRT_ERROR;
}

static nnrt_status learn(const Work *work) {
    json_t *words = nnrt_learnt_words(work->field->words, work->field->word_count);
    json_t *state = json_pack("{s:I,s:o}", "length", (json_int_t)work->length, "vocabulary", words);
    return nnrt_learnt_put(work->table, work->field->column.name, state);
}

static nnrt_status replace(Work *work) {
    nnrt_table *table = work->table;
    nnrt_column column = nnrt_column_make(work->field->column.name, NNRT_I32, 1, &work->length);
    int64_t count;
    if (__builtin_mul_overflow(table->row_count, work->length, &count)) count = INT64_MAX;
    int32_t *numbers = nnrt_storage_reserve(table->storage, NNRT_I32, count);
    if (!numbers) return NNRT_ERROR;
    nnrt_status status = NNRT_OK;
    for (int64_t row = 0; row < table->row_count && !status; row++) {
        status = encode(work, text_of(work, row), numbers + row * work->length);
        if (row % 4096 == 4095 || row + 1 == table->row_count)
            nnrt_storage_fill(numbers, (row + 1) * work->length * (int64_t)sizeof *numbers);
    }
    if (status) {
        nnrt_storage_free(numbers);
        return status;
    }
    status = nnrt_field_replace(work->field, &column, numbers);
    work->field->column = column;
    work->field->kind = NNRT_TENSORS;
    if (!status) status = name_tokens(work);
    return status ? status : learn(work);
}

static nnrt_status make_tokens(nnrt_table *table, const nnrt_call *call, nnrt_field *field) {
    Work work = {.table = table, .call = call, .field = field};
    work.tokenizer.unit = (nnrt_unit)nnrt_call_word_at(call, tokens_args, UNIT);
    work.tokenizer.lowers = nnrt_call_is_on(call, LOWER);
    nnrt_status status = find_vocabulary(&work);
    if (!status) status = replace(&work);
    nnrt_tokenizer_free(&work.tokenizer);
    nnrt_words_free(&work.met);
    nnrt_words_free(&work.known);
    free(work.counts);
    return status;
}

// ---- Which columns.

static int is_text(const nnrt_field *field) {
    return field->role == NNRT_FEATURE && field->kind == NNRT_WORDS;
}

// The only column of words, where none is named.
static nnrt_status find_only(nnrt_table *table, nnrt_field **found) {
    int64_t count = 0;
    for (int64_t i = 0; i < table->field_count; i++) {
        if (!is_text(&table->fields[i])) continue;
        *found = &table->fields[i];
        count++;
    }
    if (count == 1) return NNRT_OK;
    if (!count) return nnrt_fail(NNRT_ERROR, "tokens: no column holds text");
    return nnrt_fail(NNRT_ERROR,
                     "tokens: %lld columns hold words, `%s` is the last of them\nname the columns "
                     "of text: `tokens(%s)`, for example",
                     (long long)count, (*found)->column.name,
                     nnrt_written_name((*found)->column.name).text);
}

static nnrt_status find_named(const nnrt_table *table, const nnrt_call *call, const char *name,
                              nnrt_field **found) {
    *found = nnrt_columns_find(table, name);
    if (!*found) return nnrt_columns_fail(table, call, name);
    if (is_text(*found)) return NNRT_OK;
    return nnrt_fail(NNRT_ERROR, "tokens(%s): the column is %s", name,
                     (*found)->role == NNRT_TARGET ? "the target" : "none of text");
}

static nnrt_status apply_tokens(nnrt_table *table, const nnrt_call *call) {
    int64_t count;
    const char *const *names = nnrt_call_texts_at(call, COLUMNS, &count);
    nnrt_field *field = NULL;
    nnrt_status status = count ? NNRT_OK : find_only(table, &field);
    if (!count && !status) return make_tokens(table, call, field);
    for (int64_t i = 0; i < count && !status; i++) {
        status = find_named(table, call, names[i], &field);
        if (!status) status = make_tokens(table, call, field);
    }
    return status;
}

static const ArgDef tokens_args[] = {
    [COLUMNS] = {.name = "columns",
                 .type = ARG_NAMES,
                 .default_text = "none",
                 .variadic = true,
                 .doc = "of text; none: the only column of words"},
    [UNIT] = {.name = "unit",
              .type = ARG_WORD,
              .default_text = "word",
              .choices = "char word byte",
              .keras_name = "split",
              .doc = "what a token is: what blanks part, a character, or a byte"},
    [VOCABULARY] = {.name = "vocabulary",
                    .type = ARG_INT,
                    .default_text = "none",
                    .minimum = 3,
                    .maximum = NNRT_DATA_MAX_CLASSES,
                    .keras_name = "max_tokens num_words",
                    .doc = "so many numbers at most, those of padding and of unknown tokens "
                           "included; none: all that the training part has"},
    [LENGTH] = {.name = "length",
                .type = ARG_INT,
                .default_text = "none",
                .minimum = 1,
                .maximum = MAX_LENGTH,
                .keras_name = "output_sequence_length maxlen",
                .doc = "tokens of a sample: what is longer is cut off, what is shorter padded, at "
                       "the end; none: the longest of the training part"},
    [LOWER] = {.name = "lower",
               .type = ARG_BOOL,
               .default_text = "true",
               .keras_name = "standardize",
               .doc = "whether ASCII letters become small and ASCII punctuation goes"},
    {0},
};

const nnrt_transform nnrt_token_transforms[] = {
    {.schema = {"tokens", "makes the numbers of tokens of texts, by a vocabulary", tokens_args,
                "TextVectorization Tokenizer"},
     .timing = NNRT_FITTED,
     .touches = NNRT_TOUCHES_NUMBERS,
     .apply = apply_tokens},
    {.schema = {0}}};
