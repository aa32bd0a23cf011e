// What is legal but hardly meant, where the whole network and its data show it: bytes that nothing
// scales, channels that stand first, noise behind the last layer. Warnings only, and only where
// nothing else is wrong; none of them may be a false alarm.
#include "../check.h"

#include "../../../runtime/files/paths/locate.h"
#include "../../../runtime/files/stream.h"

static bool is_one_of(const Node *node, const char *names) {
    return text_has_word(names, node->op->schema.name);
}

// ---- Bytes that nothing scales.

// Operators that pass values of 0 to 255 on as such.
#define KEEPS_SIZE                                                                                 \
    "flatten reshape permute concat linear relu pad crop upsample dropout spatial_dropout "        \
    "alpha_dropout gaussian_dropout "                                                              \
    "max_pool average_pool global_average_pool global_max_pool gaussian_noise maximum minimum"

static bool has_kernel(const Node *node) {
    for (int i = 0; node->layer && i < node->layer->parameters.count; i++)
        if (strstr(node->layer->parameters.items[i]->role, "kernel")) return true;
    return false;
}

static bool is_column(const Node *node, const char *column) {
    return strcmp(node->op->schema.name, "input") == 0 && node->column &&
           strcmp(node->column, column) == 0;
}

// The first layer with a kernel that gets the numbers of a column; NULL: none does.
static const Node *find_reader(Checker *c, const Graph *graph, const char *column) {
    Map bytes;
    map_create(&bytes, c->arena, true);
    for (int i = 0; i < graph->nodes.count; i++) {
        const Node *node = graph->nodes.items[i];
        bool reads = false;
        for (int k = 0; k < node->input_count; k++)
            reads = reads || map_get(&bytes, node->inputs[k]);
        if (reads && has_kernel(node)) return node;
        if (is_column(node, column) || (reads && is_one_of(node, KEEPS_SIZE)))
            map_set(&bytes, node, (void *)node);
    }
    return NULL;
}

enum { PEEKED = 1 << 16, HEADER = 128, SMALL = 32 };

// Do the first bytes of the file hold more than masks and small counts?
static bool holds_large_bytes(const char *path, int64_t size) {
    static uint8_t bytes[PEEKED];
    nnrt_stream stream;
    bool is_large = false;
    int64_t count = size < PEEKED ? size : PEEKED;
    if (nnrt_stream_open(&stream, path) != NNRT_OK) return false;
    if (nnrt_stream_read(&stream, bytes, count, "samples") == NNRT_OK)
        for (int64_t i = HEADER; i < count; i++) is_large = is_large || bytes[i] >= SMALL;
    nnrt_stream_close(&stream);
    return is_large;
}

// Built-in sets and folders of pictures; bytes in arrays may be anything, so a look decides.
static bool holds_pictures(const Dataset *dataset, int64_t number) {
    const Call *source = &dataset->stages.items[0];
    const nnrt_column *input = &dataset->info.inputs[number];
    char path[PATH_MAX];
    if (text_has_word("mnist fashion_mnist cifar10 cifar100 images", source->schema->name))
        return true;
    if (!text_has_word("idx npy", source->schema->name) || !dataset->found) return false;
    const ArgValue *files = args_get(source->args, "x");
    const char *name = files->text ? files->text : files->texts[number];
    return nnrt_locate(dataset->folder, name, path) == NNRT_OK &&
           holds_large_bytes(path, input->size * dataset->info.train_rows);
}

// What reads the bytes of pictures of one of the inputs; NULL: nothing does.
static const Node *find_bytes_reader(Checker *c, const TrainEntry *entry) {
    const nnrt_data_info *info = &entry->dataset->info;
    for (int64_t i = 0; i < info->input_count; i++) {
        if (info->inputs[i].dtype != NNRT_U8) continue;
        const Node *reader = find_reader(c, entry->model->model->forward, info->inputs[i].name);
        if (reader && holds_pictures(entry->dataset, i)) return reader;
    }
    return NULL;
}

// Where the pictures come from: the source, or the stage that loads them.
static const Call *find_origin(const Dataset *dataset) {
    const Call *origin = &dataset->stages.items[0];
    for (int i = 1; i < dataset->stages.count; i++)
        if (dataset_stage_does(dataset, i, NNRT_LOADS)) origin = &dataset->stages.items[i];
    return origin;
}

static void warn_bytes(Checker *c, const TrainEntry *entry) {
    const Dataset *dataset = entry->dataset;
    const nnrt_data_info *info = &dataset->info;
    if (info->scale != 1 || info->offset != 0 || info->standardize) return;
    const Node *reader = find_bytes_reader(c, entry);
    if (!reader) return;
    Span span = find_origin(dataset)->args->span;
    const char *source = sources_text(c->sources, span);
    Diag *diag = diag_report(c->sink, DIAG_W0303, span, "the bytes of `%s` are not scaled", source);
    diag_label(diag, "numbers from 0 to 255");
    diag_secondary(diag, reader->span, "learns best from numbers around 0 to 1");
    diag_help(diag, "write `%s -> scale(1/255)`", source);
}

// ---- Noise behind the last layer.

