// What `fit --doctor` has found.
#include "fit.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

nnrt_status nnrt_fit_open_checkup(nnrt_fit *f) {
    f->checkup = nnrt_checkup_create(&f->trainer);
    return f->checkup ? NNRT_OK : NNRT_ERROR;
}

static nnrt_status keep(nnrt_fit *f) {
    int64_t count = nnrt_checkup_count(f->checkup);
    size_t size = (size_t)(f->complaint_count + count + 1) * sizeof *f->complaints;
    nnrt_complaint *complaints = realloc(f->complaints, size);
    if (!complaints) return nnrt_fail_memory("--doctor", size);
    f->complaints = complaints;
    for (int64_t i = 0; i < count; i++)
        complaints[f->complaint_count++] = *nnrt_checkup_complaint(f->checkup, i);
    return NNRT_OK;
}

// Where progress is JSON, its lines have standard output for themselves.
static FILE *place_of(const nnrt_fit *f) {
    return f->options->progress == NNRT_PROGRESS_JSON ? stderr : stdout;
}

static void print(const nnrt_fit *f, const nnrt_complaint *complaint) {
    FILE *out = place_of(f);
    char line[64];
    fprintf(out, "doctor: %s\n", complaint->text);
    nnrt_profile_line_text(f->session->program, complaint->line, line, sizeof line);
    if (complaint->line) fprintf(out, "  line %" PRId64 ": %s\n", complaint->line, line);
    fprintf(out, "  what helps: %s\n", complaint->remedy);
}

nnrt_status nnrt_fit_tell_checkup(nnrt_fit *f) {
    char looked[128];
    nnrt_status status = nnrt_checkup_read(f->checkup);
    if (!status) status = keep(f);
    if (status || f->options->json) return status;
    int64_t count = nnrt_checkup_count(f->checkup);
    nnrt_checkup_text(f->checkup, looked, sizeof looked);
    for (int64_t i = 0; i < count; i++) print(f, nnrt_checkup_complaint(f->checkup, i));
    if (!count) fprintf(place_of(f), "doctor: nothing found; %s\n", looked);
    return NNRT_OK;
}

void nnrt_fit_complaints_json(const nnrt_fit *f, nnrt_json *json) {
    nnrt_json_open(json, "doctor", '[');
    for (int64_t i = 0; i < f->complaint_count; i++) {
        const nnrt_complaint *complaint = &f->complaints[i];
        nnrt_json_open(json, NULL, '{');
        nnrt_json_string(json, "kind", complaint->kind);
        nnrt_json_string(json, "layer", complaint->layer);
        nnrt_json_integer(json, "line", complaint->line);
        nnrt_json_string(json, "found", complaint->text);
        nnrt_json_string(json, "helps", complaint->remedy);
        nnrt_json_close(json, '}');
    }
    nnrt_json_close(json, ']');
}
