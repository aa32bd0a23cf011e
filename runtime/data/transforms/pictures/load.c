// `load`: a column of paths becomes pictures.
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../../files/paths/locate.h"
#include "../../../files/paths/reads.h"
#include "../../pictures/pictures.h"
#include "../../pictures/readable.h"
#include "../../table/facts.h"
#include "../columns.h"

enum { COLUMNS, COLOR, SKIP_UNREADABLE };
enum { PARTS = 3 };

static const ArgDef load_args[];

typedef struct Work {
    nnrt_table *table;
    nnrt_field *field;
    nnrt_pictures *pictures; // the table owns them
    int32_t *by_word;        // [word_count]: which picture; -1: none yet
    int64_t channels, allowed;
} Work;

static nnrt_part *part_of(nnrt_table *table, int number) {
    nnrt_part *const parts[] = {&table->train, &table->validation, &table->test};
    return parts[number];
}

// ---- Paths.

// Relative to the folder of the file that names it, then as all files of the program.
static nnrt_status find_picture(const Work *work, uint32_t row, const char *word,
                                char path[PATH_MAX]) {
    int64_t row_in_file;
    const char *file = nnrt_table_file(work->table, row, &row_in_file);
    const char *slash = file && *word != '/' ? strrchr(file, '/') : NULL;
    int folder = slash ? (int)(slash - file + 1) : 0;
    int length = snprintf(path, PATH_MAX, "%.*s%s", folder, file ? file : "", word);
    if (length < PATH_MAX && access(path, F_OK) == 0) return NNRT_OK;
    if (nnrt_locate(work->table->folder, word, path) == NNRT_OK) return NNRT_OK;
    snprintf(path, PATH_MAX, "%s", word);
    if (work->allowed) return NNRT_OK; // it counts as unreadable
    char place[PATH_MAX + 64];
    nnrt_table_place(work->table, row, place, sizeof place);
    return nnrt_fail(NNRT_ERROR,
                     "%s, column `%s`: there is no file `%s`\npaths are relative to the folder of "
                     "the table, then to that of the .nn file: correct it, or allow some with "
                     "`load(%s, skip_unreadable = n)`",
                     place, work->field->column.name, word,
                     nnrt_written_name(work->field->column.name).text);
}

static nnrt_status add_row(Work *work, uint32_t row) {
    int32_t word = ((const int32_t *)work->field->values)[row];
    char path[PATH_MAX], place[PATH_MAX + 64];
    if (word < 0) {
        nnrt_table_place(work->table, row, place, sizeof place);
        return nnrt_fail(NNRT_ERROR,
                         "%s, column `%s`: no path of a picture\nadd `-> drop_missing` "
                         "before `load`",
                         place, work->field->column.name);
    }
    if (work->by_word[word] < 0) {
        nnrt_status status = find_picture(work, row, work->field->words[word], path);
        if (!status) status = nnrt_pictures_add(work->pictures, path, 0);
        if (!status && access(path, F_OK) == 0) status = nnrt_reads_note(path);
        if (status) return status;
        work->by_word[word] = (int32_t)(work->pictures->count - 1);
    }
    work->pictures->of_row[row] = work->by_word[word];
    return NNRT_OK;
}

// Those of the parts' rows, in the order of the table.
static nnrt_status add_rows(Work *work) {
    int32_t *of_row = work->pictures->of_row;
    enum { NONE = -1, WANTED = -2 };
    nnrt_status status = NNRT_OK;
    for (int64_t row = 0; row < work->table->row_count; row++) of_row[row] = NONE;
    for (int p = 0; p < PARTS; p++) {
        const nnrt_part *part = part_of(work->table, p);
        for (int64_t i = 0; i < part->count; i++) of_row[part->rows[i]] = WANTED;
    }
    for (int64_t row = 0; row < work->table->row_count && !status; row++)
        if (of_row[row] == WANTED) status = add_row(work, (uint32_t)row);
    return status;
}

// ---- Pictures that cannot be read.

static void leave_rows_out(Work *work, const uint8_t *is_readable) {
    for (int p = 0; p < PARTS; p++) {
        nnrt_part *part = part_of(work->table, p);
        int64_t kept = 0;
        for (int64_t i = 0; i < part->count; i++) {
            int32_t *picture = &work->pictures->of_row[part->rows[i]];
            if (*picture >= 0 && !is_readable[*picture]) *picture = -1;
            if (*picture >= 0) part->rows[kept++] = part->rows[i];
        }
        part->count = kept;
    }
}

