// Transforms that change each number of a column by itself: where it lies between limits, its
// logarithm, the bin it falls into. Values that are missing stay so.
#include <math.h>
#include <stdlib.h>

#include "../../base/text/number.h"
#include "../stage.h"
#include "../table/learnt.h"
#include "columns.h"

// The least and the largest number of the training part.
static nnrt_status learn_extremes(const nnrt_column_work *work, double *low, double *high) {
    const nnrt_part *train = &work->table->train;
    const double *values = work->field->values;
    *low = INFINITY;
    *high = -INFINITY;
    for (int64_t i = 0; i < train->count; i++) {
        double value = values[train->rows[i]];
        if (value < *low) *low = value;
        if (value > *high) *high = value;
    }
    return *low <= *high ? NNRT_OK : nnrt_columns_fail_empty(work);
}

// Those that were learnt before, or are now.
static nnrt_status find_extremes(const nnrt_column_work *work, double *low, double *high) {
    const char *name = work->field->column.name;
    const json_t *state = nnrt_learnt_state(work->table, name);
    if (state) {
        int is_whole = nnrt_learnt_read(state, "low", low) &&
                       nnrt_learnt_read(state, "high", high) && *low <= *high;
        return is_whole ? NNRT_OK : nnrt_learnt_fail_damaged(work->call->name, name);
    }
    nnrt_status status = learn_extremes(work, low, high);
    if (status) return status;
    return nnrt_learnt_put(work->table, name, json_pack("{s:f, s:f}", "low", *low, "high", *high));
}

// ---- normalize

enum { NORMALIZE_LOW, NORMALIZE_HIGH, NORMALIZE_COLUMNS };

// As scikit-learn's MinMaxScaler: a column of one value becomes the lower limit.
static nnrt_status normalize(const nnrt_column_work *work) {
    double low = nnrt_call_number_at(work->call, NORMALIZE_LOW);
    double high = nnrt_call_number_at(work->call, NORMALIZE_HIGH);
    double *values = work->field->values, least, most;
    if (work->field->role == NNRT_TARGET)
        return nnrt_fail(NNRT_ERROR,
                         "normalize(%s): it is the target, and predictions would come in other "
                         "units\nwrite `standardize(%s)`: it brings them back",
                         work->field->column.name,
                         nnrt_written_name(work->field->column.name).text);
    nnrt_status status = find_extremes(work, &least, &most);
    if (status) return status;
    // Halves, which are exact, so that the distance of 1e308 and -1e308 is a number.
    double factor = (high - low) / (most > least ? most / 2 - least / 2 : 0.5);
    for (int64_t row = 0; row < work->table->row_count; row++)
        values[row] = (values[row] / 2 - least / 2) * factor + low;
    return NNRT_OK;
}

static nnrt_status fail_order(const nnrt_call *call, double low, double high) {
    return nnrt_fail(NNRT_ERROR, "%s(%g, %g): the first limit is not below the second", call->name,
                     low, high);
}

static nnrt_status apply_normalize(nnrt_table *table, const nnrt_call *call) {
    double low = nnrt_call_number_at(call, NORMALIZE_LOW);
    double high = nnrt_call_number_at(call, NORMALIZE_HIGH);
    if (!(low < high)) return fail_order(call, low, high);
    if (!isfinite(high - low))
        return nnrt_fail(NNRT_ERROR, "normalize(%g, %g): the limits are too far apart", low, high);
    return nnrt_columns_change(table, call, NORMALIZE_COLUMNS, normalize);
}

// ---- clip

enum { CLIP_LOW, CLIP_HIGH, CLIP_COLUMNS };

static nnrt_status clip(const nnrt_column_work *work) {
    double low = nnrt_call_number_at(work->call, CLIP_LOW);
    double high = nnrt_call_number_at(work->call, CLIP_HIGH), *values = work->field->values;
    for (int64_t row = 0; row < work->table->row_count; row++)
        values[row] = values[row] < low ? low : values[row] > high ? high : values[row];
    return NNRT_OK;
}

static nnrt_status apply_clip(nnrt_table *table, const nnrt_call *call) {
    double low = nnrt_call_number_at(call, CLIP_LOW), high = nnrt_call_number_at(call, CLIP_HIGH);
    if (!(low <= high)) return fail_order(call, low, high);
    return nnrt_columns_change(table, call, CLIP_COLUMNS, clip);
}

// ---- log

enum { LOG_COLUMNS, LOG_PLUS };

// Of the rows that are in a part; others do not count.
static nnrt_status check_logarithm(const nnrt_column_work *work, const nnrt_part *part,
                                   double plus) {
    const double *values = work->field->values;
    const char *name = work->field->column.name;
    for (int64_t i = 0; i < part->count; i++) {
        double value = values[part->rows[i]];
        if (isnan(value) || value + plus > 0) continue;
        if (value == 0)
            return nnrt_fail(NNRT_ERROR,
                             "log(%s): %s has 0, which has no logarithm\n"
                             "write `log(%s, plus = 1)`: the logarithm of 1 more",
                             name, nnrt_table_row(work->table, part->rows[i]).text, name);
        return nnrt_fail(
            NNRT_ERROR,
            "log(%s): %s has %g, and %g has no logarithm\nleave such rows out before: `-> filter(..)`",
            name, nnrt_table_row(work->table, part->rows[i]).text, value, value + plus);
    }
    return NNRT_OK;
}

