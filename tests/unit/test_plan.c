// Memory and order of schedules: offsets of random intervals never overlap while both live, and in
// schedules of random graphs every value is written before it is read, by the workers that read it
// or with a barrier in between, and nothing alive shares memory.
#include "../common/random_graphs.h"

// ---- The planner alone.

static bool live_together(const PlanItem *a, const PlanItem *b) {
    return a->first <= b->last && b->first <= a->last;
}

static bool share_memory(const PlanItem *a, const PlanItem *b) {
    return a->offset < b->offset + b->size && b->offset < a->offset + a->size;
}

static void check_items(const PlanItem *items, int count, int64_t peak) {
    int64_t sum = 0, end = 0;
    for (int i = 0; i < count; i++) {
        sum += items[i].size;
        assert_true(items[i].offset >= 0);
        if (items[i].offset + items[i].size > end) end = items[i].offset + items[i].size;
        int64_t live = 0; // when item i begins
        for (int k = 0; k < count; k++) {
            if (items[k].first <= items[i].first && items[i].first <= items[k].last)
                live += items[k].size;
            if (k != i && live_together(&items[i], &items[k]))
                assert_false(share_memory(&items[i], &items[k]));
        }
        assert_true(peak >= live);
    }
    assert_true(peak == end);
    assert_true(peak <= sum);
}

static void random_intervals(void **state) {
    (void)state;
    enum { SETS = 4000, MAX_ITEMS = 40 };
    for (int set = 0; set < SETS; set++) {
        random_state = (uint64_t)set;
        Arena *arena = arena_create();
        PlanItem items[MAX_ITEMS];
        int count = (int)(draw() % (MAX_ITEMS + 1)), phases = 1 + (int)(draw() % 12);
        for (int i = 0; i < count; i++) {
            int first = (int)(draw() % (uint32_t)phases);
            int last = first + (int)(draw() % (uint32_t)(phases - first));
            items[i] =
                (PlanItem){.size = 1 + draw() % 1000, .first = first, .last = last, .offset = -1};
        }
        check_items(items, count, plan_offsets(items, count, arena));
        arena_destroy(arena);
    }
}

// Values within a window take turns among themselves; another one has its place behind them only
// when all windows are over, and before them until it is read.
static void windows_are_over(void **state) {
    (void)state;
    PlanItem within = {64, 2, 3, 0, 6}, also = {64, 4, 5, 0, 6}, later = {64, 4, 9, 0, 0};
    PlanItem before = {64, 0, 1, 0, 0}, behind = {64, 7, 9, 0, 0};
    assert_int_equal(plan_lowest_gap(&within, 1, &also), 0);
    assert_int_equal(plan_lowest_gap(&within, 1, &later), 64);
    assert_int_equal(plan_lowest_gap(&later, 1, &within), 64);
    assert_int_equal(plan_lowest_gap(&within, 1, &before), 0);
    assert_int_equal(plan_lowest_gap(&within, 1, &behind), 0);
}

static void one_item_after_another(void **state) {
    (void)state;
    Arena *arena = arena_create();
    PlanItem items[] = {{64, 0, 1, -1, 0}, {64, 2, 3, -1, 0}, {32, 4, 4, -1, 0}};
    assert_int_equal(plan_offsets(items, 3, arena), 64);
    assert_int_equal(plan_offsets(items, 0, arena), 0);
    arena_destroy(arena);
}

// ---- Whole schedules.

typedef struct Reader {
    const Schedule *schedule;
    const Group *group;
} Reader;

// What a group does with samples of others lasts from the first to the last group of its phase.
static void check_phase(const Schedule *s, const Buffer *buffer, const Group *group) {
    if (group->partition == PARTITION_ROWS) return;
    for (int i = 0; i < s->groups.count; i++)
        if (s->groups.items[i]->phase == group->phase)
            assert_true(buffer->first_group <= i && i <= buffer->last_group);
}

