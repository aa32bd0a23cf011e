// How long a training will take: its own steps run for two seconds, on its data, with metrics,
// loader and the choice of workers that it will have; validation likewise. What roofs alone would
// say is far off for groups that reach 10 to 95 % of them (docs/performance.md, "Forecasts").
#ifndef NNRT_FORECAST_H
#define NNRT_FORECAST_H

#include "../../session/session.h"
#include "../../workers/roof.h"

typedef struct nnrt_forecast { // seconds
    double step;               // of `batch` samples; 0: nothing was measured
    double epoch;              // steps and validation; 0: the data are made up, none is known
    double validation;         // of it
    int64_t batch, threads;
    int is_made_up; // the data are
    nnrt_roof roof;
} nnrt_forecast;

// On the session's data; `batch` 0: the program's. Weights and optimizer state are those of a
// training of some seconds afterwards, and so are arenas: all is to be started again, or
// nnrt_forecast_apart called instead.
nnrt_status nnrt_forecast_measure(nnrt_forecast *forecast, nnrt_session *session,
                                  const nnrt_training *training, int64_t batch);

// The same between starting the weights and opening the training: weights are as before, arenas
// are gone. Measures nothing where memory for a copy of the weights is short.
nnrt_status nnrt_forecast_apart(nnrt_forecast *forecast, nnrt_session *session,
                                const nnrt_training *training, int64_t batch);

#endif
