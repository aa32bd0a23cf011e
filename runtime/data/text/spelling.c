#include "spelling.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "../../formats/text/json_text.h"
#include "../../formats/text/text_lines.h"
#include "../stage.h"
#include "../table/words.h"
#include "vocabulary.h"

enum { BYTES = 256 };

struct nnrt_spelling {
    nnrt_unit unit;
    nnrt_words words; // by number; of bytes: none
    char *joint;      // a blank and the longest word
    int has_unknown;  // number 0
};

// ---- Opening.

static int32_t add(nnrt_spelling *spelling, const json_t *word) {
    const char *text = json_string_value(word);
    return text ? nnrt_words_add(&spelling->words, text, (int64_t)strlen(text)) : -1;
}

// Numbers are places in the list; a word that is there twice would move those behind it.
static nnrt_status take_words(nnrt_spelling *spelling, const char *column, const char *learnt) {
    int lacks_memory;
    json_t *stages =
        nnrt_json_load("what stages learnt", learnt, strlen(learnt), NULL, &lacks_memory);
    if (lacks_memory) return NNRT_ERROR;
    const json_t *list =
        json_object_get(json_object_get(json_array_get(stages, 0), "vocabulary"), column);
    size_t count = json_array_size(list), longest = 0;
    int is_whole = count > 0;
    for (size_t i = 0; i < count && is_whole; i++) {
        is_whole = add(spelling, json_array_get(list, i)) == (int32_t)i;
        size_t length = json_string_length(json_array_get(list, i));
        if (length > longest) longest = length;
    }
    json_decref(stages);
    if (!is_whole)
        return nnrt_fail(NNRT_ERROR, "the vocabulary that the weights have is damaged\nget the "
                                     "weights again, or train again");
    spelling->has_unknown = strcmp(spelling->words.texts[0], NNRT_UNKNOWN_TOKEN) == 0;
    spelling->joint = malloc(longest + 2);
    return spelling->joint ? NNRT_OK : nnrt_fail_memory("a vocabulary", longest);
}

nnrt_spelling *nnrt_spelling_open(const nnrt_dataset *dataset, const char *column,
                                  const char *learnt) {
    const nnrt_source *source = nnrt_source_of(&dataset->stages[0]);
    nnrt_spelling *spelling = calloc(1, sizeof *spelling);
    if (!spelling) nnrt_fail_memory("a vocabulary", sizeof *spelling);
    if (!source->unit_of) {
        nnrt_fail(NNRT_ERROR,
                  "the data set `%s` is no running text: what its tokens are in a text "
                  "is not known",
                  dataset->name);
        free(spelling);
        return NULL;
    }
    if (!spelling) return NULL;
    spelling->unit = source->unit_of(&dataset->stages[0]);
    if (spelling->unit == NNRT_UNIT_BYTE)
        spelling->joint = malloc(1);
    else if (take_words(spelling, column, learnt) == NNRT_OK)
        return spelling;
    if (spelling->joint && spelling->unit == NNRT_UNIT_BYTE) return spelling;
    nnrt_spelling_free(spelling);
    return NULL;
}

void nnrt_spelling_free(nnrt_spelling *spelling) {
    if (!spelling) return;
    nnrt_words_free(&spelling->words);
    free(spelling->joint);
    free(spelling);
}

int64_t nnrt_spelling_count(const nnrt_spelling *spelling) {
    return spelling->unit == NNRT_UNIT_BYTE ? BYTES : spelling->words.count;
}

int32_t nnrt_spelling_unknown(const nnrt_spelling *spelling) {
    return spelling->has_unknown ? 0 : -1;
}

// ---- Reading.

typedef struct Reading {
    const nnrt_spelling *spelling;
    const char *what, *text;
    int64_t length, at;
    int64_t place; // of the token, from 1, in what a message counts
    int32_t *numbers;
    int64_t count, unknown;
} Reading;

