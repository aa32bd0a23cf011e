#include "outcome.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

// ---- What is watched: what the runs say they are judged by.

static void find_watched(const Sweep *sweep, Outcomes *outcomes) {
    for (int i = 0; i < sweep->trials.items.count; i++) {
        const Run *run = sweep->trials.items.items[i].run;
        const json_t *name = run ? json_object_get(run->about, "monitored") : NULL;
        if (!json_is_string(name)) continue;
        outcomes->watched = arena_strdup(sweep->arena, json_string_value(name));
        outcomes->more_is_better = json_is_true(json_object_get(run->about, "more_is_better"));
        return;
    }
}

static void find_names(const Sweep *sweep, Outcomes *outcomes) {
    RunNames names = runs_shown_names(&sweep->trials.runs);
    if (outcomes->watched) vec_push(sweep->arena, &outcomes->names, outcomes->watched);
    for (int i = 0; i < names.count; i++)
        if (!outcomes->watched || strcmp(names.items[i], outcomes->watched) != 0)
            vec_push(sweep->arena, &outcomes->names, arena_strdup(sweep->arena, names.items[i]));
}

// ---- Over the seeds.

static nnrt_spread spread_of(const Sweep *sweep, const Point *point, const char *name) {
    nnrt_spread spread = {0};
    for (int i = 0; i < sweep->trials.items.count; i++) {
        const Trial *trial = &sweep->trials.items.items[i];
        if (trial->point != point || trial->state != TRIAL_DONE) continue;
        const RunValue *value = run_value(trial->run, name);
        if (value && !isnan(value->best)) nnrt_spread_add(&spread, value->best);
    }
    return spread;
}

static double watched_of(const Outcomes *outcomes, const Trial *trial) {
    const RunValue *value = outcomes->watched ? run_value(trial->run, outcomes->watched) : NULL;
    return value ? value->best : (double)NAN;
}

static bool is_better(const Outcomes *outcomes, double value, double than) {
    if (isnan(value)) return false;
    return isnan(than) || (outcomes->more_is_better ? value > than : value < than);
}

static void look_at_runs(const Sweep *sweep, const Outcomes *outcomes, Outcome *outcome) {
    double seconds = 0;
    for (int i = 0; i < sweep->trials.items.count; i++) {
        const Trial *trial = &sweep->trials.items.items[i];
        if (trial->point != outcome->point) continue;
        outcome->count[trial->state]++;
        if (trial->state != TRIAL_DONE) continue;
        seconds += trial->run->seconds;
        bool is_first = !outcome->best;
        if (is_first ||
            is_better(outcomes, watched_of(outcomes, trial), watched_of(outcomes, outcome->best)))
            outcome->best = trial;
    }
    int done = outcome->count[TRIAL_DONE];
    outcome->seconds = done ? seconds / done : (double)NAN;
}

static Outcome make(const Sweep *sweep, const Outcomes *outcomes, const Point *point) {
    Outcome outcome = {.point = point};
    nnrt_spread *spreads = ARENA_ARRAY(sweep->arena, nnrt_spread, outcomes->names.count + 1);
    for (int i = 0; i < outcomes->names.count; i++)
        spreads[i] = spread_of(sweep, point, outcomes->names.items[i]);
    outcome.spreads = spreads;
    if (outcomes->watched) outcome.watched = spreads[0];
    look_at_runs(sweep, outcomes, &outcome);
    return outcome;
}

// ---- Their order.

static bool goes_before(const Outcomes *outcomes, const Outcome *a, const Outcome *b) {
    bool a_fails = a->count[TRIAL_NOT_FINITE] > 0, b_fails = b->count[TRIAL_NOT_FINITE] > 0;
    bool a_is = a->count[TRIAL_DONE] > 0, b_is = b->count[TRIAL_DONE] > 0;
    if (a_is != b_is) return a_is;
    if (a_fails != b_fails) return b_fails;
    return is_better(outcomes, nnrt_spread_mean(&a->watched), nnrt_spread_mean(&b->watched));
}

// By insertion: equal ones stay as they are listed.
static void sort(Outcomes *outcomes) {
    for (int i = 1; i < outcomes->items.count; i++) {
        Outcome moved = outcomes->items.items[i];
        int k = i;
        for (; k > 0 && goes_before(outcomes, &moved, &outcomes->items.items[k - 1]); k--)
            outcomes->items.items[k] = outcomes->items.items[k - 1];
        outcomes->items.items[k] = moved;
    }
}

Outcomes outcomes_make(const Sweep *sweep) {
    Outcomes outcomes = {0};
    find_watched(sweep, &outcomes);
    find_names(sweep, &outcomes);
    for (int i = 0; i < sweep->points.items.count; i++) {
        Outcome outcome = make(sweep, &outcomes, &sweep->points.items.items[i]);
        vec_push(sweep->arena, &outcomes.items, outcome);
    }
    sort(&outcomes);
    return outcomes;
}
