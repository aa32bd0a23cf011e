// Which of a program's models a command means, and what a model and its training have.
#ifndef NNRT_MODELS_H
#define NNRT_MODELS_H

#include "../nnrt.h"
#include "options.h"

// The index of the model that `--model` names, without it the main one. NNRT_USAGE: there is none
// of that name.
nnrt_status nnrt_models_choose(const nnrt_program *program, const nnrt_options *options,
                               int64_t *model);

enum { NNRT_MODELS_TEXT = 512 };
// "generator, judge": all of them, as far as they fit.
const char *nnrt_models_names(const nnrt_program *program, char text[NNRT_MODELS_TEXT]);

int64_t nnrt_model_parameters(const nnrt_model *model); // elements of all its layers

// The loss of the first output; NULL: steps of one's own.
const nnrt_loss *nnrt_training_loss(const nnrt_training *training);

#endif
