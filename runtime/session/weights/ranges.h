// Ranges of what products in int8 multiply their weights by: measured on some samples of the
// training part, kept in the metadata of weights files, and read from there.
#ifndef NNRT_RANGES_H
#define NNRT_RANGES_H

#include "../session.h"

// At most, evenly from the training part; of networks of more than some GFLOP a sample fewer.
enum { NNRT_MEASURED_SAMPLES = 512 };

// Has the program predictions in int8?
int nnrt_ranges_are_used(const nnrt_program *program);

// Those that a weights file has (`path` NULL: the weights that the program carries); of a file
// without them, or with those of other layers, none are known afterwards. NNRT_ERROR: they are
// damaged.
nnrt_status nnrt_ranges_read(nnrt_session *session, const char *path);

// Measures them with the weights that are loaded, on the data of the models, which are read where
// they are not there. NNRT_ERROR also: a number is not finite, or the training part is empty;
// NNRT_DATA_MISSING.
nnrt_status nnrt_ranges_measure(nnrt_session *session);

// Measures them, and says so, where they are not known. Data that were not loaded are not
// afterwards. `path`: of the weights, for messages; NULL: those that the program carries.
nnrt_status nnrt_ranges_need(nnrt_session *session, const char *path);

// They are those of other weights from now on.
void nnrt_ranges_forget(nnrt_session *session);

// Two numbers; NULL: not known.
const float *nnrt_ranges_of(const nnrt_session *session, int64_t parameter);

#endif
