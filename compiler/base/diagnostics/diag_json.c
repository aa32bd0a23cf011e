// `--diagnostics=json`: columns count characters from 1; the end is the first place after the span.
// What a message lacks is null: the place, or the file too.
#include "diag_internal.h"

static void put_place(Text *out, Span span, const SourceSet *sources) {
    const Source *source = sources_get(sources, span.file);
    text_put(out, "\"file\":");
    if (source)
        text_json_string(out, source->path);
    else
        text_put(out, "null");
    if (!source || !span_has_place(span)) {
        text_put(out, ",\"line\":null,\"column\":null,\"end_line\":null,\"end_column\":null");
        return;
    }
    Place start = sources_place(sources, span.file, span.lo);
    Place end = sources_place(sources, span.file, span.hi);
    text_format(out, ",\"line\":%d,\"column\":%d,\"end_line\":%d,\"end_column\":%d", start.line,
                start.column, end.line, end.column);
}

static void put_label(Text *out, const char *label) {
    text_put(out, ",\"label\":");
    if (label)
        text_json_string(out, label);
    else
        text_put(out, "null");
}

static void put_lines(Text *out, const char *key, const DiagLines *lines) {
    text_format(out, ",\"%s\":[", key);
    for (int i = 0; i < lines->count; i++) {
        if (i) text_put(out, ",");
        text_json_string(out, lines->items[i]);
    }
    text_put(out, "]");
}

void diag_render_json(Text *out, const Diag *diag, const SourceSet *sources) {
    text_format(out, "{\"severity\":\"%s\",\"code\":\"%s\",\"message\":",
                diag_severity_name(diag->severity), diag_code_name(diag->code));
    text_json_string(out, diag->message);
    text_put(out, ",");
    put_place(out, diag->primary.span, sources);
    put_label(out, diag->primary.text);
    text_put(out, ",\"labels\":[");
    for (int i = 0; i < diag->secondary.count; i++) {
        text_put(out, i ? ",{" : "{");
        put_place(out, diag->secondary.items[i].span, sources);
        put_label(out, diag->secondary.items[i].text);
        text_put(out, "}");
    }
    text_put(out, "]");
    put_lines(out, "notes", &diag->notes);
    put_lines(out, "helps", &diag->helps);
    text_put(out, "}\n");
}
