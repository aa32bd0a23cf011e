// Attention: every place of a sequence is made of all places of another, or of its own, by how well
// they fit. Vaswani et al. 2017, arXiv:1706.03762; keras/src/layers/attention, whose weights have
// the same names and shapes in files.
//   scores = query key^T, weights = softmax(scores + mask), result = weights value
// With `score_mode = concat` the scores are those of additive attention, Bahdanau et al. 2015,
// arXiv:1409.0473: sum(tanh(query + key)) of each pair, which is not kept but summed as it is made.
// The heads are a batch of products that are read where they lie in [places, heads, numbers].
#include "../layer/layer.h"
#include "../primitive/pairs.h"

#include <math.h>
#include <string.h>

enum { MOST_HEADS = 1 << 16 };

// ---- The core.

// Letters of the equations: t places that ask, s places that answer, n heads, d numbers.
typedef struct Core {
    const char *scores, *result;
} Core;

static const Core one_head = {"td,sd->ts", "ts,sd->td"};
static const Core many_heads = {"tnd,snd->nts", "nts,snd->tnd"};

// What is added to the scores: a large negative number at places behind the one that asks.
static Node *causal_mask(Graph *graph, const Node *scores) {
    return graph_generate(graph, "causal_mask", scores->type, NULL);
}

static const double NOTHING = -1e9; // a score that leaves nothing of a probability

static Node *where(Graph *graph, Node *mask, Node *x, double otherwise) {
    Node *inputs[] = {mask, x, graph_constant(graph, otherwise)};
    return graph_call(graph, "where", inputs, 3, NULL);
}

// The node's masks: of the places that answer, as [.., 1, s], and of those that ask, as [.., t, 1].
typedef struct Counting {
    Node *answers, *asks; // NULL: all count
} Counting;

static Counting counting_of(Graph *graph, const Node *node, const Node *scores) {
    int64_t dims[SHAPE_MAX_RANK] = {1, 1, 1};
    int rank = scores->type.rank;
    Counting counting = {0};
    if (!node->mask_count) return counting;
    dims[rank - 1] = scores->type.dims[rank - 1];
    counting.answers = graph_reshape(graph, op_taken_mask(node), rank, dims);
    dims[rank - 1] = 1, dims[rank - 2] = scores->type.dims[rank - 2];
    counting.asks = graph_reshape(graph, node->inputs[node->input_count - 1], rank, dims);
    return counting;
}

// Places that do not count get no weight, and make nothing (keras/src/layers/activations/softmax.py
// with a mask).
static Node *weights_of(Graph *graph, const Node *node, Node *scores) {
    bool causal = args_bool(node->args, "causal");
    Counting counting = counting_of(graph, node, scores);
    if (causal) scores = graph_add(graph, scores, causal_mask(graph, scores));
    if (counting.answers) scores = where(graph, counting.answers, scores, NOTHING);
    Node *weights = graph_unary(graph, "softmax", scores);
    if (counting.answers) weights = where(graph, counting.answers, weights, 0);
    if (counting.asks) weights = where(graph, counting.asks, weights, 0);
    return weights;
}

static Node *dropped(Graph *graph, const Node *node, Node *weights) {
    double rate = args_number(node->args, "dropout");
    if (rate == 0) return weights;
    Args *args = graph_args(graph, "dropout");
    args_set_number(args, "rate", rate);
    return graph_call(graph, "dropout", &weights, 1, args);
}

// A causal mask is known, so that no product is computed above the diagonal.
static Node *weigh(Graph *graph, const Core *core, const Node *node, Node *weights, Node *value) {
    bool causal = args_bool(node->args, "causal");
    return pairs_multiply(graph, weights, value, core->result, causal ? "ts" : NULL);
}

// With `return_attention_scores` the weights are the second value.
static void give_weights(Graph *graph, Node *node, Node *weights) {
    if (args_bool(node->args, "return_attention_scores"))
        graph_set_results(graph, node, &weights, 1);
}

