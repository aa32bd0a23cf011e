#include "table_input.h"

#include "../../files/paths/place.h"
#include "../../files/stream.h"
#include "../../formats/array.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// ---- Which operand is one.

// Arrays begin with 0x93 or 0, pictures with 0x89 or 0xff.
static int begins_text(int first) {
    return first > 0 && first != 0x93 && first != 0x89 && first != 0xff;
}

// Of standard input the first byte alone may be looked at, which arrays, packed ones too, need.
static int is_text(const char *path) {
    nnrt_stream stream;
    uint8_t first = 0;
    int64_t count = 0;
    const char *dot = strrchr(path, '.');
    if (nnrt_place_is_standard_input(path)) {
        int byte = ungetc(getc(stdin), stdin);
        return begins_text(byte) && byte != 0x1f && byte != 0xfe;
    }
    if ((dot && strcmp(dot, ".npy") == 0) || nnrt_stream_open(&stream, path)) return 0;
    nnrt_status status = nnrt_stream_read_some(&stream, &first, 1, &count);
    nnrt_stream_close(&stream);
    return !status && (!count || begins_text(first));
}

// Does each input of the model come from a column of the data set?
static int is_of_columns(const nnrt_function *function) {
    for (int64_t i = 0; i < function->input_count; i++)
        if (!function->columns[i].source) return 0;
    return 1;
}

nnrt_status nnrt_table_input_find(const nnrt_session *session, const nnrt_function *function,
                                  int *is_table) {
    const nnrt_dataset *dataset = nnrt_session_dataset(session);
    const nnrt_options *options = session->options;
    int can_be = dataset && nnrt_data_takes_rows(&dataset->stages[0]) && is_of_columns(function);
    *is_table = 0;
    for (int64_t i = 0; i < options->input_count && can_be; i++)
        if (options->input_count == 1 || !nnrt_place_is_standard_input(options->inputs[i]))
            *is_table |= is_text(options->inputs[i]);
    if (!*is_table || options->input_count == 1) return NNRT_OK;
    return nnrt_fail(NNRT_USAGE, "`predict` takes one table at a time, not `%s` and `%s`",
                     options->inputs[0], options->inputs[1]);
}

// ---- Reading.

static nnrt_status read_column(const nnrt_session *session, const nnrt_column *column,
                               nnrt_input *input) {
    const nnrt_data *data = &session->data;
    int source = nnrt_session_source(session, column);
    const nnrt_column *found = source < 0 ? NULL : nnrt_data_column(&data->info, source);
    int64_t bytes = column->size * nnrt_dtype_size(column->dtype), count;
    if (!found || found->size != column->size || found->dtype != column->dtype)
        return nnrt_fail(NNRT_ERROR,
                         "the rows of `%s` do not become what the model takes as `%s`: compile "
                         "again with `nnc build`",
                         input->path, column->name);
    if (__builtin_mul_overflow(column->size, input->rows, &count)) count = INT64_MAX;
    input->values = nnrt_array_allocate(column->dtype, count);
    nnrt_status status = input->values ? NNRT_OK : NNRT_ERROR;
    for (int64_t i = 0; i < input->rows && !status; i++)
        status =
            nnrt_data_sample(data, source, data->test.rows[i], (char *)input->values + i * bytes);
    return status;
}

// Which rows of the file the samples are.
static nnrt_status number_rows(const nnrt_data *data, nnrt_input *input) {
    size_t bytes = (size_t)(input->rows + 1) * sizeof *input->numbers;
    input->numbers = malloc(bytes);
    if (!input->numbers) return nnrt_fail_memory("the rows of a table", bytes);
    for (int64_t i = 0; i < input->rows; i++) {
        int64_t row = nnrt_data_row_in_file(data, data->test.rows[i]);
        if (row < 0)
            return nnrt_fail(NNRT_ERROR,
                             "`%s`: the stages of the data set make samples of several rows, so "
                             "that rows have no predictions of their own",
                             input->path);
        input->numbers[i] = (uint32_t)row;
    }
    return NNRT_OK;
}

static nnrt_status check_rows(const nnrt_session *session, const char *path) {
    if (session->data.test.count) return NNRT_OK;
    return nnrt_fail(NNRT_ERROR,
                     "`%s`: no row can be predicted: the stages of the data set `%s` leave out "
                     "those that lack a value, say",
                     path, nnrt_session_dataset(session)->name);
}

nnrt_status nnrt_table_input_read(nnrt_session *session, const nnrt_function *function,
                                  nnrt_input *inputs) {
    const char *path = session->options->inputs[0];
    const nnrt_data *data = &session->data;
    nnrt_status status = nnrt_session_load_rows(session, path, 1);
    if (!status) status = check_rows(session, path);
    for (int64_t i = 0; i < function->input_count && !status; i++) {
        inputs[i] = (nnrt_input){
            .path = path, .rows = data->test.count, .samples = data->new_rows.row_count};
        if (nnrt_place_is_standard_input(path)) inputs[i].stem = "stdin";
        status = read_column(session, &function->columns[i], &inputs[i]);
    }
    return status ? status : number_rows(data, &inputs[0]);
}
