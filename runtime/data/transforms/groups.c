#include "groups.h"

#include <stdlib.h>
#include <string.h>

#include "../../base/text/number.h"

typedef struct Groups {
    double *keys;    // ascending, each once
    int64_t *sizes;  // rows, by key
    uint32_t *order; // numbers of keys
    uint8_t *goes;   // by key
    int64_t count;
} Groups;

static int64_t find_key(const Groups *groups, double key) {
    const double *found =
        bsearch(&key, groups->keys, (size_t)groups->count, sizeof key, nnrt_number_compare);
    return found - groups->keys;
}

static nnrt_status allocate(Groups *groups, int64_t rows) {
    size_t count = (size_t)rows + 1;
    groups->keys = malloc(count * sizeof *groups->keys);
    groups->sizes = calloc(count, sizeof *groups->sizes);
    groups->order = malloc(count * sizeof *groups->order);
    groups->goes = calloc(count, 1);
    if (groups->keys && groups->sizes && groups->order && groups->goes) return NNRT_OK;
    return nnrt_fail_memory("the groups of a split", count * sizeof *groups->keys);
}

static void release(Groups *groups) {
    free(groups->keys);
    free(groups->sizes);
    free(groups->order);
    free(groups->goes);
}

static void find_keys(Groups *groups, const nnrt_part *train, const nnrt_field *column) {
    for (int64_t i = 0; i < train->count; i++)
        groups->keys[i] = nnrt_field_number(column, train->rows[i], 0);
    qsort(groups->keys, (size_t)train->count, sizeof *groups->keys, nnrt_number_compare);
    for (int64_t i = 0; i < train->count; i++)
        if (i == 0 || groups->keys[i] != groups->keys[groups->count - 1])
            groups->keys[groups->count++] = groups->keys[i];
}

// In the order in which they begin.
static void find_order(Groups *groups, const nnrt_part *train, const nnrt_field *column) {
    int64_t seen = 0;
    for (int64_t i = 0; i < train->count; i++) {
        int64_t key = find_key(groups, nnrt_field_number(column, train->rows[i], 0));
        if (!groups->sizes[key]++) groups->order[seen++] = (uint32_t)key;
    }
}

// From the end, as many as come nearest to the rows that are wanted.
static int64_t choose(Groups *groups, int64_t wanted) {
    int64_t taken = 0;
    for (int64_t i = groups->count - 1; i > 0 && taken < wanted; i--) {
        int64_t size = groups->sizes[groups->order[i]];
        if (taken && taken + size - wanted > wanted - taken) break;
        groups->goes[groups->order[i]] = 1;
        taken += size;
    }
    return taken;
}

static void move(const Groups *groups, nnrt_part *train, const nnrt_field *column,
                 nnrt_part *part) {
    int64_t kept = 0;
    part->count = 0;
    for (int64_t i = 0; i < train->count; i++) {
        uint32_t row = train->rows[i];
        if (groups->goes[find_key(groups, nnrt_field_number(column, row, 0))])
            part->rows[part->count++] = row;
        else
            train->rows[kept++] = row;
    }
    train->count = kept;
}

nnrt_status nnrt_groups_move(nnrt_table *table, const nnrt_field *column, nnrt_random *random,
                             int64_t wanted, nnrt_part *part) {
    Groups groups = {0};
    nnrt_status status = allocate(&groups, table->train.count);
    if (!status) find_keys(&groups, &table->train, column);
    if (!status && groups.count < 2)
        status = nnrt_fail(NNRT_ERROR,
                           "split(group = %s): all rows of the training part have the same value, "
                           "so that none is left for another part",
                           column->column.name);
    if (!status) {
        find_order(&groups, &table->train, column);
        if (random) nnrt_random_shuffle(random, groups.order, groups.count);
        part->rows = malloc((size_t)(choose(&groups, wanted) + 1) * sizeof *part->rows);
        if (part->rows)
            move(&groups, &table->train, column, part);
        else
            status = nnrt_fail_memory("the parts of a split", (size_t)wanted * sizeof *part->rows);
    }
    release(&groups);
    return status;
}
