// Which columns of a data set the inputs of a model get: those of their names, or, where no name
// fits and there are as many of either, one after the other.
#include "../check.h"

Type columns_type(const nnrt_column *column) {
    static const Dtype dtypes[] = {
        [NNRT_F32] = DTYPE_F32, [NNRT_U8] = DTYPE_U8, [NNRT_I32] = DTYPE_I32};
    return type_make(dtypes[column->dtype], true, (int)column->rank, column->shape);
}

int columns_find_name(const nnrt_data_info *info, const char *name) {
    for (int i = 0; name && i < info->input_count; i++)
        if (strcmp(info->inputs[i].name, name) == 0) return i;
    return -1;
}

static bool any_is_named(const nnrt_data_info *info, const AstList *parameters) {
    for (int i = 0; i < parameters->count; i++)
        if (columns_find_name(info, parameters->items[i]->text) >= 0) return true;
    return false;
}

// `x` of a table, unless a parameter is called so; -1: there is none.
static int find_vector(const nnrt_data_info *info, const AstList *parameters) {
    for (int i = 0; i < parameters->count; i++)
        if (strcmp(parameters->items[i]->text, "x") == 0) return -1;
    return columns_find_name(info, "x");
}

// Of a table the vector of all other columns may have any name.
static int find_named(const nnrt_data_info *info, const AstList *parameters, int parameter) {
    int found = columns_find_name(info, parameters->items[parameter]->text), others = 0;
    for (int i = 0; i < parameters->count; i++)
        others += columns_find_name(info, parameters->items[i]->text) < 0;
    return found < 0 && others == 1 && any_is_named(info, parameters)
               ? find_vector(info, parameters)
               : found;
}

int columns_find(const nnrt_data_info *info, const AstList *parameters, int parameter) {
    bool by_place = parameters->count == info->input_count &&
                    (parameters->count == 1 || !any_is_named(info, parameters));
    return by_place ? parameter : find_named(info, parameters, parameter);
}

// "`left` [28, 28]"
static const char *column_text(Checker *c, const nnrt_column *column) {
    if (column->size == 0) return arena_format(c->arena, "`%s`", column->name);
    Type type = columns_type(column);
    type.dtype = DTYPE_F32;
    return arena_format(c->arena, "`%s` %s", column->name, type_text(c->arena, &type));
}

static const char *columns_text(Checker *c, const nnrt_data_info *info) {
    Text text = text_create(c->arena);
    for (int i = 0; i < info->input_count; i++) {
        const char *separator = i == 0 ? "" : i + 1 < info->input_count ? ", " : " and ";
        text_format(&text, "%s%s", separator, column_text(c, &info->inputs[i]));
    }
    return text.data;
}

static void report_count(Checker *c, const ModelEntry *entry) {
    const nnrt_data_info *info = &entry->dataset->info;
    const Ast *model = entry->declaration;
    int count = model->parameters.count;
    const char *given = info->input_count == 1
                            ? "one"
                            : arena_format(c->arena, "%lld", (long long)info->input_count);
    Diag *diag =
        diag_report(c->sink, DIAG_E0302, model->name_span, "`%s` has %d input%s, but `%s` gives %s",
                    model->text, count, count == 1 ? "" : "s", entry->dataset->name, given);
    diag_label(diag, "%d input%s", count, count == 1 ? "" : "s");
    diag_secondary(diag, entry->dataset->span, "gives %s", columns_text(c, info));
    if (count < info->input_count)
        diag_help(diag, "call the inputs of the model as the columns that it wants");
}

static void report_name(Checker *c, const ModelEntry *entry, const Ast *parameter) {
    const nnrt_data_info *info = &entry->dataset->info;
    NameList names = {0};
    for (int i = 0; i < info->input_count; i++) vec_push(c->arena, &names, info->inputs[i].name);
    Diag *diag = diag_report(c->sink, DIAG_E0302, parameter->span, "`%s` has no input `%s`",
                             entry->dataset->name, parameter->text);
    diag_label(diag, "no column of this name");
    diag_secondary(diag, entry->dataset->span, "gives %s", columns_text(c, info));
    const char *near = names_nearest(c, &names, parameter->text);
    if (near)
        diag_help(diag, "did you mean `%s`?", near);
    else
        diag_help(diag, "inputs are called as the columns that they get, all of them or none");
}

bool columns_check(Checker *c, const ModelEntry *entry) {
    const AstList *parameters = &entry->declaration->parameters;
    const nnrt_data_info *info = entry->dataset ? &entry->dataset->info : NULL;
    if (!info || info->input_count == 0) return true;
    for (int i = 0; i < parameters->count; i++) {
        if (columns_find(info, parameters, i) >= 0) continue;
        if (any_is_named(info, parameters))
            report_name(c, entry, parameters->items[i]);
        else
            report_count(c, entry);
        return false;
    }
    return true;
}

void columns_add_names(Checker *c, NameList *names, const nnrt_data_info *info) {
    for (int i = 0; i < info->input_count; i++) vec_push(c->arena, names, info->inputs[i].name);
    for (int i = 0; i < info->target_count; i++)
        vec_push(c->arena, names, info->targets[i].column.name);
}
