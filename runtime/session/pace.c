#include "pace.h"

#include <math.h>

enum { WARM_CHUNKS = 3 };

// Seconds. A first few milliseconds, and chunks, warm the caches and count for nothing.
static const double warm_up = 0.002, trial_length = 0.005;
static const double first_interval = 0.05, longest_interval = 4;
static const double first_trial = 0.0005, trials_apart = 50; // times its length
static const double better = 0.97;                           // times the cost of the best

void nnrt_pace_start(nnrt_pace *pace, int max_workers) {
    *pace = (nnrt_pace){.interval = first_interval, .change_time = -INFINITY};
    for (int workers = max_workers; workers >= 1 && pace->choices < NNRT_PACE_CHOICES; workers /= 2)
        pace->workers[pace->choices++] = workers;
}

static int is_warm(const nnrt_pace *pace) {
    return pace->warm >= warm_up && pace->warm_chunks >= WARM_CHUNKS;
}

int nnrt_pace_choose(nnrt_pace *pace, double now) {
    if (pace->choices == 1 || !is_warm(pace)) return pace->best;
    if (pace->trial_samples) return pace->trial;
    for (int i = 0; i < pace->choices; i++)
        if (pace->cost[i] == 0) return i;
    if (now - pace->trial_time < pace->interval) return pace->best;
    do pace->next_trial = (pace->next_trial + 1) % pace->choices;
    while (pace->next_trial == pace->best);
    return pace->next_trial;
}

static int pace_cheapest(const nnrt_pace *pace) {
    int cheapest = pace->best;
    for (int i = 0; i < pace->choices; i++)
        if (pace->cost[i] > 0 && pace->cost[i] < better * pace->cost[cheapest]) cheapest = i;
    return cheapest;
}

// How much a chunk says beside what is known. The best is known by the mean of some 20 ms of steps:
// by what they should take, as those that a neighbour held up are no more of them. A trial that was
// fast was fast: neighbours only slow it down, and what was known of it is old.
static double chunk_weight(const nnrt_pace *pace, int choice, double cost, int64_t samples) {
    double known = pace->cost[choice];
    if (known == 0 || (choice != pace->best && cost < known)) return 1;
    double share = fmin(known * (double)samples / trial_length, 1);
    return choice == pace->best ? share / 4 : share;
}

// How long a trial is, or the next chunk of it.
static double trial_wanted(const nnrt_pace *pace, int choice) {
    if (pace->cost[choice] == 0) return first_trial;
    return fmin(pace->interval / trials_apart, trial_length);
}

static void add_to_trial(nnrt_pace *pace, int choice, int64_t samples, double seconds) {
    if (!pace->trial_samples) pace->trial_seconds = pace->slowest_seconds = 0;
    pace->trial = choice;
    pace->trial_samples += samples;
    pace->trial_seconds += seconds;
    if (seconds <= pace->slowest_seconds) return;
    pace->slowest_seconds = seconds;
    pace->slowest_samples = samples;
}

// The cost of a sample, if the trial says enough; else 0. Short chunks go on, as where an epoch has
// two steps. So does a trial that is no better than the best: one chunk of it does not count, as a
// neighbour that has a CPU once in a while, for milliseconds, may have had it just then.
static double cost_of_trial(const nnrt_pace *pace) {
    double wanted = trial_wanted(pace, pace->trial);
    double without = pace->trial_seconds - pace->slowest_seconds;
    double cost = pace->trial_seconds / (double)pace->trial_samples;
    int is_untried = pace->cost[pace->trial] == 0;
    if (pace->trial_seconds < wanted / 2) return 0;
    if (is_untried || cost < better * pace->cost[pace->best]) return cost;
    if (without < wanted / 2) return 0;
    return without / (double)(pace->trial_samples - pace->slowest_samples);
}

double nnrt_pace_seconds(const nnrt_pace *pace, int choice, double seconds) {
    if (!is_warm(pace)) return warm_up;
    if (pace->cost[choice] == 0 || choice != pace->best) return trial_wanted(pace, choice);
    return seconds;
}

int nnrt_pace_begin(nnrt_pace *pace, int choice) {
    int wakes = pace->workers[choice] > pace->awake;
    pace->awake = pace->workers[choice];
    return wakes;
}

void nnrt_pace_woken(nnrt_pace *pace, double seconds) {
    pace->waking = seconds;
}

double nnrt_pace_cost(const nnrt_pace *pace, int choice) {
    return pace->cost[choice] > 0 ? pace->cost[choice] : pace->guess;
}

void nnrt_pace_learn(nnrt_pace *pace, int choice, int64_t samples, double seconds, double now) {
    int is_trial = choice != pace->best || pace->cost[choice] == 0;
    pace->guess = seconds / (double)samples;
    if (!is_warm(pace)) {
        pace->warm += seconds;
        pace->warm_chunks++;
        return;
    }
    double cost = seconds / (double)samples;
    if (is_trial) {
        add_to_trial(pace, choice, samples, seconds);
        cost = cost_of_trial(pace);
        if (cost == 0) return;
        samples = pace->trial_samples;
        pace->trial_samples = 0;
    }
    pace->cost[choice] += chunk_weight(pace, choice, cost, samples) * (cost - pace->cost[choice]);
    int cheapest = pace_cheapest(pace);
    if (choice != pace->best) {
        pace->trial_time = now;
        pace->interval = fmin(2 * pace->interval, longest_interval);
    }
    if (cheapest != pace->best) {
        // Who wants the CPUs has changed: ask again soon, but not of one who comes and goes.
        if (now - pace->change_time > longest_interval) pace->interval = first_interval;
        pace->change_time = now;
    }
    pace->best = cheapest;
    // Trials cost little, even where the other number of workers is many times slower.
    if (!is_trial) return;
    pace->interval = fmax(pace->interval, trials_apart * (pace->trial_seconds + pace->waking));
    pace->waking = 0;
}