// The first that can be read is the first that is looked at.
static nnrt_status skip_unreadable(Work *work) {
    nnrt_pictures *pictures = work->pictures;
    uint8_t *is_readable = calloc((size_t)pictures->count + 1, 1);
    if (!is_readable) return nnrt_fail_memory("a list of pictures", (size_t)pictures->count);
    nnrt_status status = nnrt_readable_find(pictures->paths, pictures->count, work->channels,
                                            work->allowed, is_readable);
    for (int64_t i = 0; i < pictures->count && !status; i++)
        if (!is_readable[i])
            status = nnrt_facts_add(work->table, NNRT_FACT_UNREADABLE, pictures->paths[i], 0);
    if (!status) leave_rows_out(work, is_readable);
    if (!status) status = nnrt_pictures_keep(pictures, work->table->row_count, is_readable);
    free(is_readable);
    return status;
}

// ---- The column.

static nnrt_status show(Work *work) {
    nnrt_field *field = work->field;
    if (!work->pictures->count)
        return nnrt_fail(NNRT_ERROR, "load(%s): no row with a picture is left", field->column.name);
    nnrt_storage_free(field->values);
    field->values = NULL;
    field->words = NULL;
    field->word_count = 0;
    return nnrt_pictures_show(work->table, field, work->pictures, work->channels);
}

static nnrt_status make_lists(Work *work) {
    size_t rows = (size_t)work->table->row_count + 1, words = (size_t)work->field->word_count + 1;
    work->pictures = nnrt_pictures_create();
    if (!work->pictures) return NNRT_ERROR;
    work->pictures->table = work->table;
    nnrt_status status = nnrt_table_own(work->table, work->pictures, nnrt_pictures_free);
    if (status) return status;
    work->pictures->of_row = malloc(rows * sizeof *work->pictures->of_row);
    work->by_word = malloc(words * sizeof *work->by_word);
    if (!work->pictures->of_row || !work->by_word)
        return nnrt_fail_memory("a list of pictures", rows * sizeof(int32_t));
    for (size_t i = 0; i < words; i++) work->by_word[i] = -1;
    return NNRT_OK;
}

static nnrt_status load(Work *work) {
    nnrt_status status = make_lists(work);
    if (!status) status = add_rows(work);
    if (!status && work->allowed) status = skip_unreadable(work);
    free(work->by_word);
    return status ? status : show(work);
}

static nnrt_status find_paths(const nnrt_table *table, const nnrt_call *call, const char *name,
                              nnrt_field **found) {
    nnrt_field *field = *found = nnrt_columns_find(table, name);
    if (!field) return nnrt_columns_fail(table, call, name);
    if (field->role == NNRT_FEATURE && field->kind == NNRT_WORDS) return NNRT_OK;
    return nnrt_fail(NNRT_ERROR,
                     "load(%s): the column %s\nname a column with paths of PNG and JPEG "
                     "files",
                     name, field->role != NNRT_FEATURE ? "is no input" : "does not hold words");
}

// Rows that are predicted all get a prediction.
static nnrt_status apply_load(nnrt_table *table, const nnrt_call *call) {
    int64_t count;
    const char *const *names = nnrt_call_texts_at(call, COLUMNS, &count);
    double allowed = table->is_predicted ? 0 : nnrt_call_number_at(call, SKIP_UNREADABLE);
    nnrt_status status = NNRT_OK;
    for (int64_t i = 0; i < count && !status; i++) {
        Work work = {.table = table, .allowed = allowed > 0 ? (int64_t)allowed : 0};
        work.channels = nnrt_call_word_at(call, load_args, COLOR) == 0 ? 3 : 1;
        status = find_paths(table, call, names[i], &work.field);
        if (!status) status = load(&work);
    }
    return status;
}

static const ArgDef load_args[] = {
    [COLUMNS] = {.name = "columns",
                 .type = ARG_NAMES,
                 .variadic = true,
                 .keras_name = "x_col",
                 .doc = "of paths, relative to the table's folder, then to that of the .nn file"},
    [COLOR] = {.name = "color",
               .type = ARG_WORD,
               .default_text = "rgb",
               .choices = "rgb grayscale",
               .by_name = true,
               .keras_name = "color_mode",
               .doc = "three channels, or one"},
    [SKIP_UNREADABLE] = {.name = "skip_unreadable",
                         .type = ARG_INT,
                         .default_text = "0",
                         .maximum = 4294967295.0,
                         .by_name = true,
                         .doc = "how many pictures may be missing or damaged: their rows are left "
                                "out; unless 0, all are decoded once to find them"},
    {0},
};

const nnrt_transform nnrt_load_transforms[] = {
    {.schema = {"load", "makes pictures of a column with their paths", load_args,
                "flow_from_dataframe decode_image"},
     .timing = NNRT_OF_VALUES,
     .does = NNRT_LOADS,
     .apply = apply_load},
    {.schema = {0}}};
