#include "words.h"

#include <string.h>
#include <unistd.h>

// A combination whose resolved program is not known, as it is wrong now: that of the same command.
static void find_called(Trial *trial, Arena *arena) {
    const Point *point = trial->point;
    const char *file = point->options.operand, *whole = arena_realpath(arena, file);
    if (point->source) return;
    trial->called[0] = words_called(arena, point, file);
    trial->called[1] = whole ? words_called(arena, point, whole) : NULL;
}

void trials_make(Trials *trials, Points *points, const Axes *axes, Arena *arena) {
    *trials = (Trials){.runs = {.arena = arena}};
    for (int s = 0; s < axes->seeds.count; s++)
        for (int i = 0; i < points->items.count; i++) {
            Point *point = &points->items.items[i];
            Trial trial = {.point = point, .seed = axes->seeds.items[s]};
            trial.said = arena_format(arena, "--seed %lld%s%s", (long long)trial.seed,
                                      *point->said ? " " : "", point->said);
            find_called(&trial, arena);
            vec_push(arena, &trials->items, trial);
        }
}

static TrialState state_of(const Run *run) {
    if (!strcmp(run->status, "done")) return TRIAL_DONE;
    if (!strcmp(run->status, "not finite")) return TRIAL_NOT_FINITE;
    return strcmp(run->status, "running") ? TRIAL_UNFINISHED : TRIAL_ELSEWHERE;
}

static bool was_called_so(const Runs *runs, Run *run, const Trial *trial) {
    const char *called = json_string_value(json_object_get(run->about, "called"));
    bool is_same = false;
    for (int i = 0; i < 2; i++)
        is_same |= called && trial->called[i] && !strcmp(called, trial->called[i]);
    return is_same && trial->point->written &&
           !strcmp(run_written(runs, run), trial->point->written);
}

static bool is_of(const Runs *runs, Run *run, const Trial *trial) {
    if (strcmp(run->options, trial->said) != 0) return false;
    const char *source = trial->point->source;
    return source ? !strcmp(run->source, source) : was_called_so(runs, run, trial);
}

// Of several the one that is furthest, and of these the last.
static void match(Trial *trial, const Runs *runs) {
    for (int i = 0; i < runs->items.count; i++) {
        Run *run = runs->items.items[i];
        if (!is_of(runs, run, trial) || state_of(run) < trial->state) continue;
        trial->run = run;
        trial->state = state_of(run);
    }
}

// What is wrong now may have been trained before.
static void find(Trial *trial, const Runs *runs) {
    bool is_wrong = trial->point->state == POINT_WRONG;
    trial->run = NULL;
    trial->state = TRIAL_NEW;
    match(trial, runs);
    if (is_wrong && trial->state < TRIAL_DONE) trial->state = TRIAL_WRONG;
}

// Where the folder cannot be read, what was known of it stays.
bool trials_read(Trials *trials, const char *folder) {
    Runs *runs = &trials->runs;
    bool is_first = !runs->folder;
    if (is_first) runs->folder = folder;
    if ((!is_first || !access(folder, F_OK)) && !runs_refresh(runs)) return false;
    for (int i = 0; i < trials->items.count; i++) find(&trials->items.items[i], runs);
    return true;
}

void trials_free(Trials *trials) {
    runs_free(&trials->runs);
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
