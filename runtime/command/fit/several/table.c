#include "table.h"

#include "../../../base/text/print.h"
#include "../../../report/log.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// ---- The values of a run.

static void put_test(json_t *values, json_t *test) {
    const char *key;
    json_t *value;
    json_object_foreach(test, key, value) {
        char name[NNRT_LOG_NAME + 8];
        snprintf(name, sizeof name, "test_%s", key);
        json_object_set(values, name, value);
    }
}

// An object of numbers, or nulls where they are not finite; the caller's.
static json_t *values_of(const nnrt_process *process) {
    json_t *values = json_copy(json_object_get(process->result, "values"));
    if (!values) values = json_object();
    put_test(values, json_object_get(process->result, "test"));
    return values;
}

static double number(const json_t *values, const char *name) {
    const json_t *value = json_object_get(values, name);
    return json_is_number(value) ? json_number_value(value) : (double)NAN;
}

static const char *word_of(const nnrt_process *process) {
    if (!process->is_begun) return "not begun";
    switch ((nnrt_status)process->status) {
    case NNRT_OK:
        return json_is_true(json_object_get(process->result, "stopped_early")) ? "stopped early"
                                                                               : "done";
    case NNRT_INTERRUPTED: return "interrupted";
    case NNRT_NOT_FINITE: return "not finite";
    default: return "failed";
    }
}

// As in the lines of epochs.
static void print_value(char *text, size_t size, double value) {
    if (isnan(value))
        snprintf(text, size, "-");
    else
        snprintf(text, size, fabs(value) > 1e-3 || value == 0 ? "%.4f" : "%.4e", value);
}

void nnrt_table_line(const nnrt_process *process, char *text, size_t size) {
    char cell[32];
    const char *name;
    json_t *value, *values = values_of(process);
    int64_t epochs = json_integer_value(json_object_get(process->result, "epochs"));
    int used = snprintf(text, size, "%s: %s, %" PRId64 " epoch%s", process->run->name,
                        word_of(process), epochs, epochs == 1 ? "" : "s");
    json_object_foreach(values, name, value) {
        if (used < 0 || (size_t)used >= size) break;
        print_value(cell, sizeof cell, number(values, name));
        used += snprintf(text + used, size - (size_t)used, ", %s %s", name, cell);
    }
    json_decref(values);
}

// ---- All of them.

typedef struct results {
    const nnrt_table *table;
    json_t **values; // of each run
    json_t *names;   // an object with a member for each value that some run has
} results;

static int gather(results *all, const nnrt_table *table) {
    int64_t count = table->plan->count;
    *all = (results){.table = table,
                     .values = calloc((size_t)count, sizeof *all->values),
                     .names = json_object()};
    for (int64_t i = 0; all->values && i < count; i++) {
        all->values[i] = values_of(&table->processes[i]);
        json_object_update_missing(all->names, all->values[i]);
    }
    if (!all->values) nnrt_print_lost("there is no memory for the table");
    return all->values != NULL;
}

static void drop(results *all) {
    for (int64_t i = 0; all->values && i < all->table->plan->count; i++)
        json_decref(all->values[i]);
    free(all->values);
    json_decref(all->names);
}

// Of the whole runs at a rate, number `rate`, which have the value.
typedef struct spread {
    int64_t count;
    double mean, deviation;
} spread;

static spread spread_of(const results *all, int64_t rate, const char *name) {
    const nnrt_table *table = all->table;
    int64_t first = rate * table->plan->seeds;
    spread s = {0};
    double squares = 0;
    for (int64_t i = first; i < first + table->plan->seeds; i++) {
        double value = number(all->values[i], name);
        if (table->processes[i].status || isnan(value)) continue;
        double before = value - s.mean; // Welford's
        s.mean += before / (double)++s.count;
        squares += before * (value - s.mean);
    }
    if (!s.count) s.mean = NAN;
    s.deviation = s.count > 1 ? sqrt(squares / (double)(s.count - 1)) : (double)NAN;
    return s;
}

// ---- As text.

enum { CELL = 128 };

typedef char cell[CELL];

typedef struct rows {
    cell *cells;
    int64_t columns, count, most;
    int *widths;
} rows;

static cell *add_row(rows *r, const char *name) {
    cell *row = &r->cells[r->count++ * r->columns];
    snprintf(row[0], CELL, "%s", name);
    return row;
}

static void fill_head(rows *r, const results *all) {
    const char *name;
    json_t *value;
    cell *at = add_row(r, "run");
    snprintf(*++at, CELL, "status");
    snprintf(*++at, CELL, "epochs");
    json_object_foreach(all->names, name, value) snprintf(*++at, CELL, "%s", name);
    snprintf(*++at, CELL, "seconds");
    snprintf(*++at, CELL, "weights");
}

static void fill_run(rows *r, const results *all, int64_t number_of_run) {
    const nnrt_process *process = &all->table->processes[number_of_run];
    const char *name, *print = json_string_value(json_object_get(process->result, "fingerprint"));
    json_t *value;
    cell *at = add_row(r, process->run->name);
    snprintf(*++at, CELL, "%s", word_of(process));
    snprintf(*++at, CELL, "%" PRId64,
             (int64_t)json_integer_value(json_object_get(process->result, "epochs")));
    json_object_foreach(all->names, name, value)
        print_value(*++at, CELL, number(all->values[number_of_run], name));
    snprintf(*++at, CELL, "%.2f", process->seconds);
    snprintf(*++at, CELL, "%s", print ? print : "-");
}

