#include "operands.h"

#include "../../base/text/list.h"
#include "../../base/text/number.h"
#include "../../data/data.h"
#include "../../files/paths/place.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// ---- Which operand belongs to which input.

// "left=a.npy": the input, and the path behind its name; -1: there is no such name.
static int64_t find_named(const nnrt_function *function, const char *word, const char **path) {
    for (int64_t i = 0; i < function->input_count; i++) {
        size_t length = strlen(function->columns[i].name);
        if (strncmp(word, function->columns[i].name, length) != 0 || word[length] != '=') continue;
        *path = word + length + 1;
        return i;
    }
    return -1;
}

// "left, right"
static const char *input_names(const nnrt_function *function, char *text, size_t size) {
    nnrt_list list = nnrt_list_make(text, size);
    for (int64_t i = 0; i < function->input_count; i++)
        nnrt_list_add(&list, "%s", function->columns[i].name);
    return text;
}

static nnrt_status check_count(const nnrt_function *function, int64_t count) {
    char names[512];
    if (count == function->input_count) return NNRT_OK;
    return nnrt_fail(NNRT_USAGE,
                     "the model has %" PRId64 " inputs (%s), but %" PRId64
                     " %s given: `predict` takes one file for each, in this order or as `%s=FILE`",
                     function->input_count, input_names(function, names, sizeof names), count,
                     count == 1 ? "is" : "are", function->columns[0].name);
}

static nnrt_status check_path(const char *path, int64_t *standard) {
    double number;
    if (nnrt_number_parse(path, &number) && access(path, F_OK) != 0)
        return nnrt_fail(NNRT_USAGE,
                         "`%s` is a number (there is no such file): a model with several inputs "
                         "takes a file for each",
                         path);
    *standard += nnrt_place_is_standard_input(path);
    if (*standard > 1) return nnrt_fail(NNRT_USAGE, "standard input, `-`, can be read once");
    return NNRT_OK;
}

// The first input that has no operand.
static int64_t next_free(const nnrt_function *function, const char *const *paths) {
    int64_t i = 0;
    while (i < function->input_count && paths[i]) i++;
    return i;
}

nnrt_status nnrt_operands_find(const nnrt_function *function, char *const *words, int64_t count,
                               const char *paths[NNRT_MAX_COLUMNS]) {
    int64_t standard = 0;
    nnrt_status status = check_count(function, count);
    memset(paths, 0, NNRT_MAX_COLUMNS * sizeof *paths);
    for (int64_t i = 0; i < count && !status; i++) {
        const char *path = NULL;
        int64_t input = find_named(function, words[i], &path);
        if (input < 0) continue;
        if (paths[input])
            status = nnrt_fail(NNRT_USAGE, "the input `%s` is given twice: `%s` and `%s`",
                               function->columns[input].name, paths[input], path);
        paths[input] = path;
    }
    for (int64_t i = 0; i < count && !status; i++) {
        const char *path;
        if (find_named(function, words[i], &path) >= 0) continue;
        paths[next_free(function, paths)] = words[i];
    }
    for (int64_t i = 0; i < count && !status; i++) status = check_path(paths[i], &standard);
    return status;
}

// ---- Their samples.

static nnrt_status check_samples(const nnrt_input *first, const nnrt_input *input) {
    if (input->rows != input->samples)
        return nnrt_fail(NNRT_ERROR,
                         "`%s`: %" PRId64 " of %" PRId64
                         " lines are no samples; a model with several inputs needs one of each "
                         "for every row",
                         input->path, input->samples - input->rows, input->samples);
    if (input->rows == first->rows) return NNRT_OK;
    return nnrt_fail(
        NNRT_ERROR,
        "`%s` has %" PRId64 " sample%s, but `%s` has %" PRId64 ": a prediction needs one of each",
        first->path, first->rows, first->rows == 1 ? "" : "s", input->path, input->rows);
}

// "a.npy b.npy"; what is written for them is called as the first, "a".
static nnrt_status join_paths(const nnrt_function *function, const char *const *paths,
                              nnrt_input *first) {
    const char *slash = strrchr(paths[0], '/'), *name = slash ? slash + 1 : paths[0];
    size_t size = strlen(name) + 1;
    for (int64_t i = 0; i < function->input_count; i++) size += strlen(paths[i]) + 1;
    char *text = malloc(size), *at = text;
    if (!text) return nnrt_fail_memory("the name of an input", size);
    for (int64_t i = 0; i < function->input_count; i++) {
        if (i) *at++ = ' ';
        at = stpcpy(at, paths[i]);
    }
    char *stem = strcpy(at + 1, name), *dot = strrchr(stem, '.');
    if (dot > stem) *dot = 0;
    if (!first->stem) first->stem = stem;
    first->path = first->text = text;
    return NNRT_OK;
}

nnrt_status nnrt_operands_read(const nnrt_function *function, const nnrt_input_reader *reader,
                               const char *const *paths, nnrt_input *inputs) {
    nnrt_input_reader own = *reader;
    nnrt_status status = NNRT_OK;
    int64_t count = 0;
    for (; count < function->input_count && !status; count++) {
        own.column = &function->columns[count];
        own.may_resize = reader->may_resize && nnrt_data_is_picture(own.column);
        status = nnrt_input_read(&inputs[count], &own, paths[count]);
        if (status) break;
        status = check_samples(&inputs[0], &inputs[count]);
    }
    if (!status) status = join_paths(function, paths, &inputs[0]);
    for (int64_t i = 0; i < count && status; i++) nnrt_input_free(&inputs[i]);
    return status;
}
