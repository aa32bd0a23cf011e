// `predict --png DIR`: a PNG file for each sample, DIR/NAME.png for the input NAME.png, with -ROW
// for the samples of an array.
#ifndef NNRT_PREDICTED_PICTURES_H
#define NNRT_PREDICTED_PICTURES_H

#include "../session/session.h"
#include "input.h"

typedef struct nnrt_predicted {
    const nnrt_session *session;
    const nnrt_output *output;
    const nnrt_input *inputs;
    int64_t count;   // of inputs
    int are_classes; // the places have classes
} nnrt_predicted;

// Before anything is computed: are outputs pictures, and would no file be written over one that is
// read, or twice? Makes the folder.
nnrt_status nnrt_predicted_check(const nnrt_predicted *predicted, const char *folder);

// Classes become indices of a palette. Values from 0 to 1 become bytes from 0 to 255; where one is
// above 2 they are bytes already. What is beyond is cut.
nnrt_status nnrt_predicted_write(const nnrt_predicted *predicted, const char *folder,
                                 const float *outputs);

#endif
