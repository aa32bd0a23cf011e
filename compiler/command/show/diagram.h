// `nnc graph --svg` and `--dot`.
#ifndef NNC_DRAWN_DIAGRAM_H
#define NNC_DRAWN_DIAGRAM_H

#include "../../driver/driver.h"

// The models that predict, drawn, to the session's output. False: reported.
bool diagram_print(Session *session);

#endif
