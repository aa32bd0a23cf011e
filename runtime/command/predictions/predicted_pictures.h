// `predict --png DIR`: a PNG file for each sample, DIR/NAME.png for the input NAME.png, with -ROW
// for the samples of an array. Of several outputs those that are pictures have a file each, with
// -OUTPUT behind that.
#ifndef NNRT_PREDICTED_PICTURES_H
#define NNRT_PREDICTED_PICTURES_H

#include "../inputs/input.h"
#include "answer.h"

typedef struct nnrt_predicted {
    const nnrt_session *session;
    const nnrt_answer *answers; // of the model's outputs
    int64_t answer_count, size; // floats of a sample, of all outputs
    const nnrt_input *inputs;
    int64_t count; // of inputs
} nnrt_predicted;

// Before anything is computed: is there an output of pictures, and would no file be written over
// one that is read, or twice? Makes the folder.
nnrt_status nnrt_predicted_check(const nnrt_predicted *predicted, const char *folder);

// Classes become indices of a palette. Numbers become bytes as bytes became numbers in the data's
// `scale`, unless they were compared with a target of the data, which is not scaled; else 0 to 1
// become 0 to 255, or, where one is above 2, they are bytes already. What is beyond is cut.
// `outputs`: [rows, size].
nnrt_status nnrt_predicted_write(const nnrt_predicted *predicted, const char *folder,
                                 const float *outputs);

#endif
