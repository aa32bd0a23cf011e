// Schemas: what a word of the language (a layer, a loss, an initializer, a metric, a transform ...)
// is called and takes. The row of every word begins with one, whether its functions are the
// compiler's or the runtime's, so that the language knows it from the row alone.
#ifndef NNRT_SCHEMA_H
#define NNRT_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>

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
    ARG_FORMULA,      // an expression over columns, `age > 18`: `texts` in postfix order
    ARG_FORMULAS,     // the named arguments, each a formula: `texts`, ":area" before each of them
    ARG_ACTIVATION,   // the name of an activation, or a call with arguments: leaky_relu(0.1)
    ARG_INITIALIZER,  // the name of an initializer or a call; a number is constant(number)
    ARG_REGULARIZER,  // l1(..), l2(..), l1_l2(..)
    ARG_CONSTRAINT,   // max_norm(..), non_negative, ...
    ARG_LAYER,        // a layer with its arguments: `lstm(32)`; one of `choices`, if there are any
    ARG_BLOCK,        // a block, with its options or without: `cell`, `cell(gain = 2)`
    ARG_RATE,         // a learning rate: a number, or a schedule call
    ARG_EVERY,        // how often: a number of steps, or `text`: "60s", "2epochs"
    ARG_DURATION      // `text`: "90s", "1h30m"
} ArgType;

typedef struct ArgDef {
    const char *name; // NULL ends the list
    ArgType type;
    const char *default_text;        // as written in the language; NULL: required; "none": absent
    double minimum, maximum;         // inclusive range of numbers; both 0: no limit
    bool minimum_open, maximum_open; // exclude the end (rate < 1, learning_rate > 0)
    const char *choices;             // of ARG_WORD and ARG_WORD_OR_INTS: "valid same"; of ARG_LAYER
    const char *known_words; // others that people know for its choices: "bf16=bfloat16"; NULL
    const char *words_doc;   // what is said of these
    const char *keras_name;  // other names people know for it, blank-separated ("batch_size"); NULL
    double keras_unit;       // of its numbers there: a turn is 360 degrees; 0: the same
    const char *short_name;  // another own name of it ("init"); NULL: none
    bool starts_kernel;      // `init` of the `train` block is its default
    bool counts_classes;     // of the labels that the call is given, where those are known
    bool counts_outputs;     // so many of the output's classes: fewer than all of them
    bool is_class;           // the number of one of the output's classes
    const char *doc;         // one line
    bool variadic;           // ARG_INTS / ARG_NAMES: takes all positional arguments from here on
    bool is_flag;            // of ARG_BOOL: its bare name means `true`
    bool is_path;            // of ARG_STRING and ARG_STRINGS: files and folders of data
    bool by_name;            // never positional, as are all after it: the name says the unit
} ArgDef;

typedef struct Schema {
    const char *name;
    const char *doc;        // one line, starts with a verb
    const ArgDef *args;     // may be NULL: none
    const char *keras_name; // other names people know for it ("Dense fully_connected"); NULL
} Schema;

#endif
