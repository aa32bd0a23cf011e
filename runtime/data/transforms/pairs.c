// Pairs of samples, for networks that compare: as many as there are rows, each row once on the
// left. Both columns are views of the one that they come from.
#include <stdlib.h>
#include <string.h>

#include "../../base/numbers/random.h"
#include "../stage.h"
#include "../table/row_view.h"

enum { SAME, SEED };
enum { PARTS = 3 };

typedef struct Pairs {
    const nnrt_call *call;
    nnrt_table *table;
    const int32_t *labels; // by row; NULL: files are missing
    int64_t classes;
    double share; // of pairs of one class
    nnrt_random random;
    int64_t *starts;                // [classes + 1], of the classes in `by_class`
    uint32_t *by_class;             // the rows of a part
    uint32_t *left, *right, *order; // by pair; of a part's row, its place in by_class
    int32_t *same;
    int64_t count; // of pairs so far
} Pairs;

// Rows of a part, class by class.
static void sort_part(Pairs *p, const nnrt_part *part) {
    memset(p->starts, 0, (size_t)(p->classes + 1) * sizeof *p->starts);
    for (int64_t i = 0; i < part->count; i++) p->starts[p->labels[part->rows[i]] + 1]++;
    for (int64_t i = 0; i < p->classes; i++) p->starts[i + 1] += p->starts[i];
    for (int64_t i = 0; i < part->count; i++) {
        int64_t place = p->starts[p->labels[part->rows[i]]]++;
        p->by_class[place] = part->rows[i];
        p->order[i] = (uint32_t)place;
    }
    memmove(p->starts + 1, p->starts, (size_t)p->classes * sizeof *p->starts);
    p->starts[0] = 0;
}

// Another row of the class; the only one is paired with itself.
static uint32_t draw_same(Pairs *p, int64_t class, uint32_t self) {
    int64_t start = p->starts[class], count = p->starts[class + 1] - start;
    if (count == 1) return p->by_class[start];
    int64_t place = start + nnrt_random_below(&p->random, (uint32_t)(count - 1));
    return p->by_class[place + (place >= self)];
}

static uint32_t draw_other(Pairs *p, int64_t class, int64_t part_count) {
    int64_t start = p->starts[class], count = p->starts[class + 1] - start;
    int64_t place = nnrt_random_below(&p->random, (uint32_t)(part_count - count));
    return p->by_class[place >= start ? place + count : place];
}

static nnrt_status check_part(const Pairs *p, const nnrt_part *part, int64_t class) {
    int64_t count = p->starts[class + 1] - p->starts[class];
    if (count < part->count || p->share == 1) return NNRT_OK;
    return nnrt_fail(NNRT_ERROR,
                     "pairs(same = %g): all rows of a part are of one class, so that no two "
                     "differ\nwrite `-> split(..)` with a seed before `pairs`, or more classes",
                     p->share);
}

// So many of the pairs are of one class that no prefix of them is off its share by 1.
static int is_same(const Pairs *p, int64_t pair) {
    return (int64_t)((double)(pair + 1) * p->share) > (int64_t)((double)pair * p->share);
}

static nnrt_status draw_part(Pairs *p, nnrt_part *part) {
    if (p->labels && part->count) {
        sort_part(p, part);
        nnrt_status status = check_part(p, part, p->labels[part->rows[0]]);
        if (status) return status;
    }
    for (int64_t i = 0; i < part->count; i++, p->count++) {
        uint32_t row = part->rows[i];
        part->rows[i] = (uint32_t)p->count;
        p->left[p->count] = p->right[p->count] = row;
        if (!p->labels) continue;
        int64_t class = p->labels[row];
        p->same[p->count] = is_same(p, i);
        p->right[p->count] =
            is_same(p, i) ? draw_same(p, class, p->order[i]) : draw_other(p, class, part->count);
    }
    return NNRT_OK;
}

// ---- The columns.

static nnrt_status add_same(Pairs *p) {
    static const char *const names[] = {"different", "same", NULL};
    nnrt_field *field =
        nnrt_table_add(p->table, NNRT_TARGET, nnrt_column_make("same", NNRT_I32, 0, NULL));
    if (!field) return NNRT_ERROR;
    field->target = (nnrt_target_info){.column = field->column,
                                       .classes = 2,
                                       .decisions = 1,
                                       .highest.value = 1,
                                       .uneven.value = 1,
                                       .class_names = names};
    p->table->row_count = p->count;
    nnrt_status status = nnrt_field_allocate(p->table, field);
    if (!status) memcpy(field->values, p->same, (size_t)p->count * sizeof *p->same);
    return status;
}

