#include "session.h"

#include "models.h"
#include "targets.h"
#include "touch.h"
#include "weights/ranges.h"

#include "../files/paths/locate.h"
#include "../formats/array.h"
#include "../formats/text/vectors.h"
#include "../formats/weights/carried.h"
#include "weights/initialize.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { SLACK_FLOATS = 64, HUGE_PAGE = 2 << 20 };

// ---- Memory.

nnrt_status nnrt_block_allocate(nnrt_block *block, int64_t floats, const char *what) {
    size_t bytes;
    int too_large = floats < 0 || __builtin_mul_overflow((size_t)floats, sizeof(float), &bytes) ||
                    __builtin_add_overflow(bytes, SLACK_FLOATS * sizeof(float), &bytes);
    // Half a huge page gets a whole one: what a second-level cache could hold does not fit it where
    // small pages happen to share its sets.
    size_t extra = !too_large && bytes >= HUGE_PAGE / 2 ? HUGE_PAGE : 0; // to align by
    if (extra && bytes < HUGE_PAGE) bytes = HUGE_PAGE;
    if (!too_large) too_large = __builtin_add_overflow(bytes, extra, &block->bytes);
    block->base = too_large ? MAP_FAILED
                            : mmap(NULL, block->bytes, PROT_READ | PROT_WRITE,
                                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (block->base == MAP_FAILED) {
        block->base = NULL;
        return nnrt_fail_memory(what, too_large ? 0 : block->bytes);
    }
    char *start = block->base;
    if (extra) {
        start += -(uintptr_t)start & (HUGE_PAGE - 1);
        madvise(start, bytes, MADV_HUGEPAGE);
    }
    block->values = (float *)start;
    return NNRT_OK;
}

void nnrt_block_free(nnrt_block *block) {
    if (block->base) munmap(block->base, block->bytes);
    memset(block, 0, sizeof *block);
}

// ---- The team.

static int64_t useful_threads(const nnrt_program *program) {
    int64_t threads = 1;
    for (int64_t i = 0; i < program->model_count; i++)
        if (program->models[i].predict.threads > threads)
            threads = program->models[i].predict.threads;
    for (int64_t i = 0; i < program->training_count; i++) {
        const nnrt_training *training = &program->trainings[i];
        for (int64_t k = 0; k < training->step_count; k++) {
            const nnrt_train_step *step = &training->steps[k];
            if (step->train.threads > threads) threads = step->train.threads;
            if (step->evaluate.threads > threads) threads = step->evaluate.threads;
        }
    }
    return threads;
}

static nnrt_status open_team(nnrt_session *session) {
    int64_t threads = session->options->threads, useful = useful_threads(session->program);
    if (!threads) threads = nnrt_cpu_count();
    if (threads > useful) threads = useful;
    if (threads > NNRT_TEAM_MAX) threads = NNRT_TEAM_MAX;
    session->team = nnrt_team_create((int)threads);
    return session->team ? NNRT_OK : NNRT_ERROR;
}

static nnrt_status allocate_scratch(nnrt_session *session) {
    int64_t workers = nnrt_team_size(session->team);
    return nnrt_block_allocate(&session->scratch, workers * session->program->scratch_size,
                               "the workers' scratch");
}

// ---- Opening and closing.

// "./fashion" -> "fashion.safetensors": in the current folder, which can be written more often than
// the program's.
static char *default_weights_path(const char *program) {
    const char *slash = strrchr(program, '/'), *name = slash ? slash + 1 : program;
    size_t size = strlen(name) + sizeof ".safetensors";
    char *path = malloc(size);
    if (path) snprintf(path, size, "%s.safetensors", name);
    return path;
}

// That of a model that was named, else of the last training.
static int64_t choose_dataset(const nnrt_session *session) {
    const nnrt_training *training = nnrt_session_training(session);
    int64_t own = nnrt_session_model(session)->dataset;
    return training && (own < 0 || !session->options->model) ? training->dataset : own;
}

nnrt_status nnrt_session_open(nnrt_session *session, const nnrt_program *program,
                              const nnrt_options *options) {
    memset(session, 0, sizeof *session);
    session->program = program;
    session->options = options;
    nnrt_status status = nnrt_models_choose(program, options, &session->model);
    if (status) return status;
    session->dataset = choose_dataset(session);
    session->weights_path = default_weights_path(options->program);
    if (!session->weights_path)
        return nnrt_fail_memory("the name of the weights", strlen(options->program));
    session->knows_statistic = calloc((size_t)program->parameter_count + 1, 1);
    session->learnt = calloc((size_t)program->dataset_count + 1, sizeof *session->learnt);
    session->info.learnt = (const char *const *)session->learnt;
    session->ranges = calloc((size_t)program->parameter_count + 1, 2 * sizeof *session->ranges);
    if (!session->knows_statistic || !session->learnt || !session->ranges)
        status = nnrt_fail_memory("the weights", (size_t)program->parameter_count);
    nnrt_flush_denormals();
    if (!status)
        status = nnrt_block_allocate(&session->weights, program->weights_size, "the weights");
    if (!status) status = open_team(session);
    if (!status) status = allocate_scratch(session);
    if (status)
        nnrt_session_close(session);
    else
        nnrt_touch_weights(session);
    return status;
}

void nnrt_session_close(nnrt_session *session) {
    nnrt_team_free(session->team);
    if (session->has_data) nnrt_data_free(&session->data);
    nnrt_block_free(&session->weights);
    nnrt_block_free(&session->slots);
    nnrt_block_free(&session->scratch);
    nnrt_session_drop_arenas(session);
    free(session->weights_path);
    free(session->knows_statistic);
    for (int64_t i = 0; session->learnt && i < session->program->dataset_count; i++)
        free(session->learnt[i]);
    free(session->learnt);
    free(session->history);
    free(session->ranges);
    free(session->ranges_text);
    memset(session, 0, sizeof *session);
}

int nnrt_session_source(const nnrt_session *session, const nnrt_column *column) {
    if (!column->source || !session->data.row_count) return -1;
    return (int)nnrt_data_find_column(&session->data.info, column->source);
}

static const void *data_column(const nnrt_session *session, int source) {
    return source < 0 ? NULL : session->data.columns[source];
}

nnrt_context nnrt_session_context(nnrt_session *session, const nnrt_function *function) {
    nnrt_context context = {0};
    context.weights = session->weights.values;
    context.slots = session->slots.values;
    context.arena = nnrt_session_arena(session, function);
    context.scratch = session->scratch.values;
    for (int64_t i = 0; i < function->column_count; i++)
        context.columns[i] =
            data_column(session, nnrt_session_source(session, &function->columns[i]));
    context.ranges = session->ranges;
    if (context.arena && function->in_int8 && nnrt_session_prepare(session, function, &context))
        context.arena = NULL;
    return context;
}

const nnrt_training *nnrt_session_training(const nnrt_session *session) {
    const nnrt_program *program = session->program;
    int64_t own = nnrt_session_model(session)->training;
    int64_t number = session->options->model ? own : program->training_count - 1;
    return number < 0 ? NULL : &program->trainings[number];
}

const nnrt_model *nnrt_session_model(const nnrt_session *session) {
    return &session->program->models[session->model];
}

// ---- Data.

static const char *dtype_name(int64_t dtype) {
    return dtype == NNRT_U8 ? "uint8" : dtype == NNRT_I32 ? "int32" : "float32";
}

static nnrt_status check_column(const nnrt_session *session, const nnrt_column *compiled,
                                const nnrt_column *found, const char *role) {
    if (compiled->size == found->size && compiled->dtype == found->dtype) return NNRT_OK;
    return nnrt_fail(NNRT_ERROR,
                     "the data set `%s` has changed since `%s` was compiled: the %s has %" PRId64
                     " %s values a sample now, %" PRId64 " %s then; compile again with `nnc build`",
                     nnrt_session_dataset(session)->name, session->program->source_path, role,
                     found->size, dtype_name(found->dtype), compiled->size,
                     dtype_name(compiled->dtype));
}

static nnrt_status check_columns(const nnrt_session *session, const nnrt_function *function) {
    const nnrt_data_info *info = &session->data.info;
    nnrt_status status = NNRT_OK;
    for (int64_t i = 0; i < function->column_count && !status; i++) {
        const nnrt_column *column = &function->columns[i];
        int source = nnrt_session_source(session, column);
        if (!column->source) continue;
        status = source < 0 ? nnrt_fail(NNRT_ERROR,
                                        "the data set `%s` has no column `%s` any more; compile "
                                        "again with `nnc build`",
                                        nnrt_session_dataset(session)->name, column->source)
                            : check_column(session, column, nnrt_data_column(info, source),
                                           source < info->input_count ? "input" : "target");
    }
    return status;
}

static nnrt_status check_functions(const nnrt_session *session) {
    const nnrt_program *program = session->program;
    nnrt_status status = NNRT_OK;
    for (int64_t i = 0; i < program->training_count && !status; i++) {
        const nnrt_training *training = &program->trainings[i];
        for (int64_t k = 0; k < training->step_count && !status; k++)
            if (training->dataset == session->dataset)
                status = check_columns(session, &training->steps[k].train);
    }
    return status;
}

static nnrt_status check_data(const nnrt_session *session) {
    const nnrt_dataset *dataset = nnrt_session_dataset(session);
    const nnrt_program *program = session->program;
    const nnrt_data_info *info = &session->data.info;
    nnrt_status status = check_functions(session);
    if (!status && dataset->class_count && info->targets[0].classes != dataset->class_count)
        status = nnrt_fail(NNRT_ERROR,
                           "the data set `%s` has changed since `%s` was compiled: %" PRId64
                           " classes now, %" PRId64 " then; compile again with `nnc build`",
                           dataset->name, program->source_path, info->targets[0].classes,
                           dataset->class_count);
    if (!status) status = nnrt_tokens_check(session);
    return status ? status : nnrt_targets_check(session);
}

nnrt_status nnrt_session_load_data(nnrt_session *session) {
    const nnrt_dataset *dataset = nnrt_session_dataset(session);
    if (!dataset)
        return nnrt_fail(NNRT_ERROR,
                         "the program has no data: add a `dataset` and a `train` block to `%s`",
                         session->program->source_path);
    nnrt_status status =
        nnrt_data_load(dataset->stages, dataset->stage_count, dataset->folder, &session->data);
    if (status) return status;
    session->has_data = 1;
    free(session->learnt[session->dataset]);
    session->learnt[session->dataset] = nnrt_data_learnt(&session->data);
    return check_data(session);
}

static nnrt_status fail_unknown_stages(const nnrt_session *session, const char *weights) {
    return nnrt_fail(NNRT_ERROR,
                     "the weights%s%s%s do not say what the stages of the data set `%s` learnt, "
                     "which rows of another file need; run `%s fit` again",
                     weights ? " in `" : " that the program carries", weights ? weights : "",
                     weights ? "`" : "", nnrt_session_dataset(session)->name,
                     session->options->called);
}

nnrt_status nnrt_session_load_rows(nnrt_session *session, const char *path, int is_predicted) {
    const nnrt_dataset *dataset = nnrt_session_dataset(session);
    char place[PATH_MAX], *learnt;
    const char *weights = nnrt_session_weights_read(session, place) ? place : NULL;
    nnrt_status status = nnrt_weights_learnt(weights, dataset, &learnt);
    if (status) return status;
    if (!learnt) return fail_unknown_stages(session, weights);
    const nnrt_known known = {learnt, path, is_predicted};
    status = nnrt_data_load_known(dataset->stages, dataset->stage_count, dataset->folder, &known,
                                  &session->data);
    free(learnt);
    if (status) return status;
    session->has_data = 1;
    if (!is_predicted) return check_data(session);
    status = check_functions(session);
    if (!status) status = nnrt_tokens_check(session);
    return status ? status : nnrt_targets_check_names(session);
}

const nnrt_dataset *nnrt_session_dataset(const nnrt_session *session) {
    return session->dataset < 0 ? NULL : &session->program->datasets[session->dataset];
}

int nnrt_session_has_validation(const nnrt_session *session, const nnrt_training *training) {
    const nnrt_dataset *dataset = &session->program->datasets[training->dataset];
    nnrt_data_info info;
    if (training->dataset == session->dataset) return session->data.validation.count > 0;
    nnrt_data_inspect(dataset->stages, dataset->stage_count, dataset->folder, &info);
    return info.validation_rows > 0;
}

// ---- Weights.

// "standardize/mean" is of the only input, "standardize/left/mean" of `left`, of another data set
// than the first "standardize/others/left/mean"; NULL: the data have none of that name.
static const float *find_statistic(const nnrt_session *session, const char *name) {
    const nnrt_data *data = &session->data;
    const char *prefix = nnrt_session_dataset(session)->prefix, *rest = strchr(name, '/') + 1;
    for (int64_t i = 0; i < data->info.input_count; i++) {
        char own[512] = "";
        const char *column = data->info.inputs[i].name;
        if (prefix)
            snprintf(own, sizeof own, "%s/%s/", prefix, column);
        else if (data->info.input_count > 1)
            snprintf(own, sizeof own, "%s/", column);
        if (strncmp(rest, own, strlen(own)) != 0) continue;
        const char *what = rest + strlen(own);
        if (strcmp(what, "mean") == 0) return data->mean[i];
        if (strcmp(what, "deviation") == 0) return data->deviation[i];
    }
    return NULL;
}

int nnrt_session_statistics(const nnrt_session *session, int64_t input, float *mean,
                            float *deviation) {
    const nnrt_program *program = session->program;
    int found = 0;
    for (int64_t i = 0; i < program->parameter_count && input >= 0; i++) {
        const nnrt_parameter *parameter = &program->parameters[i];
        if (!nnrt_weights_is_statistic(parameter)) continue;
        const float *values = find_statistic(session, parameter->name);
        float *place = !values                                    ? NULL
                       : values == session->data.mean[input]      ? mean
                       : values == session->data.deviation[input] ? deviation
                                                                  : NULL;
        if (!place) continue;
        nnrt_weights_get(parameter, session->weights.values, place);
        found++;
    }
    return found == 2;
}

// All of them, from a file that holds them, or none.
static void know_statistics(nnrt_session *session, int all) {
    memset(session->knows_statistic, all, (size_t)session->program->parameter_count);
    session->info.has_statistics = all;
}

// Fills the statistics of `standardize` that are not known yet, as far as the data set gives them.
static nnrt_status fill_statistics(nnrt_session *session) {
    const nnrt_program *program = session->program;
    int64_t unknown = 0;
    for (int64_t i = 0; i < program->parameter_count; i++) {
        const nnrt_parameter *parameter = &program->parameters[i];
        if (!nnrt_weights_is_statistic(parameter) || session->knows_statistic[i]) continue;
        const float *values = find_statistic(session, parameter->name);
        if (!values && program->dataset_count == 1)
            return nnrt_fail(NNRT_BUG, "the data give no values for `%s`", parameter->name);
        if (values) nnrt_weights_put(parameter, session->weights.values, values);
        session->knows_statistic[i] = values != NULL;
        unknown += !values;
    }
    session->info.has_statistics = !unknown;
    return NNRT_OK;
}

nnrt_status nnrt_session_use_data(nnrt_session *session, const nnrt_training *training) {
    if (session->has_data && session->dataset == training->dataset) return NNRT_OK;
    if (session->has_data) nnrt_data_free(&session->data);
    session->has_data = 0;
    session->dataset = training->dataset;
    nnrt_status status = nnrt_session_load_data(session);
    return status ? status : fill_statistics(session);
}

// ---- Vectors of words.

static nnrt_status find_words(const nnrt_session *session, const nnrt_parameter *parameter,
                              const nnrt_data_info *info, nnrt_vector_rows *rows) {
    int64_t column = nnrt_data_find_column(info, parameter->vectors.column);
    int is_input = column >= 0 && column < info->input_count;
    rows->words = is_input ? info->input_words[column] : NULL;
    rows->count = is_input ? info->input_categories[column] : 0;
    if (rows->words && rows->count <= parameter->shape[0]) return NNRT_OK;
    return nnrt_fail(NNRT_ERROR,
                     "the data set `%s` has changed since `%s` was compiled: its `%s` has no "
                     "vocabulary that fits the %" PRId64 " rows of `%s`; compile again with `nnc "
                     "build`",
                     session->program->datasets[parameter->vectors.dataset].name,
                     session->program->source_path, parameter->vectors.column, parameter->shape[0],
                     parameter->name);
}

static nnrt_status read_vectors(nnrt_session *session, const nnrt_parameter *parameter,
                                const nnrt_data_info *info) {
    char path[PATH_MAX];
    nnrt_vector_rows rows = {.size = parameter->shape[1]};
    nnrt_status status = find_words(session, parameter, info, &rows);
    if (!status) status = nnrt_locate(parameter->vectors.folder, parameter->vectors.file, path);
    if (!status) rows.values = nnrt_array_allocate(NNRT_F32, nnrt_parameter_elements(parameter));
    if (!status && !rows.values) status = NNRT_ERROR;
    if (!status) nnrt_weights_get(parameter, session->weights.values, rows.values);
    if (!status) status = nnrt_vectors_read(path, &rows);
    if (!status) nnrt_weights_put(parameter, session->weights.values, rows.values);
    free(rows.values);
    if (!status)
        fprintf(stderr,
                "note: `%s` begins with vectors of `%s`: %" PRId64 " of %" PRId64 " words found\n",
                parameter->name, path, rows.found, rows.count);
    return status;
}

// The words are those of the data that are there, or of others that are read for it.
static nnrt_status load_vectors(nnrt_session *session, const nnrt_parameter *parameter) {
    int64_t number = parameter->vectors.dataset;
    const nnrt_dataset *dataset = &session->program->datasets[number];
    if (session->has_data && session->dataset == number)
        return read_vectors(session, parameter, &session->data.info);
    nnrt_data_info info;
    nnrt_status status =
        nnrt_data_inspect(dataset->stages, dataset->stage_count, dataset->folder, &info);
    return status ? status : read_vectors(session, parameter, &info);
}

nnrt_status nnrt_session_initialize(nnrt_session *session, uint64_t seed) {
    session->info = (nnrt_weights_info){.seed = seed, .learnt = session->info.learnt};
    nnrt_ranges_forget(session);
    nnrt_status status = nnrt_weights_initialize(session->program, seed, session->weights.values);
    for (int64_t i = 0; i < session->program->parameter_count && !status; i++)
        if (session->program->parameters[i].vectors.file)
            status = load_vectors(session, &session->program->parameters[i]);
    know_statistics(session, 0);
    return status || !session->has_data ? status : fill_statistics(session);
}

// What the stages of data sets that were not read yet learnt stays known, and is saved again.
static nnrt_status keep_learnt(nnrt_session *session, const char *path) {
    const nnrt_program *program = session->program;
    nnrt_status status = NNRT_OK;
    for (int64_t i = 0; i < program->dataset_count && !status; i++)
        if (!session->learnt[i])
            status = nnrt_weights_learnt(path, &program->datasets[i], &session->learnt[i]);
    return status;
}

static nnrt_status keep_history(nnrt_session *session, const char *path) {
    free(session->history);
    session->info.history = NULL;
    nnrt_status status = nnrt_weights_history(path, &session->history);
    session->info.history = session->history;
    return status;
}

// Of weights that were loaded, from `path` or, NULL, those that the program carries.
static nnrt_status use_statistics(nnrt_session *session, const char *path, nnrt_status status) {
    if (!status) status = keep_learnt(session, path);
    if (!status) status = keep_history(session, path);
    if (!status) status = nnrt_ranges_read(session, path);
    if (status) return status;
    know_statistics(session, session->info.has_statistics != 0);
    return session->has_data ? fill_statistics(session) : NNRT_OK;
}

nnrt_status nnrt_session_load_weights(nnrt_session *session, const char *path,
                                      const nnrt_model *model) {
    nnrt_weights_info *info = &session->info;
    nnrt_status status =
        nnrt_weights_load(path, session->program, model, session->weights.values, info);
    if (!status && info->left_out)
        fprintf(stderr,
                "note: `%s` has weights of models that this program was built without; these "
                "%" PRId64 " tensors are passed over\n",
                path, info->left_out);
    return use_statistics(session, path, status);
}

nnrt_status nnrt_session_load_carried(nnrt_session *session, const nnrt_model *model) {
    if (!nnrt_carried_weights().bytes)
        return nnrt_fail(NNRT_USAGE, "the program carries no weights; `nnc build --weights FILE` "
                                     "makes one that does, `--weights FILE` starts from a file");
    return use_statistics(session, NULL,
                          nnrt_weights_load_carried(session->program, model,
                                                    session->weights.values, &session->info));
}

// Beside the executable lie those of a program that was copied with them.
static int find_beside(const char *name, char *path, size_t size) {
    ssize_t length = readlink("/proc/self/exe", path, size - 1);
    if (length <= 0) return 0;
    path[length] = 0;
    char *slash = strrchr(path, '/');
    if (!slash) return 0;
    size_t left = size - (size_t)(slash + 1 - path);
    int used = snprintf(slash + 1, left, "%s", name);
    return used >= 0 && (size_t)used < left && access(path, F_OK) == 0;
}

int nnrt_session_weights_read(const nnrt_session *session, char path[PATH_MAX]) {
    const nnrt_options *options = session->options;
    const char *command = options->command, *own = session->weights_path;
    int needs_trained = strcmp(command, "evaluate") == 0 || strcmp(command, "predict") == 0 ||
                        strcmp(command, "generate") == 0 || strcmp(command, "report") == 0 ||
                        strcmp(command, "calibrate") == 0 || strcmp(command, "info") == 0;
    const char *known = options->weights                          ? options->weights
                        : needs_trained && access(own, F_OK) == 0 ? own
                                                                  : NULL;
    if (!options->weights && nnrt_carried_weights().bytes) return 0;
    if (known) return snprintf(path, PATH_MAX, "%s", known) < PATH_MAX;
    return needs_trained && find_beside(own, path, PATH_MAX);
}

// Text is not written in int8, `calibrate` measures in any case, and a report without data does not
// predict.
static nnrt_status need_ranges(nnrt_session *session, const char *path, nnrt_status status) {
    const char *command = session->options->command;
    int is_wanted = strcmp(command, "generate") != 0 && strcmp(command, "calibrate") != 0 &&
                    (strcmp(command, "report") != 0 || session->has_data);
    return status || !is_wanted ? status : nnrt_ranges_need(session, path);
}

nnrt_status nnrt_session_load_trained(nnrt_session *session, const nnrt_model *model) {
    char path[PATH_MAX];
    if (nnrt_session_weights_read(session, path))
        return need_ranges(session, path, nnrt_session_load_weights(session, path, model));
    if (nnrt_carried_weights().bytes)
        return need_ranges(session, NULL, nnrt_session_load_carried(session, model));
    return nnrt_fail(NNRT_ERROR,
                     "there are no weights yet: `%s` is neither in this folder nor beside the "
                     "program; run `%s %s` first, or name a file with --weights",
                     session->weights_path, session->options->called,
                     session->program->training_count ? "fit" : "init");
}

// Padding stays zero, or else it would grow into the weights' padding.
static void start_slot(const nnrt_session *session, const nnrt_slot *slot, float *place,
                       const float *values) {
    if (slot->parameter < 0) {
        for (int64_t i = 0; i < slot->size; i++) place[i] = (float)slot->initial;
        return;
    }
    nnrt_parameter stored = session->program->parameters[slot->parameter];
    stored.storage.offset = 0;
    nnrt_weights_put(&stored, place, values);
}

static void start_step(const nnrt_session *session, const nnrt_train_step *step, float *base,
                       float *values) {
    for (int64_t i = 0; i < step->slot_count; i++) {
        const nnrt_slot *slot = &step->slots[i];
        if (slot->initial == 0) continue;
        for (int64_t j = 0; j < slot->size; j++) values[j] = (float)slot->initial;
        start_slot(session, slot, base + slot->offset, values);
    }
}

static int64_t largest_slot(const nnrt_training *training) {
    int64_t largest = 1;
    for (int64_t k = 0; k < training->step_count; k++)
        for (int64_t i = 0; i < training->steps[k].slot_count; i++)
            if (training->steps[k].slots[i].size > largest)
                largest = training->steps[k].slots[i].size;
    return largest;
}

float *nnrt_session_slots(const nnrt_session *session, const nnrt_training *training,
                          const nnrt_train_step *step) {
    float *base = session->slots.values;
    for (const nnrt_train_step *at = training->steps; at < step; at++) base += at->slots_size;
    return base;
}

nnrt_status nnrt_session_start_slots(nnrt_session *session, const nnrt_training *training) {
    int64_t size = 0, largest = largest_slot(training);
    for (int64_t i = 0; i < training->step_count; i++) size += training->steps[i].slots_size;
    nnrt_ranges_forget(session); // weights are going to change
    nnrt_block_free(&session->slots);
    nnrt_status status = nnrt_block_allocate(&session->slots, size, "the optimizer state");
    float *values = status ? NULL : malloc((size_t)largest * sizeof *values);
    if (!status && !values)
        status = nnrt_fail_memory("the optimizer state", (size_t)largest * sizeof *values);
    for (int64_t i = 0; i < training->step_count && !status; i++) {
        const nnrt_train_step *step = &training->steps[i];
        float *slots = nnrt_session_slots(session, training, step);
        nnrt_touch_slots(session, step, slots);
        start_step(session, step, slots, values);
    }
    free(values);
    return status;
}
