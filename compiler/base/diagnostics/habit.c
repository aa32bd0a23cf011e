#include "habit.h"

#include "../text.h"

#include <ctype.h>
#include <string.h>

// ---- Names.

typedef struct Habit {
    const char *noun;  // of what is missing: an entry of `train`, an argument, a layer
    const char *names; // blank-separated
    const char *help;  // `@`, `@2`: the values that were written; without them, the next row
} Habit;

static const Habit habits[] = {
    {"entry", "validation_split validation", "the dataset says it: `-> split(validation = @)`"},
    {"entry", "validation_data", "the dataset says it: `-> split(validation = 0.2)`"},
    {"entry", "learning_rate lr", "the optimizer takes it: `optimizer = sgd(learning_rate = @)`"},
    {"entry", "weight_decay decay",
     "the optimizer takes it: `optimizer = adamw(weight_decay = @)`"},
    {"entry", "momentum", "the optimizer takes it: `optimizer = sgd(0.01, momentum = @)`"},
    {"entry", "shuffle", "samples are shuffled unless the program is called with `--no-shuffle`"},
    {"entry", "verbose", "the program takes it when it is called: `--progress=none`"},
    {"entry", "seed random_state", "the program takes it when it is called: `--seed @`"},
    {"entry", "steps_per_epoch steps",
     "the program takes it when it is called: `--steps @` in all; `take(n)` makes an epoch shorter"},
    {"entry", "device gpu",
     "leave it out: programs run on the CPU; `--threads N` says on how much"},
    {"entry", "num_workers workers use_multiprocessing",
     "leave it out: the program takes `--threads N` when it is called"},
    {"entry", "initial_epoch", "leave it out: `fit --weights FILE` goes on from saved weights"},
    {"entry", "dataset data x", "the head says it: `train net on @ {`"},
    {"entry", "dropout", "it is a layer of the model: `-> dropout(@)`"},

    {"argument", "verbose", "the program takes it when it is called: `--progress=none`"},
    {"argument", "save_weights_only", "leave it out: the weights are all that is saved"},
    {"argument", "input_shape input_dim batch_input_shape in_shape",
     "an input of the model has the shape: `model net(x: [28, 28])`"},
    {"argument", "in_features in_channels num_features",
     "leave it out: the value that is fed in says it"},
    {"argument", "out_features", "write `units = @`"},
    {"argument", "out_channels", "write `filters = @`"},
    {"argument", "data_format", "leave it out: channels stand last"},
    {"argument", "inplace", "leave it out: memory is planned by the compiler"},
    {"argument", "dtype", "leave it out: numbers are float32"},
    {"argument", "decay lr_decay",
     "a schedule says it: `sgd(inverse_time_decay(0.01, rate = @, steps = 1))`"},
    {"argument", "gradient_accumulation_steps accumulate",
     "the `train` block takes it, as an entry: `accumulate = @`"},
    {"argument", "name", "layers alone take a name of their own: `dense(10, name = \"first\")`"},

    {"callback", "LearningRateScheduler learning_rate_scheduler",
     "the optimizer takes a schedule: `sgd(step_decay(0.1, epochs = 10))`"},
    {"callback", "TensorBoard tensor_board History history",
     "the program writes the values of each epoch when it is called with `--history FILE`"},
    {"callback", "LambdaCallback lambda_callback ProgbarLogger",
     "leave it out: `fit --progress=json` prints each epoch for other programs"},
    {"callback", "BackupAndRestore backup_and_restore",
     "write `checkpoint(\"run.safetensors\", every = 60s)`: `fit --resume` goes on from it"},

    {"loss", "CrossEntropyLoss cross_entropy NLLLoss nll_loss", "write `crossentropy`"},
    {"loss", "BCELoss BCEWithLogitsLoss bce_loss", "write `crossentropy`"},
    {"loss", "MSELoss mse_loss l2_loss L2Loss", "write `mse`"},
    {"loss", "L1Loss l1_loss", "write `mae`"},
    {"loss", "SmoothL1Loss smooth_l1", "write `huber`"},
    {"loss", "KLDivLoss", "write `kl_divergence`"},

    {"layer", "Activation activation", "write `@`"},
    {"layer", "Input InputLayer", "inputs stand in the model's head: `model net(x: [28, 28])`"},
    {"layer", "Linear", "write `dense(@2)`: the number of inputs is known"},
    {"layer", "Linear LazyLinear", "write `dense(@)`"},
    {"layer", "Conv2d", "write `conv2d(@2, @3)`: the number of input channels is known"},
    {"layer", "Conv1d", "write `conv1d(@2, @3)`: the number of input channels is known"},
    {"layer", "ConvTranspose2d",
     "write `conv2d_transpose(@2, @3)`: the number of input channels is known"},
    {"layer", "ConvTranspose2d", "write `conv2d_transpose`, with filters and kernel"},
    {"layer", "BatchNorm1d BatchNorm2d BatchNorm3d", "write `batch_norm`"},
    {"layer", "LayerNorm", "write `layer_norm`"},
    {"layer", "GroupNorm", "write `group_norm(@)`"},
    {"layer", "Dropout1d Dropout2d Dropout3d", "write `spatial_dropout(@)`"},
    {"layer", "AvgPool1d AvgPool2d avg_pool", "write `average_pool(@)`"},
    {"layer", "AvgPool1d AvgPool2d avg_pool", "write `average_pool`"},
    {"layer", "AdaptiveAvgPool1d AdaptiveAvgPool2d AdaptiveAvgPool3d",
     "write `global_average_pool`, for one value a channel"},
    {"layer", "AdaptiveMaxPool1d AdaptiveMaxPool2d", "write `global_max_pool`"},
    {"layer", "ZeroPad2d", "write `pad(@)`"},
    {"layer", "Upsample UpsamplingNearest2d UpsamplingBilinear2d", "write `upsample`"},
    {"layer", "view", "write `flatten`, or `reshape` with the shape of one sample"},
    {"layer", "squeeze unsqueeze expand_dims", "write `reshape` with the shape of one sample"},
    {"layer", "Sequential sequential", "join the layers by arrows: `-> flatten -> dense(10)`"},
    {"layer", "ModuleList ModuleDict", "write a `block`, or copies: `-> (dense(64, relu)) * 3`"},
    {"layer", "Model Module", "declare it: `model net(image: [28, 28]) { ... }`"},
    {"layer", "Lambda", "write what it does with operators: `x * 2`, or as a `block`"},
    {"layer", "print", "leave it out: `nnc graph FILE` prints the shape of every value"},
    {"layer", "range", "layers are repeated by `* n`: `-> dense(64, relu) * 3`"},
    {"layer", "cuda cpu", "leave it out: programs run on the CPU"},
    {"layer", "detach no_grad stop_gradient eval",
     "leave it out: only training computes gradients"},

    {"source", "ImageDataGenerator",
     "`images(\"folder\")` reads the pictures, `-> augment(flip, rotate(10))` changes them"},
    {"source", "DataLoader TensorDataset Dataset",
     "name the data: `mnist`, `images(\"folder\")`, `npy(\"x.npy\", target = \"y.npy\")`"},
    {"source", "read_csv load loadtxt genfromtxt open", "name what reads the file, as in `npy(@)`"},
    {"transform", "train_test_split", "write `-> split(test = @)`"},
    {"transform", "train_test_split", "write `-> split(test = 0.2)`"},
    {"transform", "batch", "the training says it: `batch = @` in `train`"},
    {"transform", "prefetch cache", "leave it out: training reads ahead"},
    {"transform", "map", "write the transform itself: `-> scale(1/255)`"},
    {"transform", "ToTensor", "write `-> scale(1/255)`"},

    {"statement", "print", "leave it out: `nnc graph FILE` prints the shape of every value"},

    {"first argument", "linear", "for a layer with weights write `dense(@2)`"},
    {"first argument", "dense", "write `dense(@2)`: the number of inputs is known"},
    {"first argument", "conv2d conv1d conv2d_transpose",
     "write `NAME(@2, @3)`: the number of input channels is known"},
    {0},
};

