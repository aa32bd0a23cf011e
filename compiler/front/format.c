// The layout, line by line (breaks.c decides where the lines end):
//   - a statement is indented by four blanks for each open `{`;
//   - a line that begins with `->` stands under the first arrow of its statement if only a name is
//     before that, else under the `=`; other operators stand so that operands align;
//   - lines inside `(` or `[` stand behind the bracket, or one level in if it ends its line;
//   - the `=` of assignments in successive lines are aligned, and so are comments behind code.
#include "format.h"

#include "../base/utf8.h"
#include "breaks.h"

#include <string.h>

enum { INDENT = 4, COMMENT_GAP = 2, MAX_OPEN = PARSE_MAX_NESTING + 1 };

typedef struct Line {
    int first, count; // tokens, without the comment
    const Token *comment;
    bool blank_before;
    bool in_parentheses; // `(` or `[` is open where it begins
    bool is_balanced;    // opens as many brackets as it closes
    int name_padding;    // before the `=`
    int comment_gap;     // before a comment behind code
    int indent;
    const char *code;
    int width; // of indent and code, in characters
} Line;

typedef VEC(Line) LineList;

// Columns count from 0; -1: not met yet.
typedef struct Statement {
    int base;        // indentation
    int depth;       // open brackets around it
    bool is_aligned; // it begins its line, so that lines after it may align with parts of it
    bool plain_head; // only names so far, since the `=` if there is one
    int assign, value, arrow;
    int line;
} Statement;

typedef struct Open {
    bool is_brace;
    int inside, outside; // indentation of lines between the brackets, and of the closing one
    Statement statement; // that goes on behind the closing bracket
} Open;

typedef struct Layout {
    Arena *arena;
    const char *source;
    TokenList tokens;
    Breaks breaks;
    bool *signs; // by token: a minus in front of an operand, not between two
    LineList lines;
    Open opens[MAX_OPEN];
    int open_count;
    Statement statement;
    bool value_follows;
} Layout;

// ---- Tokens

static size_t token_length(const Token *token) {
    return token->span.hi - token->span.lo;
}

static const char *token_text(const Layout *layout, const Token *token) {
    return layout->source + token->span.lo;
}

static bool is_text(const Layout *layout, const Token *token, const char *text) {
    return token && token_length(token) == strlen(text) &&
           memcmp(token_text(layout, token), text, strlen(text)) == 0;
}

static bool is_one_of(const Layout *layout, const Token *token, const char *const *texts) {
    for (; token && *texts; texts++)
        if (is_text(layout, token, *texts)) return true;
    return false;
}

static bool is_opening(const Layout *layout, const Token *token) {
    static const char *const texts[] = {"(", "[", "{", NULL};
    return is_one_of(layout, token, texts);
}

static bool is_closing(const Layout *layout, const Token *token) {
    static const char *const texts[] = {")", "]", "}", NULL};
    return is_one_of(layout, token, texts);
}

// Operators of expressions that continue a line; `-` does not.
static bool is_operator(const Layout *layout, const Token *token) {
    static const char *const texts[] = {"+",  "*", "/",  "^",   "==", "!=",  "<",
                                        "<=", ">", ">=", "and", "or", "for", NULL};
    return is_one_of(layout, token, texts);
}

// After these, an expression or a name must follow.
static bool expects_more(const Layout *layout, const Token *token) {
    static const char *const texts[] = {"=",      "->",     ",",    ".",  ":",       "-",
                                        "if",     "else",   "with", "on", "updates", "minimize",
                                        "report", "return", "not",  "in", NULL};
    return is_operator(layout, token) || is_one_of(layout, token, texts);
}

static bool ends_operand(const Layout *layout, const Token *token) {
    if (!token || token->kind == TOKEN_WORD || is_text(layout, token, "minimize") ||
        is_text(layout, token, "report") || is_text(layout, token, "in"))
        return false;
    return token->kind != TOKEN_SIGN || is_closing(layout, token);
}

// The width in characters.
static int width_of(const char *bytes, size_t size) {
    int width = 0;
    for (size_t i = 0; i < size; i++) width += !utf8_continues(bytes[i]);
    return width;
}

