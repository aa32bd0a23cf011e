#include "learnt.h"

#include "../../formats/text/json_text.h"

#include <math.h>
#include <string.h>

// ---- States that are applied.

static const json_t *find_state(const nnrt_table *table, int64_t stage) {
    return table->states ? json_array_get(table->states, (size_t)stage) : NULL;
}

const json_t *nnrt_learnt_state(nnrt_table *table, const char *column) {
    if (!table->states) return NULL;
    const json_t *state = json_object_get(find_state(table, table->stage), column);
    table->was_asked = 1;
    if (!state && !table->lacking) table->lacking = column;
    return state;
}

const json_t *nnrt_learnt_group(const nnrt_table *table, const char *group) {
    return json_object_get(find_state(table, 0), group);
}

const json_t *nnrt_learnt_source(const nnrt_table *table, const char *group, const char *column) {
    return json_object_get(nnrt_learnt_group(table, group), column);
}

double nnrt_learnt_number(const nnrt_field *field, const json_t *value) {
    const char *word = json_string_value(value);
    if (field->kind == NNRT_NUMBERS) return json_is_number(value) ? json_number_value(value) : NAN;
    int32_t code = word ? nnrt_field_find_word(field, word) : -1;
    return code < 0 ? NAN : code;
}

static int is_number(const json_t *value) {
    return json_is_number(value) && isfinite(json_number_value(value));
}

int nnrt_learnt_read(const json_t *state, const char *key, double *number) {
    const json_t *value = json_object_get(state, key);
    *number = is_number(value) ? json_number_value(value) : NAN;
    return is_number(value);
}

int nnrt_learnt_is_list(const json_t *list, int of_words, int64_t least) {
    int64_t count = (int64_t)json_array_size(list);
    for (int64_t i = 0; i < count; i++) {
        const json_t *value = json_array_get(list, (size_t)i);
        if (of_words ? !json_is_string(value) : !is_number(value)) return 0;
    }
    return json_is_array(list) && count >= least;
}

int nnrt_learnt_fits(const nnrt_field *field, const json_t *value) {
    return field->kind == NNRT_NUMBERS ? is_number(value) : json_is_string(value);
}

nnrt_status nnrt_learnt_fail_damaged(const char *stage, const char *column) {
    return nnrt_fail(NNRT_ERROR,
                     "what `%s` learnt of the column `%s`, as the weights have it, is damaged\n"
                     "get the weights again, or train again",
                     stage, column);
}

nnrt_status nnrt_learnt_apply(nnrt_table *table, const char *text, int64_t stage_count) {
    int lacks_memory;
    table->states = nnrt_json_load("what stages learnt", text, strlen(text), NULL, &lacks_memory);
    if (lacks_memory) return NNRT_ERROR;
    int64_t count = (int64_t)json_array_size(table->states);
    int is_whole = count > 0 && count <= stage_count;
    for (int64_t i = 0; i < count; i++) is_whole &= json_is_object(find_state(table, i));
    if (is_whole) return NNRT_OK;
    return nnrt_fail(NNRT_ERROR, "what the stages learnt, as the weights have it, is not of these "
                                 "stages: the weights are of another program\ntrain again");
}

// ---- States that are learnt.

json_t *nnrt_learnt_value(const nnrt_field *field, double value) {
    if (field->kind == NNRT_NUMBERS) return json_real(value);
    return json_string(field->words[(int64_t)value]);
}

json_t *nnrt_learnt_words(const char *const *words, int64_t count) {
    json_t *list = json_array();
    for (int64_t i = 0; i < count && list; i++)
        if (json_array_append_new(list, json_string(words[i]))) {
            json_decref(list);
            list = NULL;
        }
    return list;
}

// The object of a stage; those before it are made, too. NULL: no memory.
static json_t *state_of(nnrt_table *table, int64_t stage) {
    if (!table->learnt) table->learnt = json_array();
    while (table->learnt && (int64_t)json_array_size(table->learnt) <= stage)
        if (json_array_append_new(table->learnt, json_object())) return NULL;
    return json_array_get(table->learnt, (size_t)stage);
}

static nnrt_status put(json_t *object, const char *key, json_t *value) {
    if (!object) json_decref(value);
    if (!object || json_object_set_new(object, key, value))
        return nnrt_fail_memory("what a data set learns", 0);
    return NNRT_OK;
}

nnrt_status nnrt_learnt_put(nnrt_table *table, const char *column, json_t *value) {
    if (table->states) {
        json_decref(value);
        return NNRT_OK;
    }
    return put(state_of(table, table->stage), column, value);
}

nnrt_status nnrt_learnt_put_source(nnrt_table *table, const char *group, const char *column,
                                   json_t *value) {
    if (table->states) {
        json_decref(value);
        return NNRT_OK;
    }
    json_t *state = state_of(table, 0);
    if (state && !json_object_get(state, group)) json_object_set_new(state, group, json_object());
    return put(json_object_get(state, group), column, value);
}

nnrt_status nnrt_learnt_units(const char *learnt, const char *column, double *mean,
                              double *deviation) {
    int lacks_memory;
    json_t *stage,
        *stages = nnrt_json_load("what stages learnt", learnt, strlen(learnt), NULL, &lacks_memory);
    size_t number;
    if (lacks_memory) return NNRT_ERROR;
    int is_whole = json_is_array(stages);
    json_array_foreach(stages, number, stage) {
        const json_t *state = json_object_get(stage, column);
        double middle, width;
        if (!json_object_get(state, "mean") && !json_object_get(state, "deviation")) continue;
        is_whole &= nnrt_learnt_read(state, "mean", &middle) &&
                    nnrt_learnt_read(state, "deviation", &width) && width > 0;
        if (!is_whole) break;
        *mean = middle;
        *deviation = width;
    }
    json_decref(stages);
    return is_whole ? NNRT_OK : nnrt_learnt_fail_damaged("standardize", column);
}
