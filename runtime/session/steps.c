#include "steps.h"

#include "../base/clock.h"
#include "../base/numbers/random.h"
#include "../data/locality.h"

#include <math.h>
#include <string.h>

enum { LOOKS = 16 }; // at the clock, in a chunk

int64_t nnrt_step_count(int64_t samples, int64_t batch) {
    return samples / batch + (samples % batch != 0);
}

static int64_t first_sample(const nnrt_function *function, const nnrt_context *context,
                            int64_t thread) {
    int64_t chunks = function->chunks;
    if (!chunks) return context->rows * thread / context->threads;
    return context->rows * (chunks * thread / context->threads) / chunks;
}

void nnrt_own_samples(const nnrt_function *function, const nnrt_context *context, int64_t *first,
                      int64_t *end) {
    *first = first_sample(function, context, context->thread);
    *end = first_sample(function, context, context->thread + 1);
}

// ---- Chunks.

typedef struct chunk {
    const nnrt_pass *pass;
    int64_t first, look; // worker 0 looks at the clock every `look` steps
    double deadline;
    _Atomic int64_t end;
} chunk;

// Ends a chunk that takes much longer than it should, because the CPUs are busy. Called by worker 0
// before it runs `step`: the next step is still run, since others may have begun it already; that
// the one after it is not, all learn before they come to it, by the barriers of the steps between.
static void end_if_late(chunk *work, int64_t step) {
    if ((step - work->first) % work->look == 0 && nnrt_seconds() > work->deadline &&
        work->end > step + 2)
        work->end = step + 2;
}

void nnrt_pass_load(nnrt_pass *pass, nnrt_loader *loader) {
    pass->loader = loader;
    if (loader)
        nnrt_loader_start(loader, pass->rows, pass->count, pass->batch, pass->step, pass->steps,
                          pass->seed, pass->epoch);
}

nnrt_status nnrt_turn_open(nnrt_turn *turn, nnrt_session *session, const nnrt_function *function,
                           int64_t reports) {
    *turn = (nnrt_turn){.function = function, .repeat = 1, .values = 1 + reports};
    for (int64_t i = 0; i < function->column_count; i++)
        turn->sources[i] = nnrt_session_source(session, &function->columns[i]);
    turn->context = nnrt_session_context(session, function);
    return turn->context.arena ? NNRT_OK : NNRT_ERROR;
}

nnrt_status nnrt_turn_update(nnrt_turn *turn, nnrt_session *session, const nnrt_function *update,
                             int64_t accumulate) {
    turn->update = update;
    turn->update_arena = nnrt_session_context(session, update).arena;
    turn->accumulate = accumulate;
    return turn->update_arena ? NNRT_OK : NNRT_ERROR;
}

void nnrt_pass_add(nnrt_pass *pass, const nnrt_turn *turn) {
    pass->turns[pass->turn_count++] = *turn;
    pass->values += turn->values;
    for (int64_t i = 0; i < turn->function->output_count; i++)
        pass->keeps |= turn->function->outputs[i].is_kept != 0;
}

// ---- States that are kept.

void nnrt_pass_forget(const nnrt_pass *pass) {
    for (int64_t t = 0; t < pass->turn_count && pass->keeps; t++) {
        const nnrt_turn *turn = &pass->turns[t];
        for (int64_t i = 0; i < turn->function->output_count; i++) {
            const nnrt_output *output = &turn->function->outputs[i];
            float *values = turn->context.arena + output->offset;
            for (int64_t place = 0; place < pass->batch && output->is_kept; place++)
                memset(values + place * output->stride, 0, (size_t)output->size * sizeof *values);
        }
    }
}

void nnrt_order_strands(const uint32_t *rows, int64_t count, int64_t batch, uint32_t *order) {
    int64_t places = batch < count ? batch : count, length = places ? count / places : 0;
    int64_t longer = places ? count % places : 0; // the first strands, by one sample
    for (int64_t i = 0; i < count; i++) {
        int64_t place = i % places, step = i / places;
        int64_t begin = place * length + (place < longer ? place : longer);
        order[i] = rows[begin + step];
    }
}

// A worker's contexts, one for each turn.
typedef struct worker {
    const nnrt_pass *pass;
    nnrt_context contexts[NNRT_MAX_TURNS];
} worker;

static const void *batch_column(const nnrt_batch *batch, int source) {
    return source < 0 ? NULL : batch->columns[source];
}

