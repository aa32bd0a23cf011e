// Do the tables of the layers have a row for each token of the data?
#include "../check.h"

typedef struct Tokens {
    Checker *c;
    const Dataset *dataset;
    Map *told; // layers of which it was reported
} Tokens;

// The data's column whose elements are input 0 of a node, whatever its shape; -1: it is none.
static int column_of(const Tokens *t, const Node *node) {
    const Node *source = node->inputs[0];
    while (source->op->fuse == FUSE_MOVEMENT) source = source->inputs[0];
    return source->column ? columns_find_name(&t->dataset->info, source->column) : -1;
}

static void check_table(const Tokens *t, const Node *node) {
    const nnrt_data_info *info = &t->dataset->info;
    int column = column_of(t, node);
    int64_t numbers = column < 0 ? 0 : info->input_categories[column], rows = node->op->rows(node);
    if (numbers <= rows || !node->layer || map_get(t->told, node->layer)) return;
    map_set(t->told, node->layer, (void *)node);
    const char *member = info->input_is_index[column] ? "categories" : "vocabulary";
    Diag *diag = diag_report(t->c->sink, DIAG_E0302, node->span,
                             "%s has %lld row%s, but `%s` of `%s` has numbers from 0 to %lld",
                             node->op->schema.name, (long long)rows, rows == 1 ? "" : "s",
                             info->inputs[column].name, t->dataset->name, (long long)numbers - 1);
    diag_label(diag, "has no row for the others");
    diag_secondary(diag, t->dataset->span, "has %lld numbers", (long long)numbers);
    diag_help(diag, "write `%s.%s` for %lld: it is %lld", t->dataset->name, member,
              (long long)rows, (long long)numbers);
}

static void check_graph(const Tokens *t, const Graph *graph) {
    for (int i = 0; graph && t->dataset && i < graph->nodes.count; i++) {
        const Node *node = graph->nodes.items[i];
        if (node->op->rows && node->input_count && !node->poisoned) check_table(t, node);
    }
}

void vocabulary_check(Checker *c) {
    Map told;
    map_create(&told, c->arena, true);
    for (int i = 0; i < c->models.count; i++) {
        const ModelEntry *entry = c->models.items[i];
        check_graph(&(Tokens){c, entry->dataset, &told}, entry->model->forward);
    }
    for (int i = 0; i < c->trainings.count; i++) {
        const TrainEntry *entry = c->trainings.items[i];
        for (int k = 0; entry->training && k < entry->training->steps.count; k++)
            check_graph(&(Tokens){c, entry->dataset, &told},
                        entry->training->steps.items[k]->forward);
    }
}
