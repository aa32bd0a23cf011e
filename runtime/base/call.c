#include "call.h"

#include <string.h>

double nnrt_call_number_at(const nnrt_call *call, int option) {
    return call->options[option].number;
}

int nnrt_call_is_on(const nnrt_call *call, int option) {
    return call->options[option].number != 0;
}

const char *nnrt_call_text_at(const nnrt_call *call, int option) {
    return call->options[option].text;
}

const char *const *nnrt_call_texts_at(const nnrt_call *call, int option, int64_t *count) {
    const nnrt_option *o = &call->options[option];
    *count = o->texts ? o->count : o->text != NULL;
    return o->texts ? o->texts : &o->text;
}

int nnrt_call_word_at(const nnrt_call *call, const ArgDef *args, int option) {
    const char *word = call->options[option].text, *at = args[option].choices;
    int place = 0;
    for (size_t length = strlen(word); *at; place++) {
        size_t size = strcspn(at, " ");
        if (size == length && memcmp(at, word, size) == 0) break;
        at += size + (at[size] == ' ');
    }
    return place;
}

const void *nnrt_call_row(const nnrt_call *call, const void *const *tables, size_t row_size) {
    int64_t number = call->row;
    for (; *tables; tables++)
        for (const char *row = *tables; ((const Schema *)(const void *)row)->name; row += row_size)
            if (number-- == 0) return row;
    return NULL;
}
