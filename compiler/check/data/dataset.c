// Dataset declarations: a source and transforms, and what the runtime's reader says of the files.
#include "../../../runtime/data/stage.h"
#include "../../../runtime/files/paths/locate.h"
#include "../check.h"

#include <ctype.h>

// ---- Inspection.

const char *dataset_folder_at(Checker *c, Span span) {
    uint32_t file = import_is_foreign(c, span) ? span.file : c->program->file;
    const char *path = sources_get(c->sources, file)->path;
    const char *slash = strrchr(path, '/');
    if (!slash) return ".";
    return slash == path ? "/" : arena_copy(c->arena, path, (size_t)(slash - path));
}

// The next part of the runtime's message: a line and the indented ones below it, joined by commas.
static const char *take_part(Checker *c, const char **message) {
    Text part = text_create(c->arena);
    const char *at = *message;
    do {
        size_t length = strcspn(at, "\n");
        bool is_indented = isspace((unsigned char)*at);
        while (length && isspace((unsigned char)*at)) at++, length--;
        if (part.length)
            text_put(&part, is_indented && part.data[part.length - 1] != ':' ? ", " : " ");
        text_put_bytes(&part, at, length);
        at += length + (at[length] == '\n');
    } while (isspace((unsigned char)*at));
    *message = at;
    return part.data;
}

// The first line of the runtime's message stands alone; the others say where it looked and, at the
// end, what to do.
Diag *dataset_report_error(Checker *c, DiagCode code, Span span, const char *label) {
    const char *message = nnrt_error();
    Diag *diag = diag_report(c->sink, code, span, "%s", take_part(c, &message));
    diag_label(diag, "%s", label);
    while (*message) {
        const char *part = take_part(c, &message);
        if (*message)
            diag_note(diag, "%s", part);
        else
            diag_help(diag, "%s", part);
    }
    return diag;
}

static Diag *report_data(Checker *c, DiagCode code, const Dataset *dataset, const char *label) {
    return dataset_report_error(c, code, dataset->stages.items[dataset->info.stage].args->span,
                                label);
}

// The runtime names the first missing file; the source may name more.
static void note_other_files(Checker *c, const Dataset *dataset, Diag *diag) {
    const Call *source = &dataset->stages.items[0];
    NameList missing = {0};
    for (int i = 0; i < source->args->count; i++) {
        char path[PATH_MAX];
        const ArgValue *value = &source->args->values[i];
        if (!source->schema->args[i].is_path || !value->is_set) continue;
        const char *const *texts = value->text ? &value->text : value->texts;
        for (int k = 0; k < (value->text ? 1 : value->count); k++)
            if (nnrt_locate(dataset->folder, texts[k], path) == NNRT_DATA_MISSING)
                vec_push(c->arena, &missing, texts[k]);
    }
    if (missing.count > 1) diag_note(diag, "not found: %s", names_join(c->arena, &missing, "and"));
}

static bool is_named(const Ast *ast, const char *name) {
    return ast->kind == AST_NAME && strcmp(ast->text, name) == 0;
}

bool dataset_is_read_by(const Dataset *dataset, const Ast *train) {
    const Ast *data = train->right;
    if (data->kind == AST_NAME) return is_named(data, dataset->name);
    return data->span.lo == dataset->span.lo && data->span.file == dataset->span.file;
}

// Not if other models than the one that is built are trained on it.
static bool is_needed(const Checker *c, const Dataset *dataset) {
    const char *model = c->options->model;
    const Ast *file = c->program->written->ast;
    bool is_others = false;
    for (int i = 0; model && i < file->items.count; i++) {
        const Ast *train = file->items.items[i];
        if (train->kind != AST_TRAIN || !train->right || !dataset_is_read_by(dataset, train))
            continue;
        for (int k = 0; k < train->items.count; k++)
            if (is_named(train->items.items[k], model)) return true;
        is_others = true;
    }
    return !is_others;
}

// What train blocks say of its columns.
static void add_weights(Checker *c, Dataset *dataset) {
    const Ast *file = c->program->written->ast;
    for (int i = 0; i < file->items.count; i++) {
        const Ast *train = file->items.items[i];
        if (train->kind == AST_TRAIN && train->right && dataset_is_read_by(dataset, train))
            sample_weight_add_stage(c, dataset, train);
    }
}

