#include "table.h"

#include "../../../base/numbers/spread.h"
#include "../../../base/text/listing.h"
#include "../../../base/text/number.h"
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

void nnrt_table_line(const nnrt_process *process, char *text, size_t size) {
    char cell[NNRT_SHORT_NUMBER];
    const char *name;
    json_t *value, *values = values_of(process);
    int64_t epochs = json_integer_value(json_object_get(process->result, "epochs"));
    int used = snprintf(text, size, "%s: %s, %" PRId64 " epoch%s", process->run->name,
                        word_of(process), epochs, epochs == 1 ? "" : "s");
    json_object_foreach(values, name, value) {
        if (used < 0 || (size_t)used >= size) break;
        nnrt_number_short(number(values, name), cell);
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
static nnrt_spread spread_of(const results *all, int64_t rate, const char *name) {
    const nnrt_table *table = all->table;
    int64_t first = rate * table->plan->seeds;
    nnrt_spread spread = {0};
    for (int64_t i = first; i < first + table->plan->seeds; i++) {
        double value = number(all->values[i], name);
        if (!table->processes[i].status && !isnan(value)) nnrt_spread_add(&spread, value);
    }
    return spread;
}

// ---- As text.

static void add_head(nnrt_listing *listing, const results *all) {
    const char *name;
    json_t *value;
    nnrt_listing_add(listing, "run");
    nnrt_listing_add(listing, "status");
    nnrt_listing_add(listing, "epochs");
    json_object_foreach(all->names, name, value) nnrt_listing_add(listing, "%s", name);
    nnrt_listing_add(listing, "seconds");
    nnrt_listing_add(listing, "weights");
}

static void add_value(nnrt_listing *listing, double value) {
    char text[NNRT_SHORT_NUMBER];
    nnrt_listing_add(listing, "%s", nnrt_number_short(value, text));
}

static void add_run(nnrt_listing *listing, const results *all, int64_t number_of_run) {
    const nnrt_process *process = &all->table->processes[number_of_run];
    const char *name, *print = json_string_value(json_object_get(process->result, "fingerprint"));
    json_t *value;
    nnrt_listing_add(listing, "%s", process->run->name);
    nnrt_listing_add(listing, "%s", word_of(process));
    nnrt_listing_add(listing, "%" PRId64,
                     (int64_t)json_integer_value(json_object_get(process->result, "epochs")));
    json_object_foreach(all->names, name, value)
        add_value(listing, number(all->values[number_of_run], name));
    nnrt_listing_add(listing, "%.2f", process->seconds);
    nnrt_listing_add(listing, "%s", print ? print : "-");
}

static void add_spread(nnrt_listing *listing, const results *all, int64_t rate, int is_mean) {
    const nnrt_plan *plan = all->table->plan;
    const char *name, *first = plan->runs[rate * plan->seeds].name;
    json_t *value;
    // "rate 0.01, seed 3" -> "rate 0.01, mean"
    int kept = plan->rates > 1 ? (int)(strchr(first, ',') - first) : 0;
    nnrt_listing_add(listing, "%.*s%s%s", kept, first, kept ? ", " : "",
                     is_mean ? "mean" : "deviation");
    nnrt_listing_add(listing, "%s", "");
    nnrt_listing_add(listing, "%s", "");
    json_object_foreach(all->names, name, value) {
        nnrt_spread spread = spread_of(all, rate, name);
        add_value(listing, is_mean ? nnrt_spread_mean(&spread) : nnrt_spread_deviation(&spread));
    }
    nnrt_listing_end_line(listing);
}

static void add_all(nnrt_listing *listing, const results *all) {
    const nnrt_plan *plan = all->table->plan;
    add_head(listing, all);
    for (int64_t rate = 0; rate < plan->rates; rate++) {
        for (int64_t k = 0; k < plan->seeds; k++) add_run(listing, all, rate * plan->seeds + k);
        if (plan->seeds < 2 || !json_object_size(all->names)) continue;
        add_spread(listing, all, rate, 1);
        add_spread(listing, all, rate, 0);
    }
}

// Names and words at the left, numbers at the right.
static void print_listing(const nnrt_listing *listing) {
    char *alignment = calloc(1, (size_t)listing->columns + 1);
    for (int64_t i = 0; alignment && i < listing->columns; i++)
        alignment[i] = i < 2 || i + 1 == listing->columns ? 'l' : 'r';
    if (listing->has_failed || !alignment)
        nnrt_print_lost("there is no memory for the table");
    else
        nnrt_listing_print(listing, alignment, stdout);
    free(alignment);
}

void nnrt_table_print(const nnrt_table *table) {
    results all;
    if (gather(&all, table)) {
        nnrt_listing listing = {.columns = 5 + (int64_t)json_object_size(all.names)};
        add_all(&listing, &all);
        print_listing(&listing);
        nnrt_listing_free(&listing);
        printf("%" PRId64 " runs in %.2f s, %" PRId64 " at a time, %" PRId64 " thread%s each\n",
               table->plan->count, table->seconds, table->jobs, table->threads,
               table->threads == 1 ? "" : "s");
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
        nnrt_spread spread = spread_of(all, rate, name);
        if (spread.count > most) most = spread.count;
        json_object_set_new(mean, name, json_number_or_null(nnrt_spread_mean(&spread)));
        json_object_set_new(deviation, name, json_number_or_null(nnrt_spread_deviation(&spread)));
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
