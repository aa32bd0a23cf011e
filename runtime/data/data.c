// Runs a data set's stages: opens the source, lets the transforms change the table, and either
// reports what is known or hands the samples over.
#include "data.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "stage.h"
#include "table/facts.h"
#include "table/learnt.h"
#include "table/row_view.h"
#include "table/windows.h"
#include "text/vocabulary.h"

// ---- The stages

const void *const nnrt_source_tables[] = {nnrt_file_sources,  nnrt_array_sources,
                                          nnrt_npz_sources,   nnrt_cifar_sources,
                                          nnrt_image_sources, nnrt_toy_sources,
                                          nnrt_csv_sources,   nnrt_text_sources,
                                          nnrt_texts_sources, NULL};
const void *const nnrt_transform_tables[] = {nnrt_number_transforms,  nnrt_range_transforms,
                                             nnrt_row_transforms,     nnrt_category_transforms,
                                             nnrt_column_transforms,  nnrt_missing_transforms,
                                             nnrt_picture_transforms, nnrt_augmentations,
                                             nnrt_pair_transforms,    nnrt_window_transforms,
                                             nnrt_weight_transforms,  nnrt_formula_transforms,
                                             nnrt_balance_transforms, nnrt_token_transforms,
                                             nnrt_load_transforms,    NULL};

const nnrt_source *nnrt_source_of(const nnrt_call *call) {
    return nnrt_call_row(call, nnrt_source_tables, sizeof(nnrt_source));
}

const nnrt_transform *nnrt_transform_of(const nnrt_call *call) {
    return nnrt_call_row(call, nnrt_transform_tables, sizeof(nnrt_transform));
}

nnrt_deed nnrt_transform_does(const nnrt_call *transform) {
    return nnrt_transform_of(transform)->does;
}

// Which stages have been applied, and where one failed.
typedef struct Run {
    nnrt_table *table;
    const nnrt_call *stages;
    int64_t stage_count, stage;
    uint8_t *waits; // by stage
    int touched;    // bits: what those that wait change
    int any_waits;
} Run;

// Did the stage apply what it had learnt? That it is not there is the cause of other errors.
static nnrt_status check_state(const nnrt_table *table, const nnrt_transform *transform,
                               nnrt_status status) {
    const char *name = transform->schema.name;
    if (table->lacking)
        return nnrt_fail(NNRT_ERROR,
                         "what `%s` learnt of the column `%s` is not in the weights: they are of "
                         "another program, or of data with other columns\ntrain again",
                         name, table->lacking);
    int is_passed_over = table->states && transform->timing == NNRT_FITTED && !table->was_asked &&
                         json_object_size(json_array_get(table->states, (size_t)table->stage));
    if (status || !is_passed_over) return status;
    return nnrt_fail(NNRT_BUG, "`%s` does not apply what it learnt", name);
}

static nnrt_status apply_values(nnrt_table *table, const nnrt_transform *transform,
                                const nnrt_call *call) {
    nnrt_status status = nnrt_windows_open(table);
    if (status) return status;
    table->lacking = NULL;
    table->was_asked = 0;
    status = check_state(table, transform, transform->apply(table, call));
    nnrt_windows_close(table);
    return status;
}

static nnrt_status apply(Run *run, int64_t stage) {
    run->stage = stage;
    run->waits[stage] = 0;
    run->table->stage = stage;
    const nnrt_transform *transform = nnrt_transform_of(&run->stages[stage]);
    if (transform->timing == NNRT_OF_ROWS) return transform->apply(run->table, &run->stages[stage]);
    nnrt_status status = apply_values(run->table, transform, &run->stages[stage]);
    nnrt_table_let_go(run->table);
    return status;
}

static nnrt_status apply_waiting(Run *run) {
    nnrt_status status = NNRT_OK;
    for (int64_t i = 1; i < run->stage_count && !status; i++)
        if (run->waits[i]) status = apply(run, i);
    run->any_waits = run->touched = 0;
    return status;
}

