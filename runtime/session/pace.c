#include "pace.h"

#include <math.h>

enum { WARM_CHUNKS = 3 };

// Seconds. A first few milliseconds, and chunks, warm the caches and count for nothing.
static const double warm_up = 0.002, trial_length = 0.005;
static const double first_interval = 0.05, longest_interval = 4;
static const double first_trial = 0.0005, trials_apart = 50; // times its length

void nnrt_pace_start(nnrt_pace *pace, int max_workers) {
    *pace = (nnrt_pace){.interval = first_interval};
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
        if (pace->cost[i] > 0 && pace->cost[i] < 0.97 * pace->cost[cheapest]) cheapest = i;
    return cheapest;
}

// Short chunks say little, but a trial that was fast was fast: neighbours only slow it down, and
// what was known of it is old.
static double chunk_weight(const nnrt_pace *pace, int choice, double cost, double seconds) {
    if (pace->cost[choice] == 0) return 1;
    if (choice != pace->best && cost < pace->cost[choice]) return 1;
    return fmin(seconds / trial_length, 1) / (choice == pace->best ? 2 : 1);
}

// How long a trial is, or the next chunk of it.
static double trial_wanted(const nnrt_pace *pace, int choice) {
    if (pace->cost[choice] == 0) return first_trial;
    return fmin(pace->interval / trials_apart, trial_length);
}

// Adds a chunk to the trial of `choice`. False: it is too short to say anything, as where an epoch
// has two steps and a worker must be woken first.
static int has_tried(nnrt_pace *pace, int choice, int64_t samples, double seconds) {
    if (!pace->trial_samples) pace->trial_seconds = 0;
    pace->trial = choice;
    pace->trial_samples += samples;
    pace->trial_seconds += seconds;
    return pace->trial_seconds >= trial_wanted(pace, choice) / 2;
}

double nnrt_pace_seconds(const nnrt_pace *pace, int choice, double seconds) {
    if (!is_warm(pace)) return warm_up;
    if (pace->cost[choice] == 0 || choice != pace->best) return trial_wanted(pace, choice);
    return seconds;
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
    if (is_trial) {
        if (!has_tried(pace, choice, samples, seconds)) return;
        samples = pace->trial_samples;
        seconds = pace->trial_seconds;
        pace->trial_samples = 0;
    }
    double cost = seconds / (double)samples;
    pace->cost[choice] += chunk_weight(pace, choice, cost, seconds) * (cost - pace->cost[choice]);
    int cheapest = pace_cheapest(pace);
    if (choice != pace->best) {
        pace->trial_time = now;
        pace->interval = fmin(2 * pace->interval, longest_interval);
    }
    // Who wants the CPUs has changed: ask again soon.
    if (cheapest != pace->best) pace->interval = first_interval;
    pace->best = cheapest;
    // Trials cost little, even where the other number of workers is many times slower.
    pace->interval = fmax(pace->interval, trials_apart * pace->trial_seconds);
}
