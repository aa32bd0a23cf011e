// What compiled programs have room for: the runtime keeps columns, steps and the values that it
// tells in arrays of fixed sizes (runtime/nnrt.h).
#include "check.h"

static Diag *report(Checker *c, Span span, const char *owner, const char *what, int limit,
                    int count) {
    Diag *diag = diag_report(c->sink, DIAG_E0205, span, "%s at most %d %s, not %d", owner, limit,
                             what, count);
    diag_label(diag, "too many");
    return diag;
}

static void check_model(Checker *c, const ModelEntry *entry) {
    const AstList *inputs = &entry->declaration->parameters;
    const Graph *forward = entry->model->forward;
    Diag *diag = NULL;
    if (!forward) return;
    if (inputs->count > NNRT_MAX_COLUMNS)
        diag = report(c, inputs->items[NNRT_MAX_COLUMNS]->span, "a model has", "inputs",
                      NNRT_MAX_COLUMNS, inputs->count);
    else if (forward->outputs.count > NNRT_MAX_COLUMNS)
        diag = report(c, entry->declaration->name_span, "a model has", "outputs", NNRT_MAX_COLUMNS,
                      forward->outputs.count);
    if (diag) diag_help(diag, "make one tensor of several: `concat(a, b)`");
}

static void check_steps(Checker *c, const Training *training) {
    if (training->steps.count <= NNRT_MAX_STEPS) return;
    Diag *diag = report(c, training->steps.items[NNRT_MAX_STEPS]->span, "a `train` block has",
                        "steps", NNRT_MAX_STEPS, training->steps.count);
    diag_help(diag, "a step may update several models, and what it minimizes is added");
}

// Of an epoch: the loss, then what each step and each output tells.
static int count_values(const Training *training) {
    int count = 1;
    for (int i = 0; i < training->steps.count; i++) {
        const TrainStep *step = training->steps.items[i];
        count += training->steps.count > 1;
        for (int k = 0; k < step->terms.count; k++) count += step->terms.items[k].is_reported;
    }
    for (int i = 0; i < training->losses.count; i++)
        count += training->losses.items[i].metrics.count;
    return count;
}

// The history has those of all blocks, of the training part, of validation, and the learning rate.
static void check_values(Checker *c) {
    int count = 1;
    for (int i = 0; i < c->program->trainings.count; i++)
        count += 2 * count_values(c->program->trainings.items[i]);
    if (count <= NNRT_MAX_VALUES) return;
    const Training *last = c->program->trainings.items[c->program->trainings.count - 1];
    Diag *diag = report(c, last->span, "the `train` blocks of a program tell",
                        "values of an epoch, with those of validation", NNRT_MAX_VALUES, count);
    diag_help(diag, "leave out metrics, or values that steps report");
}

void limits_check(Checker *c) {
    for (int i = 0; i < c->models.count; i++) check_model(c, c->models.items[i]);
    for (int i = 0; i < c->program->trainings.count; i++)
        check_steps(c, c->program->trainings.items[i]);
    if (c->program->trainings.count) check_values(c);
}
