#include "input.h"

#include "../../base/text/number.h"
#include "../../data/data.h"
#include "../../files/paths/place.h"
#include "../../files/spool.h"
#include "../../formats/array.h"
#include "../../formats/idx.h"
#include "../../formats/npy.h"
#include "../../formats/pictures/picture.h"
#include "../../formats/pictures/resize.h"
#include "../../formats/weights/safetensors.h"
#include "lines.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// ---- Shapes. Dimensions of 1 do not count: a picture [28, 28] fits an input [28, 28, 1].

static int64_t squeeze(int64_t *out, int64_t rank, const int64_t *shape) {
    int64_t count = 0;
    for (int64_t i = 0; i < rank; i++)
        if (shape[i] != 1) out[count++] = shape[i];
    return count;
}

static int same_shape(int64_t rank, const int64_t *shape, const nnrt_column *column) {
    int64_t a[NNRT_MAX_RANK + 1], b[NNRT_MAX_RANK + 1];
    int64_t n = squeeze(a, rank, shape), m = squeeze(b, column->rank, column->shape);
    return n == m && memcmp(a, b, sizeof *a * (size_t)n) == 0;
}

// One sample or a list of them, whose shape is that of `column`?
static int fits(nnrt_input *input, const nnrt_array *array, const nnrt_column *column) {
    input->is_single = array->rank <= column->rank || column->rank == 0
                           ? same_shape(array->rank, array->shape, column)
                           : 0;
    input->rows = input->is_single ? 1 : array->shape[0];
    return input->is_single || same_shape(array->rank - 1, array->shape + 1, column);
}

// A column like `column`, but of the height and width that the array's dimensions from `first` on
// would be.
static nnrt_column unsized(const nnrt_array *array, int64_t first, const nnrt_column *column) {
    int64_t shape[NNRT_MAX_RANK];
    if (array->rank < first + 2 || column->rank < 2) return *column;
    memcpy(shape, column->shape, sizeof shape);
    shape[0] = array->shape[first];
    shape[1] = array->shape[first + 1];
    return nnrt_column_make(column->name, column->dtype, column->rank, shape);
}

// Also finds the samples' column as the file has them.
static nnrt_status count_rows(nnrt_input *input, const nnrt_array *array, const nnrt_column *column,
                              int may_resize, nnrt_column *stored) {
    char have[NNRT_SHAPE_TEXT], want[NNRT_SHAPE_TEXT];
    *stored = *column;
    int is_fit = fits(input, array, stored);
    int is_list = array->rank > column->rank; // or, if that does not fit, the other one
    for (int i = 0; i < 2 && !is_fit && may_resize; i++) {
        *stored = unsized(array, i ? !is_list : is_list, column);
        is_fit = fits(input, array, stored);
    }
    if (input->rows > UINT32_MAX)
        return nnrt_fail(NNRT_ERROR, "`%s` has too many samples: %" PRId64, array->path,
                         input->rows);
    if (is_fit) return NNRT_OK;
    nnrt_shape_text(have, array->rank, array->shape);
    nnrt_shape_text(want, column->rank, column->shape);
    return nnrt_fail(NNRT_ERROR,
                     "`%s` has the shape %s; the model takes samples of shape %s, one or a list",
                     array->path, have, want);
}

// ---- Types.

// "element 3", "row 2, element 3", counted from 0.
static const char *place_text(const nnrt_input *input, const nnrt_column *column, int64_t i,
                              char text[64]) {
    if (input->is_single)
        snprintf(text, 64, "element %" PRId64, i);
    else
        snprintf(text, 64, "row %" PRId64 ", element %" PRId64, i / column->size, i % column->size);
    return text;
}

static nnrt_status narrow(const nnrt_input *input, const nnrt_array *array,
                          const nnrt_column *column, const float *from, int64_t count) {
    char place[64];
    for (int64_t i = 0; i < count; i++)
        if (!nnrt_number_store(column, (double)from[i], input->values, i))
            return nnrt_fail(NNRT_ERROR,
                             "`%s` holds %.9g (%s, counted from 0), but the model takes %s",
                             array->path, (double)from[i], place_text(input, column, i, place),
                             nnrt_number_wanted(column).text);
    return NNRT_OK;
}

static nnrt_status read_array(nnrt_input *input, const nnrt_array *array,
                              const nnrt_column *column) {
    int64_t count = input->rows * column->size;
    input->values = nnrt_array_allocate(column->dtype, count);
    if (!input->values) return NNRT_ERROR;
    int is_plain = column->dtype == NNRT_F32 ||
                   (column->dtype == NNRT_U8 && array->element == NNRT_ELEMENT_U8);
    if (is_plain && !column->limit) return nnrt_array_read(array, column->dtype, input->values);
    float *wide = nnrt_array_allocate(NNRT_F32, count);
    if (!wide) return NNRT_ERROR;
    nnrt_status status = nnrt_array_read(array, NNRT_F32, wide);
    if (!status) status = narrow(input, array, column, wide, count);
    free(wide);
    return status;
}