static void inspect(Checker *c, Dataset *dataset) {
    dataset->folder = dataset_folder_at(c, dataset->stages.items[0].args->span);
    dataset_add_separate(c, dataset);
    int count = dataset->stages.count;
    const nnrt_call *calls = program_calls(c->arena, &dataset->stages);
    nnrt_status status = nnrt_data_inspect(calls, count, dataset->folder, &dataset->info);
    dataset->found = status == NNRT_OK;
    if (status == NNRT_OK) return;
    if (status != NNRT_DATA_MISSING) {
        report_data(c, DIAG_E0402, dataset, "read here");
        dataset->is_broken = true;
        return;
    }
    bool is_error = c->options->need_data && is_needed(c, dataset);
    DiagCode code = is_error ? DIAG_E0401 : DIAG_W0401;
    note_other_files(c, dataset, report_data(c, code, dataset, "needed here"));
}

// ---- Stages.

static Span stage_span(const Ast *ast) {
    return ast->kind == AST_CALL ? ast->name_span : ast->span;
}

static const Family *stage_family(bool is_source) {
    return &vocabulary[is_source ? FAMILY_SOURCES : FAMILY_TRANSFORMS];
}

static const Schema *find_source(const char *name) {
    return family_word(&vocabulary[FAMILY_SOURCES], name);
}

static const Schema *find_transform(const char *name) {
    return family_word(&vocabulary[FAMILY_TRANSFORMS], name);
}

static const Schema *find_augmentation(const char *name) {
    return family_word(&vocabulary[FAMILY_AUGMENTATIONS], name);
}

static bool has_arguments(const Ast *ast) {
    return ast->kind == AST_CALL && ast->items.count > 0;
}

// "(1/255)": a number stays one; other arguments may mean something else.
static const char *kept_arguments(Checker *c, const Schema *schema, const Ast *ast) {
    bool is_number = schema->args && schema->args[0].type == ARG_FLOAT && has_arguments(ast) &&
                     ast->items.items[0]->kind != AST_ASSIGN;
    if (!is_number) return "";
    Span arguments = ast->span;
    arguments.lo = ast->name_span.hi;
    return sources_text(c->sources, arguments);
}

// Of several rows that the name may mean, the one that takes what was written.
static const Schema *find_keras(Checker *c, const Family *family, const Ast *ast) {
    const Schema *found = NULL, *word;
    for (Words words = {.family = family}; (word = words_next(&words));) {
        if (!names_match_keras(word->keras_name, word->name, ast->text)) continue;
        if (!found || (word->args != NULL) == has_arguments(ast)) found = word;
    }
    if (!found) return NULL;
    Diag *diag = diag_report(c->sink, DIAG_E0107, stage_span(ast), "`%s` is called `%s` here",
                             ast->text, found->name);
    diag_label(diag, "another library's name");
    diag_help(diag, "write `%s%s`", found->name, kept_arguments(c, found, ast));
    return found;
}

// A dataset or a source was expected, but the name is that of a model, say.
static bool report_value(Checker *c, const Ast *ast, const Value *value) {
    Diag *diag = diag_report(c->sink, DIAG_E0201, stage_span(ast),
                             "a dataset begins with a source or a dataset, not %s",
                             value_describe(c->arena, value));
    diag_label(diag, "expected data");
    return false;
}

static bool report_habit(Checker *c, const Ast *ast, bool is_source, const char *habit) {
    Diag *diag = diag_report(c->sink, DIAG_E0101, stage_span(ast), "there is no %s `%s`",
                             is_source ? "data source" : "transform", ast->text);
    diag_label(diag, "unknown name");
    diag_help(diag, "%s", habit);
    return false;
}

static const Schema *match(const Family *family, const char *name) {
    const Schema *word = family_word(family, name);
    return word ? word : family_keras(family, name);
}

