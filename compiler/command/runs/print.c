// The runs as a table and as JSON: what became of each, its best values, its options; then in which
// lines the programs differ.
#include "../../../runtime/base/text/utf8.h"
#include "differences.h"
#include "runs.h"
#include "table.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { VALUE_COLUMNS = 4 };

typedef RunNames Names;

static void add_name(const Runs *runs, Names *names, const char *name) {
    for (int i = 0; i < names->count; i++)
        if (!strcmp(names->items[i], name)) return;
    vec_push(runs->arena, names, name);
}

// All that any run has, in the order of the first one that has it.
static Names all_names(const Runs *runs) {
    Names names = {0};
    for (int i = 0; i < runs->items.count; i++)
        for (int k = 0; k < runs->items.items[i]->values.count; k++)
            add_name(runs, &names, runs->items.items[i]->values.items[k].name);
    return names;
}

static void choose_names(const Runs *runs, const Names *all, const char *prefix, Names *shown) {
    for (int i = 0; i < all->count && shown->count < VALUE_COLUMNS; i++) {
        const char *name = all->items[i];
        if (!strncmp(name, prefix, strlen(prefix)) && !strstr(name, "learning_rate"))
            vec_push(runs->arena, shown, name);
    }
}

// Those of validation, where there are any, tell runs apart; some of them, as a table is no wider.
RunNames runs_shown_names(const Runs *runs) {
    Names all = all_names(runs), shown = {0};
    choose_names(runs, &all, "val_", &shown);
    if (!shown.count) choose_names(runs, &all, "", &shown);
    return shown;
}

// Has no other run a better one?
static bool is_best(const Runs *runs, const RunValue *value) {
    bool more = run_more_is_better(value->name);
    for (int i = 0; i < runs->items.count; i++) {
        const RunValue *other = run_value(runs->items.items[i], value->name);
        if (other && (more ? other->best > value->best : other->best < value->best)) return false;
    }
    return true;
}

// ---- The table: cells first, then widths.

static const char *program_name(const Runs *runs, int number) {
    if (number < 26) return arena_format(runs->arena, "%c", 'A' + number);
    return arena_format(runs->arena, "%c%d", 'A' + number % 26, number / 26);
}

// "0.3501 @12", and a star where no run is better.
static const char *value_text(const Runs *runs, int number, const char *name) {
    const RunValue *value = run_value(runs->items.items[number], name);
    if (!value || isnan(value->best)) return "-";
    return arena_format(runs->arena, "%s @%lld%s", table_value(runs->arena, value->best),
                        (long long)value->best_epoch, is_best(runs, value) ? "*" : "");
}

static Cells head_of(const Runs *runs, const Names *names) {
    static const char *const first[] = {"run", "status", "program", "epochs", "time"};
    Cells cells = {0};
    for (size_t i = 0; i < sizeof first / sizeof *first; i++)
        vec_push(runs->arena, &cells, first[i]);
    for (int i = 0; i < names->count; i++) vec_push(runs->arena, &cells, names->items[i]);
    vec_push(runs->arena, &cells, "options");
    return cells;
}

static Cells line_of(const Runs *runs, int number, const Names *names) {
    const Run *run = runs->items.items[number];
    Cells cells = {0};
    vec_push(runs->arena, &cells, run->name);
    vec_push(runs->arena, &cells, run->status);
    vec_push(runs->arena, &cells, program_name(runs, run->program));
    vec_push(runs->arena, &cells, arena_format(runs->arena, "%lld", (long long)run->epochs));
    vec_push(runs->arena, &cells, table_time(runs->arena, run->seconds));
    for (int i = 0; i < names->count; i++)
        vec_push(runs->arena, &cells, value_text(runs, number, names->items[i]));
    vec_push(runs->arena, &cells, run->options);
    return cells;
}

static void put_table(Text *out, const Runs *runs) {
    Names names = runs_shown_names(runs);
    int count = runs->items.count + 1;
    Cells *lines = ARENA_ARRAY(runs->arena, Cells, count);
    lines[0] = head_of(runs, &names);
    for (int i = 1; i < count; i++) lines[i] = line_of(runs, i - 1, &names);
    table_print(out, lines, count);
}

