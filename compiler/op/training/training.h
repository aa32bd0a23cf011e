// What a `train` block and weights may name besides losses, as far as it is the compiler's:
// optimizers, regularizers and constraints. They are formulas on graph nodes, so their generated
// code, reference evaluation and fusion come from the same rows as everything else. Initializers,
// metrics, schedules and callbacks are rows of the runtime (op/vocabulary.h).
#ifndef NNC_OP_TRAINING_H
#define NNC_OP_TRAINING_H

#include "../../graph/graph.h"

enum { OPTIMIZER_MAX_SLOTS = 4 };

typedef struct OptimizerDef {
    // Every optimizer has learning_rate, weight_decay, clip_norm, clip_value, global_clip_norm,
    // use_ema, ema_momentum, ema_overwrite_frequency.
    Schema schema;
    // Appends the assigns that update `parameter` (whose value, decayed, is `w`) with `gradient`:
    // formula and source in the file's comment. Slots are made with graph_slot, scalars with
    // graph_scalar.
    void (*update)(Graph *graph, Parameter *parameter, Node *w, Node *gradient, const Args *args);
} OptimizerDef;

typedef struct RegularizerDef {
    Schema schema;
    Node *(*penalty)(Graph *graph, Node *w, const Args *args); // a scalar added to the loss
    Node *(*gradient)(Graph *graph, Node *w,
                      const Args *args); // of w's type, added to its gradient
} RegularizerDef;

typedef struct ConstraintDef {
    Schema schema;
    Node *(*apply)(Graph *graph, Node *w, const Args *args); // of w's type: what becomes of it
} ConstraintDef;

extern const OptimizerDef optimizer_rows[];    // ended by a row without name
extern const OptimizerDef optimizer_gradients; // no word of the language: keeps them, as they are
extern const RegularizerDef regularizer_rows[];
extern const ConstraintDef constraint_rows[];

const OptimizerDef *optimizer_find(const char *name);
const RegularizerDef *regularizer_find(const char *name);
const ConstraintDef *constraint_find(const char *name);
// Number `index` of a constraint's `axis`, from 0, for weights of `rank` dimensions.
int constraint_axis(const ArgValue *axis, int index, int rank);

#endif