// The arguments of the row that were written as they may stay: those of the row's own name, and
// numbers.
static const char *stage_text(Checker *c, const Schema *schema, const Ast *ast) {
    bool is_own = strcmp(schema->name, ast->text) == 0;
    if (is_own || !schema->args) return is_own ? sources_text(c->sources, ast->span) : schema->name;
    if (!has_arguments(ast)) return arena_format(c->arena, "%s(..)", schema->name);
    const Ast *first = ast->items.items[0];
    if (first->kind == AST_STRING && schema->args[0].choices)
        return arena_format(c->arena, "%s(%s)", schema->name, first->text);
    if (schema->args->keras_unit && first->kind == AST_NUMBER)
        return arena_format(c->arena, "%s(%g)", schema->name,
                            schema->args->keras_unit * first->number);
    bool is_plain = true;
    for (int i = 0; i < ast->items.count; i++)
        is_plain = is_plain && ast->items.items[i]->kind != AST_ASSIGN &&
                   ast->items.items[i]->kind != AST_STRING;
    if (!is_plain) return arena_format(c->arena, "%s(..)", schema->name);
    Span arguments = ast->span;
    arguments.lo = ast->name_span.hi;
    return arena_format(c->arena, "%s%s", schema->name, sources_text(c->sources, arguments));
}

bool dataset_report_as_layer(Checker *c, const Ast *ast) {
    const Schema *schema = match(&vocabulary[FAMILY_TRANSFORMS], ast->text);
    const Schema *augmentation =
        schema ? NULL : match(&vocabulary[FAMILY_AUGMENTATIONS], ast->text);
    if (!schema && !augmentation) return false;
    const char *text = stage_text(c, schema ? schema : augmentation, ast);
    Diag *diag = diag_report(c->sink, DIAG_E0206, stage_span(ast),
                             "`%s` changes data: it is no layer", ast->text);
    diag_label(diag, "belongs to the dataset");
    diag_help(diag,
              schema ? "write it there: `dataset data = ... -> %s`"
                     : "write it there: `dataset data = ... -> augment(%s)`",
              text);
    return true;
}

static bool report_stage(Checker *c, const Ast *ast, bool is_source) {
    Span span = stage_span(ast);
    Diag *diag = NULL;
    NameList names = {0};
    const Value *value = is_source ? scope_find(import_globals(c, ast->span), ast->text) : NULL;
    if (value) return report_value(c, ast, value);
    if (is_source && find_transform(ast->text)) {
        diag = diag_report(c->sink, DIAG_E0206, span,
                           "`%s` is a transform: it needs data before it", ast->text);
        diag_label(diag, "a dataset begins with a source");
        diag_help(diag, "write `mnist -> %s`, for example", sources_text(c->sources, ast->span));
    } else if (!is_source && find_source(ast->text)) {
        diag =
            diag_report(c->sink, DIAG_E0206, span, "`%s` is a source: it takes no data", ast->text);
        diag_label(diag, "a source stands first");
    } else if (!is_source && find_augmentation(ast->text)) {
        diag = diag_report(c->sink, DIAG_E0206, span,
                           "`%s` is an augmentation: it stands in `augment`", ast->text);
        diag_label(diag, "not a transform of its own");
        diag_help(diag, "write `augment(%s)`", sources_text(c->sources, ast->span));
    } else if (!is_source && op_find(ast->text) && op_find(ast->text)->surface) {
        diag = diag_report(c->sink, DIAG_E0206, span, "`%s` is a layer, not a transform of data",
                           ast->text);
        diag_label(diag, "belongs into a model");
    } else {
        const char *habit = habits_help_call(c, is_source ? "source" : "transform", ast);
        if (habit) return report_habit(c, ast, is_source, habit);
        family_add_words(c, &names, stage_family(is_source));
        names_unknown(c, is_source ? import_globals(c, ast->span) : NULL,
                      is_source ? "dataset or data source" : "transform", ast->text, span,
                      names.items);
    }
    return false;
}

// `fashion-mnist` and `mnist / 255`
static void help_text_stage(Checker *c, Diag *diag, const Ast *ast) {
    if (find_source(ast->text))
        diag_help(diag, "names stand without quotes: `%s`", ast->text);
    else
        diag_help(diag, "name what reads it: `npy(%s)`, for example",
                  sources_text(c->sources, ast->span));
}

