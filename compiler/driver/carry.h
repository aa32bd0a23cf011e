// Weights that an executable is to carry (`nnc build --weights`).
#ifndef NNC_CARRY_H
#define NNC_CARRY_H

#include "driver.h"

// After stage `graph`, before anything expensive: is the file that was asked for one of weights of
// this model, as the program itself would ask? Reports E0904. True where none was asked for.
bool carry_check(Session *session);

#endif
