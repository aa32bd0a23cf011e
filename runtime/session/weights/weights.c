#include "weights.h"

#include "../../base/numbers/finite.h"
#include "../../base/numbers/hash.h"
#include "../../files/file.h"
#include "../../formats/array.h"
#include "../../formats/weights/carried.h"
#include "../../formats/weights/safetensors.h"
#include "../../formats/weights/safetensors_writer.h"
#include "../models.h"
#include "initialize.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

int nnrt_weights_is_statistic(const nnrt_parameter *parameter) {
    return strncmp(parameter->name, "standardize/", strlen("standardize/")) == 0;
}

// Room for the largest parameter.
static float *allocate_values(const nnrt_program *program) {
    int64_t largest = 1;
    for (int64_t i = 0; i < program->parameter_count; i++) {
        int64_t count = nnrt_parameter_elements(&program->parameters[i]);
        if (count > largest) largest = count;
    }
    float *values = malloc((size_t)largest * sizeof *values);
    if (!values) nnrt_fail_memory("weights", (size_t)largest * sizeof *values);
    return values;
}

nnrt_status nnrt_weights_initialize(const nnrt_program *program, uint64_t seed, float *weights) {
    float *values = allocate_values(program);
    if (!values) return NNRT_ERROR;
    memset(weights, 0, (size_t)program->weights_size * sizeof *weights);
    nnrt_status status = NNRT_OK;
    for (int64_t i = 0; i < program->parameter_count && !status; i++) {
        status = nnrt_initialize(&program->parameters[i], i, seed, values);
        if (!status) nnrt_weights_put(&program->parameters[i], weights, values);
    }
    free(values);
    return status;
}

// ---- Saving.

enum { LEARNT_KEY = 512 };
#define HISTORY_KEY "history"
#define RANGES_KEY "nnc.ranges"

static void learnt_key(char key[LEARNT_KEY], const nnrt_dataset *dataset) {
    snprintf(key, LEARNT_KEY, "nnc.data.%s", dataset->name);
}

static void put_history(nnrt_json *json, const nnrt_weights_info *info) {
    char *told = info->tell_history ? info->tell_history(info) : NULL;
    const char *text = info->tell_history ? told : info->history;
    if (text) nnrt_json_string(json, HISTORY_KEY, text);
    json->failed |= info->tell_history && !told;
    free(told);
}

void nnrt_weights_metadata(nnrt_json *json, const nnrt_program *program,
                           const nnrt_weights_info *info) {
    char number[32], names[NNRT_MODELS_TEXT];
    nnrt_json_string(json, "program", program->source_path);
    nnrt_json_string(json, "model", nnrt_models_names(program, names));
    nnrt_json_string(json, "compiler", program->compiler_version);
    snprintf(number, sizeof number, "%" PRIu64, info->seed);
    nnrt_json_string(json, "seed", number);
    snprintf(number, sizeof number, "%" PRId64, info->epoch);
    nnrt_json_string(json, "epoch", number);
    snprintf(number, sizeof number, "%" PRId64, info->step);
    nnrt_json_string(json, "step", number);
    nnrt_json_string(json, "training", info->is_unfinished ? "unfinished" : "finished");
    nnrt_json_string(json, "statistics", info->has_statistics ? "data" : "none");
    for (int64_t i = 0; info->learnt && i < program->dataset_count; i++) {
        char key[LEARNT_KEY];
        learnt_key(key, &program->datasets[i]);
        if (info->learnt[i]) nnrt_json_string(json, key, info->learnt[i]);
    }
    if (info->ranges) nnrt_json_string(json, RANGES_KEY, info->ranges);
    if (program->expanded_text) nnrt_json_string(json, "source", program->expanded_text);
    put_history(json, info);
}

static void put_header(nnrt_json *json, const nnrt_program *program,
                       const nnrt_weights_info *info) {
    int64_t offset = 0;
    nnrt_json_open(json, NULL, '{');
    nnrt_json_open(json, "__metadata__", '{');
    nnrt_weights_metadata(json, program, info);
    nnrt_json_close(json, '}');
    for (int64_t i = 0; i < program->parameter_count; i++) {
        const nnrt_parameter *parameter = &program->parameters[i];
        int64_t bytes = nnrt_parameter_elements(parameter) * (int64_t)sizeof(float);
        nnrt_safetensors_put(json, parameter->name, "F32", parameter->rank, parameter->shape, bytes,
                             &offset);
    }
    nnrt_json_close(json, '}');
}

