// The layout follows print_summary in keras/utils/layer_utils.py at 2.6: cells are cut so that a
// blank separates the columns, counts have commas in the totals alone. A chain of layers has three
// columns; a model whose layers branch has a fourth that says where each takes its input from, and
// rows for its inputs.
#include "summary.h"

#include "../../../runtime/base/text/number.h"
#include "../../../runtime/files/paths/locate.h"
#include "../../../runtime/formats/text/vectors.h"
#include "../../graph/scan.h"
#include "../../op/op.h"
#include "../../program/diagram.h"

#include <ctype.h>
#include <inttypes.h>
#include <limits.h>

typedef struct Table {
    int column_count;
    int ends[4]; // of the columns
} Table;

static const Table chain_table = {3, {29, 55, 65}};
static const Table branched_table = {4, {32, 53, 65, 98}};

char *summary_class_name(Arena *arena, const char *operator_name) {
    const OpDef *op = op_find(operator_name);
    const char *known = op ? op->schema.keras_name : NULL;
    if (known && isupper((unsigned char)*known))
        return arena_copy(arena, known, strcspn(known, " "));
    char *name = arena_strdup(arena, operator_name), *end = name;
    bool begins_word = true;
    for (const char *at = name; *at; at++) {
        if (*at != '_') *end++ = begins_word ? (char)toupper((unsigned char)*at) : *at;
        begins_word = *at == '_';
    }
    *end = 0;
    return name;
}

char *summary_count(Arena *arena, int64_t count) {
    char text[NNRT_GROUPED_NUMBER];
    return arena_format(arena, "%s", nnrt_number_grouped(count, text));
}

const char *summary_size(Arena *arena, int64_t bytes) {
    static const char *const units[] = {"KB", "MB", "GB", "TB"};
    double size = (double)bytes / 1024;
    int unit = 0;
    if (size < 1) return "";
    for (; size >= 1024 && unit < 3; unit++) size /= 1024;
    return arena_format(arena, " (%.2f %s)", size, units[unit]);
}

static int64_t layer_count(const Layer *layer) {
    int64_t count = 0;
    for (int i = 0; i < layer->parameters.count; i++)
        count += type_elements(&layer->parameters.items[i]->type);
    return count;
}

// The statistics of `standardize` travel with the weights but belong to no layer: they are data.
static int64_t total_count(const Graph *graph) {
    int64_t count = 0;
    for (int i = 0; i < graph->parameter_nodes.count; i++) {
        const Node *node = graph->parameter_nodes.items[i];
        if (node && node->parameter->layer) count += type_elements(&node->parameter->type);
    }
    return count;
}

// The largest batch that is trained, which the activations are planned for; 0: no training.
static int64_t largest_batch(const Model *model) {
    int64_t batch = 0;
    for (int i = 0; i < model->trainings.count; i++)
        if (model->trainings.items[i]->batch > batch) batch = model->trainings.items[i]->batch;
    return batch;
}

// ---- Rows: layers, and operators between tensors (`a + b`) where they stand.

typedef struct Row {
    const char *name, *type_name;
    const Layer *layer; // NULL: an operator
    const Node *node;   // the first use
    int number;         // behind an operator's name; 0: none
    const Graph *cell;  // that has it in a recurrent layer's cell; NULL: none
} Row;

typedef struct Rows {
    Arena *arena;
    const Model *model;
    VEC(Row) items;
} Rows;

static bool has_name(const Rows *rows, const char *name) {
    const Graph *graph = rows->model->forward;
    for (int i = 0; i < graph->nodes.count; i++) {
        const Layer *layer = graph->nodes.items[i]->layer;
        if (layer && strcmp(layer->name, name) == 0) return true;
    }
    for (int i = 0; i < rows->items.count; i++)
        if (strcmp(rows->items.items[i].name, name) == 0) return true;
    return false;
}

// Behind that of the last row of the operator: there may be thousands.
static int next_number(const Rows *rows, const char *base) {
    for (int i = rows->items.count - 1; i >= 0; i--) {
        const Row *row = &rows->items.items[i];
        if (!row->layer && strcmp(row->type_name, base) == 0) return row->number + 1;
    }
    return 0;
}

