#include "draw.h"

#include "../../compiler/op/training/training.h"
#include "../../runtime/session/weights/initialize.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

typedef struct Draw {
    Random *random;
    Arena *arena;
    const Type *type;
} Draw;

// ---- Numbers.

static bool in_range(const ArgDef *def, double number) {
    if (def->minimum == 0 && def->maximum == 0) return true;
    bool above = def->minimum_open ? number > def->minimum : number >= def->minimum;
    bool below = def->maximum_open ? number < def->maximum : number <= def->maximum;
    return above && below;
}

// Small ones, the dimensions, and what is left of one when others are taken off.
static int64_t draw_whole(const Draw *draw, const ArgDef *def) {
    static const int small[] = {1, 2, 3, 4, 5, 7, 8, 17, 33};
    int rank = draw->type ? draw->type->rank : 1;
    for (int tries = 0; tries < 20; tries++) {
        int64_t number = small[random_below(draw->random, 9) % (1 + random_below(draw->random, 9))];
        if (def->minimum <= 0 && random_chance(draw->random, 50))
            number = random_between(draw->random, -rank, rank);
        else if (rank && draw->type && random_chance(draw->random, 20))
            number = draw->type->dims[random_below(draw->random, rank)];
        if (in_range(def, (double)number)) return number;
    }
    return (int64_t)ceil(def->minimum);
}

static const char *draw_real(const Draw *draw, const ArgDef *def) {
    static const double factors[] = {0.5, 1, 2, 3};
    double usual = 0;
    bool has_usual = def->default_text && sscanf(def->default_text, "%lf", &usual) == 1 && usual;
    bool is_bounded = isfinite(def->maximum) && def->maximum > def->minimum;
    for (int tries = 0; tries < 20; tries++) {
        double number = has_usual && random_chance(draw->random, 60)
                            ? usual * factors[random_below(draw->random, 4)]
                        : is_bounded ? random_real(draw->random, def->minimum, def->maximum)
                                     : random_real(draw->random, 0.1, 1.5);
        number = floor(number * 1e9 + 0.5) / 1e9;
        if (number >= 1e-3) number = floor(number * 1000 + 0.5) / 1000;
        if (in_range(def, number)) return text_of_number(draw->arena, number);
    }
    return NULL;
}

static const char *draw_list(const Draw *draw, const ArgDef *def) {
    static const int lengths[] = {1, 1, 1, 2, 2, 4};
    int rank = draw->type ? draw->type->rank : 1;
    int length = def->variadic ? 1 + random_below(draw->random, rank + 1)
                               : lengths[random_below(draw->random, 6)];
    if (def->variadic && random_chance(draw->random, 50)) length = rank ? rank : 1;
    bool brackets = !def->variadic && length > 1;
    Text text = text_create(draw->arena);
    for (int i = 0; i < length; i++)
        text_format(&text, "%s%" PRId64, i ? ", " : brackets ? "[" : "", draw_whole(draw, def));
    if (brackets) text_put(&text, "]");
    return text.data;
}

// ---- Words and calls.

static const char *draw_word(const Draw *draw, const char *words) {
    int count = 1;
    for (const char *at = words; *at; at++) count += *at == ' ';
    int chosen = random_below(draw->random, count);
    while (chosen--) words = strchr(words, ' ') + 1;
    return arena_copy(draw->arena, words, strcspn(words, " "));
}

static const char *text_of(const Draw *draw, const Schema *schema) {
    Words call = draw_call(draw->random, draw->arena, schema, NULL, 30);
    Text text = text_create(draw->arena);
    text_put(&text, call.name);
    for (int i = 0; i < call.count; i++)
        text_format(&text, "%s%s", i ? ", " : "(", call.arguments[i]);
    if (call.count) text_put(&text, ")");
    return text.data;
}

static const char *draw_activation(const Draw *draw) {
    for (;;) {
        const OpDef *op = draw_operator(random_below(draw->random, draw_operator_count()));
        if (op->is_activation) return text_of(draw, &op->schema);
    }
}

static const char *draw_regularizer(const Draw *draw) {
    int count = 0;
    while (regularizer_rows[count].schema.name) count++;
    return text_of(draw, &regularizer_rows[random_below(draw->random, count)].schema);
}

static const char *draw_constraint(const Draw *draw) {
    int count = 0;
    while (constraint_rows[count].schema.name) count++;
    return text_of(draw, &constraint_rows[random_below(draw->random, count)].schema);
}

static const char *draw_initializer(const Draw *draw) {
    int count = 0;
    while (nnrt_initializer_rows[count].schema.name) count++;
    return text_of(draw, &nnrt_initializer_rows[random_below(draw->random, count)].schema);
}

// One of the layers that are wanted, or any.
static const char *draw_layer(const Draw *draw, const ArgDef *def) {
    if (def->choices) return text_of(draw, &op_find(draw_word(draw, def->choices))->schema);
    return text_of(draw, &draw_operator(random_below(draw->random, draw_operator_count()))->schema);
}

