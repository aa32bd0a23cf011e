// Reads the signs of a checkup. Each threshold stands where healthy trainings stay away from it: of
// the examples and of tests/run/doctor.sh, whose networks have each complaint once.
#include "vitals.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double dead_share = 0.25;               // of a layer's units
static const double saturated_share = 0.9;           // of a layer's elements
static const double vanished = 1e-5, exploded = 1e5; // gradients of the first layer : of the last
static const double large_input = 10, large_first = 10;      // roots of mean squares
static const double large_update = 0.2, small_update = 1e-5; // of a kernel, beside itself
static const double wild_update = 1;                         // in the first steps
static const double moved = 0.02, rose = 1.3;                // of the first loss
enum { LEAST_SAMPLES = 64, LEAST_STEPS = 100, EXAMINED = 512 };

__attribute__((format(printf, 6, 7))) static void complain(nnrt_checkup *checkup, const char *kind,
                                                           const char *layer, int64_t line,
                                                           const char *remedy, const char *format,
                                                           ...) {
    va_list arguments;
    if (checkup->count == NNRT_COMPLAINTS) return;
    nnrt_complaint *complaint = &checkup->complaints[checkup->count++];
    *complaint = (nnrt_complaint){.kind = kind, .layer = layer, .line = line};
    snprintf(complaint->remedy, sizeof complaint->remedy, "%s", remedy);
    va_start(arguments, format);
    vsnprintf(complaint->text, sizeof complaint->text, format, arguments);
    va_end(arguments);
}

// ---- What groups read.

static int reads_weights(const nnrt_function *function, int64_t group) {
    for (int64_t i = 0; i < function->read_count; i++)
        if (function->reads[i].group == group &&
            function->values[function->reads[i].value].place == NNRT_IN_WEIGHTS)
            return 1;
    return 0;
}

static int reads_value(const nnrt_function *function, int64_t group, int64_t value) {
    for (int64_t i = 0; i < function->read_count; i++)
        if (function->reads[i].group == group && function->reads[i].value == value) return 1;
    return 0;
}

// ---- Units.

static int64_t dead_units(const nnrt_value *value, const nnrt_value_signs *signs) {
    const nnrt_unit_signs *window =
        signs->now.samples >= LEAST_SAMPLES ? &signs->now : &signs->before;
    int64_t dead = 0;
    if (!window->is_alive || window->samples < LEAST_SAMPLES) return 0;
    for (int64_t i = 0; i < value->units; i++) dead += !window->is_alive[i];
    return dead;
}

// What reads a layer that was complained of is dead because of it.
static int follows_dead(const nnrt_function *function, const char *told, int64_t group) {
    for (int64_t i = 0; i < function->value_count; i++)
        if (told[i] && reads_value(function, group, i)) return 1;
    return 0;
}

static void read_units(nnrt_checkup *checkup, const nnrt_turn_signs *turn) {
    const nnrt_function *function = turn->function;
    char *told = calloc((size_t)function->value_count + 1, 1);
    for (int64_t i = 0; i < function->value_count && told; i++) {
        const nnrt_value *value = &function->values[i];
        const nnrt_value_signs *signs = &turn->values[i];
        if (!signs->now.is_alive || !value->layer || !reads_weights(function, value->group))
            continue;
        int64_t dead = dead_units(value, signs);
        if (dead && (double)dead >= dead_share * (double)value->units) {
            told[i] = 1;
            if (follows_dead(function, told, value->group)) continue;
            complain(checkup, "dead_units", value->layer, value->line,
                     "a smaller learning rate (--learning-rate), scaled inputs, `leaky_relu` or "
                     "`elu` instead of `relu`, `kernel_initializer = he_normal`",
                     "%" PRId64 " of %" PRId64 " units of `%.60s` are 0 for all samples: dead, no "
                     "gradient reaches their weights",
                     dead, value->units, value->layer);
        } else if (signs->saturated >= saturated_share && !value->is_output) {
            complain(checkup, "saturated_units", value->layer, value->line,
                     "`batch_norm` in front of the activation, scaled inputs, a smaller learning "
                     "rate, `relu` instead",
                     "%.0f %% of `%.60s` are at the ends of `%s`, where it is flat: gradients "
                     "behind it are nearly 0",
                     100 * signs->saturated, value->layer, value->name);
        }
    }
    free(told);
}

// ---- Gradients.

// Of the values of samples that the update of a kernel reads: the gradient of its layer's output.
static double gradient_of(const nnrt_turn_signs *turn, const nnrt_value *kernel) {
    const nnrt_function *function = turn->function;
    double largest = 0;
    for (int64_t i = 0; i < function->read_count; i++) {
        const nnrt_read *read = &function->reads[i];
        const nnrt_value *value = &function->values[read->value];
        if (read->group != kernel->group || !value->is_backward || value->rows) continue;
        if (value->place == NNRT_IN_ARENA && turn->values[read->value].last > largest)
            largest = turn->values[read->value].last;
    }
    return largest;
}

