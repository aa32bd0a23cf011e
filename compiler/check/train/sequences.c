// What sequences ask of their data: a row of a table for each token, samples in order where states
// are kept from batch to batch, words for vectors that a file has.
#include "../../../runtime/files/paths/locate.h"
#include "../../../runtime/formats/text/vectors.h"
#include "../check.h"

typedef struct Sequences {
    Checker *c;
    Dataset *dataset;
    Map *told; // layers of which it was reported
} Sequences;

// Of each layer one thing is told.
static bool was_told(const Sequences *s, const Node *node) {
    if (!node->layer || map_get(s->told, node->layer)) return true;
    map_set(s->told, node->layer, (void *)node);
    return false;
}

// The data's column whose elements are input 0 of a node, whatever its shape; -1: it is none.
static int column_of(const Sequences *s, const Node *node) {
    const Node *source = node->inputs[0];
    while (source->op->fuse == FUSE_MOVEMENT) source = source->inputs[0];
    return source->column ? columns_find_name(&s->dataset->info, source->column) : -1;
}

static void check_table(const Sequences *s, const Node *node) {
    const nnrt_data_info *info = &s->dataset->info;
    int column = column_of(s, node);
    int64_t numbers = column < 0 ? 0 : info->input_categories[column], rows = node->op->rows(node);
    if (numbers <= rows || was_told(s, node)) return;
    const char *member = info->input_is_index[column] ? "categories" : "vocabulary";
    Diag *diag = diag_report(s->c->sink, DIAG_E0302, node->span,
                             "%s has %lld row%s, but `%s` of `%s` has numbers from 0 to %lld",
                             node->op->schema.name, (long long)rows, rows == 1 ? "" : "s",
                             info->inputs[column].name, s->dataset->name, (long long)numbers - 1);
    diag_label(diag, "has no row for the others");
    diag_secondary(diag, s->dataset->span, "has %lld numbers", (long long)numbers);
    diag_help(diag, "write `%s.%s` for %lld: it is %lld", s->dataset->name, member, (long long)rows,
              (long long)numbers);
}

// ---- States that are kept.

static void check_order(const Sequences *s, const Node *node) {
    nnrt_order order = s->dataset->info.order;
    if (order == NNRT_IN_ORDER || was_told(s, node)) return;
    Diag *diag = diag_report(s->c->sink, DIAG_E0302, node->span,
                             "a stateful %s goes on from sample to sample, but those of `%s` %s",
                             node->op->schema.name, s->dataset->name,
                             order == NNRT_MIXED ? "are not in the order of the source"
                                                 : "do not begin where the one before ends");
    diag_label(diag, "keeps its state");
    diag_secondary(diag, s->dataset->span,
                   order == NNRT_MIXED ? "mixes them" : "overlap, or have gaps");
    if (order == NNRT_MIXED)
        diag_help(diag,
                  "leave out what mixes them: `shuffle`, `balance`, and `split` with `seed` or "
                  "`stratify`");
    else
        diag_help(diag, "`windows(n, stride = n)` cuts windows that follow each other");
}

// ---- Vectors of words.

static Parameter *table_of(const Node *node) {
    for (int i = 0; node->layer && i < node->layer->parameters.count; i++)
        if (node->layer->parameters.items[i]->vectors) return node->layer->parameters.items[i];
    return NULL;
}

static void report_no_words(const Sequences *s, const Node *node) {
    if (was_told(s, node)) return;
    Diag *diag = diag_report(s->c->sink, DIAG_E0302, node->span,
                             "`weights` gives vectors to words, but none are known here");
    diag_label(diag, "its numbers are no tokens of words");
    if (s->dataset) diag_secondary(diag, s->dataset->span, "has no words for them");
    diag_help(diag,
              "`texts(..) -> tokens(..)`, or `text(.., unit = word)`, makes numbers of words");
}

static void check_file(const Sequences *s, const Node *node, const Parameter *table) {
    Checker *c = s->c;
    char path[PATH_MAX];
    nnrt_status status = nnrt_locate(table->folder, table->vectors, path);
    bool is_missing = status == NNRT_DATA_MISSING;
    if (!status) status = nnrt_vectors_check(path, table->type.dims[1]);
    if (!status || was_told(s, node)) return;
    DiagCode code = !is_missing ? DIAG_E0402 : c->options->need_data ? DIAG_E0401 : DIAG_W0401;
    dataset_report_error(c, code, node->span, "its rows begin with these vectors");
}

static void check_vectors(const Sequences *s, const Node *node) {
    Parameter *table = table_of(node);
    int column = table && s->dataset ? column_of(s, node) : -1;
    if (!table || table->dataset) return;
    if (s->dataset && !s->dataset->found) return; // which is reported
    if (column < 0 || !s->dataset->info.input_words[column]) {
        report_no_words(s, node);
        return;
    }
    table->dataset = s->dataset;
    table->folder = dataset_folder_at(s->c, node->span);
    table->column = s->dataset->info.inputs[column].name;
    check_file(s, node, table);
}

// ---- All of it.

static void check_node(const Sequences *s, const Node *node) {
    if (node->op->rows && node->input_count) check_vectors(s, node);
    if (!s->dataset) return;
    if (node->op->rows && node->input_count) check_table(s, node);
    if (node->op->keeps_states && node->op->keeps_states(node)) check_order(s, node);
}

static void check_graph(const Sequences *s, const Graph *graph) {
    for (int i = 0; graph && i < graph->nodes.count; i++)
        if (!graph->nodes.items[i]->poisoned) check_node(s, graph->nodes.items[i]);
}

void sequences_check(Checker *c) {
    Map told;
    map_create(&told, c->arena, true);
    for (int i = 0; i < c->models.count; i++) {
        const ModelEntry *entry = c->models.items[i];
        check_graph(&(Sequences){c, entry->dataset, &told}, entry->model->forward);
    }
    for (int i = 0; i < c->trainings.count; i++) {
        const TrainEntry *entry = c->trainings.items[i];
        for (int k = 0; entry->training && k < entry->training->steps.count; k++)
            check_graph(&(Sequences){c, entry->dataset, &told},
                        entry->training->steps.items[k]->forward);
    }
}
