// What data show about their columns, for data sets that a model is trained on: columns that teach
// nothing, that give the target away, that are too many. Warnings, and none of them may be a false
// alarm; what is sure is decided where the table is read (runtime/data/table/facts.h).
#include "../../../runtime/data/table/table.h"
#include "../check.h"

// "`id`, `name` and `zip`"
static NameList columns_of(Checker *c, const nnrt_data_info *info, nnrt_fact_kind kind) {
    NameList names = {0};
    for (int64_t i = 0; i < info->fact_count; i++)
        if (info->facts[i].kind == kind) vec_push(c->arena, &names, info->facts[i].column);
    return names;
}

static const char *written_name(Checker *c, const char *name) {
    return arena_strdup(c->arena, nnrt_written_name(name).text);
}

static const char *drop_text(Checker *c, const NameList *names) {
    Text text = text_create(c->arena);
    for (int i = 0; i < names->count; i++)
        text_format(&text, "%s%s", i ? ", " : "", written_name(c, names->items[i]));
    return text.data;
}

// The first that has it.
static const Call *stage_of(const Dataset *dataset, nnrt_fact_kind kind) {
    int64_t i = 0;
    while (dataset->info.facts[i].kind != kind) i++;
    return &dataset->stages.items[dataset->info.facts[i].stage];
}

static void warn_columns(Checker *c, const Dataset *dataset, nnrt_fact_kind kind, DiagCode code,
                         const char *one, const char *several, const char *label) {
    NameList names = columns_of(c, &dataset->info, kind);
    if (!names.count) return;
    Diag *diag = diag_report(c->sink, code, stage_of(dataset, kind)->args->span,
                             "the column%s %s %s", names.count > 1 ? "s" : "",
                             names_join(c->arena, &names, "and"), names.count > 1 ? several : one);
    diag_label(diag, "%s", label);
    diag_help(diag, "leave %s out: `-> drop(%s)`", names.count > 1 ? "them" : "it",
              drop_text(c, &names));
}

static void warn_commas(Checker *c, const Dataset *dataset) {
    NameList names = columns_of(c, &dataset->info, NNRT_FACT_COMMAS);
    if (!names.count) return;
    Diag *diag =
        diag_report(c->sink, DIAG_W0406, dataset->stages.items[0].args->span,
                    "the column%s %s %s numbers with a decimal comma, which are words here",
                    names.count > 1 ? "s" : "", names_join(c->arena, &names, "and"),
                    names.count > 1 ? "hold" : "holds");
    diag_label(diag, "`3,5` is no number, and becomes a category");
    diag_help(diag, "write `decimal = comma` in the source");
}

static void warn_categories(Checker *c, const Dataset *dataset) {
    for (int64_t i = 0; i < dataset->info.fact_count; i++) {
        const nnrt_fact *fact = &dataset->info.facts[i];
        if (fact->kind != NNRT_FACT_CATEGORIES) continue;
        const char *name = written_name(c, fact->column);
        Diag *diag = diag_report(c->sink, DIAG_W0402, dataset->stages.items[fact->stage].args->span,
                                 "the column `%s` becomes %.0f columns, one a category",
                                 fact->column, fact->number);
        diag_label(diag, "%.0f categories", fact->number);
        diag_help(diag, "make it one whole number: `-> embed_index(%s)`", name);
        diag_help(diag, "or leave it out before: `-> drop(%s)`", name);
    }
}

void facts_warn(Checker *c, const Dataset *dataset) {
    warn_columns(c, dataset, NNRT_FACT_ONE_VALUE, DIAG_W0402, "has one value in all training rows",
                 "have one value in all training rows", "nothing can be learnt from that");
    warn_columns(c, dataset, NNRT_FACT_TELLS_TARGET, DIAG_W0403, "says what the target is",
                 "say what the target is", "each of its values belongs to one value of the target");
    warn_columns(c, dataset, NNRT_FACT_FROM_TARGET, DIAG_W0403, "is computed from the target",
                 "are computed from the target", "predictions are made where it is not known");
    warn_commas(c, dataset);
    warn_columns(c, dataset, NNRT_FACT_ID, DIAG_W0404, "only numbers the rows",
                 "only number the rows", "another value in each row");
    warn_categories(c, dataset);
}
