// What stands behind a value: `data.classes`, `x.channels`, `x.shape[-1]`, `sizes[0]`.
#include "../check.h"

#include <stdlib.h>

// ---- Members

// A number of a tensor's shape; only values of `rank` dimensions have it (0: all that have any).
typedef struct ShapeMember {
    const char *name;
    int rank;
    int place; // of its dimension, from 0, or from the end
} ShapeMember;

static const ShapeMember shape_members[] = {
    {"channels", 0, -1}, {"height", 3, 0}, {"width", 3, 1}, {"steps", 2, 0}, {"units", 1, 0},
};
enum { SHAPE_MEMBERS = sizeof shape_members / sizeof *shape_members };

// `npy(x.npy)`: a path without its quotes.
static bool report_path(Checker *c, const Scope *scope, const Ast *ast) {
    static const char endings[] = "csv data gz h5 jpeg jpg npy npz png safetensors tsv txt";
    const Ast *left = ast->left;
    if (left->kind != AST_NAME || !text_has_word(endings, ast->text)) return false;
    if (scope_find(scope, left->text) || names_is_in_gap(c, left->text)) return false;
    Diag *diag = diag_report(c->sink, DIAG_E0101, left->span, "there is no value `%s`", left->text);
    diag_label(diag, "unknown name");
    diag_help(diag, "paths stand in quotes: `\"%s\"`", sources_text(c->sources, ast->span));
    return true;
}

static const Value *shape_list(Checker *c, const Type *type, Span span) {
    Value *list = value_new(c->arena, VALUE_LIST, span);
    const Value **items = ARENA_ARRAY(c->arena, const Value *, type->rank + 1);
    for (int i = 0; i < type->rank; i++)
        items[i] = value_number(c->arena, (double)type->dims[i], true, span);
    list->items = items;
    list->count = type->rank;
    list->is_shape = true;
    return list;
}

// What `x.height` of a sequence lacks.
static const Value *report_rank(Checker *c, const Ast *ast, const Value *owner) {
    static const char *const kinds[] = {"a number", "a vector", "a sequence", "a picture"};
    int rank = owner->node->type.rank;
    Diag *diag = diag_report(c->sink, DIAG_E0201, ast->span, "%s has no `%s`",
                             value_describe(c->arena, owner), ast->text);
    if (rank < 4)
        diag_label(diag, "this is %s", kinds[rank]);
    else
        diag_label(diag, "it has %d dimensions", rank);
    diag_help(diag, "`height` and `width` are of [height, width, channels], `steps` of [steps, "
                    "channels], `units` of [units]; `.shape[1]` is the first number of any shape");
    return expression_error(c, ast->span);
}

static const Value *report_member(Checker *c, const Ast *ast, const Value *owner) {
    NameList names = {0};
    names_add_words(c, &names, "shape rank size");
    for (int i = 0; i < SHAPE_MEMBERS; i++) vec_push(c->arena, &names, shape_members[i].name);
    const char *near = names_nearest(c, &names, ast->text);
    Diag *diag = diag_report(c->sink, DIAG_E0101, ast->span, "%s has no member `%s`",
                             value_describe(c->arena, owner), ast->text);
    diag_label(diag, "unknown member");
    if (near)
        diag_help(diag, "did you mean `%s`?", near);
    else
        diag_help(diag, "it has %s", names_join(c->arena, &names, "and"));
    return expression_error(c, ast->span);
}

static const Value *tensor_member(Checker *c, const Ast *ast, const Value *owner) {
    const Type *type = &owner->node->type;
    if (strcmp(ast->text, "shape") == 0) return shape_list(c, type, ast->span);
    if (strcmp(ast->text, "rank") == 0) return value_number(c->arena, type->rank, true, ast->span);
    if (strcmp(ast->text, "size") == 0)
        return value_number(c->arena, (double)type_elements(type), true, ast->span);
    for (int i = 0; i < SHAPE_MEMBERS; i++) {
        const ShapeMember *member = &shape_members[i];
        if (strcmp(member->name, ast->text) != 0) continue;
        bool has_it = member->rank ? member->rank == type->rank : type->rank > 0;
        if (!has_it) return report_rank(c, ast, owner);
        int place = member->place < 0 ? type->rank + member->place : member->place;
        return value_number(c->arena, (double)type->dims[place], true, ast->span);
    }
    return report_member(c, ast, owner);
}