static void add_operator(Rows *rows, const Node *node) {
    const char *base = node->op->schema.name, *name = base;
    int number = next_number(rows, base);
    if (number) name = arena_format(rows->arena, "%s_%d", base, number);
    while (has_name(rows, name)) name = arena_format(rows->arena, "%s_%d", base, ++number);
    vec_push(rows->arena, &rows->items, ((Row){name, base, NULL, node, number, NULL}));
}

static void add_layer(Rows *rows, const Node *node, const Graph *cell) {
    const char *name = weights_layer_name(rows->arena, node->layer, rows->model->name);
    Row row = {name, node->layer->type_name, node->layer, node, 0, cell};
    vec_push(rows->arena, &rows->items, row);
}

static void add_cell(Rows *rows, const Graph *cell, Node **uses) {
    for (int i = 0; i < cell->nodes.count; i++) {
        const Node *node = cell->nodes.items[i];
        if (node->layer && uses[node->layer->index] == node) add_layer(rows, node, cell);
    }
}

static Rows collect_rows(Arena *arena, const Model *model) {
    Rows rows = {.arena = arena, .model = model};
    const Graph *graph = model->forward;
    Node **uses = graph_first_uses(graph, arena);
    for (int i = 0; i < graph->nodes.count; i++) {
        const Node *node = graph->nodes.items[i];
        if (program_is_operator(model, node)) add_operator(&rows, node);
        if (!node->layer || uses[node->layer->index] != node) continue;
        add_layer(&rows, node, NULL);
        if (node->scan) add_cell(&rows, node->scan->body, uses);
    }
    return rows;
}

// ---- Where rows take their inputs from.

typedef VEC(const char *) NameList;

static void add_name(Arena *arena, NameList *names, const char *name) {
    for (int i = 0; i < names->count; i++)
        if (!strcmp(names->items[i], name)) return;
    vec_push(arena, names, name);
}

// One of the values of a layer that gives several; not the first, which is the layer's node.
static bool is_result(const Node *node) {
    return node_is(node, "layer_result");
}

static bool is_use(const Node *node, const Layer *layer) {
    return node->layer == layer && !node->parameter && !is_result(node);
}

// The how-manieth use of its layer the node is, as Keras counts: from 0.
static int use_of(const Graph *graph, const Node *node) {
    int use = 0;
    for (int i = 0; i < graph->nodes.count && graph->nodes.items[i] != node; i++)
        use += is_use(graph->nodes.items[i], node->layer);
    return use;
}

static const Row *row_of(const Rows *rows, const Node *node) {
    for (int i = 0; i < rows->items.count; i++)
        if (rows->items.items[i].node == node) return &rows->items.items[i];
    return NULL;
}

// The rows and model inputs whose values reach `node` without another row between, as Keras writes
// them: `name[use][value]`.
static void add_sources(const Rows *rows, NameList *names, const Node *node, const Layer *user) {
    for (int i = 0; i < node->input_count; i++) {
        const Node *input = node->inputs[i];
        const Row *row = input->layer ? NULL : row_of(rows, input);
        if (input->parameter) continue;
        if (input->layer && (input->layer != user || node->layer == input->layer))
            add_name(rows->arena, names,
                     arena_format(
                         rows->arena, "%s[%d][%d]",
                         weights_layer_name(rows->arena, input->layer, rows->model->name),
                         use_of(rows->model->forward, is_result(input) ? input->inputs[0] : input),
                         is_result(input) ? (int)args_int(input->args, "index") : 0));
        else if (row || node_is(input, "input"))
            add_name(rows->arena, names,
                     arena_format(rows->arena, "%s[0][0]", row ? row->name : input->name));
        else
            add_sources(rows, names, input, user);
    }
}

// Those of all uses: the second one of a shared layer, too.
static NameList row_sources(const Rows *rows, const Row *row) {
    const Graph *graph = row->cell ? row->cell : rows->model->forward;
    NameList names = {0};
    if (!row->layer) add_sources(rows, &names, row->node, NULL);
    for (int i = 0; row->layer && i < graph->nodes.count; i++)
        if (is_use(graph->nodes.items[i], row->layer))
            add_sources(rows, &names, graph->nodes.items[i], row->layer);
    return names;
}

static bool is_chain(const Rows *rows) {
    const Graph *graph = rows->model->forward;
    if (graph->inputs.count != 1) return false;
    const char *before = arena_format(rows->arena, "%s[0][0]", graph->inputs.items[0]->name);
    for (int i = 0; i < rows->items.count; i++) {
        if (rows->items.items[i].cell) continue;
        NameList names = row_sources(rows, &rows->items.items[i]);
        if (names.count != 1 || strcmp(names.items[0], before)) return false;
        before = arena_format(rows->arena, "%s[0][0]", rows->items.items[i].name);
    }
    return true;
}

