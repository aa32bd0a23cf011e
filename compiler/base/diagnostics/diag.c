// The sink: collects, drops what is reported twice, sorts, and prints once.
#include "diag_internal.h"

#include <stdlib.h>
#include <string.h>

enum {
    DIAG_MAX_SHOWN = 20,   // in the text form; the rest is counted
    DIAG_MAX_STORED = 1000 // a hostile file may hold millions of mistakes
};

typedef struct CodeRow {
    const char *name, *title;
    DiagSeverity severity;
} CodeRow;

static const CodeRow code_rows[] = {
#define DIAG(code, severity, title) {#code, title, DIAG_##severity},
#include "diag.def"
#undef DIAG
};

struct DiagSink {
    Arena *arena;
    SourceSet *sources;
    VEC(Diag *) diags;
    int counts[2]; // by severity, those that are not stored included
};

DiagSink *diag_create(Arena *arena, SourceSet *sources) {
    DiagSink *sink = ARENA_NEW(arena, DiagSink);
    sink->arena = arena;
    sink->sources = sources;
    return sink;
}

const char *diag_code_name(DiagCode code) {
    return code_rows[code].name;
}

const char *diag_code_title(DiagCode code) {
    return code_rows[code].title;
}

int diag_code_find(const char *name) {
    for (int code = 0; code < DIAG_CODE_COUNT; code++)
        if (strcasecmp(code_rows[code].name, name) == 0) return code;
    return -1;
}

const char *diag_severity_name(DiagSeverity severity) {
    return severity == DIAG_ERROR ? "error" : "warning";
}

int diag_error_count(const DiagSink *sink) {
    return sink->counts[DIAG_ERROR];
}

static bool same_span(Span a, Span b) {
    return a.file == b.file && a.lo == b.lo && a.hi == b.hi;
}

// One mistake, one message: a place that has an error gets nothing more, one that has a warning no
// further one of its code. Messages without a place are the same only word for word.
static bool is_repeated(const DiagSink *sink, DiagCode code, Span span, const char *message) {
    for (int i = 0; i < sink->diags.count; i++) {
        const Diag *diag = sink->diags.items[i];
        if (!same_span(diag->primary.span, span)) continue;
        if (!span_has_place(span) && strcmp(diag->message, message) != 0) continue;
        if (diag->severity == DIAG_ERROR || diag->code == code) return true;
    }
    return false;
}

Diag *diag_report(DiagSink *sink, DiagCode code, Span span, const char *format, ...) {
    DiagSeverity severity = code_rows[code].severity;
    if (sink->diags.count >= DIAG_MAX_STORED) {
        sink->counts[severity]++;
        return NULL;
    }
    va_list arguments;
    va_start(arguments, format);
    const char *message = arena_vformat(sink->arena, format, arguments);
    va_end(arguments);
    if (is_repeated(sink, code, span, message)) return NULL;
    Diag *diag = ARENA_NEW(sink->arena, Diag);
    diag->arena = sink->arena;
    diag->code = code;
    diag->severity = severity;
    diag->message = message;
    diag->primary.span = span;
    diag->order = sink->diags.count;
    vec_push(sink->arena, &sink->diags, diag);
    sink->counts[severity]++;
    return diag;
}

#define FORMAT_ARGUMENTS(result, arena, format)                                                    \
    va_list arguments;                                                                             \
    va_start(arguments, format);                                                                   \
    const char *result = arena_vformat((arena), (format), arguments);                              \
    va_end(arguments)

void diag_label(Diag *diag, const char *format, ...) {
    if (!diag) return;
    FORMAT_ARGUMENTS(text, diag->arena, format);
    diag->primary.text = text;
}

void diag_secondary(Diag *diag, Span span, const char *format, ...) {
    if (!diag || !span_has_place(span)) return;
    FORMAT_ARGUMENTS(text, diag->arena, format);
    vec_push(diag->arena, &diag->secondary, ((DiagLabel){span, text}));
}

