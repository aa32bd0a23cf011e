// Executables of checked programs, as `nnc run` has them.
#ifndef NNC_CACHED_H
#define NNC_CACHED_H

#include "../driver/driver.h"

// The path of the program's executable in the cache, where it is put if it is not there yet. NULL:
// reported.
char *cached_executable(Session *session);

#endif
