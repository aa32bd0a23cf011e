#include "trials.h"

#include <string.h>
#include <unistd.h>

void trials_make(Trials *trials, Points *points, const Axes *axes, Arena *arena) {
    *trials = (Trials){0};
    for (int s = 0; s < axes->seeds.count; s++)
        for (int i = 0; i < points->items.count; i++) {
            Trial trial = {.point = &points->items.items[i], .seed = axes->seeds.items[s]};
            vec_push(arena, &trials->items, trial);
        }
}

static TrialState state_of(const Run *run) {
    if (!strcmp(run->status, "done")) return TRIAL_DONE;
    if (!strcmp(run->status, "not finite")) return TRIAL_NOT_FINITE;
    return strcmp(run->status, "running") ? TRIAL_UNFINISHED : TRIAL_ELSEWHERE;
}

static bool is_of(const Run *run, const Trial *trial, const char *options) {
    return !strcmp(run->options, options) && !strcmp(run->source, trial->point->source);
}

// Of several the one that is furthest, and of these the last.
static void match(Trial *trial, const Runs *runs) {
    const Point *point = trial->point;
    trial->run = NULL;
    trial->state = point->state == POINT_WRONG ? TRIAL_WRONG : TRIAL_NEW;
    if (!point->source) return;
    const char *options = arena_format(runs->arena, "--seed %lld%s%s", (long long)trial->seed,
                                       *point->said ? " " : "", point->said);
    for (int i = 0; i < runs->items.count; i++) {
        const Run *run = &runs->items.items[i];
        if (!is_of(run, trial, options) || state_of(run) < trial->state) continue;
        trial->run = run;
        trial->state = state_of(run);
    }
}

static void forget(Trials *trials) {
    runs_free(&trials->runs);
    if (trials->arena) arena_destroy(trials->arena);
    trials->arena = NULL;
    trials->runs = (Runs){0};
}

// Where the folder cannot be read, what was known of it stays.
bool trials_read(Trials *trials, const char *folder) {
    Arena *arena = arena_create();
    Runs runs = {.arena = arena, .folder = folder};
    if (!access(folder, F_OK) && !runs_read(&runs, arena, folder)) {
        arena_destroy(arena);
        return false;
    }
    forget(trials);
    trials->arena = arena;
    trials->runs = runs;
    for (int i = 0; i < trials->items.count; i++) match(&trials->items.items[i], &trials->runs);
    return true;
}

void trials_free(Trials *trials) {
    forget(trials);
}

int trials_count(const Trials *trials, TrialState state) {
    int count = 0;
    for (int i = 0; i < trials->items.count; i++) count += trials->items.items[i].state == state;
    return count;
}

const char *trial_state_text(TrialState state) {
    static const char *const texts[] = {
        [TRIAL_NEW] = "to train",          [TRIAL_UNFINISHED] = "to go on with",
        [TRIAL_ELSEWHERE] = "at work",     [TRIAL_DONE] = "done",
        [TRIAL_NOT_FINITE] = "not finite", [TRIAL_WRONG] = "does not compile"};
    return texts[state];
}
