// Between scanner and parser. The parser always sees balanced brackets, so that its error rules can
// rely on the closing one: an absent bracket is reported here and added, one too many is dropped.
// After any mistake the tokens up to a safe place are skipped here, and not by the parser's blind
// search for a token that fits.
#include "token.h"

#include <string.h>

static int column_of(const Parse *parse, uint32_t offset) {
    return sources_place(parse->sources, parse->file, offset).column;
}

int balance_indentation(const Parse *parse, uint32_t offset) {
    const char *text = parse->source->text;
    uint32_t start = offset;
    while (start > 0 && text[start - 1] != '\n') start--;
    while (start < offset && (text[start] == ' ' || text[start] == '\t')) start++;
    return column_of(parse, start);
}

// ---- Brackets

static char opener_of(int kind) {
    switch (kind) {
    case TOK_CALL:
    case TOK_GROUP:
    case TOK_CLOSE: return '(';
    case TOK_LIST:
    case TOK_INDEX:
    case TOK_UNLIST: return '[';
    case TOK_OPEN:
    case TOK_END: return '{';
    default: return 0;
    }
}

static int closer_of(char opener) {
    return opener == '(' ? TOK_CLOSE : opener == '[' ? TOK_UNLIST : TOK_END;
}

// ---- Open brackets. An `if` whose block has not begun counts as one until its `{`.

static int without_ifs(const Parse *parse, int count) {
    while (count > 0 && parse->brackets[count - 1].opener == 'i') count--;
    return count;
}

const Bracket *balance_around(const Parse *parse, const Lexeme *lexeme) {
    int count = without_ifs(parse, lexeme->level + kind_is_closer(lexeme->kind));
    return count ? &parse->brackets[count - 1] : NULL;
}

static void drop_to(Parse *parse, int count) {
    while (parse->bracket_count > count)
        parse->nesting -= 1 + parse->brackets[--parse->bracket_count].signs;
}

void balance_stop(Parse *parse, DiagCode code, Span span, const char *message, const char *help) {
    if (parse->is_stopped) return;
    Diag *diag = diag_report(parse->sink, code, span, "%s", message);
    if (help) diag_help(diag, "%s", help);
    parse->is_stopped = true;
}

static void check_nesting(Parse *parse, Span span) {
    if (parse->nesting + parse->signs <= PARSE_MAX_NESTING) return;
    const char *message = arena_format(parse->arena, "nested more than %d deep", PARSE_MAX_NESTING);
    balance_stop(parse, DIAG_E0006, span, message, "give an inner part a name");
}

// For messages: what the bracket holds.
static void describe(const Parse *parse, const Lexeme *lexeme, Bracket *bracket) {
    bool is_outermost = parse->bracket_count == 0;
    const char *head = parse->head_what;
    bracket->name = NULL;
    if (lexeme->kind == TOK_LIST) {
        bool is_type = parse->previous.kind == TOK_COLON || parse->before.kind == TOK_COLON;
        bracket->what = is_type ? "the shape" : "the list";
    } else if (lexeme->kind == TOK_INDEX) {
        bracket->what = "the index";
    } else if (lexeme->kind == TOK_OPEN && is_outermost && head) {
        bracket->what = strcmp(head, "train") == 0   ? "the body of train"
                        : strcmp(head, "block") == 0 ? "the body of block"
                                                     : "the body of model";
        bracket->name = parse->head_name;
        bracket->is_body = strcmp(head, "train") != 0;
    } else if (lexeme->kind == TOK_OPEN) {
        bracket->what = parse->step_name ? "the body of step" : "the block";
        bracket->name = parse->step_name;
    } else if (kind_is_name(parse->previous.kind) && !lexeme->is_first) {
        bool declares = kind_declares(parse->before.kind);
        bracket->is_parameters = declares;
        bracket->what = declares ? "the parameters of" : "the arguments of";
        bracket->name = parse->previous.value.text;
    } else {
        bracket->what = "the parentheses";
    }
}

