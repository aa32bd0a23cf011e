#include "alone.h"

#include "../../../session/callback.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// ---- Its options.

static nnrt_status name_file(const char **path, const nnrt_planned *run) {
    if (!*path) return NNRT_OK;
    *path = nnrt_plan_path(*path, run->mark);
    return *path ? NNRT_OK : NNRT_ERROR;
}

// Where the weights go unless --save or --run say so is a file of the run, too.
static nnrt_status name_files(nnrt_options *own, const nnrt_session *shared,
                              const nnrt_planned *run) {
    if (!own->save && !own->run) own->save = shared->weights_path;
    nnrt_status status = name_file(&own->save, run);
    if (!status) status = name_file(&own->step_log, run);
    if (!status) status = name_file(&own->history, run);
    return status ? status : name_file(&own->checkpoint, run);
}

// What says which of several runs there are, each with a value, in this word or in the next.
static int is_of_all(const char *word, int *has_value) {
    static const char *const names[] = {"--seeds", "--seed", "--learning-rate"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        size_t length = strlen(names[i]);
        if (strncmp(word, names[i], length) != 0 || (word[length] && word[length] != '=')) continue;
        *has_value = word[length] == '=';
        return 1;
    }
    return 0;
}

static char *print_word(const char *name, const char *value) {
    size_t size = strlen(name) + strlen(value) + 2;
    char *word = malloc(size);
    if (word) snprintf(word, size, "%s=%s", name, value);
    return word;
}

// "net fit --epochs 3 --seeds 5" of seed 2: "net fit --epochs 3 --seed=2".
static nnrt_status write_words(nnrt_options *own) {
    char seed[32], rate[NNRT_JSON_NUMBER];
    char **words = calloc((size_t)own->word_count + 2, sizeof *words);
    int count = 0, has_value;
    if (!words) return nnrt_fail_memory("the command line", 0);
    for (int i = 0; i < own->word_count; i++) {
        if (!is_of_all(own->words[i], &has_value))
            words[count++] = own->words[i];
        else
            i += !has_value;
    }
    snprintf(seed, sizeof seed, "%" PRId64, own->seed);
    nnrt_number_text(rate, own->learning_rate);
    words[count++] = print_word("--seed", seed);
    if (own->learning_rate > 0) words[count++] = print_word("--learning-rate", rate);
    if (!words[count - 1] || !words[count - 2]) return nnrt_fail_memory("the command line", 0);
    own->words = words;
    own->word_count = count;
    return NNRT_OK;
}

static nnrt_status choose_options(nnrt_options *own, const nnrt_session *shared,
                                  const nnrt_planned *run, int64_t threads) {
    *own = *shared->options;
    own->is_one_of_several = own->no_report = 1;
    own->tells_epochs = own->json;
    own->seed = run->seed;
    own->has_seed = 1;
    own->learning_rate = run->rate;
    own->threads = threads;
    own->json = 1;
    own->progress = NNRT_PROGRESS_NONE;
    nnrt_status status = name_files(own, shared, run);
    return status ? status : write_words(own);
}

// ---- Its callbacks.

// The path is the first option of those that write.
static nnrt_status name_call(nnrt_call *call, const nnrt_planned *run) {
    const char *path = nnrt_callback_path(call);
    size_t size = (size_t)call->option_count * sizeof *call->options;
    if (!path) return NNRT_OK;
    int is_folder = nnrt_callback_row_of(call)->writes == NNRT_WRITES_FOLDER;
    nnrt_option *options = malloc(size);
    if (!options) return nnrt_fail_memory("callbacks", size);
    memcpy(options, call->options, size);
    call->options = options;
    options[0].text =
        is_folder ? nnrt_plan_folder(path, run->mark) : nnrt_plan_path(path, run->mark);
    return options[0].text ? NNRT_OK : NNRT_ERROR;
}

static void *copy(const void *items, int64_t count, size_t size) {
    void *own = malloc((size_t)count * size + 1);
    if (own && count) memcpy(own, items, (size_t)count * size);
    if (!own) nnrt_fail_memory("callbacks", (size_t)count * size);
    return own;
}

static nnrt_status name_callbacks(nnrt_program *own, const nnrt_planned *run) {
    nnrt_training *trainings = copy(own->trainings, own->training_count, sizeof *trainings);
    if (!trainings) return NNRT_ERROR;
    own->trainings = trainings;
    for (int64_t i = 0; i < own->training_count; i++) {
        int64_t count = trainings[i].callback_count;
        nnrt_call *calls = copy(trainings[i].callbacks, count, sizeof *calls);
        if (!calls) return NNRT_ERROR;
        trainings[i].callbacks = calls;
        for (int64_t k = 0; k < count; k++)
            if (name_call(&calls[k], run)) return NNRT_ERROR;
    }
    return NNRT_OK;
}

// ---- Its session.

static void take_data(nnrt_session *session, nnrt_session *shared) {
    if (!shared->has_data) return;
    session->data = shared->data;
    session->has_data = 1;
    session->dataset = shared->dataset;
    session->learnt[session->dataset] = shared->learnt[session->dataset];
    shared->learnt[session->dataset] = NULL;
    shared->has_data = 0;
}

nnrt_status nnrt_alone_open(nnrt_alone *alone, nnrt_session *session, nnrt_session *shared,
                            const nnrt_planned *run, int64_t threads) {
    alone->program = *shared->program;
    nnrt_status status = choose_options(&alone->options, shared, run, threads);
    if (!status) status = name_callbacks(&alone->program, run);
    if (!status) status = nnrt_session_open(session, &alone->program, &alone->options);
    if (status) return status;
    take_data(session, shared);
    char *weights = nnrt_plan_path(session->weights_path, run->mark);
    if (!weights) return NNRT_ERROR;
    free(session->weights_path); // beside which pictures go where the weights are no file
    session->weights_path = weights;
    return NNRT_OK;
}