static nnrt_status read_picture(nnrt_input *input, const nnrt_column *column, int may_resize) {
    uint8_t *pixels = nnrt_array_allocate(NNRT_U8, column->size);
    if (!pixels) return NNRT_ERROR;
    input->values = pixels;
    input->rows = input->is_single = 1;
    nnrt_status status =
        nnrt_read_picture(input->path, column->rank, column->shape, may_resize, pixels);
    if (status || column->dtype == NNRT_U8) return status;
    if (column->dtype != NNRT_F32)
        return nnrt_fail(NNRT_ERROR, "`%s` is a picture; the model takes whole numbers",
                         input->path);
    float *values = nnrt_array_allocate(NNRT_F32, column->size);
    for (int64_t i = 0; values && i < column->size; i++) values[i] = pixels[i];
    free(pixels);
    input->values = values;
    return values ? NNRT_OK : NNRT_ERROR;
}

// Replaces the values, which are as `stored` says, by those of the model's size.
static nnrt_status resize(nnrt_input *input, const nnrt_column *stored, const nnrt_column *column) {
    if (stored->size == column->size && stored->shape[0] == column->shape[0]) return NNRT_OK;
    int64_t count;
    if (__builtin_mul_overflow(input->rows, column->size, &count)) count = INT64_MAX;
    char *values = nnrt_array_allocate(column->dtype, count);
    int64_t bytes = nnrt_dtype_size(column->dtype);
    for (int64_t row = 0; values && row < input->rows; row++)
        nnrt_resize_sample(stored, (char *)input->values + row * stored->size * bytes, column,
                           values + row * column->size * bytes);
    free(input->values);
    input->values = values;
    return values ? NNRT_OK : NNRT_ERROR;
}

static int has_extension(const char *path, const char *extension) {
    size_t length = strlen(path), tail = strlen(extension);
    return length > tail && strcmp(path + length - tail, extension) == 0;
}

// `status` is that of opening the array.
static nnrt_status take_array(nnrt_input *input, const nnrt_input_reader *reader,
                              const nnrt_array *array, nnrt_status status) {
    nnrt_column stored;
    if (!status) status = count_rows(input, array, reader->column, reader->may_resize, &stored);
    if (!status) status = read_array(input, array, &stored);
    return status ? status : resize(input, &stored, reader->column);
}

static nnrt_status read_file(nnrt_input *input, const nnrt_input_reader *reader, const char *path) {
    nnrt_array array;
    if (nnrt_is_picture(path) || nnrt_picture_by_name(path) != NNRT_NAME_OTHER)
        return read_picture(input, reader->column, reader->may_resize);
    int is_npy = has_extension(path, ".npy") || has_extension(path, ".npy.gz");
    return take_array(input, reader, &array,
                      is_npy ? nnrt_npy_open(&array, path) : nnrt_idx_open(&array, path));
}

// ---- Standard input.

static const char standard_input[] = "standard input";

static nnrt_status read_piped_array(nnrt_input *input, const nnrt_input_reader *reader) {
    nnrt_array array;
    int descriptor;
    nnrt_status status = nnrt_spool(stdin, standard_input, &descriptor);
    if (status) return status;
    status = nnrt_npy_open_descriptor(&array, standard_input, descriptor);
    status = take_array(input, reader, &array, status);
    close(descriptor);
    return status;
}

static nnrt_status read_lines(nnrt_input *input, const nnrt_input_reader *reader) {
    nnrt_lines lines;
    nnrt_status status = nnrt_lines_read(&lines, stdin, standard_input, reader->column,
                                         reader->bad_line, reader->argument);
    if (status) return status;
    input->values = lines.values;
    input->numbers = lines.numbers;
    input->rows = lines.rows;
    input->samples = lines.samples;
    return NNRT_OK;
}

// Whether the text's mark follows its first byte; JPEG begins with ff d8.
static int is_utf16(void) {
    getc(stdin);
    int second = getc(stdin);
    return second == 0xfe;
}

// The first byte tells an array, plain or gzip, and a picture from text.
static nnrt_status read_standard(nnrt_input *input, const nnrt_input_reader *reader) {
    int first = ungetc(getc(stdin), stdin);
    input->stem = "stdin";
    if (first == 0x93 || first == 0x1f) return read_piped_array(input, reader);
    if (first == 0xfe || (first == 0xff && is_utf16()))
        return nnrt_fail(
            NNRT_ERROR,
            "standard input is text in UTF-16; give it as UTF-8 (iconv -f UTF-16 -t UTF-8)");
    if (first == 0x89 || first == 0xff)
        return nnrt_fail(NNRT_ERROR,
                         "standard input looks like a picture; it takes the numbers of a sample a "
                         "line, or a .npy array: give the picture as a file");
    return read_lines(input, reader);
}

