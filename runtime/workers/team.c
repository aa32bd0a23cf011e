// The worker team. Everything is built from one primitive, an event: a counter on a cache line of
// its own that one thread raises and one thread waits for. The barrier is the dissemination barrier
// (Hensgen, Finkel, Manber 1988): in round r worker i tells worker i + 2^r and hears from
// i - 2^r; with two workers it is one message each way, both at once.
#include "team.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__SSE__)
#include <xmmintrin.h>
#endif

enum {
    CACHE_LINE = 64,
    SPINS = 2000, // x 28 ns for a `pause` on Zen 3 = 56 us
    YIELDS = 8,
    ROUNDS = 8 // 2^8 = NNRT_TEAM_MAX
};

// value * 2 + (1 if the waiting thread sleeps), modulo 2^32: values wrap, and are compared by the
// sign of their difference, which is small.
typedef struct event {
    _Alignas(CACHE_LINE) _Atomic uint32_t word;
} event;

typedef struct worker {
    event start;                            // raised by worker 0 for each task
    event done;                             // raised by this worker after it
    event heard[ROUNDS];                    // of the barrier
    _Alignas(CACHE_LINE) uint32_t meetings; // barriers passed in this task; private
    uint32_t tasks;                         // given to it
    _Atomic int cpu;                        // it was last seen on
    pthread_t handle;
    nnrt_team *team;
    int index;
} worker;

struct nnrt_team {
    worker *workers;
    int size, spins;
    uint32_t first;  // where counters begin
    nnrt_task *task; // NULL: the threads end
    void *argument;
    _Atomic int active;   // workers of the task; those that wait for one read it, too
    _Atomic int is_bound; // to where the system put a worker: none moves any more
};

static inline void pause_cpu(void) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

void nnrt_flush_denormals(void) {
#if defined(__SSE__)
    _mm_setcsr(_mm_getcsr() | 0x8040); // flush to zero, denormals are zero
#elif defined(__aarch64__)
    uint64_t control;
    __asm__ volatile("mrs %0, fpcr" : "=r"(control));
    __asm__ volatile("msr fpcr, %0" : : "r"(control | 1u << 24));
#endif
}

int nnrt_cpu_count(void) {
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0) return CPU_COUNT(&set);
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    return online < 1 ? 1 : online > INT_MAX ? INT_MAX : (int)online;
}

static void futex(_Atomic uint32_t *word, int operation, uint32_t value) {
    syscall(SYS_futex, (void *)word, operation | FUTEX_PRIVATE_FLAG, value, NULL, NULL, 0);
}

static void event_raise(event *e, uint32_t value) {
    uint32_t old = atomic_exchange_explicit(&e->word, value << 1, memory_order_acq_rel);
    if (old & 1) futex(&e->word, FUTEX_WAKE, 1);
}

static int has_reached(uint32_t word, uint32_t value) {
    return (int32_t)((word & ~1u) - (value << 1)) >= 0;
}

static int event_reached(event *e, uint32_t value) {
    return has_reached(atomic_load_explicit(&e->word, memory_order_acquire), value);
}

static void event_sleep(event *e, uint32_t value) {
    for (;;) {
        uint32_t word = atomic_load_explicit(&e->word, memory_order_acquire);
        if (has_reached(word, value)) return;
        if ((word & 1) || atomic_compare_exchange_strong(&e->word, &word, word | 1))
            futex(&e->word, FUTEX_WAIT, word | 1);
    }
}

// ---- Two workers on one CPU.

// Whether a worker of the task was last seen on the CPU.
static int is_taken(const nnrt_team *team, const worker *self, int cpu) {
    for (int i = 0; i < team->active; i++) {
        const worker *other = &team->workers[i];
        if (other != self && atomic_load_explicit(&other->cpu, memory_order_relaxed) == cpu)
            return 1;
    }
    return 0;
}

static void note_cpu(worker *self, int cpu) {
    atomic_store_explicit(&self->cpu, cpu, memory_order_relaxed);
}

// The next one after `cpu` that no worker of the task is on; -1: there is none.
static int free_cpu(const nnrt_team *team, int cpu, const cpu_set_t *allowed) {
    for (int i = 1; i < CPU_SETSIZE; i++) {
        int other = (cpu + i) % CPU_SETSIZE;
        if (CPU_ISSET(other, allowed) && !is_taken(team, NULL, other)) return other;
    }
    return -1;
}

// The scheduler wakes a worker on the CPU of another one now and then, and leaves it there for
// milliseconds while other CPUs are idle: in each barrier one would wait for the other. Called by
// one that has waited in vain, it goes to a CPU where none of them is, and may leave that again.
static void move_apart(worker *self) {
    nnrt_team *team = self->team;
    cpu_set_t allowed, one;
    int cpu = sched_getcpu(), other;
    note_cpu(self, cpu);
    if (cpu < 0 || team->is_bound || !is_taken(team, self, cpu)) return;
    if (sched_getaffinity(0, sizeof allowed, &allowed)) return;
    if ((other = free_cpu(team, cpu, &allowed)) < 0) return;
    note_cpu(self, other);
    CPU_ZERO(&one);
    CPU_SET(other, &one);
    if (sched_setaffinity(0, sizeof one, &one) || sched_setaffinity(0, sizeof allowed, &allowed))
        team->is_bound = 1;
}

