// A run that leaves all of itself in a folder of its own (`fit --run runs/`):
//   program.nn, resolved.nn   the source, and what was made of it
//   run.json                  command line, seed, machine, times, what became of it
//   log.jsonl                 the values of the epochs, as they end (journal.h)
//   checkpoint.safetensors    to go on from (--checkpoint)
//   weights.safetensors       at the end (--save), beside them the pictures of `samples`
//   result.json               what `fit --json` prints
//   report.html               what `report` shows, of a run that is done (--no-report)
// The folder is locked while the run lives, so that one that was killed can be told from one at
// work, whatever its run.json says.
#ifndef NNRT_RUN_H
#define NNRT_RUN_H

#include "../../session/options.h"
#include "../journal.h"
#include "place.h"

#include <jansson.h>

typedef struct nnrt_run {       // a zeroed one is none
    char folder[NNRT_RUN_PATH]; // "": there is none
    char weights[PATH_MAX], checkpoint[PATH_MAX], log_path[PATH_MAX], report[PATH_MAX];
    int lock;
    json_t *about; // run.json
    nnrt_journal log;
    int was_told; // that it cannot be written
} nnrt_run;

// Where `options` ask for one: makes its folder, or finds the one to be resumed, and fills in
// --save and --checkpoint, unless they are given.
nnrt_status nnrt_run_begin(nnrt_run *run, const nnrt_program *program, nnrt_options *options);

// A fact of run.json, which takes it over; written at the end. NULL: no memory, nothing happens.
void nnrt_run_tell(nnrt_run *run, const char *name, json_t *value);

// The values of an epoch, from 1.
nnrt_status nnrt_run_epoch(nnrt_run *run, int64_t epoch, const nnrt_log *log);
// What --json prints.
nnrt_status nnrt_run_result(const nnrt_run *run, const char *json);

// What a training depends on that goes on in this folder.
void nnrt_run_state(nnrt_run *run, nnrt_state *state);
nnrt_status nnrt_run_restored(nnrt_run *run);

// Says what became of it: `status`, with its message where it failed. Returns `status`, or
// NNRT_ERROR where that could not be written; the message of the former stays.
nnrt_status nnrt_run_end(nnrt_run *run, nnrt_status status);

#endif
