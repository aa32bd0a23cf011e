// Parts of a tensor: `x[0]`, `x[1:3]`, `x[..., 0]`, counted from 0 within a sample, as NumPy
// counts. Each part of a dimension is a `slice`; a single place leaves no dimension.
#include "../check.h"

typedef struct Part {
    int64_t begin, count, step;
    bool is_place; // one number: the dimension goes
} Part;

static const Value *report_rank(Checker *c, const Ast *ast, const Value *owner, int given) {
    int rank = owner->node->type.rank;
    Diag *diag = diag_report(c->sink, DIAG_E0203, ast->span, "%s has %d dimension%s, not %d",
                             value_describe(c->arena, owner), rank, rank == 1 ? "" : "s", given);
    diag_label(diag, "one too many");
    diag_help(diag, "the batch is not counted: `x[0]` is the first place of each sample");
    return expression_error(c, ast->span);
}

// A whole number that an index says. False: reported.
static bool read_number(Checker *c, Scope *scope, const Ast *ast, int64_t *number) {
    const Value *value = expression_evaluate(c, scope, ast);
    if (value->kind == VALUE_ERROR) return false;
    if (value->kind == VALUE_NUMBER && value->is_integer) {
        *number = (int64_t)value->number;
        return true;
    }
    Diag *diag = diag_report(c->sink, DIAG_E0201, value->span, "an index is a whole number, not %s",
                             value_describe(c->arena, value));
    diag_label(diag, "expected a whole number");
    number_help(c, diag, value);
    return false;
}

static bool report_outside(Checker *c, const Ast *ast, const Value *owner, int dimension) {
    const Type *type = &owner->node->type;
    long long size = (long long)type->dims[dimension];
    Diag *diag =
        diag_report(c->sink, DIAG_E0203, ast->span, "dimension %d of %s has no part [%s]",
                    dimension + 1, type_text(c->arena, type), sources_text(c->sources, ast->span));
    if (ast->kind == AST_RANGE)
        diag_label(diag, "from 0 to before %lld, of one place at least", size);
    else
        diag_label(diag, "expected 0 to %lld, or -%lld to -1", size - 1, size);
    diag_secondary(diag, owner->node->span, "%s", type_text(c->arena, type));
    return false;
}

static bool read_place(Checker *c, Scope *scope, const Ast *ast, const Value *owner, int dimension,
                       Part *part) {
    int64_t size = owner->node->type.dims[dimension], place;
    if (!read_number(c, scope, ast, &place)) return false;
    if (place < 0) place += size;
    if (place < 0 || place >= size) return report_outside(c, ast, owner, dimension);
    *part = (Part){.begin = place, .count = 1, .step = 1, .is_place = true};
    return true;
}

// `first:end:step`; what is left out is the whole.
static bool read_range(Checker *c, Scope *scope, const Ast *ast, const Value *owner, int dimension,
                       Part *part) {
    int64_t size = owner->node->type.dims[dimension], first = 0, end = size, step = 1;
    if (ast->left && !read_number(c, scope, ast->left, &first)) return false;
    if (ast->right && !read_number(c, scope, ast->right, &end)) return false;
    if (ast->otherwise && !read_number(c, scope, ast->otherwise, &step)) return false;
    if (step < 1) {
        Diag *diag = diag_report(c->sink, DIAG_E0202, ast->otherwise->span,
                                 "the step of a part is 1 or more, not %lld", (long long)step);
        diag_label(diag, "expected 1 or more");
        return false;
    }
    if (first < 0) first += size;
    if (end < 0) end += size;
    if (first < 0 || end > size || first >= end) return report_outside(c, ast, owner, dimension);
    *part = (Part){.begin = first, .count = (end - first + step - 1) / step, .step = step};
    return true;
}

// The part of each dimension. False: reported.
static bool read_parts(Checker *c, Scope *scope, const Ast *ast, const Value *owner, Part *parts) {
    int rank = owner->node->type.rank, given = 0, dimension = 0;
    bool ok = true, has_ellipsis = false;
    for (int i = 0; i < ast->items.count; i++) given += ast->items.items[i]->kind != AST_ELLIPSIS;
    if (given > rank) return report_rank(c, ast, owner, given)->kind != VALUE_ERROR;
    for (int i = 0; i < rank; i++) parts[i] = (Part){.count = owner->node->type.dims[i], .step = 1};
    for (int i = 0; i < ast->items.count; i++) {
        const Ast *item = ast->items.items[i];
        if (item->kind == AST_ELLIPSIS && has_ellipsis) {
            Diag *diag = diag_report(c->sink, DIAG_E0203, item->span, "`...` stands once");
            diag_label(diag, "the second one");
            return false;
        }
        if (item->kind == AST_ELLIPSIS) {
            has_ellipsis = true;
            dimension += rank - given;
            continue;
        }
        bool read = item->kind == AST_RANGE
                        ? read_range(c, scope, item, owner, dimension, &parts[dimension])
                        : read_place(c, scope, item, owner, dimension, &parts[dimension]);
        ok = read && ok;
        dimension++;
    }
    return ok;
}

static Node *slice(Graph *graph, Node *x, int dimension, const Part *part) {
    Args *args = graph_args(graph, "slice");
    args_set_number(args, "axis", dimension);
    args_set_number(args, "begin", (double)part->begin);
    args_set_number(args, "count", (double)part->count);
    args_set_number(args, "step", (double)part->step);
    return graph_call(graph, "slice", &x, 1, args);
}

const Value *parts_index(Checker *c, Scope *scope, const Ast *ast, const Value *owner) {
    Part parts[SHAPE_MAX_RANK];
    int64_t dims[SHAPE_MAX_RANK];
    int rank = 0;
    Node *x = owner->node;
    const Type whole = x->type;
    if (!read_parts(c, scope, ast, owner, parts)) return expression_error(c, ast->span);
    c->graph->current_layer = NULL;
    c->graph->current_span = ast->span;
    for (int i = 0; i < whole.rank; i++) {
        if (parts[i].count != whole.dims[i]) x = slice(c->graph, x, i, &parts[i]);
        if (!parts[i].is_place) dims[rank++] = parts[i].count;
    }
    if (rank != whole.rank) x = graph_reshape(c->graph, x, rank, dims);
    return value_tensor(c->arena, x, ast->span);
}
