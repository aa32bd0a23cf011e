#include "grow.h"

#include "../common/check.h"

// ---- What the front end says.

static bool accepts(Grower *grower, Step *step) {
    ArenaMark mark = arena_mark(grower->arena);
    Checked checked = check(network_step_text(grower->arena, grower->network, step));
    bool ok = checked.errors == 0 && checked.program && checked.program->main;
    if (ok) step->type = checked.program->main->forward->outputs.items[0]->type;
    check_end(&checked);
    arena_release(grower->arena, mark);
    return ok && step->type.rank <= 4 && type_elements(&step->type) <= grower->most_elements;
}

bool grow_accepted(const Network *network) {
    Arena *arena = arena_create();
    SetupData data = setup_data(arena, &network->setup);
    setup_write(&network->setup, &data);
    Checked checked = check(network_text(arena, network));
    bool ok = checked.errors == 0;
    if (!ok && getenv("NNC_NETWORKS_VERBOSE"))
        fprintf(stderr, "%s%s", network_text(arena, network), checked.messages);
    check_end(&checked);
    arena_destroy(arena);
    return ok;
}

static bool keep(Grower *grower, Step *step) {
    Network *network = grower->network;
    if (network->step_count == MAX_STEPS || !accepts(grower, step)) return false;
    network->steps[network->step_count++] = *step;
    return true;
}

bool grow_again(Grower *grower, Step step) {
    return keep(grower, &step);
}

void grow_begin(Grower *grower, Type input) {
    *grower->network = (Network){.is_scaled = input.dtype == DTYPE_U8};
    grower->network->setup.input = input;
}

// ---- One operator.

static int draw_operand(Grower *grower) {
    return random_below(grower->random, grower->network->step_count + 1);
}

// Operands that fit are rare: twice the same value always does.
static void draw_operands(Grower *grower, Step *step, const OpDef *op, int tries) {
    int most = op->max_inputs < 0 ? 3 : op->max_inputs;
    if (most > MAX_OPERANDS) most = MAX_OPERANDS;
    step->operand_count = random_between(grower->random, op->min_inputs, most);
    if (step->operand_count < 2) step->operand_count = 2;
    for (int i = 1; i < step->operand_count; i++)
        step->operands[i] = tries < 8 ? draw_operand(grower) : step->operands[0];
    if (random_chance(grower->random, 30)) {
        int first = step->operands[0];
        step->operands[0] = step->operands[1];
        step->operands[1] = first;
    }
}

static char sign_of(const OpDef *op) {
    static const char *const names[] = {"add", "subtract", "multiply"};
    for (int i = 0; i < 3; i++)
        if (strcmp(op->schema.name, names[i]) == 0) return "+-*"[i];
    return 0;
}

// A value that depends on no input (a weight) is joined with one that does.
static bool grow_source(Grower *grower, Step *step, int value) {
    Network *network = grower->network;
    step->form = FORM_CALL;
    step->operand_count = 0;
    if (!keep(grower, step)) return false;
    Step use = {.form = FORM_SIGN,
                .sign = "+-*"[random_below(grower->random, 3)],
                .operands = {value, network->step_count},
                .operand_count = 2};
    if (keep(grower, &use)) return true;
    network->step_count--;
    return false;
}

static const OpDef *any_operator(Grower *grower) {
    return draw_operator(random_below(grower->random, draw_operator_count()));
}

// Of a layer, whose gradient is then differentiated again in training.
static bool grow_slope(Grower *grower, int value) {
    enum { TRIES = 40 };
    for (int tries = 0; tries < TRIES; tries++) {
        const OpDef *op = any_operator(grower);
        if (draw_takes_many(op)) continue;
        Step step = {.form = FORM_SLOPE, .operands = {value}, .operand_count = 1};
        step.call = draw_call(grower->random, grower->arena, &op->schema,
                              network_type(grower->network, value), grower->options);
        if (keep(grower, &step)) return true;
    }
    return false;
}

// In half of the tries: values may be no wider than `most_elements`.
static Words draw_layer(Grower *grower, const OpDef *op, const Type *type, int tries, int options) {
    Words call = draw_call(grower->random, grower->arena, &op->schema, type, options);
    if (grower->wide && tries % 2 == 0 && random_chance(grower->random, grower->wide))
        draw_widen(grower->random, grower->arena, &op->schema, &call);
    return call;
}

