// Reading the options of an nnrt_call. The compiler has checked them, and filled in defaults: what
// is read by its place among the arguments of the call's row is there, or absent by default.
#ifndef NNRT_CALL_H
#define NNRT_CALL_H

#include "../nnrt.h"
#include "schema.h"

double nnrt_call_number_at(const nnrt_call *call, int option);    // NAN: absent
int nnrt_call_is_on(const nnrt_call *call, int option);           // of true and false
const char *nnrt_call_text_at(const nnrt_call *call, int option); // NULL: absent
// The texts that an option lists, or its only one; `*count` 0: absent.
const char *const *nnrt_call_texts_at(const nnrt_call *call, int option, int64_t *count);
// The place of a word among the choices of `args`, its row's arguments.
int nnrt_call_word_at(const nnrt_call *call, const ArgDef *args, int option);

// ---- By name: where a missing option gets the value given here. Data sources and transforms.

const nnrt_option *nnrt_call_find(const nnrt_call *call, const char *name); // NULL: none
double nnrt_call_number(const nnrt_call *call, const char *name, double missing);
const char *nnrt_call_text(const nnrt_call *call, const char *name, const char *missing);
// A text, or the texts of a list; 0 and NULL: none. `is_list`: it was written as one.
const char *const *nnrt_call_texts(const nnrt_call *call, const char *name, int64_t *count,
                                   int *is_list);
int nnrt_call_is(const nnrt_call *call, const char *name);

#endif
