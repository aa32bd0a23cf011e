// What a running training depends on, as a list. Each owner says the name, type, shape and place of
// what it has, once; checkpoints, resuming and `info` walk over the list. What follows from others
// (the order of an epoch's samples from seed and epoch, random numbers from seed, epoch and step)
// is not in it.
#ifndef NNRT_STATE_H
#define NNRT_STATE_H

#include "../base/status.h"
#include "../nnrt.h"
#include "../session/weights/weights.h"

#include <stddef.h>

typedef enum nnrt_state_type {
    NNRT_STATE_F32,
    NNRT_STATE_F64,
    NNRT_STATE_I64,
    NNRT_STATE_U64,
    NNRT_STATE_U8
} nnrt_state_type;

typedef struct nnrt_state_item {
    char *name;
    nnrt_state_type type;
    int64_t rank, shape[NNRT_MAX_RANK];
    // Where it lies, [shape]; its owner's, at least until the list is cleared. NULL: in a file.
    void *place;
    // Its elements lie as those of this parameter do; `place` is where its storage begins.
    const nnrt_parameter *layout;
    // So many of the first dimension are in use, at most shape[0]; NULL: all.
    int64_t *rows;
    int descriptor;     // of the file whose first *rows bytes it is; -1: none
    int may_be_missing; // in a file
    int is_ignored;     // when a file is compared and restored
    int64_t offset;     // of its bytes in a snapshot
} nnrt_state_item;

typedef struct nnrt_state_log {
    const char *path;
    const int *descriptor; // -1: not opened yet
} nnrt_state_log;

typedef struct nnrt_state { // a zeroed one is empty
    nnrt_state_item *items;
    int64_t count, capacity;
    nnrt_state_log *logs;
    int64_t log_count;
    int64_t bytes; // of a snapshot
    char prefix[1024];
    int may_be_missing; // those that are added next
    int has_failed;     // no memory: nnrt_state_check
} nnrt_state;

void nnrt_state_clear(nnrt_state *state);
nnrt_status nnrt_state_check(const nnrt_state *state); // whether all could be added

// What is added until nnrt_state_leave, which gets what this returned, is named "PART/..".
size_t nnrt_state_enter(nnrt_state *state, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void nnrt_state_leave(nnrt_state *state, size_t outside);

void nnrt_state_integer(nnrt_state *state, const char *name, int64_t *place);
void nnrt_state_real(nnrt_state *state, const char *name, double *place);
// Numbers [count][width]; `rows`: so many are in use, NULL: all.
void nnrt_state_numbers(nnrt_state *state, const char *name, nnrt_state_type type, void *place,
                        int64_t count, int64_t width, int64_t *rows);
// Numbers that lie as those of a parameter do, `place` being where its storage begins; `name` NULL:
// the parameter itself, under its ordinary name.
void nnrt_state_parameter(nnrt_state *state, const char *name, const nnrt_parameter *parameter,
                          float *place);
// The first *size bytes of a file.
void nnrt_state_file(nnrt_state *state, const char *name, int descriptor, int64_t *size);
// A file that must be on the disk as it is when a snapshot is taken before that is written. `path`
// and `descriptor` are the owner's.
void nnrt_state_add_log(nnrt_state *state, const char *path, const int *descriptor);

// Those whose names begin so (behind the prefix of all) stay as they are when a file is restored.
void nnrt_state_ignore(nnrt_state *state, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

const char *nnrt_state_type_name(nnrt_state_type type); // "F32", as safetensors say it
int64_t nnrt_state_type_bytes(nnrt_state_type type);
int64_t nnrt_state_elements(const nnrt_state_item *item); // with all rows
// Is it a weight, by its name?
int nnrt_state_is_weight(const char *name);

// A copy of all of it at one moment, which others may read while the training goes on.
typedef struct nnrt_snapshot {
    const nnrt_state *state;
    char *bytes;
    int64_t *rows; // by item, of the first dimension
    int *logs;     // by log, a descriptor of its own; -1: none
} nnrt_snapshot;

// Takes its memory, and touches what will be used, so that a copy does not wait for the system.
nnrt_status nnrt_snapshot_open(nnrt_snapshot *snapshot, const nnrt_state *state);
void nnrt_snapshot_close(nnrt_snapshot *snapshot);
void nnrt_snapshot_take(nnrt_snapshot *snapshot);
// Puts all that was taken back into its place, but for what lies in files.
void nnrt_snapshot_restore(const nnrt_snapshot *snapshot);

#endif
