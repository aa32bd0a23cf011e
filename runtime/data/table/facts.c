#include "facts.h"

#include <math.h>
#include <string.h>

#include "windows.h"

enum {
    ROWS = 20,         // fewer of them show nothing
    ROWS_OF_IDS = 100, // likewise, of numbers that count up
    SAMPLED = 4096,    // rows whose numbers are looked at
};

// The root of the mean square of numbers that layers have trouble with.
static const double large = 100;

// ---- Looking at a column. Rows without a value are passed over.

static double value_at(const nnrt_table *table, const nnrt_field *field, int64_t i) {
    uint32_t row = table->train.rows[i];
    if (field->kind == NNRT_NUMBERS) return ((const double *)field->values)[row];
    int32_t code = ((const int32_t *)field->values)[row];
    return code < 0 ? NAN : code;
}

static int is_one_value(const nnrt_table *table, const nnrt_field *field) {
    double first = value_at(table, field, 0);
    for (int64_t i = 0; i < table->train.count; i++)
        if (value_at(table, field, i) != first) return 0; // missing ones, too: gaps may tell
    return 1;
}

static int counts_up(const nnrt_table *table, const nnrt_field *field) {
    double first = value_at(table, field, 0);
    if (field->kind != NNRT_NUMBERS || table->train.count < ROWS_OF_IDS || first != floor(first))
        return 0;
    for (int64_t i = 0; i < table->train.count; i++)
        if (value_at(table, field, i) != first + (double)i) return 0;
    return 1;
}

static int is_all_different(const nnrt_table *table, const nnrt_field *field) {
    return field->kind == NNRT_WORDS && table->train.count >= ROWS_OF_IDS &&
           field->word_count >= table->row_count;
}

// "3,5", "-17" and "12,": digits, and one comma at most. `*fraction`: digits behind it; -1: it has
// none.
static int is_with_comma(const char *text, int64_t *fraction) {
    text += *text == '-' || *text == '+';
    size_t whole = strspn(text, "0123456789");
    int has_comma = text[whole] == ',';
    size_t behind = has_comma ? strspn(text + whole + 1, "0123456789") : 0;
    *fraction = has_comma ? (int64_t)behind : -1;
    return whole + behind > 0 && !text[whole + (size_t)has_comma + behind];
}

int nnrt_facts_has_commas(const nnrt_field *field) {
    int is_decimal = 0;
    if (field->kind != NNRT_WORDS || field->is_stated) return 0;
    for (int64_t i = 0; i < field->word_count; i++) {
        int64_t fraction;
        if (!is_with_comma(field->words[i], &fraction)) return 0;
        is_decimal |= fraction >= 0 && fraction != 3;
    }
    return is_decimal;
}

// ---- Does a column tell the target?

// Of numbers: the target is a * column + b, as far as double can say.
static int is_linear(const nnrt_table *table, const nnrt_field *field, const nnrt_field *target) {
    double x = value_at(table, field, 0), y = value_at(table, target, 0), slope = NAN;
    for (int64_t i = 1; i < table->train.count; i++) {
        double dx = value_at(table, field, i) - x, dy = value_at(table, target, i) - y;
        if (isnan(dx) || isnan(dy) || (dx == 0) != (dy == 0)) return 0;
        if (dx == 0) continue;
        if (isnan(slope)) slope = dy / dx;
        double limit = 1e-9 * (fabs(y) + fabs(dy) + fabs(slope * x));
        if (fabs(dy - slope * dx) > limit) return 0;
    }
    return !isnan(slope);
}

enum { CLASSES = 64 };

// Of few classes: each has one value of its own.
typedef struct Pairs {
    double values[CLASSES], classes[CLASSES];
    int count;
} Pairs;

// 0: it contradicts one before.
static int add_pair(Pairs *pairs, double value, double class) {
    for (int i = 0; i < pairs->count; i++) {
        if (pairs->values[i] != value && pairs->classes[i] != class) continue;
        return pairs->values[i] == value && pairs->classes[i] == class;
    }
    if (pairs->count == CLASSES || isnan(value) || isnan(class)) return 0;
    pairs->values[pairs->count] = value;
    pairs->classes[pairs->count++] = class;
    return 1;
}

static int is_one_to_one(const nnrt_table *table, const nnrt_field *field,
                         const nnrt_field *target) {
    Pairs pairs = {.count = 0};
    for (int64_t i = 0; i < table->train.count; i++)
        if (!add_pair(&pairs, value_at(table, field, i), value_at(table, target, i))) return 0;
    return pairs.count > 1 && pairs.count <= table->train.count / 4;
}

static int has_cells(const nnrt_field *field) {
    return (field->kind == NNRT_NUMBERS || field->kind == NNRT_WORDS) && field->values &&
           !field->is_indicator;
}

static int tells_target(const nnrt_table *table, const nnrt_field *field) {
    const nnrt_field *target = nnrt_table_target(table, 0);
    if (nnrt_table_count(table, NNRT_TARGET) != 1 || !has_cells(target)) return 0;
    if (nnrt_table_count(table, NNRT_FEATURE) < 2) return 0; // a line or a table of truth
    if (is_one_to_one(table, field, target)) return 1;
    return field->kind == NNRT_NUMBERS && target->kind == NNRT_NUMBERS &&
           is_linear(table, field, target);
}

