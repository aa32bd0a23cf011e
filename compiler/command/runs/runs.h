// The runs of a folder (`fit --run DIR`, runtime/report/runs/run.h), in the order of their numbers.
#ifndef NNC_RUNS_H
#define NNC_RUNS_H

#include "../../base/text.h"
#include "../../base/vec.h"

#include <jansson.h>
#include <sys/stat.h>

// A value of the epochs: loss, a metric, or one of them with val_.
typedef struct RunValue {
    const char *name;
    double best, last; // NaN: none was a number
    int64_t best_epoch;
} RunValue;

typedef struct Run {
    const char *name;    // of its folder
    const char *status;  // done, interrupted, not finite, failed, running, killed
    const char *source;  // the resolved program
    const char *written; // as it was written; NULL: not asked for yet
    int program;         // which of the different ones, from 0
    int64_t epochs;      // whole ones
    double seconds;      // of work; NaN: not known
    const char *options; // that its results depend on, as they were given
    json_t *about;       // run.json, the caller's
    VEC(RunValue) values;
    struct stat file; // run.json, as it was read
} Run;

typedef struct Runs {
    Arena *arena;
    const char *folder;
    VEC(Run *) items;
    VEC(const char *) programs; // resolved, each one once, in the order of the runs
    bool was_read;              // what is no run was told of
} Runs;

// False: the folder cannot be read, which is said on standard error; one that is no run is left
// out.
bool runs_read(Runs *runs, Arena *arena, const char *folder);
// Reads again what may be another one now: runs at work, and those whose run.json has changed.
// False likewise; then all is as it was.
bool runs_refresh(Runs *runs);
void runs_free(Runs *runs);

// The program as it was written.
const char *run_written(const Runs *runs, Run *run);

const RunValue *run_value(const Run *run, const char *name); // NULL: it has none
// Is more of this value better? Of what is no metric (losses, blocks) less is.
bool run_more_is_better(const char *name);

typedef VEC(const char *) RunNames;
// The values that a table shows: those of validation, where any run has some; it is no wider.
RunNames runs_shown_names(const Runs *runs);

// Files of runs may be damaged or foreign: what a terminal would obey becomes `?`.
void runs_make_plain(Text *out, size_t from);

void runs_print(Text *out, const Runs *runs);
void runs_print_json(Text *out, const Runs *runs);

#endif