// ---- Older files.

int64_t nnrt_weights_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

// Counters go on from here.
#define COUNTER_LIMIT ((uint64_t)1 << 53)

// Digits below `limit` (0: 2^64); 0 where they are missing.
static nnrt_status read_number(const nnrt_safetensors *file, const char *key, uint64_t limit,
                               uint64_t *number) {
    const char *text = nnrt_safetensors_metadata(file, key);
    char *end = NULL;
    *number = 0;
    if (!text) return NNRT_OK;
    errno = 0;
    *number = strtoull(text, &end, 10);
    if (isdigit((unsigned char)*text) && !*end && !errno && (!limit || *number < limit))
        return NNRT_OK;
    return nnrt_fail(NNRT_ERROR, "the weights in `%s` are damaged: `%s` is \"%.40s\"", file->path,
                     key, text);
}

static nnrt_status read_numbers(const nnrt_safetensors *file, nnrt_weights_info *info) {
    uint64_t epoch, step;
    nnrt_status status = read_number(file, "seed", 0, &info->seed);
    if (!status) status = read_number(file, "epoch", COUNTER_LIMIT, &epoch);
    if (!status) status = read_number(file, "step", COUNTER_LIMIT, &step);
    if (status) return status;
    info->epoch = (int64_t)epoch;
    info->step = (int64_t)step;
    return NNRT_OK;
}

// How long the training was that a file comes from; 0 where that cannot be read.
static int64_t read_steps(const char *path, int *is_unfinished) {
    nnrt_safetensors file;
    *is_unfinished = 0;
    if (nnrt_safetensors_open(&file, path)) return 0;
    const char *training = nnrt_safetensors_metadata(&file, "training");
    *is_unfinished = training && strcmp(training, "unfinished") == 0;
    uint64_t steps;
    if (read_number(&file, "step", COUNTER_LIMIT, &steps)) steps = 0;
    nnrt_safetensors_close(&file);
    return (int64_t)steps;
}

// What this process has saved last under a name. Files are stamped with a clock that lags behind by
// some milliseconds, so that its own first ones may look as if they were older than it.
typedef struct saved_file {
    struct saved_file *next;
    dev_t device;
    ino_t number;
    char path[];
} saved_file;

static saved_file *saved_files;

static saved_file *find_saved(const char *path) {
    saved_file *saved = saved_files;
    while (saved && strcmp(saved->path, path) != 0) saved = saved->next;
    return saved;
}

// Without memory it is not noted: the stamp decides then.
static void note_saved(const char *path) {
    struct stat file;
    saved_file *saved = find_saved(path);
    if (stat(path, &file) != 0) return;
    if (!saved) {
        saved = malloc(sizeof *saved + strlen(path) + 1);
        if (!saved) return;
        strcpy(saved->path, path);
        saved->next = saved_files;
        saved_files = saved;
    }
    saved->device = file.st_dev;
    saved->number = file.st_ino;
}

static int is_own(const char *path, const struct stat *file) {
    const saved_file *saved = find_saved(path);
    return saved && saved->device == file->st_dev && saved->number == file->st_ino;
}

static int is_worth_keeping(const char *path, const nnrt_weights_info *info) {
    struct stat older, kept;
    char name[PATH_MAX];
    int is_unfinished, is_kept_unfinished;
    if (!info->started || stat(path, &older) != 0 || !S_ISREG(older.st_mode)) return 0;
    if (is_own(path, &older)) return 0;
    int64_t written = older.st_mtim.tv_sec * INT64_C(1000000000) + older.st_mtim.tv_nsec;
    if (written >= info->started || !nnrt_file_older_name(path, name, sizeof name)) return 0;
    if (stat(name, &kept) != 0) return 1;
    int64_t steps = read_steps(path, &is_unfinished);
    return !is_unfinished || steps >= read_steps(name, &is_kept_unfinished);
}

