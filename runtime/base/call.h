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

// The call's row in the tables of its family: lists of rows that begin with a Schema, each ended by
// one without name, and the list of them by NULL. Rows are counted over all of them. NULL: there
// are not so many.
const void *nnrt_call_row(const nnrt_call *call, const void *const *tables, size_t row_size);

#endif
