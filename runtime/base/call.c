#include "call.h"

#include <math.h>
#include <string.h>

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

int nnrt_call_is(const nnrt_call *call, const char *name) {
    return call->name && strcmp(call->name, name) == 0;
}