// What learns from the training part waits until that is known; what follows it waits, too, but for
// transforms of rows.
static nnrt_status take_stage(Run *run, int64_t stage) {
    const nnrt_transform *transform = nnrt_transform_of(&run->stages[stage]);
    run->stage = stage;
    if (transform->is_of_training && run->table->new_rows) return NNRT_OK;
    int is_of_rows = transform->timing == NNRT_OF_ROWS;
    if (is_of_rows && transform->touches && run->table->windows)
        return nnrt_fail(NNRT_ERROR,
                         "`%s` takes rows away, which windows are made of already\nwrite it before "
                         "`windows`",
                         transform->schema.name);
    if (transform->timing == NNRT_FITTED || (run->any_waits && !is_of_rows)) {
        run->waits[stage] = 1;
        run->any_waits = 1;
        run->touched |= transform->touches;
        return NNRT_OK;
    }
    if (is_of_rows && (run->touched & transform->touches)) {
        nnrt_status status = apply_waiting(run);
        if (status) return status;
    }
    return apply(run, stage);
}

static nnrt_status apply_transforms(Run *run) {
    nnrt_status status = NNRT_OK;
    run->waits = calloc((size_t)run->stage_count, 1);
    if (!run->waits) return nnrt_fail_memory("the data set", (size_t)run->stage_count);
    for (int64_t i = 1; i < run->stage_count && !status; i++) status = take_stage(run, i);
    if (run->table->storage->on_disk) nnrt_table_sort_rows(run->table); // what waits reads them all
    if (!status) status = apply_waiting(run);
    free(run->waits);
    return status;
}

static nnrt_status read_features(nnrt_table *table) {
    nnrt_status status = NNRT_OK;
    for (int64_t i = 0; i < table->field_count && !status; i++)
        if (table->fields[i].role == NNRT_FEATURE)
            status = nnrt_field_read(table, &table->fields[i]);
    return status;
}

static nnrt_status settle(nnrt_table *table, const nnrt_source *source) {
    nnrt_status status = nnrt_windows_open(table);
    if (status) return status;
    status = nnrt_windows_add_targets(table);
    if (!status) status = nnrt_vocabulary_settle(table);
    if (!status) status = nnrt_table_pack(table);
    if (!status && source->settle) status = source->settle(table);
    nnrt_windows_close(table);
    return status;
}

// Opens the source and applies the transforms. The samples are read when `want_samples`, or when a
// transform needs them.
static nnrt_status run_stages(Run *run, int want_samples) {
    nnrt_table *table = run->table;
    const nnrt_source *source = nnrt_source_of(&run->stages[0]);
    if (table->new_rows && !source->takes_new_rows)
        return nnrt_fail(NNRT_ERROR, "`%s`: `%s` takes no rows of another file, as tables do",
                         table->new_rows, source->schema.name);
    nnrt_status opened = source->open(table, &run->stages[0]);
    int is_known = opened == NNRT_DATA_MISSING && table->row_count > 0;
    if (opened && !is_known) return opened;
    nnrt_status status = nnrt_table_make_parts(table);
    if (!status && !is_known) nnrt_facts_mark(table);
    if (!status) status = apply_transforms(run);
    if (!status) run->stage = 0;
    if (!status && !is_known) status = settle(table, source);
    if (!status) status = nnrt_windows_finish(table);
    if (!status && !is_known && want_samples) status = read_features(table);
    if (!status && table->storage->on_disk) nnrt_table_sort_rows(table);
    return status ? status : opened;
}

nnrt_status nnrt_table_run(nnrt_table *table, const nnrt_call *stages, int64_t stage_count) {
    Run run = {.table = table, .stages = stages, .stage_count = stage_count};
    nnrt_status status = nnrt_source_of(&stages[0])->open(table, &stages[0]);
    if (!status) status = nnrt_table_make_parts(table);
    if (!status) status = apply_transforms(&run);
    if (!status) status = nnrt_windows_open(table);
    if (!status) status = nnrt_windows_add_targets(table);
    if (!status) status = nnrt_vocabulary_settle(table);
    return status ? status : read_features(table);
}

