// What the files of callbacks share. A callback is a row, beside its functions, of a table in one
// of them; what it remembers from epoch to epoch is a struct of its own.
#ifndef NNRT_CALLBACK_ROW_H
#define NNRT_CALLBACK_ROW_H

#include "../callbacks.h"
#include "../monitor.h"

#include <math.h>
#include <string.h>

struct nnrt_moment {
    int64_t epoch, number; // of the block, from 0; of all blocks, from 1
    const nnrt_log *log;
    const nnrt_weights_info *info;
    double value; // of what is monitored
    int stop;     // out
};

struct nnrt_callback {
    const nnrt_callback_row *row;
    const nnrt_call *call;
    void *own;    // [row->own_size], zeroed before `open`
    int was_told; // that its file cannot be written, since it could
};

// Ended by a row without name. A table more is a line in nnrt_callback_tables (train/callbacks.c).
extern const nnrt_callback_row nnrt_callback_early_stopping[], nnrt_callback_checkpoint[],
    nnrt_callback_reduce_on_plateau[], nnrt_callback_csv_log[], nnrt_callback_json_log[],
    nnrt_callback_history[], nnrt_callback_tensorboard[], nnrt_callback_swap_ema[],
    nnrt_callback_swa[], nnrt_callback_max_time[], nnrt_callback_terminate_on_nan[];

// The folders above a file, as Keras makes them.
nnrt_status nnrt_callback_make_folders(const char *path);

// Adds a copy of all weights, "NAME/dense/kernel", that a callback keeps.
void nnrt_callback_weights_state(const nnrt_callbacks *all, nnrt_state *state, const char *name,
                                 float *values);

// ---- Arguments that several have.

#define NNRT_CALLBACK_MONITOR                                                                      \
    {.name = "monitor",                                                                            \
     .type = ARG_NAME,                                                                             \
     .default_text = "val_loss",                                                                   \
     .doc = "the value that tells better from worse: loss, a metric, or one of them with val_"}
#define NNRT_CALLBACK_PATH(text)                                                                   \
    {.name = "path", .type = ARG_STRING, .keras_name = "filename filepath", .doc = (text)}
#define NNRT_CALLBACK_LOG NNRT_CALLBACK_PATH("the file, from the current folder")
#define NNRT_CALLBACK_APPEND NNRT_CALLBACK_SWITCH("append", "go on at the end of the file")
#define NNRT_CALLBACK_MODE                                                                         \
    {.name = "mode",                                                                               \
     .type = ARG_WORD,                                                                             \
     .default_text = "auto",                                                                       \
     .choices = "auto min max",                                                                    \
     .doc = "whether less or more of it is better; auto: by what is monitored"}
#define NNRT_CALLBACK_NUMBER(argument, value, text)                                                \
    {.name = (argument),                                                                           \
     .type = ARG_FLOAT,                                                                            \
     .default_text = (value),                                                                      \
     .maximum = INFINITY,                                                                          \
     .doc = (text)}
#define NNRT_CALLBACK_EPOCHS(argument, value, text)                                                \
    {.name = (argument),                                                                           \
     .type = ARG_INT,                                                                              \
     .default_text = (value),                                                                      \
     .maximum = INFINITY,                                                                          \
     .doc = (text)}
#define NNRT_CALLBACK_SWITCH(argument, text)                                                       \
    {.name = (argument), .type = ARG_BOOL, .default_text = "false", .doc = (text)}
#define NNRT_CALLBACK_BASELINE(keras, text)                                                        \
    {.name = "baseline",                                                                           \
     .type = ARG_FLOAT,                                                                            \
     .default_text = "none",                                                                       \
     .keras_name = (keras),                                                                        \
     .doc = (text)}

enum {
    NNRT_MINIMUM_IS_BEST = 1,
    NNRT_MAXIMUM_IS_BEST
}; // the choices of `mode`, in their order; auto is none

static inline nnrt_monitor nnrt_callback_monitor(const nnrt_call *call, const ArgDef *args,
                                                 int mode, double min_delta) {
    return (nnrt_monitor){.is_max = nnrt_call_word_at(call, args, mode) == NNRT_MAXIMUM_IS_BEST,
                          .min_delta = fabs(min_delta),
                          .best = NAN};
}

#endif
