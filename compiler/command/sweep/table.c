// A sweep as a table and as JSON.
#include "../runs/table.h"
#include "outcome.h"
#include "words.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool varies(const Axis *axis) {
    return axis->values.count > 1;
}

static void put_axis_names(const Sweep *sweep, Cells *cells) {
    for (int i = 0; i < sweep->axes.items.count; i++)
        if (varies(&sweep->axes.items.items[i]))
            vec_push(sweep->arena, cells, sweep->axes.items.items[i].name);
}

static void put_axis_values(const Sweep *sweep, const Point *point, Cells *cells) {
    for (int i = 0; i < sweep->axes.items.count; i++)
        if (varies(&sweep->axes.items.items[i]))
            vec_push(sweep->arena, cells, point_value(point, &sweep->axes, i));
}

// "5 done", "3 done, 2 not finite"; what could not begin is "failed".
static const char *states_text(const Sweep *sweep, const Outcome *outcome) {
    static const TrialState order[] = {TRIAL_DONE,      TRIAL_NOT_FINITE, TRIAL_UNFINISHED,
                                       TRIAL_ELSEWHERE, TRIAL_NEW,        TRIAL_WRONG};
    static const char *const words[] = {
        [TRIAL_NEW] = "not trained",       [TRIAL_UNFINISHED] = "unfinished",
        [TRIAL_ELSEWHERE] = "at work",     [TRIAL_DONE] = "done",
        [TRIAL_NOT_FINITE] = "not finite", [TRIAL_WRONG] = "wrong"};
    Text text = text_create(sweep->arena);
    for (size_t i = 0; i < sizeof order / sizeof *order; i++)
        if (outcome->count[order[i]])
            text_format(&text, "%s%d %s", text.length ? ", " : "", outcome->count[order[i]],
                        words[order[i]]);
    return text.data;
}

static const char *spread_text(const Sweep *sweep, const nnrt_spread *spread) {
    const char *mean = table_value(sweep->arena, nnrt_spread_mean(spread));
    double deviation = nnrt_spread_deviation(spread);
    if (isnan(deviation)) return mean;
    return arena_format(sweep->arena, "%s +- %s", mean, table_value(sweep->arena, deviation));
}

static Cells head_of(const Sweep *sweep, const Outcomes *outcomes) {
    Cells cells = {0};
    put_axis_names(sweep, &cells);
    for (int i = 0; i < outcomes->names.count; i++)
        vec_push(sweep->arena, &cells, outcomes->names.items[i]);
    vec_push(sweep->arena, &cells, "time");
    vec_push(sweep->arena, &cells, "runs");
    return cells;
}

static Cells line_of(const Sweep *sweep, const Outcomes *outcomes, const Outcome *outcome) {
    Cells cells = {0};
    put_axis_values(sweep, outcome->point, &cells);
    for (int i = 0; i < outcomes->names.count; i++)
        vec_push(sweep->arena, &cells, spread_text(sweep, &outcome->spreads[i]));
    vec_push(sweep->arena, &cells, table_time(sweep->arena, outcome->seconds));
    vec_push(sweep->arena, &cells, states_text(sweep, outcome));
    return cells;
}

// ---- What went wrong.

static const char *message_of(const Trial *trial) {
    const json_t *said = trial->run ? json_object_get(trial->run->about, "message") : NULL;
    if (trial->state == TRIAL_DONE) return NULL;
    return json_is_string(said) ? json_string_value(said) : trial->message;
}

// The first one of a combination, whose other seeds mostly say the same.
static void put_failures(Text *out, const Sweep *sweep, const Point *point) {
    const Trial *first = NULL;
    int count = 0;
    for (int i = 0; i < sweep->trials.items.count; i++) {
        const Trial *trial = &sweep->trials.items.items[i];
        if (trial->point != point || !message_of(trial)) continue;
        if (!first) first = trial;
        count++;
    }
    if (!first) return;
    const char *message = message_of(first);
    text_format(out, "%s, seed %lld: %.*s", point->label, (long long)first->seed,
                (int)strcspn(message, "\n"), message);
    if (count > 1) text_format(out, " (and %d more)", count - 1);
    text_put(out, "\n");
}

static void put_messages(Text *out, const Sweep *sweep) {
    Text lines = text_create(sweep->arena);
    for (int i = 0; i < sweep->points.items.count; i++) {
        const Point *point = &sweep->points.items.items[i];
        if (point->message)
            text_format(&lines, "%s: %s\n", point->label, point->message);
        else
            put_failures(&lines, sweep, point);
    }
    if (lines.length) text_format(out, "\n%s", lines.data);
}

static void put_best(Text *out, const Sweep *sweep, const Outcomes *outcomes) {
    const Outcome *best = &outcomes->items.items[0];
    if (!best->best) return;
    text_format(out, "\nbest: %s", best->point->label);
    if (outcomes->watched)
        text_format(out, ", %s %s", outcomes->watched, spread_text(sweep, &best->watched));
    text_format(out, "\n%s run is %s/%s, with seed %lld\n",
                best->count[TRIAL_DONE] > 1 ? "its best" : "its", sweep->folder,
                best->best->run->name, (long long)best->best->seed);
}

void outcomes_print(Text *out, const Sweep *sweep, const Outcomes *outcomes) {
    int count = outcomes->items.count + 1;
    Cells *lines = ARENA_ARRAY(sweep->arena, Cells, count);
    lines[0] = head_of(sweep, outcomes);
    for (int i = 1; i < count; i++)
        lines[i] = line_of(sweep, outcomes, &outcomes->items.items[i - 1]);
    table_print(out, lines, count);
    put_messages(out, sweep);
    put_best(out, sweep, outcomes);
}

