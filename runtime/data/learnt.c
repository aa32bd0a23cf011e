#include "learnt.h"

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
    return put(state_of(table, table->stage), column, value);
}

nnrt_status nnrt_learnt_put_source(nnrt_table *table, const char *group, const char *column,
                                   json_t *value) {
    json_t *state = state_of(table, 0);
    if (state && !json_object_get(state, group)) json_object_set_new(state, group, json_object());
    return put(json_object_get(state, group), column, value);
}
