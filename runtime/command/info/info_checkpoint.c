// `info --checkpoint FILE`: where a training stands that can be resumed, and what is kept of it.
#include "info_checkpoint.h"

#include "../../base/text/json.h"
#include "../../doctor/saved_step.h"
#include "../../formats/array.h"
#include "../../state/checkpoint.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

typedef struct place { // in numbers from 1
    int64_t training, epoch, step, epochs, steps;
} place;

static nnrt_status read_place(const nnrt_safetensors *file, place *at) {
    nnrt_status status = nnrt_checkpoint_integer(file, "training", 0, INT32_MAX, &at->training);
    if (!status) status = nnrt_checkpoint_integer(file, "epoch", 0, INT64_MAX, &at->epoch);
    if (!status) status = nnrt_checkpoint_integer(file, "step", 0, INT64_MAX, &at->step);
    if (!status) status = nnrt_checkpoint_integer(file, "done/epochs", 0, INT64_MAX, &at->epochs);
    if (!status) status = nnrt_checkpoint_integer(file, "done/steps", 0, INT64_MAX, &at->steps);
    return status;
}

static void put_tensor(nnrt_json *json, const nnrt_tensor *tensor) {
    nnrt_json_open(json, NULL, '{');
    nnrt_json_string(json, "name", tensor->name);
    nnrt_json_string(json, "type", tensor->dtype);
    nnrt_json_open(json, "shape", '[');
    for (int64_t i = 0; i < tensor->rank; i++) nnrt_json_integer(json, NULL, tensor->shape[i]);
    nnrt_json_close(json, ']');
    nnrt_json_close(json, '}');
}

static void print_json(const nnrt_safetensors *file, const place *at) {
    nnrt_json json = {0};
    nnrt_json_open(&json, NULL, '{');
    nnrt_json_string(&json, "checkpoint", file->path);
    nnrt_json_string(&json, "program", nnrt_safetensors_metadata(file, "program"));
    nnrt_json_integer(&json, "training", at->training);
    nnrt_json_integer(&json, "epoch", at->epoch);
    nnrt_json_integer(&json, "step", at->step);
    nnrt_json_integer(&json, "epochs_done", at->epochs);
    nnrt_json_integer(&json, "steps_done", at->steps);
    nnrt_json_open(&json, "state", '[');
    for (int64_t i = 0; i < file->count; i++) put_tensor(&json, &file->tensors[i]);
    nnrt_json_close(&json, ']');
    nnrt_json_close(&json, '}');
    nnrt_json_print(&json);
}

static void print_text(const nnrt_safetensors *file, const place *at) {
    printf("checkpoint %s\n", file->path);
    printf("training   %" PRId64 ", epoch %" PRId64 ", step %" PRId64 "; %" PRId64
           " epochs, %" PRId64 " steps before\n",
           at->training, at->epoch, at->step, at->epochs, at->steps);
    for (int64_t i = 0; i < file->count; i++) {
        const nnrt_tensor *tensor = &file->tensors[i];
        char shape[NNRT_SHAPE_TEXT];
        nnrt_shape_text(shape, tensor->rank, tensor->shape);
        printf("%-10s %s %s %s\n", i ? "" : "state", tensor->name, tensor->dtype, shape);
    }
}

nnrt_status nnrt_info_checkpoint(const char *path, const char *called, int as_json) {
    nnrt_safetensors file;
    place at;
    nnrt_status status = nnrt_checkpoint_open(&file, path);
    if (status) return status;
    status = nnrt_saved_step_refuse(&file, called);
    if (!status) status = read_place(&file, &at);
    at.training++;
    at.epoch++;
    at.step++;
    if (!status && as_json) print_json(&file, &at);
    if (!status && !as_json) print_text(&file, &at);
    nnrt_safetensors_close(&file);
    return status;
}
