// What `predict` reads from a table: rows of a file like those of the data set, which its stages
// make samples of.
#ifndef NNRT_TABLE_INPUT_H
#define NNRT_TABLE_INPUT_H

#include "../../session/session.h"
#include "input.h"

// Is the operand a table, as the model's data set is one? NNRT_USAGE: there are others beside it.
nnrt_status nnrt_table_input_find(const nnrt_session *session, const nnrt_function *function,
                                  int *is_table);

// The samples of the rows into inputs[function->input_count], in the order of the file; the
// session's data are these rows then. The samples of the first input are rows of the file, its
// rows those that are predicted. After an error inputs are to be freed as well.
nnrt_status nnrt_table_input_read(nnrt_session *session, const nnrt_function *function,
                                  nnrt_input *inputs);

#endif
