// The rows of a table with their predictions: the columns of the file, then those of the outputs.
#ifndef NNRT_PREDICTED_TABLE_H
#define NNRT_PREDICTED_TABLE_H

#include "../../data/data.h"
#include "predicted_rows.h"

// Goes over the file again and prints every row of it as text, JSON or CSV, as the options say.
// `row`: the first prediction, as predicted_rows.h has it; the next ones follow after `size`
// floats. Rows without one have nothing in its columns.
nnrt_status nnrt_predicted_table_print(const nnrt_rows_file *file, const nnrt_options *options,
                                       nnrt_row row, int64_t size);

#endif