static nnrt_status take_logarithm(const nnrt_column_work *work) {
    const nnrt_table *table = work->table;
    const nnrt_part *const parts[] = {&table->train, &table->validation, &table->test};
    double plus = nnrt_call_number_at(work->call, LOG_PLUS), *values = work->field->values;
    for (int i = 0; i < 3; i++) {
        nnrt_status status = check_logarithm(work, parts[i], plus);
        if (status) return status;
    }
    for (int64_t row = 0; row < table->row_count; row++)
        values[row] = plus == 1 ? log1p(values[row]) : log(values[row] + plus);
    return NNRT_OK;
}

static nnrt_status apply_log(nnrt_table *table, const nnrt_call *call) {
    return nnrt_columns_change(table, call, LOG_COLUMNS, take_logarithm);
}

// ---- bins

enum { BINS_COUNT, BINS_COLUMNS, BINS_BY, BINS_EDGES };
enum { BY_WIDTH, BY_QUANTILE };
enum { MAX_BINS = 65536 };

// The bin is the number of edges that are not above the value (numpy.digitize).
static void put_into_bins(const nnrt_column_work *work, const double *edges, int64_t count) {
    double *values = work->field->values;
    for (int64_t row = 0; row < work->table->row_count; row++) {
        int64_t first = 0, end = count;
        if (isnan(values[row])) continue;
        while (first < end) {
            int64_t middle = (first + end) / 2;
            if (edges[middle] <= values[row])
                first = middle + 1;
            else
                end = middle;
        }
        values[row] = (double)first;
    }
}

static nnrt_status cut_width(const nnrt_column_work *work, double *edges, int64_t bins) {
    double low, high;
    nnrt_status status = learn_extremes(work, &low, &high);
    for (int64_t i = 1; i < bins && !status; i++)
        edges[i - 1] = 2 * (low / 2 + (double)i * ((high / 2 - low / 2) / (double)bins));
    return status;
}

// Linear between the two nearest values, as numpy.quantile.
static double quantile_of(const double *sorted, int64_t count, double share) {
    double place = share * (double)(count - 1), below = floor(place);
    int64_t first = (int64_t)below, next = first + 1 < count ? first + 1 : first;
    double distance = sorted[next] - sorted[first]; // of 1e308 and -1e308 it is no number
    if (isfinite(distance)) return sorted[first] + distance * (place - below);
    return 2 * (sorted[first] / 2 + (sorted[next] / 2 - sorted[first] / 2) * (place - below));
}

static nnrt_status cut_quantiles(const nnrt_column_work *work, double *edges, int64_t bins) {
    const nnrt_part *train = &work->table->train;
    const double *values = work->field->values;
    int64_t count = 0;
    double *sorted = malloc((size_t)(train->count + 1) * sizeof *sorted);
    if (!sorted) return nnrt_fail_memory("bins", (size_t)train->count * sizeof *sorted);
    nnrt_storage_borrow(work->table->storage, train->count * (int64_t)sizeof *sorted);
    for (int64_t i = 0; i < train->count; i++)
        if (!isnan(values[train->rows[i]])) sorted[count++] = values[train->rows[i]];
    qsort(sorted, (size_t)count, sizeof *sorted, nnrt_number_compare);
    for (int64_t i = 1; i < bins && count; i++)
        edges[i - 1] = quantile_of(sorted, count, (double)i / (double)bins);
    free(sorted);
    return count ? NNRT_OK : nnrt_columns_fail_empty(work);
}

static const ArgDef bins_args[] = {
    [BINS_COUNT] = {.name = "n",
                    .type = ARG_INT,
                    .default_text = "none",
                    .minimum = 2,
                    .maximum = MAX_BINS,
                    .keras_name = "n_bins num_bins q",
                    .doc = "how many, found in the training part"},
    [BINS_COLUMNS] = {.name = "columns", .type = ARG_NAMES, .variadic = true, .doc = "by name"},
    [BINS_BY] = {.name = "by",
                 .type = ARG_WORD,
                 .default_text = "width",
                 .choices = "width quantile",
                 .keras_name = "strategy",
                 .by_name = true,
                 .doc = "bins of one width, or with equally many rows"},
    [BINS_EDGES] = {.name = "edges",
                    .type = ARG_FLOATS,
                    .default_text = "none",
                    .keras_name = "bin_boundaries",
                    .by_name = true,
                    .doc = "where a bin ends and the next one begins, instead of `n`"},
    {0},
};