static void push(Parse *parse, const Lexeme *lexeme, char opener) {
    bool begins_if = opener == '{' && parse->bracket_count > 0 &&
                     parse->brackets[parse->bracket_count - 1].opener == 'i';
    if (begins_if) {
        Bracket *bracket = &parse->brackets[parse->bracket_count - 1];
        bracket->opener = '{';
        bracket->span = lexeme->span;
        bracket->what = "the branch of `if`";
        bracket->is_body = true;
        return;
    }
    parse->nesting += 1;
    check_nesting(parse, lexeme->span);
    if (parse->is_stopped) return;
    Bracket bracket = {.opener = opener,
                       .is_virtual = lexeme->is_virtual,
                       .span = lexeme->span,
                       .signs = parse->signs};
    describe(parse, lexeme, &bracket);
    if (opener == '{') parse->step_name = NULL;
    if (opener == '{') parse->awaits_body = false;
    parse->nesting += parse->signs;
    parse->brackets[parse->bracket_count++] = bracket;
}

static void pop(Parse *parse) {
    drop_to(parse, without_ifs(parse, parse->bracket_count));
    bool is_outermost = parse->bracket_count == 1;
    bool ends_body = is_outermost && parse->brackets[0].opener == '{';
    if (is_outermost && parse->brackets[0].is_parameters) parse->awaits_body = true;
    drop_to(parse, parse->bracket_count - 1);
    if (ends_body) parse->head_what = parse->head_name = NULL;
}

// ---- What the scanner cannot know

// `[` directly behind a value is an index; behind the name of an input or of a type it is not.
static bool is_index(const Parse *parse, const Lexeme *lexeme) {
    const Lexeme *previous = &parse->previous;
    const Bracket *around =
        parse->bracket_count ? &parse->brackets[parse->bracket_count - 1] : NULL;
    bool is_value =
        previous->kind == TOK_NAME || previous->kind == TOK_CLOSE || previous->kind == TOK_UNLIST;
    return lexeme->kind == TOK_LIST && is_value && previous->span.hi == lexeme->span.lo &&
           parse->before.kind != TOK_COLON && !(around && around->is_parameters);
}

// `width = 64` on a line of its own, outside of all declarations.
static bool binds_value(const Parse *parse, const Lexeme *lexeme) {
    bool is_behind_all =
        parse->previous.kind == TOK_YYEOF || kind_ends_operand(parse->previous.kind);
    return kind_is_name(lexeme->kind) && lexeme->is_first && !parse->bracket_count &&
           !parse->awaits_body && is_behind_all && token_precedes_assign(parse, lexeme);
}

// `(` after a name is a call and `-` after a value a difference, unless they begin a line.
static void classify(const Parse *parse, Lexeme *lexeme) {
    int previous = parse->previous.kind;
    bool continues = !lexeme->is_first && kind_ends_operand(previous);
    bool is_word = previous >= TOK_LAYER && previous <= TOK_WITH && previous != TOK_MINIMIZE;
    int count = without_ifs(parse, parse->bracket_count);
    bool in_braces = count == 0 || parse->brackets[count - 1].opener == '{';
    if (lexeme->kind == TOK_GROUP && continues) {
        lexeme->kind = TOK_CALL;
    } else if (is_index(parse, lexeme)) {
        lexeme->kind = TOK_INDEX;
    } else if (binds_value(parse, lexeme)) {
        lexeme->kind = TOK_BIND;
    } else if (lexeme->kind == TOK_MINUS && !continues && (lexeme->is_first || !is_word)) {
        lexeme->kind = TOK_SIGN;
    } else if (kind_declares(lexeme->kind) && !in_braces && !lexeme->is_first) {
        lexeme->kind = TOK_NAME; // split(train = 0.8), drop(model)
    } else if (previous == TOK_DOT && kind_is_reserved(lexeme->kind)) {
        lexeme->kind = TOK_NAME;
    }
}

