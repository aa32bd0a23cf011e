#include "predicted_rows.h"

#include "../../base/text/json.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { RUNNERS_UP = 2 };

// ---- Text.

// "nan", which processors may give with a sign.
static double shown(float value) {
    return isnan(value) ? (double)NAN : (double)value;
}

static void print_runners_up(const nnrt_answer *answer, const float *outputs, int64_t best) {
    int64_t taken[RUNNERS_UP + 1] = {best};
    int count = answer->output->size - 1 < RUNNERS_UP ? (int)answer->output->size - 1 : RUNNERS_UP;
    char number[32];
    for (int i = 1; i <= count; i++) {
        int64_t next = -1;
        for (int64_t c = 0; c < answer->output->size; c++) {
            int used = 0;
            for (int j = 0; j < i; j++) used |= taken[j] == c;
            if (!used && (next < 0 || outputs[c] > outputs[next])) next = c;
        }
        taken[i] = next;
        printf("%s%s %.4f", i == 1 ? "  (" : ", ", nnrt_answer_name(answer, next, number),
               shown(outputs[next]));
    }
    if (count > 0) putchar(')');
}

static void print_class(const nnrt_answer *answer, const float *outputs) {
    char number[32];
    int64_t best = nnrt_answer_best(answer, outputs);
    printf(" %s %.4f", nnrt_answer_name(answer, best, number),
           shown(nnrt_answer_value(answer, outputs, best)));
    print_runners_up(answer, outputs, best);
}

// Those that are there, then the others.
static void print_labels(const nnrt_answer *answer, const float *outputs) {
    char number[32];
    int64_t yes = 0, no = 0;
    for (int64_t i = 0; i < answer->output->size; i++)
        if (nnrt_answer_is_label(outputs, i))
            printf("%s %s %.4f", yes++ ? "," : "", nnrt_answer_name(answer, i, number),
                   shown(outputs[i]));
    if (!yes) printf(" none");
    for (int64_t i = 0; i < answer->output->size; i++)
        if (!nnrt_answer_is_label(outputs, i))
            printf("%s%s %.4f", no++ ? ", " : "  (", nnrt_answer_name(answer, i, number),
                   shown(outputs[i]));
    if (no) putchar(')');
}

// The share of the places that each class has; those without any are left out.
static void print_places(const nnrt_answer *answer, const float *outputs) {
    char number[32];
    int64_t classes = nnrt_answer_classes(answer->output),
            places = nnrt_answer_places(answer->output);
    for (int64_t c = 0, seen = 0; c < classes; c++) {
        int64_t count = nnrt_answer_count(answer->output, outputs, c);
        if (count == 0) continue;
        printf("%s %s %.4f", seen++ ? "," : "", nnrt_answer_name(answer, c, number),
               (double)count / (double)places);
    }
}

// The token that is said at each place.
static void put_tokens(const nnrt_answer *answer, nnrt_json *json, const char *key,
                       const float *outputs) {
    nnrt_json_open(json, key, '[');
    for (int64_t i = 0; i < nnrt_answer_places(answer->output); i++)
        nnrt_json_string(json, NULL, answer->tokens[nnrt_answer_class(answer->output, outputs, i)]);
    nnrt_json_close(json, ']');
}

static void print_tokens(const nnrt_answer *answer, const float *outputs) {
    nnrt_json json = {0};
    put_tokens(answer, &json, NULL, outputs);
    const char *text = nnrt_json_text(&json);
    printf(" %s", text ? text : "");
    nnrt_json_free(&json);
}

static void print_numbers(const nnrt_answer *answer, const float *outputs) {
    char number[NNRT_JSON_NUMBER];
    for (int64_t i = 0; i < answer->output->size; i++) {
        nnrt_float_text(number, outputs[i]);
        printf(" %s", number);
    }
}

static void print_answer(const nnrt_answer *answer, const float *outputs) {
    switch (answer->reading) {
    case NNRT_READ_CLASS: print_class(answer, outputs); break;
    case NNRT_READ_LABELS: print_labels(answer, outputs); break;
    case NNRT_READ_PLACES: (answer->tokens ? print_tokens : print_places)(answer, outputs); break;
    case NNRT_READ_NUMBERS: print_numbers(answer, outputs); break;
    }
}

void nnrt_row_text(const nnrt_row *row) {
    for (int64_t i = 0; i < row->count; i++) {
        const nnrt_answer *answer = &row->answers[i];
        if (row->count > 1) printf("%s %s:", i ? ";" : "", answer->output->name);
        print_answer(answer, row->outputs + answer->first);
    }
}

