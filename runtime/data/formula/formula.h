// Formulas over the columns of a table, row by row, in double: `age > 18`, `width * height`. The
// compiler hands them over as texts in postfix order: `width * height` is "$width", "$height", "*".
// A formula of a missing number is missing; a comparison with what is missing is false.
#ifndef NNRT_FORMULA_H
#define NNRT_FORMULA_H

#include "../stage.h"

// How the texts of operands begin; those of operators are names of the rows below.
enum {
    NNRT_FORMULA_NUMBER = '#', // "#18"
    NNRT_FORMULA_COLUMN = '$', // "$age": a bare word
    NNRT_FORMULA_VALUE = '@',  // "@18 limit": a bare word that the program gives a number
    NNRT_FORMULA_TEXT = '"',   // "\"Spain": in quotes: a column of this name, or else a word
    NNRT_FORMULA_RESULT = ':', // ":area": what the next texts are the formula of
};

typedef enum nnrt_formula_class {
    NNRT_ARITHMETIC, // missing where an operand is; a result that is not finite is a fault
    NNRT_COMPARISON, // 1 or 0; 0 where an operand is missing
    NNRT_AND,        // 1 or 0; what stands on the right counts where the left does not decide
    NNRT_OR,
    NNRT_NOT,
    NNRT_IS_MISSING, // of a number or a word
    NNRT_OF_DATE,    // of a date; missing where it is
} nnrt_formula_class;

// What a comparison is of words, which are in no order.
typedef enum nnrt_formula_words {
    NNRT_NOT_OF_WORDS,
    NNRT_SAME_WORDS,
    NNRT_OTHER_WORDS
} nnrt_formula_words;

typedef struct nnrt_formula_operator {
    const char *name; // as it is written; "negate" for the sign; NULL ends the rows
    int operand_count;
    int is_function;
    nnrt_formula_class class;
    // out[i] of so many rows; `right` is `left` where there is one operand.
    void (*apply)(int64_t count, const double *left, const double *right, double *out);
    double (*of_date)(const char *text); // of NNRT_OF_DATE, instead; NaN: the date has no such part
    nnrt_formula_words of_words;
    const char *fault; // what a result that is not finite comes from; NULL: the operator says it
} nnrt_formula_operator;

extern const nnrt_formula_operator nnrt_formula_operators[];

// The number of an operator's row; -1: there is none.
int nnrt_formula_find(const char *name);

// Into values[row_count]: what a formula is in each row, NaN: missing. NNRT_ERROR: it reads what
// there is not, or is no number (words in arithmetic), or has no finite value in a row of a part:
// the first one is named. `call` is the stage, for messages; `result` what it computes, or NULL.
nnrt_status nnrt_formula_evaluate(const nnrt_table *table, const nnrt_call *call,
                                  const char *result, const char *const *texts, int64_t count,
                                  double *values);

// A word that the formula compares a column with that has no such value; `*column` is its field.
// NULL: there is none.
const char *nnrt_formula_absent_word(const nnrt_table *table, const char *const *texts,
                                     int64_t count, const nnrt_field **column);

#endif
