#include "pairs.h"

#include "grow.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// All chains are grown. Of those one in two is run, under sanitizers, where each takes seconds, one
// in eleven; all of them with NNC_ALL=1.
#ifdef __SANITIZE_ADDRESS__
enum { RUN_EACH = 11 };
#else
enum { RUN_EACH = 2 };
#endif
enum { MAX_OPERATORS = 128, CHAIN = 8, FRUITLESS = 60 };

typedef struct Pairs {
    Random random;
    int count;                                      // of operators
    bool covered[MAX_OPERATORS + 1][MAX_OPERATORS]; // the last row: at the input
    Network network;
    int last; // operator of the newest value
} Pairs;

static bool add(Pairs *pairs, Grower *grower, int operator) {
    int value = grower->network->step_count;
    if (!grow_operator(grower, draw_operator(operator), value)) return false;
    pairs->covered[pairs->last][operator] = true;
    pairs->last = operator;
    return true;
}

// An operator that has not followed the newest value's yet.
static bool add_new(Pairs *pairs, Grower *grower) {
    int first = random_below(&pairs->random, pairs->count);
    for (int i = 0; i < pairs->count; i++) {
        int operator=(first + i) % pairs->count;
        if (!pairs->covered[pairs->last][operator] && add(pairs, grower, operator)) return true;
    }
    return false;
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
    int fresh = 0;
    grow_begin(grower, draw_input(pairs, number));
    grower->network->batch = batches[number % 4];
    grower->most_elements = 400;
    grower->options = number % 3 * 15;
    pairs->last = pairs->count;
    for (int i = 0; i < CHAIN; i++) {
        if (add_new(pairs, grower))
            fresh++;
        else if (!add(pairs, grower, random_below(&pairs->random, pairs->count)))
            continue;
    }
    return fresh && grow_training(grower, (uint64_t)number);
}

static int report(const Pairs *pairs) {
    int made = 0, missing = 0;
    for (int b = 0; b < pairs->count; b++) {
        int before = 0;
        for (int a = 0; a <= pairs->count; a++) before += pairs->covered[a][b];
        for (int a = 0; a < pairs->count; a++) made += pairs->covered[a][b];
        if (before) continue;
        printf("no rule for operator %s: it was never accepted\n", draw_operator(b)->schema.name);
        missing++;
    }
    printf("%d of %d pairs of %d operators\n", made, pairs->count * pairs->count, pairs->count);
    return missing;
}

int pairs_run(Run *run) {
    static Pairs pairs;
    bool runs_all = getenv("NNC_ALL") != NULL;
    pairs = (Pairs){.random = {1}, .count = draw_operator_count()};
    for (int number = 0, fruitless = 0; fruitless < FRUITLESS; number++) {
        Arena *arena = arena_create();
        Grower grower = {&pairs.random, arena, &pairs.network, 0, 0};
        bool grown = grow_chain(&pairs, &grower, number);
        fruitless = grown ? 0 : fruitless + 1;
        if (grown && (runs_all || number % RUN_EACH == 0))
            run_network(run, arena, &pairs.network, arena_format(arena, "pairs-%d", number));
        arena_destroy(arena);
    }
    return report(&pairs) + run_end(run);
}