// Blanks part words, and the end of a line is one, as in texts that are trained on. 0: no more.
static int64_t next_token(Reading *r) {
    nnrt_unit unit = r->spelling->unit;
    const char *text = r->text;
    while (unit == NNRT_UNIT_WORD && r->at < r->length && nnrt_is_blank(text[r->at]) &&
           text[r->at] != '\n')
        r->at++;
    // The end of a line of other systems is one character, too.
    if (unit == NNRT_UNIT_CHAR && r->at + 1 < r->length && text[r->at] == '\r' &&
        text[r->at + 1] == '\n')
        r->at++;
    if (r->at == r->length) return 0;
    if (unit == NNRT_UNIT_BYTE || text[r->at] == '\n') return 1;
    if (unit == NNRT_UNIT_CHAR) {
        int length = nnrt_utf8_length(text + r->at, r->length - r->at);
        return length ? length : 1;
    }
    int64_t end = r->at;
    while (end < r->length && !nnrt_is_blank(text[end])) end++;
    return end - r->at;
}

static nnrt_status fail_unknown(const Reading *r, int64_t length) {
    int is_word = r->spelling->unit == NNRT_UNIT_WORD;
    unsigned char byte = (unsigned char)r->text[r->at];
    if (!is_word && (byte < ' ' || !nnrt_utf8_length(r->text + r->at, r->length - r->at)))
        return nnrt_fail(NNRT_ERROR,
                         "%s has the byte 0x%02X, as its character %lld, which training did not "
                         "have\nleave it out",
                         r->what, byte, (long long)r->place);
    return nnrt_fail(NNRT_ERROR,
                     "%s has the %s `%.*s`, its %s %lld, which training did not have\nleave it "
                     "out, or write `unknown = true` and train again: what is not known becomes "
                     "one token then",
                     r->what, is_word ? "word" : "character", (int)(length > 60 ? 60 : length),
                     r->text + r->at, is_word ? "word" : "character", (long long)r->place);
}

static nnrt_status take_token(Reading *r, int64_t length) {
    const nnrt_spelling *spelling = r->spelling;
    int32_t number = (unsigned char)r->text[r->at];
    r->place++;
    if (spelling->unit != NNRT_UNIT_BYTE)
        number = nnrt_words_find(&spelling->words, r->text + r->at, length);
    if (number < 0 && !spelling->has_unknown) return fail_unknown(r, length);
    r->unknown += number < 0;
    r->numbers[r->count++] = number < 0 ? 0 : number;
    r->at += length;
    return NNRT_OK;
}

nnrt_status nnrt_spelling_read(const nnrt_spelling *spelling, const char *what, const char *text,
                               int64_t length, int32_t **numbers, int64_t *count,
                               int64_t *unknown) {
    Reading r = {.spelling = spelling, .what = what, .text = text, .length = length};
    nnrt_status status = NNRT_OK;
    int64_t token;
    r.numbers = malloc(((size_t)length + 1) * sizeof *r.numbers);
    *numbers = NULL;
    if (!r.numbers) return nnrt_fail_memory(what, (size_t)length * sizeof *r.numbers);
    while (!status && (token = next_token(&r))) status = take_token(&r, token);
    if (status) {
        free(r.numbers);
        return status;
    }
    *numbers = r.numbers;
    *count = r.count;
    *unknown = r.unknown;
    return NNRT_OK;
}

// ---- Writing.

const char *nnrt_spelling_write(nnrt_spelling *spelling, int32_t before, int32_t number,
                                int64_t *length) {
    if (spelling->unit == NNRT_UNIT_BYTE) {
        *length = 1;
        *spelling->joint = (char)number;
        return spelling->joint;
    }
    const char *word = spelling->words.texts[number];
    int64_t own = (int64_t)strlen(word);
    *length = own;
    if (spelling->unit == NNRT_UNIT_CHAR || before < 0 || *word == '\n' ||
        *spelling->words.texts[before] == '\n')
        return word;
    spelling->joint[0] = ' ';
    memcpy(spelling->joint + 1, word, (size_t)own);
    *length = own + 1;
    return spelling->joint;
}