static void event_wait(worker *self, event *e, uint32_t value) {
    int spins = self->team->spins;
    for (int i = 0; i < spins; i++) {
        if (event_reached(e, value)) return;
        pause_cpu();
    }
    if (spins) move_apart(self);
    for (int i = 0; i < YIELDS; i++) {
        if (event_reached(e, value)) return;
        sched_yield();
    }
    event_sleep(e, value);
}

void nnrt_team_meet(nnrt_team *team, int thread, int threads) {
    if (threads <= 1) return;
    worker *self = &team->workers[thread];
    uint32_t meeting = ++self->meetings;
    for (int round = 0, step = 1; step < threads; round++, step *= 2) {
        int other = thread + step < threads ? thread + step : thread + step - threads;
        event_raise(&team->workers[other].heard[round], meeting);
        event_wait(self, &self->heard[round], meeting);
    }
}

void nnrt_barrier(const nnrt_context *context) {
    nnrt_team_meet(context->team, (int)context->thread, (int)context->threads);
}

static void *worker_main(void *argument) {
    worker *self = argument;
    nnrt_team *team = self->team;
    nnrt_flush_denormals();
    for (uint32_t task = team->first + 1;; task++) {
        event_wait(self, &self->start, task);
        if (!team->task) return NULL;
        note_cpu(self, sched_getcpu());
        team->task(team->argument, self->index, team->active);
        event_raise(&self->done, task);
    }
}

// Between tasks nobody else touches the counters of a barrier.
static void forget_meetings(nnrt_team *team, int active) {
    for (int i = 0; i < active; i++) {
        team->workers[i].meetings = team->first;
        for (int round = 0; round < ROUNDS; round++)
            atomic_store_explicit(&team->workers[i].heard[round].word, team->first << 1,
                                  memory_order_relaxed);
    }
}

void nnrt_team_run(nnrt_team *team, int active, nnrt_task *task, void *argument) {
    if (active > team->size) active = team->size;
    team->task = task;
    team->argument = argument;
    team->active = active;
    forget_meetings(team, active);
    note_cpu(&team->workers[0], sched_getcpu());
    for (int i = 1; i < active; i++) event_raise(&team->workers[i].start, ++team->workers[i].tasks);
    task(argument, 0, active);
    for (int i = 1; i < active; i++)
        event_wait(&team->workers[0], &team->workers[i].done, team->workers[i].tasks);
}

static nnrt_team *team_allocate(int threads, uint32_t tasks) {
    nnrt_team *team = calloc(1, sizeof *team);
    worker *workers = aligned_alloc(CACHE_LINE, sizeof(worker) * (size_t)threads);
    if (!team || !workers) {
        free(team);
        free(workers);
        return NULL;
    }
    memset(workers, 0, sizeof(worker) * (size_t)threads);
    for (int i = 0; i < threads; i++) {
        workers[i].team = team;
        workers[i].index = i;
        workers[i].tasks = tasks;
        workers[i].cpu = -1;
        workers[i].start.word = workers[i].done.word = tasks << 1;
    }
    team->workers = workers;
    team->first = tasks;
    team->size = 1;
    team->spins = threads <= nnrt_cpu_count() ? SPINS : 0;
    return team;
}

nnrt_team *nnrt_team_create(int threads) {
    return nnrt_team_create_at(threads, 0);
}

nnrt_team *nnrt_team_create_at(int threads, uint32_t tasks) {
    nnrt_team *team = team_allocate(threads, tasks);
    if (!team) {
        nnrt_fail_memory("a team of threads", (size_t)threads * sizeof(worker));
        return NULL;
    }
    for (int i = 1; i < threads; i++, team->size++) {
        int error = pthread_create(&team->workers[i].handle, NULL, worker_main, &team->workers[i]);
        if (error == 0) continue;
        nnrt_fail(NNRT_ERROR, "cannot start thread %d of %d: %s; use fewer with --threads", i + 1,
                  threads, strerror(error));
        nnrt_team_free(team);
        return NULL;
    }
    return team;
}

void nnrt_team_free(nnrt_team *team) {
    if (!team) return;
    team->task = NULL;
    for (int i = 1; i < team->size; i++) {
        event_raise(&team->workers[i].start, ++team->workers[i].tasks);
        pthread_join(team->workers[i].handle, NULL);
    }
    free(team->workers);
    free(team);
}

int nnrt_team_size(const nnrt_team *team) {
    return team->size;
}
