// The program as it was written, and with every default written out.
#include "../section.h"

#include <string.h>

enum { MOST_BYTES = 60000 };

static int applies(const nnrt_report *report) {
    return report->session->program->source_text != NULL;
}

static void draw_text(nnrt_markup *markup, const char *text) {
    size_t length = strlen(text), shown = length < MOST_BYTES ? length : MOST_BYTES;
    while (shown < length && shown && text[shown - 1] != '\n') shown--; // whole lines
    nnrt_markup_begin(markup, "pre");
    nnrt_markup_write_bytes(markup, text, shown);
    nnrt_markup_end(markup);
    if (shown < length)
        nnrt_markup_leaf_print(markup, "p", "note", "Its first %d of %d bytes.", (int)shown,
                               (int)length);
}

static nnrt_status draw(nnrt_report *report) {
    const nnrt_program *program = report->session->program;
    nnrt_markup *markup = report->markup;
    draw_text(markup, program->source_text);
    if (!program->expanded_text) return NNRT_OK;
    nnrt_markup_begin(markup, "details");
    nnrt_markup_leaf(markup, "summary", NULL, "With every default written out");
    draw_text(markup, program->expanded_text);
    nnrt_markup_end(markup);
    return NNRT_OK;
}

const nnrt_section nnrt_section_program = {"program", "The program", applies, draw};
