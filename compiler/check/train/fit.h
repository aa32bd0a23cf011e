// What checks.c and targets.c share: one `train` block whose parts should fit each other.
#ifndef NNC_CHECK_FIT_H
#define NNC_CHECK_FIT_H

#include "../check.h"

typedef struct Fit {
    Checker *c;
    const TrainEntry *entry;
    const Training *training;
    const OutputLoss *own;          // of the output that is looked at
    const nnrt_target_info *target; // NULL: the data is not known
    const char *dataset;            // its name
    const OpDef *loss;              // NULL: not known
    const char *written;            // the loss as the program names it
    Ending ending;
    bool is_sound; // no mistake was found before the metrics
} Fit;

// ---- The model's end and the loss.
bool fit_has_activation(const Fit *f, const char *name);
bool fit_knows_shape(const Fit *f); // the output's whole shape
bool fit_compares_with(const Fit *f, TargetKind kind);
bool fit_is_classifier(const Fit *f);  // the loss is a cross-entropy
bool fit_is_categorical(const Fit *f); // and one of several classes
bool fit_has_logits(const Fit *f);     // `from_logits`
const char *fit_units_text(const Fit *f);

// ---- targets.c
bool targets_are_labels(const Fit *f); // as TargetReading
int64_t targets_classes(const Fit *f);
const char *targets_text(const Fit *f); // "labels 0 to 9"
// Adds a label at the dataset or its `one_hot`: "`d` gives labels 0 to 9".
void targets_label(const Fit *f, Diag *diag);
// Is there one vector a sample where the target is one class a sample? False: reported.
bool targets_check_rank(const Fit *f);
// Loss and number of units against the target. False: reported, and a mistake that makes later
// questions pointless ends them.
bool targets_check(const Fit *f);
#endif