nnrt_status nnrt_weights_save(const char *path, const nnrt_program *program, const float *weights,
                              const nnrt_weights_info *info) {
    nnrt_json json = {0};
    put_header(&json, program, info);
    const char *header = nnrt_json_text(&json);
    float *values = header ? allocate_values(program) : NULL;
    if (!values) {
        nnrt_json_free(&json);
        return nnrt_fail_memory(path, 0);
    }
    nnrt_status status = NNRT_ERROR;
    nnrt_file *file = nnrt_file_create(path);
    if (file) {
        if (is_worth_keeping(path, info)) nnrt_file_keep_older(file);
        nnrt_safetensors_write_header(file, header);
        for (int64_t i = 0; i < program->parameter_count; i++) {
            nnrt_weights_get(&program->parameters[i], weights, values);
            nnrt_safetensors_write(file, values, nnrt_parameter_elements(&program->parameters[i]),
                                   sizeof *values);
        }
        status = nnrt_file_commit(file);
        if (!status) note_saved(path);
    }
    free(values);
    nnrt_json_free(&json);
    return status;
}

nnrt_status nnrt_weights_fingerprint(const nnrt_program *program, const float *weights,
                                     uint64_t *fingerprint) {
    float *values = allocate_values(program);
    *fingerprint = NNRT_HASH_START;
    if (!values) return NNRT_ERROR;
    for (int64_t i = 0; i < program->parameter_count; i++) {
        const nnrt_parameter *parameter = &program->parameters[i];
        int64_t bytes = nnrt_parameter_elements(parameter) * (int64_t)sizeof *values;
        nnrt_weights_get(parameter, weights, values);
        *fingerprint = nnrt_hash_add(*fingerprint, values, bytes);
    }
    free(values);
    return NNRT_OK;
}

// ---- Loading.

// " (saved by model `judge` of `gan.nn`)"; "" where the file does not say it.
static const char *origin(const nnrt_safetensors *file, char text[1024]) {
    const char *source = nnrt_safetensors_metadata(file, "program");
    const char *model = nnrt_safetensors_metadata(file, "model");
    const char *plural = model && strchr(model, ',') ? "s" : "";
    text[0] = 0;
    if (source || model)
        snprintf(text, 1024, " (saved by model%s `%.400s` of `%.400s`)", plural,
                 model ? model : "?", source ? source : "?");
    return text;
}

// `asked` NULL: the weights of all models are.
static nnrt_status foreign(const nnrt_safetensors *file, const nnrt_program *program,
                           const nnrt_model *asked, const char *what) {
    char from[1024], names[NNRT_MODELS_TEXT];
    const char *plural = !asked && program->model_count > 1 ? "s" : "";
    return nnrt_fail(NNRT_ERROR, "the weights in `%s` are not those of model%s `%s`: %s%s",
                     file->path, plural, asked ? asked->name : nnrt_models_names(program, names),
                     what, origin(file, from));
}

static int same_shape(const nnrt_parameter *parameter, const nnrt_tensor *tensor) {
    return parameter->rank == tensor->rank &&
           memcmp(parameter->shape, tensor->shape, sizeof *tensor->shape * (size_t)tensor->rank) ==
               0;
}

// Of the program where no model is asked for.
static int is_needed(const nnrt_model *model, const nnrt_parameter *parameter) {
    if (!model) return 1;
    for (int64_t i = 0; i < model->parameter_count; i++)
        if (strcmp(model->parameters[i], parameter->name) == 0) return 1;
    return 0;
}

static nnrt_status check_parameter(const nnrt_safetensors *file, const nnrt_program *program,
                                   const nnrt_model *model, const nnrt_parameter *parameter) {
    char text[1024], have[NNRT_SHAPE_TEXT], want[NNRT_SHAPE_TEXT];
    const nnrt_tensor *tensor = nnrt_safetensors_find(file, parameter->name);
    nnrt_shape_text(want, parameter->rank, parameter->shape);
    if (!tensor) {
        if (nnrt_weights_is_statistic(parameter) || !is_needed(model, parameter)) return NNRT_OK;
        snprintf(text, sizeof text, "tensor `%.200s` %s is missing", parameter->name, want);
        return foreign(file, program, model, text);
    }
    if (same_shape(parameter, tensor)) return NNRT_OK;
    nnrt_shape_text(have, tensor->rank, tensor->shape);
    snprintf(text, sizeof text, "tensor `%.200s` is %s in the file and %s in the model",
             parameter->name, have, want);
    return foreign(file, program, model, text);
}

