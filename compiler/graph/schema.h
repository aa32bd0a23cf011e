// Schemas: what a callable (layer, loss, optimizer, initializer, metric, data source, transform
// ...) takes, and the checked arguments of one call. Every family starts with a Schema, so that
// binding, defaults, ranges, "did you mean" and the reference documentation are written once
// (compiler/check/bind.c).
#ifndef NNC_GRAPH_SCHEMA_H
#define NNC_GRAPH_SCHEMA_H

#include "../base/source.h"
#include "../base/text.h"

typedef enum ArgType {
    ARG_INT,          // an integral number
    ARG_FLOAT,        // a number
    ARG_BOOL,         // true | false
    ARG_WORD,         // one of `choices`
    ARG_STRING,       // "text"
    ARG_STRINGS,      // "text" (`text`), or a list of them (`texts`)
    ARG_NAME,         // a bare word that is free (a column name), or a number (text NULL)
    ARG_INTS,         // a list of integral numbers; one stands for [one]
    ARG_WORD_OR_INTS, // one of `choices`, or as ARG_INTS (then `text` is NULL)
    ARG_FLOATS,       // a list of numbers
    ARG_NAMES,        // the rest of the positional arguments, bare words or strings
    ARG_ACTIVATION,   // the name of an activation, or a call with arguments: leaky_relu(0.1)
    ARG_INITIALIZER,  // the name of an initializer or a call; a number is constant(number)
    ARG_REGULARIZER,  // l1(..), l2(..), l1_l2(..)
    ARG_CONSTRAINT,   // max_norm(..), non_negative, ...
    ARG_RATE          // a learning rate: a number, or a schedule call
} ArgType;

typedef struct ArgDef {
    const char *name; // NULL ends the list
    ArgType type;
    const char *default_text;        // as written in the language; NULL: required; "none": absent
    double minimum, maximum;         // inclusive range of numbers; both 0: no limit
    bool minimum_open, maximum_open; // exclude the end (rate < 1, learning_rate > 0)
    const char *choices;             // of ARG_WORD and ARG_WORD_OR_INTS: "valid same"
    const char *keras_name; // other names people know for it, blank-separated ("batch_size"); NULL
    const char *short_name; // another own name of it ("init"); NULL: none
    bool starts_kernel;     // `init` of the `train` block is its default
    bool counts_classes;    // of the labels that the call is given, where those are known
    const char *doc;        // one line
    bool variadic;          // ARG_INTS / ARG_NAMES: takes all positional arguments from here on
    bool by_name;           // never positional, as are all after it: the name says the unit
} ArgDef;

typedef struct Schema {
    const char *name;
    const char *doc;        // one line, starts with a verb
    const ArgDef *args;     // may be NULL: none
    const char *keras_name; // other names people know for it ("Dense fully_connected"); NULL
} Schema;

typedef struct Args Args;

// One checked value. `is_set` is false for an absent argument (default "none").
typedef struct ArgValue {
    bool is_set;
    bool is_default;      // the user did not write it
    const char *origin;   // where a value that nobody wrote comes from: "by the last layer"; NULL
    double number;        // INT, FLOAT, BOOL (0 or 1), RATE
    const char *text;     // WORD, WORD_OR_INTS, STRING, STRINGS, NAME
    double *numbers;      // INTS, WORD_OR_INTS, FLOATS
    const char **texts;   // NAMES, STRINGS
    int count;            // INTS, FLOATS, NAMES, STRINGS
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
bool args_equal(const Args *a, const Args *b); // the same schema and values; NULL equals NULL

// What a name means where an activation, initializer, regularizer or rate is asked for; NULL: there
// is none. Implemented in compiler/op/registry.c, which knows the families.
const Schema *schema_callee(ArgType type, const char *name);

// "units=10, activation=relu": all of them, or only those that differ from their default.
void args_print(Text *out, const Args *args, bool with_defaults);

#endif
