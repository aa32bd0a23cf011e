// What other libraries say in a place where this language says it in another one.
#include "check.h"

typedef struct Habit {
    const char *noun;  // of what is missing: an entry of `train`, an argument, a layer
    const char *names; // blank-separated
    const char *help;  // `@`: the value that was written
} Habit;

static const Habit habits[] = {
    {"entry", "validation_split validation", "the dataset says it: `-> split(validation = @)`"},
    {"entry", "validation_data", "the dataset says it: `-> split(validation = 0.2)`"},
    {"entry", "learning_rate lr", "the optimizer takes it: `optimizer = sgd(learning_rate = @)`"},
    {"entry", "shuffle", "samples are shuffled unless the program is called with `--no-shuffle`"},
    {"entry", "verbose", "the program takes it when it is called: `--progress=none`"},
    {"entry", "seed random_state", "the program takes it when it is called: `--seed @`"},
    {"argument", "verbose", "the program takes it when it is called: `--progress=none`"},
    {"argument", "save_weights_only", "leave it out: the weights are all that is saved"},
    {"callback", "terminate_on_nan TerminateOnNaN",
     "leave it out: training always ends where the loss is not finite"},
    {"callback", "LearningRateScheduler learning_rate_scheduler",
     "the optimizer takes a schedule: `sgd(step_decay(0.1, epochs = 10))`"},
    {"callback", "TensorBoard tensor_board History history",
     "the program writes the values of each epoch when it is called with `--history FILE`"},
    {"argument", "input_shape input_dim batch_input_shape",
     "an input of the model has the shape: `model net(x: [28, 28])`"},
    {"argument", "name",
     "layers are named by their type; `layer first = dense(10)` gives one a name of its own"},
    {"layer", "Activation activation", "write `@`"},
    {"layer", "Input InputLayer", "inputs stand in the model's head: `model net(x: [28, 28])`"},
    {0},
};

static const char *fill(Checker *c, const char *help, const char *value) {
    Text text = text_create(c->arena);
    for (; *help; help++)
        if (*help == '@')
            text_put(&text, value);
        else
            text_put_bytes(&text, help, 1);
    return text.data;
}

const char *habits_help(Checker *c, const char *noun, const char *name, const char *value) {
    for (const Habit *row = habits; row->noun; row++) {
        bool needs_value = strchr(row->help, '@') != NULL;
        if (!strstr(noun, row->noun) || !names_has_word(row->names, name)) continue;
        if (value || !needs_value) return fill(c, row->help, value);
    }
    return NULL;
}

bool habits_is_none(const Scope *scope, const Ast *ast) {
    return ast->kind == AST_NAME && strcmp(ast->text, "None") == 0 && !scope_find(scope, ast->text);
}