// ---- Lines

static void split_lines(Layout *layout) {
    int parentheses = 0, depth = 0, depth_before = 0;
    layout->lines = (LineList){0};
    for (int i = 0; i < layout->tokens.count; i++) {
        const Token *token = &layout->tokens.items[i];
        if (i == 0 || layout->breaks.before[i]) {
            Line line = {.first = i,
                         .blank_before = layout->breaks.blank[i],
                         .in_parentheses = parentheses > 0};
            vec_push(layout->arena, &layout->lines, line);
            depth_before = depth;
        }
        int change = is_opening(layout, token) - is_closing(layout, token);
        bool is_brace = is_text(layout, token, "{") || is_text(layout, token, "}");
        depth += change;
        if (!is_brace) parentheses += change;
        Line *line = &layout->lines.items[layout->lines.count - 1];
        line->is_balanced = depth == depth_before;
        if (token->kind == TOKEN_COMMENT)
            line->comment = token;
        else
            line->count++;
    }
}

static const Token *first_of(const Layout *layout, const Line *line) {
    return line->count ? &layout->tokens.items[line->first] : NULL;
}

// A statement `name = ...` that begins the line; between `(` or `[` that would be an argument.
static bool is_assignment(const Layout *layout, const Line *line) {
    const Token *first = first_of(layout, line);
    return line->count > 1 && !line->in_parentheses && first->kind == TOKEN_NAME &&
           is_text(layout, first + 1, "=");
}

static void align_run(Layout *layout, int from, int to) {
    size_t widest = 0;
    for (int i = from; i < to; i++) {
        size_t length = token_length(first_of(layout, &layout->lines.items[i]));
        if (length > widest) widest = length;
    }
    for (int i = from; i < to; i++) {
        Line *line = &layout->lines.items[i];
        line->name_padding = (int)(widest - token_length(first_of(layout, line)));
    }
}

// Runs of assignments in successive lines; one that goes on in further lines ends its run.
static void align_assignments(Layout *layout) {
    for (int start = 0, end; start < layout->lines.count; start = end) {
        end = start + 1;
        const Line *line = &layout->lines.items[start];
        if (!is_assignment(layout, line)) continue;
        for (; end < layout->lines.count && line->is_balanced; end++) {
            line = &layout->lines.items[end];
            if (line->blank_before || !is_assignment(layout, line)) break;
        }
        align_run(layout, start, end);
    }
}

// ---- Blanks between the tokens of a line

static const Token *token_at(const Layout *layout, int index) {
    bool exists = index >= 0 && index < layout->tokens.count;
    return exists ? &layout->tokens.items[index] : NULL;
}

static bool is_sign(const Layout *layout, int index) {
    return index >= 0 && index < layout->tokens.count && layout->signs[index];
}

// 1/255 is one number to the reader.
static bool is_fraction(const Layout *layout, int index) {
    const Token *before = token_at(layout, index - 1), *after = token_at(layout, index + 1);
    return is_text(layout, token_at(layout, index), "/") && before && after &&
           before->kind == TOKEN_NUMBER && after->kind == TOKEN_NUMBER;
}

static bool is_callee(const Layout *layout, const Token *token) {
    static const char *const words[] = {"layer",   "step", "minimize", "report", "on",
                                        "updates", "in",   "with",     NULL};
    return token->kind == TOKEN_NAME && !is_one_of(layout, token, words);
}

// `[` directly behind a value, as in the grammar.
static bool is_index(const Layout *layout, int index) {
    const Token *token = token_at(layout, index), *before = token_at(layout, index - 1);
    return before && !token->is_first && before->span.hi == token->span.lo &&
           ((before->kind == TOKEN_NAME && !is_text(layout, before, "in")) ||
            is_text(layout, before, ")") || is_text(layout, before, "]"));
}

// The innermost bracket around the token is that of an index.
static bool is_in_index(const Layout *layout, int index) {
    int depth = 0;
    while (--index >= 0) {
        const Token *token = token_at(layout, index);
        if (is_closing(layout, token)) depth++;
        if (is_opening(layout, token) && depth-- == 0)
            return is_text(layout, token, "[") && is_index(layout, index);
    }
    return false;
}

