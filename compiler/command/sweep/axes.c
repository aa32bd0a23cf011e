#include "axes.h"

#include "../../../runtime/base/text/number.h"
#include "../../../runtime/command/fit/several/plan.h"

#include <ctype.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const AxisRow axis_rows[] = {
    {"learning-rate", offsetof(SweepOptions, learning_rate), false, "learning_rate"},
    {"batch", offsetof(SweepOptions, batch), true, "batch"},
    {"epochs", offsetof(SweepOptions, epochs), true, "epochs"},
    {0},
};

static const int64_t most_epochs = 1000000000000;

// ---- Lists.

static const char *trimmed(Arena *arena, const char *from, const char *to) {
    while (from < to && isspace((unsigned char)*from)) from++;
    while (from < to && isspace((unsigned char)to[-1])) to--;
    return arena_copy(arena, from, (size_t)(to - from));
}

AxisValues axis_split(Arena *arena, const char *list) {
    AxisValues values = {0};
    const char *from = list, *at = list;
    int depth = 0;
    bool is_quoted = false;
    for (; *at; at++) {
        if (*at == '\\' && is_quoted && at[1])
            at++;
        else if (*at == '"')
            is_quoted = !is_quoted;
        else if (is_quoted)
            continue;
        else if (strchr("([{", *at))
            depth++;
        else if (strchr(")]}", *at))
            depth--;
        else if (*at == ',' && depth <= 0) {
            vec_push(arena, &values, trimmed(arena, from, at));
            from = at + 1;
        }
    }
    vec_push(arena, &values, trimmed(arena, from, at));
    return values;
}

// ---- Values.

bool axis_count(const char *option, const char *text, int64_t most, int64_t *out) {
    char *end;
    errno = 0;
    long long number = strtoll(text, &end, 10);
    bool is_number = isdigit((unsigned char)*text) && !*end && !errno;
    *out = number;
    if (is_number && number >= 1 && number <= most) return true;
    fprintf(stderr, "nnc: %s wants a whole number from 1 to %lld, not `%s`\n", option,
            (long long)most, text);
    return false;
}

static bool check_value(const Axis *axis, const char *option, const char *value) {
    int64_t count;
    if (!*value) {
        fprintf(stderr, "nnc: a value of %s is empty\n", option);
        return false;
    }
    // What a param may be is the compiler's business.
    return !axis->row || axis_count(option, value, most_epochs, &count);
}

// 0.1 and 1e-1 are the same value.
static bool are_same(const char *a, const char *b) {
    double x, y;
    bool are_numbers = nnrt_number_parse(a, &x) && nnrt_number_parse(b, &y);
    return are_numbers ? x == y : !strcmp(a, b);
}

// What is listed twice would be trained twice.
static const char *same_value(const AxisValues *values, int index) {
    for (int i = 0; i < index; i++)
        if (are_same(values->items[i], values->items[index])) return values->items[i];
    return NULL;
}

// A param may be called as an option is.
static const char *key_of(const Axes *axes, Arena *arena, const AxisRow *row) {
    for (int i = 0; i < axes->items.count; i++)
        if (!strcmp(axes->items.items[i].name, row->name))
            return arena_format(arena, "--%s", row->name);
    return row->name;
}

static bool check_values(const Axis *axis, const char *option, const AxisValues *values) {
    for (int i = 0; i < values->count; i++) {
        const char *value = values->items[i];
        if (!check_value(axis, option, value)) return false;
        const char *same = same_value(values, i);
        if (!same) continue;
        bool is_text = !strcmp(same, value);
        fprintf(stderr, "nnc: %s has the value `%s` twice%s%s%s\n", option, same,
                is_text ? "" : ", also as `", is_text ? "" : value, is_text ? "" : "`");
        return false;
    }
    return true;
}

// As `fit` reads them.
static bool check_rates(Arena *arena, const char *list) {
    int64_t count;
    if (!nnrt_plan_rates(list, ARENA_ARRAY(arena, double, NNRT_PLAN_MOST), &count)) return true;
    fprintf(stderr, "nnc: %s\n", nnrt_error());
    return false;
}

static bool add_axis(Axes *axes, Arena *arena, const char *option, Axis axis, const char *list) {
    AxisValues values = axis_split(arena, list);
    for (int i = 0; i < axes->items.count; i++) {
        const Axis *other = &axes->items.items[i];
        if (strcmp(other->name, axis.name) != 0 || other->row != axis.row) continue;
        fprintf(stderr, "nnc: %s is given twice; one list names all of its values: %s=1,2\n",
                option, option);
        return false;
    }
    bool are_rates = axis.row && !axis.row->is_count;
    if (are_rates ? !check_rates(arena, list) : !check_values(&axis, option, &values)) return false;
    for (int i = 0; i < values.count; i++) vec_push(arena, &axis.values, values.items[i]);
    vec_push(arena, &axes->items, axis);
    return true;
}

// ---- Seeds.

static bool read_seeds(Axes *axes, Arena *arena, const char *given) {
    int64_t count = 1, *seeds = ARENA_ARRAY(arena, int64_t, NNRT_PLAN_MOST);
    seeds[0] = 1;
    if (given && nnrt_plan_seeds(given, 1, seeds, &count)) {
        fprintf(stderr, "nnc: %s\n", nnrt_error());
        return false;
    }
    for (int64_t i = 0; i < count; i++) vec_push(arena, &axes->seeds, seeds[i]);
    return true;
}

bool axes_read(Axes *axes, const Options *options, Arena *arena) {
    *axes = (Axes){0};
    for (int i = 0; i < options->definitions.count; i++) {
        const Definition *definition = &options->definitions.items[i];
        const char *option = arena_format(arena, "-D %s", definition->name);
        if (!add_axis(axes, arena, option, (Axis){.name = definition->name}, definition->value))
            return false;
    }
    for (const AxisRow *row = axis_rows; row->name; row++) {
        const char *list = *(const char *const *)((const char *)&options->sweep + row->offset);
        const char *option = arena_format(arena, "--%s", row->name);
        Axis axis = {.name = key_of(axes, arena, row), .row = row};
        if (list && !add_axis(axes, arena, option, axis, list)) return false;
    }
    return read_seeds(axes, arena, options->sweep.seeds);
}
