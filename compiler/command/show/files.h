// `nnc check --files`: what a program would read and write, one a line.
#ifndef NNC_FILES_H
#define NNC_FILES_H

#include "../../driver/driver.h"

// After stage `graph`, when the data were opened.
void files_print(Text *out, const Session *session);

#endif
