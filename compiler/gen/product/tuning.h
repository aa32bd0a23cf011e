// Choices between ways of computing a group: how large register tiles are, whether products with
// padding are left out, what lanes run along, whether tiles are transformed. Forward products and
// gradients of data are the same bits in every way but Winograd's, which rounds elsewhere; sums
// over samples (gradients of weights, what is summed in passing) differ by rounding. The first way
// of a list is what the cost model prefers. `nnc build --tune` (compiler/command/tune.c) measures
// the others and keeps what was faster in a text file beside the source, which every build for the
// same processor reads. A line of it:
//
//   znver4: convolve [12, 12, 32] [5, 5, 32, 64], batch 128 = 12x2
#ifndef NNC_GEN_TUNING_H
#define NNC_GEN_TUNING_H

#include "../../base/diagnostics/diag.h"
#include "../../pass/group/schedule.h"

// A register tile: rows by vectors, or by columns where the lanes run along the sum. Printed as
// "14x2", "14x2 padded", "6x4 samples", "14x2 winograd".
typedef struct Way {
    int rows, vectors;
    bool is_padded;   // products with padding are computed
    bool is_slab;     // lanes run along samples (slab.h)
    bool is_winograd; // fewer multiplications of transformed tiles (winograd.h)
} Way;

char *way_text(Arena *arena, Way way);

enum { TUNING_MAX_WAYS = 16 };

// A choice that the program leaves open, and the groups of a training step that it is for.
typedef struct TuningSite {
    const char *key;
    Way ways[TUNING_MAX_WAYS];
    int count;
    VEC(int) groups;
} TuningSite;

// A line of the file.
typedef struct TuningChoice {
    const char *processor, *key, *way;
    Span span; // of the way
} TuningChoice;

typedef struct Tuning {
    Arena *arena;
    VEC(TuningChoice) choices;
    int tried; // this way is taken wherever a site has so many; -1: what was chosen
    // What the last build asked for.
    const char *processor;
    const Schedule *step; // of the first training
    VEC(TuningSite *) sites;
} Tuning;

Tuning *tuning_create(Arena *arena);
// Adds the lines of a file. False: E0903 has been reported.
bool tuning_read(Tuning *tuning, const SourceSet *sources, uint32_t file, DiagSink *sink);
// The file's text: all choices, sorted.
void tuning_print(Text *out, const Tuning *tuning);

void tuning_begin_build(Tuning *tuning, const char *processor);
// The way to compute `group`, one of `count`. NULL for `tuning`: the first.
Way tuning_way(Tuning *tuning, const Schedule *schedule, const Group *group, const Way *ways,
               int count);
// What was chosen for a site; NULL: nothing yet.
const char *tuning_chosen(const Tuning *tuning, const char *processor, const char *key);
// Chooses for the processor of the last build.
void tuning_set(Tuning *tuning, const char *key, const char *way);
// Whether a choice for this site is there, and names one of its ways.
bool tuning_is_known(const Tuning *tuning, const TuningSite *site);
// Removes choices of sites that name no way of theirs; reports them instead (W0901).
void tuning_forget_stale(Tuning *tuning);
void tuning_report_stale(const Tuning *tuning, DiagSink *sink);
// Every site with its ways, the chosen one first: `--emit=ways`.
void tuning_print_sites(Text *out, const Tuning *tuning);

#endif