static const char *draw_value(const Draw *draw, const ArgDef *def) {
    switch (def->type) {
    case ARG_INT: return arena_format(draw->arena, "%" PRId64, draw_whole(draw, def));
    case ARG_FLOAT: return draw_real(draw, def);
    case ARG_BOOL: return random_chance(draw->random, 50) ? "true" : "false";
    case ARG_WORD: return draw_word(draw, def->choices);
    case ARG_WORD_OR_INTS:
        return random_chance(draw->random, 70) ? draw_word(draw, def->choices)
                                               : draw_list(draw, def);
    case ARG_INTS: return draw_list(draw, def);
    case ARG_ACTIVATION: return draw_activation(draw);
    case ARG_LAYER: return draw_layer(draw, def);
    case ARG_BLOCK: return draw_word(draw, network_cells());
    case ARG_CONSTRAINT: return draw_constraint(draw);
    case ARG_REGULARIZER: return draw_regularizer(draw);
    case ARG_INITIALIZER: return draw_initializer(draw);
    default: return NULL; // a learning rate is a number of the step, not of the code
    }
}

const char *draw_unknown_argument(const Schema *schema) {
    for (int i = 0; i < schema_arg_count(schema); i++) {
        ArgType type = schema->args[i].type;
        if (schema->args[i].is_path && schema->args[i].default_text) continue; // read by programs
        if (type == ARG_STRING || type == ARG_STRINGS || type == ARG_NAME || type == ARG_FLOATS ||
            type == ARG_NAMES)
            return schema->args[i].name;
    }
    return NULL;
}

// How often an argument is written: weights are drawn by the test, however they start.
static int chance_of(const ArgDef *def, int percent) {
    if (def->type == ARG_INITIALIZER) return percent / 8;
    bool is_rare = def->type == ARG_REGULARIZER || def->type == ARG_CONSTRAINT;
    return is_rare ? percent / 3 : percent;
}

// Where functions are defined, and do not grow beyond what can be compared.
static const char *draw_limits(const char *name) {
    static const struct {
        const char *name, *limits;
    } limited[] = {{"exp", "-3, 3"},  {"log", "0.1, 3"},   {"sqrt", "0.1, 3"},
                   {"pow", "0.1, 2"}, {"square", "-3, 3"}, {"exponential", "-3, 3"}};
    for (size_t i = 0; i < sizeof limited / sizeof *limited; i++)
        if (strcmp(name, limited[i].name) == 0) return limited[i].limits;
    return NULL;
}

Words draw_call(Random *random, Arena *arena, const Schema *schema, const Type *type, int percent) {
    Draw draw = {random, arena, type};
    Words call = {.name = schema->name};
    if (type) call.limits = draw_limits(schema->name);
    for (int i = 0; i < schema_arg_count(schema); i++) {
        const ArgDef *def = &schema->args[i];
        bool is_required = !def->default_text;
        if (!is_required && !random_chance(random, chance_of(def, percent))) continue;
        const char *value = draw_value(&draw, def);
        if (!value) continue;
        words_add(&call, is_required || (def->variadic && !call.count)
                             ? value
                             : arena_format(arena, "%s = %s", def->name, value));
        if (is_required) call.required = call.count;
    }
    return call;
}

static bool says_width(const ArgDef *def) {
    return strcmp(def->name, "units") == 0 || strcmp(def->name, "filters") == 0 ||
           strcmp(def->name, "key") == 0;
}

bool draw_is_widened(const OpDef *op) {
    for (int i = 0; i < schema_arg_count(&op->schema); i++)
        if (says_width(&op->schema.args[i])) return true;
    return false;
}

void draw_widen(Random *random, Arena *arena, const Schema *schema, Words *call) {
    static const int widths[] = {16, 32, 32, 33, 34, 40, 48, 64};
    static const char *const few[] = {"1", "2", "3"};
    int written = 0;
    for (int i = 0; i < schema_arg_count(schema); i++) {
        if (schema->args[i].default_text) continue;
        const char *width = arena_format(arena, "%d", widths[random_below(random, 8)]);
        const char *number = few[random_below(random, 3)];
        const char *name = schema->args[i].name;
        bool is_factor = strcmp(name, "kernel") == 0 || strcmp(name, "heads") == 0;
        if (written < call->required && (is_factor || says_width(&schema->args[i])))
            call->arguments[written] = is_factor ? number : width;
        written++;
    }
}

// ---- Operators.

static bool may_be_named(const OpDef *op) {
    return op->surface && !op->is_loss;
}

int draw_operator_count(void) {
    int count = 0;
    for (int i = 0; op_at(i); i++) count += may_be_named(op_at(i));
    return count;
}

const OpDef *draw_operator(int index) {
    for (int i = 0;; i++)
        if (may_be_named(op_at(i)) && index-- == 0) return op_at(i);
}

bool draw_takes_many(const OpDef *op) {
    return op->max_inputs != 1;
}
