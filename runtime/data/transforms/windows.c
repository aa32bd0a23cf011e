// Windows of a series: runs of rows of one part become samples.
#include "../windows.h"

#include <stdlib.h>
#include <string.h>

#include "../stage.h"

enum { LENGTH, AHEAD, STRIDE };
enum { PARTS = 3 };

// The windows of a part, whose rows are the next places. The part's rows become windows.
static nnrt_status add_part(nnrt_windows *windows, nnrt_part *part, const char *name,
                            int64_t stride) {
    int64_t reach = windows->length + windows->ahead, count = 0;
    if (!part->count) return NNRT_OK;
    if (part->count < reach)
        return nnrt_fail(NNRT_ERROR,
                         "windows(%lld, ahead = %lld): the %s part has %lld rows, and a window "
                         "and its target reach over %lld",
                         (long long)windows->length, (long long)windows->ahead, name,
                         (long long)part->count, (long long)reach);
    memcpy(windows->order + windows->place_count, part->rows,
           (size_t)part->count * sizeof *part->rows);
    for (int64_t start = 0; start + reach <= part->count; start += stride) {
        windows->first[windows->count] = (uint32_t)(windows->place_count + start);
        part->rows[count++] = (uint32_t)windows->count++;
    }
    windows->place_count += part->count;
    part->count = count;
    return NNRT_OK;
}

static nnrt_status apply_windows(nnrt_table *table, const nnrt_call *call) {
    static const char *const names[PARTS] = {"training", "validation", "test"};
    nnrt_part *const parts[PARTS] = {&table->train, &table->validation, &table->test};
    size_t places = 1;
    if (table->windows) return nnrt_fail(NNRT_ERROR, "windows(..) stands twice");
    for (int i = 0; i < PARTS; i++) places += (size_t)parts[i]->count;
    nnrt_windows *windows = table->windows = calloc(1, sizeof *windows);
    if (!windows) return nnrt_fail_memory("windows", sizeof *windows);
    windows->order = malloc(places * sizeof *windows->order);
    windows->first = malloc(places * sizeof *windows->first);
    if (!windows->order || !windows->first)
        return nnrt_fail_memory("windows", 2 * places * sizeof *windows->order);
    windows->length = (int64_t)nnrt_call_number_at(call, LENGTH);
    windows->ahead = (int64_t)nnrt_call_number_at(call, AHEAD);
    nnrt_status status = NNRT_OK;
    for (int i = 0; i < PARTS && !status; i++)
        status = add_part(windows, parts[i], names[i], (int64_t)nnrt_call_number_at(call, STRIDE));
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
    [STRIDE] = WINDOW_ARGUMENT("stride", 1, "1", "sequence_stride shift",
                               "rows from the beginning of a window to that of the next"),
    {0},
};

const nnrt_transform nnrt_window_transforms[] = {
    {.schema = {"windows", "makes runs of rows samples, with a target some rows ahead",
                windows_args, "timeseries_dataset_from_array TimeseriesGenerator window"},
     .timing = NNRT_OF_ROWS,
     .apply = apply_windows},
    {.schema = {0}}};
