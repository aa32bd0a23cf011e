// Where the pictures of `samples = ...` are saved: beside the weights, in a folder that is called
// after them: "runs/dcgan-samples/epoch-0001.png" for "runs/dcgan.safetensors".
#ifndef NNRT_SAMPLE_FILES_H
#define NNRT_SAMPLE_FILES_H

#include "../../session/session.h"

enum { NNRT_SAMPLE_FOLDER = PATH_MAX - 32 }; // with room for the names of files

// Has a training of the program pictures?
int nnrt_sample_files_any(const nnrt_program *program);

// The folder. After weights that are no file (`--save /dev/null`) it is called as without --save.
// NNRT_USAGE: the name is too long.
nnrt_status nnrt_sample_files_folder(const nnrt_session *session, char folder[NNRT_SAMPLE_FOLDER]);

// The file of an epoch, from 1.
void nnrt_sample_files_path(const char *folder, int64_t epoch, char path[PATH_MAX]);

// Makes the folder where there is none. NNRT_USAGE: a link or a file has its name, so that pictures
// might be written who knows where.
nnrt_status nnrt_sample_files_open(const char *folder);

#endif
