// What the rows of a learning-rate schedule cannot say about its arguments.
#include "../../../runtime/session/schedules/schedule.h"
#include "../check.h"

static const nnrt_schedule_row *row_of(const Args *args) {
    return (const nnrt_schedule_row *)args->schema;
}

static bool check_unit(Checker *c, const Args *args) {
    const ArgValue *epochs = args_get(args, "epochs"), *steps = args_get(args, "steps");
    const char *name = args->schema->name;
    if (epochs->is_set != steps->is_set) return true;
    bool is_twice = epochs->is_set;
    Diag *diag = is_twice ? diag_report(c->sink, DIAG_E0104, steps->span,
                                        "`%s` takes `epochs` or `steps`, not both", name)
                          : diag_report(c->sink, DIAG_E0105, args->span,
                                        "`%s` needs `epochs` or `steps`", name);
    diag_label(diag, is_twice ? "the second unit" : "how long?");
    if (is_twice)
        diag_secondary(diag, epochs->span, "the first unit");
    else
        diag_help(diag, "one of them says how long, and in which unit: `epochs = %s`",
                  row_of(args)->has_boundaries ? "[80, 120]" : "10");
    return false;
}

static bool check_boundaries(Checker *c, const Args *args) {
    const ArgValue *epochs = args_get(args, "epochs"), *rates = args_get(args, "rates");
    const ArgValue *boundaries = epochs->is_set ? epochs : args_get(args, "steps");
    const char *unit = epochs->is_set ? "epochs" : "steps";
    Diag *diag;
    if (boundaries->count != rates->count) {
        diag = diag_report(c->sink, DIAG_E0202, rates->span,
                           "`%s` has %d boundar%s in `%s`, but %d rate%s", args->schema->name,
                           boundaries->count, boundaries->count == 1 ? "y" : "ies", unit,
                           rates->count, rates->count == 1 ? "" : "s");
        diag_label(diag, "needs one rate for each boundary");
        diag_secondary(diag, boundaries->span, "%d", boundaries->count);
        diag_help(diag, "`initial` is the rate before the first boundary; `rates` are those after");
        return false;
    }
    for (int i = 1; i < boundaries->count; i++) {
        if (boundaries->numbers[i] > boundaries->numbers[i - 1]) continue;
        diag = diag_report(c->sink, DIAG_E0202, boundaries->span,
                           "`%s` of `%s` must ascend, but %s follows %s", unit, args->schema->name,
                           text_of_number(c->arena, boundaries->numbers[i]),
                           text_of_number(c->arena, boundaries->numbers[i - 1]));
        diag_label(diag, "not in order");
        return false;
    }
    return true;
}

// Keras ignores the one without the other.
static bool check_warmup(Checker *c, const Args *args) {
    const ArgValue *warmup = args_get(args, "warmup"), *target = args_get(args, "warmup_target");
    if (warmup->is_set == target->is_set) return true;
    const char *missing = warmup->is_set ? "warmup_target" : "warmup";
    Diag *diag = diag_report(c->sink, DIAG_E0105, warmup->is_set ? warmup->span : target->span,
                             "`%s` needs `%s`, too", args->schema->name, missing);
    diag_label(diag, "a warm-up has a length and a rate at its end");
    diag_help(diag, "`warmup_target` is the rate that is reached, `warmup` how long that takes");
    return false;
}

static bool check_rate(Checker *c, const ArgValue *rate);

// What a warm-up leads to is no other one: two lines are `piecewise`'s business.
static bool check_next(Checker *c, const Args *args) {
    const ArgValue *next = &args->values[0];
    if (!next->callee || !row_of(next->args)->leads) return check_rate(c, next);
    Diag *diag = diag_report(c->sink, DIAG_E0202, next->args->span, "a `%s` before a `%s`",
                             args->schema->name, next->callee->name);
    diag_label(diag, "expected a number or another schedule");
    diag_help(diag, "say how long it is in one of them");
    return false;
}

static bool check_rate(Checker *c, const ArgValue *rate) {
    if (!rate->callee || row_of(rate->args)->is_number) return true;
    bool ok = check_unit(c, rate->args);
    if (ok && row_of(rate->args)->has_boundaries) ok = check_boundaries(c, rate->args);
    if (ok && row_of(rate->args)->has_warmup) ok = check_warmup(c, rate->args);
    if (ok && row_of(rate->args)->leads) ok = check_next(c, rate->args);
    return ok;
}

bool schedule_check(Checker *c, const Args *optimizer_args) {
    return check_rate(c, args_get(optimizer_args, "learning_rate"));
}
