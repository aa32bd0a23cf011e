// The weights of a program: their places in memory, and safetensors files of them (float32, one
// tensor a parameter, in the parameter's logical row-major shape whatever the memory layout).
#ifndef NNRT_WEIGHTS_H
#define NNRT_WEIGHTS_H

#include "../../base/status.h"
#include "../../base/text/json.h"
#include "../../nnrt.h"

// What checkpoints (runtime/state/) hold beside weights is named with this before it, which no
// layer's name can be; who reads weights passes over it.
#define NNRT_STATE_PREFIX "nnc.state/"

// Copies one parameter between the weights and `values` (row-major, logical shape).
void nnrt_weights_put(const nnrt_parameter *parameter, float *weights, const float *values);
// The same of so many rows of its columns, from `first` on.
void nnrt_weights_put_rows(const nnrt_parameter *parameter, float *weights, const float *values,
                           int64_t first, int64_t count);
void nnrt_weights_get(const nnrt_parameter *parameter, const float *weights, float *values);

// How the weights came about; in the file's metadata.
typedef struct nnrt_weights_info nnrt_weights_info;
struct nnrt_weights_info {
    uint64_t seed;
    int64_t epoch, step;       // trained so far
    int64_t has_statistics;    // standardize/... hold those of the training data
    int64_t is_unfinished;     // the training went on, or was ended by something else than its end
    int64_t left_out;          // tensors of the file whose models the program was built without
    const char *const *learnt; // by data set of the program, what its stages learnt, as JSON (or
                               // NULL); NULL: nothing. Saved alone
    const char *ranges;        // of products in int8, as ranges.h has them; NULL: none. Saved alone
    int64_t started;           // when this run began, nnrt_weights_now(); 0: keep nothing older
    // The values of the epochs, as report/history.h writes them: those of the file that was read;
    // NULL: it has none. What is saved is `tell_history` of it, which gives a text to be freed
    // (NULL: no memory), or, where nobody tells, the same.
    const char *history;
    char *(*tell_history)(const nnrt_weights_info *info);
    const void *teller;
};

// Initializes all parameters by their initializers; zeroes the padding.
nnrt_status nnrt_weights_initialize(const nnrt_program *program, uint64_t seed, float *weights);

// The parameters "standardize/mean" and "standardize/deviation" hold statistics of the data; of
// several inputs, "standardize/left/mean" and the like.
int nnrt_weights_is_statistic(const nnrt_parameter *parameter);

// What a file says of its weights, as members of the open object of its metadata.
void nnrt_weights_metadata(nnrt_json *json, const nnrt_program *program,
                           const nnrt_weights_info *info);

// Tells weights from others: a hash of their bits, in the order of files, whatever the layout.
nnrt_status nnrt_weights_fingerprint(const nnrt_program *program, const float *weights,
                                     uint64_t *fingerprint);

// The time of the file system's clock, in nanoseconds.
int64_t nnrt_weights_now(void);

// What an older run saved under this name is kept as `path`~ (file.h): a file that was written
// before this run, unless that is a worse one than `path`~ is already: unfinished, with fewer
// steps.
nnrt_status nnrt_weights_save(const char *path, const nnrt_program *program, const float *weights,
                              const nnrt_weights_info *info);

// Those that the program carries (carried.h), for predictions of `model` alone or, NULL, for all.
nnrt_status nnrt_weights_load_carried(const nnrt_program *program, const nnrt_model *model,
                                      float *weights, nnrt_weights_info *info);

// What the stages of a data set learnt, as the file has it (`path` NULL: those that the program
// carries), to be freed; *learnt NULL: it says nothing of that.
nnrt_status nnrt_weights_learnt(const char *path, const nnrt_dataset *dataset, char **learnt);

// The values of the epochs of the training, likewise; *history NULL: it says nothing of them.
nnrt_status nnrt_weights_history(const char *path, char **history);

// Its ranges, likewise.
nnrt_status nnrt_weights_ranges(const char *path, char **ranges);

// Whether nnrt_weights_load would succeed; of the program it asks model, parameters and their
// names and shapes.
nnrt_status nnrt_weights_check(const char *path, const nnrt_program *program);

// Every parameter that `model` reads (NULL: every one) must be there with its shape (statistics may
// be missing), and nothing that is not the program's, or of models that were left out of it. What
// else of the program is there is read, too. On failure `weights` may be half changed.
nnrt_status nnrt_weights_load(const char *path, const nnrt_program *program,
                              const nnrt_model *model, float *weights, nnrt_weights_info *info);

#endif
