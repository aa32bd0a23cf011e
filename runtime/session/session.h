// What a command works on: the program's memory (weights, optimizer state, arena), its data, its
// team. Memory is taken once, before any loop.
#ifndef NNRT_SESSION_H
#define NNRT_SESSION_H

#include "../data/data.h"
#include "../workers/team.h"
#include "options.h"
#include "weights/weights.h"

#include <limits.h>
#include <stddef.h>

typedef struct nnrt_block { // zeroed memory, aligned to 64, with huge pages where they pay
    float *values;
    void *base;
    size_t bytes;
} nnrt_block;

typedef struct nnrt_arena { // of one function
    const nnrt_function *function;
    nnrt_block block;
    int is_prepared; // what the function prepares is there
    struct nnrt_arena *next;
} nnrt_arena;

typedef struct nnrt_session {
    const nnrt_program *program;
    const nnrt_options *options;
    nnrt_block weights, slots;
    nnrt_block scratch; // of the workers
    nnrt_arena *arenas; // of the functions used so far
    nnrt_weights_info info;
    char *knows_statistic; // by parameter: `standardize` has its values, of a file or of the data
    char **learnt;         // by data set: what its stages learnt, as the weights file has it
    char *history;         // info.history: of the weights that were read
    float *ranges;         // by parameter: two numbers (ranges.h)
    char *ranges_text;     // info.ranges
    int has_ranges;        // those of the weights are known
    nnrt_data data;
    int has_data;
    int64_t dataset; // that `data` are of, or will be; -1: the program has none
    nnrt_team *team;
    int64_t model;      // that predicts, is measured and told about
    char *weights_path; // where `fit` saves and `evaluate` and `predict` look unless told
} nnrt_session;

// Memory and team, of as many threads as there are CPUs and the functions can use. NNRT_USAGE:
// `--model` names none of the program's.
nnrt_status nnrt_session_open(nnrt_session *session, const nnrt_program *program,
                              const nnrt_options *options);
void nnrt_session_close(nnrt_session *session);

// What a step function gets of the session: weights, slots, columns, the function's own arena,
// which is made at the first call. `arena` is NULL with nnrt_error() set when there is no memory.
nnrt_context nnrt_session_context(nnrt_session *session, const nnrt_function *function);

// ---- arenas.c
// That of the function, made when it is first asked for. NULL with nnrt_error() set: no memory.
float *nnrt_session_arena(nnrt_session *session, const nnrt_function *function);
// Give memory back, of all or of one, between two uses: whoever calls functions later gets zeroed
// arenas.
void nnrt_session_drop_arenas(nnrt_session *session);
void nnrt_session_drop_arena(nnrt_session *session, const nnrt_function *function);
// What a function in int8 prepares of weights and ranges, which are known, is in its arena
// afterwards.
nnrt_status nnrt_session_prepare(nnrt_session *session, const nnrt_function *function,
                                 const nnrt_context *context);

// Reads the data set (of the last training, unless nnrt_session_use_data said otherwise) and checks
// it against what the program was compiled for.
nnrt_status nnrt_session_load_data(nnrt_session *session);
// Reads rows of another file as this data set: what its stages learnt is taken from the weights
// that the command reads. `is_predicted`: targets are of no matter. NNRT_ERROR also: these say
// nothing of that.
nnrt_status nnrt_session_load_rows(nnrt_session *session, const char *path, int is_predicted);
// Goes over to a training's data set, which is read unless it was read last. Its statistics follow,
// unless the weights have them already.
nnrt_status nnrt_session_use_data(nnrt_session *session, const nnrt_training *training);
const nnrt_dataset *nnrt_session_dataset(const nnrt_session *session); // NULL: none
// Has the training's data set a validation part? Looks at it, if it is not the one that was read.
int nnrt_session_has_validation(const nnrt_session *session, const nnrt_training *training);

// The initial weights; with data, also its statistics for `standardize`.
nnrt_status nnrt_session_initialize(nnrt_session *session, uint64_t seed);

// The weights file that the command reads: --weights; for trained ones also that of this folder, or
// beside the executable, where the program carries none. 0: none.
int nnrt_session_weights_read(const nnrt_session *session, char path[PATH_MAX]);

// The weights of `path`: those that predictions of `model` need must be there (NULL: all of the
// program). With data, statistics that the file lacks come from there.
nnrt_status nnrt_session_load_weights(nnrt_session *session, const char *path,
                                      const nnrt_model *model);

// Those that the program carries, as far as it does.
nnrt_status nnrt_session_load_carried(nnrt_session *session, const nnrt_model *model);

// The weights of --weights, or those that the program carries, or those that `fit` saved; says what
// to do if there are none.
nnrt_status nnrt_session_load_trained(nnrt_session *session, const nnrt_model *model);

// The optimizer state of a training, as it starts.
nnrt_status nnrt_session_start_slots(nnrt_session *session, const nnrt_training *training);

// The last training block: its loss and metrics are the program's; of a model that was named, the
// last one that it takes part in. NULL: there is none.
const nnrt_training *nnrt_session_training(const nnrt_session *session);

const nnrt_model *nnrt_session_model(const nnrt_session *session);
// The number of the data set's column that fills a function's: the inputs, then the targets; -1:
// none does.
int nnrt_session_source(const nnrt_session *session, const nnrt_column *column);
// Copies what `standardize` takes from an input of the data and divides it by, as the weights have
// them; 0: it does not change that input.
int nnrt_session_statistics(const nnrt_session *session, int64_t input, float *mean,
                            float *deviation);
// Where the optimizer state of a step lies.
float *nnrt_session_slots(const nnrt_session *session, const nnrt_training *training,
                          const nnrt_train_step *step);

nnrt_status nnrt_block_allocate(nnrt_block *block, int64_t floats, const char *what);
void nnrt_block_free(nnrt_block *block);

#endif
