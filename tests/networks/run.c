#include "run.h"

#include "shrink.h"
#include "trial.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// In the suite time is short.
enum { TOO_LARGE_SHARE = 50 }; // one of so many at most
enum { LEAST_NETWORKS = 5 };   // of so many in bfloat16 some round a product
enum { TRIALS_BY_HAND = 400, TRIALS = 60, PROGRESS = 500 };

static void write_failure(const Run *run, const char *name, const char *text) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%s.nn", run->folder, name);
    FILE *file = fopen(path, "w");
    if (!file) return;
    fputs(text, file);
    fclose(file);
}

// The line of the setup stays first: it is read again.
static char *with_verdict(Arena *arena, const char *text, const char *verdict) {
    int first = (int)strcspn(text, "\n") + 1;
    return arena_format(arena, "%.*s# %s\n%s", first, text, verdict, text + first);
}

// Kinds of internal errors are shown once; wrong numbers may have any cause.
static bool is_shown_already(const Run *run, const Verdict *verdict) {
    for (int i = 0; i < run->shown && verdict->outcome == INTERNAL_ERROR; i++)
        if (verdict_equal(&run->kinds[i], verdict)) return true;
    return run->shown == MAX_SHOWN;
}

static char *line_of(Arena *arena, const Verdict *verdict) {
    return arena_format(arena, "%s: %s", outcome_name(verdict->outcome), verdict->what);
}

static void show(Run *run, Arena *arena, Network *network, const char *name, Verdict verdict) {
    run->failures++;
    if (is_shown_already(run, &verdict)) {
        printf("---- %s: %s\n", name, line_of(arena, &verdict));
        return;
    }
    run->kinds[run->shown++] = verdict;
    verdict = shrink(arena, network, &verdict, run->folder ? TRIALS_BY_HAND : TRIALS);
    char *text = with_verdict(arena, network_text(arena, network), line_of(arena, &verdict));
    printf("---- %s\n%s", name, text);
    fflush(stdout);
    if (run->folder) write_failure(run, name, text);
}

void run_network(Run *run, Arena *arena, Network *network, const char *name) {
    Verdict verdict = trial_run(network_text(arena, network), &network->setup);
    run->networks++;
    run->steps += network->step_count;
    run->near_kinks += verdict.near_kink;
    run->in_bfloat16 += network->in_bfloat16;
    run->rounding += verdict.rounds;
    run->outcomes[verdict.outcome]++;
    if (run->networks % PROGRESS == 0) fprintf(stderr, "%d networks\n", run->networks);
    if (outcome_fails(verdict.outcome)) show(run, arena, network, name, verdict);
}

int run_end(const Run *run) {
    printf("%d networks of %d layers (%d more were refused); near a kink: %d\n", run->networks,
           run->steps, run->refused, run->near_kinks);
    if (run->in_bfloat16)
        printf("%d in bfloat16, %d of them round a product\n", run->in_bfloat16, run->rounding);
    for (int i = 0; i < OUTCOMES; i++)
        if (run->outcomes[i]) printf("  %s: %d\n", outcome_name((Outcome)i), run->outcomes[i]);
    bool compares_few = run->outcomes[TOO_LARGE] * TOO_LARGE_SHARE > run->networks;
    if (compares_few) printf("too many of them are too large to compare\n");
    bool rounds_none = run->in_bfloat16 >= LEAST_NETWORKS && !run->rounding;
    if (rounds_none) printf("none of them rounds a product to bfloat16\n");
    return run->failures + compares_few + rounds_none;
}
