// The planner itself: intervals to offsets, greedy by size.
#include "memory.h"

#include <stdlib.h>

static int compare_sizes(const void *a, const void *b) {
    const PlanItem *x = *(PlanItem *const *)a, *y = *(PlanItem *const *)b;
    if (x->size != y->size) return x->size < y->size ? 1 : -1;
    return x < y ? -1 : x > y;
}

int plan_last_beside(int last, int window_last, int other_window_last) {
    return window_last && !other_window_last ? window_last : last;
}

static bool live_together(const PlanItem *a, const PlanItem *b) {
    return plan_last_beside(a->last, a->window_last, b->window_last) >= b->first &&
           plan_last_beside(b->last, b->window_last, a->window_last) >= a->first;
}

int64_t plan_lowest_gap(const PlanItem *placed, int count, const PlanItem *item) {
    int64_t offset = 0;
    for (bool moved = true; moved;) {
        moved = false;
        for (int i = 0; i < count; i++) {
            const PlanItem *other = &placed[i];
            if (!live_together(other, item)) continue;
            if (other->offset + other->size <= offset || offset + item->size <= other->offset)
                continue;
            offset = other->offset + other->size;
            moved = true;
        }
    }
    return offset;
}

int64_t plan_offsets(PlanItem *items, int count, Arena *arena) {
    PlanItem **order = ARENA_ARRAY(arena, PlanItem *, count + 1);
    PlanItem *placed = ARENA_ARRAY(arena, PlanItem, count + 1);
    for (int i = 0; i < count; i++) order[i] = &items[i];
    if (count) qsort(order, (size_t)count, sizeof *order, compare_sizes);
    int64_t peak = 0;
    for (int i = 0; i < count; i++) {
        order[i]->offset = plan_lowest_gap(placed, i, order[i]);
        placed[i] = *order[i];
        int64_t end = order[i]->offset + order[i]->size;
        if (end > peak) peak = end;
    }
    return peak;
}