static void follow_head(Parse *parse, const Lexeme *lexeme) {
    if (parse->bracket_count == 0 && kind_declares(lexeme->kind)) {
        parse->head_what = lexeme->value.text;
        parse->head_name = NULL;
        parse->had_mistake = parse->has_mistake;
        parse->awaits_body = parse->has_mistake = false;
    } else if (parse->bracket_count == 0 && lexeme->kind == TOK_ON) {
        parse->awaits_body = parse->head_what && strcmp(parse->head_what, "train") == 0;
    } else if (parse->bracket_count == 0 && lexeme->kind == TOK_ASSIGN) {
        parse->awaits_body = false;
    } else if (parse->head_what && !parse->head_name && kind_is_name(lexeme->kind) &&
               strcmp(parse->head_what, "import") != 0) { // which takes a path
        parse->head_name = lexeme->value.text;
    } else if (parse->previous.kind == TOK_STEP && kind_is_name(lexeme->kind)) {
        parse->step_name = lexeme->value.text;
    }
}

// A statement of a body begins with the token.
static void begin_statement(Parse *parse, const Lexeme *lexeme) {
    Bracket *around = parse->bracket_count ? &parse->brackets[parse->bracket_count - 1] : NULL;
    if (!around || !around->is_body || around->opener != '{') return;
    around->statement = lexeme->span;
    around->has_name = token_begins_named(parse, lexeme);
}

static void follow_statement(Parse *parse, const Lexeme *lexeme) {
    int previous = parse->previous.kind;
    bool begins = token_begins_named(parse, lexeme) || kind_begins_operand(lexeme->kind);
    if (parse->before.kind == TOK_FOR) return; // `for name in`
    if (previous == TOK_OPEN || previous == TOK_UNNAMED || (kind_ends_operand(previous) && begins))
        begin_statement(parse, lexeme);
}

// `mean, spread = ...` begins: its commas part names. A name begins a statement behind a bracket of
// a body, and behind a value, which may be a word like `on`.
static void follow_names(Parse *parse, const Lexeme *lexeme) {
    int previous = parse->previous.kind;
    bool is_value = kind_ends_operand(previous) ||
                    (kind_is_name(previous) && kind_is_operator(parse->before.kind));
    bool begins = is_value || previous == TOK_OPEN || (lexeme->is_first && previous != TOK_COMMA);
    if (begins && kind_is_name(lexeme->kind) && lexeme->span.lo >= parse->unpacked_to)
        parse->unpacked_to = token_names_end(parse, lexeme);
}

static Lexeme take(Parse *parse) {
    if (parse->has_held) {
        parse->has_held = false;
        return parse->held;
    }
    if (parse->has_pending) {
        parse->has_pending = false;
        return parse->pending;
    }
    Lexeme lexeme = scan_next(parse);
    if (++parse->token_count > PARSE_MAX_TOKENS) {
        const char *message = arena_format(parse->arena, "more than %d tokens", PARSE_MAX_TOKENS);
        balance_stop(parse, DIAG_E0005, lexeme.span, message, "repeat with `* n`, or use blocks");
    }
    // What lacks at the end is shown behind the last token.
    uint32_t end = parse->previous.span.hi;
    if (lexeme.kind == TOK_YYEOF) lexeme.span = (Span){parse->file, end, end};
    classify(parse, &lexeme);
    mend_keyword(parse, &lexeme);
    mend_reserved(parse, &lexeme);
    follow_names(parse, &lexeme);
    return lexeme;
}

// ---- Brackets that are missing, or too many

enum { CLOSING_FOUND = 1, CLOSING_LACKS = 2 };

// Behind a string or a comment that begins here; else behind one byte.
static const char *skip_item(const char *at) {
    if (*at == '#') return at + strcspn(at, "\n");
    if (*at++ != '"') return at;
    while (*at && *at != '"' && *at != '\n') at += *at == '\\' && at[1] ? 2 : 1;
    return *at == '"' ? at + 1 : at;
}

