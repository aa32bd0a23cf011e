#include "data.h"

#include "../../../runtime/base/text/json.h"
#include "../../../runtime/data/look/survey.h"
#include "summary.h"

#include <math.h>
#include <string.h>

enum {
    SHOWN_CATEGORIES = 10,
    LISTED_CATEGORIES = 100,
    SHOWN_ROWS = 5,
    SHOWN_NAMES = 24,
    SHOWN_BYTES = 60
};

// A data set as its source gives it, and as its transforms leave it.
typedef struct Look {
    const Dataset *dataset;
    nnrt_survey source, whole;
    bool is_whole; // the transforms did not fail
} Look;

static const char *dtype_name(int64_t dtype) {
    static const char *const names[] = {"float32", "uint8", "int32", "float64"};
    return names[dtype];
}

// ---- As text.

// Line ends and other control characters as they are written in strings; the beginning of a long
// text.
static const char *shown(Arena *arena, const char *text) {
    Text shown = text_create(arena);
    size_t length = strlen(text), end = length < SHOWN_BYTES ? length : SHOWN_BYTES;
    while (end < length && (text[end] & 0xC0) == 0x80) end--; // at the border of a character
    for (const char *stop = text + end; text < stop; text++) {
        if (*text == '\n')
            text_put(&shown, "\\n");
        else if ((unsigned char)*text < ' ')
            text_format(&shown, "\\x%02X", (unsigned)*text);
        else
            text_put_bytes(&shown, text, 1);
    }
    if (end < length) text_put(&shown, "...");
    return shown.data;
}

static const char *kind_text(Arena *arena, const nnrt_column_survey *survey) {
    const nnrt_column *column = &survey->column;
    if (strcmp(survey->kind, "arrays") != 0) return survey->kind;
    if (!column->rank) return dtype_name(column->dtype);
    Text text = text_create(arena);
    for (int64_t i = 0; i < column->rank; i++)
        text_format(&text, "%s%lld", i ? ", " : "[", (long long)column->shape[i]);
    text_format(&text, "] %s", dtype_name(column->dtype));
    return text.data;
}

static void print_categories(Text *out, const nnrt_column_survey *survey) {
    int64_t count = survey->category_count;
    text_format(out, "  %-24s %s %s: ", "", summary_count(out->arena, count),
                survey->is_target ? "classes" : "different");
    for (int64_t i = 0; i < count && i < SHOWN_CATEGORIES; i++) {
        const nnrt_category_count *category = &survey->categories[i];
        if (i) text_put(out, ", ");
        if (category->name)
            text_format(out, "`%s`", shown(out->arena, category->name));
        else
            text_format(out, "%g", category->value);
        text_format(out, " %s", summary_count(out->arena, category->count));
    }
    text_put(out, count > SHOWN_CATEGORIES ? ", ...\n" : "\n");
}

static void print_column(Text *out, const nnrt_column_survey *survey) {
    text_format(out, "  %-24s %-20s", survey->column.name, kind_text(out->arena, survey));
    if (survey->count && !survey->category_count)
        text_format(out, " %g to %g, mean %g, deviation %g", survey->lowest, survey->highest,
                    survey->mean, survey->deviation);
    if (survey->missing)
        text_format(out, "%s missing in %s row%s", survey->count ? "," : "",
                    summary_count(out->arena, survey->missing), survey->missing == 1 ? "" : "s");
    while (out->length && out->data[out->length - 1] == ' ') out->data[--out->length] = 0;
    text_put(out, survey->is_target   ? "  (target)\n"
                  : survey->is_weight ? "  (weight of samples)\n"
                                      : "\n");
    if (survey->category_count) print_categories(out, survey);
}

static void print_row(Text *out, const nnrt_survey *survey, int64_t row) {
    const char *separator = "\n    ";
    for (int64_t i = 0; i < survey->column_count; i++) {
        if (survey->columns[i].column.rank) continue;
        const char *cell = nnrt_survey_cell(survey, i, row);
        text_format(out, "%s%s", separator, *cell ? shown(out->arena, cell) : "-");
        separator = " | ";
    }
}

static void print_rows(Text *out, const nnrt_survey *survey) {
    bool has_cells = false;
    for (int64_t i = 0; i < survey->column_count; i++)
        has_cells = has_cells || !survey->columns[i].column.rank;
    if (!has_cells) return;
    text_put(out, "  first rows, missing values as -:");
    for (int64_t row = 0; row < survey->train_rows && row < SHOWN_ROWS; row++)
        print_row(out, survey, row);
    text_put(out, "\n");
}

