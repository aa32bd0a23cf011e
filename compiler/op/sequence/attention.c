// Attention: every place of a sequence is made of all places of another, or of its own, by how well
// they fit. Vaswani et al. 2017, arXiv:1706.03762; keras/src/layers/attention, whose weights have
// the same names and shapes in files.
//   scores = query key^T, weights = softmax(scores + mask), result = weights value
// The heads are a batch of products that are read where they lie in [places, heads, numbers].
#include "../layer/layer.h"
#include "../primitive/pairs.h"

#include <math.h>

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
// with a mask). A causal mask is known, so that no product is computed above the diagonal.
static Node *attend(Graph *graph, const Core *core, Node *node, Node *scores, Node *value,
                    bool causal, double dropout) {
    Counting counting = counting_of(graph, node, scores);
    if (causal) scores = graph_add(graph, scores, causal_mask(graph, scores));
    if (counting.answers) scores = where(graph, counting.answers, scores, NOTHING);
    Node *weights = graph_unary(graph, "softmax", scores);
    if (counting.answers) weights = where(graph, counting.answers, weights, 0);
    if (counting.asks) weights = where(graph, counting.asks, weights, 0);
    if (dropout > 0) {
        Args *args = graph_args(graph, "dropout");
        args_set_number(args, "rate", dropout);
        weights = graph_call(graph, "dropout", &weights, 1, args);
    }
    return pairs_multiply(graph, weights, value, core->result, causal ? "ts" : NULL);
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

// ---- attention: keras/src/layers/attention/attention.py, of score_mode "dot".

static bool attention_shape(Graph *graph, Node *node) {
    int count = attention_inputs(node);
    if (!are_sequences(graph, node, count)) return false;
    const Type *query = &node->inputs[0]->type, *value = &node->inputs[1]->type;
    const Type *key = &node->inputs[count - 1]->type;
    if (type_last(query) != type_last(key)) {
        op_shape_error(graph, node, "attention compares queries of %lld numbers with keys of %lld",
                       (long long)type_last(query), (long long)type_last(key));
        op_shape_help(graph, "make them as long with a `dense` layer, or use "
                             "`multi_head_attention`, which does");
        return false;
    }
    node->type = type_make(DTYPE_F32, true, 2, (int64_t[]){query->dims[0], type_last(value)});
    return true;
}

static void attention_parameters(Graph *graph, Node *node) {
    Type scalar = type_scalar();
    if (!args_bool(node->args, "use_scale")) return;
    layer_add_weights(graph, node, "scale", "scale", scalar, true);
}

static Node *attention_expand(Graph *graph, Node *node) {
    int count = attention_inputs(node);
    bool causal = args_bool(node->args, "causal");
    Node *query = node->inputs[0], *value = node->inputs[1], *key = node->inputs[count - 1];
    Node *scores = scores_of(graph, &one_head, query, key, causal);
    if (args_bool(node->args, "use_scale"))
        scores = graph_multiply(graph, scores, node->inputs[count]);
    return attend(graph, &one_head, node, scores, value, causal,
                  args_number(node->args, "dropout"));
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
    Node *result = attend(graph, &many_heads, node, scores, in_heads(graph, value, h.heads), causal,
                          args_number(node->args, "dropout"));
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

static const ArgDef attention_args[] = {
    {.name = "use_scale",
     .type = ARG_BOOL,
     .default_text = "false",
     .is_flag = true,
     .doc = "multiply the scores by a number that is trained"},
    CAUSAL,
    DROPOUT,
    LAYER_INITIALIZER("scale_initializer", "ones", "how that number starts"),
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
     .expand = attention_expand},
    {.schema = {"multi_head_attention", "attends with several heads, between learned products",
                multi_head_args, "MultiHeadAttention"},
     .surface = true,
     .min_inputs = 1,
     .max_inputs = 3,
     .fuse = FUSE_COMPOSITE,
     .shape = multi_head_shape,
     .parameters = multi_head_parameters,
     .mask = attention_mask,
     .expand = multi_head_expand},
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