// ---- The table.

static char *output_shape(Arena *arena, const Type *type) {
    Text text = text_create(arena);
    text_put(&text, type->batched ? "(None" : "(");
    for (int i = 0; i < type->rank; i++)
        text_format(&text, "%s%" PRId64, i || type->batched ? ", " : "", type->dims[i]);
    text_put(&text, type->rank ? ")" : ",)");
    return text.data;
}

static void put_rule(Text *out, const Table *table, char character) {
    for (int i = 0; i < table->ends[table->column_count - 1]; i++)
        text_put_bytes(out, &character, 1);
    text_put(out, "\n");
}

static void put_row(Text *out, const Table *table, const char *const *cells) {
    int used = 0;
    for (int i = 0; i < table->column_count; i++) {
        int end = table->ends[i], room = end - used - (i + 1 < table->column_count);
        text_format(out, "%-*.*s", end - used, room, cells[i]);
        used = end;
    }
    text_put(out, "\n");
}

// Further lines for the second and later inputs. `shape` and `params` are those of `row`, or of the
// part that it begins.
static void put_entry(Text *out, const Table *table, const Rows *rows, const Row *row,
                      const char *title, const Type *shape, int64_t params) {
    Arena *arena = out->arena;
    NameList sources = row_sources(rows, row);
    const char *cells[4] = {title, output_shape(arena, shape),
                            arena_format(arena, "%" PRId64, params),
                            sources.count ? sources.items[0] : ""};
    put_row(out, table, cells);
    for (int i = 1; i < sources.count && table->column_count == 4; i++)
        put_row(out, table, (const char *[]){"", "", "", sources.items[i]});
}

// As the model declares them: the data may have no dimension for the channel.
static const Type *input_type(const Model *model, int index) {
    bool is_known = index < model->inputs.count && model->inputs.items[index];
    return &(is_known ? model->inputs.items[index] : model->forward->inputs.items[index])->type;
}

static void put_inputs(Text *out, const Table *table, const Model *model, int rows) {
    const Graph *graph = model->forward;
    Arena *arena = out->arena;
    for (int i = 0; i < graph->inputs.count; i++) {
        const Node *input = graph->inputs.items[i];
        const char *name = arena_format(arena, "%s (InputLayer)", input->name);
        const char *shape = arena_format(arena, "[%s]", output_shape(arena, input_type(model, i)));
        put_row(out, table, (const char *[]){name, shape, "0", ""});
        put_rule(out, table, rows || i + 1 < graph->inputs.count ? '_' : '=');
    }
}

static void put_memory(Text *out, const GenMemory *memory) {
    const struct {
        const char *name;
        int64_t bytes;
    } rows[] = {{"Data in memory", memory->data},
                {"Data on the disk", memory->on_disk},
                {"Peak memory of training", memory->peak}};
    for (int i = 0; i < 3; i++)
        if (rows[i].bytes)
            text_format(out, "%s: %s bytes%s\n", rows[i].name,
                        summary_count(out->arena, rows[i].bytes),
                        summary_size(out->arena, rows[i].bytes));
}

// How many of the words of the data a file has vectors for, where both are there.
static void put_vectors(Text *out, const Parameter *table) {
    const nnrt_data_info *info = table->dataset ? &table->dataset->info : NULL;
    int64_t column = info ? nnrt_data_find_column(info, table->column) : -1;
    char path[PATH_MAX];
    if (column < 0 || nnrt_locate(table->folder, table->vectors, path)) return;
    nnrt_vector_rows rows = {.words = info->input_words[column],
                             .count = info->input_categories[column],
                             .size = table->type.dims[1]};
    if (nnrt_vectors_read(path, &rows) == NNRT_OK)
        text_format(out, "Vectors of %s: %s of %s words found in %s\n", table->name,
                    summary_count(out->arena, rows.found), summary_count(out->arena, rows.count),
                    table->vectors);
}

static void put_all_vectors(Text *out, const Model *model) {
    const NodeList *parameters = &model->forward->parameter_nodes;
    for (int i = 0; i < parameters->count; i++)
        if (parameters->items[i] && parameters->items[i]->parameter->vectors)
            put_vectors(out, parameters->items[i]->parameter);
}