static void print_part(Text *out, const char *name, int64_t rows, int64_t duplicates) {
    if (!rows) return;
    text_format(out, ", %s %s", name, summary_count(out->arena, rows));
    if (duplicates)
        text_format(out, " (%s with the features of a training row)",
                    summary_count(out->arena, duplicates));
}

// The names of columns, as the input's elements stand.
static void print_inputs(Text *out, const nnrt_survey *survey) {
    int64_t count = 0;
    for (int64_t i = 0; i < survey->column_count; i++) {
        const nnrt_column_survey *column = &survey->columns[i];
        if (column->is_target || column->is_weight) continue;
        if (count++ < SHOWN_NAMES)
            text_format(out, "%s`%s`",
                        count > 1 ? ", " : "  behind the transforms: ", column->column.name);
    }
    if (count > SHOWN_NAMES)
        text_format(out, ", ... (%s in all)", summary_count(out->arena, count));
    if (count) text_put(out, "\n");
}

// Texts that became tokens.
static void print_tokens(Text *out, const nnrt_column_survey *survey) {
    static const char *const parts[] = {"training", "validation", "test"};
    if (!survey->vocabulary) return;
    text_format(out, "  %s: %s numbers of tokens, %.3g tokens a text of %lld at most; unknown:",
                survey->column.name, summary_count(out->arena, survey->vocabulary),
                survey->mean_length, (long long)survey->column.size);
    for (int i = 0; i < 3; i++)
        if (!isnan(survey->unknown[i]))
            text_format(out, "%s %s %.3g %%", i ? "," : "", parts[i], 100 * survey->unknown[i]);
    text_put(out, "\n");
    print_categories(out, survey);
}

static void print_text(Text *out, const Look *look) {
    const nnrt_survey *parts = look->is_whole ? &look->whole : &look->source;
    text_format(out, "%s: training %s rows", look->dataset->name,
                summary_count(out->arena, parts->train_rows));
    print_part(out, "validation", parts->validation_rows, parts->validation_duplicates);
    print_part(out, "test", parts->test_rows, parts->test_duplicates);
    if (parts->skipped_rows)
        text_format(out, "; empty texts left out: %s",
                    summary_count(out->arena, parts->skipped_rows));
    text_put(out, "\n");
    for (int64_t i = 0; i < look->source.column_count; i++)
        print_column(out, &look->source.columns[i]);
    print_rows(out, &look->source);
    if (look->is_whole && look->dataset->stages.count > 1) print_inputs(out, &look->whole);
    for (int64_t i = 0; look->is_whole && i < look->whole.column_count; i++)
        print_tokens(out, &look->whole.columns[i]);
}

// ---- As JSON.

static void put_categories(nnrt_json *json, const nnrt_column_survey *survey) {
    nnrt_json_integer(json, "category_count", survey->category_count);
    nnrt_json_open(json, "categories", '[');
    for (int64_t i = 0; i < survey->category_count && i < LISTED_CATEGORIES; i++) {
        const nnrt_category_count *category = &survey->categories[i];
        nnrt_json_open(json, NULL, '{');
        if (category->name)
            nnrt_json_string(json, "name", category->name);
        else
            nnrt_json_number(json, "name", category->value);
        nnrt_json_integer(json, "count", category->count);
        nnrt_json_close(json, '}');
    }
    nnrt_json_close(json, ']');
}

static void put_tokens(nnrt_json *json, const nnrt_column_survey *survey) {
    nnrt_json_integer(json, "vocabulary", survey->vocabulary);
    nnrt_json_number(json, "mean_length", survey->mean_length);
    nnrt_json_open(json, "unknown", '{');
    nnrt_json_number(json, "train", survey->unknown[0]);
    nnrt_json_number(json, "validation", survey->unknown[1]);
    nnrt_json_number(json, "test", survey->unknown[2]);
    nnrt_json_close(json, '}');
}

static void put_column(nnrt_json *json, const nnrt_column_survey *survey) {
    nnrt_json_open(json, NULL, '{');
    nnrt_json_string(json, "name", survey->column.name);
    nnrt_json_boolean(json, "target", survey->is_target);
    if (survey->is_weight) nnrt_json_boolean(json, "weight", 1);
    nnrt_json_string(json, "kind", survey->kind);
    nnrt_json_string(json, "dtype", dtype_name(survey->column.dtype));
    nnrt_json_open(json, "shape", '[');
    for (int64_t i = 0; i < survey->column.rank; i++)
        nnrt_json_integer(json, NULL, survey->column.shape[i]);
    nnrt_json_close(json, ']');
    nnrt_json_integer(json, "missing", survey->missing);
    nnrt_json_number(json, "lowest", survey->lowest);
    nnrt_json_number(json, "highest", survey->highest);
    nnrt_json_number(json, "mean", survey->mean);
    nnrt_json_number(json, "deviation", survey->deviation);
    put_categories(json, survey);
    if (survey->vocabulary) put_tokens(json, survey);
    nnrt_json_close(json, '}');
}