static void check_value_read(const Reader *reader, const Node *value) {
    const Schedule *s = reader->schedule;
    const Group *writer = s->groups.items[s->group_of[value->id]], *group = reader->group;
    const Buffer *buffer = &s->buffers[value->id];
    if (group->host == writer && !buffer->is_stored) return; // the host itself reads it
    if (!buffer->is_stored) fail_msg("%%%d is read but not stored", value->id);
    if (writer->host) writer = writer->host; // that writes it, earlier
    if (writer->id >= group->id) fail_msg("%%%d is read before it is written", value->id);
    assert_true(buffer->first_phase <= writer->phase && buffer->last_phase >= group->phase);
    assert_true(buffer->first_group <= writer->id && buffer->last_group >= group->id);
    check_phase(s, buffer, writer);
    check_phase(s, buffer, group);
    if (writer->phase < group->phase) return;
    // In one phase only what the same worker wrote may be read.
    if (writer->partition != group->partition || group->partition == PARTITION_OUTPUT)
        fail_msg("%%%d passes between workers without a barrier", value->id);
}

// Updates of what `leaf` reads come later; in a later phase, if other workers may still read.
static void check_leaf_read(const Reader *reader, const Node *leaf) {
    const Schedule *s = reader->schedule;
    for (int i = 0; i < s->groups.count; i++) {
        const Group *writer = s->groups.items[i];
        if (writer == reader->group) continue;
        for (int k = 0; k < writer->assigns.count; k++) {
            const Node *assign = writer->assigns.items[k];
            bool same = (leaf->parameter && assign->parameter == leaf->parameter) ||
                        (leaf->slot && assign->slot == leaf->slot);
            if (!same) continue;
            if (writer->id < reader->group->id) fail_msg("an update comes before a reader");
            if (writer->phase == reader->group->phase)
                fail_msg("an update and a reader have no barrier between them");
        }
    }
}

static void check_reads(const Reader *reader, const Node *node) {
    for (int i = 0; i < node->input_count; i++) {
        const Node *input = schedule_source(node->inputs[i]);
        int group = reader->schedule->group_of[input->id];
        if (input->op->fuse == FUSE_LEAF)
            check_leaf_read(reader, input);
        else if (group >= 0 && group != reader->group->id)
            check_value_read(reader, input);
        else if (group < 0)
            check_reads(reader, input);
    }
}

// Within a group, nodes come after the nodes that they use.
static void check_group(const Schedule *schedule, const Group *group) {
    Reader reader = {schedule, group};
    assert_true(group->nodes.count + group->assigns.count > 0);
    for (int i = 0; i < group->nodes.count; i++) {
        const Node *node = group->nodes.items[i];
        assert_int_equal(schedule->group_of[node->id], group->id);
        if (i) assert_true(group->nodes.items[i - 1]->id < node->id);
        check_reads(&reader, node);
    }
    for (int i = 0; i < group->assigns.count; i++) check_reads(&reader, group->assigns.items[i]);
}

// Where a value is, or the pool that it has a place in, and when.
static PlanItem item_of(const Schedule *schedule, const Buffer *buffer) {
    const Pool *pool = buffer->pool < 0 ? NULL : &schedule->pools[buffer->pool];
    if (pool) return (PlanItem){pool->size, pool->first_phase, pool->last_phase, pool->offset, 0};
    return (PlanItem){buffer->size * buffer->copies, buffer->first_phase, buffer->last_phase,
                      buffer->offset, 0};
}

// In a pool a sample's worker goes from group to group. One value may end in the group that puts
// another in its place.
static bool meet_in_pool(const Schedule *schedule, const Buffer *a, const Buffer *b) {
    const Buffer *before = a->first_group < b->first_group ? a : b, *after = before == a ? b : a;
    PlanItem x = {before->extent, 0, 0, before->offset, 0};
    PlanItem y = {after->extent, 0, 0, after->offset, 0};
    bool gives_way = after->replaces && &schedule->buffers[after->replaces->id] == before &&
                     before->offset == after->offset && before->extent == after->extent;
    int last = gives_way ? before->last_group - 1 : before->last_group;
    // The next window writes where this one did, whatever else has come there meanwhile.
    if (before->window_last && !after->window_last) last = before->window_last;
    return share_memory(&x, &y) && last >= after->first_group;
}

