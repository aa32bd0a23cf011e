#include "answer.h"

#include "../session/metric.h"

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
