// The checked arguments of one call of what has a Schema (runtime/base/schema.h). Binding,
// defaults, ranges and "did you mean" are written once for all of them
// (compiler/check/evaluate/bind.c).
#ifndef NNC_GRAPH_SCHEMA_H
#define NNC_GRAPH_SCHEMA_H

#include "../../runtime/base/schema.h"
#include "../base/source.h"
#include "../base/text.h"

typedef struct Args Args;

// One checked value. `is_set` is false for an absent argument (default "none").
typedef struct ArgValue {
    bool is_set;
    bool is_default;      // the user did not write it
    const char *origin;   // where a value that nobody wrote comes from: "by the last layer"; NULL
    double number;        // INT, FLOAT, BOOL (0 or 1), RATE
    const void *block;    // BLOCK: what the checker knows of it
    const char *text;     // WORD, WORD_OR_INTS, STRING, STRINGS, NAME; BLOCK: its name
    double *numbers;      // INTS, WORD_OR_INTS, FLOATS
    const char **texts;   // NAMES, STRINGS, FORMULA, FORMULAS
    int count;            // of numbers or texts
    const Schema *callee; // ACTIVATION, INITIALIZER, REGULARIZER, RATE (schedule): what is called,
    Args *args;           //   and with what
    Span span;
} ArgValue;

// The arguments of one call, one value for each row of schema->args, in that order.
struct Args {
    const Schema *schema;
    ArgValue *values;
    int count;
    Span span;
    const char *name; // of the layer, from `name = ..`; NULL: it is named by its type
    Span name_span;
    bool is_frozen; // the layer, from `frozen = ..`
};

int schema_arg_count(const Schema *schema);
int schema_arg_index(const Schema *schema, const char *name); // -1: none

// Arguments with every default filled in, for calls the compiler makes itself. Set values after.
// Required arguments are left unset. A callee's default may have positional numbers: "l2(0.01)".
Args *args_default(Arena *arena, const Schema *schema);

// By name; asking for a name that the schema lacks is a broken invariant.
const ArgValue *args_get(const Args *args, const char *name);
double args_number(const Args *args, const char *name);
int64_t args_int(const Args *args, const char *name);
bool args_bool(const Args *args, const char *name);
const char *args_text(const Args *args, const char *name);
void args_set_number(Args *args, const char *name, double number);
void args_set_text(Args *args, const char *name, const char *text);
void args_set_origin(Args *args, const char *name, const char *origin); // of what was set last
void args_set_numbers(Args *args, Arena *arena, const char *name, const double *numbers, int count);
// Sets every argument that both calls have to what it is in `from`.
void args_copy_common(Args *args, const Args *from);
bool arg_values_equal(const ArgValue *a, const ArgValue *b);
bool args_equal(const Args *a, const Args *b); // the same schema and values; NULL equals NULL

// What a name means where an activation, initializer, regularizer or rate is asked for; NULL: there
// is none. Implemented in compiler/op/vocabulary.c, which knows the families.
const Schema *schema_callee(ArgType type, const char *name);

// "units=10, activation=relu": all of them, or only those that differ from their default.
void args_print(Text *out, const Args *args, bool with_defaults);

#endif
