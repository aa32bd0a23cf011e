// A damaged log is said to be so: what is left out unsaid would be taken for what was trained.
#include "log.h"

#include "../../../runtime/formats/text/json_text.h"

#include <math.h>
#include <string.h>

// ---- Values.

static void add_value(Arena *arena, Run *run, const char *name, double number, int64_t epoch) {
    RunValue *value = (RunValue *)run_value(run, name);
    if (!value) {
        RunValue fresh = {arena_copy(arena, name, strlen(name)), NAN, NAN, 0};
        vec_push(arena, &run->values, fresh);
        value = &run->values.items[run->values.count - 1];
    }
    value->last = number;
    bool is_better = run_more_is_better(name) ? number > value->best : number < value->best;
    if (isnan(number) || (!is_better && !isnan(value->best))) return;
    value->best = number;
    value->best_epoch = epoch;
}

// What is not finite is written as null.
static bool is_value(const json_t *value) {
    return json_is_number(value) || json_is_null(value);
}

// NULL, or what is wrong.
static const char *add_values(Arena *arena, Run *run, json_t *line) {
    const json_t *epoch = json_object_get(line, "epoch");
    const char *name;
    json_t *value;
    if (!json_is_integer(epoch) || json_integer_value(epoch) < 1)
        return "its `epoch` is no whole number from 1 on";
    json_object_foreach(line, name, value) if (!is_value(value)) return arena_format(
        arena, "its `%s` is neither a number nor null", name);
    run->epochs = (int64_t)json_integer_value(epoch);
    json_object_foreach(line, name, value) if (strcmp(name, "epoch") != 0) add_value(
        arena, run, name, json_is_number(value) ? json_number_value(value) : NAN, run->epochs);
    return NULL;
}

// ---- Lines.

// NULL, or what is wrong.
static const char *add_line(Arena *arena, Run *run, const char *line, size_t length) {
    json_error_t mistake;
    int lacks_memory;
    json_t *json = nnrt_json_load("log.jsonl", line, length, &mistake, &lacks_memory);
    if (lacks_memory) arena_out_of_memory(length);
    const char *wrong = !json ? arena_format(arena, "it is not JSON (byte %d)", mistake.position)
                        : !json_is_object(json) ? "it is no object"
                                                : add_values(arena, run, json);
    json_decref(json);
    return wrong;
}

// What a run that was killed while it wrote has behind its last whole line: how a line begins.
static bool is_beginning(const char *line, size_t length) {
    static const char beginning[] = "{\"epoch\": ";
    size_t known = sizeof beginning - 1;
    return memcmp(line, beginning, length < known ? length : known) == 0;
}

const char *run_log_add(Arena *arena, Run *run, const char *text, size_t length) {
    for (long long number = 1; length; number++) {
        const char *end = memchr(text, '\n', length);
        size_t size = end ? (size_t)(end - text) : length;
        const char *wrong = size ? add_line(arena, run, text, size) : NULL;
        if (wrong && !end && is_beginning(text, size)) return NULL;
        if (wrong) return arena_format(arena, "line %lld is no epoch: %s", number, wrong);
        text += size + (end != NULL);
        length -= size + (end != NULL);
    }
    return NULL;
}
