// Reading the options of an nnrt_call. The compiler has checked them; a missing one gets the value
// given here, which is the language's default.
#ifndef NNRT_CALL_H
#define NNRT_CALL_H

#include "../nnrt.h"

const nnrt_option *nnrt_call_find(const nnrt_call *call, const char *name); // NULL: none
double nnrt_call_number(const nnrt_call *call, const char *name, double missing);
const char *nnrt_call_text(const nnrt_call *call, const char *name, const char *missing);
// A text, or the texts of a list; 0 and NULL: none. `is_list`: it was written as one.
const char *const *nnrt_call_texts(const nnrt_call *call, const char *name, int64_t *count,
                                   int *is_list);
int nnrt_call_is(const nnrt_call *call, const char *name);

#endif
