// What surrounds a program that is tried: the data that it is trained on, how many samples the last
// batch has, and the processor it is compiled for. A line at the head of the program says it, so
// that the text of a failing program is all that is needed to try it again.
#ifndef NNC_TESTS_NETWORKS_SETUP_H
#define NNC_TESTS_NETWORKS_SETUP_H

#include "../../compiler/graph/graph.h"

// What a target's numbers are.
typedef enum Targets {
    TARGETS_REAL,   // -1 .. 1
    TARGETS_SIGN,   // -1 or 1
    TARGETS_BINARY, // 0 or 1
    TARGETS_COUNT,  // 0 .. 3
    TARGETS_SHARE,  // positive, with the sum 1 along the last dimension
    TARGETS_ONE_HOT,
    TARGETS_CLASS, // int32 below the number of classes
    TARGETS_KINDS
} Targets;

typedef struct Setup {
    Type input, target; // without the batch; f32, u8 (the input) or i32 (classes)
    Targets targets;
    int64_t classes; // of TARGETS_CLASS
    int64_t rows;    // of the batch that is compared; at most the program's batch
    uint64_t seed;   // of data and weights
    const char *cpu;
    bool is_quick; // LLVM optimises nothing
} Setup;

// Samples of the data set: 40, or more than the batch that is compared has.
int64_t setup_samples(const Setup *setup);

// The target for a model that gives this: as its numbers are, or a class for each vector; one unit
// tells two classes apart.
void setup_target(Setup *setup, Type output);

// "# input f32 [3, 5]; target i32 [] class below 4; rows 3; seed 12; cpu x86-64"; behind it
// "; quick" where it is
char *setup_line(Arena *arena, const Setup *setup);
// From the first line of a program. False: it says something else.
bool setup_parse(Arena *arena, const char *program, Setup *setup);

// The data set: setup_samples, followed by room for a vector.
typedef struct SetupData {
    void *input, *target;
    size_t input_bytes, target_bytes;
} SetupData;
SetupData setup_data(Arena *arena, const Setup *setup);

// x.npy and y.npy in the current folder. False: they cannot be written.
bool setup_write(const Setup *setup, const SetupData *data);

#endif