static void help_no_stage(Checker *c, Diag *diag, const Ast *ast) {
    if (ast->kind == AST_STRING) help_text_stage(c, diag, ast);
    if (ast->kind != AST_BINARY) return;
    const Ast *left = ast->left, *right = ast->right;
    if (ast->operator== AST_DIVIDE && left->kind == AST_NAME && right->kind == AST_NUMBER)
        diag_help(diag, "numbers are scaled by a transform: `%s -> scale(1/%s)`", left->text,
                  sources_text(c->sources, right->span));
    if (ast->operator!= AST_SUBTRACT || left->kind != AST_NAME || !right->text) return;
    const char *joined = arena_format(c->arena, "%s_%s", left->text, right->text);
    if (find_source(joined) || find_transform(joined))
        diag_help(diag, "`-` between two words is a minus: did you mean `%s`?", joined);
}

static bool report_no_stage(Checker *c, const Ast *ast) {
    if (ast->kind == AST_ERROR) return false;
    Diag *diag = diag_report(c->sink, DIAG_E0201, ast->span,
                             "a dataset is a source and transforms, joined by `->`");
    diag_label(diag, "neither of them");
    help_no_stage(c, diag, ast);
    return false;
}

// ---- augment(flip(horizontal), crop(pad = 4), fill = nearest): the first arguments are calls.

static bool report_augmentation(Checker *c, const Ast *ast) {
    NameList names = {0};
    if (ast->kind != AST_NAME && ast->kind != AST_CALL) {
        if (ast->kind == AST_ERROR) return false;
        Diag *diag = diag_report(c->sink, DIAG_E0201, ast->span,
                                 "`augment` takes augmentations, such as `flip` or `rotate(10)`");
        diag_label(diag, "not an augmentation");
        return false;
    }
    family_add_words(c, &names, &vocabulary[FAMILY_AUGMENTATIONS]);
    names_unknown(c, NULL, "augmentation", ast->text, stage_span(ast), names.items);
    return false;
}

static bool add_augmentation(Checker *c, Dataset *dataset, const Ast *ast) {
    bool is_call = ast->kind == AST_NAME || ast->kind == AST_CALL, ok = true;
    const Schema *schema = is_call ? find_augmentation(ast->text) : NULL;
    if (is_call && !schema) schema = find_keras(c, &vocabulary[FAMILY_AUGMENTATIONS], ast);
    if (!schema) return report_augmentation(c, ast);
    const Args *args = bind_call(c, import_globals(c, ast->span), schema, ast, 0, &ok);
    vec_push(c->arena, &dataset->stages, ((Call){schema, args}));
    return ok;
}

// How many of the arguments are augmentations: all before a word or a named argument.
static int count_augmentations(const Schema *augment, const Ast *ast) {
    int count = 0;
    for (; ast->kind == AST_CALL && count < ast->items.count; count++) {
        const Ast *item = ast->items.items[count];
        bool is_word = item->kind == AST_NAME && text_has_word(augment->args->choices, item->text);
        if (item->kind == AST_ASSIGN || is_word) break;
    }
    return count;
}

static bool report_no_augmentation(Checker *c, const Ast *ast) {
    NameList names = {0};
    Diag *diag = diag_report(c->sink, DIAG_E0105, stage_span(ast), "`augment` has nothing to do");
    family_add_words(c, &names, &vocabulary[FAMILY_AUGMENTATIONS]);
    diag_label(diag, "needs augmentations");
    diag_help(diag, "there are %s: `augment(flip, crop(pad = 4))`, for example",
              names_join(c->arena, &names, "and"));
    return false;
}

static bool add_augmentations(Checker *c, Dataset *dataset, const Schema *augment, const Ast *ast) {
    int count = count_augmentations(augment, ast);
    bool ok = true, all_ok = true;
    const Args *args = bind_call(c, import_globals(c, ast->span), augment, ast, count, &ok);
    vec_push(c->arena, &dataset->stages, ((Call){augment, args}));
    for (int i = 0; i < count; i++)
        all_ok = add_augmentation(c, dataset, ast->items.items[i]) && all_ok;
    if (ok && count == 0) return report_no_augmentation(c, ast);
    return ok && all_ok;
}

