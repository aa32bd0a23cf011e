// Code generation: from the graphs of a program to an object file and an executable. LLVM is seen
// in this folder only.
#ifndef NNC_GEN_GEN_H
#define NNC_GEN_GEN_H

#include "../pass/passes.h"
#include "../program/program.h"
#include "product/tuning.h"

typedef struct GenOptions {
    const char *cpu; // NULL or "native": the host; else as LLVM names it ("x86-64-v3", "znver4")
    ContractionChoice contraction;
    bool predicts_int8; // predictions have products in int8
    bool verify_each, time_passes;
    int64_t max_memory; // bytes that a training may hold; 0: any
    Tuning *tuning;     // asked for choices, told what was asked; NULL: none
} GenOptions;

// What a training holds at its peak, part by part, in bytes; and its peak.
typedef struct GenMemory {
    int64_t program;            // code, libraries, stacks
    int64_t data, order;        // what stays of the data set; the order of an epoch's samples
    int64_t window;             // at most, of what does not
    int64_t on_disk;            // all of that, which takes no memory
    int64_t weights, optimizer; // in the order of kernels, padding included
    int64_t steps, evaluation;  // gradients and activations, while it trains, while it evaluates
    int64_t scratch;            // of products
    int64_t copy;               // of the state, to go back to; or of a tensor that is written
    int64_t reading;            // of the data set, at most, before there is anything else
    int64_t peak;
    bool is_known; // the data were found
} GenMemory;

// What `summary` says of memory, in bytes: weights and optimizer state without the padding of their
// layouts (what files hold), stored gradients likewise, activations as the planned arena.
typedef struct GenSizes {
    int64_t weights, gradients, optimizer, activations;
    int64_t int8_products, int8_weights; // of predictions: how many, and the numbers of 8 bits
    GenMemory memory; // of the training of it that takes most; all 0: nothing trains it
} GenSizes;

// What a function computes and moves.
typedef struct GenFunctionCost {
    const nnrt_group *groups; // in execution order
    const Schedule *schedule; // that has them
    int group_count, phase_count;
    int64_t threads; // more do not help
    nnrt_work work;  // of all groups
} GenFunctionCost;

typedef struct GenStepCost {
    const TrainStep *step;
    GenFunctionCost train, evaluate;
    GenFunctionCost update; // after every `accumulate` runs; without groups: `train` updates
} GenStepCost;

typedef struct GenCost { // of a training
    const Training *training;
    GenStepCost *steps;
    int step_count;
    int64_t line; // 0: in an imported file
    GenMemory memory;
} GenCost;

typedef struct GenCosts {
    GenCost *items;
    int count;
} GenCosts;

// One of: "grad" (graphs with gradients and updates), "fused", "plan", "ways", "llvm", "llvm-opt",
// "asm".
bool gen_print(Text *out, const Program *program, const char *stage, const char *after_pass,
               const GenOptions *options, DiagSink *sink);
extern const char *const gen_cpu_names[]; // what `cpu` may be; ended by NULL
// `sizes`: by model of the program; of those that predict. False: reported.
bool gen_sizes(const Program *program, const GenOptions *options, GenSizes *sizes, DiagSink *sink);
// Of the trainings that run.
bool gen_costs(const Program *program, const GenOptions *options, GenCosts *costs, DiagSink *sink);

// Writes an object file; *needs_blas says whether it must be linked with OpenBLAS.
bool gen_object(const Program *program, const char *path, const GenOptions *options,
                bool *needs_blas, DiagSink *sink);
// Links objects (ended by NULL) + runtime to an executable: to the file `temporary` beside it, then
// renamed.
bool gen_link(const char *const *objects, const char *executable, const char *temporary,
              bool needs_blas, DiagSink *sink);
// Makes the file `object`, which exists, an object that holds the bytes of the file `path` for the
// program that it is linked to (runtime/formats/weights/carried.h). Reports E0904, E0902.
bool gen_carry(const char *path, const char *object, DiagSink *sink);

// The path of the runtime, which executables are linked with ("" if it is missing). In `arena`.
char *gen_runtime_library(Arena *arena);

// What makes two builds differ besides the source: compiler version, CPU, features, options. For
// the cache of `nnc run`. Text in `arena`.
char *gen_fingerprint(Arena *arena, const GenOptions *options);

// What LLVM does where it fails: E9001 where there is no more memory, else an internal error. Once.
void gen_guard(void);

#endif