static int attention_results(const Node *node) {
    return args_bool(node->args, "return_attention_scores") ? 2 : 1;
}

static Node *scores_of(Graph *graph, const Core *core, Node *query, Node *key, bool causal) {
    return pairs_multiply(graph, query, key, core->scores, causal ? "ts" : NULL);
}

// ---- What both layers check.

// The sequences among the inputs; the weights follow, and the masks.
static int attention_inputs(const Node *node) {
    int count = 0;
    while (count < node->input_count - node->mask_count && node->inputs[count]->type.batched)
        count++;
    return count;
}

static bool is_sequence(Graph *graph, Node *node, int input) {
    static const char *const names[] = {"query", "value", "key"};
    const Type *type = &node->inputs[input]->type;
    if (type->rank == 2) return true;
    op_shape_error(graph, node, "%s expects sequences [places, numbers], but its %s is %s",
                   node->op->schema.name, names[input], shape_text(graph->arena, type));
    op_shape_help(graph, "`reshape` makes a sequence of other values; an `embedding` makes one of "
                         "tokens");
    return false;
}

static int64_t places_of(const Node *node, int input) {
    return node->inputs[input]->type.dims[0];
}

static bool are_sequences(Graph *graph, Node *node, int count) {
    if (count < node->op->min_inputs)
        return op_shape_error(graph, node, "%s works on sequences of samples",
                              node->op->schema.name);
    for (int i = 0; i < count; i++)
        if (!is_sequence(graph, node, i)) return false;
    if (count > 2 && places_of(node, 1) != places_of(node, 2))
        return op_shape_error(graph, node, "%s has a value of %lld places, but a key of %lld",
                              node->op->schema.name, (long long)places_of(node, 1),
                              (long long)places_of(node, 2));
    bool is_other = count > 1 && places_of(node, 0) != places_of(node, 1);
    if (!is_other || !args_bool(node->args, "causal")) return true;
    op_shape_error(graph, node, "causal attention of %lld places over %lld",
                   (long long)places_of(node, 0), (long long)places_of(node, 1));
    op_shape_note(graph, "a place sees itself and those before it, of a sequence as long");
    op_shape_help(graph, "leave `causal` out, or ask and answer with sequences of one length");
    return false;
}

static Node *all_count(Graph *graph, const Node *sequence) {
    Type type = type_make(DTYPE_F32, true, 1, sequence->type.dims);
    return graph_filled(graph, type, 1);
}

// A place answers where value and key count. The result has the steps of the query.
static Node *attention_mask(Graph *graph, Node *node) {
    int count = attention_inputs(node);
    Node *query = node->inputs[0], *value = node->inputs[count > 1 ? 1 : 0];
    Node *key = node->inputs[count - 1], *answers = value->mask ? value->mask : key->mask;
    if (!query->mask && !answers) return NULL;
    if (answers && key->mask && key->mask != answers)
        answers = graph_multiply(graph, answers, key->mask);
    op_take_mask(graph, node, answers ? answers : all_count(graph, value));
    op_take_mask(graph, node, query->mask ? query->mask : all_count(graph, query));
    return query->mask;
}

// ---- attention and additive_attention: keras/src/layers/attention/attention.py and
// additive_attention.py, whose scale is a number for each of a key, not one for all.

static bool is_additive(const Node *node) {
    bool has_mode = schema_arg_index(node->args->schema, "score_mode") >= 0;
    return !has_mode || strcmp(args_text(node->args, "score_mode"), "concat") == 0;
}

