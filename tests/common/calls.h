// Calls of words as a compiled program has them: the options of the row's arguments in their order,
// with defaults where nothing else is given.
#ifndef NNC_TESTS_CALLS_H
#define NNC_TESTS_CALLS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "../../compiler/op/vocabulary.h"
#include "../../compiler/program/program.h"

// NULL: the call has no such option.
static inline nnrt_option *call_option(const nnrt_call *call, const char *name) {
    for (int64_t i = 0; i < call->option_count; i++)
        if (strcmp(call->options[i].name, name) == 0) return (nnrt_option *)&call->options[i];
    return NULL;
}

static inline void call_set(nnrt_call *call, const nnrt_option *given) {
    nnrt_option *option = call_option(call, given->name);
    if (!option) fail_msg("`%s` takes no `%s`", call->name, given->name);
    *option = *given;
}

// Lives to the end of the program. `given`: by name, in any order.
static inline nnrt_call call_make(FamilyKind family, const char *name, const nnrt_option *given,
                                  int64_t count) {
    static Arena *arena;
    if (!arena) arena = arena_create();
    const Schema *word = family_word(&vocabulary[family], name);
    if (!word) fail_msg("there is no %s `%s`", vocabulary[family].noun, name);
    nnrt_call call = program_call(arena, word, args_default(arena, word));
    for (int64_t i = 0; i < count; i++) call_set(&call, &given[i]);
    return call;
}

// SOURCE("csv", TEXT("file", "a.csv")), TRANSFORM("take", NUMBER("n", 3)), PLAIN("one_hot"),
// PLAIN_SOURCE("mnist"): calls of these words with these options; the plain ones have none.
#define CALL_OF(family, name, ...)                                                                 \
    call_make(family, name, (const nnrt_option[]){__VA_ARGS__, {0}},                               \
              sizeof((const nnrt_option[]){__VA_ARGS__}) / sizeof(nnrt_option))
#define SOURCE(name, ...) CALL_OF(FAMILY_SOURCES, name, __VA_ARGS__)
#define TRANSFORM(name, ...) CALL_OF(FAMILY_TRANSFORMS, name, __VA_ARGS__)
#define AUGMENTATION(name, ...) CALL_OF(FAMILY_AUGMENTATIONS, name, __VA_ARGS__)
#define PLAIN(name) call_make(FAMILY_TRANSFORMS, name, NULL, 0)
#define PLAIN_SOURCE(name) call_make(FAMILY_SOURCES, name, NULL, 0)
// Calls and their count, as arguments.
#define STAGES(...)                                                                                \
    (const nnrt_call[]){__VA_ARGS__},                                                              \
        (int64_t)(sizeof((const nnrt_call[]){__VA_ARGS__}) / sizeof(nnrt_call))

#endif
