// Losses, with what must stand before them and what they are compared with, optimizers and the rest
// of a `train` block.
#include "grow.h"

#include "../../compiler/op/training/training.h"

#include <inttypes.h>
#include <string.h>

typedef enum Shape { ANY_SHAPE, CLASSES, ONE_NUMBER } Shape; // CLASSES: a vector of at least two

typedef struct LossRule {
    const char *loss;
    const char *head; // an activation; NULL: any value will do
    Shape shape;
    const char *options; // that must be written; NULL: none
    Targets targets;
} LossRule;

static const LossRule rules[] = {
    {"mse", NULL, ANY_SHAPE, NULL, TARGETS_REAL},
    {"mae", NULL, ANY_SHAPE, NULL, TARGETS_REAL},
    {"huber", NULL, ANY_SHAPE, NULL, TARGETS_REAL},
    {"log_cosh", NULL, ANY_SHAPE, NULL, TARGETS_REAL},
    {"hinge", NULL, ANY_SHAPE, NULL, TARGETS_SIGN},
    {"hinge", "tanh", ANY_SHAPE, NULL, TARGETS_BINARY},
    {"poisson", "softplus", ANY_SHAPE, NULL, TARGETS_COUNT},
    {"kl_divergence", "softmax", ANY_SHAPE, NULL, TARGETS_SHARE},
    {"binary_crossentropy", "sigmoid", ANY_SHAPE, NULL, TARGETS_BINARY},
    {"binary_crossentropy", NULL, ANY_SHAPE, "from_logits = true", TARGETS_BINARY},
    {"categorical_crossentropy", "softmax", ANY_SHAPE, NULL, TARGETS_ONE_HOT},
    {"categorical_crossentropy", NULL, ANY_SHAPE, "from_logits = true", TARGETS_SHARE},
    {"sparse_categorical_crossentropy", "softmax", CLASSES, NULL, TARGETS_CLASS},
    {"sparse_categorical_crossentropy", NULL, CLASSES, "from_logits = true", TARGETS_CLASS},
    {"sparse_categorical_crossentropy", "softmax", ANY_SHAPE, NULL, TARGETS_CLASS},
    {"crossentropy", "softmax", ANY_SHAPE, NULL, TARGETS_CLASS},
    {"crossentropy", "sigmoid", CLASSES, NULL, TARGETS_BINARY},
    {"binary_crossentropy", "sigmoid", ONE_NUMBER, NULL, TARGETS_CLASS},
    {"binary_crossentropy", NULL, ONE_NUMBER, "from_logits = true", TARGETS_CLASS},
    {"crossentropy", "sigmoid", ONE_NUMBER, NULL, TARGETS_CLASS},
    {"mse", NULL, ONE_NUMBER, NULL, TARGETS_CLASS},
};
enum { RULES = sizeof rules / sizeof *rules };

int grow_loss_count(void) {
    return RULES;
}

const char *grow_loss_without_rule(void) {
    for (int i = 0; op_at(i); i++) {
        bool known = !op_at(i)->is_loss;
        for (int k = 0; k < RULES; k++)
            known = known || strcmp(rules[k].loss, op_at(i)->schema.name) == 0;
        if (!known) return op_at(i)->schema.name;
    }
    return NULL;
}

// ---- The head.

static bool add_named(Grower *grower, const char *op) {
    return grow_operator(grower, op_find(op), grower->network->step_count);
}

static bool add_units(Grower *grower, int units) {
    Grower plain = *grower;
    plain.options = 0;
    for (int tries = 0; tries < 200; tries++) {
        Network before = *grower->network;
        if (!add_named(&plain, "dense")) return false;
        if (type_last(network_type(grower->network, grower->network->step_count)) == units)
            return true;
        *grower->network = before;
    }
    return false;
}

static bool has_weights(const Grower *grower) {
    for (int i = 0; i < grower->network->step_count; i++) {
        const Step *step = &grower->network->steps[i];
        const OpDef *op = step->form == FORM_ARROW ? op_find(step->call.name) : NULL;
        if (op && op->parameters && strstr(op->schema.name, "norm") == NULL) return true;
    }
    return false;
}

static int draw_units(Grower *grower, Shape shape, bool tells_apart) {
    static const int units[] = {2, 3, 5, 7};
    if (shape == ONE_NUMBER || (!tells_apart && random_chance(grower->random, 30))) return 1;
    return units[random_below(grower->random, 4)];
}