static void warn_noise(Checker *c, const Graph *graph) {
    const Node *node = graph->outputs.count == 1 ? graph->outputs.items[0] : NULL;
    while (node && node->input_count == 1 && is_one_of(node, "flatten reshape"))
        node = node->inputs[0];
    bool is_noise = node && is_one_of(node, "dropout spatial_dropout gaussian_noise "
                                            "gaussian_dropout alpha_dropout");
    if (!is_noise || !node->input_count || !node->inputs[0]->layer) return;
    const char *name = node->op->schema.name;
    Diag *diag = diag_report(c->sink, DIAG_W0303, node->span,
                             "`%s` behind the output changes predictions", name);
    diag_label(diag, "while training only");
    diag_secondary(diag, node->inputs[0]->span, "the output");
    diag_help(diag, "move it before the last layer: `-> %s -> %s`",
              sources_text(c->sources, node->span),
              sources_text(c->sources, node->inputs[0]->span));
}

// ---- Channels that stand first.

static bool has_channels_first(const Type *type) {
    enum { SMALLEST = 8 };
    return type->rank == 3 && (type->dims[0] == 1 || type->dims[0] == 3) &&
           type->dims[1] == type->dims[2] && type->dims[1] >= SMALLEST;
}

static void warn_channels(Checker *c, const Graph *graph) {
    for (int i = 0; i < graph->nodes.count; i++) {
        const Node *node = graph->nodes.items[i];
        const Node *input = node->input_count ? node->inputs[0] : NULL;
        if (!input || !is_one_of(node, "conv2d depthwise_conv2d separable_conv2d")) continue;
        bool is_raw = strcmp(input->op->schema.name, "input") == 0;
        if (!is_raw || !has_channels_first(&input->type)) continue;
        const Type *type = &input->type;
        Diag *diag = diag_report(
            c->sink, DIAG_W0303, input->span, "a picture of %lld x %lld with %lld channels",
            (long long)type->dims[0], (long long)type->dims[1], (long long)type->dims[2]);
        diag_label(diag, "channels stand last");
        diag_secondary(diag, node->span, "takes [height, width, channels]");
        diag_help(diag, "write `%s: [%lld, %lld, %lld]`", input->name, (long long)type->dims[1],
                  (long long)type->dims[2], (long long)type->dims[0]);
        return;
    }
}

// ---- Averages of epochs that do not come. (`--epochs` may ask for more.)

static void warn_averages(Checker *c, const Training *training) {
    for (int i = 0; i < training->callbacks.count; i++) {
        const Call *call = &training->callbacks.items[i];
        if (strcmp(call->schema->name, "swa") != 0) continue;
        int64_t start = (int64_t)args_get(call->args, "start_from_epoch")->number;
        if (start < training->epochs) continue;
        Diag *diag = diag_report(c->sink, DIAG_W0303, call->args->span,
                                 "`swa` begins after %lld epochs, but this training has %lld",
                                 (long long)start, (long long)training->epochs);
        diag_label(diag, "nothing is averaged");
        diag_help(diag, "write a smaller `start_from_epoch`, or more `epochs`");
    }
}

// ---- Columns of tables.

// Large numbers of a table that a layer with a kernel gets as they are.
static void warn_large(Checker *c, const TrainEntry *entry, const nnrt_fact *fact) {
    const Dataset *dataset = entry->dataset;
    const nnrt_data_info *info = &dataset->info;
    if (info->scale != 1 || info->offset != 0 || info->standardize) return;
    const Node *reader = find_reader(c, entry->model->model->forward, "x");
    if (!reader) return;
    const Call *last = &dataset->stages.items[dataset->stages.count - 1];
    Diag *diag = diag_report(c->sink, DIAG_W0303, dataset->stages.items[0].args->span,
                             "the numbers of `%s` are not scaled", fact->column);
    diag_label(diag, "numbers about %.3g", fact->number);
    diag_secondary(diag, reader->span, "learns best from numbers around 0 to 1");
    diag_help(diag, "write `%s -> standardize`", sources_text(c->sources, last->args->span));
}

// Of each data set once.
static void warn_facts(Checker *c, int place) {
    const TrainEntry *entry = c->trainings.items[place];
    const nnrt_data_info *info = &entry->dataset->info;
    for (int i = 0; i < place; i++)
        if (c->trainings.items[i]->dataset == entry->dataset) return;
    facts_warn(c, entry->dataset);
    for (int64_t i = 0; i < info->fact_count; i++)
        if (info->facts[i].kind == NNRT_FACT_LARGE) warn_large(c, entry, &info->facts[i]);
}

// ---- All of it.

void doubts_warn(Checker *c) {
    if (diag_error_count(c->sink)) return;
    for (int i = 0; i < c->models.count; i++)
        if (c->models.items[i]->model->forward)
            warn_channels(c, c->models.items[i]->model->forward);
    for (int i = 0; i < c->trainings.count; i++) {
        const TrainEntry *entry = c->trainings.items[i];
        if (entry->training) warn_averages(c, entry->training);
        if (!entry->model || !entry->model->model->forward) continue;
        warn_noise(c, entry->model->model->forward);
        if (!entry->dataset) continue;
        warn_bytes(c, entry);
        warn_facts(c, i);
    }
}
