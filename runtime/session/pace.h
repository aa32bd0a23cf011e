// How many workers are fastest right now. Results are the same bits for any number of them, so the
// number may change at any time: now and then a short chunk of steps tries another one.
#ifndef NNRT_PACE_H
#define NNRT_PACE_H

#include <stdint.h>

enum { NNRT_PACE_CHOICES = 10 };

typedef struct nnrt_pace {
    int workers[NNRT_PACE_CHOICES]; // descending
    double cost[NNRT_PACE_CHOICES]; // seconds a sample; 0: not tried yet
    int choices, best, next_trial;
    double trial_time, interval; // when the last trial was; how long until the next
    double change_time;          // when the best one last became another
    double trial_seconds;        // how long it took, or has taken so far
    int64_t trial_samples;       // of one that goes on, over several chunks
    double slowest_seconds;      // of them
    int64_t slowest_samples;
    int trial;       // the choice that is tried
    double warm;     // seconds run so far, while they do not count yet
    int warm_chunks; // likewise: the first steps also touch all memory first
    double guess;    // the cost of the last chunk, for those not tried yet
    int awake;       // workers of the last chunk
    double waking;   // seconds, before the trial
} nnrt_pace;

// 1 .. `max_workers` workers, halved from choice to choice.
void nnrt_pace_start(nnrt_pace *pace, int max_workers);

// The choice for the next chunk: an untried one, another one when it is time for a trial, the best.
// `now`: seconds of any clock that goes on.
int nnrt_pace_choose(nnrt_pace *pace, double now);
// A chunk of this choice begins. Not 0: with workers that the last one was without. They are woken
// first, which takes milliseconds where a neighbour has their CPU, and is no cost of steps.
int nnrt_pace_begin(nnrt_pace *pace, int choice);
// That has taken so long.
void nnrt_pace_woken(nnrt_pace *pace, double seconds);
// How long a chunk should be that was to take `seconds`: a trial is shorter.
double nnrt_pace_seconds(const nnrt_pace *pace, int choice, double seconds);
// The cost of a sample, as far as it is known; else 0.
double nnrt_pace_cost(const nnrt_pace *pace, int choice);
// A chunk of so many samples has taken so long.
void nnrt_pace_learn(nnrt_pace *pace, int choice, int64_t samples, double seconds, double now);

#endif