static int is_parameter(const nnrt_program *program, const char *name) {
    for (int64_t i = 0; i < program->parameter_count; i++)
        if (strcmp(program->parameters[i].name, name) == 0) return 1;
    return 0;
}

// Of models that were left out when the program was built.
static int is_left_out(const nnrt_program *program, const char *name) {
    for (int64_t i = 0; i < program->left_out_count; i++) {
        const char *known = program->left_out[i];
        size_t length = strlen(known);
        int is_model = length && known[length - 1] == '/';
        if (is_model ? strncmp(known, name, length) == 0 : strcmp(known, name) == 0) return 1;
    }
    return 0;
}

static nnrt_status check_tensors(const nnrt_safetensors *file, const nnrt_program *program,
                                 const nnrt_model *model, nnrt_weights_info *info) {
    nnrt_status status = NNRT_OK;
    info->left_out = 0;
    for (int64_t i = 0; i < program->parameter_count && !status; i++)
        status = check_parameter(file, program, model, &program->parameters[i]);
    for (int64_t i = 0; i < file->count && !status; i++) {
        const nnrt_tensor *tensor = &file->tensors[i];
        int has_no_model = is_left_out(program, tensor->name);
        info->left_out += has_no_model;
        int is_state = strncmp(tensor->name, NNRT_STATE_PREFIX, strlen(NNRT_STATE_PREFIX)) == 0;
        if (is_state || has_no_model || is_parameter(program, tensor->name)) continue;
        char text[1024], shape[NNRT_SHAPE_TEXT];
        nnrt_shape_text(shape, tensor->rank, tensor->shape);
        snprintf(text, sizeof text, "tensor `%.200s` %s has no place in the model", tensor->name,
                 shape);
        status = foreign(file, program, model, text);
    }
    return status;
}

static int is_variance(const nnrt_parameter *parameter) {
    const char *role = strrchr(parameter->name, '/');
    return role && strcmp(role, "/moving_variance") == 0;
}

// What no weight can be, or NULL. The root of a negative variance would make every output nan.
static const char *damage(float value, int is_variance) {
    if (isnan(value)) return "nan";
    if (isinf(value)) return "infinite";
    return value < 0 && is_variance ? "negative, which no variance is" : NULL;
}

static nnrt_status check_values(const nnrt_safetensors *file, const nnrt_parameter *parameter,
                                const float *values, int64_t count) {
    int may_be_negative = !is_variance(parameter);
    if (may_be_negative && nnrt_are_finite(values, count)) return NNRT_OK;
    for (int64_t i = 0; i < count; i++) {
        const char *what = damage(values[i], !may_be_negative);
        if (what)
            return nnrt_fail(NNRT_ERROR,
                             "the weights in `%s` are damaged: a value of tensor `%.200s` is %s",
                             file->path, parameter->name, what);
    }
    return NNRT_OK;
}

// Of one that lies in memory already.
static nnrt_status take_tensor(const nnrt_safetensors *file, const nnrt_parameter *parameter,
                               const float *values, float *weights) {
    nnrt_status status = check_values(file, parameter, values, nnrt_parameter_elements(parameter));
    if (!status && weights) nnrt_weights_put(parameter, weights, values);
    return status;
}

