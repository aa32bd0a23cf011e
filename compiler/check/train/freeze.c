// Freezing: what a `train` block leaves as it is. Paths are what a person would guess: a model
// (`encoder`), a layer (`dense_1`), a part of a model (`vgg16_features.block5`: the layers of it
// whose names are `block5`, or begin with `block5_` or `block5/`).
#include "../check.h"

#include <string.h>

// "vgg16_features.block5"; NULL: it is no path.
static const char *path_text(Checker *c, const Ast *ast) {
    if (ast->kind == AST_NAME || ast->kind == AST_STRING) return ast->text;
    if (ast->kind != AST_MEMBER) return NULL;
    const char *owner = path_text(c, ast->left);
    return owner ? arena_format(c->arena, "%s.%s", owner, ast->text) : NULL;
}

// `body/last`, as files name weights: "body.last". NULL: it is nothing of the kind.
static const char *dotted_text(Checker *c, const Ast *ast) {
    if (ast->kind != AST_BINARY || ast->operator!= AST_DIVIDE) return path_text(c, ast);
    const char *owner = dotted_text(c, ast->left), *part = path_text(c, ast->right);
    return owner && part ? arena_format(c->arena, "%s.%s", owner, part) : NULL;
}

static bool has_name(const Layer *layer, const char *part) {
    size_t length = strlen(part);
    if (strncmp(layer->name, part, length) != 0) return false;
    return layer->name[length] == 0 || layer->name[length] == '/' || layer->name[length] == '_';
}

static bool is_model(const Layer *layer, const char *name) {
    return layer->model && strcmp(layer->model, name) == 0;
}

// With dots as the slashes of full names: "tower.conv2d" is "tower/conv2d".
static bool is_exact(const Layer *layer, const char *path) {
    const char *name = layer->name;
    for (; *name && *path; name++, path++)
        if (*name != *path && !(*name == '/' && *path == '.')) return false;
    return *name == *path;
}

typedef enum Match { MATCH_EXACT, MATCH_MODEL, MATCH_PART, MATCHES } Match;

static bool matches(Checker *c, const Layer *layer, const char *path, Match match) {
    const char *dot = strchr(path, '.');
    if (match == MATCH_MODEL) return is_model(layer, path);
    if (dot && is_model(layer, arena_copy(c->arena, path, (size_t)(dot - path))))
        return match == MATCH_EXACT ? is_exact(layer, dot + 1) : has_name(layer, dot + 1);
    return match == MATCH_EXACT ? is_exact(layer, path) : !dot && has_name(layer, path);
}

// The layers that are meant: of that very name, else of that model, else whose names begin so.
// `within`, by layer: those that may be; NULL: all.
static int mark_named(Checker *c, const char *path, const bool *within, bool *marks) {
    const Weights *weights = c->program->weights;
    int count = 0;
    for (int match = 0; match < MATCHES && !count; match++)
        for (int i = 0; i < weights->layers.count; i++) {
            bool is_meant =
                (!within || within[i]) && matches(c, weights->layers.items[i], path, (Match)match);
            if (!is_meant) continue;
            marks[i] = true;
            count++;
        }
    return count;
}

// By layer: what the model uses, of models within it too. NULL: there is no such model.
static const bool *layers_within(Checker *c, const char *name) {
    const Graph *graph = NULL;
    for (int i = 0; i < c->models.count; i++)
        if (strcmp(c->models.items[i]->model->name, name) == 0)
            graph = c->models.items[i]->model->forward;
    if (!graph) return NULL;
    bool *within = ARENA_ARRAY(c->arena, bool, c->program->weights->layers.count + 1);
    for (int i = 0; i < graph->nodes.count; i++)
        if (graph->nodes.items[i]->layer) within[graph->nodes.items[i]->layer->index] = true;
    return within;
}

// `classifier.encoder.block1`, too, which is that of `encoder` where `classifier` uses it.
static int mark(Checker *c, const char *path, bool *marks) {
    int count = mark_named(c, path, NULL, marks);
    const char *dot;
    while (!count && (dot = strchr(path, '.'))) {
        const char *owner = arena_copy(c->arena, path, (size_t)(dot - path));
        const bool *within = layers_within(c, owner);
        if (!within) break;
        path = dot + 1;
        count = mark_named(c, path, within, marks);
    }
    return count;
}

// Layers of a model without an output are not all there.
static bool knows_layers(const Checker *c) {
    for (int i = 0; i < c->models.count; i++) {
        const Model *model = c->models.items[i]->model;
        if (model->forward && !model->forward->outputs.count) return false;
    }
    return true;
}

