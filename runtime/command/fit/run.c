// What the folder of the run (`--run`) keeps of epochs and of the end.
#include "../report/report.h"
#include "fit.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// As of callbacks: the training is worth more.
static void warn(nnrt_fit *f) {
    f->log_failed = 1;
    fprintf(stderr, "warning: %s; training goes on\n", nnrt_error());
}

void nnrt_fit_log_run(nnrt_fit *f, int64_t epoch, const nnrt_log *log) {
    int has_failed = nnrt_run_epoch(f->run, epoch, log) != NNRT_OK;
    if (has_failed && !f->run->was_told) warn(f);
    f->run->was_told = has_failed;
}

static json_t *values_of(const nnrt_log *log) {
    json_t *values = json_object();
    for (int64_t i = 0; values && i < log->count; i++)
        json_object_set_new(values, log->values[i].name, json_real(log->values[i].value));
    return values;
}

static nnrt_status write_result(const nnrt_fit *f) {
    nnrt_json json = {0};
    nnrt_status status = nnrt_fit_make_json(f, &json);
    const char *text = status ? NULL : nnrt_json_text(&json);
    if (!status)
        status =
            text ? nnrt_run_result(f->run, text) : nnrt_fail_memory("the results", json.capacity);
    nnrt_json_free(&json);
    return status;
}

// Before the reason of the end is told, which leaves its message.
void nnrt_fit_end_run(nnrt_fit *f) {
    char fingerprint[32];
    if (!f->run->folder[0]) return;
    snprintf(fingerprint, sizeof fingerprint, "%016" PRIx64, f->fingerprint);
    nnrt_run_tell(f->run, "seed", json_integer(f->call.seed));
    nnrt_run_tell(f->run, "threads", json_integer(nnrt_team_size(f->session->team)));
    nnrt_run_tell(f->run, "epochs", json_integer(f->epochs));
    nnrt_run_tell(f->run, "steps", json_integer(f->steps));
    nnrt_run_tell(f->run, "seconds", json_real(f->seconds));
    nnrt_run_tell(f->run, "stopped_early", json_boolean(f->was_stopped != 0));
    if (f->keeping.monitored[0]) {
        nnrt_run_tell(f->run, "monitored", json_string(f->keeping.monitored));
        nnrt_run_tell(f->run, "more_is_better", json_boolean(f->keeping.is_max != 0));
    }
    if (f->best_epoch) nnrt_run_tell(f->run, "restored_epoch", json_integer(f->best_epoch));
    if (f->test.count) nnrt_run_tell(f->run, "test", values_of(&f->test));
    if (f->fingerprint) nnrt_run_tell(f->run, "fingerprint", json_string(fingerprint));
    if (write_result(f)) warn(f);
}

static nnrt_status write_report(nnrt_fit *f) {
    nnrt_weights_info *info = &f->session->info;
    char *history = info->tell_history(info);
    if (!history) return nnrt_fail_memory("the history", 0);
    info->history = history;
    nnrt_status status = nnrt_report_write(f->session, f->run->report);
    info->history = NULL;
    free(history);
    return status;
}

// A page less is no failure of the training.
void nnrt_fit_report_run(nnrt_fit *f) {
    if (!f->run->folder[0] || f->options->no_report || !f->steps) return;
    if (!write_report(f)) {
        nnrt_progress_note(&f->progress, "report written to %s", f->run->report);
        return;
    }
    fprintf(stderr,
            "warning: the run has no report: %.*s; `%s report --weights %s -o %s` makes it\n",
            (int)strcspn(nnrt_error(), "\n"), nnrt_error(), f->options->called, f->save_path,
            f->run->report);
}
