// Formulas: bound to the columns of a table, then evaluated in blocks of rows.
#include "formula.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../transforms/columns.h"

enum { BLOCK = 1024 }; // rows that are evaluated at a time

typedef enum StepKind {
    PUSH_NUMBER, // the same in all rows
    PUSH_COLUMN, // of numbers
    PUSH_LOOKUP, // `by_word` of a column's word
    PUSH_SAME,   // do two columns of words have the same one?
    PUSH_GAP,    // has a column of words none?
    APPLY,
} StepKind;

typedef struct Step {
    StepKind kind;
    double number; // of PUSH_SAME: what it is where they are the same; PUSH_LOOKUP: of no word
    const nnrt_field *field, *other;
    double *by_word; // owned
    int operator;    // row of nnrt_formula_operators
} Step;

// What stands on the stack while a formula is bound. Numbers are pushed by steps already; words
// wait for the comparison that takes them.
typedef struct Operand {
    const nnrt_field *field; // of a column
    const char *text;        // of a word in quotes
    int is_number;
} Operand;

typedef struct Formula {
    const nnrt_table *table;
    const nnrt_call *call;
    const char *result;
    Step *steps;
    Operand *operands;
    int64_t step_count, operand_count;
    int64_t depth, deepest; // numbers on the stack of the evaluation
    int is_unknown;         // a column's values are not there: their files are missing
} Formula;

// ---- Columns and their words.

// A target of classes has numbers and, where they have names, words.
static const char *const *words_of(const nnrt_field *field, int64_t *count) {
    *count = field->kind == NNRT_TENSORS ? field->target.classes : field->word_count;
    return field->kind == NNRT_TENSORS ? field->target.class_names : field->words;
}

static int has_numbers(const nnrt_field *field) {
    return field->kind == NNRT_NUMBERS || field->kind == NNRT_TENSORS;
}

static double code_of(const nnrt_field *field, int64_t row) {
    double code = nnrt_field_number(field, row, 0);
    return code >= 0 ? code : -1;
}

// ---- Steps.

static const char *stage_text(const Formula *f) {
    return f->result ? f->result : "..";
}

static void push(Formula *f, Step step) {
    f->steps[f->step_count++] = step;
    if (++f->depth > f->deepest) f->deepest = f->depth;
}

static void push_number(Formula *f, double number) {
    push(f, (Step){.kind = PUSH_NUMBER, .number = number});
    f->operands[f->operand_count++] = (Operand){.is_number = 1};
}

static nnrt_status push_column(Formula *f, const nnrt_field *field) {
    int is_number = has_numbers(field);
    if (field->kind == NNRT_TENSORS && field->column.rank > 0)
        return nnrt_fail(NNRT_ERROR,
                         "%s(%s): `%s` is no single number\na formula reads columns of one number "
                         "or word a row",
                         f->call->name, stage_text(f), field->column.name);
    f->is_unknown |= !field->values;
    if (is_number) push(f, (Step){.kind = PUSH_COLUMN, .field = field});
    f->operands[f->operand_count++] = (Operand){.field = field, .is_number = is_number};
    return NNRT_OK;
}

static nnrt_status push_name(Formula *f, const char *name) {
    const nnrt_field *field = nnrt_table_find(f->table, name);
    return field ? push_column(f, field) : nnrt_columns_fail(f->table, f->call, name);
}

// "18 limit"
static nnrt_status push_value(Formula *f, const char *text) {
    char *name;
    double number = strtod(text, &name);
    name++;
    if (nnrt_table_find(f->table, name))
        return nnrt_fail(NNRT_ERROR,
                         "%s(%s): `%s` is a column, and a value of the program\nwrite \"%s\" in "
                         "quotes for the column, or give the value another name",
                         f->call->name, stage_text(f), name, name);
    push_number(f, number);
    return NNRT_OK;
}

static nnrt_status push_text(Formula *f, const char *text) {
    const nnrt_field *field = nnrt_table_find(f->table, text);
    if (field) return push_column(f, field);
    f->operands[f->operand_count++] = (Operand){.text = text};
    return NNRT_OK;
}

