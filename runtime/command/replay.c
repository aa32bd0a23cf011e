// `replay FILE`: a step that `fit` kept, because a value in it is not finite, once more.
#include "../doctor/saved_step.h"
#include "../session/models.h"
#include "command.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void print_step(const nnrt_saved_step *saved, const nnrt_trainer *trainer) {
    const nnrt_training *training = trainer->training;
    const double *losses = trainer->losses;
    printf("epoch %" PRId64 ", step %" PRId64 " of %" PRId64 ": %" PRId64 " samples",
           saved->epoch + 1, saved->step + 1, saved->steps, saved->count);
    for (int64_t i = 0; i < trainer->pass.turn_count; i++) {
        const char *name = training->step_count > 1 ? training->steps[i].name : NULL;
        printf(", %s%sloss %g", name ? name : "", name ? "_" : "",
               isnan(*losses) ? (double)NAN : *losses); // no sign
        losses += trainer->pass.turns[i].values;
    }
    printf("\n");
}

static nnrt_status report(const nnrt_saved_step *saved, const nnrt_finding *finding,
                          const nnrt_program *program) {
    char text[NNRT_FINDING_TEXT], advice[256];
    uint32_t numbers[NNRT_FINDING_SAMPLES];
    nnrt_finding shown = *finding;
    for (int64_t i = 0; i < shown.sample_count; i++) {
        numbers[i] = (uint32_t)saved->numbers[shown.samples[i]];
        shown.samples[i] = (uint32_t)i;
    }
    if (!finding->function && !finding->weights) {
        printf("all values of the step are finite\n");
        return NNRT_OK;
    }
    nnrt_finding_text(&shown, program, numbers, text, sizeof text);
    nnrt_finding_advice(finding, advice, sizeof advice);
    return nnrt_fail(NNRT_NOT_FINITE, "the step is not finite%s\n  what helps: %s", text, advice);
}

nnrt_status nnrt_command_replay(nnrt_session *session) {
    nnrt_saved_step saved;
    nnrt_trainer trainer;
    nnrt_finding finding;
    if (!session->program->training_count)
        return nnrt_fail(NNRT_ERROR, "`%s` has no `train` block, so there is nothing to replay",
                         session->program->source_path);
    nnrt_status status =
        nnrt_saved_step_read(&saved, session->options->inputs[0], session, &trainer);
    if (status) return status;
    status = nnrt_finding_search(&trainer, &finding, NULL);
    if (!status) print_step(&saved, &trainer);
    if (!status) status = report(&saved, &finding, session->program);
    nnrt_trainer_close(&trainer);
    nnrt_saved_step_free(&saved);
    return status;
}