// The label of the left one keeps its name.
static nnrt_status add_columns(Pairs *p) {
    nnrt_table *table = p->table;
    nnrt_base *samples = nnrt_row_view_hold(table, nnrt_table_feature(table, 0));
    nnrt_base *labels = samples ? nnrt_row_view_hold(table, nnrt_table_target(table, 0)) : NULL;
    if (!labels) return NNRT_ERROR;
    nnrt_row_view *left = nnrt_row_view_make(table, samples, p->left, p->count);
    nnrt_row_view *right = nnrt_row_view_make(table, samples, p->right, p->count);
    nnrt_row_view *label = nnrt_row_view_make(table, labels, p->left, p->count);
    if (!left || !right || !label || !nnrt_row_view_add(table, left, "left") ||
        !nnrt_row_view_add(table, right, "right") || add_same(p))
        return NNRT_ERROR;
    const char *name = labels->field.column.name;
    return nnrt_row_view_add_target(table, label, name, p->count) ? NNRT_OK : NNRT_ERROR;
}

static nnrt_status allocate(Pairs *p) {
    const nnrt_table *table = p->table;
    size_t count = (size_t)(table->train.count + table->validation.count + table->test.count) + 1;
    p->starts = calloc((size_t)p->classes + 2, sizeof *p->starts);
    p->by_class = malloc(count * sizeof *p->by_class);
    p->order = malloc(count * sizeof *p->order);
    p->left = malloc(count * sizeof *p->left);
    p->right = malloc(count * sizeof *p->right);
    p->same = calloc(count, sizeof *p->same);
    if (p->starts && p->by_class && p->order && p->left && p->right && p->same) return NNRT_OK;
    return nnrt_fail_memory("pairs", count * 5 * sizeof(uint32_t));
}

static void release(Pairs *p) {
    free(p->starts);
    free(p->by_class);
    free(p->order);
    free(p->left);
    free(p->right);
    free(p->same);
}

static nnrt_status draw(Pairs *p) {
    nnrt_part *const parts[PARTS] = {&p->table->train, &p->table->validation, &p->table->test};
    nnrt_status status = allocate(p);
    for (int i = 0; i < PARTS && !status; i++) status = draw_part(p, parts[i]);
    return status ? status : add_columns(p);
}

static nnrt_status check_columns(const nnrt_table *table) {
    int64_t features = nnrt_table_count(table, NNRT_FEATURE);
    const nnrt_field *target = nnrt_table_target(table, 0);
    if (features != 1 || nnrt_table_feature(table, 0)->kind != NNRT_TENSORS)
        return nnrt_fail(NNRT_ERROR,
                         "pairs(..) takes data of one input, pictures for example, which are "
                         "compared; these have %lld columns",
                         (long long)features);
    if (nnrt_table_count(table, NNRT_TARGET) != 1 || !target->target.classes ||
        target->column.rank > 0)
        return nnrt_fail(NNRT_ERROR, "pairs(..) needs a label that is a class: it says which "
                                     "samples are of one kind");
    return NNRT_OK;
}

static nnrt_status apply_pairs(nnrt_table *table, const nnrt_call *call) {
    double seed = nnrt_call_number_at(call, SEED);
    if (table->field_count && nnrt_table_target(table, 0)) {
        nnrt_status status = nnrt_target_settle(table, nnrt_table_target(table, 0));
        if (status) return status;
    }
    nnrt_status status = check_columns(table);
    if (status) return status;
    const nnrt_field *target = nnrt_table_target(table, 0);
    Pairs p = {.call = call,
               .table = table,
               .labels = target->values,
               .classes = target->target.classes,
               .share = nnrt_call_number_at(call, SAME),
               .random = nnrt_random_make((uint64_t)seed, NNRT_RANDOM_DATA, NNRT_STREAM_PAIRS)};
    status = draw(&p);
    release(&p);
    return status;
}

static const ArgDef pairs_args[] = {
    [SAME] = {.name = "same",
              .type = ARG_FLOAT,
              .default_text = "0.5",
              .maximum = 1,
              .doc = "the share of pairs of one class"},
    [SEED] = NNRT_SEED_ARGUMENT,
    {0},
};

const nnrt_transform nnrt_pair_transforms[] = {
    {.schema = {"pairs", "makes pairs of samples, `left` and `right`, and whether they are `same`",
                pairs_args, NULL},
     .timing = NNRT_OF_VALUES,
     .apply = apply_pairs},
    {.schema = {0}}};