// ---- Comparing words.

static nnrt_status fail_words(const Formula *f, const Operand *operand, const char *operator) {
    if (!operand->field) return nnrt_columns_fail(f->table, f->call, operand->text);
    return nnrt_fail(NNRT_ERROR,
                     "%s(%s): the column `%s` holds %s, but `%s` needs numbers\nwords are compared "
                     "with words, by == and !=: `%s == \"%s\"`",
                     f->call->name, stage_text(f), operand->field->column.name,
                     operand->field->kind == NNRT_DATES ? "dates" : "words", operator,
                     nnrt_written_name(operand->field->column.name).text,
                     operand->field->word_count ? operand->field->words[0] : "");
}

static nnrt_status fail_mixed(const Formula *f, const Operand *left, const Operand *right) {
    const Operand *words = left->is_number ? right : left;
    const Operand *number = left->is_number ? left : right;
    if (words->text && !number->field) return nnrt_columns_fail(f->table, f->call, words->text);
    if (words->text)
        return nnrt_fail(NNRT_ERROR,
                         "%s(%s): the column `%s` holds numbers, and \"%s\" is a word\nnumbers "
                         "stand without quotes, as in `%s == 1`",
                         f->call->name, stage_text(f), number->field->column.name, words->text,
                         nnrt_written_name(number->field->column.name).text);
    return nnrt_fail(NNRT_ERROR,
                     "%s(%s): the column `%s` holds %s, which are compared with words in quotes\n"
                     "write `%s == \"%s\"`, for example",
                     f->call->name, stage_text(f), words->field->column.name,
                     words->field->kind == NNRT_DATES ? "dates" : "words",
                     nnrt_written_name(words->field->column.name).text,
                     words->field->word_count ? words->field->words[0] : "");
}

// What the comparison is for each word of the column; dates are in order as texts are.
static nnrt_status push_lookup(Formula *f, const nnrt_field *field, const char *text,
                               int is_swapped, int operator) {
    int64_t count;
    const char *const *words = words_of(field, &count);
    double *by_word = malloc((size_t)(count + 1) * sizeof *by_word);
    if (!by_word) return nnrt_fail_memory("a formula", (size_t)count * sizeof *by_word);
    for (int64_t i = 0; i < count; i++) {
        double order = strcmp(words[i], text), zero = 0;
        nnrt_formula_operators[operator].apply(1, is_swapped ? &zero : &order,
                                               is_swapped ? &order : &zero, &by_word[i]);
    }
    push(f, (Step){.kind = PUSH_LOOKUP, .field = field, .by_word = by_word});
    return NNRT_OK;
}

// Of which one is a word, or both are. A class with a name was pushed as a number.
static nnrt_status compare_words(Formula *f, const Operand *left, const Operand *right,
                                 int operator) {
    const char *name = nnrt_formula_operators[operator].name;
    nnrt_formula_words of_words = nnrt_formula_operators[operator].of_words;
    const nnrt_field *field = left->field ? left->field : right->field;
    const char *text = left->text ? left->text : right->text;
    if (!field || (left->text && right->text)) return fail_words(f, left, name);
    int is_class = field->kind == NNRT_TENSORS && field->target.class_names;
    if ((left->is_number || right->is_number) && !(is_class && text))
        return fail_mixed(f, left, right);
    if (!of_words && field->kind != NNRT_DATES)
        return fail_words(f, left->field ? left : right, name);
    if (text && is_class) f->step_count--, f->depth--;
    if (text) return push_lookup(f, field, text, left->text != NULL, operator);
    if (!of_words) return fail_words(f, left, name);
    push(f, (Step){.kind = PUSH_SAME,
                   .field = left->field,
                   .other = right->field,
                   .number = of_words == NNRT_SAME_WORDS});
    return NNRT_OK;
}

// ---- Parts of dates.