static bool attention_shape(Graph *graph, Node *node) {
    int count = attention_inputs(node);
    if (!are_sequences(graph, node, count)) return false;
    const Type *query = &node->inputs[0]->type, *value = &node->inputs[1]->type;
    const Type *key = &node->inputs[count - 1]->type;
    if (type_last(query) != type_last(key)) {
        op_shape_error(graph, node, "%s compares queries of %lld numbers with keys of %lld",
                       node->op->schema.name, (long long)type_last(query),
                       (long long)type_last(key));
        op_shape_help(graph, "make them as long with a `dense` layer, or use "
                             "`multi_head_attention`, which does");
        return false;
    }
    node->type = type_make(DTYPE_F32, true, 2, (int64_t[]){query->dims[0], type_last(value)});
    return true;
}

// Weights of places for each place that asks.
static Type attention_result_type(const Node *node, int index) {
    if (index == 0) return node->type;
    return type_make(DTYPE_F32, true, 2, (int64_t[]){places_of(node, 0), places_of(node, 1)});
}

static void attention_parameters(Graph *graph, Node *node) {
    Type scalar = type_scalar();
    if (args_bool(node->args, "use_scale"))
        layer_add_weights(graph, node, "scale", "scale", scalar, true);
    if (is_additive(node))
        layer_add_weights(graph, node, "concat_score_weight", "scale", scalar, true);
}

static void additive_parameters(Graph *graph, Node *node) {
    int64_t numbers = type_last(&node->inputs[0]->type);
    if (!args_bool(node->args, "use_scale")) return;
    layer_add_weights(graph, node, "scale", "scale", type_make(DTYPE_F32, false, 1, &numbers),
                      true);
}

// tanh(factor (q + k)) for each pair of places and each number.
static Node *tanh_of_pairs(Graph *graph, Node *query, Node *key, Node *factor) {
    int64_t asks[] = {query->type.dims[0], 1, query->type.dims[1]};
    int64_t answers[] = {1, key->type.dims[0], key->type.dims[1]};
    Node *sum = graph_add(graph, graph_reshape(graph, query, 3, asks),
                          graph_reshape(graph, key, 3, answers));
    if (factor) sum = graph_multiply(graph, sum, factor);
    return graph_unary(graph, "tanh", sum);
}

// The sums of the last dimension, which goes.
static Node *sums_of(Graph *graph, Node *pairs) {
    Node *sums = graph_unary(graph, "row_sum", pairs);
    return graph_reshape(graph, sums, 2, pairs->type.dims);
}

static Node *attention_scores(Graph *graph, const Node *node, Node *query, Node *key) {
    Node *const *weights = node->inputs + attention_inputs(node);
    Node *scale = args_bool(node->args, "use_scale") ? *weights++ : NULL;
    if (is_additive(node)) {
        Node *sums = sums_of(graph, tanh_of_pairs(graph, query, key, scale));
        return graph_multiply(graph, sums, *weights);
    }
    Node *scores = scores_of(graph, &one_head, query, key, args_bool(node->args, "causal"));
    return scale ? graph_multiply(graph, scores, scale) : scores;
}

static Node *additive_scores(Graph *graph, const Node *node, Node *query, Node *key) {
    Node *pairs = tanh_of_pairs(graph, query, key, NULL);
    if (args_bool(node->args, "use_scale"))
        pairs = graph_multiply(graph, pairs, node->inputs[attention_inputs(node)]);
    return sums_of(graph, pairs);
}

// Keras's scores are the weights that the sum was made with, without those that were dropped.
static Node *attention_of(Graph *graph, Node *node, Node *scores) {
    Node *weights = dropped(graph, node, weights_of(graph, node, scores));
    give_weights(graph, node, weights);
    return weigh(graph, &one_head, node, weights, node->inputs[1]);
}

static Node *attention_expand(Graph *graph, Node *node) {
    Node *key = node->inputs[attention_inputs(node) - 1];
    return attention_of(graph, node, attention_scores(graph, node, node->inputs[0], key));
}

static Node *additive_expand(Graph *graph, Node *node) {
    Node *key = node->inputs[attention_inputs(node) - 1];
    return attention_of(graph, node, additive_scores(graph, node, node->inputs[0], key));
}

