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
    bool verify_each, time_passes;
    Tuning *tuning; // asked for choices, told what was asked; NULL: none
} GenOptions;

// What `summary` says of memory, in bytes: weights and optimizer state without the padding of their
// layouts (what files hold), stored gradients likewise, activations as the planned arena.
typedef struct GenSizes {
    int64_t weights, gradients, optimizer, activations;
    int64_t trained; // all that a training of it takes, its evaluation with it
} GenSizes;

// One of: "grad" (graphs with gradients and updates), "fused", "plan", "ways", "llvm", "llvm-opt",
// "asm".
bool gen_print(Text *out, const Program *program, const char *stage, const char *after_pass,
               const GenOptions *options, DiagSink *sink);
extern const char *const gen_cpu_names[]; // what `cpu` may be; ended by NULL
// `sizes`: by model of the program; of those that predict.
bool gen_sizes(const Program *program, const GenOptions *options, GenSizes *sizes);

// Writes an object file; *needs_blas says whether it must be linked with OpenBLAS.
bool gen_object(const Program *program, const char *path, const GenOptions *options,
                bool *needs_blas, DiagSink *sink);
// Links objects (ended by NULL) + runtime to an executable: to the file `temporary` beside it, then
// renamed.
bool gen_link(const char *const *objects, const char *executable, const char *temporary,
              bool needs_blas, DiagSink *sink);
// Makes the file `object`, which exists, an object that holds the bytes of the file `path` for the
// program that it is linked to (runtime/formats/carried.h). Reports E0904, E0902.
bool gen_carry(const char *path, const char *object, DiagSink *sink);

// The path of the runtime, which executables are linked with ("" if it is missing). In `arena`.
char *gen_runtime_library(Arena *arena);

// What makes two builds differ besides the source: compiler version, CPU, features, options. For
// the cache of `nnc run`. Text in `arena`.
char *gen_fingerprint(Arena *arena, const GenOptions *options);

// What LLVM does where it fails: E9001 where there is no more memory, else an internal error. Once.
void gen_guard(void);

#endif
