// What a model says of the samples of a part, beside what is true: read by the sections of a
// report.
#ifndef NNRT_GATHER_H
#define NNRT_GATHER_H

#include "../evaluate.h"

typedef enum nnrt_gathered_kind {
    NNRT_GATHERED_NOTHING, // classes of places, pictures: too much, or drawn otherwise
    NNRT_GATHERED_CLASSES, // one class a sample
    NNRT_GATHERED_NUMBERS
} nnrt_gathered_kind;

typedef struct nnrt_gathered { // of one output
    nnrt_gathered_kind kind;
    const nnrt_loss *loss;
    int64_t size;     // numbers, or probabilities (of all classes, also of two), of a sample
    int64_t count;    // samples: all, or every so many-th where they would take too much memory
    int64_t every;    // likewise: one in so many
    float *said;      // [count, size]: probabilities, or numbers in the units of the target
    double *is;       // [count], its class; [count, size], its numbers
    uint32_t *rows;   // [count]: of the data
    int are_shares;   // `said` are probabilities
    int has_one_unit; // yes or no, by the probability of yes
    int are_given;    // the output is probabilities; else they are made of scores
    int has_failed;   // a number that is not finite came
} nnrt_gathered;

// Makes room for `count` samples of output `number` of the evaluator's training.
nnrt_status nnrt_gather_open(nnrt_gathered *gathered, const nnrt_evaluator *evaluator,
                             int64_t number, int64_t count);
void nnrt_gather_free(nnrt_gathered *gathered);

// Those of a view, whose first sample has the place `place` in `rows`. By several workers at once.
void nnrt_gather_add(nnrt_gathered *gathered, const nnrt_view *view, const uint32_t *rows,
                     int64_t place);
// When all came: scores become probabilities.
void nnrt_gather_end(nnrt_gathered *gathered);

// Of classes: the largest probability, and that of a class.
int64_t nnrt_gathered_best(const nnrt_gathered *gathered, int64_t sample);
double nnrt_gathered_share(const nnrt_gathered *gathered, int64_t sample, int64_t class_index);
int64_t nnrt_gathered_class(const nnrt_gathered *gathered, int64_t sample); // the true one
// Of an output for another sample, what `said` holds: shares[size].
void nnrt_gathered_shares(const nnrt_gathered *gathered, const float *output, float *shares);
const char *nnrt_gathered_name(const nnrt_gathered *gathered, int64_t class_index, char number[32]);

#endif