static void put_columns(nnrt_json *json, const char *key, const nnrt_survey *survey) {
    nnrt_json_open(json, key, '[');
    for (int64_t i = 0; i < survey->column_count; i++) put_column(json, &survey->columns[i]);
    nnrt_json_close(json, ']');
}

static void put_parts(nnrt_json *json, const nnrt_survey *parts) {
    nnrt_json_open(json, "rows", '{');
    nnrt_json_integer(json, "train", parts->train_rows);
    nnrt_json_integer(json, "validation", parts->validation_rows);
    nnrt_json_integer(json, "test", parts->test_rows);
    nnrt_json_close(json, '}');
    nnrt_json_open(json, "duplicates", '{');
    nnrt_json_integer(json, "validation", parts->validation_duplicates);
    nnrt_json_integer(json, "test", parts->test_duplicates);
    nnrt_json_close(json, '}');
}

static void put_look(nnrt_json *json, const Look *look) {
    nnrt_json_open(json, NULL, '{');
    nnrt_json_string(json, "name", look->dataset->name);
    put_parts(json, look->is_whole ? &look->whole : &look->source);
    put_columns(json, "source", &look->source);
    if (look->is_whole)
        put_columns(json, "transformed", &look->whole);
    else
        nnrt_json_string(json, "transformed", NULL);
    nnrt_json_close(json, '}');
}

// ---- Which ones.

static bool is_asked(const Session *session, const Dataset *dataset) {
    const Options *options = session->options;
    for (int i = 1; i < options->operands.count; i++)
        if (!strcmp(options->operands.items[i], dataset->name)) return true;
    return options->operands.count < 2;
}

static bool report_unknown(const Session *session, const char *name) {
    const Program *program = session->program;
    int count = program->datasets.count;
    const char **names = ARENA_ARRAY(session->arena, const char *, count + 1);
    for (int i = 0; i < count; i++) names[i] = program->datasets.items[i]->name;
    Diag *diag = diag_report(session->sink, DIAG_E0101, SPAN_FILE(session->file),
                             "there is no data set `%s`", name);
    const char *meant = suggest_name(name, names);
    if (meant)
        diag_help(diag, "did you mean `%s`?", meant);
    else
        diag_help(diag, "without names, all data sets of the file are shown");
    return false;
}

static bool check_names(const Session *session) {
    const Options *options = session->options;
    bool all = true;
    for (int i = 1; i < options->operands.count; i++) {
        bool found = false;
        for (int k = 0; k < session->program->datasets.count; k++)
            found = found ||
                    !strcmp(session->program->datasets.items[k]->name, options->operands.items[i]);
        if (!found) all = report_unknown(session, options->operands.items[i]);
    }
    return all;
}

// What fails, or has mistakes and no folder yet, was reported when the program was checked.
static bool look_at(Look *look, Arena *arena, const Dataset *dataset) {
    const nnrt_call *calls = program_calls(arena, &dataset->stages);
    int count = dataset->stages.count;
    *look = (Look){.dataset = dataset};
    if (!dataset->folder || nnrt_survey_make(calls, 1, dataset->folder, &look->source))
        return false;
    look->is_whole = !nnrt_survey_make(calls, count, dataset->folder, &look->whole);
    return true;
}

bool data_print(Text *out, Session *session) {
    const Program *program = session->program;
    bool is_json = session->options->json, all = true;
    int printed = 0;
    nnrt_json json = {0};
    if (!program || !check_names(session)) return false;
    nnrt_json_open(&json, NULL, '{');
    nnrt_json_open(&json, "datasets", '[');
    for (int i = 0; i < program->datasets.count; i++) {
        Look look;
        if (!is_asked(session, program->datasets.items[i])) continue;
        if (!look_at(&look, session->arena, program->datasets.items[i])) {
            all = false;
            continue;
        }
        if (printed++ && !is_json) text_put(out, "\n");
        if (is_json)
            put_look(&json, &look);
        else
            print_text(out, &look);
        nnrt_survey_free(&look.source);
        nnrt_survey_free(&look.whole);
    }
    nnrt_json_close(&json, ']');
    nnrt_json_close(&json, '}');
    const char *text = nnrt_json_text(&json);
    if (is_json && text) text_format(out, "%s\n", text);
    nnrt_json_free(&json);
    return all;
}