static bool has_blank_before(const Layout *layout, int index) {
    static const char *const tight_before[] = {",", ")", "]", ":", "^", NULL};
    static const char *const tight_after[] = {"(", "[", ".", "^", NULL};
    const Token *token = token_at(layout, index), *before = token_at(layout, index - 1);
    if (is_text(layout, token, ":") && is_text(layout, before, ",")) return true; // x[0, :]
    if (is_one_of(layout, token, tight_before) || is_one_of(layout, before, tight_after))
        return false;
    if (is_text(layout, before, ":") && is_in_index(layout, index)) return false;
    if (is_text(layout, token, ".")) return before->kind == TOKEN_NUMBER; // not `1.x`
    if (is_text(layout, token, "("))
        return !is_callee(layout, before) && !is_sign(layout, index - 1);
    if (is_text(layout, token, "[") && is_index(layout, index)) return false;
    if (is_text(layout, token, "["))
        return !is_text(layout, token_at(layout, index - 2), ":") && !is_sign(layout, index - 1);
    if (is_text(layout, token, "}") && is_text(layout, before, "{")) return false;
    return !is_sign(layout, index - 1) && !is_fraction(layout, index) &&
           !is_fraction(layout, index - 1);
}

// ---- Indentation

static const Open *innermost(const Layout *layout) {
    return layout->open_count ? &layout->opens[layout->open_count - 1] : NULL;
}

static int base_indent(const Layout *layout) {
    const Open *open = innermost(layout);
    return open ? open->inside : 0;
}

static void begin_statement(Layout *layout, int line, bool is_aligned) {
    int base = base_indent(layout);
    layout->statement = (Statement){.base = base,
                                    .depth = layout->open_count,
                                    .is_aligned = is_aligned,
                                    .plain_head = true,
                                    .assign = -1,
                                    .value = is_aligned ? base : -1,
                                    .arrow = -1,
                                    .line = line};
    layout->value_follows = false;
}

// Whether the line goes on with the statement of the line before.
static bool continues(const Layout *layout, const Token *first) {
    static const char *const texts[] = {"->", "=", ",", ":", ".", "else", NULL};
    int before = (int)(first - layout->tokens.items) - 1;
    while (before >= 0 && layout->tokens.items[before].kind == TOKEN_COMMENT) before--;
    if (before < 0) return false;
    return is_operator(layout, first) || is_one_of(layout, first, texts) ||
           expects_more(layout, token_at(layout, before));
}

static int continued_indent(const Layout *layout, const Token *first) {
    const Statement *statement = &layout->statement;
    int further = statement->base + INDENT;
    if (is_text(layout, first, "else") || is_text(layout, first, "{")) return statement->base;
    if (!statement->is_aligned) return is_text(layout, first, "->") ? statement->base : further;
    if (is_text(layout, first, "->")) {
        if (statement->arrow >= 0) return statement->arrow;
        return statement->assign >= 0 ? statement->assign : further;
    }
    int column = statement->value;
    if (is_operator(layout, first)) column -= (int)token_length(first) + 1;
    return column > statement->base ? column : further;
}

// Begins a statement where the line does.
static int line_indent(Layout *layout, int index, const Token *first) {
    const Open *open = innermost(layout);
    if (open && is_closing(layout, first)) return open->outside;
    if (open && !open->is_brace) return open->inside;
    if (!is_text(layout, first, "{") && !continues(layout, first)) {
        begin_statement(layout, index, true);
        return base_indent(layout);
    }
    return continued_indent(layout, first);
}

// ---- What a token changes

static void open_bracket(Layout *layout, const Line *line, const Token *token, int column) {
    bool ends_line = token == &layout->tokens.items[line->first + line->count - 1];
    const Open *around = innermost(layout);
    bool in_braces = !around || around->is_brace;
    int indent = in_braces ? layout->statement.base : around->inside;
    Open open = {is_text(layout, token, "{"), column + 1, column, layout->statement};
    if (open.is_brace || ends_line) {
        open.inside = indent + INDENT;
        open.outside = indent;
    }
    if (layout->open_count < MAX_OPEN) layout->opens[layout->open_count++] = open;
}

