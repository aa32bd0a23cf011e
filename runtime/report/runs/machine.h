// What a program runs on, as JSON: system, host, processor, cores, memory.
#ifndef NNRT_MACHINE_H
#define NNRT_MACHINE_H

#include <jansson.h>

json_t *nnrt_machine(void); // the caller's; NULL: no memory

// Any bytes as a JSON string: what is no UTF-8 becomes `?`.
json_t *nnrt_machine_text(const char *text);

#endif