static void report_path(Checker *c, const Ast *ast, const char *path) {
    const Weights *weights = c->program->weights;
    NameList names = {0};
    for (int i = 0; i < c->models.count; i++)
        vec_push(c->arena, &names, c->models.items[i]->declaration->text);
    for (int i = 0; i < weights->layers.count; i++) {
        const Layer *layer = weights->layers.items[i];
        vec_push(c->arena, &names, layer->name);
        if (!layer->model) continue;
        const char *part = arena_copy(c->arena, layer->name, strcspn(layer->name, "_/"));
        vec_push(c->arena, &names, arena_format(c->arena, "%s.%s", layer->model, part));
        vec_push(c->arena, &names, arena_format(c->arena, "%s.%s", layer->model, layer->name));
    }
    Diag *diag =
        diag_report(c->sink, DIAG_E0101, ast->span, "there is no layer or model `%s`", path);
    diag_label(diag, "unknown path");
    const char *near = names_nearest(c, &names, path);
    if (near)
        diag_help(diag, "did you mean `%s`?", near);
    else
        diag_help(diag, "`nnc summary` shows the names of layers; `model.block5` means those of "
                        "`model` that begin with `block5`");
}

static void set_path(Checker *c, const Ast *ast, bool value, bool *frozen) {
    const char *path = path_text(c, ast);
    bool *marks = ARENA_ARRAY(c->arena, bool, c->program->weights->layers.count + 1);
    if (!path) {
        Diag *diag =
            diag_report(c->sink, DIAG_E0201, ast->span, "expected the path of a layer or model");
        diag_label(diag, "not a path");
        const char *dotted = dotted_text(c, ast);
        if (dotted)
            diag_help(diag, "parts are joined by dots: `%s`", dotted);
        else
            diag_help(diag, "write `encoder`, `dense_1` or `vgg16_features.block5`, for example");
        return;
    }
    if (!mark(c, path, marks) && knows_layers(c)) report_path(c, ast, path);
    for (int i = 0; i < c->program->weights->layers.count; i++)
        if (marks[i]) frozen[i] = value;
}

static void set_paths(Checker *c, const Ast *ast, bool value, bool *frozen) {
    if (!ast) return;
    if (ast->kind != AST_LIST) {
        set_path(c, ast, value, frozen);
        return;
    }
    for (int i = 0; i < ast->items.count; i++) set_path(c, ast->items.items[i], value, frozen);
}

// ---- Frozen and unfrozen.

static bool *mark_paths(Checker *c, const Ast *const *paths, int count) {
    bool *marks = ARENA_ARRAY(c->arena, bool, c->program->weights->layers.count + 1);
    for (int i = 0; i < count; i++) {
        const char *path = path_text(c, paths[i]);
        if (path) mark(c, path, marks);
    }
    return marks;
}

static AstList paths_of(Checker *c, const Ast *ast) {
    AstList paths = {0};
    if (ast && ast->kind == AST_LIST) return ast->items;
    if (ast) vec_push(c->arena, &paths, (Ast *)ast);
    return paths;
}

static bool is_within(const Checker *c, const bool *inner, const bool *outer) {
    bool has_any = false;
    for (int i = 0; i < c->program->weights->layers.count; i++) {
        if (inner[i] && !outer[i]) return false;
        has_any = has_any || inner[i];
    }
    return has_any;
}

// A path of which `unfreeze` leaves nothing frozen.
static void check_contradiction(Checker *c, const Ast *freeze, const Ast *unfreeze) {
    AstList cold = paths_of(c, freeze), warm = paths_of(c, unfreeze);
    const bool *trained = mark_paths(c, (const Ast *const *)warm.items, warm.count);
    for (int i = 0; i < cold.count; i++) {
        const Ast *const path = cold.items[i];
        if (!is_within(c, mark_paths(c, &path, 1), trained)) continue;
        Diag *diag =
            diag_report(c->sink, DIAG_E0206, path->span,
                        "`%s` is frozen here, but `unfreeze` trains all of it", path_text(c, path));
        diag_label(diag, "nothing of it stays frozen");
        diag_secondary(diag, unfreeze->span, "trained by this");
        diag_help(diag, "name in `unfreeze` a part of it, or leave it out of one of the two");
    }
}

const bool *freeze_read(Checker *c, const Ast *freeze, const Ast *unfreeze) {
    const Weights *weights = c->program->weights;
    bool *frozen = ARENA_ARRAY(c->arena, bool, weights->layers.count + 1);
    for (int i = 0; i < weights->layers.count; i++)
        frozen[i] = !weights->layers.items[i]->trainable;
    if (c->has_syntax_errors) return frozen;
    set_paths(c, freeze, true, frozen);
    set_paths(c, unfreeze, false, frozen);
    check_contradiction(c, freeze, unfreeze);
    return frozen;
}
