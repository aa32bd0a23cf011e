// What `lr-find` found, as it is shown.
#ifndef NNRT_FOUND_H
#define NNRT_FOUND_H

#include "../../session/session.h"
#include "../../train/range_test.h"

typedef struct nnrt_found {
    const nnrt_session *session;
    const nnrt_training *training;
    const nnrt_train_step *step; // whose rate grew
    const nnrt_range_test *test;
    nnrt_range_advice advice;
    double now; // the program's rate, a schedule's first one
} nnrt_found;

// On standard output: the curve, the rate that is suggested, and where it goes.
nnrt_status nnrt_found_print(const nnrt_found *found);
void nnrt_found_print_json(const nnrt_found *found);

// Files: rate, loss and smoothed loss of each step; the curve as a picture.
nnrt_status nnrt_found_write_csv(const nnrt_found *found, const char *path);
nnrt_status nnrt_found_write_svg(const nnrt_found *found, const char *path);

#endif
