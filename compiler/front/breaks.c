#include "breaks.h"

#include <string.h>

// ---- Tokens.

static bool is_text(const Breaks *b, int index, const char *text) {
    if (index < 0 || index >= b->tokens.count) return false;
    const Token *token = &b->tokens.items[index];
    size_t length = token->span.hi - token->span.lo;
    return length == strlen(text) && memcmp(b->source + token->span.lo, text, length) == 0;
}

static bool is_comment(const Breaks *b, int index) {
    return index >= 0 && index < b->tokens.count && b->tokens.items[index].kind == TOKEN_COMMENT;
}

static bool is_opening(const Breaks *b, int index) {
    return is_text(b, index, "(") || is_text(b, index, "[") || is_text(b, index, "{");
}

static bool is_closing(const Breaks *b, int index) {
    return is_text(b, index, ")") || is_text(b, index, "]") || is_text(b, index, "}");
}

// The first token that does not end before `offset`.
static int token_at(const Breaks *b, uint32_t offset) {
    int low = 0, high = b->tokens.count;
    while (low < high) {
        int middle = low + (high - low) / 2;
        if (b->tokens.items[middle].span.hi <= offset)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void break_before(Breaks *b, int index) {
    if (index >= 0 && index < b->tokens.count) b->before[index] = true;
}

// Behind a comment that ends the token's line, if there is one.
static void break_behind(Breaks *b, int index) {
    bool is_followed = is_comment(b, index + 1) && !b->tokens.items[index + 1].is_first;
    break_before(b, index + 1 + is_followed);
}

// ---- What always begins a line.

static bool is_braced(const Breaks *b, const Ast *ast) {
    return ast && ast->kind == AST_BLOCK && b->source[ast->span.lo] == '{';
}

static bool is_if(const Ast *ast) {
    return ast && ast->kind == AST_IF;
}

// An arrow that is a statement's whole value: a line a stage where there are many. A name that
// feeds the first stage stands before it.
static void break_chain(Breaks *b, const Ast *value) {
    if (!value || value->kind != AST_ARROW || value->is_grouped) return;
    AstList stages = ast_stages(b->arena, value);
    int first = stages.items[0]->kind == AST_NAME ? 2 : 1;
    for (int i = first; stages.count > BREAKS_STAGES && i < stages.count; i++) {
        int arrow = token_at(b, stages.items[i]->span.lo) - 1;
        while (is_comment(b, arrow)) arrow--;
        break_before(b, arrow);
    }
}

static void break_statement(Breaks *b, const Ast *ast) {
    break_before(b, token_at(b, ast->span.lo));
    bool has_value = ast->kind == AST_ASSIGN || ast->kind == AST_LAYER ||
                     ast->kind == AST_DATASET || ast->kind == AST_PARAM || ast->kind == AST_UNPACK;
    if (has_value) break_chain(b, ast->left);
    if (ast->kind == AST_ARROW) break_chain(b, ast);
    if (ast->kind == AST_RETURN && ast->items.count == 1) break_chain(b, ast->items.items[0]);
}

static void break_braces(Breaks *b, const Ast *block) {
    int open = token_at(b, block->span.lo), close = token_at(b, block->span.hi - 1);
    if (close == open + 1) return; // {}
    break_behind(b, open);
    break_before(b, close);
    for (int i = 0; i < block->items.count; i++) break_statement(b, block->items.items[i]);
}

static bool has_comment(const Breaks *b, Span span) {
    int end = token_at(b, span.hi);
    for (int i = token_at(b, span.lo); i < end; i++)
        if (is_comment(b, i)) return true;
    return false;
}

// Branches of one statement each may stand on one line, all of them or none.
static bool may_be_flat(const Breaks *b, const Ast *choice) {
    if (has_comment(b, choice->span)) return false;
    for (; is_if(choice); choice = choice->otherwise) {
        if (is_braced(b, choice->body) && choice->body->items.count > 1) return false;
        if (is_braced(b, choice->otherwise) && choice->otherwise->items.count > 1) return false;
    }
    return true;
}

static void add_branch(Breaks *b, const Ast *block, bool is_flat, int group) {
    if (!is_braced(b, block)) return;
    if (!is_flat) break_braces(b, block);
    BreaksBranch branch = {token_at(b, block->span.lo), token_at(b, block->span.hi - 1), group,
                           is_flat};
    vec_push(b->arena, &b->branches, branch);
}

static void walk(Breaks *b, const Ast *ast);

static void walk_items(Breaks *b, const AstList *items) {
    for (int i = 0; i < items->count; i++) walk(b, items->items[i]);
}

static void walk_choice(Breaks *b, const Ast *choice) {
    bool is_flat = may_be_flat(b, choice);
    int group = b->groups++;
    for (; is_if(choice); choice = choice->otherwise) {
        add_branch(b, choice->body, is_flat, group);
        add_branch(b, choice->otherwise, is_flat, group);
        walk(b, choice->left);
        if (choice->body) walk_items(b, &choice->body->items);
        if (choice->otherwise && !is_if(choice->otherwise))
            walk_items(b, &choice->otherwise->items);
    }
}

// Chains lean to the left and may be long: the left side is walked in a loop.
static void walk(Breaks *b, const Ast *ast) {
    for (; ast; ast = ast->left) {
        if (is_if(ast)) {
            walk_choice(b, ast);
            return;
        }
        if (is_braced(b, ast)) break_braces(b, ast);
        walk_items(b, &ast->items);
        walk_items(b, &ast->parameters);
        walk(b, ast->right);
        walk(b, ast->body);
        walk(b, ast->otherwise);
    }
}

// ---- Comments and declarations.

// A comment behind code ends its line; one on a line of its own stays there.
static void break_comments(Breaks *b) {
    for (int i = 0; i < b->tokens.count; i++) {
        if (!is_comment(b, i)) continue;
        if (b->tokens.items[i].is_first)
            break_before(b, i);
        else
            b->before[i] = false;
        break_before(b, i + 1);
    }
}

// A minus is a sign behind these words only where it begins a line: they may be names, too.
static void break_signs_behind_words(Breaks *b) {
    static const char *const words[] = {"layer", "step", "on", "updates", "with"};
    for (int i = 1; i < b->tokens.count; i++)
        for (int k = 0; k < 5; k++)
            if (is_text(b, i, "-") && b->tokens.items[i].is_first && is_text(b, i - 1, words[k]))
                break_before(b, i);
}

static bool stands_close(const Ast *before, const Ast *ast) {
    bool is_small = ast->kind == AST_PARAM || ast->kind == AST_IMPORT || ast->kind == AST_ASSIGN;
    return is_small && before->kind == ast->kind;
}

// The first of the comments on lines of their own before the token, or the token.
static int with_comments(const Breaks *b, int index) {
    while (is_comment(b, index - 1) && b->tokens.items[index - 1].is_first) index--;
    return index;
}

static void part_declarations(Breaks *b, const Ast *file) {
    for (int i = 1; i < file->items.count; i++) {
        const Ast *ast = file->items.items[i];
        int token = token_at(b, ast->span.lo), first = with_comments(b, token);
        bool is_close = first == token && stands_close(file->items.items[i - 1], ast);
        if (first < b->tokens.count) b->blank[first] = !is_close;
    }
    int end = with_comments(b, b->tokens.count);
    if (end < b->tokens.count && end > 0) b->blank[end] = true;
}

void breaks_begin(Breaks *b, const Ast *file) {
    b->before = ARENA_ARRAY(b->arena, bool, b->tokens.count + 1);
    b->blank = ARENA_ARRAY(b->arena, bool, b->tokens.count + 1);
    for (int i = 0; i < file->items.count; i++) break_statement(b, file->items.items[i]);
    for (int i = 0; i < file->items.count; i++) walk(b, file->items.items[i]);
    break_comments(b);
    break_signs_behind_words(b);
    part_declarations(b, file);
}

// ---- A line that is too wide. Each way breaks at all places of its kind, or at none.

typedef struct Piece {
    Breaks *b;
    int first, end; // tokens
} Piece;

static bool open_branches(const Piece *p) {
    for (int i = 0; i < p->b->branches.count; i++) {
        const BreaksBranch *found = &p->b->branches.items[i];
        if (!found->is_flat || found->open < p->first || found->open >= p->end) continue;
        for (int k = 0; k < p->b->branches.count; k++) {
            BreaksBranch *branch = &p->b->branches.items[k];
            if (branch->group != found->group) continue;
            if (branch->close > branch->open + 1) {
                break_behind(p->b, branch->open);
                break_before(p->b, branch->close);
            }
            if (k != i) branch->is_flat = false;
        }
        p->b->branches.items[i].is_flat = false;
        return true;
    }
    return false;
}

// `name ->` at the beginning of the line, or behind its `=`.
static bool is_head(const Piece *p, int arrow) {
    bool is_name = arrow > p->first && p->b->tokens.items[arrow - 1].kind == TOKEN_NAME;
    return is_name && (arrow - 1 == p->first || is_text(p->b, arrow - 2, "="));
}

// Before each `text`, or behind it, in the brackets that are open where the piece begins.
static bool break_at(const Piece *p, const char *text, bool behind) {
    int depth = 0;
    bool found = false;
    for (int i = p->first; i < p->end; i++) {
        if (is_closing(p->b, i)) depth--;
        bool is_place = depth == 0 && is_text(p->b, i, text) && (behind || i > p->first);
        if (is_opening(p->b, i)) depth++;
        if (!is_place || (is_text(p->b, i, "->") && is_head(p, i)) || i + behind >= p->end ||
            p->b->before[i + behind])
            continue;
        break_before(p->b, i + behind);
        found = true;
    }
    return found;
}

// The widest pair of brackets that the line holds whole, but no braces. False: there is none.
static bool find_widest(const Piece *p, Piece *inside) {
    int depth = 0, open = -1;
    uint32_t widest = 0;
    const Token *tokens = p->b->tokens.items;
    for (int i = p->first; i < p->end; i++) {
        if (is_opening(p->b, i) && depth++ == 0) open = i;
        if (!is_closing(p->b, i) || depth == 0 || --depth > 0) continue;
        uint32_t width = 0;
        for (int k = open + 1; k < i; k++) width += 2 + tokens[k].span.hi - tokens[k].span.lo;
        if (is_text(p->b, i, "}") || width <= widest) continue;
        *inside = (Piece){p->b, open + 1, i};
        widest = width;
    }
    return widest > 0;
}

static bool break_signs(const Piece *p) {
    return break_at(p, "->", false) || break_at(p, ",", true) || break_at(p, "+", false) ||
           break_at(p, "*", false);
}

// Behind the bracket and before the closing one.
static bool hang(const Piece *inside) {
    if (inside->b->before[inside->first]) return false;
    break_before(inside->b, inside->first);
    break_before(inside->b, inside->end);
    return true;
}

// What the line holds of a bracket that ends in a further one. False: there is none.
static bool find_open(const Piece *p, Piece *inside) {
    int depth = 0, open = -1;
    for (int i = p->first; i < p->end; i++) {
        if (is_closing(p->b, i) && depth > 0) depth--;
        if (is_opening(p->b, i) && depth++ == 0) open = i;
    }
    *inside = (Piece){p->b, open + 1, p->end};
    return depth > 0 && open + 1 < p->end;
}

bool breaks_refine(Breaks *b, int first, int count) {
    Piece line = {b, first, first + count}, inside = line;
    if (open_branches(&line) || break_at(&line, "->", false) || break_at(&line, "+", false))
        return true;
    if (find_open(&line, &inside)) {
        if (break_signs(&inside)) return true;
        line = inside;
    }
    if (!find_widest(&line, &inside)) return break_signs(&line);
    return break_at(&inside, ",", true) || break_at(&inside, "->", false) || break_signs(&line) ||
           break_signs(&inside) || hang(&inside);
}