static nnrt_status learn_edges(const nnrt_column_work *work, double *edges, int64_t bins) {
    int is_width = nnrt_call_word_at(work->call, bins_args, BINS_BY) == BY_WIDTH;
    nnrt_status status = is_width ? cut_width(work, edges, bins) : cut_quantiles(work, edges, bins);
    json_t *list = status ? NULL : json_array();
    if (status) return status;
    for (int64_t i = 0; i < bins - 1; i++) json_array_append_new(list, json_real(edges[i]));
    return nnrt_learnt_put(work->table, work->field->column.name, list);
}

static nnrt_status find_edges(const nnrt_column_work *work, double *edges, int64_t bins) {
    const json_t *state = nnrt_learnt_state(work->table, work->field->column.name);
    if (!state) return learn_edges(work, edges, bins);
    int is_whole = nnrt_learnt_is_list(state, 0, bins - 1);
    for (int64_t i = 0; i < bins - 1 && is_whole; i++) {
        edges[i] = json_number_value(json_array_get(state, (size_t)i));
        is_whole = !i || edges[i - 1] <= edges[i];
    }
    return is_whole ? NNRT_OK
                    : nnrt_learnt_fail_damaged(work->call->name, work->field->column.name);
}

static nnrt_status make_bins(const nnrt_column_work *work) {
    const nnrt_option *given = &work->call->options[BINS_EDGES];
    if (given->count) {
        put_into_bins(work, given->numbers, given->count);
        return NNRT_OK;
    }
    int64_t bins = (int64_t)nnrt_call_number_at(work->call, BINS_COUNT);
    double *edges = malloc((size_t)bins * sizeof *edges);
    if (!edges) return nnrt_fail_memory("bins", (size_t)bins * sizeof *edges);
    nnrt_status status = find_edges(work, edges, bins);
    if (!status) put_into_bins(work, edges, bins - 1);
    free(edges);
    return status;
}

static nnrt_status apply_bins(nnrt_table *table, const nnrt_call *call) {
    const nnrt_option *edges = &call->options[BINS_EDGES];
    int has_count = !isnan(nnrt_call_number_at(call, BINS_COUNT));
    if (has_count == (edges->count > 0))
        return nnrt_fail(NNRT_ERROR,
                         "bins: either the number of bins is needed, or their edges\n"
                         "write `bins(4, age)` or `bins(columns = age, edges = [18, 65])`");
    for (int64_t i = 1; i < edges->count; i++)
        if (!(edges->numbers[i - 1] < edges->numbers[i]))
            return nnrt_fail(NNRT_ERROR, "bins(edges = [..]): %g stands before %g, edges ascend",
                             edges->numbers[i - 1], edges->numbers[i]);
    return nnrt_columns_change(table, call, BINS_COLUMNS, make_bins);
}

// ---- Rows.

static const ArgDef normalize_args[] = {
    [NORMALIZE_LOW] = {.name = "min",
                       .type = ARG_FLOAT,
                       .default_text = "0",
                       .doc = "what the least number of the training part becomes"},
    [NORMALIZE_HIGH] = {.name = "max",
                        .type = ARG_FLOAT,
                        .default_text = "1",
                        .doc = "what the largest becomes"},
    [NORMALIZE_COLUMNS] = NNRT_ALL_OR_NAMED,
    {0},
};

static const ArgDef clip_args[] = {
    [CLIP_LOW] = {.name = "low", .type = ARG_FLOAT, .keras_name = "lower", .doc = "the least"},
    [CLIP_HIGH] = {.name = "high", .type = ARG_FLOAT, .keras_name = "upper", .doc = "the most"},
    [CLIP_COLUMNS] = NNRT_ALL_OR_NAMED,
    {0},
};

static const ArgDef log_args[] = {
    [LOG_COLUMNS] = {.name = "columns", .type = ARG_NAMES, .variadic = true, .doc = "by name"},
    [LOG_PLUS] = {.name = "plus",
                  .type = ARG_FLOAT,
                  .default_text = "0",
                  .by_name = true,
                  .doc = "is added first: 1 for columns with zeros"},
    {0},
};

#define OF_NUMBERS .touches = NNRT_TOUCHES_NUMBERS

const nnrt_transform nnrt_range_transforms[] = {
    {.schema = {"normalize", "brings columns between two limits", normalize_args, "MinMaxScaler"},
     .timing = NNRT_FITTED,
     OF_NUMBERS,
     .apply = apply_normalize},
    {.schema = {"clip", "keeps numbers between two limits", clip_args, NULL},
     .timing = NNRT_OF_VALUES,
     OF_NUMBERS,
     .apply = apply_clip},
    {.schema = {"log", "takes the natural logarithm of columns", log_args, "log1p"},
     .timing = NNRT_OF_VALUES,
     OF_NUMBERS,
     .apply = apply_log},
    {.schema = {"bins", "puts the numbers of columns into bins, counted from 0", bins_args,
                "KBinsDiscretizer Discretization cut qcut"},
     .timing = NNRT_FITTED,
     OF_NUMBERS,
     .apply = apply_bins},
    {.schema = {0}}};