static void note_bracket(Layout *layout, int index, const Token *token, int column) {
    const Line *line = &layout->lines.items[index];
    if (is_opening(layout, token)) {
        if (layout->open_count == layout->statement.depth) layout->statement.plain_head = false;
        open_bracket(layout, line, token, column);
        if (is_text(layout, token, "{")) begin_statement(layout, index, false);
    } else if (is_closing(layout, token) && layout->open_count) {
        const Open *open = &layout->opens[--layout->open_count];
        if (open->is_brace) layout->statement = open->statement;
    }
}

// Remembers the columns that later lines align with.
static void note_token(Layout *layout, int index, const Token *token, int column) {
    static const char *const heads[] = {"minimize", "return", NULL};
    Statement *statement = &layout->statement;
    if (layout->value_follows) statement->value = column;
    layout->value_follows = false;
    bool is_level = layout->open_count == statement->depth;
    if (is_level && is_text(layout, token, "=") && statement->assign < 0) {
        statement->assign = column;
        statement->plain_head = true;
        layout->value_follows = true;
    } else if (is_level && is_text(layout, token, "->") && statement->arrow < 0) {
        bool is_head = statement->plain_head && statement->line == index;
        if (is_head) statement->arrow = column;
        statement->plain_head = false;
    } else if (is_level && statement->assign < 0 && is_one_of(layout, token, heads)) {
        layout->value_follows = true;
    } else {
        note_bracket(layout, index, token, column);
    }
}

// ---- Output

static void lay_out_line(Layout *layout, int index) {
    Line *line = &layout->lines.items[index];
    Text code = text_create(layout->arena);
    line->indent = line_indent(layout, index, first_of(layout, line));
    int column = line->indent;
    for (int i = line->first; i < line->first + line->count; i++) {
        const Token *token = &layout->tokens.items[i];
        int blanks = i > line->first && has_blank_before(layout, i);
        if (i == line->first + 1) blanks += line->name_padding;
        text_format(&code, "%*s", blanks, "");
        note_token(layout, index, token, column + blanks);
        text_put_bytes(&code, token_text(layout, token), token_length(token));
        column += blanks + width_of(token_text(layout, token), token_length(token));
    }
    line->code = code.data;
    line->width = column;
}

// A comment on a line of its own stands like the code after it, at the end of a block like that.
static void lay_out(Layout *layout) {
    int comments = 0; // lines just before
    for (int i = 0; i <= layout->lines.count; i++) {
        const Token *first =
            i < layout->lines.count ? first_of(layout, &layout->lines.items[i]) : NULL;
        if (!first && i < layout->lines.count) {
            comments++;
            continue;
        }
        int indent = base_indent(layout);
        if (first) {
            bool closes = is_closing(layout, first);
            lay_out_line(layout, i);
            if (!closes) indent = layout->lines.items[i].indent;
        }
        for (int j = i - comments; j < i; j++) layout->lines.items[j].indent = indent;
        comments = 0;
    }
}

static bool has_both(const Line *line) {
    return line->comment && line->count;
}

static bool fits(const Line *line, int column) {
    return column + COMMENT_GAP + (int)token_length(line->comment) <= BREAKS_WIDTH;
}

// Comments behind code, in successive lines, begin at the same column where there is room.
static void align_comments(Layout *layout) {
    Line *lines = layout->lines.items;
    for (int start = 0, end; start < layout->lines.count; start = end) {
        int column = lines[start].width;
        end = start + 1;
        if (!has_both(&lines[start])) continue;
        for (; end < layout->lines.count && has_both(&lines[end]) && !lines[end].blank_before;
             end++)
            if (lines[end].width > column) column = lines[end].width;
        bool has_room = true;
        for (int i = start; i < end; i++) has_room = has_room && fits(&lines[i], column);
        for (int i = start; i < end; i++)
            lines[i].comment_gap = COMMENT_GAP + (has_room ? column - lines[i].width : 0);
    }
}

