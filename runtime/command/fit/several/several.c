#include "several.h"

#include "../../../base/clock.h"
#include "../../../base/interrupt.h"
#include "process.h"
#include "table.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LOOK = 100 }; // milliseconds until signals are asked about

typedef struct several {
    nnrt_session *session;
    nnrt_plan plan;
    nnrt_process *processes; // a run each
    struct pollfd *polled;
    int64_t *at_work; // which runs `polled` are of
    int64_t next, ended, jobs, threads;
    int must_end, is_asked; // no run is begun any more; those at work were asked to end
} several;

static nnrt_status open(several *s) {
    const nnrt_options *options = s->session->options;
    nnrt_status status = nnrt_plan_open(&s->plan, options);
    if (status) return status;
    int64_t cpus = options->threads ? options->threads : nnrt_cpu_count();
    if (cpus > NNRT_TEAM_MAX) cpus = NNRT_TEAM_MAX;
    s->jobs = cpus < s->plan.count ? cpus : s->plan.count;
    s->threads = cpus / s->jobs;
    s->processes = calloc((size_t)s->plan.count, sizeof *s->processes);
    s->polled = calloc((size_t)s->jobs, sizeof *s->polled);
    s->at_work = calloc((size_t)s->jobs, sizeof *s->at_work);
    if (!s->processes || !s->polled || !s->at_work)
        return nnrt_fail_memory("the runs", (size_t)s->plan.count * sizeof *s->processes);
    for (int64_t i = 0; i < s->plan.count; i++)
        s->processes[i] = (nnrt_process){.run = &s->plan.runs[i], .messages = -1};
    return NNRT_OK;
}

static void close_all(several *s) {
    for (int64_t i = 0; s->processes && i < s->plan.count; i++) nnrt_process_free(&s->processes[i]);
    free(s->processes);
    free(s->polled);
    free(s->at_work);
    nnrt_plan_free(&s->plan);
}

// Processes are made of this one, in which no thread may be at work then.
static nnrt_status share_data(nnrt_session *session) {
    nnrt_team_free(session->team);
    session->team = nnrt_team_create(1);
    if (!session->team) return NNRT_ERROR;
    return nnrt_session_use_data(session, &session->program->trainings[0]);
}

static void tell(const several *s, const nnrt_process *process) {
    const nnrt_options *options = s->session->options;
    char text[NNRT_TABLE_LINE];
    if (options->json || options->progress == NNRT_PROGRESS_NONE) return;
    nnrt_table_line(process, text, sizeof text);
    fprintf(stderr, "%" PRId64 " of %" PRId64 ": %s\n", s->ended, s->plan.count, text);
}

static nnrt_status begin_some(several *s) {
    nnrt_status status = NNRT_OK;
    int64_t most = s->ended + s->jobs;
    while (s->next < s->plan.count && s->next < most && !s->must_end && !status) {
        status = nnrt_process_start(&s->processes[s->next], s->session, s->threads);
        s->next += !status;
    }
    return status;
}

static void look_at_signals(several *s) {
    if (!nnrt_interrupted()) return;
    s->must_end = 1;
    if (s->is_asked || nnrt_interrupted_by_time()) return; // all of them have that time
    s->is_asked = 1;
    for (int64_t i = 0; i < s->next; i++) nnrt_process_stop(&s->processes[i]);
}

static void read_messages(several *s) {
    int64_t count = 0;
    for (int64_t i = 0; i < s->next; i++) {
        if (s->processes[i].messages < 0) continue;
        s->polled[count] = (struct pollfd){.fd = s->processes[i].messages, .events = POLLIN};
        s->at_work[count++] = i;
    }
    int ready = poll(s->polled, (nfds_t)count, LOOK);
    for (int64_t k = 0; k < count && ready > 0; k++) {
        nnrt_process *process = &s->processes[s->at_work[k]];
        if (!s->polled[k].revents) continue;
        nnrt_process_read(process);
        if (process->messages >= 0) continue;
        s->ended++;
        s->must_end |= process->status == NNRT_USAGE; // so it will be of all others
        tell(s, process);
    }
}

static nnrt_status run_all(several *s) {
    nnrt_status status = NNRT_OK;
    nnrt_interrupt_wait();
    for (;;) {
        if (!status) status = begin_some(s);
        s->must_end |= status != NNRT_OK;
        if (s->ended == s->next) return status;
        read_messages(s);
        look_at_signals(s);
    }
}

// What a run came to was passed on when it ended. One may be interrupted alone, as `max_time` of
// its program does.
static nnrt_status conclude(const several *s) {
    int64_t whole = 0, cut = 0, count = s->plan.count;
    nnrt_status first = NNRT_OK;
    for (int64_t i = 0; i < count; i++) {
        const nnrt_process *process = &s->processes[i];
        int is_cut = process->status == NNRT_INTERRUPTED;
        whole += process->is_begun && !process->status;
        cut += is_cut;
        if (!first && !is_cut) first = (nnrt_status)process->status;
    }
    const char *time = nnrt_interrupted_by_time();
    if (whole < count && (nnrt_interrupted() || (cut && !first)))
        return nnrt_fail(NNRT_INTERRUPTED, "%s: %" PRId64 " of %" PRId64 " runs are whole",
                         time ? time : "interrupted", whole, count);
    if (!first) return NNRT_OK;
    return nnrt_fail(first,
                     "%" PRId64 " of %" PRId64 " runs are whole; what ended others is said "
                     "above",
                     whole, count);
}

nnrt_status nnrt_fit_several(nnrt_session *session) {
    several s = {.session = session};
    char message[1024];
    nnrt_status status = open(&s);
    if (!status) status = share_data(session);
    double begun = nnrt_seconds();
    if (!status) status = run_all(&s);
    snprintf(message, sizeof message, "%s", nnrt_error());
    const nnrt_table table = {.plan = &s.plan,
                              .processes = s.processes,
                              .jobs = s.jobs,
                              .threads = s.threads,
                              .seconds = nnrt_seconds() - begun};
    if (s.ended && session->options->json)
        nnrt_table_json(&table);
    else if (s.ended)
        nnrt_table_print(&table);
    if (status)
        nnrt_fail(status, "%s", message);
    else
        status = conclude(&s);
    close_all(&s);
    return status;
}