// A number that columns of a data set have.
typedef struct DataMember {
    const char *name;
    const char *owners, *meaning; // of the message: "its targets", "classes"
    int64_t (*number)(const nnrt_data_info *info, int64_t column); // 0: the column has none
} DataMember;

static int64_t classes_of(const nnrt_data_info *info, int64_t column) {
    return column < info->input_count ? 0 : info->targets[column - info->input_count].classes;
}

static int64_t vocabulary_of(const nnrt_data_info *info, int64_t column) {
    bool is_text = column < info->input_count && !info->input_is_index[column];
    return is_text ? info->input_categories[column] : 0;
}

static int64_t categories_of(const nnrt_data_info *info, int64_t column) {
    bool is_index = column < info->input_count && info->input_is_index[column];
    return is_index ? info->input_categories[column] : 0;
}

static const DataMember data_members[] = {
    {"classes", "its targets", "classes", classes_of},
    {"vocabulary", "its inputs", "a vocabulary", vocabulary_of},
    {"categories", "its inputs", "categories", categories_of},
};
enum { DATA_MEMBERS = sizeof data_members / sizeof *data_members };

// The number of the only column that has it; *columns: how many have.
static int64_t only_number(const nnrt_data_info *info, const DataMember *member, int *columns) {
    int64_t found = 0;
    *columns = 0;
    for (int64_t i = 0; i < nnrt_data_column_count(info); i++) {
        int64_t number = member->number(info, i);
        if (!number) continue;
        found = number;
        ++*columns;
    }
    return found;
}

static const char *first_of(const nnrt_data_info *info, const DataMember *member) {
    int64_t i = 0;
    while (!member->number(info, i)) i++;
    return nnrt_data_column(info, i)->name;
}

static const Value *report_several(Checker *c, const Ast *ast, const Dataset *dataset,
                                   const DataMember *member, int count) {
    const nnrt_data_info *info = &dataset->info;
    Diag *diag = diag_report(c->sink, DIAG_E0201, ast->span,
                             "`%s` of `%s` is not one number: %d of %s have %s", member->name,
                             dataset->name, count, member->owners, member->meaning);
    diag_label(diag, "which of them?");
    for (int64_t i = 0; i < nnrt_data_column_count(info); i++) {
        int64_t number = member->number(info, i);
        if (number)
            diag_note(diag, "`%s` has %lld", nnrt_data_column(info, i)->name, (long long)number);
    }
    diag_help(diag, "say of which column: `%s.%s.%s`, for example", dataset->name,
              first_of(info, member), member->name);
    return expression_error(c, ast->span);
}

static const Value *report_data_member(Checker *c, const Ast *ast, const Dataset *dataset) {
    NameList names = {0};
    int columns;
    for (int i = 0; i < DATA_MEMBERS; i++)
        if (only_number(&dataset->info, &data_members[i], &columns) && columns == 1)
            vec_push(c->arena, &names, arena_format(c->arena, "`%s`", data_members[i].name));
    Diag *diag = diag_report(c->sink, DIAG_E0101, ast->span, "the dataset `%s` has no `%s`",
                             dataset->name, ast->text);
    diag_label(diag, "unknown member");
    for (int i = 0; i < names.count; i++) diag_help(diag, "it has %s", names.items[i]);
    return expression_error(c, ast->span);
}

static const Value *dataset_member(Checker *c, const Ast *ast, const Dataset *dataset) {
    for (int i = 0; i < DATA_MEMBERS; i++) {
        const DataMember *member = &data_members[i];
        int columns;
        if (strcmp(ast->text, member->name) != 0) continue;
        int64_t number = only_number(&dataset->info, member, &columns);
        if (columns == 1) return value_number(c->arena, (double)number, true, ast->span);
        if (columns) return report_several(c, ast, dataset, member, columns);
        if (!dataset->found) return expression_error(c, ast->span); // which is reported
    }
    return dataset->is_broken ? expression_error(c, ast->span)
                              : report_data_member(c, ast, dataset);
}

