// A program as nnc compiles it, in this process: its object file is made by the compiler's own door
// (gen_object), linked into memory, and run through its descriptor as the runtime does. Every block
// of memory ends where memory ends, behind the room that the runtime leaves, so that a step that
// writes further is a crash.
#ifndef NNC_TESTS_NETWORKS_LOADED_H
#define NNC_TESTS_NETWORKS_LOADED_H

#include "../../compiler/gen/gen.h"
#include "../../compiler/op/op.h"
#include "../../runtime/nnrt.h"
#include "../../runtime/workers/team.h"
#include "setup.h"

// Threads that each program runs with, from 1 on; NNC_THREADS names a larger number that it runs
// with beside these.
enum { LOADED_THREADS = 4 };
int loaded_most_threads(void);

typedef struct Loaded {
    Arena *arena;
    const nnrt_program *program;
    const nnrt_training *training;
    const nnrt_train_step *step;
    const nnrt_model *model;
    EvalTensor *parameters, *states;    // how weights and slots start, in the order of files
    float *weights, *slots;             // as a step leaves them
    float *first_weights, *first_slots; // as they start
    float *scratch;
    struct {
        const nnrt_function *function;
        float *values;
    } arenas[4];
    nnrt_team *team;
    nnrt_context context;
    double loss; // of the last run
} Loaded;

// NULL: nnc refused, and said so to `sink`.
Loaded *loaded_create(Arena *arena, const Program *program, const Setup *setup,
                      const SetupData *data, DiagSink *sink);

// Weights and slots as they start.
void loaded_reset(Loaded *loaded);

// After this they start as a step leaves them, and the next one is the second.
void loaded_advance(Loaded *loaded);

void loaded_run(Loaded *loaded, const nnrt_function *function, int64_t rows, int threads);

// Numbers of the last run of a function, of a parameter, of a slot.
EvalTensor loaded_output(const Loaded *loaded, const nnrt_function *function, int index,
                         int64_t rows);
EvalTensor loaded_parameter(const Loaded *loaded, int index);
EvalTensor loaded_slot(const Loaded *loaded, int index);

// What lies between parameters and between slots becomes zero.
void loaded_clear_padding(Loaded *loaded);

#endif