static bool rounds_products(const Model *model) {
    for (int i = 0; i < model->trainings.count; i++)
        if (model->trainings.items[i]->precision == PRECISION_BFLOAT16) return true;
    return false;
}

static void put_sizes(Text *out, const Model *model, const GenSizes *sizes) {
    const struct {
        const char *name;
        int64_t bytes;
    } rows[] = {{"Weights", sizes->weights},
                {"Gradients", sizes->gradients},
                {"Optimizer state", sizes->optimizer},
                {"Activations", sizes->activations}};
    for (int i = 0; i < 4; i++)
        text_format(out, "%s: %s bytes%s\n", rows[i].name, summary_count(out->arena, rows[i].bytes),
                    summary_size(out->arena, rows[i].bytes));
    if (sizes->memory.is_known) put_memory(out, &sizes->memory);
    int64_t batch = largest_batch(model);
    if (batch) text_format(out, "Batch: %s samples\n", summary_count(out->arena, batch));
    if (rounds_products(model)) text_put(out, "Precision of products: bfloat16\n");
    if (sizes->int8_products)
        text_format(out, "Predictions in int8: %s product%s, weights of %s bytes%s\n",
                    summary_count(out->arena, sizes->int8_products),
                    sizes->int8_products == 1 ? "" : "s",
                    summary_count(out->arena, sizes->int8_weights),
                    summary_size(out->arena, sizes->int8_weights));
}

static void put_trainable(Text *out, const char *which, int64_t total, int64_t trainable) {
    text_format(out, "Trainable params%s: %s\n", which, summary_count(out->arena, trainable));
    text_format(out, "Non-trainable params%s: %s\n", which,
                summary_count(out->arena, total - trainable));
}

// Trainings that change the same number of weights are one line.
static void put_counts(Text *out, const Model *model) {
    int64_t total = total_count(model->forward), last = program_last_trainable(model);
    bool differ = false;
    text_format(out, "Total params: %s\n", summary_count(out->arena, total));
    for (int i = 0; i < model->trainings.count; i++)
        differ = differ || program_trainable(model->trainings.items[i], model) != last;
    if (!differ) put_trainable(out, "", total, last);
    for (int i = 0; differ && i < model->trainings.count; i++)
        put_trainable(out, arena_format(out->arena, " in training %d", i + 1), total,
                      program_trainable(model->trainings.items[i], model));
}

static const Type *shape_of(const Row *row) {
    return row->layer ? &row->layer->output : &row->node->type;
}

static void put_layer(Text *out, const Table *table, const Rows *rows, const Row *row) {
    Arena *arena = out->arena;
    put_entry(out, table, rows, row,
              arena_format(arena, "%s (%s)", row->name, summary_class_name(arena, row->type_name)),
              shape_of(row), row->layer ? layer_count(row->layer) : 0);
}

// Is it of another model, whose rows a table before has?
static bool is_repeated(const Rows *rows, const Row *row, const bool *shown) {
    const char *owner = row->layer ? row->layer->model : NULL;
    return shown && owner && strcmp(owner, rows->model->name) != 0 && shown[row->layer->index];
}

// The rows from `first` on that are of one model, which a table before shows.
static int count_repeated(const Rows *rows, int first, const bool *shown) {
    const Row *items = rows->items.items;
    int end = first;
    while (end < rows->items.count && is_repeated(rows, &items[end], shown) &&
           strcmp(items[end].layer->model, items[first].layer->model) == 0)
        end++;
    return end - first;
}

static void put_part(Text *out, const Table *table, const Rows *rows, int first, int count) {
    const Row *row = &rows->items.items[first];
    int64_t params = 0;
    for (int i = 0; i < count; i++) params += layer_count(row[i].layer);
    put_entry(out, table, rows, row,
              arena_format(out->arena, "%s (Model, above)", row->layer->model),
              shape_of(&row[count - 1]), params);
}

static void put_rows(Text *out, const Table *table, const Rows *rows, bool *shown) {
    for (int i = 0, count; i < rows->items.count; i += count) {
        int repeated = count_repeated(rows, i, shown);
        count = repeated ? repeated : 1;
        if (repeated)
            put_part(out, table, rows, i, count);
        else
            put_layer(out, table, rows, &rows->items.items[i]);
        put_rule(out, table, i + count < rows->items.count ? '_' : '=');
    }
    for (int i = 0; shown && i < rows->items.count; i++)
        if (rows->items.items[i].layer) shown[rows->items.items[i].layer->index] = true;
}