void nnrt_print_row_text(const nnrt_row *row) {
    printf(row->input->is_single ? "%s:" : "%s[%" PRId64 "]:", row->input->path, row->number);
    nnrt_row_text(row);
    putchar('\n');
}

// ---- JSON.

static void json_labels(const nnrt_answer *answer, nnrt_json *json, const float *outputs) {
    char number[32];
    nnrt_json_open(json, "classes", '[');
    for (int64_t i = 0; i < answer->output->size; i++) {
        if (!nnrt_answer_is_label(outputs, i)) continue;
        nnrt_json_open(json, NULL, '{');
        nnrt_json_string(json, "class", nnrt_answer_name(answer, i, number));
        nnrt_json_integer(json, "index", i);
        nnrt_json_float(json, "probability", outputs[i]);
        nnrt_json_close(json, '}');
    }
    nnrt_json_close(json, ']');
}

// Lists of lists, as deep as there are dimensions of places; a vector alone is one place.
static void json_map(const nnrt_output *output, nnrt_json *json, int64_t dimension, int64_t first,
                     int64_t count, const float *outputs) {
    int64_t extent = output->rank > 1 ? output->shape[dimension] : 1;
    nnrt_json_open(json, dimension ? NULL : "classes", '[');
    for (int64_t i = 0; i < extent; i++) {
        int64_t place = first + i * (count / extent);
        if (dimension + 2 < output->rank)
            json_map(output, json, dimension + 1, place, count / extent, outputs);
        else
            nnrt_json_integer(json, NULL, nnrt_answer_class(output, outputs, place));
    }
    nnrt_json_close(json, ']');
}

static void json_class(const nnrt_answer *answer, nnrt_json *json, const float *outputs) {
    char number[32];
    int64_t best = nnrt_answer_best(answer, outputs);
    nnrt_json_string(json, "class", nnrt_answer_name(answer, best, number));
    nnrt_json_integer(json, "index", best);
    nnrt_json_float(json, "probability", nnrt_answer_value(answer, outputs, best));
}

static void json_answer(const nnrt_answer *answer, nnrt_json *json, const float *outputs) {
    if (answer->reading == NNRT_READ_CLASS) json_class(answer, json, outputs);
    if (answer->reading == NNRT_READ_LABELS) json_labels(answer, json, outputs);
    if (answer->reading == NNRT_READ_PLACES) {
        json_map(answer->output, json, 0, 0, nnrt_answer_places(answer->output), outputs);
        if (answer->tokens) put_tokens(answer, json, "tokens", outputs);
        return;
    }
    nnrt_json_open(json, "outputs", '[');
    for (int64_t i = 0; i < answer->output->size; i++) nnrt_json_float(json, NULL, outputs[i]);
    nnrt_json_close(json, ']');
}

void nnrt_row_json(const nnrt_row *row, nnrt_json *json) {
    if (row->count == 1) json_answer(row->answers, json, row->outputs);
    if (row->count > 1) nnrt_json_open(json, "outputs", '{');
    for (int64_t i = 0; i < row->count && row->count > 1; i++) {
        nnrt_json_open(json, row->answers[i].output->name, '{');
        json_answer(&row->answers[i], json, row->outputs + row->answers[i].first);
        nnrt_json_close(json, '}');
    }
    if (row->count > 1) nnrt_json_close(json, '}');
}

void nnrt_print_row_json(const nnrt_row *row) {
    nnrt_json json = {0};
    nnrt_json_open(&json, NULL, '{');
    nnrt_json_string(&json, "input", row->input->path);
    nnrt_json_integer(&json, "row", row->number);
    nnrt_row_json(row, &json);
    nnrt_json_close(&json, '}');
    nnrt_json_print(&json);
}

// ---- CSV.

// RFC 4180: quoted where needed.
static int needs_quotes(const char *text) {
    return strpbrk(text, ",\"\r\n") != NULL;
}

static void print_quoted(const char *text) {
    for (; *text; text++) {
        if (*text == '"') putchar('"');
        putchar(*text);
    }
}

void nnrt_print_csv_cell(const char *text) {
    const char *quote = needs_quotes(text) ? "\"" : "";
    fputs(quote, stdout);
    print_quoted(text);
    fputs(quote, stdout);
}