static int is_kernel(const nnrt_program *program, const nnrt_value *value) {
    return value->place == NNRT_IN_WEIGHTS && value->group >= 0 && value->parameter >= 0 &&
           program->parameters[value->parameter].rank >= 2;
}

// In the order of the layers, which is that of the parameters.
static void find_ends(const nnrt_program *program, const nnrt_turn_signs *turn,
                      const nnrt_value **first, const nnrt_value **last) {
    const nnrt_function *function = turn->function;
    *first = *last = NULL;
    for (int64_t i = 0; i < function->value_count; i++) {
        const nnrt_value *value = &function->values[i];
        if (!is_kernel(program, value) || gradient_of(turn, value) == 0) continue;
        if (!*first || value->parameter < (*first)->parameter) *first = value;
        if (!*last || value->parameter > (*last)->parameter) *last = value;
    }
}

static void read_gradients(nnrt_checkup *checkup, const nnrt_turn_signs *turn) {
    const nnrt_program *program = checkup->trainer->session->program;
    const nnrt_value *first, *last;
    find_ends(program, turn, &first, &last);
    if (!first || first == last) return;
    double front = gradient_of(turn, first), back = gradient_of(turn, last), ratio = front / back;
    if (ratio < vanished)
        complain(checkup, "vanishing_gradients", first->layer, first->line,
                 "`relu` instead of `sigmoid` or `tanh`, `batch_norm`, connections around layers "
                 "(`x + (x -> ..)`), fewer layers",
                 "gradients vanish: at `%.60s` they are %.2g, at `%.60s` %.2g", first->layer, front,
                 last->layer, back);
    if (ratio > exploded)
        complain(checkup, "exploding_gradients", first->layer, first->line,
                 "`clip_norm = 1` in the optimizer, `batch_norm`, a smaller learning rate, "
                 "`orthogonal` or `glorot_uniform` initializers",
                 "gradients explode: at `%.60s` they are %.2g, at `%.60s` %.2g", first->layer,
                 front, last->layer, back);
}

// ---- Inputs.

// What the first layer makes of a column, in the first step: large, where nothing scales before it.
static double first_value(const nnrt_turn_signs *turn, int64_t column) {
    const nnrt_function *function = turn->function;
    for (int64_t i = 0; i < function->value_count; i++) {
        const nnrt_value *value = &function->values[i];
        if (value->place == NNRT_IN_ARENA && !value->is_backward && !value->rows &&
            reads_weights(function, value->group) && reads_value(function, value->group, column))
            return turn->values[i].first;
    }
    return INFINITY;
}

static void read_inputs(nnrt_checkup *checkup, const nnrt_turn_signs *turn) {
    const nnrt_function *function = turn->function;
    const nnrt_data_info *info = &checkup->trainer->session->data.info;
    for (int64_t i = 0; i < function->value_count; i++) {
        const nnrt_value *value = &function->values[i];
        if (value->place != NNRT_IN_COLUMN || value->offset >= function->input_count) continue;
        const nnrt_column *column = &function->columns[value->offset];
        int64_t number = column->source ? nnrt_data_find_column(info, column->source) : -1;
        if (column->limit || number < 0 || number >= info->input_count || info->standardize)
            continue;
        double scale = info->input_is_final[number] ? 1 : info->scale;
        double size = fabs(scale * turn->values[i].first);
        if (size > large_input && first_value(turn, i) > large_first)
            complain(checkup, "unscaled_inputs", NULL, checkup->trainer->training->line,
                     "`standardize` or `scale(1/255)` in the data set",
                     "the input `%.60s` is not scaled: its numbers are %.4g .. %.4g", value->name,
                     scale * turn->values[i].low, scale * turn->values[i].high);
    }
}

// ---- Updates.

static void read_updates(nnrt_checkup *checkup) {
    const nnrt_program *program = checkup->trainer->session->program;
    const nnrt_turn_signs *turn = &checkup->turns[0];
    double largest = 0, early = 0;
    const nnrt_value *at = NULL;
    for (int64_t i = 0; i < turn->function->value_count; i++) {
        const nnrt_value *value = &turn->function->values[i];
        if (!is_kernel(program, value)) continue;
        early = fmax(early, checkup->early[value->parameter]);
        if (checkup->updates[value->parameter] < largest) continue;
        largest = checkup->updates[value->parameter];
        at = value;
    }
    if (!at) return;
    int is_rising = checkup->last_loss > rose * checkup->first_loss;
    int is_still = checkup->first_loss - checkup->last_loss < moved * fabs(checkup->first_loss);
    double rate = nnrt_schedule_rate(&checkup->trainer->schedules[0], checkup->steps - 1);
    if (early > wild_update)
        complain(checkup, "large_updates", at->layer, at->line,
                 "a smaller learning rate (--learning-rate), a warm-up, `clip_norm = 1` in the "
                 "optimizer",
                 "the first steps changed weights by %.2g of their size each, 0.001 is usual "
                 "(learning rate now %g)",
                 early, rate);
    else if (is_rising || (largest > large_update && is_still))
        complain(checkup, "large_updates", at->layer, at->line,
                 "a smaller learning rate (--learning-rate), a warm-up, `clip_norm = 1` in the "
                 "optimizer",
                 "the loss %s; a step changes `%.80s` by %.2g of its size, 0.001 is usual "
                 "(learning rate now %g)",
                 is_rising ? "rises" : "does not fall", program->parameters[at->parameter].name,
                 largest, rate);
    else if (largest < small_update && is_still)
        complain(checkup, "small_updates", at->layer, at->line,
                 "a larger learning rate (--learning-rate)",
                 "the loss does not fall; a step changes no weights by more than %.2g of their "
                 "size, 0.001 is usual (learning rate now %g)",
                 largest, rate);
}