static nnrt_status fail_part(const Formula *f, const Operand *operand, const char *function) {
    const nnrt_field *field = operand->field;
    return nnrt_fail(NNRT_ERROR,
                     "%s(%s): `%s` takes a column of dates, and %s%s%s %s\ndates are written "
                     "as 2010-01, 2010-01-31 or 2010-01-31 12:30",
                     f->call->name, stage_text(f), function, field ? "the column `" : "this is",
                     field ? field->column.name : "", field ? "` holds" : "",
                     operand->is_number ? "numbers" : "words");
}

static nnrt_status push_part(Formula *f, const Operand *operand, int operator) {
    const nnrt_formula_operator *row = &nnrt_formula_operators[operator];
    const nnrt_field *field = operand->field;
    if (!field || field->kind != NNRT_DATES) return fail_part(f, operand, row->name);
    double *parts = malloc((size_t)(field->word_count + 1) * sizeof *parts);
    if (!parts) return nnrt_fail_memory("a formula", (size_t)field->word_count * sizeof *parts);
    push(f, (Step){.kind = PUSH_LOOKUP, .field = field, .by_word = parts, .number = NAN});
    for (int64_t i = 0; i < field->word_count; i++) {
        parts[i] = row->of_date(field->words[i]);
        if (isnan(parts[i]))
            return nnrt_fail(NNRT_ERROR,
                             "%s(%s): the date `%s` of the column `%s` has no %s\n"
                             "leave `%s(..)` out of the formula, or correct the file",
                             f->call->name, stage_text(f), field->words[i], field->column.name,
                             row->name, row->name);
    }
    return NNRT_OK;
}

// ---- Binding.

static nnrt_status apply_words(Formula *f, const Operand *operands, int operator) {
    const nnrt_formula_operator *row = &nnrt_formula_operators[operator];
    if (row->class == NNRT_OF_DATE) return push_part(f, operands, operator);
    if (row->class == NNRT_COMPARISON)
        return compare_words(f, &operands[0], &operands[1], operator);
    if (row->class != NNRT_IS_MISSING || operands->text)
        return fail_words(f, operands[0].is_number ? &operands[1] : operands, row->name);
    push(f, (Step){.kind = PUSH_GAP, .field = operands->field});
    return NNRT_OK;
}

static nnrt_status apply_operator(Formula *f, int operator) {
    const nnrt_formula_operator *row = &nnrt_formula_operators[operator];
    int count = row->operand_count, all_numbers = 1;
    Operand *operands = &f->operands[f->operand_count -= count];
    for (int i = 0; i < count; i++) all_numbers &= operands[i].is_number;
    nnrt_status status = NNRT_OK;
    if (all_numbers && row->class == NNRT_OF_DATE) {
        status = fail_part(f, operands, row->name);
    } else if (all_numbers) {
        f->steps[f->step_count++] = (Step){.kind = APPLY, .operator= operator};
        f->depth -= count - 1;
    } else {
        status = apply_words(f, operands, operator);
    }
    f->operands[f->operand_count++] = (Operand){.is_number = 1};
    return status;
}

static nnrt_status bind_text(Formula *f, const char *text) {
    switch (*text) {
    case NNRT_FORMULA_NUMBER: push_number(f, strtod(text + 1, NULL)); return NNRT_OK;
    case NNRT_FORMULA_COLUMN: return push_name(f, text + 1);
    case NNRT_FORMULA_VALUE: return push_value(f, text + 1);
    case NNRT_FORMULA_TEXT: return push_text(f, text + 1);
    }
    return apply_operator(f, nnrt_formula_find(text));
}

static nnrt_status bind(Formula *f, const char *const *texts, int64_t count) {
    f->steps = calloc((size_t)count + 1, sizeof *f->steps);
    f->operands = calloc((size_t)count + 1, sizeof *f->operands);
    if (!f->steps || !f->operands)
        return nnrt_fail_memory("a formula", (size_t)count * sizeof *f->steps);
    nnrt_status status = NNRT_OK;
    for (int64_t i = 0; i < count && !status; i++) status = bind_text(f, texts[i]);
    if (!status && !f->operands[0].is_number)
        status = fail_words(f, &f->operands[0], f->call->name);
    return status;
}