static int64_t number_of_column(const nnrt_data_info *info, const char *column,
                                const char *member) {
    for (int64_t i = 0; i < nnrt_data_column_count(info); i++) {
        if (strcmp(nnrt_data_column(info, i)->name, column) != 0) continue;
        for (int k = 0; k < DATA_MEMBERS; k++)
            if (strcmp(member, data_members[k].name) == 0) return data_members[k].number(info, i);
    }
    return 0;
}

// Of `people.job.categories`; NULL: it is something else.
static const Value *column_member(Checker *c, Scope *scope, const Ast *ast) {
    const Ast *owner = ast->left->kind == AST_MEMBER ? ast->left->left : NULL;
    if (!owner || owner->kind != AST_NAME || !scope_find(scope, owner->text)) return NULL;
    const Value *value = expression_evaluate(c, scope, owner);
    if (value->kind != VALUE_DATASET) return NULL;
    int64_t number = number_of_column(&value->dataset->info, ast->left->text, ast->text);
    return number ? value_number(c->arena, (double)number, true, ast->span) : NULL;
}

// ---- Weights of shared layers: `words.embeddings`.

static const Value *report_weights(Checker *c, const Ast *ast, const Shared *shared,
                                   const char *lacks, const char *help) {
    Diag *diag =
        diag_report(c->sink, DIAG_E0201, ast->span, "the layer `%s` %s", shared->name, lacks);
    diag_label(diag, "which weights?");
    diag_secondary(diag, shared->span, "declared here");
    diag_help(diag, "%s", help);
    return expression_error(c, ast->span);
}

static const Value *report_weight(Checker *c, const Ast *ast, const Layer *layer) {
    NameList names = {0};
    for (int i = 0; i < layer->parameters.count; i++)
        vec_push(c->arena, &names, layer->parameters.items[i]->role);
    const char *near = names_nearest(c, &names, ast->text);
    Diag *diag = diag_report(c->sink, DIAG_E0101, ast->span, "the layer `%s` has no weights `%s`",
                             layer->name, ast->text);
    diag_label(diag, "unknown name");
    if (near)
        diag_help(diag, "did you mean `%s`?", near);
    else if (names.count)
        diag_help(diag, "it has %s", names_join(c->arena, &names, "and"));
    else
        diag_help(diag, "a layer of type %s learns nothing", layer->type_name);
    return expression_error(c, ast->span);
}

static const Value *shared_member(Checker *c, const Ast *ast, const Shared *shared) {
    if (!c->graph || c->is_dry) return expression_error(c, ast->span);
    if (!shared->is_made && shared->is_used) return expression_error(c, ast->span); // reported
    if (!shared->is_made)
        return report_weights(c, ast, shared, "has no weights before its first use",
                              "put what takes its weights behind its use");
    if (shared->layers.count != 1 || shared->inner.count)
        return report_weights(
            c, ast, shared, "is several layers",
            "declare the one that is meant by itself: `layer name = embedding(..)`");
    const Layer *layer = shared->layers.items[0];
    for (int i = 0; i < layer->parameters.count; i++) {
        Parameter *parameter = layer->parameters.items[i];
        if (strcmp(parameter->role, ast->text) != 0) continue;
        return value_tensor(c->arena, graph_parameter_node(c->graph, parameter), ast->span);
    }
    return report_weight(c, ast, layer);
}

