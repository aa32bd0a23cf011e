// A job is a process of `nnc run`: first one that compiles a combination, then one for each of its
// seeds. (What trains several seeds in one process would be one job for these.) Processes end with
// nnc, as they would by SIGTERM: what they have trained is saved.
#include "jobs.h"

#include "../../../runtime/base/status.h"
#include "../../../runtime/base/text/number.h"
#include "../../driver/cache.h"
#include "../child.h"
#include "../runs/table.h"
#include "words.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct Job {
    Child child;  // without one the place is free
    Point *point; // that is compiled; NULL: a trial is trained
    Trial *trial;
} Job;

typedef struct Jobs {
    Sweep *sweep;
    Job *items; // [sweep->jobs]
    int active;
    int told, to_tell; // trainings that have ended; that will
    bool is_interrupted, has_failed, has_told;
    sigset_t caught, before;
} Jobs;

// ---- Processes.

// What callbacks write is relative to the current folder, so that runs at once need one each; the
// same one when they go on. NULL: reported.
static const char *own_folder(const Sweep *sweep, const Trial *trial) {
    Arena *arena = sweep->arena;
    const Point *point = trial->point;
    const char *all = arena_format(arena, "%s/files", sweep->folder);
    const char *key = arena_format(arena, "%s\n%s", point->source, point->said);
    char *name = arena_format(arena, "%.100s", point->label);
    for (char *c = name; *c; c++)
        if (!isalnum((unsigned char)*c) && !strchr("=.-", *c)) *c = '_';
    char *path = arena_format(arena, "%s/%s_seed=%lld_%.8s", all, name, (long long)trial->seed,
                              cache_hash(arena, key, strlen(key)));
    if ((!mkdir(all, 0777) || errno == EEXIST) && (!mkdir(path, 0777) || errno == EEXIST))
        return path;
    fprintf(stderr, "nnc: cannot make the folder `%s`: %s\n", path, strerror(errno));
    return NULL;
}

static bool start(Jobs *jobs, Job *job, Words *words, const char *folder) {
    vec_push(jobs->sweep->arena, words, NULL);
    if (child_start(&job->child, -1, words->items, folder, &jobs->before)) {
        jobs->active++;
        return true;
    }
    fprintf(stderr, "nnc: cannot start a training: %s\n", strerror(errno));
    return false;
}

// Of all combinations that are the same program.
static void set_state(Jobs *jobs, const Point *point, PointState state, const char *message) {
    Points *points = &jobs->sweep->points;
    for (int i = 0; i < points->items.count; i++) {
        Point *other = &points->items.items[i];
        if (!other->source || strcmp(other->source, point->source) != 0) continue;
        other->state = state;
        other->message = message;
    }
}

static bool start_compiler(Jobs *jobs, Job *job, Point *point) {
    Words words = words_to_compile(jobs->sweep->arena, point);
    *job = (Job){.point = point};
    if (!start(jobs, job, &words, NULL)) return false;
    set_state(jobs, point, POINT_COMPILING, NULL);
    return true;
}

// Each place has its share of the threads.
static int64_t threads_of(const Jobs *jobs, const Job *job) {
    int64_t count = jobs->sweep->jobs, all = jobs->sweep->threads, place = job - jobs->items;
    int64_t own = all / count + (place < all % count);
    return own > 0 ? own : 1;
}

static bool start_training(Jobs *jobs, Job *job, Trial *trial) {
    Words words = words_to_train(jobs->sweep, trial, threads_of(jobs, job));
    const char *folder = NULL;
    if (trial->point->writes_files && !(folder = own_folder(jobs->sweep, trial))) return false;
    *job = (Job){.trial = trial};
    if (!start(jobs, job, &words, folder)) return false;
    trial->is_active = true;
    return true;
}

// ---- What is next.

static bool is_to_be_done(const Trial *trial) {
    bool is_open = trial->state == TRIAL_NEW || trial->state == TRIAL_UNFINISHED;
    return is_open && !trial->is_active && !trial->is_over;
}

// False: nothing can begin now.
static bool start_next(Jobs *jobs, Job *job) {
    Trials *trials = &jobs->sweep->trials;
    for (int i = 0; i < trials->items.count; i++) {
        Trial *trial = &trials->items.items[i];
        if (!is_to_be_done(trial) || trial->point->state == POINT_COMPILING) continue;
        bool ok = trial->point->state == POINT_CHECKED ? start_compiler(jobs, job, trial->point)
                                                       : start_training(jobs, job, trial);
        jobs->has_failed |= !ok;
        return ok;
    }
    return false;
}

static void start_all(Jobs *jobs) {
    for (int64_t i = 0; i < jobs->sweep->jobs && !jobs->is_interrupted && !jobs->has_failed; i++)
        if (!jobs->items[i].child.id && !start_next(jobs, &jobs->items[i])) return;
}

// ---- What has ended.

static void tell(Jobs *jobs, const Trial *trial) {
    const Run *run = trial->run;
    const char *name = run ? json_string_value(json_object_get(run->about, "monitored")) : NULL;
    const RunValue *value = name ? run_value(run, name) : NULL;
    fprintf(stderr, "%d/%d  %s, seed %lld: %s", ++jobs->told, jobs->to_tell, trial->point->label,
            (long long)trial->seed, run ? run->status : "failed");
    if (value)
        fprintf(stderr, ", %s %s @%lld", name, table_value(jobs->sweep->arena, value->best),
                (long long)value->best_epoch);
    if (run) fprintf(stderr, ", %s", table_time(jobs->sweep->arena, run->seconds));
    if (trial->message && (!run || trial->state == TRIAL_UNFINISHED))
        fprintf(stderr, ": %s", trial->message);
    fputc('\n', stderr);
}

