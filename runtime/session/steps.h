// Passes over samples: a function is run on one batch after the other by the team. Whole chunks of
// steps run inside the workers, which meet only where the generated code needs it; between chunks
// (some 25 ms) the caller looks at signals, progress and the clock.
#ifndef NNRT_STEPS_H
#define NNRT_STEPS_H

#include "../data/loader.h"
#include "../workers/profile.h"
#include "pace.h"
#include "schedules/schedule.h"
#include "session.h"

// May read what the step wrote for the worker's own samples: the others may be in the next step.
typedef void nnrt_after_step(void *argument, const nnrt_context *context);

// Which samples of the batch are the worker's: [first, end), as generated code divides them.
void nnrt_own_samples(const nnrt_function *function, const nnrt_context *context, int64_t *first,
                      int64_t *end);

enum { NNRT_MAX_TURNS = NNRT_MAX_STEPS }; // functions of a pass

// A function that is run on each batch.
typedef struct nnrt_turn {
    const nnrt_function *function;
    nnrt_context context;          // weights, slots, arena, columns
    const nnrt_schedule *schedule; // of the learning rate; NULL: nothing is trained
    int sources[NNRT_MAX_COLUMNS]; // of its columns: those of the data set; -1: none
    int64_t repeat;                // so many times; the values of the last one count
    const nnrt_function *update;   // follows every `accumulate` runs; NULL: nothing does
    float *update_arena;
    int64_t accumulate;
    int64_t values;        // of a batch: the loss, then what is reported beside it
    nnrt_profile *profile; // of the function; NULL: none
    nnrt_account *watch;   // of its groups, in nnrt_pass_advance_alone; NULL: none
} nnrt_turn;

typedef struct nnrt_pass {
    nnrt_turn turns[NNRT_MAX_TURNS];
    int64_t turn_count, values; // a batch, of all turns
    nnrt_team *team;
    nnrt_pace *pace;
    const nnrt_data *data; // that the rows are of; NULL: all of it is in memory
    const uint32_t *rows;  // the samples in order
    int64_t count, batch;
    nnrt_loader *loader; // makes the batches; NULL: samples are read where they lie
    double *losses;      // [steps][values]
    uint64_t seed;
    int64_t epoch;          // for the keys of the steps
    int64_t steps_before;   // of the training, before this pass
    int64_t skipped;        // of the epoch, before the first step of this pass; they count, too
    int64_t steps;          // of this pass; fewer than all: it ends early
    int64_t pause;          // no chunk goes beyond this step; 0: none is kept from it
    nnrt_after_step *after; // called by each worker after the first turn; NULL: nothing
    int keeps;              // a function keeps states from batch to batch
    void *argument;
    int64_t first; // step that is run by this process: those before are another one's
    int64_t step;  // out: the next one
} nnrt_pass;

int64_t nnrt_step_count(int64_t samples, int64_t batch); // rounded up

// Has the pass's batches made by `loader`, which begins at once, with the next step; NULL: none is
// needed.
void nnrt_pass_load(nnrt_pass *pass, nnrt_loader *loader);

// Runs about `seconds` more of the pass, at least one step; 0 when it is at its end.
int nnrt_pass_advance(nnrt_pass *pass, double seconds);

// Runs one step more, by one worker, whose watches see its groups. The same bits.
void nnrt_pass_advance_alone(nnrt_pass *pass);

// Has the functions whose weights lack something of the steps done (nnrt_function.settles) do it.
// Nobody may read weights before.
void nnrt_pass_settle(const nnrt_pass *pass);

// Of the steps done: the samples, and the mean of a value weighted by batch size.
int64_t nnrt_pass_samples(const nnrt_pass *pass);
double nnrt_pass_mean(const nnrt_pass *pass, int64_t value);
// Likewise of the loss: of several turns, the sum of theirs.
double nnrt_pass_loss(const nnrt_pass *pass);
// The loss of one step.
double nnrt_pass_step_loss(const nnrt_pass *pass, int64_t step);
// Has `update`, a function of the same training, follow every `accumulate` runs of the turn.
nnrt_status nnrt_turn_update(nnrt_turn *turn, nnrt_session *session, const nnrt_function *update,
                             int64_t accumulate);
// A turn of `function`, with what it needs of the session; `reports`: numbers behind the loss.
nnrt_status nnrt_turn_open(nnrt_turn *turn, nnrt_session *session, const nnrt_function *function,
                           int64_t reports);
void nnrt_pass_add(nnrt_pass *pass, const nnrt_turn *turn);

// States that are kept from batch to batch begin anew: all are 0.
void nnrt_pass_forget(const nnrt_pass *pass);
// The order of samples for functions that keep states. `rows` are cut into as many strands as a
// batch has places, equally long but for one sample, and place i of each batch has the next sample
// of strand i: it follows that of the batch before. `order` has room for all of them.
void nnrt_order_strands(const uint32_t *rows, int64_t count, int64_t batch, uint32_t *order);

#endif