// Does the text close the bracket at `at` before it closes one around it?
static bool finds_closing(const char *at) {
    int depth = 0;
    for (; *at; at = skip_item(at)) {
        if (strchr("([{", *at)) depth++;
        if (!strchr(")]}", *at)) continue;
        if (--depth == 0) return *at != '}';
    }
    return false;
}

static bool lacks_closing(Parse *parse, Bracket *bracket) {
    if (!bracket->closing) {
        const char *text = parse->source->text + bracket->span.lo;
        bracket->closing = finds_closing(text) ? CLOSING_FOUND : CLOSING_LACKS;
    }
    return bracket->closing == CLOSING_LACKS;
}

// A line that begins with an arrow, or with a name as far left as the line of the bracket, while
// the innermost parenthesis is closed nowhere.
static bool is_left_open(Parse *parse, const Lexeme *lexeme) {
    int count = without_ifs(parse, parse->bracket_count);
    if (!count || !lexeme->is_first) return false;
    Bracket *around = &parse->brackets[count - 1];
    if (around->opener == '{' || around->is_virtual || !kind_ends_operand(parse->previous.kind))
        return false;
    bool is_outside = lexeme->kind == TOK_NAME && column_of(parse, lexeme->span.lo) <=
                                                      balance_indentation(parse, around->span.lo);
    return (lexeme->kind == TOK_ARROW || is_outside) && lacks_closing(parse, around);
}

// How many brackets stay open when this token comes; those above must be closed before it.
static int level_for(Parse *parse, const Lexeme *lexeme) {
    int count = parse->bracket_count;
    if (lexeme->kind == TOK_YYEOF || token_begins_declaration(parse, lexeme)) return 0;
    if (!kind_is_closer(lexeme->kind)) return is_left_open(parse, lexeme) ? count - 1 : count;
    for (int level = count; level > 0; level--)
        if (parse->brackets[level - 1].opener == opener_of(lexeme->kind)) return level;
    return count;
}

static const char *source_text(const Parse *parse, const Lexeme *lexeme) {
    if (lexeme->kind == TOK_YYEOF) return "the file ends";
    size_t length = lexeme->span.hi - lexeme->span.lo;
    return arena_format(parse->arena, "`%.*s`", (int)(length < 40 ? length : 40),
                        parse->source->text + lexeme->span.lo);
}

// A string that does not end hides the brackets behind it.
static bool is_hidden(const Parse *parse, const Bracket *bracket) {
    uint32_t from = bracket->span.lo, to = parse->open_string;
    return to > from && !memchr(parse->source->text + from, '\n', to - from);
}

static void report_unclosed(Parse *parse, const Lexeme *lexeme, int level) {
    int shown = 0;
    Diag *diag = NULL;
    if (level == 0 && parse->has_mistake) return;
    for (int i = parse->bracket_count - 1; i >= level; i--) {
        const Bracket *bracket = &parse->brackets[i];
        if (bracket->opener == 'i' || bracket->is_virtual || shown == 3 ||
            is_hidden(parse, bracket))
            continue;
        if (shown++ == 0) {
            diag =
                diag_report(parse->sink, DIAG_E0004, lexeme->span, "`%c` is not closed before %s",
                            bracket->opener, source_text(parse, lexeme));
            diag_label(diag, "expected `%c`",
                       bracket->opener == '('   ? ')'
                       : bracket->opener == '[' ? ']'
                                                : '}');
        }
        diag_secondary(diag, bracket->span, "this `%c` is open", bracket->opener);
    }
}

// Closes the innermost bracket without a token of the file.
static Lexeme close_virtually(Parse *parse) {
    drop_to(parse, without_ifs(parse, parse->bracket_count));
    uint32_t at = parse->previous.span.hi;
    Lexeme closer = {.kind = closer_of(parse->brackets[parse->bracket_count - 1].opener),
                     .span = {parse->file, at, at},
                     .is_virtual = true};
    pop(parse);
    closer.level = parse->bracket_count;
    return closer;
}

