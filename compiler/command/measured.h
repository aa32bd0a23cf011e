// Programs that are built to measure themselves, by `bench --json`, and leave nothing behind.
#ifndef NNC_MEASURED_H
#define NNC_MEASURED_H

#include "../driver/driver.h"

#include <jansson.h>

// The executable of the checked program, as a descriptor: it is made beside `path`, and its file is
// gone already, so that nothing is left of it whatever happens. -1: reported.
int measured_build(Session *session, const char *path);

// What its `bench` prints; NULL: reported (E0901). The caller's.
json_t *measured_run(Session *session, int handle, double seconds, bool with_profile);

// Reports what failed. Returns false.
bool measured_fail(Session *session, const char *what);

#endif