// From the whole data set's columns to those of a batch that was made for the step.
static void take_batch(worker *w, int64_t step) {
    const nnrt_pass *pass = w->pass;
    nnrt_batch batch = nnrt_loader_take(pass->loader, step, (int)w->contexts[0].thread);
    for (int64_t t = 0; t < pass->turn_count; t++) {
        const nnrt_turn *turn = &pass->turns[t];
        for (int64_t i = 0; i < turn->function->column_count; i++)
            w->contexts[t].columns[i] = batch_column(&batch, turn->sources[i]);
        w->contexts[t].index = batch.index;
        w->contexts[t].next_index = NULL;
    }
}

// What differs from step to step.
static void prepare_step(worker *w, int64_t step) {
    const nnrt_pass *pass = w->pass;
    int64_t first = step * pass->batch, left = pass->count - first, value = step * pass->values;
    const uint32_t *index = pass->rows + first;
    for (int64_t t = 0; t < pass->turn_count; t++) {
        nnrt_context *context = &w->contexts[t];
        const nnrt_turn *turn = &pass->turns[t];
        context->index = index;
        context->next_index = left >= 2 * pass->batch ? index + pass->batch : NULL;
        context->rows = left < pass->batch ? left : pass->batch;
        context->loss = &pass->losses[value];
        value += turn->values;
        if (turn->schedule)
            context->learning_rate = nnrt_schedule_rate(turn->schedule, pass->steps_before + step);
    }
    if (pass->loader) take_batch(w, step);
    // A short batch is divided otherwise: what one has still to read another would overwrite.
    if (left < pass->batch && (pass->after || pass->keeps))
        nnrt_team_meet(pass->team, (int)w->contexts[0].thread, (int)w->contexts[0].threads);
}

// The functions end with all workers synchronised.
static void run_turn(const nnrt_pass *pass, const nnrt_turn *turn, const nnrt_context *context) {
    if (turn->watch) {
        turn->function->run_profiled(context);
        return;
    }
    if (!turn->profile) {
        turn->function->run(context);
        return;
    }
    nnrt_profile_count(context);
    if (pass->turn_count > 1)
        nnrt_profile_skip(context); // what the others took is theirs
    else
        nnrt_profile_between(context);
    turn->function->run_profiled(context);
}

// What the runs of a turn have added up becomes a step: number `runs` is the last of them.
static void run_update(const nnrt_turn *turn, const nnrt_context *context, int64_t runs) {
    nnrt_context own = *context;
    if (turn->function->settles) { // sums of rows that no batch has named since
        own.rows = 0;
        turn->function->run(&own);
        own.rows = context->rows;
    }
    own.arena = turn->update_arena;
    own.step = (double)(runs / turn->accumulate);
    turn->update->run(&own);
    if (turn->profile) nnrt_profile_skip(context);
}

static void run_step(worker *w, int64_t step) {
    const nnrt_pass *pass = w->pass;
    int64_t number = pass->skipped + step, runs = 0;
    uint64_t key = nnrt_random_step_key(pass->seed, pass->epoch, number);
    for (int64_t t = 0; t < pass->turn_count; t++) {
        const nnrt_turn *turn = &pass->turns[t];
        nnrt_context *context = &w->contexts[t];
        int64_t before = (pass->steps_before + number) * turn->repeat;
        for (int64_t r = 0; r < turn->repeat; r++) {
            context->key = nnrt_random_turn_key(key, runs++);
            context->step = (double)(before + r + 1);
            run_turn(pass, turn, context);
            if (turn->update && (before + r + 1) % turn->accumulate == 0)
                run_update(turn, context, before + r + 1);
        }
        if (t == 0 && pass->after) pass->after(pass->argument, context);
    }
}

static void begin_worker(worker *w, int thread, int threads) {
    const nnrt_pass *pass = w->pass;
    for (int64_t t = 0; t < pass->turn_count; t++) {
        nnrt_context *context = &w->contexts[t];
        *context = pass->turns[t].context;
        context->thread = thread;
        context->threads = threads;
        context->team = pass->team;
        context->account = pass->turns[t].watch;
        context->is_watched = context->account != NULL;
        if (!pass->turns[t].profile || context->account) continue;
        context->account = nnrt_profile_account(pass->turns[t].profile, thread);
        nnrt_profile_skip(context);
    }
}

static void run_chunk(void *argument, int thread, int threads) {
    chunk *work = argument;
    worker w = {.pass = work->pass};
    begin_worker(&w, thread, threads);
    for (int64_t step = work->first; step < work->end; step++) {
        if (thread == 0) end_if_late(work, step);
        prepare_step(&w, step);
        run_step(&w, step);
    }
    const nnrt_turn *turn = &w.pass->turns[0];
    if (w.pass->turn_count == 1 && turn->profile && !turn->watch)
        nnrt_profile_between(&w.contexts[0]);
}