static void check_memory(const Schedule *schedule) {
    int count = schedule->graph->nodes.count;
    for (int i = 0; i < count; i++) {
        const Buffer *a = &schedule->buffers[i];
        if (!a->is_stored || a->is_part) continue;
        const Type *type = &schedule->graph->nodes.items[i]->type;
        assert_true(a->offset >= 0 && a->offset + a->size * a->copies <= schedule->arena_size);
        if (a->pool < 0) assert_int_equal(a->offset % 16, 0);
        int64_t needed = type_elements(type) * (type->batched ? schedule->batch : 1);
        if (type->dtype == DTYPE_U8) needed /= 4;
        if (a->pool >= 0) assert_true(a->extent * schedule->batch >= needed);
        if (a->pool < 0) assert_true(a->size >= needed);
        // Values in a parameter's order keep their padding zero: nobody else may use it.
        if (a->parameter >= 0) assert_true(a->offset + a->size <= schedule->arena_kept);
        if (a->parameter < 0) assert_true(a->offset >= schedule->arena_kept);
        PlanItem x = item_of(schedule, a);
        for (int k = i + 1; k < count; k++) {
            const Buffer *b = &schedule->buffers[k];
            if (!b->is_stored || b->is_part) continue;
            PlanItem y = item_of(schedule, b);
            bool is_same = a->pool >= 0 && a->pool == b->pool;
            if (is_same ? meet_in_pool(schedule, a, b)
                        : live_together(&x, &y) && share_memory(&x, &y))
                fail_msg("%%%d and %%%d share memory", i, k);
        }
    }
}

static void check_schedule(const Schedule *schedule) {
    for (int i = 0; i < schedule->groups.count; i++) {
        const Group *group = schedule->groups.items[i];
        assert_int_equal(group->id, i);
        if (i) assert_true(group->phase >= schedule->groups.items[i - 1]->phase);
        check_group(schedule, group);
    }
    for (int i = 0; i < schedule->graph->outputs.count; i++) {
        const Node *output = schedule_source(schedule->graph->outputs.items[i]);
        assert_true(schedule->buffers[output->id].is_stored);
        assert_int_equal(schedule->buffers[output->id].last_phase, schedule->phase_count - 1);
    }
    check_memory(schedule);
}

// Every parameter that the graph updates is assigned by exactly one group.
static void check_assigns(const Schedule *schedule) {
    int found = 0;
    for (int i = 0; i < schedule->groups.count; i++)
        found += schedule->groups.items[i]->assigns.count;
    assert_int_equal(found, schedule->graph->assigns.count);
}

static void random_schedules(void **state) {
    (void)state;
    static const MachineModel machines[] = {{.lanes = 16, .registers = 32, .fma = true},
                                            {.lanes = 8, .registers = 16, .fma = true},
                                            {.lanes = 4, .registers = 16}};
    static const char *const optimizers[] = {"sgd", "adam", "nadam", "rmsprop"};
    static const char *const clips[] = {NULL, "global_clip_norm", "clip_norm", "clip_value"};
    for (int i = 0; i < 300; i++) {
        random_state = (uint64_t)i * 31 + 5;
        Arena *arena = arena_create();
        Graph *forward = random_graph(arena, 2 + (int)(draw() % 16));
        LossStep training = training_with(arena, "mse", optimizers[draw() % 4], 1 + draw() % 40);
        const char *clip = clips[draw() % 4];
        if (clip) args_set_number((Args *)training.step.optimizer_args, clip, 0.1);
        if (draw() % 3 == 0) {
            training.step.regularizer = &regularizer_find("l2")->schema;
            training.step.regularizer_args = args_default(arena, training.step.regularizer);
        }
        ContractionChoice contraction = draw() % 4 ? CONTRACTION_OWN : CONTRACTION_BLAS;
        Code code = make_schedules(arena, forward, &training, &machines[i % 3], contraction);
        for (int mode = 0; mode < 3; mode++) {
            check_schedule(code.schedule[mode]);
            check_assigns(code.schedule[mode]);
        }
        arena_destroy(arena);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_intervals),
        cmocka_unit_test(one_item_after_another),
        cmocka_unit_test(windows_are_over),
        cmocka_unit_test(random_schedules),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