// ---- What is known.

// Of a table that was not packed, because a stage failed, there may be more than programs can have.
static void describe_columns(const nnrt_table *table, nnrt_data_info *info) {
    if (table->field_count > NNRT_MAX_COLUMNS) return;
    for (int64_t i = 0; i < table->field_count; i++) {
        const nnrt_field *field = &table->fields[i];
        if (field->role == NNRT_FEATURE) {
            if (field->column.dtype == NNRT_I32) {
                info->input_words[info->input_count] = field->words;
                info->input_categories[info->input_count] = field->word_count;
                info->input_is_index[info->input_count] = (uint8_t)field->is_index;
            }
            info->input_is_final[info->input_count] = field->is_final || field->is_index;
            info->inputs[info->input_count++] = field->column;
        } else if (field->role == NNRT_WEIGHT) {
            info->weights[info->weight_count++] = field->column;
        } else if (field->role == NNRT_TARGET) {
            info->targets[info->target_count] = field->target;
            info->targets[info->target_count++].column = field->column;
        }
    }
}

// A field that is read before it is used counts as if it had been.
static void count_unread(const nnrt_table *table, const nnrt_field *field, int64_t rows,
                         nnrt_data_info *info) {
    int64_t bytes = nnrt_dtype_size(field->column.dtype), all;
    int64_t *held =
        table->storage->rule == NNRT_MEMORY_NONE ? &info->disk_bytes : &info->held_bytes;
    if (field->values || !field->origin.read || field->origin.make) return;
    if (!__builtin_mul_overflow(field->column.size * bytes, rows, &all)) *held += all;
}

static void describe_memory(const nnrt_table *table, nnrt_data_info *info) {
    const nnrt_value_storage *storage = table->storage;
    int64_t rows = (int64_t)sizeof(uint32_t) *
                   (table->train.count + table->validation.count + table->test.count);
    info->disk_bytes = storage->on_disk;
    info->held_bytes = storage->resident + rows;
    for (int64_t i = 0; i < table->field_count; i++)
        count_unread(table, &table->fields[i], table->row_count, info);
    for (const nnrt_base *base = table->bases; base; base = base->next)
        count_unread(table, &base->field, base->row_count, info);
    int64_t peak = storage->peak + rows;
    info->peak_bytes = peak > info->held_bytes ? peak : info->held_bytes;
}

// Of two samples of a part, one behind the other.
static nnrt_order order_of(const nnrt_table *table, uint32_t sample, uint32_t next) {
    const nnrt_windows *windows = table->windows;
    if (!windows || !windows->first) return next > sample ? NNRT_IN_ORDER : NNRT_MIXED;
    // Where the stage failed, the part has rows instead of windows.
    if (sample >= windows->count || next >= windows->count) return NNRT_MIXED;
    int64_t place = windows->first[sample], after = windows->first[next];
    if (after <= place) return NNRT_MIXED;
    return after - place == windows->length ? NNRT_IN_ORDER : NNRT_WINDOWS_APART;
}

// Windows of which some follow each other and others do not were drawn.
static nnrt_order find_order(const nnrt_table *table) {
    const nnrt_part *parts[] = {&table->train, &table->validation, &table->test};
    int64_t counts[NNRT_WINDOWS_APART + 1] = {0};
    for (int k = 0; k < 3; k++)
        for (int64_t i = 1; i < parts[k]->count; i++)
            counts[order_of(table, parts[k]->rows[i - 1], parts[k]->rows[i])]++;
    if (counts[NNRT_MIXED] || (counts[NNRT_WINDOWS_APART] && counts[NNRT_IN_ORDER]))
        return NNRT_MIXED;
    return counts[NNRT_WINDOWS_APART] ? NNRT_WINDOWS_APART : NNRT_IN_ORDER;
}

