// The values of the epochs, as the weights file has them (report/history.h).
#ifndef NNRT_EPOCHS_H
#define NNRT_EPOCHS_H

#include "../../base/status.h"
#include "../../nnrt.h"

#include <stdint.h>

typedef struct nnrt_epochs {
    int64_t count, name_count;
    double *numbers; // [count]: of the epochs, from 1
    char **names;
    double **values; // by name, [count]; NaN: the epoch has none
    int64_t best;    // index of the best epoch; -1: there is none
    char *judge;     // the value that says so: one of the names; NULL: none
} nnrt_epochs;

// `text` NULL, or damaged: no epochs. What early_stopping or checkpoint of `training` (NULL: none)
// monitors says which epoch is best, else the loss, of validation where there is one.
nnrt_status nnrt_epochs_read(nnrt_epochs *epochs, const char *text, const nnrt_training *training);
void nnrt_epochs_free(nnrt_epochs *epochs);

const double *nnrt_epochs_values(const nnrt_epochs *epochs, const char *name); // NULL: none

#endif