// Something must be trained.
static bool add_head(Grower *grower, const LossRule *rule) {
    Network *network = grower->network;
    const Type *last = network_type(network, network->step_count);
    bool tells_apart = rule->shape == CLASSES || (rule->head && strcmp(rule->head, "softmax") == 0);
    bool fits = rule->shape == ANY_SHAPE && (!tells_apart || type_last(last) >= 2);
    if (!fits || !has_weights(grower) || !network->step_count) {
        if (last->rank != 1 && !add_named(grower, "flatten")) return false;
        if (!add_units(grower, draw_units(grower, rule->shape, tells_apart))) return false;
    }
    Grower plain = *grower;
    plain.options = 0;
    return !rule->head || grow_operator(&plain, op_find(rule->head), network->step_count);
}

// ---- The rest.

static void draw_optimizer(Grower *grower) {
    int count = 0;
    while (optimizer_rows[count].schema.name) count++;
    const Schema *schema = &optimizer_rows[random_below(grower->random, count)].schema;
    Words call = draw_call(grower->random, grower->arena, schema, NULL, 30);
    // One way of clipping at most; nesterov wants a momentum, and how to average that it is done.
    int clips = 0;
    Words kept = {.name = call.name};
    bool has_momentum = false, averages = false;
    for (int i = 0; i < call.count; i++) {
        bool is_clip = strstr(call.arguments[i], "clip_") != NULL;
        bool is_nesterov = strncmp(call.arguments[i], "nesterov", 8) == 0;
        has_momentum = has_momentum || strncmp(call.arguments[i], "momentum", 8) == 0;
        bool is_ema = strncmp(call.arguments[i], "ema_", 4) == 0;
        averages = averages || strncmp(call.arguments[i], "use_ema", 7) == 0;
        if ((is_clip && clips++) || (is_nesterov && !has_momentum) || (is_ema && !averages))
            continue;
        words_add(&kept, call.arguments[i]);
    }
    grower->network->optimizer = kept;
}

static void draw_regularizer(Grower *grower) {
    int count = 0;
    while (regularizer_rows[count].schema.name) count++;
    if (!random_chance(grower->random, 15)) return;
    const Schema *schema = &regularizer_rows[random_below(grower->random, count)].schema;
    grower->network->regularizer = draw_call(grower->random, grower->arena, schema, NULL, 40);
}

// Whether scores are given is the rule's choice.
static void draw_loss(Grower *grower, const LossRule *rule) {
    Words call = draw_call(grower->random, grower->arena, &op_find(rule->loss)->schema, NULL, 20);
    Words kept = {.name = call.name};
    if (rule->options) words_add(&kept, rule->options);
    kept.required = kept.count;
    for (int i = 0; i < call.count; i++)
        if (strncmp(call.arguments[i], "from_logits", strlen("from_logits")) != 0)
            words_add(&kept, call.arguments[i]);
    grower->network->loss = kept;
}

// Products in bfloat16 are made in one way for each of the first four, and as for x86-64-v3, with
// shorter vectors, for the last one.
static const char *draw_cpu(Grower *grower) {
    enum { CPUS = 3, BFLOAT16_CPUS = 5 };
    static const char *const cpus[CPUS] = {"native", "x86-64-v3", "x86-64"};
    static const char *const bfloat16_cpus[BFLOAT16_CPUS] = {"native", "cooperlake", "x86-64-v4",
                                                             "x86-64-v3", "x86-64"};
    return grower->network->in_bfloat16 ? bfloat16_cpus[random_below(grower->random, BFLOAT16_CPUS)]
                                        : cpus[random_below(grower->random, CPUS)];
}

// Of every second network: with it, training stores predictions, which are compared then. Nothing
// is drawn for it.
static void add_metric(Network *network) {
    if (network->setup.seed % 2) return;
    network->metric = network->setup.targets == TARGETS_CLASS ? "accuracy" : "mae";
    if (!grow_accepted(network)) network->metric = NULL;
}

bool grow_training(Grower *grower, uint64_t kind) {
    Network *network = grower->network;
    const LossRule *rule = &rules[kind % RULES];
    if (!add_head(grower, rule)) return false;
    network->setup.targets = rule->targets;
    setup_target(&network->setup, *network_type(network, network->step_count));
    draw_loss(grower, rule);
    draw_optimizer(grower);
    draw_regularizer(grower);
    network->setup.rows = random_chance(grower->random, 60)
                              ? network->batch
                              : random_between(grower->random, 1, (int)network->batch);
    network->setup.seed = random_next(grower->random) % 1000000;
    network->setup.cpu = draw_cpu(grower);
    add_metric(network);
    return grow_accepted(network);
}
