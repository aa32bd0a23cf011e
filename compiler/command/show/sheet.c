// `nnc data FILE [DATASET] --png FILE`: the pictures of a data set in one file.
#include "../../../runtime/data/look/sheet.h"

#include "../../driver/output.h"
#include "data.h"

#include <string.h>

static bool is_asked(const Session *session, const Dataset *dataset) {
    const Options *options = session->options;
    for (int i = 1; i < options->operands.count; i++)
        if (!strcmp(options->operands.items[i], dataset->name)) return true;
    return options->operands.count < 2;
}

// The only one that is asked for; NULL: reported.
static const Dataset *find_dataset(const Session *session) {
    const Program *program = session->program;
    const Dataset *found = NULL;
    int count = 0;
    for (int i = 0; i < program->datasets.count; i++) {
        if (!is_asked(session, program->datasets.items[i])) continue;
        found = program->datasets.items[i];
        count++;
    }
    if (count == 1) return found;
    Diag *diag = diag_report(session->sink, DIAG_E0101, SPAN_FILE(session->file),
                             "--png shows the pictures of one data set, but there are %d", count);
    if (count) diag_help(diag, "name one: `nnc data FILE %s --png ..`", found->name);
    return NULL;
}

static void describe(Text *out, const nnrt_sheet *sheet, const char *path) {
    text_format(out, "%s: ", path);
    for (int64_t i = 0; i < sheet->classes; i++) {
        text_put(out, i ? ", " : "one class a line, from above: ");
        if (sheet->names)
            text_format(out, "`%s`", sheet->names[i]);
        else
            text_format(out, "%lld", (long long)i);
    }
    if (!sheet->classes) text_put(out, "the first pictures");
    text_put(out,
             sheet->is_augmented ? "; beside each picture, on its right, as augmented\n" : "\n");
}

static bool report(const Session *session, const Dataset *dataset) {
    diag_report(session->sink, DIAG_E0402, dataset->span, "%s", nnrt_error());
    return false;
}

bool data_sheet(Text *out, Session *session) {
    const char *path = session->options->png;
    const Dataset *dataset = session->program ? find_dataset(session) : NULL;
    nnrt_sheet sheet;
    if (!dataset || !dataset->found) return false; // what is missing was reported
    if (!output_check(session->arena, path, session->sources, session->sink)) return false;
    const nnrt_call *calls = program_calls(session->arena, &dataset->stages);
    if (nnrt_sheet_make(calls, dataset->stages.count, dataset->folder, &sheet))
        return report(session, dataset);
    bool ok = !nnrt_grid_write(&sheet.grid, nnrt_file_create(path));
    if (!ok) diag_report(session->sink, DIAG_E0902, SPAN_NONE, "%s", nnrt_error());
    if (ok && !session->options->json) describe(out, &sheet, path);
    nnrt_sheet_free(&sheet);
    return ok;
}