// ---- multi_head_attention: keras/src/layers/attention/multi_head_attention.py. Inputs: query,
// value (the query's, if there is one input) and key (the value's, if there are two), then kernels
// and biases of query, key, value and attention_output.

typedef struct Heads {
    int64_t heads, key, value; // numbers of a key and of a value of one head
    int64_t output;
} Heads;

static Heads heads_of(const Node *node) {
    const ArgValue *value = args_get(node->args, "value"), *output = args_get(node->args, "output");
    Heads h = {.heads = args_int(node->args, "heads"), .key = args_int(node->args, "key")};
    h.value = value->is_set ? (int64_t)value->number : h.key;
    h.output = output->is_set ? (int64_t)output->number : type_last(&node->inputs[0]->type);
    return h;
}

static bool multi_head_shape(Graph *graph, Node *node) {
    if (!are_sequences(graph, node, attention_inputs(node)) ||
        !layer_check_initializer(graph, node, "kernel_initializer", 3) ||
        !layer_check_initializer(graph, node, "bias_initializer", 2))
        return false;
    Heads h = heads_of(node);
    node->type = type_make(DTYPE_F32, true, 2, (int64_t[]){places_of(node, 0), h.output});
    return true;
}

static Type multi_head_result_type(const Node *node, int index) {
    if (index == 0) return node->type;
    int64_t dims[] = {heads_of(node).heads, places_of(node, 0),
                      places_of(node, attention_inputs(node) > 1 ? 1 : 0)};
    return type_make(DTYPE_F32, true, 3, dims);
}

// A kernel that is a matrix here has the dimensions `shape` in files.
static void add_shaped(Graph *graph, Node *node, const char *role, const char *prefix, Type type,
                       Type shape) {
    layer_add_weights(graph, node, role, prefix, type, true);
    node->inputs[node->input_count - 1]->parameter->shape = shape;
}

// Of [places, from] to numbers for each head.
static void add_projection(Graph *graph, Node *node, const char *name, int64_t from, int64_t heads,
                           int64_t numbers) {
    int64_t shape[] = {from, heads, numbers}, dims[] = {from, heads * numbers};
    add_shaped(graph, node, arena_format(graph->arena, "%s/kernel", name), "kernel",
               type_make(DTYPE_F32, false, 2, dims), type_make(DTYPE_F32, false, 3, shape));
    if (!args_bool(node->args, "bias")) return;
    add_shaped(graph, node, arena_format(graph->arena, "%s/bias", name), "bias",
               type_make(DTYPE_F32, false, 1, dims + 1), type_make(DTYPE_F32, false, 2, shape + 1));
}

static void add_output(Graph *graph, Node *node, const Heads *h) {
    int64_t shape[] = {h->heads, h->value, h->output}, dims[] = {h->heads * h->value, h->output};
    add_shaped(graph, node, "attention_output/kernel", "kernel",
               type_make(DTYPE_F32, false, 2, dims), type_make(DTYPE_F32, false, 3, shape));
    if (args_bool(node->args, "bias"))
        layer_add_weights(graph, node, "attention_output/bias", "bias",
                          type_make(DTYPE_F32, false, 1, dims + 1), true);
}

static void multi_head_parameters(Graph *graph, Node *node) {
    int count = attention_inputs(node);
    int64_t query = type_last(&node->inputs[0]->type);
    int64_t value = type_last(&node->inputs[count > 1 ? 1 : 0]->type);
    int64_t key = type_last(&node->inputs[count - 1]->type);
    Heads h = heads_of(node);
    add_projection(graph, node, "query", query, h.heads, h.key);
    add_projection(graph, node, "key", key, h.heads, h.key);
    add_projection(graph, node, "value", value, h.heads, h.value);
    add_output(graph, node, &h);
}

// Takes the next kernel and bias of the node.
static Node *project(Graph *graph, const Node *node, Node *x, int *next) {
    Node *value = graph_matmul(graph, x, node->inputs[(*next)++], false);
    if (!args_bool(node->args, "bias")) return value;
    return graph_add(graph, value, node->inputs[(*next)++]);
}

