// Keeps checkpoints: a thread of its own writes snapshots, so that the training does not wait for
// the disk. Of `run.safetensors` there are
//   run.safetensors           the newest
//   run.safetensors~          the one before
//   run-best.safetensors      the best of those that were written
//   run-earlier.safetensors   the newest of an earlier run that was begun anew
#ifndef NNRT_KEEPER_H
#define NNRT_KEEPER_H

#include "checkpoint.h"

typedef struct nnrt_keeper nnrt_keeper;

// "-best", "-earlier": before the extension of the file's name. 0: it does not fit.
int nnrt_keeper_name(const char *path, const char *mark, char *name, size_t size);

// `is_new`: what is there is an earlier run's, which is kept aside; otherwise `keeps_first` says
// whether it is worth being kept as the one before. NULL with nnrt_error() set.
nnrt_keeper *nnrt_keeper_create(const char *path, const nnrt_program *program, int is_new,
                                int keeps_first);
void nnrt_keeper_free(nnrt_keeper *keeper); // waits; NULL is fine

int nnrt_keeper_is_busy(nnrt_keeper *keeper);
// Has the snapshot written, which stays as it is until that is done. Only when it is not busy.
void nnrt_keeper_write(nnrt_keeper *keeper, const nnrt_snapshot *snapshot,
                       const nnrt_weights_info *info, int is_best);
// Waits until all is written. Whether the last one was.
nnrt_status nnrt_keeper_wait(nnrt_keeper *keeper);
// The first failure since the last success, told once; 0: there is none.
int nnrt_keeper_failure(nnrt_keeper *keeper, char *message, size_t size);

#endif