// ---- JSON.

static json_t *number_json(double number) {
    return isfinite(number) ? json_real(number) : json_null();
}

static json_t *point_json(const Sweep *sweep, const Point *point) {
    json_t *values = json_object();
    for (int i = 0; i < sweep->axes.items.count; i++)
        json_object_set_new(values, sweep->axes.items.items[i].name,
                            json_string(point_value(point, &sweep->axes, i)));
    return values;
}

static json_t *trial_json(const Sweep *sweep, const Trial *trial) {
    json_t *json = json_object();
    const char *message = message_of(trial);
    json_object_set_new(json, "seed", json_integer(trial->seed));
    json_object_set_new(
        json, "status",
        json_string(trial->run ? trial->run->status : trial_state_text(trial->state)));
    if (trial->run)
        json_object_set_new(
            json, "run",
            json_string(arena_format(sweep->arena, "%s/%s", sweep->folder, trial->run->name)));
    if (message) json_object_set_new(json, "message", json_string(message));
    return json;
}

static json_t *trials_json(const Sweep *sweep, const Point *point) {
    json_t *runs = json_array();
    for (int i = 0; i < sweep->trials.items.count; i++)
        if (sweep->trials.items.items[i].point == point)
            json_array_append_new(runs, trial_json(sweep, &sweep->trials.items.items[i]));
    return runs;
}

static json_t *outcome_json(const Sweep *sweep, const Outcomes *outcomes, const Outcome *outcome) {
    json_t *json = json_object(), *results = json_object();
    for (int i = 0; i < outcomes->names.count; i++) {
        const nnrt_spread *spread = &outcome->spreads[i];
        json_t *value = json_object();
        json_object_set_new(value, "mean", number_json(nnrt_spread_mean(spread)));
        json_object_set_new(value, "deviation", number_json(nnrt_spread_deviation(spread)));
        json_object_set_new(results, outcomes->names.items[i], value);
    }
    json_object_set_new(json, "values", point_json(sweep, outcome->point));
    json_object_set_new(json, "done", json_integer(outcome->count[TRIAL_DONE]));
    json_object_set_new(json, "results", results);
    json_object_set_new(json, "seconds", number_json(outcome->seconds));
    if (outcome->point->message)
        json_object_set_new(json, "message", json_string(outcome->point->message));
    json_object_set_new(json, "runs", trials_json(sweep, outcome->point));
    return json;
}

void outcomes_print_json(Text *out, const Sweep *sweep, const Outcomes *outcomes) {
    json_t *all = json_object(), *items = json_array();
    for (int i = 0; i < outcomes->items.count; i++)
        json_array_append_new(items, outcome_json(sweep, outcomes, &outcomes->items.items[i]));
    json_object_set_new(all, "file", json_string(sweep->options->operand));
    json_object_set_new(all, "folder", json_string(sweep->folder));
    json_object_set_new(all, "monitored",
                        outcomes->watched ? json_string(outcomes->watched) : json_null());
    json_object_set_new(all, "more_is_better", json_boolean(outcomes->more_is_better));
    json_object_set_new(all, "combinations", items);
    char *text = json_dumps(all, 0);
    text_format(out, "%s\n", text ? text : "{}");
    free(text);
    json_decref(all);
}

// ---- What would be done.

static const char *plan_text(const Sweep *sweep, const Trial *trial) {
    if (!trial->run) return trial_state_text(trial->state);
    return arena_format(sweep->arena, "%s: %s", trial_state_text(trial->state), trial->run->name);
}

static void put_first_command(Text *out, const Sweep *sweep) {
    for (int i = 0; i < sweep->trials.items.count; i++) {
        const Trial *trial = &sweep->trials.items.items[i];
        if (trial->state != TRIAL_NEW && trial->state != TRIAL_UNFINISHED) continue;
        Words words = words_by_hand(sweep, trial);
        text_put(out, "\nthe first one by hand:");
        for (int k = 0; k < words.count; k++) {
            text_put(out, " ");
            text_shell_word(out, words.items[k]);
        }
        text_put(out, "\n");
        return;
    }
}

void outcomes_print_plan(Text *out, const Sweep *sweep) {
    int count = sweep->trials.items.count, points = sweep->points.items.count;
    Cells *lines = ARENA_ARRAY(sweep->arena, Cells, count + 1);
    put_axis_names(sweep, &lines[0]);
    vec_push(sweep->arena, &lines[0], "seed");
    vec_push(sweep->arena, &lines[0], "run");
    for (int i = 0; i < count; i++) {
        const Trial *trial = &sweep->trials.items.items[i];
        put_axis_values(sweep, trial->point, &lines[i + 1]);
        vec_push(sweep->arena, &lines[i + 1],
                 arena_format(sweep->arena, "%lld", (long long)trial->seed));
        vec_push(sweep->arena, &lines[i + 1], plan_text(sweep, trial));
    }
    table_print(out, lines, count + 1);
    put_messages(out, sweep);
    text_format(out, "\n%d combination%s", points, points == 1 ? "" : "s");
    if (points < sweep->points.all) text_format(out, " of %d", sweep->points.all);
    text_format(out, ", %d run%s: %d to train, %d to go on with, %d done\n", count,
                count == 1 ? "" : "s", trials_count(&sweep->trials, TRIAL_NEW),
                trials_count(&sweep->trials, TRIAL_UNFINISHED),
                trials_count(&sweep->trials, TRIAL_DONE));
    put_first_command(out, sweep);
}
