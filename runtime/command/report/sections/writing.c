// A text that the model writes.
#include "../../generation/generate.h"
#include "../section.h"

#include <stdlib.h>
#include <string.h>

enum { LENGTH = 400 };

static int applies(const nnrt_report *report) {
    return report->model->generate.run != NULL;
}

// A model whose texts have no beginning that is known, or that fails, says so.
static nnrt_status draw(nnrt_report *report) {
    nnrt_markup *markup = report->markup;
    char *text;
    nnrt_status status = nnrt_generate_text(report->session, LENGTH, &text);
    if (status && nnrt_memory_failure()) return status;
    if (status) {
        nnrt_markup_open(markup, "p", "note");
        nnrt_markup_write_bytes(markup, nnrt_error(), strcspn(nnrt_error(), "\n"));
        nnrt_markup_end(markup);
        return NNRT_OK;
    }
    nnrt_markup_leaf_print(
        markup, "p", "note",
        "%d tokens behind the beginning of a line, at temperature %g. `generate` "
        "writes more.",
        LENGTH, report->session->options->temperature);
    nnrt_markup_leaf(markup, "pre", "wrap", text ? text : "");
    free(text);
    return NNRT_OK;
}

const nnrt_section nnrt_section_writing = {"writing", "A text", applies, draw};
