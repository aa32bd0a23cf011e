#include "json_text.h"

#include <setjmp.h>
#include <stdlib.h>

// What jansson had is lost then, as the process will be. Others' calls get NULL as usual.
static _Thread_local jmp_buf without_memory;
static _Thread_local int is_loading;

static void *allocate(size_t size) {
    void *memory = malloc(size);
    if (!memory && is_loading) longjmp(without_memory, 1);
    return memory;
}

json_t *nnrt_json_load(const char *what, const char *text, size_t size, json_error_t *error,
                       int *lacks_memory) {
    json_error_t unasked;
    if (lacks_memory) *lacks_memory = 0;
    json_set_alloc_funcs(allocate, free);
    if (!setjmp(without_memory)) {
        is_loading = 1;
        json_t *json = json_loadb(text, size, JSON_REJECT_DUPLICATES, error ? error : &unasked);
        is_loading = 0;
        return json;
    }
    is_loading = 0;
    if (lacks_memory) *lacks_memory = 1;
    nnrt_fail_memory(what, size);
    return NULL;
}
