// `nnc cost`: what a training takes before its first step is done: parameters, operations and bytes
// of a step and of an epoch, memory at its peak.
#ifndef NNC_COST_H
#define NNC_COST_H

#include "../../driver/driver.h"

// What is done, and what is moved, in a step or an epoch.
typedef struct CostAmount {
    double flops, bytes;
} CostAmount;

// Of a training on so many samples; an epoch validates, where there is a part for that.
typedef struct CostTotal {
    int64_t batch, samples, steps; // of an epoch; samples and steps 0: the data are not known
    CostAmount step, epoch;
    CostAmount validation; // of the epoch
} CostTotal;

CostTotal cost_total(const GenCost *cost);

// A group of a function, as often as a step runs it.
CostAmount cost_of_runs(const nnrt_group *group, double runs, double samples);

// Seconds, as measured.
typedef struct CostForecast {
    bool is_known;
    bool is_made_up;                // the data were: the real ones are missing
    const char *problem;            // why nothing is known; NULL: nothing was asked for
    double step, epoch, validation; // of the epoch; 0: its samples are not known
    double roof_flops, roof_bytes;  // of all threads, a second; 0: not known
    int64_t threads;                // at most
} CostForecast;

// What stands in memory at its peak.
enum { COST_PARTS = 10 };
typedef struct CostPart {
    const char *name, *key; // in the text, and in the JSON object
    int64_t bytes;
} CostPart;

void cost_parts(const GenMemory *memory, CostPart parts[COST_PARTS]);

// Compiles the program and lets it run for a while: a forecast of each training. False: reported.
bool cost_forecast(Session *session, const GenCosts *costs, CostForecast *forecasts);

// After stage `graph`: prints the trainings as text, or as one JSON object. False: reported.
bool cost_print(Session *session);

// The JSON object: {"trainings": [..]}.
void cost_print_json(Text *out, const GenCosts *costs, const CostForecast *forecasts);

#endif
