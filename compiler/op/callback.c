// Callbacks: what happens at the end of each epoch of a training. The rows are what the language
// knows of them; runtime/train/callbacks.c carries them out. Names and defaults are those of
// keras/src/callbacks (Keras 3).
#include "training.h"

#include <math.h>
#include <string.h>

#define MONITOR                                                                                    \
    {.name = "monitor",                                                                            \
     .type = ARG_NAME,                                                                             \
     .default_text = "val_loss",                                                                   \
     .doc = "the value that tells better from worse: loss, a metric, or one of them with val_"}
#define MODE                                                                                       \
    {.name = "mode",                                                                               \
     .type = ARG_WORD,                                                                             \
     .default_text = "auto",                                                                       \
     .choices = "auto min max",                                                                    \
     .doc = "whether less or more of it is better; auto: by what is monitored"}
#define NUMBER(argument, value, text)                                                              \
    {.name = (argument),                                                                           \
     .type = ARG_FLOAT,                                                                            \
     .default_text = (value),                                                                      \
     .maximum = INFINITY,                                                                          \
     .doc = (text)}
#define EPOCHS(argument, value, text)                                                              \
    {.name = (argument),                                                                           \
     .type = ARG_INT,                                                                              \
     .default_text = (value),                                                                      \
     .maximum = INFINITY,                                                                          \
     .doc = (text)}
#define SWITCH(argument, text)                                                                     \
    {.name = (argument), .type = ARG_BOOL, .default_text = "false", .doc = (text)}
#define BASELINE(keras, text)                                                                      \
    {.name = "baseline",                                                                           \
     .type = ARG_FLOAT,                                                                            \
     .default_text = "none",                                                                       \
     .keras_name = (keras),                                                                        \
     .doc = (text)}

static const ArgDef stopping_args[] = {
    MONITOR,
    NUMBER("min_delta", "0", "what counts as an improvement is more than this"),
    EPOCHS("patience", "0", "epochs without improvement after which training ends"),
    MODE,
    BASELINE(NULL, "improvements that do not reach it do not make training go on"),
    SWITCH("restore_best_weights", "go back to the best epoch's weights at the end"),
    EPOCHS("start_from_epoch", "0", "epochs that do not count yet"),
    {0},
};

static const ArgDef checkpoint_args[] = {
    {.name = "path",
     .type = ARG_STRING,
     .keras_name = "filepath filename",
     .doc = "the file, from the current folder; {epoch:02d} and {val_loss:.2f} are filled in"},
    MONITOR,
    SWITCH("save_best_only", "save an epoch only if it is the best so far"),
    MODE,
    BASELINE("initial_value_threshold", "what the first epoch to be saved must improve on"),
    {0},
};

static const ArgDef plateau_args[] = {
    MONITOR,
    {.name = "factor",
     .type = ARG_FLOAT,
     .default_text = "0.1",
     .maximum = 1,
     .minimum_open = true,
     .maximum_open = true,
     .doc = "what the learning rate is multiplied by"},
    {.name = "patience",
     .type = ARG_INT,
     .default_text = "10",
     .maximum = INFINITY,
     .doc = "epochs without improvement after which the rate falls"},
    MODE,
    NUMBER("min_delta", "0.0001", "what counts as an improvement is more than this"),
    EPOCHS("cooldown", "0", "epochs after a fall that do not count"),
    {.name = "min_learning_rate",
     .type = ARG_FLOAT,
     .default_text = "0",
     .maximum = INFINITY,
     .keras_name = "min_lr",
     .doc = "the lowest rate"},
    {0},
};

static const ArgDef csv_args[] = {
    {.name = "path",
     .type = ARG_STRING,
     .keras_name = "filename filepath",
     .doc = "the file, from the current folder"},
    SWITCH("append", "go on at the end of the file"),
    {0},
};

const Schema callback_rows[] = {
    {"early_stopping", "ends the training when a value has stopped improving", stopping_args,
     "EarlyStopping"},
    {"checkpoint", "saves the weights after epochs", checkpoint_args,
     "ModelCheckpoint model_checkpoint"},
    {"reduce_on_plateau", "lowers the learning rate when a value has stopped improving",
     plateau_args, "ReduceLROnPlateau reduce_lr_on_plateau"},
    {"csv_log", "writes the values of each epoch to a file", csv_args, "CSVLogger csv_logger"},
    {0},
};
