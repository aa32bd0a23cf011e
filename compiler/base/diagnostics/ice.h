// Broken invariants: our own bugs. Prints which part found what, how to report it, and ends the
// process with status 70.
#ifndef NNC_BASE_ICE_H
#define NNC_BASE_ICE_H

void nn_ice(const char *pass, const char *format, ...)
    __attribute__((format(printf, 2, 3), noreturn));

#endif