bool grow_operator(Grower *grower, const OpDef *op, int value) {
    enum { TRIES = 12 };
    const Type *type = network_type(grower->network, value);
    if (op->is_derivative) return grow_slope(grower, value);
    for (int tries = 0; tries < TRIES; tries++) {
        Step step = {.form = FORM_ARROW, .operands = {value}, .operand_count = 1};
        int options = tries < TRIES / 2 ? grower->options : 0;
        step.call = draw_layer(grower, op, type, tries, options);
        if (op->max_inputs == 0) {
            if (grow_source(grower, &step, value)) return true;
            continue;
        }
        if (draw_takes_many(op)) {
            step.form = FORM_CALL;
            draw_operands(grower, &step, op, tries);
            step.sign = step.operand_count == 2 ? sign_of(op) : 0;
            if (step.sign && random_chance(grower->random, 50)) step.form = FORM_SIGN;
        }
        if (keep(grower, &step)) return true;
        if (!draw_takes_many(op) && !step.call.count && !options) return false;
    }
    return false;
}

// ---- Random networks.

// The newest value most of the time: deep networks rather than wide ones.
static int draw_value(Grower *grower) {
    int count = grower->network->step_count;
    if (random_chance(grower->random, 75)) return count;
    return random_between(grower->random, count > 4 ? count - 4 : 0, count);
}

static bool grow_number(Grower *grower) {
    static const char *const numbers[] = {"0.5", "2", "-1", "0.25", "1"};
    Step step = {.form = FORM_SIGN,
                 .sign = "+-*"[random_below(grower->random, 3)],
                 .number = numbers[random_below(grower->random, 5)],
                 .operands = {draw_value(grower)},
                 .operand_count = 1};
    return keep(grower, &step);
}

// `$[1:3, 0]`: of each dimension a place, a part or all of it.
static const char *draw_part(Grower *grower, const Type *type) {
    Text text = text_create(grower->arena);
    int given = type->rank ? random_between(grower->random, 1, type->rank) : 0;
    bool at_end = random_chance(grower->random, 30);
    if (!given) return NULL;
    text_put(&text, at_end ? "$[..., " : "$[");
    for (int i = 0; i < given; i++) {
        int size = (int)type->dims[at_end ? type->rank - given + i : i];
        int first = random_below(grower->random, size);
        int end = random_between(grower->random, first + 1, size);
        if (i) text_put(&text, ", ");
        switch (random_below(grower->random, 4)) {
        case 0: text_put(&text, ":"); break;
        case 1:
            text_format(&text, "%d", random_chance(grower->random, 30) ? first - size : first);
            break;
        case 2: text_format(&text, "%d:%d", first, end); break;
        default: text_format(&text, "%d:%d:%d", first, end, random_between(grower->random, 1, 3));
        }
    }
    text_put(&text, "]");
    return text.data;
}

// Parts, comparisons, powers and losses within an expression.
static bool grow_text(Grower *grower) {
    static const char *const texts[] = {"where($ > 0.25, $, @)",
                                        "where($ <= @, 0.5, $)",
                                        "$ * ($ != @)",
                                        "($ >= 0) - ($ < @) * 0.5",
                                        "clip($, -2, 2)^3",
                                        "(1 + clip($, 0, 2))^-1.5",
                                        "2^clip($, -2, 2)",
                                        "$ - max($)",
                                        "$ + mse($, 0.5)",
                                        "$ - 0.1 * binary_crossentropy($, 1, from_logits = true)",
                                        "$ * crossentropy($ -> sigmoid, @ -> sigmoid)",
                                        "$ + normal(1, stddev = 0.1)"};
    enum { TEXTS = sizeof texts / sizeof *texts };
    int value = draw_value(grower);
    const char *part = draw_part(grower, network_type(grower->network, value));
    Step step = {.form = FORM_TEXT, .operands = {value, value}, .operand_count = 2};
    step.text = part && random_chance(grower->random, 50)
                    ? part
                    : texts[random_below(grower->random, TEXTS)];
    if (random_chance(grower->random, 50)) step.operands[1] = draw_operand(grower);
    if (keep(grower, &step)) return true;
    step.operands[1] = value;
    return keep(grower, &step);
}

static bool use_piece(Grower *grower, int index) {
    Network *network = grower->network;
    const Piece *piece = &network->pieces[index];
    for (int tries = 0; tries < 4; tries++) {
        int value = draw_value(grower);
        Step step = {.form = FORM_PIECE, .piece = index, .operands = {value}, .operand_count = 1};
        step.copies = piece->kind == PIECE_RECIPE && random_chance(grower->random, 30) ? 2 : 1;
        bool fits =
            piece->kind != PIECE_LAYER || type_equal(network_type(network, value), &piece->input);
        if (fits && keep(grower, &step)) return true;
    }
    return false;
}

