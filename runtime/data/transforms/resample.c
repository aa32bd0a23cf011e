// `balance`: as many training rows of each class. It waits until the parts are known, so that no
// row can come into two of them.
#include <stdlib.h>
#include <string.h>

#include "../../base/numbers/random.h"
#include "../stage.h"
#include "rows.h"

enum { WAY, BALANCE_SEED };

typedef struct Balance {
    nnrt_part *train;
    const nnrt_field *target;
    int64_t classes;
    int64_t *starts;    // [classes + 1], of the classes in `by_class`
    uint32_t *by_class; // places in the training part, class by class
    nnrt_random random;
} Balance;

static nnrt_status allocate(Balance *b) {
    size_t count = (size_t)(b->classes + 2);
    b->starts = calloc(count, sizeof *b->starts);
    b->by_class = malloc((size_t)(b->train->count + 1) * sizeof *b->by_class);
    if (b->starts && b->by_class) return NNRT_OK;
    return nnrt_fail_memory("balance", count * sizeof *b->starts);
}

static void sort_classes(Balance *b) {
    for (int64_t i = 0; i < b->train->count; i++)
        b->starts[nnrt_rows_class(b->target, b->train->rows[i]) + 1]++;
    for (int64_t i = 0; i < b->classes; i++) b->starts[i + 1] += b->starts[i];
    for (int64_t i = 0; i < b->train->count; i++)
        b->by_class[b->starts[nnrt_rows_class(b->target, b->train->rows[i])]++] = (uint32_t)i;
    memmove(b->starts + 1, b->starts, (size_t)b->classes * sizeof *b->starts);
    b->starts[0] = 0;
}

static int64_t class_size(const Balance *b, int64_t class) {
    return b->starts[class + 1] - b->starts[class];
}

// Of the classes that the training part has.
static int64_t extreme(const Balance *b, int is_over) {
    int64_t found = 0;
    for (int64_t i = 0; i < b->classes; i++) {
        int64_t size = class_size(b, i);
        if (size && (!found || (is_over ? size > found : size < found))) found = size;
    }
    return found;
}

// Rows of each class beyond `size` go; the others keep their order.
static nnrt_status take_away(Balance *b, int64_t size) {
    uint8_t *goes = calloc((size_t)b->train->count + 1, 1);
    int64_t kept = 0;
    if (!goes) return nnrt_fail_memory("balance(under)", (size_t)b->train->count);
    for (int64_t i = 0; i < b->classes; i++) {
        uint32_t *places = b->by_class + b->starts[i];
        nnrt_random_shuffle(&b->random, places, class_size(b, i));
        for (int64_t k = size; k < class_size(b, i); k++) goes[places[k]] = 1;
    }
    for (int64_t i = 0; i < b->train->count; i++)
        if (!goes[i]) b->train->rows[kept++] = b->train->rows[i];
    b->train->count = kept;
    free(goes);
    return NNRT_OK;
}

// All rows of a class again and again, in another order each time, the last time as many as are
// needed: no two differ by more than one in how often they are there.
static void repeat(Balance *b, int64_t class, int64_t size) {
    uint32_t *places = b->by_class + b->starts[class];
    int64_t own = class_size(b, class), lacking = size - own;
    for (int64_t i = 0; own && i < lacking; i++) {
        if (i % own == 0) nnrt_random_shuffle(&b->random, places, own);
        b->train->rows[b->train->count++] = b->train->rows[places[i % own]];
    }
}

static nnrt_status add_rows(Balance *b, int64_t size) {
    int64_t present = 0, count;
    for (int64_t i = 0; i < b->classes; i++) present += class_size(b, i) > 0;
    if (__builtin_mul_overflow(present, size, &count) || count > UINT32_MAX) count = INT64_MAX / 8;
    uint32_t *rows = realloc(b->train->rows, (size_t)(count + 1) * sizeof *rows);
    if (!rows) return nnrt_fail_memory("balance(over)", (size_t)count * sizeof *rows);
    b->train->rows = rows;
    for (int64_t i = 0; i < b->classes; i++) repeat(b, i, size);
    return NNRT_OK;
}

static nnrt_status balance(Balance *b, int is_over) {
    nnrt_status status = allocate(b);
    if (!status) {
        sort_classes(b);
        int64_t size = extreme(b, is_over);
        status = is_over ? add_rows(b, size) : take_away(b, size);
    }
    free(b->starts);
    free(b->by_class);
    return status;
}

static const ArgDef balance_args[];
enum { OVER, UNDER }; // in the order of the choices

static nnrt_status apply_balance(nnrt_table *table, const nnrt_call *call) {
    const char *way = nnrt_call_text_at(call, WAY);
    uint64_t seed = (uint64_t)nnrt_call_number_at(call, BALANCE_SEED);
    if (table->windows)
        return nnrt_fail(NNRT_ERROR,
                         "balance(%s) does not go with windows: their rows follow each "
                         "other in time\nleave it out, or write `class_weight = "
                         "balanced` in the `train` block",
                         way);
    nnrt_status status = nnrt_rows_settle(table);
    if (status) return status;
    Balance b = {.train = &table->train,
                 .target = nnrt_rows_class_target(table),
                 .random = nnrt_random_make(seed, NNRT_RANDOM_DATA, NNRT_STREAM_BALANCE)};
    if (!b.target)
        return nnrt_fail(NNRT_ERROR, "balance(%s): %s", way,
                         nnrt_table_count(table, NNRT_TARGET) > 1 ? "none of the targets is a class"
                                                                  : "the target is not a class");
    if (!b.target->values) return NNRT_OK; // files are missing
    b.classes = b.target->target.classes;
    return balance(&b, nnrt_call_word_at(call, balance_args, WAY) == OVER);
}

static const ArgDef balance_args[] = {
    [WAY] = {.name = "way",
             .type = ARG_WORD,
             .choices = "over under",
             .doc = "`over`: rows of smaller classes are there several times; `under`: of larger "
                    "ones some are left out"},
    [BALANCE_SEED] = NNRT_SEED_ARGUMENT,
    {0},
};

const nnrt_transform nnrt_balance_transforms[] = {
    {.schema = {"balance", "makes as many training rows of each class", balance_args,
                "RandomOverSampler RandomUnderSampler oversample undersample"},
     .timing = NNRT_FITTED,
     .is_of_training = 1,
     .apply = apply_balance},
    {.schema = {0}}};