static void end_compiler(Jobs *jobs, const Job *job, int status) {
    if (status == 0 || jobs->is_interrupted) {
        set_state(jobs, job->point, status == 0 ? POINT_COMPILED : POINT_CHECKED, NULL);
        return;
    }
    set_state(jobs, job->point, POINT_WRONG, child_reason(jobs->sweep->arena, &job->child, status));
}

static void end_training(Jobs *jobs, const Job *job, int status) {
    job->trial->is_active = false;
    job->trial->is_over = true;
    if (status) job->trial->message = child_reason(jobs->sweep->arena, &job->child, status);
}

static Job *job_of(Jobs *jobs, pid_t child) {
    for (int64_t i = 0; i < jobs->sweep->jobs; i++)
        if (jobs->items[i].child.id == child) return &jobs->items[i];
    return NULL;
}

// All whose process is gone; then their runs are read.
static void reap(Jobs *jobs) {
    VEC(Trial *) ended = {0};
    int status, count = 0;
    for (pid_t child; (child = waitpid(-1, &status, WNOHANG)) > 0;) {
        Job *job = job_of(jobs, child);
        if (!job) continue;
        if (job->point) end_compiler(jobs, job, status);
        if (job->trial) end_training(jobs, job, status);
        if (job->trial) vec_push(jobs->sweep->arena, &ended, job->trial);
        child_close(&job->child);
        jobs->active--;
        count++;
    }
    if (count && !trials_read(&jobs->sweep->trials, jobs->sweep->folder)) jobs->has_failed = true;
    for (int i = 0; i < ended.count; i++) tell(jobs, ended.items[i]);
}

// ---- Signals, which are waited for.

// A terminal that goes away ends no training, and no compiler that was started.
static void catch_signals(Jobs *jobs) {
    static const int asking[] = {SIGINT, SIGTERM};
    signal(SIGHUP, SIG_IGN);
    sigemptyset(&jobs->caught);
    sigaddset(&jobs->caught, SIGCHLD);
    for (size_t i = 0; i < sizeof asking / sizeof *asking; i++) {
        struct sigaction action;
        bool is_ignored = !sigaction(asking[i], NULL, &action) && action.sa_handler == SIG_IGN;
        if (!is_ignored || asking[i] == SIGINT) sigaddset(&jobs->caught, asking[i]);
    }
    sigprocmask(SIG_BLOCK, &jobs->caught, &jobs->before);
}

// What a terminal sends, it sends to the trainings, too: a second one, late, would end them at
// once.
static void pass_on(Jobs *jobs, int number, bool is_of_terminal) {
    if (!jobs->is_interrupted)
        fprintf(stderr, "nnc: stopping %d training%s\n", jobs->active,
                jobs->active == 1 ? "" : "s");
    jobs->is_interrupted = true;
    for (int64_t i = 0; i < jobs->sweep->jobs; i++)
        if (jobs->items[i].child.id && !is_of_terminal) kill(jobs->items[i].child.id, number);
}

static bool waits_for_others(Jobs *jobs) {
    const Trials *trials = &jobs->sweep->trials;
    for (int i = 0; i < trials->items.count; i++) {
        const Trial *trial = &trials->items.items[i];
        if (trial->state != TRIAL_ELSEWHERE || trial->is_active || trial->is_over) continue;
        if (!jobs->has_told)
            fprintf(stderr, "nnc: waiting for %s/%s, which another process trains\n",
                    jobs->sweep->folder, trial->run->name);
        jobs->has_told = true;
        return true;
    }
    return false;
}

static void wait_a_while(Jobs *jobs) {
    struct timespec most = {.tv_nsec = 500000000};
    siginfo_t from;
    int number = sigtimedwait(&jobs->caught, &from, &most);
    if (number > 0 && number != SIGCHLD) pass_on(jobs, number, from.si_code == SI_KERNEL);
}

// Whoever asked to stop may have come after the last step.
static bool has_more(const Trials *trials) {
    for (int i = 0; i < trials->items.count; i++)
        if (trials->items.items[i].state < TRIAL_DONE) return true;
    return false;
}

static int work(Jobs *jobs) {
    for (;;) {
        start_all(jobs);
        bool waits =
            !jobs->active && !jobs->is_interrupted && !jobs->has_failed && waits_for_others(jobs);
        if (!jobs->active && !waits) break;
        wait_a_while(jobs);
        reap(jobs);
        if (waits && !trials_read(&jobs->sweep->trials, jobs->sweep->folder))
            jobs->has_failed = true;
    }
    if (jobs->has_failed) return NNRT_ERROR;
    return jobs->is_interrupted && has_more(&jobs->sweep->trials) ? NNRT_INTERRUPTED : NNRT_OK;
}

int jobs_run(Sweep *sweep) {
    Jobs jobs = {.sweep = sweep, .items = ARENA_ARRAY(sweep->arena, Job, sweep->jobs)};
    for (int i = 0; i < sweep->trials.items.count; i++)
        jobs.to_tell += is_to_be_done(&sweep->trials.items.items[i]);
    catch_signals(&jobs);
    int status = work(&jobs);
    sigprocmask(SIG_SETMASK, &jobs.before, NULL);
    return status;
}