static void put_differences(Text *out, const Runs *runs) {
    for (int i = 1; i < runs->programs.count; i++) {
        Lines lines = differences(runs->arena, runs->programs.items[0], runs->programs.items[i]);
        text_format(out, "\nprogram %s beside A, with all defaults written out:\n",
                    program_name(runs, i));
        for (int k = 0; k < lines.count; k++) text_format(out, "  %s\n", lines.items[k]);
    }
}

static void put_messages(Text *out, const Runs *runs) {
    bool is_first = true;
    for (int i = 0; i < runs->items.count; i++) {
        const json_t *message = json_object_get(runs->items.items[i]->about, "message");
        if (!message) continue;
        text_format(out, "%s%s: %s\n", is_first ? "\n" : "", runs->items.items[i]->name,
                    json_string_value(message));
        is_first = false;
    }
}

void runs_make_plain(Text *out, size_t from) {
    for (size_t i = from; i < out->length;) {
        int length = nnrt_utf8_length(out->data + i, (int64_t)(out->length - i));
        uint32_t code = length ? nnrt_utf8_code(out->data + i, length) : 0;
        bool is_control = code < 0x20 || (code >= 0x7F && code < 0xA0);
        if (is_control && code != '\n') memset(out->data + i, '?', length ? (size_t)length : 1);
        i += length ? (size_t)length : 1;
    }
}

void runs_print(Text *out, const Runs *runs) {
    size_t from = out->length;
    if (!runs->items.count) {
        text_format(out, "no runs in %s; `fit --run %s` leaves them there\n", runs->folder,
                    runs->folder);
        return;
    }
    put_table(out, runs);
    put_differences(out, runs);
    put_messages(out, runs);
    runs_make_plain(out, from);
}

// ---- JSON.

static json_t *values_json(const Run *run, bool is_best) {
    json_t *values = json_object();
    for (int i = 0; i < run->values.count; i++) {
        const RunValue *value = &run->values.items[i];
        double number = is_best ? value->best : value->last;
        json_t *json = isfinite(number) ? json_real(number) : json_null();
        if (is_best)
            json = json_pack("{s:o, s:I}", "value", json, "epoch", (json_int_t)value->best_epoch);
        json_object_set_new(values, value->name, json);
    }
    return values;
}

// Its run.json, with what is known besides: as it is now, its values, the program's name.
static json_t *run_json(const Runs *runs, const Run *run) {
    json_t *json = json_pack("{s:s, s:s}", "run", run->name, "path",
                             arena_format(runs->arena, "%s/%s", runs->folder, run->name));
    json_object_update(json, run->about);
    json_object_set_new(json, "status", json_string(run->status));
    json_object_set_new(json, "source", json_string(program_name(runs, run->program)));
    json_object_set_new(json, "options", json_string(run->options));
    json_object_set_new(json, "epochs", json_integer((json_int_t)run->epochs));
    json_object_set_new(json, "seconds",
                        isnan(run->seconds) ? json_null() : json_real(run->seconds));
    json_object_set_new(json, "best", values_json(run, true));
    json_object_set_new(json, "last", values_json(run, false));
    return json;
}

static json_t *program_json(const Runs *runs, int number) {
    json_t *lines = json_array();
    Lines all = differences(runs->arena, runs->programs.items[0], runs->programs.items[number]);
    for (int i = 0; i < all.count; i++) json_array_append_new(lines, json_string(all.items[i]));
    return json_pack("{s:s, s:o}", "source", program_name(runs, number), "differences", lines);
}

void runs_print_json(Text *out, const Runs *runs) {
    json_t *items = json_array(), *programs = json_array();
    for (int i = 0; i < runs->items.count; i++)
        json_array_append_new(items, run_json(runs, runs->items.items[i]));
    for (int i = 0; i < runs->programs.count; i++)
        json_array_append_new(programs, program_json(runs, i));
    json_t *all = json_pack("{s:o, s:o}", "runs", items, "sources", programs);
    char *text = json_dumps(all, 0);
    text_format(out, "%s\n", text ? text : "{}");
    free(text);
    json_decref(all);
}
