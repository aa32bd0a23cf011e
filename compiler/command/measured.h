// Programs that are built to measure themselves, and what they print of that.
#ifndef NNC_MEASURED_H
#define NNC_MEASURED_H

#include "../driver/driver.h"

#include <jansson.h>

// The executable of the checked program, as a descriptor: it is made beside `path`, and its file is
// gone already, so that nothing is left of it whatever happens. -1: reported.
int measured_build(Session *session, const char *path);

// Lets an executable run with these words, ended by NULL. The JSON that it prints, the caller's;
// NULL: *problem says in a line why there is none.
json_t *measured_run(Session *session, int handle, char *const *words, const char **problem);

// Reports what failed (E0901). Returns false.
bool measured_fail(Session *session, const char *what);

#endif