// "conv2d" for NAME
static const char *with_name(Arena *arena, const char *help, const char *name) {
    const char *place = strstr(help, "NAME");
    if (!place) return help;
    return arena_format(arena, "%.*s%s%s", (int)(place - help), help, name, place + 4);
}

const char *habit_fill(Arena *arena, const char *help, HabitValues values) {
    Text text = text_create(arena);
    for (; *help; help++) {
        if (*help != '@') {
            text_put_bytes(&text, help, 1);
            continue;
        }
        int index = isdigit((unsigned char)help[1]) ? help[1] - '1' : 0;
        if (index >= values.count || !values.texts[index]) return NULL;
        text_put(&text, values.texts[index]);
        help += isdigit((unsigned char)help[1]) != 0;
    }
    return text.data;
}

const char *habit_help(Arena *arena, const char *noun, const char *name, HabitValues values) {
    for (const Habit *row = habits; row->noun; row++) {
        if (!strstr(noun, row->noun) || !text_has_word(row->names, name)) continue;
        const char *help = habit_fill(arena, with_name(arena, row->help, name), values);
        if (help) return help;
    }
    return NULL;
}

// ---- Words that begin a line.

typedef struct Line {
    const char *places; // "file", "body"
    const char *words;
    HabitLine line;
} Line;

static const Line lines[] = {
    {"file body",
     "import from",
     {"leave it out: layers, data and losses are known without; a file's path stands in quotes: "
      "`import \"nn/vgg16.nn\"`",
      NULL}},
    {"file",
     "class",
     {"a network is `model @(x: [28, 28]) { ... }`, a part of one a `block`", NULL}},
    {"file", "def function func fn", {"a part of a network is `block @(x) { ... }`", "block"}},
    {"body", "def function func fn class", {"write `block @(x) { ... }` before the model", NULL}},
    {"file", "let var const val", {"write `param @ = ...`", "param"}},
    {"body", "let var const val", {"write `@ = ...` without it", ""}},
    {"file body",
     "for while",
     {"layers are repeated by `-> dense(n, relu) for n in [64, 32]`, or by copies, `-> dense(64, relu) * 3`",
      NULL}},
    {"file",
     "model.add",
     {"layers stand in the model: `model net(x: [784]) { x -> dense(10) }`", NULL}},
    {"file",
     "model.compile model.fit",
     {"write `train net on data { loss = ...  optimizer = ... }`", NULL}},
    {"file",
     "model.evaluate model.predict model.summary model.save print",
     {"leave it out: `nnc summary`, `nnc run FILE evaluate` and `predict` do it", NULL}},
    {"file", "model", {"write `model net(x: [28, 28]) { ... }`", NULL}},
    {0},
};

const HabitLine *habit_line(const char *place, const char *word) {
    for (const Line *row = lines; row->places; row++)
        if (text_has_word(row->places, place) && text_has_word(row->words, word)) return &row->line;
    return NULL;
}