void diag_note(Diag *diag, const char *format, ...) {
    if (!diag) return;
    FORMAT_ARGUMENTS(text, diag->arena, format);
    vec_push(diag->arena, &diag->notes, text);
}

void diag_help(Diag *diag, const char *format, ...) {
    if (!diag) return;
    FORMAT_ARGUMENTS(text, diag->arena, format);
    vec_push(diag->arena, &diag->helps, text);
}

static int compare_numbers(uint32_t a, uint32_t b) {
    return (a > b) - (a < b);
}

// Adding 1 puts messages without a place (file UINT32_MAX) first.
static int compare_places(const void *left, const void *right) {
    const Diag *a = *(Diag *const *)left, *b = *(Diag *const *)right;
    Span s = a->primary.span, t = b->primary.span;
    int order = compare_numbers(s.file + 1, t.file + 1);
    if (!order) order = compare_numbers(s.lo, t.lo);
    if (!order) order = compare_numbers(s.hi, t.hi);
    return order ? order : a->order - b->order;
}

static const char *plural(int count) {
    return count == 1 ? "" : "s";
}

static void print_summary(Text *out, const DiagSink *sink, int shown, bool color) {
    int errors = sink->counts[DIAG_ERROR], warnings = sink->counts[DIAG_WARNING];
    int hidden = errors + warnings - shown;
    const char *severity = diag_severity_name(errors ? DIAG_ERROR : DIAG_WARNING);
    const char *paint = !color ? "" : errors ? "\033[1;31m" : "\033[1;33m";
    text_format(out, "%s%s%s: ", paint, severity, color ? "\033[0m" : "");
    if (errors) text_format(out, "%d error%s", errors, plural(errors));
    if (warnings)
        text_format(out, "%s%d warning%s", errors ? ", " : "", warnings, plural(warnings));
    if (hidden > 0) text_format(out, " (%d more not shown)", hidden);
    text_put(out, "\n");
}

// Errors come before warnings where not all of them are shown.
static void print_text(Text *out, const DiagSink *sink, bool color) {
    bool explained[DIAG_CODE_COUNT] = {false};
    int errors = sink->counts[DIAG_ERROR], shown = 0;
    int warnings_left = errors < DIAG_MAX_SHOWN ? DIAG_MAX_SHOWN - errors : 0;
    for (int i = 0; i < sink->diags.count && shown < DIAG_MAX_SHOWN; i++) {
        const Diag *diag = sink->diags.items[i];
        if (diag->severity == DIAG_WARNING && warnings_left-- <= 0) continue;
        diag_render_text(out, diag, sink->sources, !explained[diag->code], color);
        text_put(out, "\n");
        explained[diag->code] = true;
        shown++;
    }
    print_summary(out, sink, shown, color);
}

// A mistake in an imported file: what imports it, up to the file that nnc was given.
static void note_importers(const DiagSink *sink, Diag *diag) {
    const Source *source = sources_get(sink->sources, diag->primary.span.file);
    while (source && span_has_place(source->importer)) {
        Place place = sources_place(sink->sources, source->importer.file, source->importer.lo);
        diag_note(diag, "`%s` is imported in %s:%d", source->path, place.path, place.line);
        source = sources_get(sink->sources, source->importer.file);
    }
}

void diag_print(DiagSink *sink, FILE *out, DiagFormat format, bool color) {
    if (sink->diags.count == 0) return;
    for (int i = 0; i < sink->diags.count; i++) note_importers(sink, sink->diags.items[i]);
    qsort(sink->diags.items, (size_t)sink->diags.count, sizeof *sink->diags.items, compare_places);
    Text text = text_create(sink->arena);
    if (format == DIAG_TEXT)
        print_text(&text, sink, color);
    else
        for (int i = 0; i < sink->diags.count; i++)
            diag_render_json(&text, sink->diags.items[i], sink->sources);
    fwrite(text.data, 1, text.length, out);
}