// A closing bracket without its opening one: `(10]` gets the right one, others are dropped, as in
// `(10])`.
static bool mend_closer(Parse *parse, Lexeme *lexeme) {
    int count = without_ifs(parse, parse->bracket_count);
    const Bracket *open = count ? &parse->brackets[count - 1] : NULL;
    if (open && open->opener == opener_of(lexeme->kind)) return true;
    const char *found = source_text(parse, lexeme);
    char right = open && open->opener == '(' ? ')' : ']';
    bool replaces = open && open->opener != '{' && lexeme->kind != TOK_END;
    if (replaces && token_byte_after(parse, lexeme) != right) {
        Diag *diag = diag_report(parse->sink, DIAG_E0004, lexeme->span, "`%c` is closed by %s",
                                 open->opener, found);
        diag_label(diag, "expected `%c`", right);
        diag_secondary(diag, open->span, "opened here");
        lexeme->kind = closer_of(open->opener);
        return true;
    }
    if (parse->has_mistake) return false;
    Diag *diag = diag_report(parse->sink, DIAG_E0004, lexeme->span, "%s closes nothing", found);
    diag_label(diag, "nothing is open here");
    return false;
}

// Repairs a slip at the token; false where it is to be dropped.
static bool mend(Parse *parse, Lexeme *lexeme) {
    Lexeme lacking;
    if (parse->is_recovering) return true;
    if (mend_separator(parse, lexeme)) return false;
    if (foreign_word(parse, lexeme) == FOREIGN_PASSED) return false;
    mend_colon(parse, lexeme);
    if (mend_lacking(parse, lexeme, &lacking) || mend_else_if(parse, lexeme, &lacking)) {
        parse->pending = *lexeme;
        parse->has_pending = true;
        *lexeme = lacking;
    }
    return true;
}

// The next token, with the bracket stack up to date.
static Lexeme next_balanced(Parse *parse) {
    for (;;) {
        bool was_held = parse->has_held;
        Lexeme lexeme = take(parse);
        if (parse->is_stopped) break;
        if (!was_held && !mend(parse, &lexeme)) continue;
        int level = was_held ? parse->close_to : level_for(parse, &lexeme);
        if (without_ifs(parse, parse->bracket_count) > level) {
            if (!was_held) report_unclosed(parse, &lexeme, level);
            parse->held = lexeme;
            parse->has_held = true;
            parse->close_to = level;
            return close_virtually(parse);
        }
        if (kind_is_closer(lexeme.kind) && !mend_closer(parse, &lexeme)) continue;
        follow_head(parse, &lexeme);
        follow_statement(parse, &lexeme);
        lexeme.level = parse->bracket_count;
        if (kind_is_opener(lexeme.kind)) {
            push(parse, &lexeme, opener_of(lexeme.kind));
            lexeme.level = parse->bracket_count - 1;
        } else if (lexeme.kind == TOK_IF) {
            push(parse, &lexeme, 'i');
        } else if (kind_is_closer(lexeme.kind)) {
            pop(parse);
        } else if (lexeme.kind == TOK_SIGN || lexeme.kind == TOK_NOT) {
            parse->signs++;
            check_nesting(parse, lexeme.span);
        }
        if (lexeme.kind != TOK_SIGN && lexeme.kind != TOK_NOT) parse->signs = 0;
        if (kind_is_closer(lexeme.kind)) lexeme.level = parse->bracket_count;
        parse->before = parse->previous;
        parse->previous = lexeme;
        if (!parse->is_stopped) return lexeme;
    }
    return (Lexeme){.kind = TOK_YYEOF, .span = {parse->file, parse->offset, parse->offset}};
}

// ---- After a mistake

