// `sample_weight = column`: what each sample counts in the loss. The data set is told before it is
// opened, by a stage behind its source, so that the column is none of the inputs.
#include "../check.h"

static const char entry_name[] = "sample_weight";

static const Ast *find_entry(const Ast *train) {
    for (int i = 0; train->body && i < train->body->items.count; i++) {
        const Ast *ast = train->body->items.items[i];
        if (ast->kind == AST_ASSIGN && strcmp(ast->text, entry_name) == 0) return ast->left;
    }
    return NULL;
}

static const char *column_of(const Ast *ast) {
    return ast->kind == AST_NAME || ast->kind == AST_STRING ? ast->text : NULL;
}

static bool has_stage(const Dataset *dataset, const Schema *schema, const char *column) {
    for (int i = 0; i < dataset->stages.count; i++) {
        const Call *stage = &dataset->stages.items[i];
        if (stage->schema == schema && strcmp(args_text(stage->args, "column"), column) == 0)
            return true;
    }
    return false;
}

void sample_weight_add_stage(Checker *c, Dataset *dataset, const Ast *train) {
    const Ast *ast = find_entry(train);
    const char *column = ast ? column_of(ast) : NULL;
    const Schema *schema = family_word(&vocabulary[FAMILY_TRANSFORMS], entry_name);
    if (!column || has_stage(dataset, schema, column)) return;
    Args *args = args_default(c->arena, schema);
    args->span = ast->span;
    args_set_text(args, "column", column);
    vec_push(c->arena, &dataset->stages, ((Call){schema, args}));
    for (int i = dataset->stages.count - 1; i > 1; i--)
        dataset->stages.items[i] = dataset->stages.items[i - 1];
    dataset->stages.items[1] = (Call){schema, args};
}

static void report_column(Checker *c, const Ast *ast) {
    Diag *diag =
        diag_report(c->sink, DIAG_E0201, ast->span, "`sample_weight` is the name of a column");
    diag_label(diag, "expected a column of the data");
    diag_help(diag, "write `sample_weight = weight`, where the table has a column `weight`");
}

// One that a later stage took away, or gave another name.
static void report_gone(Checker *c, const Dataset *dataset, const Ast *ast, const char *column) {
    Diag *diag = diag_report(c->sink, DIAG_E0101, ast->span,
                             "`%s` has no column of weights `%s` behind its transforms",
                             dataset->name, column);
    diag_label(diag, "taken away or renamed");
    diag_help(diag, "leave it in the table: the column of `sample_weight` is none of the inputs");
}

void sample_weight_read(Checker *c, const TrainEntry *entry, Training *training, const Ast *ast) {
    const Dataset *dataset = entry->dataset;
    const char *column = column_of(ast);
    if (!column) report_column(c, ast);
    if (!column || !dataset || !dataset->found) return; // or it is reported
    for (int i = 0; i < dataset->info.weight_count; i++)
        if (strcmp(dataset->info.weights[i].name, column) == 0)
            training->sample_weight = &dataset->info.weights[i];
    if (!training->sample_weight) report_gone(c, dataset, ast, column);
}

Node *sample_weight_input(const Training *training, Graph *graph) {
    const nnrt_column *column = training->sample_weight;
    if (!column) return NULL;
    graph->current_layer = NULL;
    Node *node = graph_input(graph, column->name, columns_type(column));
    node->column = node->name;
    return node;
}

Node *sample_weight_apply(Graph *graph, Node *loss, Node *weight) {
    int64_t ones[SHAPE_MAX_RANK];
    if (!weight) return loss;
    for (int i = 0; i < loss->type.rank; i++) ones[i] = 1;
    return graph_multiply(graph, loss, graph_reshape(graph, weight, loss->type.rank, ones));
}
