// Windows of a series: runs of rows of one part become samples.
#include "../table/windows.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../stage.h"

enum { LENGTH, AHEAD, STRIDE };
enum { PARTS = 3 };

static nnrt_status fail_short(const nnrt_windows *windows, int64_t rows, const char *name) {
    int64_t reach = nnrt_windows_reach(windows), most = windows->length - (reach - rows);
    char remedy[100] = "put more rows into the part";
    if (most > 0)
        snprintf(remedy, sizeof remedy,
                 "give it %lld rows more, or make windows of %lld rows at most",
                 (long long)(reach - rows), (long long)most);
    return nnrt_fail(NNRT_ERROR,
                     "windows(%lld, ahead = %lld): the %s part has %lld rows, and a window "
                     "and its target reach over %lld\n%s",
                     (long long)windows->length, (long long)windows->ahead, name, (long long)rows,
                     (long long)reach, remedy);
}

// The windows of a part, whose rows are the next places. The part's rows become windows.
static nnrt_status add_part(nnrt_windows *windows, nnrt_part *part, const char *name,
                            int64_t stride) {
    int64_t reach = nnrt_windows_reach(windows), count = 0;
    if (!part->count) return NNRT_OK;
    if (part->count < reach) return fail_short(windows, part->count, name);
    int64_t place = windows->order ? windows->place_count : part->rows[0];
    if (windows->order)
        memcpy(windows->order + place, part->rows, (size_t)part->count * sizeof *part->rows);
    for (int64_t start = 0; start + reach <= part->count; start += stride) {
        windows->first[windows->count] = (uint32_t)(place + start);
        part->rows[count++] = (uint32_t)windows->count++;
    }
    if (windows->order) windows->place_count += part->count;
    part->count = count;
    return NNRT_OK;
}

// Are the rows of a part one after the other?
static int is_run(const nnrt_part *part) {
    for (int64_t i = 1; i < part->count; i++)
        if (part->rows[i] != part->rows[i - 1] + 1) return 0;
    return 1;
}

// Running text goes from one window to the next.
static int64_t stride_of(const nnrt_table *table, const nnrt_call *call) {
    double stride = nnrt_call_number_at(call, STRIDE);
    if (!isnan(stride)) return (int64_t)stride;
    const nnrt_field *field = nnrt_table_feature(table, 0);
    return field && field->kind == NNRT_TOKENS ? table->windows->length : 1;
}

// Room for the windows of all parts, and for the order of their rows where that is another than the
// table's.
static nnrt_status make_room(const nnrt_table *table, nnrt_windows *windows, int64_t stride) {
    const nnrt_part *const parts[PARTS] = {&table->train, &table->validation, &table->test};
    int64_t places = 1, count = 1;
    int all_runs = 1;
    for (int i = 0; i < PARTS; i++) {
        places += parts[i]->count;
        count += parts[i]->count / stride + 1;
        all_runs = all_runs && is_run(parts[i]);
    }
    windows->place_count = all_runs ? table->row_count : 0;
    windows->first = malloc((size_t)count * sizeof *windows->first);
    if (!all_runs) windows->order = malloc((size_t)places * sizeof *windows->order);
    if (windows->first && (all_runs || windows->order)) return NNRT_OK;
    return nnrt_fail_memory("windows", (size_t)(places + count) * sizeof *windows->first);
}

static nnrt_status apply_windows(nnrt_table *table, const nnrt_call *call) {
    static const char *const names[PARTS] = {"training", "validation", "test"};
    nnrt_part *const parts[PARTS] = {&table->train, &table->validation, &table->test};
    if (table->windows) return nnrt_fail(NNRT_ERROR, "windows(..) stands twice");
    nnrt_windows *windows = table->windows = calloc(1, sizeof *windows);
    if (!windows) return nnrt_fail_memory("windows", sizeof *windows);
    windows->length = (int64_t)nnrt_call_number_at(call, LENGTH);
    windows->ahead = (int64_t)nnrt_call_number_at(call, AHEAD);
    windows->is_open = table->is_predicted;
    int64_t stride = stride_of(table, call);
    nnrt_status status = make_room(table, windows, stride);
    for (int i = 0; i < PARTS && !status; i++)
        status = add_part(windows, parts[i], names[i], stride);
    return status;
}

#define WINDOW_ARGUMENT(what, least, normal, other, meaning)                                       \
    {.name = (what),                                                                               \
     .type = ARG_INT,                                                                              \
     .default_text = (normal),                                                                     \
     .minimum = (least),                                                                           \
     .maximum = 1 << 30,                                                                           \
     .keras_name = (other),                                                                        \
     .doc = (meaning)}

static const ArgDef windows_args[] = {
    [LENGTH] = WINDOW_ARGUMENT("n", 1, NULL, "sequence_length size", "rows of a window"),
    [AHEAD] = WINDOW_ARGUMENT("ahead", 0, "1", NULL,
                              "how many rows behind the last one the target's row is"),
    [STRIDE] = WINDOW_ARGUMENT("stride", 1, "none", "sequence_stride shift",
                               "rows from the beginning of a window to that of the next; none: 1, "
                               "of text n"),
    {0},
};

const nnrt_transform nnrt_window_transforms[] = {
    {.schema = {"windows", "makes runs of rows samples, with a target some rows ahead",
                windows_args, "timeseries_dataset_from_array TimeseriesGenerator window"},
     .timing = NNRT_OF_ROWS,
     .does = NNRT_MAKES_WINDOWS,
     .apply = apply_windows},
    {.schema = {0}}};