static void release(Formula *f) {
    for (int64_t i = 0; i < f->step_count; i++) free(f->steps[i].by_word);
    free(f->steps);
    free(f->operands);
}

// ---- Evaluation.

// Numbers of a block of rows; faults: 1 + the operator that has no finite result there, 0: none.
typedef struct Lane {
    double values[BLOCK];
    uint8_t faults[BLOCK];
} Lane;

static void fill_numbers(Lane *lane, const nnrt_field *field, int64_t first, int64_t count) {
    const double *numbers = field->values;
    if (field->stored.dtype == NNRT_F64)
        memcpy(lane->values, numbers + first, (size_t)count * sizeof *numbers);
    else
        for (int64_t i = 0; i < count; i++)
            lane->values[i] = nnrt_field_number(field, first + i, 0);
}

static double is_same(const Step *step, int64_t row) {
    int64_t ignored;
    double left = code_of(step->field, row), right = code_of(step->other, row);
    if (left < 0 || right < 0) return 0;
    int order = strcmp(words_of(step->field, &ignored)[(int64_t)left],
                       words_of(step->other, &ignored)[(int64_t)right]);
    return (order == 0) == (step->number != 0);
}

static double push_row(const Step *step, int64_t row) {
    if (step->kind == PUSH_NUMBER) return step->number;
    if (step->kind == PUSH_SAME) return is_same(step, row);
    double code = code_of(step->field, row);
    if (step->kind == PUSH_GAP) return code < 0;
    return code < 0 ? step->number : step->by_word[(int64_t)code];
}

static void push_lane(Lane *lane, const Step *step, int64_t first, int64_t count) {
    memset(lane->faults, 0, (size_t)count);
    if (step->kind == PUSH_COLUMN)
        fill_numbers(lane, step->field, first, count);
    else
        for (int64_t i = 0; i < count; i++) lane->values[i] = push_row(step, first + i);
}

static int is_true(double value) {
    return value < 0 || value > 0;
}

// Does what stands on the right of `and` and `or` count, given the left?
static int counts_right(nnrt_formula_class class, double left) {
    if (class == NNRT_AND) return is_true(left);
    return class != NNRT_OR || !is_true(left);
}

static void find_faults(const Lane *left, const Lane *right, Lane *out, int operator,
                        int64_t count) {
    nnrt_formula_class class = nnrt_formula_operators[operator].class;
    for (int64_t i = 0; i < count; i++) {
        uint8_t fault = left->faults[i];
        if (!fault && counts_right(class, left->values[i])) fault = right->faults[i];
        int is_missing = isnan(left->values[i]) || isnan(right->values[i]);
        if (!fault && class == NNRT_ARITHMETIC && !isfinite(out->values[i]) && !is_missing)
            fault = (uint8_t)(operator+ 1);
        out->faults[i] = fault;
    }
}

// lanes[0] is the result at the end; lanes[deepest] is spare.
static void run_block(const Formula *f, Lane **lanes, int64_t first, int64_t count) {
    int64_t depth = 0;
    for (int64_t i = 0; i < f->step_count; i++) {
        const Step *step = &f->steps[i];
        if (step->kind != APPLY) {
            push_lane(lanes[depth++], step, first, count);
            continue;
        }
        const nnrt_formula_operator *row = &nnrt_formula_operators[step->operator];
        Lane *right = lanes[depth - 1], *left = lanes[depth - row->operand_count];
        Lane *out = lanes[f->deepest];
        row->apply(count, left->values, right->values, out->values);
        find_faults(left, right, out, step->operator, count);
        depth -= row->operand_count - 1;
        lanes[f->deepest] = left;
        lanes[depth - 1] = out;
    }
}

