// The vocabulary: every family of words of the language, in one list. `nnc ops` and the reference,
// binding, "did you mean", other libraries' names and the descriptor of a program walk it.
// A word is a row of a table, beside its functions: layers, activations, losses, optimizers,
// regularizers and constraints in compiler/op/; initializers, schedules, metrics, callbacks,
// sources and transforms in runtime/.
#ifndef NNC_OP_VOCABULARY_H
#define NNC_OP_VOCABULARY_H

#include "../graph/schema.h"

typedef enum FamilyKind { // in the reference's order
    FAMILY_LAYERS,
    FAMILY_ACTIVATIONS,
    FAMILY_LOSSES,
    FAMILY_OPTIMIZERS,
    FAMILY_SCHEDULES,
    FAMILY_REGULARIZERS,
    FAMILY_CONSTRAINTS,
    FAMILY_INITIALIZERS,
    FAMILY_METRICS,
    FAMILY_CALLBACKS,
    FAMILY_SOURCES,
    FAMILY_TRANSFORMS,
    FAMILY_AUGMENTATIONS,
    FAMILY_COUNT
} FamilyKind;

typedef struct Family {
    const char *title;          // "Metrics"
    const char *noun, *example; // in messages: "metric", "a metric"
    const char *doc;            // where its words are written
    const char *entry;          // of a `train` block, that takes a list of them; NULL: none does
    bool is_part;               // of a body or another call: no value of a file is one
    // Ended by NULL: arrays of rows, each of which begins with a Schema, ended by one without name.
    const void *const *tables;
    size_t row_size;
    bool (*has)(const Schema *row); // of rows that several families share; NULL: all
} Family;

extern const Family vocabulary[FAMILY_COUNT];

// Walks a family: `for (Words words = {.family = family}; (word = words_next(&words));)`. NULL: the
// end.
typedef struct Words {
    const Family *family;
    int table, row; // the next one
} Words;

const Schema *words_next(Words *words);

const Schema *family_word(const Family *family, const char *name); // NULL: it has none
const Family *family_of_argument(ArgType type); // whose words are values of it; NULL: none

// The row's number in its family, by which the runtime finds it; -1: it is in none.
int vocabulary_row(const Schema *word);

#endif