// A new piece, and its first use.
static bool grow_piece(Grower *grower) {
    Network *network = grower->network;
    if (network->piece_count == MAX_PIECES) return false;
    int value = draw_value(grower), index = network->piece_count++;
    const Type *type = network_type(network, value);
    Piece *piece = &network->pieces[index];
    *piece = (Piece){.kind = (PieceKind)random_below(grower->random, PIECE_KINDS), .input = *type};
    piece->count = random_between(grower->random, 1, MAX_CALLS);
    for (int tries = 0; tries < 20; tries++) {
        for (int i = 0; i < piece->count;) {
            const OpDef *op = any_operator(grower);
            if (draw_takes_many(op)) continue;
            piece->calls[i++] = draw_layer(grower, op, type, 0, 20);
        }
        Step step = {.form = FORM_PIECE,
                     .piece = index,
                     .copies = 1,
                     .operands = {value},
                     .operand_count = 1};
        if (keep(grower, &step)) return true;
    }
    network->piece_count--;
    return false;
}

// A layer that multiplies by weights, which are few among all.
static bool grow_wide(Grower *grower) {
    enum { TRIES = 40 };
    for (int tries = 0; tries < TRIES; tries++) {
        const OpDef *op = any_operator(grower);
        if (draw_is_widened(op) && grow_operator(grower, op, draw_value(grower))) return true;
    }
    return false;
}

static void grow_step(Grower *grower) {
    if (grower->wide && random_chance(grower->random, grower->wide / 2) && grow_wide(grower))
        return;
    int kind = random_below(grower->random, 100);
    int pieces = grower->network->piece_count;
    if (kind < 4 && grow_number(grower)) return;
    if (kind >= 90 && grow_text(grower)) return;
    if (kind < 10 && grow_piece(grower)) return;
    if (kind < 20 && pieces && use_piece(grower, random_below(grower->random, pieces))) return;
    for (int tries = 0; tries < 10; tries++)
        if (grow_operator(grower, any_operator(grower), draw_value(grower))) return;
}

// In a network with wide layers most products are to have weights that are wide on both sides.
static void widen_input(Grower *grower, Type *type) {
    static const int64_t widths[] = {16, 32, 32, 33, 34, 40, 48, 64};
    if (!type->rank || !random_chance(grower->random, grower->wide)) return;
    type->dims[type->rank - 1] = widths[random_below(grower->random, 8)];
    for (int i = 0; i + 1 < type->rank; i++)
        if (type->dims[i] > 6) type->dims[i] = 6;
}

static Type draw_input(Grower *grower) {
    static const int64_t sizes[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 13, 16, 17, 35};
    static const int ranks[] = {1, 1, 2, 2, 3, 3, 3, 4};
    Type type = {.dtype = random_chance(grower->random, 20) ? DTYPE_U8 : DTYPE_F32,
                 .batched = true};
    do {
        type.rank = ranks[random_below(grower->random, 8)];
        for (int i = 0; i < type.rank; i++) type.dims[i] = sizes[random_below(grower->random, 14)];
        widen_input(grower, &type);
    } while (type_elements(&type) > grower->most_elements);
    return type;
}

// Which networks those are depends on nothing else that is drawn: the others of a seed stay the
// same.
static void draw_precision(Grower *grower) {
    enum { PERCENT = 25, WIDE = 80, ELEMENTS = 500 };
    Random own = {~grower->random->state};
    if (!random_chance(&own, PERCENT)) return;
    grower->wide = WIDE;
    grower->most_elements += ELEMENTS;
}

bool grow_random(Grower *grower) {
    static const int64_t batches[] = {1, 2, 3, 5, 7, 8, 9, 16, 17, 33};
    int64_t batch = batches[random_below(grower->random, 10)];
    grower->most_elements = 120 + 1200 / batch;
    grower->options = random_between(grower->random, 5, 50);
    draw_precision(grower);
    grow_begin(grower, draw_input(grower));
    grower->network->in_bfloat16 = grower->wide > 0;
    grower->network->batch = batch;
    int depth = random_between(grower->random, 1, 20);
    if (random_chance(grower->random, 50)) depth = random_between(grower->random, 1, 6);
    for (int i = 0; grower->wide && i < 2; i++) grow_wide(grower);
    for (int i = 0; i < depth; i++) grow_step(grower);
    return grow_training(grower, random_next(grower->random));
}
