// `class_weight = balanced`, `[1, 5]` or `[high = 5, low = 1]`: what samples count by their class.
#include "../check.h"

enum { MOST_CLASSES = 1024 }; // each is a comparison for each label of a step

typedef struct Weighting {
    Checker *c;
    const Ast *ast;
    const nnrt_target_info *target;
    const char *column;
    double *weights; // by class
    int classes;
} Weighting;

static bool report_classes(const Weighting *w, const char *why) {
    Diag *diag =
        diag_report(w->c->sink, DIAG_E0302, w->ast->span,
                    "`class_weight` needs a target of classes, but `%s` %s", w->column, why);
    diag_label(diag, "weights of classes");
    return false;
}

static bool find_classes(Weighting *w, const OutputLoss *own, const Ending *ending) {
    if (w->target->one_hot) return report_classes(w, "is one-hot: leave `one_hot` out");
    int64_t classes = targets_read(w->target, ending).classes;
    bool is_decision = own->def && own->def->unit_classes == 2 && w->target->decisions;
    if (!classes && is_decision) classes = 2;
    if (!classes) return report_classes(w, "holds numbers");
    if (classes > MOST_CLASSES)
        return report_classes(w, arena_format(w->c->arena, "has %lld: %d at most can be weighted",
                                              (long long)classes, MOST_CLASSES));
    w->classes = (int)classes;
    w->weights = ARENA_ARRAY(w->c->arena, double, classes);
    for (int i = 0; i < w->classes; i++) w->weights[i] = 1;
    return true;
}

// labels / (classes * labels of the class), as compute_class_weight of scikit-learn; classes that
// training does not have do not count.
static bool balance(const Weighting *w) {
    double sum = 0, present = 0;
    const int64_t *rows = w->target->class_rows;
    for (int i = 0; rows && i < w->target->counted_classes; i++) {
        sum += (double)rows[i];
        present += rows[i] > 0;
    }
    for (int i = 0; rows && i < w->classes && i < w->target->counted_classes; i++)
        if (rows[i]) w->weights[i] = sum / (present * (double)rows[i]);
    return true;
}

static bool read_number(const Weighting *w, int class, const Value *value) {
    if (value->kind == VALUE_ERROR) return false;
    bool is_number = value->kind == VALUE_NUMBER;
    if (is_number && value->number >= 0 && value->number <= 1e9) {
        w->weights[class] = value->number;
        return true;
    }
    Diag *diag = diag_report(w->c->sink, is_number ? DIAG_E0202 : DIAG_E0201, value->span,
                             "the weight of a class is a number from 0 to 1e9, not %s",
                             is_number ? text_of_number(w->c->arena, value->number)
                                       : value_describe(w->c->arena, value));
    diag_label(diag, "how much samples of the class count");
    return false;
}

static bool report_unknown(const Weighting *w, const Ast *item) {
    NameList names = {0};
    for (int i = 0; w->target->class_names && i < w->classes; i++)
        vec_push(w->c->arena, &names, w->target->class_names[i]);
    Diag *diag = diag_report(w->c->sink, DIAG_E0101, item->name_span, "`%s` has no class `%s`",
                             w->column, item->text);
    diag_label(diag, "unknown class");
    if (names.count && names.count <= 20)
        diag_help(diag, "it has %s", names_join(w->c->arena, &names, "and"));
    else if (!names.count)
        diag_help(diag, "its classes have no names: give a number for each, in order");
    return false;
}

static bool read_named(const Weighting *w, const Ast *item) {
    if (item->kind != AST_ASSIGN) {
        Diag *diag = diag_report(w->c->sink, DIAG_E0105, item->span,
                                 "all items of `class_weight` have names, or none");
        diag_label(diag, "of which class?");
        return false;
    }
    for (int i = 0; w->target->class_names && i < w->classes; i++)
        if (strcmp(w->target->class_names[i], item->text) == 0)
            return read_number(w, i, expression_evaluate(w->c, w->c->globals, item->left));
    return report_unknown(w, item);
}

static bool report_count(const Weighting *w, int count) {
    Diag *diag =
        diag_report(w->c->sink, DIAG_E0302, w->ast->span, "%d weight%s for the %d classes of `%s`",
                    count, count == 1 ? "" : "s", w->classes, w->column);
    diag_label(diag, "expected one for each class");
    diag_help(diag, "they stand in the order of the classes; `balanced` weighs each by its rows");
    return false;
}

static bool report_word(const Weighting *w) {
    Diag *diag = diag_report(w->c->sink, DIAG_E0101, w->ast->span,
                             "`class_weight` is `balanced` or a list, not `%s`", w->ast->text);
    diag_label(diag, "unknown name");
    diag_help(diag, "write `class_weight = balanced`, or a number for each class");
    return false;
}

static bool read_places(const Weighting *w) {
    bool ok = true;
    bool is_word = w->ast->kind == AST_NAME && !scope_find(w->c->globals, w->ast->text);
    if (is_word) return report_word(w);
    const Value *value = expression_evaluate(w->c, w->c->globals, w->ast);
    if (value->kind == VALUE_ERROR) return false;
    int count = value->kind == VALUE_LIST ? value->count : 1;
    if (value->kind != VALUE_LIST || count != w->classes) return report_count(w, count);
    for (int i = 0; i < count; i++) ok = read_number(w, i, value->items[i]) && ok;
    return ok;
}

static bool read_weights(const Weighting *w) {
    bool ok = true;
    if (w->ast->kind == AST_NAME && strcmp(w->ast->text, "balanced") == 0) return balance(w);
    if (!by_output_is_named(w->ast)) return read_places(w);
    for (int i = 0; i < w->ast->items.count; i++) ok = read_named(w, w->ast->items.items[i]) && ok;
    return ok;
}

static bool check_any(const Weighting *w) {
    for (int i = 0; i < w->classes; i++)
        if (w->weights[i] > 0) return true;
    Diag *diag =
        diag_report(w->c->sink, DIAG_E0302, w->ast->span, "`class_weight` is 0 for all classes");
    diag_label(diag, "nothing would be trained");
    return false;
}

void class_weights_read(Checker *c, const TrainEntry *entry, Training *training, const Ast *ast) {
    OutputLoss *own = &training->losses.items[0];
    ast = expression_chosen(c, c->globals, ast);
    if (!ast) return;
    if (training->losses.count > 1) {
        Diag *diag = diag_report(c->sink, DIAG_E0302, ast->span,
                                 "`class_weight` is for models of one output, but `%s` has %d",
                                 entry->model->declaration->text, training->losses.count);
        diag_label(diag, "the classes of which output?");
        diag_help(diag, "`loss_weights` weighs the outputs");
        return;
    }
    if (!entry->dataset || !own->column) return; // not known, or reported
    Weighting w = {.c = c, .ast = ast, .column = own->column};
    static const nnrt_target_info none;
    w.target = own->target >= 0 ? &entry->dataset->info.targets[own->target] : &none;
    Ending ending = checks_ending(entry->model, 0);
    if (!entry->dataset->found && !w.target->classes) return;
    if (!find_classes(&w, own, &ending) || !read_weights(&w) || !check_any(&w)) return;
    own->class_weights = w.weights;
    own->class_count = w.classes;
}