static Node *in_heads(Graph *graph, Node *x, int64_t heads) {
    int64_t dims[] = {x->type.dims[0], heads, type_last(&x->type) / heads};
    return graph_reshape(graph, x, 3, dims);
}

static Node *multi_head_expand(Graph *graph, Node *node) {
    Heads h = heads_of(node);
    int count = attention_inputs(node), next = count;
    bool causal = args_bool(node->args, "causal");
    Node *query = project(graph, node, node->inputs[0], &next);
    Node *key = project(graph, node, node->inputs[count - 1], &next);
    Node *value = project(graph, node, node->inputs[count > 1 ? 1 : 0], &next);
    query = in_heads(graph, graph_scale(graph, query, 1 / sqrt((double)h.key)), h.heads);
    Node *scores = scores_of(graph, &many_heads, query, in_heads(graph, key, h.heads), causal);
    Node *weights = weights_of(graph, node, scores); // before some are dropped, as Keras's
    give_weights(graph, node, weights);
    Node *result = weigh(graph, &many_heads, node, dropped(graph, node, weights),
                         in_heads(graph, value, h.heads));
    int64_t dims[] = {places_of(node, 0), h.heads * h.value};
    return project(graph, node, graph_reshape(graph, result, 2, dims), &next);
}

// ---- Rows.

#define CAUSAL                                                                                     \
    {.name = "causal",                                                                             \
     .type = ARG_BOOL,                                                                             \
     .default_text = "false",                                                                      \
     .is_flag = true,                                                                              \
     .keras_name = "use_causal_mask",                                                              \
     .doc = "a place sees itself and those before it"}
#define DROPOUT                                                                                    \
    {.name = "dropout",                                                                            \
     .type = ARG_FLOAT,                                                                            \
     .default_text = "0",                                                                          \
     .maximum = 1,                                                                                 \
     .maximum_open = true,                                                                         \
     .doc = "the share of the weights that is dropped while training"}

#define SCORES                                                                                     \
    {.name = "return_attention_scores",                                                            \
     .type = ARG_BOOL,                                                                             \
     .default_text = "false",                                                                      \
     .doc = "give the weights of the sums as a second value"}
#define USE_SCALE(default_, doc_)                                                                  \
    {.name = "use_scale",                                                                          \
     .type = ARG_BOOL,                                                                             \
     .default_text = (default_),                                                                   \
     .is_flag = true,                                                                              \
     .doc = (doc_)}

static const ArgDef attention_args[] = {
    USE_SCALE("false", "multiply the scores by a number that is trained"),
    CAUSAL,
    DROPOUT,
    LAYER_INITIALIZER("scale_initializer", "ones", "how that number starts"),
    {.name = "score_mode",
     .type = ARG_WORD,
     .default_text = "dot",
     .choices = "dot concat",
     .doc = "`dot`: products of query and key; `concat`: sums of tanh(query + key), times a number "
            "that is trained"},
    SCORES,
    {0},
};

static const ArgDef additive_args[] = {
    USE_SCALE("true", "multiply each tanh by a number that is trained"),
    CAUSAL,
    DROPOUT,
    LAYER_INITIALIZER("scale_initializer", "glorot_uniform", "how those numbers start"),
    SCORES,
    {0},
};

#define COUNT(name_, keras_, default_, doc_)                                                       \
    {.name = (name_),                                                                              \
     .type = ARG_INT,                                                                              \
     .default_text = (default_),                                                                   \
     .minimum = 1,                                                                                 \
     .maximum = MOST_HEADS,                                                                        \
     .keras_name = (keras_),                                                                       \
     .doc = (doc_)}

