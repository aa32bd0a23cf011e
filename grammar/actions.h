// The builders of tree nodes: one call an action of nn.y. All memory is the parse's arena.
#ifndef NNC_GRAMMAR_ACTIONS_H
#define NNC_GRAMMAR_ACTIONS_H

#include "state.h"

// Lists
AstList action_none(void);
AstList action_first(Parse *parse, Ast *item);
AstList action_append(Parse *parse, AstList list, Ast *item);

// Expressions. What was skipped keeps its place: names in there may be declared there.
Ast *action_error(Parse *parse, Span span);
Ast *action_skipped(Parse *parse, Span from, Span until);
Ast *action_number(Parse *parse, Span span, double number, bool is_integer);
Ast *action_string(Parse *parse, Span span, const char *text);
Ast *action_name(Parse *parse, const char *text, Span span);
Ast *action_call(Parse *parse, Span span, const char *callee, Span callee_span, AstList arguments);
Ast *action_arrow(Parse *parse, Span span, Ast *left, Ast *right);
Ast *action_binary(Parse *parse, Span span, AstOperator operator, Ast * left, Ast *right);
Ast *action_member(Parse *parse, Span span, Ast *left, const char *name, Span name_span);
Ast *action_group(Span span, Ast *expression);
Ast *action_index(Parse *parse, Span span, Ast *left, AstList indices);
Ast *action_range(Parse *parse, Span span, Ast *first, Ast *end, Ast *step); // each may be NULL
Ast *action_ellipsis(Parse *parse, Span span);
Ast *action_for(Parse *parse, Span span, Ast *value, const char *name, Span name_span, Ast *list);
Ast *action_if(Parse *parse, Span span, Ast *condition, Ast *then, Ast *otherwise);

// What has one operand, or items, and nothing else
Ast *action_left(Parse *parse, AstKind kind, Span span, Ast *left);
Ast *action_items(Parse *parse, AstKind kind, Span span, AstList items);

// What gives a value a name: `name = value` with or without a word in front
Ast *action_named(Parse *parse, AstKind kind, Span span, const char *name, Span name_span,
                  Ast *value);

// `value` may be NULL.
Ast *action_block(Parse *parse, Span span, AstList statements, Ast *value);
Ast *action_parameter(Parse *parse, Span span, const char *name, Span name_span, Ast *type,
                      Ast *value);
Ast *action_type(Parse *parse, Span span, const char *name, Span name_span, AstList dimensions);

// Declarations
Ast *action_import(Parse *parse, Span span, const Ast *path);
Ast *action_model(Parse *parse, AstKind kind, Span span, const char *name, Span name_span,
                  AstList parameters, Ast *body);
Ast *action_short_model(Parse *parse, Span span, const char *name, Span name_span,
                        AstList parameters, Ast *value);
Ast *action_train(Parse *parse, Span span, AstList models, Ast *data, Span open, AstList entries,
                  Span end);
Ast *action_step(Parse *parse, Span span, const char *name, Span name_span, AstList models,
                 Ast *optimizer, Span open, AstList moves, Span end);
// `first, rest... = value`
Ast *action_unpack(Parse *parse, Span span, Ast *first, AstList rest, Ast *value);
void action_declare(Parse *parse, Ast *declaration); // NULL: what was skipped

#endif
