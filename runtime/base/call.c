#include "call.h"

#include <math.h>
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

const nnrt_option *nnrt_call_find(const nnrt_call *call, const char *name) {
    for (int64_t i = 0; i < call->option_count; i++)
        if (strcmp(call->options[i].name, name) == 0) return &call->options[i];
    return NULL;
}

double nnrt_call_number(const nnrt_call *call, const char *name, double missing) {
    const nnrt_option *option = nnrt_call_find(call, name);
    return option && !isnan(option->number) ? option->number : missing;
}

const char *nnrt_call_text(const nnrt_call *call, const char *name, const char *missing) {
    const nnrt_option *option = nnrt_call_find(call, name);
    return option && option->text ? option->text : missing;
}

const char *const *nnrt_call_texts(const nnrt_call *call, const char *name, int64_t *count,
                                   int *is_list) {
    const nnrt_option *option = nnrt_call_find(call, name);
    *is_list = option && option->texts;
    *count = *is_list ? option->count : option && option->text ? 1 : 0;
    return *is_list ? option->texts : *count ? &option->text : NULL;
}

int nnrt_call_is(const nnrt_call *call, const char *name) {
    return call->name && strcmp(call->name, name) == 0;
}