static void run(const Formula *f, Lane **lanes, double *values, uint8_t *faults) {
    for (int64_t first = 0; first < f->table->row_count; first += BLOCK) {
        int64_t rest = f->table->row_count - first, count = rest < BLOCK ? rest : BLOCK;
        run_block(f, lanes, first, count);
        memcpy(values + first, lanes[0]->values, (size_t)count * sizeof *values);
        memcpy(faults + first, lanes[0]->faults, (size_t)count);
        for (int64_t i = 0; i < count; i++)
            if (lanes[0]->faults[i]) values[first + i] = NAN;
    }
}

static nnrt_status fail_fault(const Formula *f, uint32_t row, uint8_t fault) {
    const nnrt_formula_operator *operator= & nnrt_formula_operators[fault - 1];
    const char *cause = operator->fault;
    return nnrt_fail(
        NNRT_ERROR, "%s(%s): in %s %s%s%s\nleave such rows out before: `-> filter(..)`",
        f->call->name, stage_text(f), nnrt_table_row(f->table, row).text, cause ? cause : "`",
        cause ? "" : operator->name, cause ? "" : "` has no finite result");
}

// Rows that are in no part do not count.
static nnrt_status check_faults(const Formula *f, const uint8_t *faults) {
    const nnrt_part *const parts[] = {&f->table->train, &f->table->validation, &f->table->test};
    uint32_t first = UINT32_MAX;
    for (int p = 0; p < 3; p++)
        for (int64_t i = 0; i < parts[p]->count; i++)
            if (faults[parts[p]->rows[i]] && parts[p]->rows[i] < first) first = parts[p]->rows[i];
    return first == UINT32_MAX ? NNRT_OK : fail_fault(f, first, faults[first]);
}

static nnrt_status evaluate(const Formula *f, double *values) {
    size_t lane_count = (size_t)f->deepest + 1, rows = (size_t)f->table->row_count;
    Lane *memory = malloc(lane_count * sizeof *memory);
    Lane **lanes = malloc(lane_count * sizeof(Lane *));
    uint8_t *faults = malloc(rows + 1);
    nnrt_status status = NNRT_OK;
    if (memory && lanes && faults) {
        for (size_t i = 0; i < lane_count; i++) lanes[i] = &memory[i];
        run(f, lanes, values, faults);
        status = check_faults(f, faults);
    } else {
        status = nnrt_fail_memory("a formula", lane_count * sizeof *memory + rows);
    }
    free(memory);
    free(lanes);
    free(faults);
    return status;
}

nnrt_status nnrt_formula_evaluate(const nnrt_table *table, const nnrt_call *call,
                                  const char *result, const char *const *texts, int64_t count,
                                  double *values) {
    Formula f = {.table = table, .call = call, .result = result};
    nnrt_status status = bind(&f, texts, count);
    if (!status && f.is_unknown)
        for (int64_t row = 0; row < table->row_count; row++) values[row] = 1; // files are missing
    else if (!status)
        status = evaluate(&f, values);
    release(&f);
    return status;
}

// ---- Words that a column does not have.

static int has_word(const nnrt_field *field, const char *word) {
    int64_t count;
    const char *const *words = words_of(field, &count);
    for (int64_t i = 0; i < count && words; i++)
        if (strcmp(words[i], word) == 0) return 1;
    return 0;
}

// A word in quotes and a column stand side by side, in front of their comparison.
const char *nnrt_formula_absent_word(const nnrt_table *table, const char *const *texts,
                                     int64_t count, const nnrt_field **column) {
    for (int64_t i = 0; i + 2 < count; i++) {
        int operator= nnrt_formula_find(texts[i + 2]);
        if (operator<0 || nnrt_formula_operators[operator].of_words != NNRT_SAME_WORDS) continue;
        const char *left = texts[i] + 1, *right = texts[i + 1] + 1;
        const nnrt_field *first = nnrt_table_find(table, left);
        const nnrt_field *second = nnrt_table_find(table, right);
        const char *word = first ? right : left;
        *column = first ? first : second;
        int is_pair = (first == NULL) != (second == NULL) &&
                      (first ? texts[i + 1] : texts[i])[0] == NNRT_FORMULA_TEXT;
        if (is_pair && !has_word(*column, word)) return word;
    }
    return NULL;
}
