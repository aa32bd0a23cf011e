#include "writer.h"

#include <stdlib.h>
#include <string.h>

#include "../../base/clock.h"

// Tokens before the workers are timed; of each choice; until they are timed again, because other
// programs come and go, and who waits for a worker without a processor waits long.
enum { WARM = 4, TRIED = 12, AGAIN = 1500 };

enum { TOKEN_COLUMN, STATE_COLUMN };
enum { WORDS_OUTPUT, STATE_OUTPUT };

static nnrt_status allocate(nnrt_writer *w, const nnrt_function *function) {
    if (function->input_count > STATE_COLUMN) {
        int64_t size = function->columns[STATE_COLUMN].size;
        w->state = calloc((size_t)size + 16, sizeof *w->state);
        if (!w->state) return nnrt_fail_memory("the state", (size_t)size * sizeof *w->state);
    }
    if (!w->model->window) return NNRT_OK;
    w->window = calloc((size_t)w->model->window, sizeof *w->window);
    return w->window ? NNRT_OK
                     : nnrt_fail_memory("the window", (size_t)w->model->window * sizeof *w->window);
}

nnrt_status nnrt_writer_open(nnrt_writer *w, nnrt_session *session) {
    const nnrt_model *model = nnrt_session_model(session);
    const nnrt_function *function = &model->generate;
    *w = (nnrt_writer){.session = session, .model = model};
    if (!function->run)
        return nnrt_fail(NNRT_ERROR, "`%s` writes no text: %s", model->name,
                         model->no_generation ? model->no_generation : "it was not compiled to");
    w->context = nnrt_session_context(session, function);
    nnrt_status status = w->context.arena ? allocate(w, function) : NNRT_ERROR;
    w->most_workers = nnrt_team_size(session->team);
    if (w->most_workers > function->threads) w->most_workers = (int)function->threads;
    w->workers = w->most_workers;
    w->context.columns[TOKEN_COLUMN] = &w->token;
    w->context.columns[STATE_COLUMN] = w->state;
    w->context.rows = 1;
    w->context.team = session->team;
    return status;
}

void nnrt_writer_close(nnrt_writer *w) {
    free(w->state);
    free(w->window);
}

// ---- A token.

static void run_worker(void *argument, int thread, int threads) {
    nnrt_writer *w = argument;
    nnrt_context context = w->context;
    uint32_t row = 0;
    double loss;
    context.index = &row;
    context.loss = &loss;
    context.thread = thread;
    context.threads = threads;
    w->model->generate.run(&context);
}

// What is made of the weights alone, before the first token.
static void prepare(nnrt_writer *w) {
    w->is_prepared = 1;
    if (!w->model->generate.prepares) return;
    w->context.rows = 0;
    nnrt_team_run(w->session->team, w->most_workers, run_worker, w);
    w->context.rows = 1;
}

// Results are the same for any number of workers.
static void choose_workers(nnrt_writer *w, double seconds) {
    int64_t tried = w->fed++ - WARM;
    if (w->fed == AGAIN) {
        w->fed = 0;
        w->seconds[0] = w->seconds[1] = 0;
        w->workers = w->most_workers;
        return;
    }
    if (w->most_workers == 1 || tried < 0 || tried > 2 * TRIED) return;
    if (tried < 2 * TRIED) w->seconds[tried >= TRIED] += seconds;
    w->workers = tried + 1 < TRIED ? w->most_workers : 1;
    if (tried == 2 * TRIED && w->seconds[0] < w->seconds[1]) w->workers = w->most_workers;
}

static void step(nnrt_writer *w, int32_t token) {
    const nnrt_output *state = &w->model->generate.outputs[STATE_OUTPUT];
    double started = nnrt_seconds();
    w->token = token;
    w->context.step = (double)++w->position;
    nnrt_team_run(w->session->team, w->workers, run_worker, w);
    if (w->state)
        memcpy(w->state, w->context.arena + state->offset, (size_t)state->size * sizeof *w->state);
    choose_workers(w, nnrt_seconds() - started);
}

// Half of the window stays; positions begin anew, and with them all that was carried.
static void move_on(nnrt_writer *w) {
    int64_t size = w->model->window, kept = size / 2;
    if (w->state)
        memset(w->state, 0,
               (size_t)w->model->generate.columns[STATE_COLUMN].size * sizeof *w->state);
    memmove(w->window, w->window + size - kept, (size_t)kept * sizeof *w->window);
    w->position = 0;
    for (int64_t i = 0; i < kept; i++) step(w, w->window[i]);
}

const float *nnrt_writer_feed(nnrt_writer *w, int32_t token) {
    if (!w->is_prepared) prepare(w);
    if (w->window && w->position == w->model->window) move_on(w);
    if (w->window) w->window[w->position] = token;
    step(w, token);
    return w->context.arena + w->model->generate.outputs[WORDS_OUTPUT].offset;
}