const Value *member_evaluate(Checker *c, Scope *scope, const Ast *ast) {
    if (report_path(c, scope, ast)) return expression_error(c, ast->span);
    const Value *of_column = column_member(c, scope, ast);
    if (of_column) return of_column;
    const Value *owner = expression_evaluate(c, scope, ast->left);
    if (owner->kind == VALUE_ERROR) return expression_error(c, ast->span);
    if (owner->kind == VALUE_TENSOR) return tensor_member(c, ast, owner);
    if (owner->kind == VALUE_DATASET) return dataset_member(c, ast, owner->dataset);
    if (owner->kind == VALUE_SHARED) return shared_member(c, ast, owner->shared);
    Diag *diag = diag_report(c->sink, DIAG_E0201, ast->span, "%s has no member `%s`",
                             value_describe(c->arena, owner), ast->text);
    diag_label(diag, "only tensors, datasets and layers have members");
    if (owner->kind == VALUE_LIST) diag_help(diag, "`len(list)` counts its items");
    return expression_error(c, ast->span);
}

// ---- Indices

static const Value *report_no_list(Checker *c, const Ast *ast, const Value *owner) {
    const Ast *index = ast->items.count ? ast->items.items[0] : NULL;
    Diag *diag = diag_report(c->sink, DIAG_E0201, ast->span, "%s takes no index",
                             value_describe(c->arena, owner));
    diag_label(diag, "only tensors, lists and shapes do");
    if (value_is_layer(owner) && ast->left->kind == AST_NAME && index)
        diag_help(diag, "arguments stand in parentheses: `%s(%s)`", ast->left->text,
                  sources_text(c->sources, index->span));
    return expression_error(c, ast->span);
}

// A shape counts from 1, as `axis` does.
int member_place(Checker *c, const Value *list, const Value *index) {
    int first = list->is_shape, count = list->count;
    if (index->kind != VALUE_NUMBER || !index->is_integer) {
        if (index->kind == VALUE_ERROR) return -1;
        Diag *diag =
            diag_report(c->sink, DIAG_E0201, index->span, "an index is a whole number, not %s",
                        value_describe(c->arena, index));
        diag_label(diag, "expected a whole number");
        number_help(c, diag, index);
        return -1;
    }
    double place = index->number < 0 ? index->number + count : index->number - first;
    if (place >= 0 && place < count) return (int)place;
    const char *number = text_of_number(c->arena, index->number);
    Diag *diag;
    if (first && (place == -1)) {
        diag = diag_report(c->sink, DIAG_E0202, index->span, "number %s of a shape is the batch",
                           number);
        diag_label(diag, "not known when compiling");
        diag_help(diag, "the first number of a sample's shape is `[1]`, the last `[-1]`");
        return -1;
    }
    diag = diag_report(c->sink, DIAG_E0202, index->span, "%s of %d item%s has no number %s",
                       first ? "a shape" : "a list", count, count == 1 ? "" : "s", number);
    if (count)
        diag_label(diag, "expected %d to %d, or -%d to -1", first, first + count - 1, count);
    else
        diag_label(diag, "it is empty");
    return -1;
}

const Value *member_index(Checker *c, Scope *scope, const Ast *ast) {
    const Value *owner = expression_evaluate(c, scope, ast->left);
    if (owner->kind == VALUE_ERROR) return expression_error(c, ast->span);
    if (owner->kind == VALUE_TENSOR) return parts_index(c, scope, ast, owner);
    if (owner->kind != VALUE_LIST) return report_no_list(c, ast, owner);
    if (ast->items.count != 1) {
        Diag *diag = diag_report(c->sink, DIAG_E0106, ast->span, "a list takes one index, not %d",
                                 ast->items.count);
        diag_label(diag, "one too many");
        return expression_error(c, ast->span);
    }
    const Ast *item = ast->items.items[0];
    if (item->kind == AST_RANGE || item->kind == AST_ELLIPSIS) {
        Diag *diag = diag_report(c->sink, DIAG_E0201, item->span, "a list takes a whole number");
        diag_label(diag, "only tensors take parts");
        diag_help(diag, "`[list[i] for i in range(1, 3)]` is a part of a list");
        return expression_error(c, ast->span);
    }
    int place = member_place(c, owner, expression_evaluate(c, scope, item));
    return place < 0 ? expression_error(c, ast->span)
                     : value_at(c->arena, owner->items[place], ast->span);
}