// The source or transform that a value of the file holds: `param source = circles(200)`.
static const Ast *written_stage(Checker *c, const Ast *ast, bool is_source) {
    if (ast->kind != AST_NAME) return ast;
    bool is_own = family_word(stage_family(is_source), ast->text);
    const Ast *written = expression_written(import_globals(c, ast->span), ast);
    return is_own || (written->kind != AST_NAME && written->kind != AST_CALL) ? ast : written;
}

static bool add_stage(Checker *c, Dataset *dataset, const Ast *ast, bool is_source) {
    bool ok = true;
    ast = written_stage(c, ast, is_source);
    if (ast->kind != AST_NAME && ast->kind != AST_CALL) return report_no_stage(c, ast);
    const Schema *schema = family_word(stage_family(is_source), ast->text);
    if (!schema && habits_help_call(c, is_source ? "source" : "transform", ast))
        return report_stage(c, ast, is_source);
    if (!schema) schema = find_keras(c, stage_family(is_source), ast);
    if (!schema) return report_stage(c, ast, is_source);
    if (!names_is_sure(schema->name, ast)) return false;
    if (!is_source && ((const nnrt_transform *)schema)->does == NNRT_AUGMENTS)
        return add_augmentations(c, dataset, schema, ast);
    const Args *args = bind_call(c, import_globals(c, ast->span), schema, ast, 0, &ok);
    vec_push(c->arena, &dataset->stages, ((Call){schema, args}));
    return ok;
}

// A dataset may go on from another one.
static bool add_head(Checker *c, Dataset *dataset, const Ast *ast) {
    const Value *value =
        ast->kind == AST_NAME ? scope_find(import_globals(c, ast->span), ast->text) : NULL;
    if (!value || (value->kind != VALUE_DATASET && value->kind != VALUE_ERROR))
        return add_stage(c, dataset, ast, true);
    if (value->kind == VALUE_ERROR) return false;
    const CallList *stages = &value->dataset->stages;
    int count = stages->count - value->dataset->has_separate; // which is of its own models
    for (int i = 0; i < count; i++) vec_push(c->arena, &dataset->stages, stages->items[i]);
    return !value->dataset->is_broken;
}

bool dataset_stage_does(const Dataset *dataset, int stage, nnrt_deed deed) {
    const Schema *schema = dataset->stages.items[stage].schema;
    return stage > 0 && ((const nnrt_transform *)schema)->does == deed; // the first is the source
}

// The graph scales first and standardizes then; the other order would mean something else.
static bool check_order(Checker *c, const Dataset *dataset) {
    const Call *standardize = NULL;
    for (int i = 0; i < dataset->stages.count; i++) {
        const Call *stage = &dataset->stages.items[i];
        if (dataset_stage_does(dataset, i, NNRT_STANDARDIZES)) standardize = stage;
        if (!standardize || !dataset_stage_does(dataset, i, NNRT_SCALES)) continue;
        Diag *diag = diag_report(c->sink, DIAG_E0206, stage->args->span,
                                 "`scale` cannot follow `standardize`");
        diag_label(diag, "put it before");
        diag_secondary(diag, standardize->args->span, "this decides the mean and the deviation");
        return false;
    }
    return true;
}

// Pictures that `skip_unreadable` left out.
static void warn_unreadable(Checker *c, const Dataset *dataset) {
    const nnrt_data_info *info = &dataset->info;
    NameList paths = {0};
    for (int64_t i = 0; i < info->fact_count; i++)
        if (info->facts[i].kind == NNRT_FACT_UNREADABLE)
            vec_push(c->arena, &paths, info->facts[i].column);
    if (!paths.count) return;
    Diag *diag = diag_report(c->sink, DIAG_W0405, dataset->stages.items[0].args->span,
                             "%s%d picture%s cannot be read and %s left out",
                             paths.count == NNRT_MAX_FACTS ? "at least " : "", paths.count,
                             paths.count == 1 ? "" : "s", paths.count == 1 ? "is" : "are");
    diag_label(diag, "as `skip_unreadable` says");
    diag_note(diag, "%s", names_join(c->arena, &paths, "and"));
    diag_help(diag, "get them again, or take them away");
}