static const ArgDef multi_head_args[] = {
    COUNT("heads", "num_heads", NULL, "number of heads"),
    COUNT("key", "key_dim", NULL, "numbers of each head's queries and keys"),
    COUNT("value", "value_dim", "none", "numbers of each head's values; none: as many as of keys"),
    CAUSAL,
    DROPOUT,
    LAYER_BIAS,
    COUNT("output", "output_shape", "none", "numbers of the result; none: as many as of the query"),
    LAYER_KERNEL_INITIALIZER("kernel_initializer", "init", "how the kernels start"),
    LAYER_INITIALIZER("bias_initializer", "zeros", "how the biases start"),
    LAYER_REGULARIZER("kernel_regularizer", "penalty on the kernels, added to the loss"),
    LAYER_REGULARIZER("bias_regularizer", "penalty on the biases, added to the loss"),
    LAYER_CONSTRAINT("kernel_constraint", "what the kernels are kept to after each step"),
    LAYER_CONSTRAINT("bias_constraint", "what the biases are kept to after each step"),
    SCORES,
    {0},
};

// ---- causal_mask: 0 to the diagonal, and above it what leaves nothing of a probability. With an
// input it is the one row that this says.

static Lane causal_lower(LaneBuilder *b, const Node *node, const Lane *inputs) {
    Lane row = node->input_count ? inputs[0] : lane_row(b, node->type.dims[node->type.rank - 2]);
    return lane_select(b, lane_less(b, row, lane_column(b)), lane_constant(b, NOTHING),
                       lane_constant(b, 0));
}

static double causal_evaluate(const Node *node, const double *inputs, const EvalPoint *at) {
    int64_t row = at->element / type_last(&node->type) % node->type.dims[node->type.rank - 2];
    if (node->input_count) row = (int64_t)inputs[0];
    return at->column > row ? NOTHING : 0;
}

static Node *causal_at_place(Graph *graph, const Node *node, int axis, Node *at) {
    Type type = node->type;
    if (axis != type.rank - 2 || node->input_count) return NULL;
    type.dims[axis] = 1;
    Node *row = graph_generate(graph, "causal_mask", type, NULL);
    op_append_input(graph, row, at);
    return row;
}

const OpDef op_attention[] = {
    {.schema = {"attention", "makes each place of the query of the values whose keys fit it",
                attention_args, "Attention"},
     .surface = true,
     .min_inputs = 2,
     .max_inputs = 3,
     .fuse = FUSE_COMPOSITE,
     .shape = attention_shape,
     .parameters = attention_parameters,
     .mask = attention_mask,
     .expand = attention_expand,
     .results = attention_results,
     .result_type = attention_result_type},
    {.schema = {"additive_attention", "attends by sums of tanh(query + key)", additive_args,
                "AdditiveAttention"},
     .surface = true,
     .min_inputs = 2,
     .max_inputs = 3,
     .fuse = FUSE_COMPOSITE,
     .shape = attention_shape,
     .parameters = additive_parameters,
     .mask = attention_mask,
     .expand = additive_expand,
     .results = attention_results,
     .result_type = attention_result_type},
    {.schema = {"multi_head_attention", "attends with several heads, between learned products",
                multi_head_args, "MultiHeadAttention"},
     .surface = true,
     .min_inputs = 1,
     .max_inputs = 3,
     .fuse = FUSE_COMPOSITE,
     .shape = multi_head_shape,
     .parameters = multi_head_parameters,
     .mask = attention_mask,
     .expand = multi_head_expand,
     .results = attention_results,
     .result_type = multi_head_result_type},
    {.schema = {.name = "causal_mask",
                .doc = "is 0, and above the diagonal a large negative number"},
     .fuse = FUSE_ELEMENTWISE,
     .reads_column = true,
     .max_inputs = 1,
     .shape = op_shape_given,
     .at_place = causal_at_place,
     .no_gradient = "it has no inputs",
     .flops = op_flops_none,
     .lower = causal_lower,
     .evaluate_element = causal_evaluate},
    {.schema = {0}},
};
