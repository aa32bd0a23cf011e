#include "tokenizer.h"

#include <stdlib.h>
#include <string.h>

#include "../../formats/text/text_lines.h"

static int is_punctuation(char c) {
    return (c >= '!' && c <= '/') || (c >= ':' && c <= '@') || (c >= '[' && c <= '`') ||
           (c >= '{' && c <= '~');
}

static int64_t normalize(char *to, const char *text) {
    int64_t length = 0;
    for (; *text; text++)
        if (!is_punctuation(*text))
            to[length++] = *text >= 'A' && *text <= 'Z' ? (char)(*text + ('a' - 'A')) : *text;
    return length;
}

nnrt_status nnrt_tokenizer_start(nnrt_tokenizer *tokenizer, const char *text) {
    int64_t length = (int64_t)strlen(text);
    if (length >= tokenizer->capacity) {
        char *room = realloc(tokenizer->text, (size_t)(2 * length + 64));
        if (!room) return nnrt_fail_memory("a text", (size_t)(2 * length));
        tokenizer->text = room;
        tokenizer->capacity = 2 * length + 64;
    }
    if (!tokenizer->lowers) memcpy(tokenizer->text, text, (size_t)length);
    tokenizer->length = tokenizer->lowers ? normalize(tokenizer->text, text) : length;
    tokenizer->at = 0;
    return NNRT_OK;
}

int nnrt_tokenizer_next(nnrt_tokenizer *t, const char **token, int64_t *length) {
    while (t->unit == NNRT_UNIT_WORD && t->at < t->length && nnrt_is_blank(t->text[t->at])) t->at++;
    if (t->at == t->length) return 0;
    int64_t first = t->at;
    *token = t->text + first;
    if (t->unit == NNRT_UNIT_WORD)
        while (t->at < t->length && !nnrt_is_blank(t->text[t->at])) t->at++;
    else
        t->at += t->unit == NNRT_UNIT_BYTE ? 1 : nnrt_utf8_length(*token, t->length - first);
    *length = t->at - first;
    return 1;
}

void nnrt_tokenizer_free(nnrt_tokenizer *tokenizer) {
    free(tokenizer->text);
    tokenizer->text = NULL;
}
