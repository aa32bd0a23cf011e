// Checkpoints: a snapshot as a safetensors file. Weights have their ordinary names, so that it can
// be read as a weights file; the rest is named "nnc.state/..". Its last tensor,
// nnc.state/checksum, is the CRC-32 of all bytes before it.
#ifndef NNRT_CHECKPOINT_H
#define NNRT_CHECKPOINT_H

#include "../files/file.h"
#include "../formats/weights/safetensors.h"
#include "../session/weights/weights.h"
#include "state.h"

// Weights that are not numbers any more are not worth a file.
int nnrt_checkpoint_is_finite(const nnrt_snapshot *snapshot);

// Written beside, synced, renamed. `keeps_older`: what is there becomes `path`~.
nnrt_status nnrt_checkpoint_write(const char *path, const nnrt_program *program,
                                  const nnrt_weights_info *info, const nnrt_snapshot *snapshot,
                                  int keeps_older);

// Opens one whose checksum is right. NNRT_ERROR: it cannot be read, is damaged, or no checkpoint.
nnrt_status nnrt_checkpoint_open(nnrt_safetensors *file, const char *path);

// A single number of it, [low, high]. NNRT_ERROR: it is not there, or another one.
nnrt_status nnrt_checkpoint_integer(const nnrt_safetensors *file, const char *name, int64_t low,
                                    int64_t high, int64_t *number);
nnrt_status nnrt_checkpoint_real(const nnrt_safetensors *file, const char *name, double *number);

// What differs between the file and the list, tensor by tensor, as one message.
nnrt_status nnrt_checkpoint_compare(const nnrt_safetensors *file, const nnrt_state *state);

// Puts all of it into its places; what may be missing and is stays as it is.
nnrt_status nnrt_checkpoint_restore(const nnrt_safetensors *file, const nnrt_state *state);

// Appends a tensor of bytes to a file; nothing where it is not there.
nnrt_status nnrt_checkpoint_copy(const nnrt_safetensors *file, const char *name, nnrt_file *to);

#endif
