#include "pairs.h"

#include "grow.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Chains with few new pairs, which have a seventh of the pairs that can be made, are run with
// NNC_ALL=1 alone; under sanitizers, where each takes seconds, so are ten of eleven. LLVM optimises
// one chain in twelve: what it does to code is the matter of networks/random.
#ifdef __SANITIZE_ADDRESS__
enum { RUN_EACH = 11 };
#else
enum { RUN_EACH = 1 };
#endif
enum { MAX_OPERATORS = 128, CHAIN = 14, FRUITLESS = 60, LEAST_FRESH = 10, OPTIMIZE_EACH = 12 };
// A pair that was refused so often, each time with all that `grow_operator` tries, is none.
enum { PATIENCE = 30 };

typedef struct Pairs {
    Random random;
    int count;                                      // of operators
    bool covered[MAX_OPERATORS + 1][MAX_OPERATORS]; // the last row: at the input
    int refused[MAX_OPERATORS + 1][MAX_OPERATORS];
    Network network;
    int last; // operator of the newest value
    struct {
        int before, operator;
    } fresh[CHAIN]; // pairs of this chain
    int fresh_count;
} Pairs;

static bool is_open(const Pairs *pairs, int before, int operator) {
    return !pairs->covered[before][operator] && pairs->refused[before][operator] < PATIENCE;
}

static int count_open(const Pairs *pairs, int before) {
    int open = 0;
    for (int i = 0; i < pairs->count; i++) open += is_open(pairs, before, i);
    return open;
}

static bool add(Pairs *pairs, Grower *grower, int operator) {
    int value = grower->network->step_count;
    if (!grow_operator(grower, draw_operator(operator), value)) {
        pairs->refused[pairs->last][operator]++;
        return false;
    }
    pairs->last = operator;
    return true;
}

// An operator that has not followed the newest value's yet.
static bool add_new(Pairs *pairs, Grower *grower) {
    int first = random_below(&pairs->random, pairs->count), last = pairs->last;
    for (int i = 0; i < pairs->count; i++) {
        int operator=(first + i) % pairs->count;
        if (!is_open(pairs, last, operator) || !add(pairs, grower, operator)) continue;
        pairs->covered[last][operator] = true;
        pairs->fresh[pairs->fresh_count].before = last;
        pairs->fresh[pairs->fresh_count++].operator= operator;
        return true;
    }
    return false;
}

// One that leads on: of some that fit, that with the most pairs to come.
static bool add_bridge(Pairs *pairs, Grower *grower) {
    enum { TRIES = 12 };
    int best = 0, most = -1;
    for (int i = 0; i < TRIES; i++) {
        int operator= random_below(&pairs->random, pairs->count);
        int open = count_open(pairs, operator);
        if (open <= most || pairs->refused[pairs->last][operator] >= PATIENCE) continue;
        best = operator;
        most = open;
    }
    return most >= 0 && add(pairs, grower, best);
}

static Type draw_input(Pairs *pairs, int number) {
    static const Type types[] = {
        {DTYPE_F32, true, 1, {7}},       {DTYPE_F32, true, 2, {6, 5}},
        {DTYPE_F32, true, 3, {6, 5, 4}}, {DTYPE_F32, true, 3, {5, 7, 3}},
        {DTYPE_F32, true, 2, {9, 4}},    {DTYPE_F32, true, 4, {2, 3, 4, 2}}};
    (void)pairs;
    return types[number % 6];
}

// A chain of new pairs, between them such as lead to others. False: there is none.
static bool grow_chain(Pairs *pairs, Grower *grower, int number) {
    static const int64_t batches[] = {3, 8, 5, 17};
    grow_begin(grower, draw_input(pairs, number));
    grower->network->batch = batches[number % 4];
    grower->most_elements = 400;
    grower->options = number % 3 * 15;
    pairs->last = pairs->count;
    pairs->fresh_count = 0;
    for (int i = 0; i < CHAIN; i++)
        if (!add_new(pairs, grower)) add_bridge(pairs, grower);
    if (pairs->fresh_count && grow_training(grower, (uint64_t)number)) return true;
    for (int i = 0; i < pairs->fresh_count; i++)
        pairs->covered[pairs->fresh[i].before][pairs->fresh[i].operator] = false;
    return false;
}

static int report(const Pairs *pairs, int run) {
    int made = 0, missing = 0;
    for (int b = 0; b < pairs->count; b++) {
        int before = 0;
        for (int a = 0; a <= pairs->count; a++) before += pairs->covered[a][b];
        for (int a = 0; a < pairs->count; a++) made += pairs->covered[a][b];
        if (before) continue;
        printf("no rule for operator %s: it was never accepted\n", draw_operator(b)->schema.name);
        missing++;
    }
    printf("%d of %d pairs of %d operators, %d of them run\n", made, pairs->count * pairs->count,
           pairs->count, run);
    return missing;
}

int pairs_run(Run *run) {
    static Pairs pairs;
    bool runs_all = getenv("NNC_ALL") != NULL;
    pairs = (Pairs){.random = {1}, .count = draw_operator_count()};
    int covered = 0; // by chains that are run
    for (int number = 0, fruitless = 0; fruitless < FRUITLESS; number++) {
        Arena *arena = arena_create();
        Grower grower = {&pairs.random, arena, &pairs.network, 0, 0, 0};
        bool grown = grow_chain(&pairs, &grower, number);
        fruitless = grown ? 0 : fruitless + 1;
        pairs.network.setup.is_quick = number % OPTIMIZE_EACH != 0;
        bool is_run = pairs.fresh_count >= LEAST_FRESH && number % RUN_EACH == 0;
        if (grown && (runs_all || is_run)) {
            covered += pairs.fresh_count;
            run_network(run, arena, &pairs.network, arena_format(arena, "pairs-%d", number));
        }
        arena_destroy(arena);
    }
    return report(&pairs, covered) + run_end(run);
}
