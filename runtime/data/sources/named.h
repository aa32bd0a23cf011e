// Arrays that the program names, of files or of an archive: what the sources `idx`, `npy` and `npz`
// share. Private to them.
#ifndef NNRT_NAMED_H
#define NNRT_NAMED_H

#include "arrays.h"

// The options, in the order of the rows' arguments; each of the first four is one name or a list.
enum {
    NNRT_NAMED_X,
    NNRT_NAMED_TARGET,
    NNRT_NAMED_TEST_X,
    NNRT_NAMED_TEST_TARGET,
    NNRT_NAMED,
    NNRT_NAMED_CLASSES = NNRT_NAMED,
    NNRT_NAMED_MEMORY
};

typedef struct nnrt_listed {
    const char *const *names;
    int64_t count;
    int is_list; // columns are called by the names, then
} nnrt_listed;

typedef struct nnrt_named nnrt_named;
struct nnrt_named {
    const nnrt_call *call;
    const ArgDef *args; // of its row ..
    int first;          // .. of which the options begin here
    const char *what;   // they are: "file", "array"
    // Reads the header of one; a descriptor in it is closed by who asks.
    nnrt_status (*open)(const nnrt_named *named, const nnrt_table *table, const char *name,
                        nnrt_array *array);
    const void *state; // of `open`
    nnrt_listed lists[NNRT_NAMED];
    nnrt_arrays set;
};

// Reads the four options of the call.
void nnrt_named_read(nnrt_named *named);
// Does what a source's `open` does with what the lists hold.
nnrt_status nnrt_named_open(nnrt_table *table, nnrt_named *named);

// The arguments of its row behind those that say where the arrays are.
#define NNRT_CLASSES_ARGUMENT                                                                      \
    {.name = "classes",                                                                            \
     .type = ARG_INTS,                                                                             \
     .default_text = "none",                                                                       \
     .maximum = NNRT_DATA_MAX_CLASSES,                                                             \
     .keras_name = "num_classes",                                                                  \
     .doc = "number of classes, where the labels do not show it; of each of several targets"}

#endif
