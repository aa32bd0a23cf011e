// `nnc build --tune`: which ways of computing the products of a program are the fastest on this
// machine (gen/product/tuning.h), and the file beside the source that remembers it.
#ifndef NNC_TUNE_H
#define NNC_TUNE_H

#include "../driver/driver.h"

// After stage `graph`: sets session->gen.tuning, with what NAME.tune says, if there is one. False:
// reported (E0903).
bool tune_load(Session *session);

// Builds the program with each way, lets it measure itself with `bench --profile`, and writes the
// file. Choices that are in it already are not measured again. False: reported.
bool tune_measure(Session *session);

#endif