static void mark(const nnrt_table *table, nnrt_field *field) {
    field->source = field->column.name;
    if (is_one_value(table, field))
        field->facts = 1 << NNRT_FACT_ONE_VALUE;
    else if (tells_target(table, field))
        field->facts = 1 << NNRT_FACT_TELLS_TARGET;
    else if (nnrt_facts_has_commas(field))
        field->facts = 1 << NNRT_FACT_COMMAS;
    else if (counts_up(table, field) || is_all_different(table, field))
        field->facts = 1 << NNRT_FACT_ID;
}

void nnrt_facts_mark(nnrt_table *table) {
    if (table->train.count < ROWS) return;
    for (int64_t i = 0; i < table->field_count; i++)
        if (table->fields[i].role == NNRT_FEATURE && has_cells(&table->fields[i]))
            mark(table, &table->fields[i]);
    nnrt_table_let_go(table);
}

void nnrt_facts_inherit(nnrt_field *field, const nnrt_field *origin) {
    field->facts = origin->facts;
    field->source = origin->source;
    field->fact_stage = origin->fact_stage;
}

void nnrt_facts_mark_computed(const nnrt_table *table, nnrt_field *field,
                              const nnrt_field *origin) {
    if (origin->role != NNRT_TARGET && !(origin->facts & 1 << NNRT_FACT_FROM_TARGET)) return;
    field->facts |= 1 << NNRT_FACT_FROM_TARGET;
    field->source = field->column.name;
    field->fact_stage = table->stage;
}

// ---- What is told.

static int is_told(const nnrt_table *table, nnrt_fact_kind kind, const char *name) {
    for (int64_t i = 0; i < table->fact_count; i++)
        if (table->facts[i].kind == kind && !strcmp(table->facts[i].column, name)) return 1;
    return 0;
}

nnrt_status nnrt_facts_add(nnrt_table *table, nnrt_fact_kind kind, const char *name,
                           double number) {
    if (table->fact_count == NNRT_MAX_FACTS || is_told(table, kind, name)) return NNRT_OK;
    const char *const *kept = nnrt_table_keep_names(&name, 1);
    if (!kept) return NNRT_ERROR;
    table->facts[table->fact_count++] =
        (nnrt_fact){.kind = kind, .column = *kept, .number = number, .stage = table->stage};
    return NNRT_OK;
}

nnrt_status nnrt_facts_add_categories(nnrt_table *table, const nnrt_field *field, int64_t count) {
    if (count <= NNRT_MANY_CATEGORIES) return NNRT_OK;
    return nnrt_facts_add(table, NNRT_FACT_CATEGORIES, field->column.name, (double)count);
}

// Of rows that lie evenly among those of the training part.
static double root_mean_square(const nnrt_table *table, const nnrt_field *field) {
    int64_t count = table->train.count, step = count / SAMPLED + 1, seen = 0;
    double sum = 0;
    for (int64_t i = 0; i < count; i += step, seen++) {
        double value = value_at(table, field, i);
        sum += isnan(value) ? 0 : value * value;
    }
    return seen ? sqrt(sum / (double)seen) : 0;
}

// The column of the largest numbers in the vector, if those are large.
static nnrt_status add_largest(nnrt_table *table) {
    const nnrt_field *largest = NULL;
    double most = large;
    for (int64_t i = 0; i < table->field_count; i++) {
        const nnrt_field *field = &table->fields[i];
        if (field->role != NNRT_FEATURE || field->kind != NNRT_NUMBERS || !has_cells(field))
            continue;
        if (field->stored.dtype != NNRT_F64 || field->is_separate ||
            field->facts & 1 << NNRT_FACT_ID)
            continue;
        double size = root_mean_square(table, field);
        nnrt_storage_passed(field->values);
        if (size <= most) continue;
        most = size;
        largest = field;
    }
    return largest ? nnrt_facts_add(table, NNRT_FACT_LARGE, largest->column.name, most) : NNRT_OK;
}

// In windows the column of another time may be the target's, unless the target's row is in them.
static int is_to_tell(const nnrt_table *table, const nnrt_field *field, int kind) {
    int is_input = field->role == NNRT_FEATURE && (field->kind == NNRT_NUMBERS || field->is_index);
    int is_of_target = kind == NNRT_FACT_TELLS_TARGET || kind == NNRT_FACT_FROM_TARGET;
    return is_input && field->facts & 1 << kind &&
           !(is_of_target && table->windows && table->windows->ahead);
}

nnrt_status nnrt_facts_collect(nnrt_table *table) {
    nnrt_status status = NNRT_OK;
    for (int kind = 0; kind < NNRT_FACT_CATEGORIES; kind++)
        for (int64_t i = 0; i < table->field_count && !status; i++)
            if (is_to_tell(table, &table->fields[i], kind)) {
                table->stage = table->fields[i].fact_stage;
                status = nnrt_facts_add(table, (nnrt_fact_kind)kind, table->fields[i].source, 0);
            }
    table->stage = 0;
    return status ? status : add_largest(table);
}