// Whether parsing can go on with this token, which stands behind `previous`.
static bool is_safe_place(const Parse *parse, const Lexeme *lexeme, int previous) {
    const Bracket *around = balance_around(parse, lexeme);
    if (!around && lexeme->kind == TOK_BIND) return column_of(parse, lexeme->span.lo) == 1;
    if (!around) return token_declares(parse, lexeme);
    if (around->opener != '{' || !lexeme->is_first) return false;
    if (kind_is_name(lexeme->kind) && token_precedes_assign(parse, lexeme)) return true;
    if (kind_is_operator(previous)) return false;
    return kind_is_name(lexeme->kind) || lexeme->kind == TOK_RETURN || lexeme->kind == TOK_NUMBER ||
           lexeme->kind == TOK_LIST || lexeme->kind == TOK_GROUP || lexeme->kind == TOK_IF;
}

static Lexeme sync_before(Parse *parse, const Lexeme *lexeme) {
    bool is_pushed = kind_is_opener(lexeme->kind) || lexeme->kind == TOK_IF;
    if (!is_pushed) drop_to(parse, without_ifs(parse, parse->bracket_count));
    parse->is_recovering = parse->is_foreign = false;
    begin_statement(parse, lexeme);
    parse->synced = *lexeme;
    parse->has_synced = true;
    return (Lexeme){.kind = TOK_SYNC, .span = {parse->file, lexeme->span.lo, lexeme->span.lo}};
}

static Lexeme skip_to_safe_place(Parse *parse) {
    for (;;) {
        int previous = parse->previous.kind;
        Lexeme lexeme = next_balanced(parse);
        int level = without_ifs(parse, lexeme.level);
        bool closes_level = kind_is_closer(lexeme.kind) && level < parse->recovery_level;
        if (lexeme.kind == TOK_YYEOF || closes_level) {
            parse->is_recovering = parse->is_foreign = false;
            return lexeme;
        }
        if (level == parse->recovery_level && is_safe_place(parse, &lexeme, previous))
            return sync_before(parse, &lexeme);
    }
}

bool balance_left_open(const Parse *parse, const Lexeme *lexeme, const Bracket **bracket) {
    const Bracket *around = balance_around(parse, lexeme);
    if (!around || around->opener == '{' || !lexeme->is_first || !kind_is_name(lexeme->kind))
        return false;
    *bracket = around;
    return column_of(parse, lexeme->span.lo) <= balance_indentation(parse, around->span.lo);
}

// Gives the token again after closing what was left open around it.
static void close_and_repeat(Parse *parse, const Lexeme *lexeme) {
    int level = lexeme->level;
    while (level > 0 && parse->brackets[level - 1].opener != '{') level--;
    parse->held = *lexeme;
    parse->has_held = true;
    parse->close_to = level;
    parse->redelivered = lexeme->span.hi;
}

void balance_recover(Parse *parse) {
    Lexeme lexeme = parse->last;
    const Bracket *open;
    if (kind_is_closer(lexeme.kind) || lexeme.kind == TOK_YYEOF)
        return; // the error rules wait for these
    bool is_again = parse->redelivered == lexeme.span.hi;
    if (!is_again && balance_left_open(parse, &lexeme, &open)) {
        close_and_repeat(parse, &lexeme);
        return;
    }
    parse->is_recovering = true;
    parse->recovery_level = without_ifs(parse, lexeme.level);
    if (!is_again && is_safe_place(parse, &lexeme, parse->before.kind)) {
        drop_to(parse, lexeme.level);
        parse->redelivered = lexeme.span.hi;
        parse->held = lexeme;
        parse->has_held = true;
        parse->close_to = lexeme.level;
    }
}

// ---- The parser's source of tokens

Lexeme balance_next(Parse *parse) {
    if (parse->has_synced) {
        parse->has_synced = false;
        parse->last = parse->synced;
    } else {
        parse->last = parse->is_recovering ? skip_to_safe_place(parse) : next_balanced(parse);
    }
    if (parse->last.kind == TOK_NN_YYerror || parse->last.kind == TOK_FOREIGN)
        balance_recover(parse);
    return parse->last;
}
