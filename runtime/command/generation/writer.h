// A model that writes: it is fed one token after the other, and tells what may follow. What it has
// read it keeps in its state and its memory, so that no token is computed again but where a window
// moves on.
#ifndef NNRT_WRITER_H
#define NNRT_WRITER_H

#include "../../session/session.h"

typedef struct nnrt_writer {
    nnrt_session *session;
    const nnrt_model *model;
    nnrt_context context;
    float *state; // what is carried from token to token, as the second output; NULL: nothing
    int32_t token;
    int32_t *window;  // the tokens of the present window; NULL: there is none
    int64_t position; // tokens since the beginning, or in the window
    int workers, most_workers;
    double seconds[2]; // some tokens with all workers, with one: the faster is kept for a while
    int64_t fed;       // tokens since the workers were timed
    int is_prepared;   // what depends on the weights alone is there, in the arena
} nnrt_writer;

// NNRT_ERROR: the model writes no text, for a reason that the message says; no memory.
nnrt_status nnrt_writer_open(nnrt_writer *writer, nnrt_session *session);
void nnrt_writer_close(nnrt_writer *writer); // of a zeroed one, too

// What may follow the token and those before it: a number for each token. They are there until the
// next call. A full window goes on with its later half, which is computed anew.
const float *nnrt_writer_feed(nnrt_writer *writer, int32_t token);

#endif
