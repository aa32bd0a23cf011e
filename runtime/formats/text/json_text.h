// JSON that is read: jansson leaves characters out, or fails an assertion, where it gets no memory,
// so it never hears of that.
#ifndef NNRT_JSON_TEXT_H
#define NNRT_JSON_TEXT_H

#include "../../base/status.h"

#include <jansson.h>
#include <stddef.h>

// The value, which is the caller's (json_decref). NULL: `error`, which may be NULL, says what is
// wrong; `lacks_memory`, which may be NULL, is set and nnrt_error() names `what` where that is why.
json_t *nnrt_json_load(const char *what, const char *text, size_t size, json_error_t *error,
                       int *lacks_memory);

#endif