static void put_comment(Text *out, const Layout *layout, const Token *comment) {
    const char *text = token_text(layout, comment);
    size_t length = token_length(comment);
    while (length && text[length - 1] && strchr(" \t\r\f", text[length - 1])) length--;
    text_put_bytes(out, text, length);
}

static bool needs_blank_line(const Layout *layout, int index) {
    const Line *line = &layout->lines.items[index];
    return line->blank_before && index > 0;
}

static void put_lines(Text *out, const Layout *layout) {
    for (int i = 0; i < layout->lines.count; i++) {
        const Line *line = &layout->lines.items[i];
        if (needs_blank_line(layout, i)) text_put(out, "\n");
        text_format(out, "%*s", line->indent, "");
        if (line->count) text_put(out, line->code);
        text_format(out, "%*s", line->comment_gap, "");
        if (line->comment) put_comment(out, layout, line->comment);
        text_put(out, "\n");
    }
}

// ---- Tokens of the layout

// Where the source has it at the beginning of a line, or behind no operand.
static void find_signs(Layout *layout) {
    layout->signs = ARENA_ARRAY(layout->arena, bool, layout->tokens.count + 1);
    const Token *before = NULL; // that is no comment
    for (int i = 0; i < layout->tokens.count; i++) {
        const Token *token = &layout->tokens.items[i];
        if (token->kind == TOKEN_COMMENT) continue;
        layout->signs[i] =
            is_text(layout, token, "-") && (token->is_first || !ends_operand(layout, before));
        before = token;
    }
}

// A comma before a closing bracket says nothing.
static void drop_last_commas(Layout *layout) {
    TokenList kept = {NULL, 0, 0};
    for (int i = 0; i < layout->tokens.count; i++) {
        const Token *token = &layout->tokens.items[i];
        int next = i + 1;
        while (next < layout->tokens.count && layout->tokens.items[next].kind == TOKEN_COMMENT)
            next++;
        bool is_last = is_text(layout, token, ",") && next < layout->tokens.count &&
                       is_closing(layout, &layout->tokens.items[next]);
        if (!is_last) vec_push(layout->arena, &kept, *token);
    }
    layout->tokens = kept;
}

// With its comment, unless that is too long to be helped.
static int full_width(const Line *line) {
    int comment = line->comment ? COMMENT_GAP + (int)token_length(line->comment) : 0;
    return line->width + (comment <= BREAKS_WIDTH / 2 ? comment : 0);
}

// Breaks lines that are too wide; false: there are none that can be broken.
static bool refine(Layout *layout) {
    bool changed = false;
    for (int i = 0; i < layout->lines.count; i++) {
        const Line *line = &layout->lines.items[i];
        if (full_width(line) > BREAKS_WIDTH && line->count > 1)
            changed = breaks_refine(&layout->breaks, line->first, line->count) || changed;
    }
    return changed;
}

static void lay_out_all(Layout *layout) {
    do {
        layout->open_count = 0;
        begin_statement(layout, 0, true);
        split_lines(layout);
        align_assignments(layout);
        lay_out(layout);
    } while (refine(layout));
}

bool format_print(Text *out, Arena *arena, SourceSet *sources, uint32_t file, DiagSink *sink) {
    int errors = diag_error_count(sink);
    const Ast *ast = parse_file(arena, sources, file, sink);
    if (diag_error_count(sink) > errors) return false;
    Layout *layout = ARENA_NEW(arena, Layout);
    layout->arena = arena;
    layout->source = sources_get(sources, file)->text;
    layout->tokens = parse_tokens(arena, sources, file, sink);
    if (diag_error_count(sink) > errors) return false; // comments count as tokens here
    drop_last_commas(layout);
    find_signs(layout);
    layout->breaks = (Breaks){.arena = arena, .source = layout->source, .tokens = layout->tokens};
    breaks_begin(&layout->breaks, ast);
    lay_out_all(layout);
    align_comments(layout);
    put_lines(out, layout);
    return true;
}