nnrt_status nnrt_input_read(nnrt_input *input, const nnrt_input_reader *reader, const char *path) {
    memset(input, 0, sizeof *input);
    input->path = path;
    nnrt_status status = nnrt_place_is_standard_input(path) ? read_standard(input, reader)
                                                            : read_file(input, reader, path);
    if (!input->numbers) input->samples = input->rows;
    if (status) nnrt_input_free(input);
    return status;
}

void nnrt_input_free(nnrt_input *input) {
    free(input->values);
    free(input->numbers);
    free(input->text);
    *input = (nnrt_input){.path = input->path};
}

int64_t nnrt_input_number(const nnrt_input *input, int64_t row) {
    return input->numbers ? input->numbers[row] : row;
}

// ---- Numbers of the command line.

static int is_number(const char *word) {
    double value;
    return nnrt_number_parse(word, &value) && access(word, F_OK) != 0;
}

static nnrt_status check_count(const nnrt_column *column, int64_t count) {
    char shape[NNRT_SHAPE_TEXT];
    if (count == column->size) return NNRT_OK;
    nnrt_shape_text(shape, column->rank, column->shape);
    return nnrt_fail(NNRT_USAGE,
                     "%" PRId64 " number%s given; a sample of %s, of shape %s, has %" PRId64, count,
                     count == 1 ? " is" : "s are", column->name, shape, column->size);
}

nnrt_status nnrt_input_check(const nnrt_column *column, char *const *words, int64_t count,
                             int *are_numbers) {
    const char *number = NULL, *file = NULL;
    int64_t standard = 0;
    for (int64_t i = 0; i < count; i++) {
        *(is_number(words[i]) ? &number : &file) = words[i];
        standard += nnrt_place_is_standard_input(words[i]);
    }
    *are_numbers = number != NULL;
    if (standard > 1) return nnrt_fail(NNRT_USAGE, "standard input, `-`, can be read once");
    if (!number) return NNRT_OK;
    if (!file) return check_count(column, count);
    return nnrt_fail(NNRT_USAGE,
                     "`%s` is a number (there is no such file) and `%s` is not: the inputs are "
                     "either files or the numbers of one sample",
                     number, nnrt_place_is_standard_input(file) ? "- (standard input)" : file);
}

enum { SHOWN_NUMBERS = 8, NUMBER_TEXT = 64 };

// "0.5 -1"; "784 numbers" where they are many.
static char *numbers_text(char *const *words, int64_t count) {
    char *text = NULL;
    size_t size = 0, length = NUMBER_TEXT;
    for (int64_t i = 0; i < count && length <= NUMBER_TEXT * 2; i++) length += strlen(words[i]);
    FILE *file = open_memstream(&text, &size);
    if (!file) return NULL;
    int is_short = count <= SHOWN_NUMBERS && length <= NUMBER_TEXT * 2;
    if (!is_short) fprintf(file, "%" PRId64 " numbers", count);
    for (int64_t i = 0; is_short && i < count; i++) fprintf(file, "%s%s", i ? " " : "", words[i]);
    if (fclose(file) == 0) return text;
    free(text);
    return NULL;
}

nnrt_status nnrt_input_numbers(nnrt_input *input, const nnrt_column *column, char *const *words) {
    *input = (nnrt_input){.stem = "numbers", .rows = 1, .is_single = 1, .samples = 1};
    input->values = nnrt_array_allocate(column->dtype, column->size);
    input->path = input->text = numbers_text(words, column->size);
    nnrt_status status = !input->values ? NNRT_ERROR
                         : input->text  ? NNRT_OK
                                        : nnrt_fail_memory("the name of an input", 0);
    for (int64_t i = 0; i < column->size && !status; i++)
        status = nnrt_number_read(column, words[i], input->values, i);
    if (status) nnrt_input_free(input);
    return status;
}

// ---- Help.

void nnrt_input_describe(const nnrt_column *column, char text[NNRT_INPUT_TEXT]) {
    char one[NNRT_SHAPE_TEXT], open[NNRT_SHAPE_TEXT] = "", several[NNRT_SHAPE_TEXT];
    nnrt_shape_text(one, column->rank, column->shape);
    int is_picture = column->rank == 2;
    if (is_picture)
        snprintf(open, sizeof open, " (or [%" PRId64 ", %" PRId64 ", 1])", column->shape[0],
                 column->shape[1]);
    snprintf(several, sizeof several, column->rank ? "[n, %s" : "[n]", one + 1);
    snprintf(text, NNRT_INPUT_TEXT, "%s: %s%s, or several samples: %s", column->name, one, open,
             several);
}