static void fill_spread(rows *r, const results *all, int64_t rate, int is_mean) {
    const nnrt_plan *plan = all->table->plan;
    const char *name;
    json_t *value;
    char title[CELL];
    // "rate 0.01, seed 3" -> "rate 0.01, mean"
    int kept = plan->rates > 1 ? (int)(strchr(plan->runs[rate * plan->seeds].name, ',') -
                                       plan->runs[rate * plan->seeds].name)
                               : 0;
    snprintf(title, sizeof title, "%.*s%s%s", kept, plan->runs[rate * plan->seeds].name,
             kept ? ", " : "", is_mean ? "mean" : "deviation");
    cell *at = add_row(r, title) + 2;
    json_object_foreach(all->names, name, value) {
        spread s = spread_of(all, rate, name);
        print_value(*++at, CELL, is_mean ? s.mean : s.deviation);
    }
}

static void print_row(const rows *r, const cell *row) {
    int64_t last = r->columns - 1;
    while (last && !row[last][0]) last--;
    for (int64_t k = 0; k <= last; k++) {
        int is_left = k < 2 || k + 1 == r->columns, width = is_left ? -r->widths[k] : r->widths[k];
        printf("%s%*s", k ? "  " : "", k == last && is_left ? 0 : width, row[k]);
    }
    printf("\n");
}

static void measure(rows *r) {
    for (int64_t i = 0; i < r->count * r->columns; i++) {
        int width = (int)strlen(r->cells[i]);
        if (width > r->widths[i % r->columns]) r->widths[i % r->columns] = width;
    }
}

static void print_all(rows *r, const results *all) {
    const nnrt_plan *plan = all->table->plan;
    fill_head(r, all);
    for (int64_t rate = 0; rate < plan->rates; rate++) {
        for (int64_t k = 0; k < plan->seeds; k++) fill_run(r, all, rate * plan->seeds + k);
        if (plan->seeds < 2 || !json_object_size(all->names)) continue;
        fill_spread(r, all, rate, 1);
        fill_spread(r, all, rate, 0);
    }
    measure(r);
    for (int64_t i = 0; i < r->count; i++) print_row(r, &r->cells[i * r->columns]);
    printf("%" PRId64 " runs in %.2f s, %" PRId64 " at a time, %" PRId64 " thread%s each\n",
           plan->count, all->table->seconds, all->table->jobs, all->table->threads,
           all->table->threads == 1 ? "" : "s");
}

void nnrt_table_print(const nnrt_table *table) {
    results all;
    if (gather(&all, table)) {
        rows r = {.columns = 5 + (int64_t)json_object_size(all.names),
                  .most = 1 + table->plan->count + 2 * table->plan->rates};
        r.cells = calloc((size_t)(r.most * r.columns), sizeof *r.cells);
        r.widths = calloc((size_t)r.columns, sizeof *r.widths);
        if (r.cells && r.widths)
            print_all(&r, &all);
        else
            nnrt_print_lost("there is no memory for the table");
        free(r.cells);
        free(r.widths);
    }
    drop(&all);
}

// ---- As JSON.

static json_t *json_number_or_null(double value) {
    return isfinite(value) ? json_real(value) : json_null();
}

static json_t *run_json(const nnrt_process *process) {
    json_t *run = process->result ? json_copy(process->result) : json_object();
    json_object_set_new(run, "seed", json_integer(process->run->seed));
    if (process->run->rate > 0)
        json_object_set_new(run, "learning_rate", json_real(process->run->rate));
    json_object_set_new(run, "status", json_string(word_of(process)));
    return run;
}

static json_t *spread_json(const results *all, int64_t rate) {
    const nnrt_planned *first = &all->table->plan->runs[rate * all->table->plan->seeds];
    json_t *object = json_object(), *mean = json_object(), *deviation = json_object(), *value;
    const char *name;
    int64_t most = 0;
    json_object_foreach(all->names, name, value) {
        spread s = spread_of(all, rate, name);
        if (s.count > most) most = s.count;
        json_object_set_new(mean, name, json_number_or_null(s.mean));
        json_object_set_new(deviation, name, json_number_or_null(s.deviation));
    }
    if (first->rate > 0) json_object_set_new(object, "learning_rate", json_real(first->rate));
    json_object_set_new(object, "runs", json_integer(most));
    json_object_set_new(object, "mean", mean);
    json_object_set_new(object, "deviation", deviation);
    return object;
}

static json_t *table_json(const results *all) {
    const nnrt_table *table = all->table;
    json_t *object = json_object(), *runs = json_array(), *summary = json_array();
    for (int64_t i = 0; i < table->plan->count; i++)
        json_array_append_new(runs, run_json(&table->processes[i]));
    for (int64_t rate = 0; rate < table->plan->rates; rate++)
        json_array_append_new(summary, spread_json(all, rate));
    json_object_set_new(object, "runs", runs);
    json_object_set_new(object, "summary", summary);
    json_object_set_new(object, "seconds", json_real(table->seconds));
    json_object_set_new(object, "jobs", json_integer(table->jobs));
    json_object_set_new(object, "threads", json_integer(table->threads));
    return object;
}

void nnrt_table_json(const nnrt_table *table) {
    results all;
    if (gather(&all, table)) {
        json_t *object = table_json(&all);
        char *text = json_dumps(object, JSON_COMPACT);
        if (text)
            printf("%s\n", text);
        else
            nnrt_print_lost("there is no memory for the results");
        free(text);
        json_decref(object);
    }
    drop(&all);
}
