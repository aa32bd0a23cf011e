#include "answer.h"

#include <string.h>

#include "../../metrics/confusion.h"

static int64_t vector_of(const nnrt_output *output) {
    return output->rank ? output->shape[output->rank - 1] : 1;
}

int64_t nnrt_answer_classes(const nnrt_output *output) {
    int64_t vector = vector_of(output);
    return vector == 1 ? 2 : vector;
}

int64_t nnrt_answer_places(const nnrt_output *output) {
    return output->size / vector_of(output);
}

int64_t nnrt_answer_class(const nnrt_output *output, const float *outputs, int64_t place) {
    int64_t vector = vector_of(output);
    const float *values = outputs + place * vector;
    return vector == 1 ? values[0] > 0.5f : nnrt_view_argmax(values, vector);
}

int64_t nnrt_answer_count(const nnrt_output *output, const float *outputs, int64_t class_index) {
    int64_t count = 0, places = nnrt_answer_places(output);
    for (int64_t i = 0; i < places; i++)
        count += nnrt_answer_class(output, outputs, i) == class_index;
    return count;
}

// ---- How it is read.

// Those that the weights have, of a text that was read.
static const char *const *find_tokens(const nnrt_session *session, const nnrt_column *column) {
    const nnrt_data_info *info = &session->data.info;
    int64_t source = session->has_data ? nnrt_session_source(session, column) : -1;
    if (source < info->input_count || source >= info->input_count + info->target_count) return NULL;
    const nnrt_target_info *target = &info->targets[source - info->input_count];
    return target->place_classes ? target->class_names : NULL;
}

static const nnrt_loss *find_loss(const nnrt_session *session, int64_t number,
                                  nnrt_answer *answer) {
    const nnrt_program *program = session->program;
    for (int64_t i = program->training_count - 1; i >= 0; i--) {
        const nnrt_training *training = &program->trainings[i];
        if (training->model != session->model) continue;
        for (int64_t k = 0; k < training->loss_count; k++)
            if (training->losses[k].output == number) {
                const nnrt_loss *loss = &training->losses[k];
                const nnrt_function *train = &training->steps[0].train;
                answer->units = nnrt_targets_units(session, train, loss);
                answer->tokens = find_tokens(session, &train->columns[loss->target]);
                return loss;
            }
        return NULL;
    }
    return NULL;
}

// Units that a loss compares with yes and no each are labels by themselves.
// The one token that follows a window of one is read as those of a longer window are.
static nnrt_reading choose_reading(const nnrt_answer *answer) {
    const nnrt_loss *loss = answer->loss;
    const nnrt_output *output = answer->output;
    int has_names = loss && loss->class_count >= 2, is_classifier = loss && loss->is_classifier;
    int is_binary = is_classifier && loss->unit_classes == 2;
    int is_single = nnrt_answer_places(output) == 1 && !answer->tokens,
        is_unit = nnrt_answer_classes(output) == 2 && output->size == nnrt_answer_places(output);
    if (!is_single)
        return is_classifier && is_unit == is_binary ? NNRT_READ_PLACES : NNRT_READ_NUMBERS;
    if (!has_names && !is_classifier) return NNRT_READ_NUMBERS;
    return is_binary && !is_unit ? NNRT_READ_LABELS : NNRT_READ_CLASS;
}

nnrt_answer nnrt_answer_of(const nnrt_session *session, const nnrt_output *output, int64_t number) {
    nnrt_answer answer = {.output = output};
    answer.loss = find_loss(session, number, &answer);
    answer.reading = choose_reading(&answer);
    return answer;
}

void nnrt_answer_put(const nnrt_answer *answer, const float *output, float *values) {
    const nnrt_units *units = &answer->units;
    int64_t size = answer->output->size;
    memcpy(values, output, (size_t)size * sizeof *values);
    for (int64_t i = 0; units->deviation != 0 && i < size; i++)
        values[i] = (float)((double)output[i] * units->deviation + units->mean);
}

int64_t nnrt_answer_best(const nnrt_answer *answer, const float *outputs) {
    int64_t size = answer->output->size;
    return size == 1 ? outputs[0] > 0.5f : nnrt_view_argmax(outputs, size);
}

// That of "no" is what a single unit leaves over.
float nnrt_answer_value(const nnrt_answer *answer, const float *outputs, int64_t class_index) {
    if (answer->output->size > 1) return outputs[class_index];
    return class_index ? outputs[0] : 1 - outputs[0];
}

int nnrt_answer_is_label(const float *outputs, int64_t label) {
    return outputs[label] > 0.5f;
}

const char *nnrt_answer_name(const nnrt_answer *answer, int64_t class_index, char text[32]) {
    int is_named = answer->loss && class_index < answer->loss->class_count;
    return nnrt_class_name(is_named ? answer->loss->classes : NULL, class_index, text);
}