static nnrt_data_info describe(const Run *run) {
    const nnrt_table *table = run->table;
    nnrt_data_info info = {.scale = table->scale,
                           .offset = table->offset,
                           .standardize = table->is_standardized,
                           .augment = table->augment,
                           .train_rows = table->train.count,
                           .validation_rows = table->validation.count,
                           .test_rows = table->test.count,
                           .stage = run->stage,
                           .order = find_order(table)};
    memcpy(info.fingerprint, table->fingerprint, sizeof info.fingerprint);
    describe_columns(table, &info);
    memcpy(info.facts, table->facts, sizeof info.facts);
    info.fact_count = table->fact_count;
    describe_memory(table, &info);
    return info;
}

static nnrt_status count_classes(const nnrt_table *table, nnrt_data_info *info) {
    nnrt_status status = NNRT_OK;
    for (int64_t i = 0; i < info->target_count && !status; i++)
        status = nnrt_table_count_classes(table, nnrt_table_target(table, i), &info->targets[i]);
    return status;
}

nnrt_status nnrt_data_inspect(const nnrt_call *stages, int64_t stage_count, const char *folder,
                              nnrt_data_info *info) {
    Run run = {.table = nnrt_table_create(folder), .stages = stages, .stage_count = stage_count};
    *info = (nnrt_data_info){.scale = 1};
    if (!run.table) return NNRT_ERROR;
    nnrt_status status = run_stages(&run, 0);
    *info = describe(&run);
    if (!status) status = count_classes(run.table, info);
    nnrt_table_free(run.table);
    return status;
}

// ---- Samples.

static nnrt_field *field_of(const nnrt_data *data, int64_t column) {
    int64_t inputs = data->info.input_count, targets = data->info.target_count;
    if (column < inputs) return nnrt_table_feature(data->owner, column);
    column -= inputs;
    return column < targets ? nnrt_table_target(data->owner, column)
                            : nnrt_table_weight(data->owner, column - targets);
}

static nnrt_status hand_over(const Run *run, nnrt_data *data) {
    nnrt_table *table = data->owner = run->table;
    nnrt_status status = NNRT_OK;
    data->info = describe(run);
    data->row_count = table->row_count;
    data->train = table->train;
    data->validation = table->validation;
    data->test = table->test;
    data->new_rows = table->rows_file;
    data->new_rows.path = table->new_rows;
    if (!table->rows_file.columns) data->new_rows.row_count = table->row_count;
    data->is_on_disk = table->storage->on_disk > 0;
    for (int64_t i = 0; i < nnrt_data_column_count(&data->info); i++)
        data->columns[i] = field_of(data, i)->values;
    for (int64_t i = 0; i < data->info.input_count && table->is_standardized && !status; i++)
        status = nnrt_statistics_find(data, i, field_of(data, i));
    return status;
}

static nnrt_status prepare(nnrt_table *table, const nnrt_call *stages, int64_t stage_count,
                           const nnrt_known *known) {
    table->new_rows = known->new_rows;
    table->is_predicted = known->is_predicted;
    if (known->learnt) return nnrt_learnt_apply(table, known->learnt, stage_count);
    return known->new_rows ? nnrt_fail(NNRT_ERROR,
                                       "nothing is known of what the stages of `%s` "
                                       "learnt, which new rows need",
                                       stages[0].name)
                           : NNRT_OK;
}

nnrt_status nnrt_data_load(const nnrt_call *stages, int64_t stage_count, const char *folder,
                           nnrt_data *data) {
    return nnrt_data_load_known(stages, stage_count, folder, &(nnrt_known){0}, data);
}

nnrt_status nnrt_data_load_known(const nnrt_call *stages, int64_t stage_count, const char *folder,
                                 const nnrt_known *known, nnrt_data *data) {
    Run run = {.table = nnrt_table_create(folder), .stages = stages, .stage_count = stage_count};
    *data = (nnrt_data){0};
    if (!run.table) return NNRT_ERROR;
    nnrt_status status = prepare(run.table, stages, stage_count, known);
    if (!status) status = run_stages(&run, 1);
    if (!status) {
        status = hand_over(&run, data);
    } else {
        data->info = describe(&run);
        data->owner = run.table;
    }
    if (status) nnrt_data_free(data);
    return status;
}