// Steps that take about `seconds`, as far as the cost is known; else few.
static int64_t chunk_steps(const nnrt_pass *pass, int choice, double seconds) {
    double cost = nnrt_pace_cost(pass->pace, choice);
    double steps = cost > 0 ? seconds / (cost * (double)pass->batch) : 1;
    int64_t left = pass->steps - pass->step, done = nnrt_pass_samples(pass);
    int64_t near = nnrt_locality_left(pass->data, pass->batch, done) / pass->batch;
    if (near < left) left = near;
    if (pass->pause > pass->step && pass->pause - pass->step < left)
        left = pass->pause - pass->step;
    return steps < 1 ? 1 : steps < (double)left ? (int64_t)steps : left;
}

int64_t nnrt_pass_samples(const nnrt_pass *pass) {
    int64_t samples = pass->step * pass->batch;
    return samples < pass->count ? samples : pass->count;
}

static void awake(void *argument, int thread, int threads) {
    (void)argument, (void)thread, (void)threads;
}

static void wake_workers(const nnrt_pass *pass, int choice) {
    if (!nnrt_pace_begin(pass->pace, choice)) return;
    double start = nnrt_seconds();
    nnrt_team_run(pass->team, pass->pace->workers[choice], awake, NULL);
    nnrt_pace_woken(pass->pace, nnrt_seconds() - start);
}

int nnrt_pass_advance(nnrt_pass *pass, double seconds) {
    if (pass->step >= pass->steps) return 0;
    int choice = nnrt_pace_choose(pass->pace, nnrt_seconds());
    wake_workers(pass, choice);
    double start = nnrt_seconds();
    seconds = nnrt_pace_seconds(pass->pace, choice, seconds);
    int64_t steps = chunk_steps(pass, choice, seconds);
    chunk work = {pass, pass->step, steps / LOOKS + 1, start + 2 * seconds, pass->step + steps};
    int64_t before = nnrt_pass_samples(pass);
    nnrt_locality_advance(pass->data, pass->batch, pass->rows, pass->count, before);
    nnrt_team_run(pass->team, pass->pace->workers[choice], run_chunk, &work);
    pass->step = work.end;
    if (pass->loader) nnrt_loader_release(pass->loader, pass->step);
    double end = nnrt_seconds();
    nnrt_pace_learn(pass->pace, choice, nnrt_pass_samples(pass) - before, end - start, end);
    return 1;
}

void nnrt_pass_advance_alone(nnrt_pass *pass) {
    chunk work = {pass, pass->step, 1, INFINITY, pass->step + 1};
    nnrt_locality_advance(pass->data, pass->batch, pass->rows, pass->count,
                          nnrt_pass_samples(pass));
    nnrt_team_run(pass->team, 1, run_chunk, &work);
    pass->step = work.end;
    if (pass->loader) nnrt_loader_release(pass->loader, pass->step);
}

static void run_settling(void *argument, int thread, int threads) {
    const nnrt_pass *pass = argument;
    worker w = {.pass = pass};
    begin_worker(&w, thread, threads);
    for (int64_t t = 0; t < pass->turn_count; t++) {
        nnrt_context *context = &w.contexts[t];
        if (!pass->turns[t].function->settles) continue;
        context->rows = 0;
        context->step = (double)((pass->steps_before + pass->step) * pass->turns[t].repeat);
        pass->turns[t].function->run(context);
    }
}

void nnrt_pass_settle(const nnrt_pass *pass) {
    int64_t settles = 0;
    for (int64_t t = 0; t < pass->turn_count; t++) settles |= pass->turns[t].function->settles;
    if (!settles || pass->step <= pass->first) return;
    nnrt_pass all = *pass;
    nnrt_team_run(pass->team, pass->pace->workers[0], run_settling, &all);
}

double nnrt_pass_mean(const nnrt_pass *pass, int64_t value) {
    double sum = 0;
    for (int64_t step = 0; step < pass->step; step++) {
        int64_t left = pass->count - step * pass->batch;
        sum += pass->losses[step * pass->values + value] *
               (double)(left < pass->batch ? left : pass->batch);
    }
    int64_t samples = nnrt_pass_samples(pass);
    return samples ? sum / (double)samples : 0;
}

double nnrt_pass_loss(const nnrt_pass *pass) {
    double sum = 0;
    int64_t value = 0;
    for (int64_t t = 0; t < pass->turn_count; t++) {
        sum += nnrt_pass_mean(pass, value);
        value += pass->turns[t].values;
    }
    return sum;
}

double nnrt_pass_step_loss(const nnrt_pass *pass, int64_t step) {
    const double *values = &pass->losses[step * pass->values];
    double sum = 0;
    for (int64_t t = 0; t < pass->turn_count; t++) {
        sum += *values;
        values += pass->turns[t].values;
    }
    return sum;
}
