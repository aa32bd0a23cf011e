#include "predicted_pictures.h"

#include "../../files/file.h"
#include "../../formats/pictures/encode_png.h"
#include "../../report/outputs.h"
#include "../../report/pictures/pixel.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { MOST_COLOURS = 256 };

static int has_classes(const nnrt_answer *answer) {
    return answer->reading == NNRT_READ_PLACES;
}

static nnrt_status check_shape(const nnrt_answer *answer) {
    const nnrt_output *output = answer->output;
    int64_t channels = output->rank == 3 ? output->shape[2] : 1;
    if (output->rank != 3 && output->rank != 2)
        return nnrt_fail(NNRT_USAGE, "the outputs are no pictures [height, width, channels]");
    if (has_classes(answer)) {
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

// How many outputs are pictures; the last of the others says why it is none.
static int64_t count_pictures(const nnrt_predicted *predicted, nnrt_status *status) {
    int64_t count = 0;
    for (int64_t i = 0; i < predicted->answer_count; i++) {
        nnrt_status checked = check_shape(&predicted->answers[i]);
        if (checked) *status = checked;
        count += !checked;
    }
    return count;
}

// The name of a sample's file. 0: it does not fit.
static int name_of(const nnrt_predicted *predicted, const nnrt_answer *answer, const char *folder,
                   const nnrt_input *input, int64_t row, char path[PATH_MAX]) {
    const char *slash = strrchr(input->path, '/'), *name = slash ? slash + 1 : input->path;
    const char *dot = strrchr(name, '.'), *output = "", *before = "";
    char number[32] = "";
    if (input->stem) name = input->stem, dot = NULL;
    if (predicted->answer_count > 1) before = "-", output = answer->output->name;
    if (!input->is_single)
        snprintf(number, sizeof number, "-%" PRId64, nnrt_input_number(input, row));
    int length = dot && dot > name ? (int)(dot - name) : (int)strlen(name);
    int size =
        snprintf(path, PATH_MAX, "%s/%.*s%s%s%s.png", folder, length, name, number, before, output);
    return size < PATH_MAX;
}

static int compare_names(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static nnrt_status add_names(const nnrt_predicted *predicted, const nnrt_answer *answer,
                             const char *folder, char **names, int64_t *count) {
    char path[PATH_MAX];
    for (int64_t i = 0; i < predicted->count; i++)
        for (int64_t row = 0; row < predicted->inputs[i].rows; row++) {
            if (!name_of(predicted, answer, folder, &predicted->inputs[i], row, path))
                return nnrt_fail(NNRT_USAGE, "`%s/%s` is too long", folder,
                                 predicted->inputs[i].path);
            if (!(names[*count] = strdup(path)))
                return nnrt_fail_memory("the names of pictures", strlen(path) + 1);
            ++*count;
        }
    return NNRT_OK;
}

// Every name is asked about; equal ones lie beside each other when sorted.
static nnrt_status check_names(const nnrt_predicted *predicted, const char *folder, char **names) {
    int64_t count = 0;
    nnrt_status status = NNRT_OK;
    for (int64_t i = 0; i < predicted->answer_count && !status; i++)
        if (!check_shape(&predicted->answers[i]))
            status = add_names(predicted, &predicted->answers[i], folder, names, &count);
    if (!status) status = nnrt_outputs_check_files(predicted->session, "--png", names, count);
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
    nnrt_status status = NNRT_OK;
    int64_t pictures = count_pictures(predicted, &status);
    if (!pictures) return status;
    if (mkdir(folder, 0777) != 0 && errno != EEXIST)
        return nnrt_fail(NNRT_ERROR, "the folder `%s` cannot be made: %s", folder, strerror(errno));
    for (int64_t i = 0; i < predicted->count; i++) rows += predicted->inputs[i].rows * pictures;
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

static void fill_values(const nnrt_pixel *pixel, const float *outputs, int64_t size,
                        uint8_t *bytes) {
    for (int64_t i = 0; i < size; i++) bytes[i] = nnrt_pixel_byte(pixel, outputs[i]);
}

// Has the output the numbers of the data's inputs? Targets of the data are not scaled.
static int is_like_input(const nnrt_predicted *predicted, const nnrt_answer *answer) {
    const nnrt_session *session = predicted->session;
    if (!answer->loss) return 1;
    for (int64_t i = 0; i < session->program->training_count; i++) {
        const nnrt_training *training = &session->program->trainings[i];
        for (int64_t k = 0; k < training->loss_count; k++)
            if (&training->losses[k] == answer->loss)
                return answer->loss->target < training->steps[0].train.input_count;
    }
    return 0;
}

static nnrt_pixel pixel_of(const nnrt_predicted *predicted, const nnrt_answer *answer,
                           const float *outputs, int64_t rows) {
    int is_like = is_like_input(predicted, answer);
    nnrt_pixel pixel = nnrt_pixel_of(is_like ? nnrt_session_dataset(predicted->session) : NULL);
    if (pixel.is_scaled) return pixel;
    for (int64_t row = 0; row < rows; row++, outputs += predicted->size)
        for (int64_t i = 0; i < answer->output->size; i++)
            if (outputs[i] > 2) return (nnrt_pixel){.scale = 1}; // they are bytes
    return pixel;
}

static nnrt_status write_sample(const nnrt_answer *answer, const char *path, const float *outputs,
                                const nnrt_pixel *pixel, uint8_t *bytes) {
    const nnrt_output *output = answer->output;
    int64_t channels = output->rank == 3 ? output->shape[2] : 1;
    if (has_classes(answer))
        fill_classes(output, outputs, bytes);
    else
        fill_values(pixel, outputs, output->size, bytes);
    return nnrt_png_write(nnrt_file_create(path), output->shape[0], output->shape[1],
                          has_classes(answer) ? NNRT_PNG_PALETTE : channels, bytes);
}

// `outputs`: those of the first row.
static nnrt_status write_output(const nnrt_predicted *predicted, const nnrt_answer *answer,
                                const char *folder, const float *outputs) {
    int64_t rows = 0, size = answer->output->size;
    for (int64_t i = 0; i < predicted->count; i++) rows += predicted->inputs[i].rows;
    nnrt_pixel pixel = pixel_of(predicted, answer, outputs, rows);
    uint8_t *bytes = malloc((size_t)size);
    nnrt_status status = bytes ? NNRT_OK : nnrt_fail_memory("a picture", (size_t)size);
    for (int64_t i = 0; i < predicted->count; i++)
        for (int64_t row = 0; row < predicted->inputs[i].rows && !status; row++) {
            char path[PATH_MAX];
            name_of(predicted, answer, folder, &predicted->inputs[i], row, path);
            status = write_sample(answer, path, outputs, &pixel, bytes);
            outputs += predicted->size;
        }
    free(bytes);
    return status;
}

nnrt_status nnrt_predicted_write(const nnrt_predicted *predicted, const char *folder,
                                 const float *outputs) {
    char probe[PATH_MAX];
    int fits = snprintf(probe, sizeof probe, "%s/probe", folder) < (int)sizeof probe;
    nnrt_status status = fits ? nnrt_file_probe(probe) : NNRT_OK;
    for (int64_t i = 0; i < predicted->answer_count && !status; i++) {
        const nnrt_answer *answer = &predicted->answers[i];
        if (!check_shape(answer))
            status = write_output(predicted, answer, folder, outputs + answer->first);
    }
    return status;
}