char *nnrt_data_learnt(const nnrt_data *data) {
    const nnrt_table *table = data->owner;
    const json_t *learnt = !table ? NULL : table->states ? table->states : table->learnt;
    return learnt ? json_dumps(learnt, JSON_COMPACT) : NULL;
}

int64_t nnrt_data_row_in_file(const nnrt_data *data, uint32_t sample) {
    const nnrt_windows *windows = data->owner->windows;
    if (windows) return nnrt_windows_last_row(windows, sample);
    return data->row_count == data->new_rows.row_count ? (int64_t)sample : -1;
}

int nnrt_data_takes_rows(const nnrt_call *source) {
    return nnrt_source_of(source)->takes_new_rows;
}

nnrt_status nnrt_data_sample(const nnrt_data *data, int64_t number, uint32_t row, void *values) {
    const nnrt_column *column = nnrt_data_column(&data->info, number);
    const char *held = data->columns[number];
    int64_t bytes = column->size * nnrt_dtype_size(column->dtype);
    if (!held) {
        const nnrt_field *field = field_of(data, number);
        return field->origin.make(field, row, values);
    }
    memcpy(values, held + row * bytes, (size_t)bytes);
    return NNRT_OK;
}

void nnrt_data_place(const nnrt_data *data, int64_t column, uint32_t sample, int64_t element,
                     char *text, size_t size) {
    const nnrt_field *field = field_of(data, column);
    const nnrt_row_view *view = nnrt_row_view_of(field);
    int64_t row = view ? nnrt_row_view_row(view, sample, &element) : sample;
    if (view) field = &view->base->field;
    int is_test = field->files[1] && row >= field->file_rows;
    if (field->files[0])
        snprintf(text, size, "`%s`, row %lld, element %lld (counted from 0)", field->files[is_test],
                 (long long)(row - is_test * field->file_rows), (long long)element);
    else
        nnrt_table_place(data->owner, (uint32_t)row, text, size);
}

int nnrt_data_is_picture(const nnrt_column *column) {
    return column->rank == 2 || (column->rank == 3 && column->shape[2] <= 4);
}

int nnrt_data_is_held(const nnrt_data *data) {
    for (int64_t i = 0; i < nnrt_data_column_count(&data->info); i++)
        if (!data->columns[i]) return 0;
    return 1;
}

int nnrt_data_is_in_memory(const nnrt_data *data) {
    for (int64_t i = 0; i < nnrt_data_column_count(&data->info); i++)
        if (!data->columns[i] && !nnrt_row_view_is_held(field_of(data, i))) return 0;
    return 1;
}

nnrt_column nnrt_column_make(const char *name, int64_t dtype, int64_t rank, const int64_t *shape) {
    nnrt_column column = {.name = name, .dtype = dtype, .rank = rank, .size = 1};
    for (int64_t i = 0; i < rank; i++) {
        column.shape[i] = shape[i];
        if (__builtin_mul_overflow(column.size, shape[i], &column.size)) column.size = INT64_MAX;
    }
    return column;
}

int64_t nnrt_data_column_count(const nnrt_data_info *info) {
    return info->input_count + info->target_count + info->weight_count;
}

const nnrt_column *nnrt_data_column(const nnrt_data_info *info, int64_t column) {
    if (column < info->input_count) return &info->inputs[column];
    column -= info->input_count;
    return column < info->target_count ? &info->targets[column].column
                                       : &info->weights[column - info->target_count];
}

int64_t nnrt_data_find_column(const nnrt_data_info *info, const char *name) {
    for (int64_t i = 0; i < nnrt_data_column_count(info); i++)
        if (strcmp(nnrt_data_column(info, i)->name, name) == 0) return i;
    return -1;
}

void nnrt_data_free(nnrt_data *data) {
    nnrt_table_free(data->owner);
    for (int i = 0; i < NNRT_MAX_COLUMNS; i++) {
        free(data->mean[i]);
        free(data->deviation[i]);
    }
    nnrt_data_info info = data->info;
    *data = (nnrt_data){.info = info};
}