// A target of a single class; pictures are often one folder too deep.
static void warn_one_class(Checker *c, const Dataset *dataset) {
    const Call *source = &dataset->stages.items[0];
    const nnrt_target_info *target = &dataset->info.targets[0];
    bool is_images = ((const nnrt_source *)source->schema)->has_folders;
    if (!dataset->found || target->classes != 1 || !target->class_names) return;
    Diag *diag =
        diag_report(c->sink, DIAG_W0303, source->args->span, "all %s are of one class, `%s`",
                    is_images ? "pictures" : "rows", target->class_names[0]);
    diag_label(diag, "nothing to tell apart");
    if (is_images)
        diag_help(diag, "pictures lie in one folder a class: `cats/1.jpg`, `dogs/1.jpg`");
    else
        diag_help(diag, "is `%s` the right column? keep rows of other classes, too",
                  target->column.name);
}

static Diag *report_scale(Checker *c, const Call *stage, const char *message, const char *label) {
    Diag *diag = diag_report(c->sink, DIAG_W0303, stage->args->span, "%s", message);
    diag_label(diag, "%s", label);
    return diag;
}

// `scale(255)`, where a division is meant.
static void report_enlarged(Checker *c, const Call *stage) {
    const ArgValue *factor = args_get(stage->args, "a"), *offset = args_get(stage->args, "offset");
    Diag *diag = report_scale(c, stage, "`scale` makes bytes larger than they are", "multiplies");
    const char *rest = offset->is_default ? "" : sources_text(c->sources, offset->span);
    diag_help(diag, "to divide write `scale(1/%s%s%s)`", sources_text(c->sources, factor->span),
              *rest ? ", offset = " : "", rest);
}

// Are all inputs bytes?
static bool has_bytes(const nnrt_data_info *info) {
    for (int64_t i = 0; i < info->input_count; i++)
        if (info->inputs[i].dtype != NNRT_U8) return false;
    return info->input_count > 0;
}

// What `scale` does to bytes, one stage after the other.
static void warn_scales(Checker *c, const Dataset *dataset) {
    const double small = 1.0 / 64;
    const Call *first = NULL; // that made bytes small
    double factor = 1;
    for (int i = 0; i < dataset->stages.count; i++) {
        const Call *stage = &dataset->stages.items[i];
        if (!dataset_stage_does(dataset, i, NNRT_SCALES)) continue;
        double a = args_number(stage->args, "a");
        factor *= a;
        if (a == 0)
            diag_help(report_scale(c, stage, "`scale` by 0 makes all values the same",
                                   "nothing is left to learn from"),
                      "bytes become numbers up to 1 by `scale(1/255)`");
        if (!has_bytes(&dataset->info)) continue;
        if (factor > 1 && a > 1) report_enlarged(c, stage);
        if (first && a <= small && a > 0) {
            Diag *diag = report_scale(c, stage, "bytes are scaled twice", "again here");
            diag_secondary(diag, first->args->span, "numbers up to %g already",
                           255 * args_number(first->args, "a"));
            diag_help(diag, "remove one of them");
        }
        if (a <= small && a > 0) first = stage;
    }
}

Dataset *dataset_declare(Checker *c, const char *name, Span span, const Ast *expression) {
    Dataset *dataset = ARENA_NEW(c->arena, Dataset);
    VEC(const Ast *) steps = {0};
    dataset->name = name;
    dataset->span = span;
    dataset->info.scale = 1;
    for (; expression->kind == AST_ARROW; expression = expression->left)
        vec_push(c->arena, &steps, expression->right);
    bool ok = add_head(c, dataset, expression);
    for (int i = steps.count - 1; i >= 0; i--)
        ok = add_stage(c, dataset, steps.items[i], false) && ok;
    ok = ok && check_order(c, dataset);
    if (ok) add_weights(c, dataset);
    if (ok) inspect(c, dataset);
    if (ok) warn_scales(c, dataset);
    if (ok) warn_one_class(c, dataset);
    if (ok) warn_unreadable(c, dataset);
    dataset->is_broken = dataset->is_broken || !ok;
    return dataset;
}