// The columns of numbers: outputs, or the shares of classes among places.
static int64_t csv_columns(const nnrt_answer *answer) {
    return answer->reading == NNRT_READ_PLACES ? nnrt_answer_classes(answer->output)
                                               : answer->output->size;
}

// "largest_" before the columns of one of several outputs.
static void csv_head(const nnrt_answer *answer, const char *output) {
    char number[32], column[600];
    const char *separator = *output ? "_" : "";
    if (answer->reading == NNRT_READ_CLASS)
        printf(",%s%sclass,%s%sprobability", output, separator, output, separator);
    if (answer->reading == NNRT_READ_LABELS) printf(",%s%sclasses", output, separator);
    int is_named = answer->reading != NNRT_READ_NUMBERS && csv_columns(answer) > 1;
    for (int64_t i = 0; i < csv_columns(answer); i++) {
        snprintf(number, sizeof number, "%" PRId64, i);
        const char *name = is_named ? nnrt_answer_name(answer, i, number) : number;
        snprintf(column, sizeof column, "%s_%s", *output ? output : "output", name);
        putchar(',');
        nnrt_print_csv_cell(is_named && !*output ? name : column);
    }
}

void nnrt_row_csv_head(const nnrt_row *row, const char *prefix) {
    char text[512];
    for (int64_t i = 0; i < row->count; i++) {
        const char *output = row->count > 1 ? row->answers[i].output->name : "";
        snprintf(text, sizeof text, "%s%s%s", prefix, *prefix && *output ? "_" : "", output);
        int is_number =
            row->answers[i].reading == NNRT_READ_NUMBERS && row->answers[i].output->size == 1;
        if (*prefix && is_number)
            printf(",%s", text);
        else
            csv_head(&row->answers[i], text);
    }
}

// Class and probability, or the labels that are there, then the numbers.
int64_t nnrt_row_csv_columns(const nnrt_row *row) {
    int64_t count = 0;
    for (int64_t i = 0; i < row->count; i++) {
        nnrt_reading reading = row->answers[i].reading;
        count += csv_columns(&row->answers[i]) + (reading == NNRT_READ_LABELS) +
                 2 * (reading == NNRT_READ_CLASS);
    }
    return count;
}

void nnrt_print_head_csv(const nnrt_row *row) {
    fputs("input,row", stdout);
    nnrt_row_csv_head(row, "");
    putchar('\n');
}

static void csv_class(const nnrt_answer *answer, const float *outputs) {
    char number[NNRT_JSON_NUMBER];
    int64_t best = nnrt_answer_best(answer, outputs);
    putchar(',');
    nnrt_print_csv_cell(nnrt_answer_name(answer, best, number));
    nnrt_float_text(number, nnrt_answer_value(answer, outputs, best));
    printf(",%s", number);
}

// "red;round"
static void csv_labels(const nnrt_answer *answer, const float *outputs) {
    char number[32];
    const char *quote = "", *separator = "";
    for (int64_t i = 0; i < answer->output->size; i++)
        if (nnrt_answer_is_label(outputs, i) && needs_quotes(nnrt_answer_name(answer, i, number)))
            quote = "\"";
    printf(",%s", quote);
    for (int64_t i = 0; i < answer->output->size; i++) {
        if (!nnrt_answer_is_label(outputs, i)) continue;
        fputs(separator, stdout);
        print_quoted(nnrt_answer_name(answer, i, number));
        separator = ";";
    }
    fputs(quote, stdout);
}

static void csv_answer(const nnrt_answer *answer, const float *outputs) {
    char number[NNRT_JSON_NUMBER];
    if (answer->reading == NNRT_READ_CLASS) csv_class(answer, outputs);
    if (answer->reading == NNRT_READ_LABELS) csv_labels(answer, outputs);
    for (int64_t i = 0; i < csv_columns(answer); i++) {
        float value = answer->reading == NNRT_READ_PLACES
                          ? (float)((double)nnrt_answer_count(answer->output, outputs, i) /
                                    (double)nnrt_answer_places(answer->output))
                          : outputs[i];
        nnrt_float_text(number, value);
        printf(",%s", number);
    }
}

void nnrt_row_csv(const nnrt_row *row) {
    for (int64_t i = 0; i < row->count; i++)
        csv_answer(&row->answers[i], row->outputs + row->answers[i].first);
}

void nnrt_print_row_csv(const nnrt_row *row) {
    nnrt_print_csv_cell(row->input->path);
    printf(",%" PRId64, row->number);
    nnrt_row_csv(row);
    putchar('\n');
}
