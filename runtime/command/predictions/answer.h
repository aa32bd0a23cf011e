// What an output of one sample says: numbers, or classes, a vector a place or one value for yes and
// no.
#ifndef NNRT_ANSWER_H
#define NNRT_ANSWER_H

#include "../../session/session.h"
#include "../../session/targets.h"

typedef enum nnrt_reading {
    NNRT_READ_NUMBERS,
    NNRT_READ_CLASS,  // one of several
    NNRT_READ_LABELS, // each of several by itself: yes or no
    NNRT_READ_PLACES  // a class at each place
} nnrt_reading;

typedef struct nnrt_answer {
    const nnrt_output *output;
    const nnrt_loss *loss; // with which it was trained last; NULL: none, or steps of its own
    nnrt_reading reading;
    nnrt_units units;
    const char *const *tokens; // of running text, what classes of places are; NULL: they are none
    int64_t first;             // floats of the outputs before it
} nnrt_answer;

// How output `number` of the session's model is read.
nnrt_answer nnrt_answer_of(const nnrt_session *session, const nnrt_output *output, int64_t number);

// The class of one of several, and the value that stands for it.
int64_t nnrt_answer_best(const nnrt_answer *answer, const float *outputs);
float nnrt_answer_value(const nnrt_answer *answer, const float *outputs, int64_t class_index);
int nnrt_answer_is_label(const float *outputs, int64_t label);
// The name of a class, or its number in `text`.
const char *nnrt_answer_name(const nnrt_answer *answer, int64_t class_index, char text[32]);

// What is shown of the floats of an output: of a standardized target numbers in its units.
void nnrt_answer_put(const nnrt_answer *answer, const float *output, float *values);

// ---- Places.

int64_t nnrt_answer_classes(const nnrt_output *output); // 2 where the last dimension is 1
int64_t nnrt_answer_places(const nnrt_output *output);  // 1 for a vector
// The class at a place: the largest value, or whether the only one is above one half.
int64_t nnrt_answer_class(const nnrt_output *output, const float *outputs, int64_t place);
// How many places have the class.
int64_t nnrt_answer_count(const nnrt_output *output, const float *outputs, int64_t class_index);

#endif
