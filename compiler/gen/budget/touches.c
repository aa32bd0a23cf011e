// How far back groups find their values.
#include "effort.h"

#include "../../op/op.h"

// Who has a value's parts in the caches: all of it each worker, or its own part, as groups of one
// partition divide it.
typedef enum Holder {
    HELD_BY_NONE,
    HELD_WHOLE,
    HELD_BY_ROWS,
    HELD_BY_OUTPUTS,
    HELD_BY_FIRST
} Holder;

// What is known of a value: the last touch of it.
typedef struct Last {
    int place; // in the order of all touches, from 1; 0: there was none
    int group;
    Holder holder;
    bool is_written;
} Last;

typedef struct Walk {
    const Schedule *schedule;
    Arena *arena;
    Last *last;         // by number of the value
    nnrt_count *sums;   // by place, as a tree of partial sums (P. M. Fenwick, 1994)
    int size;           // places
    int place;          // of the last touch
    int begin;          // of the last one before this step
    const Group *group; // whose touches are being listed
    bool is_counted;    // the second step, when all values have been touched before
    Touches list;
} Walk;

// ---- Sums of bytes by place.

static void add_at(Walk *w, int place, const nnrt_count *amount, double sign) {
    for (int i = place; i <= w->size; i += i & -i) {
        w->sums[i].sample += sign * amount->sample;
        w->sums[i].step += sign * amount->step;
    }
}

static nnrt_count sum_to(const Walk *w, int place) {
    nnrt_count sum = {0, 0};
    for (int i = place; i > 0; i -= i & -i) {
        sum.sample += w->sums[i].sample;
        sum.step += w->sums[i].step;
    }
    return sum;
}

static nnrt_count sum_behind(const Walk *w, int place) {
    nnrt_count all = sum_to(w, w->place), before = sum_to(w, place);
    return (nnrt_count){all.sample - before.sample, all.step - before.step};
}

// ---- Values.

static int number_of(const Walk *w, const Node *value) {
    const Graph *graph = w->schedule->graph;
    int weights = schedule_weights_of(w->schedule, value);
    return weights >= 0 ? graph->nodes.count + weights : value->id;
}

static nnrt_count bytes_of(const Walk *w, const Node *value) {
    double bytes = (double)type_elements(&value->type) *
                   (double)dtype_bytes(schedule_dtype(w->schedule, value));
    if (value->type.batched) return (nnrt_count){bytes, 0};
    return (nnrt_count){0,
                        schedule_is_chunked(value) ? bytes * (double)w->schedule->chunks : bytes};
}

static bool is_in_memory(const Walk *w, const Node *value) {
    if (value->op->fuse == FUSE_LEAF)
        return value->parameter || value->slot || value->op->leaf == LEAF_COLUMN;
    return w->schedule->buffers[value->id].is_stored;
}

// What the group's partition makes of the value.
static Holder holder_of(const Walk *w, const Node *value) {
    bool has_parts = value->type.batched || schedule_is_chunked(value);
    switch (w->group->partition) {
    case PARTITION_ROWS: return has_parts ? HELD_BY_ROWS : HELD_WHOLE;
    case PARTITION_OUTPUT: return value->type.batched ? HELD_WHOLE : HELD_BY_OUTPUTS;
    default: return HELD_BY_FIRST;
    }
}

static bool is_foreign(const Last *last, Holder holder) {
    return last->is_written ? last->holder != holder
                            : last->holder != holder && last->holder != HELD_WHOLE;
}

// Of the window of samples in which the value was touched in this step, too: how many; else 0.
static int64_t window_since(const Walk *w, const Last *last) {
    Group *const *groups = w->schedule->groups.items;
    int first = last->group;
    if (last->place <= w->begin) return 0;
    while (first >= 0 && !groups[first]->window) first--; // the window's first group alone says so
    return first >= 0 && w->group->id < groups[first]->window_end ? groups[first]->window : 0;
}

// ---- Touches.

static void touch(Walk *w, const Node *value, bool writes) {
    Last *last = &w->last[number_of(w, value)];
    nnrt_count bytes = bytes_of(w, value);
    Holder holder = holder_of(w, value);
    if (w->is_counted) {
        Touch t = {.node = value, .touch = {.group = w->group->id, .bytes = bytes}};
        t.touch.is_whole = holder == HELD_WHOLE;
        t.touch.is_data = value->op->leaf == LEAF_COLUMN;
        if (!t.touch.is_data) {
            t.touch.between = sum_behind(w, last->place);
            t.touch.is_foreign = !writes && is_foreign(last, holder);
            t.touch.window = window_since(w, last);
        }
        vec_push(w->arena, &w->list, t);
    }
    if (last->place) add_at(w, last->place, &bytes, -1);
    add_at(w, ++w->place, &bytes, 1);
    bool stays_written = !writes && last->is_written && last->holder == holder;
    *last = (Last){w->place, w->group->id, holder, writes || stays_written};
}

static void touch_read(Node *value, void *state) {
    Walk *w = state;
    if (is_in_memory(w, value)) touch(w, value, false);
}

static void touch_group(Walk *w, const Group *group) {
    w->group = group;
    schedule_visit_reads(w->schedule, group, touch_read, w);
    for (int i = 0; i < group->nodes.count; i++)
        if (w->schedule->buffers[group->nodes.items[i]->id].is_stored)
            touch(w, group->nodes.items[i], true);
    for (int i = 0; i < group->assigns.count; i++) touch(w, group->assigns.items[i], true);
}

static void count_touch(Node *value, void *state) {
    (void)value;
    ++*(int *)state;
}

// At most so many touches in two rounds.
static int most_touches(const Schedule *schedule) {
    int count = 0;
    for (int i = 0; i < schedule->groups.count; i++) {
        const Group *group = schedule->groups.items[i];
        schedule_visit_reads(schedule, group, count_touch, &count);
        count += group->nodes.count + group->assigns.count;
    }
    return 2 * count;
}

// Above the numbers of all values.
static int end_of_numbers(const Walk *w) {
    const NodeList *nodes = &w->schedule->graph->nodes;
    int end = 1;
    for (int i = 0; i < nodes->count; i++) {
        int number = number_of(w, nodes->items[i]);
        if (number >= end) end = number + 1;
    }
    return end;
}

Touches effort_touches(const Schedule *schedule, Arena *arena) {
    Walk w = {.schedule = schedule, .arena = arena, .size = most_touches(schedule)};
    w.last = ARENA_ARRAY(arena, Last, end_of_numbers(&w));
    w.sums = ARENA_ARRAY(arena, nnrt_count, w.size + 1);
    for (int round = 0; round < 2; round++) {
        w.is_counted = round == 1;
        w.begin = w.place;
        for (int i = 0; i < schedule->groups.count; i++) touch_group(&w, schedule->groups.items[i]);
    }
    return w.list;
}

void effort_set_touches(const Schedule *schedule, Arena *arena, nnrt_function *out) {
    Touches touches = effort_touches(schedule, arena);
    nnrt_touch *list = ARENA_ARRAY(arena, nnrt_touch, touches.count + 1);
    for (int i = 0; i < touches.count; i++) list[i] = touches.items[i].touch;
    out->touches = list;
    out->touch_count = touches.count;
}
