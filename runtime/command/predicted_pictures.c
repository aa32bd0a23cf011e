#include "predicted_pictures.h"

#include "../formats/encode_png.h"
#include "../report/outputs.h"
#include "answer.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { MOST_COLOURS = 256 };

static nnrt_status check_shape(const nnrt_predicted *predicted) {
    const nnrt_output *output = predicted->output;
    int64_t channels = output->rank == 3 ? output->shape[2] : 1;
    if (output->rank != 3 && output->rank != 2)
        return nnrt_fail(NNRT_USAGE, "the outputs are no pictures [height, width, channels]");
    if (predicted->are_classes) {
        if (output->rank == 3 && nnrt_answer_classes(output) <= MOST_COLOURS) return NNRT_OK;
        return nnrt_fail(NNRT_USAGE, "a PNG file has places in lines for at most %d classes",
                         MOST_COLOURS);
    }
    if (channels == 1 || channels == 3) return NNRT_OK;
    return nnrt_fail(NNRT_USAGE,
                     "the outputs have %" PRId64
                     " channels; a picture has 1 or 3, a map of classes "
                     "is trained by a cross-entropy",
                     channels);
}

// The name of a sample's file. 0: it does not fit.
static int name_of(const char *folder, const nnrt_input *input, int64_t row, char path[PATH_MAX]) {
    const char *slash = strrchr(input->path, '/'), *name = slash ? slash + 1 : input->path;
    const char *dot = strrchr(name, '.');
    if (input->stem) name = input->stem, dot = NULL;
    int length = dot && dot > name ? (int)(dot - name) : (int)strlen(name);
    int size = input->is_single ? snprintf(path, PATH_MAX, "%s/%.*s.png", folder, length, name)
                                : snprintf(path, PATH_MAX, "%s/%.*s-%" PRId64 ".png", folder,
                                           length, name, nnrt_input_number(input, row));
    return size < PATH_MAX;
}

static int compare_names(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

// Every name is asked about; equal ones lie beside each other when sorted.
static nnrt_status check_names(const nnrt_predicted *predicted, const char *folder, char **names) {
    int64_t count = 0;
    char path[PATH_MAX];
    for (int64_t i = 0; i < predicted->count; i++)
        for (int64_t row = 0; row < predicted->inputs[i].rows; row++) {
            if (!name_of(folder, &predicted->inputs[i], row, path))
                return nnrt_fail(NNRT_USAGE, "`%s/%s` is too long", folder,
                                 predicted->inputs[i].path);
            if (!(names[count++] = strdup(path)))
                return nnrt_fail_memory("the names of pictures", strlen(path) + 1);
        }
    nnrt_status status = nnrt_outputs_check_files(predicted->session, "--png", names, count);
    if (status) return status;
    qsort(names, (size_t)count, sizeof *names, compare_names);
    for (int64_t i = 1; i < count; i++)
        if (strcmp(names[i - 1], names[i]) == 0)
            return nnrt_fail(
                NNRT_USAGE,
                "two inputs would be written to `%s`: predict those of one folder at a "
                "time",
                names[i]);
    return NNRT_OK;
}

nnrt_status nnrt_predicted_check(const nnrt_predicted *predicted, const char *folder) {
    int64_t rows = 0;
    nnrt_status status = check_shape(predicted);
    if (status) return status;
    if (mkdir(folder, 0777) != 0 && errno != EEXIST)
        return nnrt_fail(NNRT_ERROR, "the folder `%s` cannot be made: %s", folder, strerror(errno));
    for (int64_t i = 0; i < predicted->count; i++) rows += predicted->inputs[i].rows;
    char **names = calloc((size_t)rows + 1, sizeof *names);
    if (!names)
        return nnrt_fail_memory("the names of pictures", (size_t)(rows + 1) * sizeof *names);
    status = check_names(predicted, folder, names);
    for (int64_t i = 0; i < rows; i++) free(names[i]);
    free(names);
    return status;
}

// ---- Writing.

static void fill_classes(const nnrt_output *output, const float *outputs, uint8_t *bytes) {
    for (int64_t i = 0; i < nnrt_answer_places(output); i++)
        bytes[i] = (uint8_t)nnrt_answer_class(output, outputs, i);
}

static void fill_values(const nnrt_output *output, const float *outputs, float scale,
                        uint8_t *bytes) {
    for (int64_t i = 0; i < output->size; i++) {
        float value = outputs[i] * scale;
        bytes[i] = value >= 255 ? 255 : value > 0 ? (uint8_t)lrintf(value) : 0;
    }
}

// Are the values of all pictures from 0 to 1, or bytes?
static float scale_of(const float *outputs, int64_t count) {
    for (int64_t i = 0; i < count; i++)
        if (outputs[i] > 2) return 1;
    return 255;
}

static nnrt_status write_sample(const nnrt_predicted *predicted, const char *path,
                                const float *outputs, float scale, uint8_t *bytes) {
    const nnrt_output *output = predicted->output;
    int64_t channels = output->rank == 3 ? output->shape[2] : 1;
    if (predicted->are_classes)
        fill_classes(output, outputs, bytes);
    else
        fill_values(output, outputs, scale, bytes);
    return nnrt_png_write(nnrt_file_create(path), output->shape[0], output->shape[1],
                          predicted->are_classes ? NNRT_PNG_PALETTE : channels, bytes);
}

nnrt_status nnrt_predicted_write(const nnrt_predicted *predicted, const char *folder,
                                 const float *outputs) {
    int64_t rows = 0, size = predicted->output->size;
    for (int64_t i = 0; i < predicted->count; i++) rows += predicted->inputs[i].rows;
    float scale = scale_of(outputs, rows * size);
    uint8_t *bytes = malloc((size_t)size);
    nnrt_status status = bytes ? NNRT_OK : nnrt_fail_memory("a picture", (size_t)size);
    for (int64_t i = 0; i < predicted->count; i++)
        for (int64_t row = 0; row < predicted->inputs[i].rows && !status; row++, outputs += size) {
            char path[PATH_MAX];
            name_of(folder, &predicted->inputs[i], row, path);
            status = write_sample(predicted, path, outputs, scale, bytes);
        }
    free(bytes);
    return status;
}