// ---- Answers.

static const char *class_name(const nnrt_answers *answers, int64_t class, char text[64]) {
    if (answers->loss->classes && class < answers->loss->class_count)
        snprintf(text, 64, "`%.60s`", answers->loss->classes[class]);
    else
        snprintf(text, 64, "class %" PRId64, class);
    return text;
}

static const char answers_help[] =
    "`fit --overfit 1` says whether the model can learn at all; another learning rate, scaled "
    "inputs, fewer dead units, more units";

static void read_classes(nnrt_checkup *checkup, const nnrt_answers *answers) {
    int64_t line = checkup->trainer->training->line, most = 0, present = 0;
    char name[64];
    for (int64_t i = 0; i < answers->units; i++) {
        if (answers->chosen[i] > answers->chosen[most]) most = i;
        present += answers->labels[i] > 0;
    }
    if (present < 2 || answers->chosen[most] < answers->places) return;
    complain(checkup, "same_answer", NULL, line, answers_help,
             "the answer is %s for all samples; who knows only how frequent the classes are has "
             "the loss %.4g, it is %.4g",
             class_name(answers, most, name), nnrt_answers_entropy(answers), checkup->last_loss);
}

static void read_numbers(nnrt_checkup *checkup, const nnrt_answers *answers) {
    double count = (double)answers->elements, mean = answers->target_sum / count;
    double deviation = sqrt(fmax(answers->target_squares / count - mean * mean, 0));
    int is_known = answers->elements > 1 && deviation > 0;
    // Scores of yes and no are not in the units of the targets, but equal for all when they say
    // nothing.
    if (!is_known || nnrt_answers_spread(answers) > 0.05 * deviation) return;
    complain(checkup, "same_answer", NULL, checkup->trainer->training->line, answers_help,
             "the answer is nearly the same for all samples, %.4g .. %.4g; targets are %.4g .. "
             "%.4g, their mean is %.4g",
             answers->output_low, answers->output_high, answers->target_low, answers->target_high,
             mean);
}

static nnrt_status read_answers(nnrt_checkup *checkup) {
    nnrt_trainer *trainer = checkup->trainer;
    nnrt_part part = trainer->session->data.train;
    nnrt_exam exam;
    if (!trainer->training->loss_count) return NNRT_OK;
    part.rows = trainer->rows; // in the order of the last epoch: samples of all kinds
    if (part.count > EXAMINED) part.count = EXAMINED;
    nnrt_status status =
        nnrt_exam_take(&exam, trainer->session, trainer->training, &part, trainer->batch);
    if (status) return status;
    for (int64_t i = 0; i < exam.output_count; i++)
        (exam.outputs[i].classes ? read_classes : read_numbers)(checkup, &exam.outputs[i]);
    nnrt_exam_free(&exam);
    return NNRT_OK;
}

static void read_loss(nnrt_checkup *checkup) {
    int is_still =
        fabs(checkup->first_loss - checkup->last_loss) < moved * fabs(checkup->first_loss);
    if (!is_still || !checkup->trainer->training->loss_count || checkup->count) return;
    complain(checkup, "loss_does_not_move", NULL, checkup->trainer->training->line,
             "`fit --overfit 1` says whether the model can learn at all; a larger learning rate "
             "(--learning-rate)",
             "the loss does not move: it was %.4g first and is %.4g now", checkup->first_loss,
             checkup->last_loss);
}

nnrt_status nnrt_checkup_read(nnrt_checkup *checkup) {
    nnrt_status status = NNRT_OK;
    checkup->count = 0;
    if (!checkup->looked) return NNRT_OK;
    read_inputs(checkup, &checkup->turns[0]);
    for (int64_t i = 0; i < checkup->trainer->pass.turn_count; i++) {
        read_units(checkup, &checkup->turns[i]);
        read_gradients(checkup, &checkup->turns[i]);
    }
    if (checkup->steps < LEAST_STEPS) return NNRT_OK; // nobody can know yet
    read_updates(checkup);
    status = read_answers(checkup);
    read_loss(checkup);
    return status;
}
