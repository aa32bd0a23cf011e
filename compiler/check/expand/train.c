// `train` blocks and their steps.
#include "expander.h"

#include <stdlib.h>

// The name of a value of the file, whose declaration is written, too.
static bool is_value_of_file(const Expander *e, const Ast *ast) {
    const AstList *all = &e->program->written->ast->items;
    for (int i = 0; ast->kind == AST_NAME && i < all->count; i++) {
        bool is_value = all->items[i]->kind == AST_PARAM || all->items[i]->kind == AST_ASSIGN;
        if (is_value && strcmp(all->items[i]->text, ast->text) == 0) return true;
    }
    return false;
}

static const Training *find_training(const Expander *e, const Ast *train) {
    for (int i = 0; i < e->program->trainings.count; i++) {
        const Training *training = e->program->trainings.items[i];
        if (training->span.file == train->span.file && training->span.lo == train->span.lo)
            return training;
    }
    return NULL;
}

// As it was bound for this output.
static void put_loss(Expander *e, const OutputLoss *loss, const Ast *value) {
    const Bound *bound = map_get(e->program->written->bound, value);
    while (bound && bound->args != loss->args) bound = bound->next;
    if (!bound) {
        expander_put_expression(e, value);
        return;
    }
    Bound own = *bound;
    own.next = NULL;
    expander_put_bound_call(e, value, &own);
}

// One loss, or one metric, of several outputs: a list, in which each has its own.
static void put_for_each(Expander *e, const Training *training, const Ast *value, bool is_loss) {
    text_put(e->out, "[");
    e->indent++;
    for (int i = 0; i < training->losses.count; i++) {
        if (i) text_put(e->out, ",");
        expander_new_line(e);
        if (is_loss)
            put_loss(e, &training->losses.items[i], value);
        else
            expander_put_expression(e, value);
    }
    e->indent--;
    text_put(e->out, "]");
}

// What `balanced` came to.
static void note_class_weights(Expander *e, const Training *training, const char *name) {
    if (strcmp(name, "class_weight") != 0 || !training || !training->losses.count) return;
    const OutputLoss *loss = &training->losses.items[0];
    Text text = text_create(e->arena);
    for (int i = 0; i < loss->class_count && i < 10; i++)
        text_format(&text, "%s%.4g", i ? ", " : "weights ", loss->class_weights[i]);
    if (loss->class_count > 10) text_put(&text, ", ...");
    if (loss->class_count) expander_note(e, text.data);
}

static void put_entry(Expander *e, const Training *training, const char *name, const Ast *value) {
    bool is_loss = strcmp(name, "loss") == 0;
    bool is_named = value->kind == AST_NAME || value->kind == AST_CALL;
    bool is_all = is_named && (is_loss || strcmp(name, "metrics") == 0 ||
                               strcmp(name, "weighted_metrics") == 0);
    expander_new_line(e);
    text_format(e->out, "%s = ", name);
    if (is_all && training && training->losses.count > 1 && !is_value_of_file(e, value))
        put_for_each(e, training, value, is_loss);
    else
        expander_put_expression(e, value);
    note_class_weights(e, training, name);
}

static bool has_entry(const Ast *train, const char *name) {
    for (int i = 0; i < train->body->items.count; i++) {
        const Ast *entry = train->body->items.items[i];
        if (entry->text && strcmp(entry->text, name) == 0) return true;
    }
    return false;
}

static void put_default_entry(Expander *e, const Ast *train, const char *name, const char *value) {
    if (has_entry(train, name)) return;
    if (map_get(&e->names, value)) return; // it would mean what is called so
    expander_new_line(e);
    text_format(e->out, "%s = %s", name, value);
    expander_note(e, "default");
}

static void put_names(Expander *e, const AstList *names) {
    for (int i = 0; i < names->count; i++)
        text_format(e->out, "%s%s", i ? ", " : "", names->items[i]->text);
}

static void put_step(Expander *e, const Ast *ast) {
    expander_new_line(e);
    text_format(e->out, "step %s updates ", ast->text);
    put_names(e, &ast->items);
    text_put(e->out, " with ");
    expander_put_expression(e, ast->right);
    text_put(e->out, " ");
    expander_put_body(e, ast->body);
}

// What `--precision` says, as if the program did: what is computed is the same.
static void put_precision(Expander *e) {
    expander_new_line(e);
    text_format(e->out, "precision = %s", precision_word(e->program->written->precision));
}

#define DEFAULT_BATCH "32"

// Where a written batch would be a warning.
static bool has_few_samples(const Training *training) {
    int64_t rows = training && training->dataset ? training->dataset->info.train_rows : 0;
    return rows > 0 && rows < strtoll(DEFAULT_BATCH, NULL, 10);
}

void expander_put_train(Expander *e, const Ast *ast) {
    Precision said = e->program->written->precision;
    bool has_steps = false;
    const Training *training = find_training(e, ast);
    text_put(e->out, "train ");
    put_names(e, &ast->items);
    text_put(e->out, " on ");
    expander_put_expression(e, ast->right);
    text_put(e->out, " {");
    e->indent++;
    for (int i = 0; i < ast->body->items.count; i++) {
        const Ast *entry = ast->body->items.items[i];
        has_steps = has_steps || entry->kind == AST_STEP;
        if (entry->kind == AST_STEP)
            put_step(e, entry);
        else if (said != PRECISION_UNSAID && strcmp(entry->text, "precision") == 0)
            put_precision(e);
        else
            put_entry(e, training, entry->text, entry->left);
    }
    put_default_entry(e, ast, "regularize", "none");
    if (!has_steps) put_default_entry(e, ast, "metrics", "[]");
    put_default_entry(e, ast, "callbacks", "[]");
    put_default_entry(e, ast, "epochs", "1");
    if (!has_few_samples(training)) put_default_entry(e, ast, "batch", DEFAULT_BATCH);
    put_default_entry(e, ast, "accumulate", "1");
    if (said == PRECISION_BFLOAT16 && !has_entry(ast, "precision"))
        put_precision(e);
    else
        put_default_entry(e, ast, "precision", "float32");
    e->indent--;
    expander_new_line(e);
    text_put(e->out, "}");
}