// Some rows at a time, which stay in a cache until they are in their place.
static nnrt_status read_tensor(const nnrt_safetensors *file, const nnrt_tensor *tensor,
                               const nnrt_parameter *parameter, float *values, float *weights) {
    enum { BLOCK = 1 << 15 }; // floats
    int64_t columns = parameter->columns, all = nnrt_parameter_elements(parameter) / columns;
    int64_t rows = columns < BLOCK ? BLOCK / columns : 1;
    nnrt_status status = NNRT_OK;
    for (int64_t first = 0; first < all && !status; first += rows) {
        int64_t count = all - first < rows ? all - first : rows;
        status = nnrt_safetensors_read_part(file, tensor, first * columns, count * columns, values);
        if (!status) status = check_values(file, parameter, values, count * columns);
        if (!status && weights) nnrt_weights_put_rows(parameter, weights, values, first, count);
    }
    return status;
}

static nnrt_status read_tensors(const nnrt_safetensors *file, const nnrt_program *program,
                                float *weights, nnrt_weights_info *info) {
    float *values = NULL; // for what does not lie in memory already
    nnrt_status status = NNRT_OK;
    for (int64_t i = 0; i < program->parameter_count && !status; i++) {
        const nnrt_parameter *parameter = &program->parameters[i];
        const nnrt_tensor *tensor = nnrt_safetensors_find(file, parameter->name);
        if (!tensor) {
            if (nnrt_weights_is_statistic(parameter)) info->has_statistics = 0;
            continue;
        }
        const float *place = nnrt_safetensors_values(file, tensor);
        if (!place && !values && !(values = allocate_values(program))) return NNRT_ERROR;
        status = place ? take_tensor(file, parameter, place, weights)
                       : read_tensor(file, tensor, parameter, values, weights);
    }
    free(values);
    return status;
}

// Closes the file. `weights` NULL: only looks whether they could be read.
static nnrt_status load(nnrt_safetensors *file, const nnrt_program *program,
                        const nnrt_model *model, float *weights, nnrt_weights_info *info) {
    nnrt_status status = check_tensors(file, program, model, info);
    const char *statistics = nnrt_safetensors_metadata(file, "statistics");
    if (!status) status = read_numbers(file, info);
    info->has_statistics = !statistics || strcmp(statistics, "none") != 0;
    if (!status) status = read_tensors(file, program, weights, info);
    nnrt_safetensors_close(file);
    return status;
}

nnrt_status nnrt_weights_load(const char *path, const nnrt_program *program,
                              const nnrt_model *model, float *weights, nnrt_weights_info *info) {
    nnrt_safetensors file;
    nnrt_status status = nnrt_safetensors_open(&file, path);
    return status ? status : load(&file, program, model, weights, info);
}

nnrt_status nnrt_weights_load_carried(const nnrt_program *program, const nnrt_model *model,
                                      float *weights, nnrt_weights_info *info) {
    nnrt_safetensors file;
    nnrt_carried carried = nnrt_carried_weights();
    nnrt_status status =
        nnrt_safetensors_open_bytes(&file, carried.name, carried.bytes, carried.size);
    return status ? status : load(&file, program, model, weights, info);
}

// A text of the metadata, to be freed; NULL: there is none.
static nnrt_status read_text(const char *path, const char *key, char **copy) {
    nnrt_safetensors file;
    nnrt_carried carried = nnrt_carried_weights();
    nnrt_status status =
        path ? nnrt_safetensors_open(&file, path)
             : nnrt_safetensors_open_bytes(&file, carried.name, carried.bytes, carried.size);
    *copy = NULL;
    if (status) return status;
    const char *text = nnrt_safetensors_metadata(&file, key);
    *copy = text ? strdup(text) : NULL;
    if (text && !*copy) status = nnrt_fail_memory("the weights", strlen(text));
    nnrt_safetensors_close(&file);
    return status;
}

nnrt_status nnrt_weights_learnt(const char *path, const nnrt_dataset *dataset, char **learnt) {
    char key[LEARNT_KEY];
    learnt_key(key, dataset);
    return read_text(path, key, learnt);
}

nnrt_status nnrt_weights_history(const char *path, char **history) {
    return read_text(path, HISTORY_KEY, history);
}

nnrt_status nnrt_weights_ranges(const char *path, char **ranges) {
    return read_text(path, RANGES_KEY, ranges);
}

nnrt_status nnrt_weights_check(const char *path, const nnrt_program *program) {
    nnrt_weights_info info = {0};
    return nnrt_weights_load(path, program, NULL, NULL, &info);
}