void summary_print(Text *out, const Model *model, const GenSizes *sizes, bool *shown) {
    Rows rows = collect_rows(out->arena, model);
    bool chain = is_chain(&rows);
    const Table *table = chain ? &chain_table : &branched_table;
    text_format(out, "Model: \"%s\"\n", model->name);
    put_rule(out, table, '_');
    put_row(out, table,
            (const char *[]){"Layer (type)", "Output Shape", "Param #", "Connected to"});
    put_rule(out, table, '=');
    if (!chain) put_inputs(out, table, model, rows.items.count);
    put_rows(out, table, &rows, shown);
    put_counts(out, model);
    put_all_vectors(out, model);
    put_rule(out, table, '_');
    if (!sizes) return;
    put_sizes(out, model, sizes);
    put_rule(out, table, '_');
}

// ---- JSON.

static void json_layer(Text *out, const Model *model, const Layer *layer) {
    text_put(out, "{\"name\": ");
    text_json_string(out, weights_layer_name(out->arena, layer, model->name));
    text_put(out, ", \"type\": ");
    text_json_string(out, summary_class_name(out->arena, layer->type_name));
    text_put(out, ", \"output_shape\": [null");
    for (int i = 0; i < layer->output.rank; i++)
        text_format(out, ", %" PRId64, layer->output.dims[i]);
    text_format(out, "], \"params\": %" PRId64 "}", layer_count(layer));
}

static void json_bytes(Text *out, const char *name, const int64_t *bytes) {
    text_format(out, ", \"%s\": ", name);
    if (bytes)
        text_format(out, "%" PRId64, *bytes);
    else
        text_put(out, "null");
}

// Where several trainings change the model one after the other.
static void json_trainings(Text *out, const Model *model) {
    if (model->trainings.count < 2) return;
    for (int i = 0; i < model->trainings.count; i++)
        text_format(out, "%s{\"trainable\": %" PRId64 "}", i ? ", " : ", \"trainings\": [",
                    program_trainable(model->trainings.items[i], model));
    text_put(out, "]");
}

void summary_print_json(Text *out, const Model *model, const GenSizes *sizes, bool is_listed) {
    const Graph *graph = model->forward;
    text_put(out, "{");
    if (is_listed) {
        text_put(out, "\"name\": ");
        text_json_string(out, model->name);
        text_put(out, ", ");
    }
    text_put(out, "\"model\": ");
    text_json_string(out, model->name);
    text_put(out, ", \"layers\": [");
    Node **uses = graph_first_uses(graph, out->arena);
    const char *separator = "";
    for (int i = 0; i < graph->weights->layers.count; i++) {
        if (!uses[i]) continue;
        text_put(out, separator);
        json_layer(out, model, graph->weights->layers.items[i]);
        separator = ", ";
    }
    int64_t total = total_count(graph), trainable = program_last_trainable(model);
    int64_t batch = largest_batch(model);
    text_format(out, "], \"params\": %" PRId64 ", \"trainable\": %" PRId64, total, trainable);
    text_format(out, ", \"non_trainable\": %" PRId64, total - trainable);
    json_trainings(out, model);
    json_bytes(out, "batch", batch ? &batch : NULL);
    json_bytes(out, "weight_bytes", sizes ? &sizes->weights : NULL);
    json_bytes(out, "gradient_bytes", sizes ? &sizes->gradients : NULL);
    json_bytes(out, "optimizer_bytes", sizes ? &sizes->optimizer : NULL);
    json_bytes(out, "activation_bytes", sizes ? &sizes->activations : NULL);
    const GenMemory *memory = sizes && sizes->memory.is_known ? &sizes->memory : NULL;
    json_bytes(out, "data_bytes", memory ? &memory->data : NULL);
    json_bytes(out, "disk_bytes", memory ? &memory->on_disk : NULL);
    json_bytes(out, "peak_bytes", memory ? &memory->peak : NULL);
    if (sizes && sizes->int8_products)
        text_format(out, ", \"int8_products\": %" PRId64 ", \"int8_weight_bytes\": %" PRId64,
                    sizes->int8_products, sizes->int8_weights);
    text_put(out, "}");
}
