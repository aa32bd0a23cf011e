// The grammar of .nn files. README.md tells it in prose, with precedence and recovery.
%require "3.8"
%define api.pure full
%define api.prefix {nn_yy}
%define api.token.prefix {TOK_}
%define api.location.type {Span}
%define api.value.type {Value}
%define parse.error custom
%define parse.lac full
%locations
%param {Parse *parse}
%expect 0

%code requires {
#include "state.h"

// flex's header knows these types by its own names.
typedef Value YYSTYPE;
typedef Span YYLTYPE;
}

%code {
#include "actions.h"

#include <stdlib.h>

// The nesting limit keeps the stack far below this.
#define YYMAXDEPTH 16384

static int nn_yylex(NN_YYSTYPE *value, Span *span, Parse *parse) {
    Lexeme lexeme = balance_next(parse);
    *value = lexeme.value;
    *span = lexeme.span;
    return lexeme.kind;
}

// Limits are reported by the balancer, before the parser's own stack can be exhausted.
static void nn_yyerror(const Span *span, Parse *parse, const char *message) {
    balance_stop(parse, DIAG_E0006, *span, message, NULL);
}
}

%initial-action { @$ = (Span){parse->file, 0, 0}; }

// Names are reserved, or words only where the grammar asks for them.
%token <text> NAME "a name"
%token <text> LAYER "`layer`" STEP "`step`" MINIMIZE "`minimize`" REPORT "`report`"
%token <text> ON "`on`" UPDATES "`updates`" IN "`in`" WITH "`with`"
%token <text> BIND "a name of a value" // at the beginning of a line of the file, with `=` behind it
%token IMPORT "`import`" PARAM "`param`" DATASET "`dataset`" BLOCK "`block`" MODEL "`model`"
%token TRAIN "`train`" IF "`if`" ELSE "`else`" RETURN "`return`" FOR "`for`"
%token AND "`and`" OR "`or`" NOT "`not`"
%token <node> NUMBER "a number" STRING "a string"
%token CALL "`(`" GROUP "`(` of a group" CLOSE "`)`"
%token LIST "`[`" INDEX "`[` of an index" UNLIST "`]`" OPEN "`{`" END "`}`"
%token ARROW "`->`" ASSIGN "`=`" COMMA "`,`" COLON "`:`" DOT "`.`"
%token PLUS "`+`" MINUS "`-`" SIGN "`-` of a sign" TIMES "`*`" OVER "`/`"
%token POWER "`^`"
%token EQUAL "`==`" NOT_EQUAL "`!=`" LESS "`<`" LESS_EQUAL "`<=`" GREATER "`>`"
%token GREATER_EQUAL "`>=`"
%token ELLIPSIS "`...`"
// Put before a statement or declaration by the balancer, after a mistake; never in a file.
%token SYNC "the next statement"
// Added where a value without a name is no body's last expression.
%token UNNAMED "the end of a value without a name"
// A word of another language that begins a line; what follows it is skipped.
%token FOREIGN "a word of another language"
// Only for --emit=tokens and fmt; never given to the parser.
%token COMMENT "a comment"
%token YYEOF 0 "the end of the file"

%nterm <text> name
%nterm <list> names parameters parameter_list arguments argument_list expressions dimensions
%nterm <list> statements entries moves
%nterm <node> declaration foreign parameter type body statement entry move argument
%nterm <list> parts
%nterm <node> expression stage choice both truth chain sum product signed power member operand
%nterm <node> call conditional part limit
%nterm <binary> comparison

%%

file:
    declarations
  | declarations error  { action_declare(parse, action_error(parse, @error)); }
  ;

declarations:
    %empty
  | declarations declaration  { action_declare(parse, $declaration); }
  ;

declaration:
    IMPORT STRING
      { $$ = action_import(parse, @$, $STRING); }
  | PARAM name ASSIGN expression
      { $$ = action_named(parse, AST_PARAM, @$, $name, @name, $expression); }
  | BIND ASSIGN expression
      { $$ = action_named(parse, AST_ASSIGN, @$, $BIND, @BIND, $expression); }
  | DATASET name ASSIGN expression
      { $$ = action_named(parse, AST_DATASET, @$, $name, @name, $expression); }
  | BLOCK name parameters body
      { $$ = action_model(parse, AST_BLOCK_DECLARATION, @$, $name, @name, $parameters, $body); }
  | MODEL name parameters body
      { $$ = action_model(parse, AST_MODEL, @$, $name, @name, $parameters, $body); }
  | MODEL name parameters ASSIGN expression
      { $$ = action_short_model(parse, @$, $name, @name, $parameters, $expression); }
  | TRAIN names ON expression OPEN entries END
      { $$ = action_train(parse, @$, $names, $expression, @OPEN, $entries, @END); }
  | TRAIN names ON expression OPEN entries error END
      { $$ = action_train(parse, @$, $names, $expression, @OPEN,
                          action_append(parse, $entries, action_skipped(parse, @error, @END)), @END); yyerrok; }
  | foreign
  | error SYNC
      { $$ = action_error(parse, @$); yyerrok; }
  ;

foreign:
    FOREIGN       { $$ = action_error(parse, @$); }
  | FOREIGN SYNC  { $$ = action_error(parse, @$); }
  ;

name: NAME | LAYER | STEP | MINIMIZE | REPORT | ON | UPDATES | IN | WITH ;

names:
    name              { $$ = action_first(parse, action_name(parse, $name, @name)); }
  | names COMMA name  { $$ = action_append(parse, $1, action_name(parse, $name, @name)); }
  ;

// ---- Inputs of models, parameters of blocks

parameters:
    open CLOSE                       { $$ = action_none(); }
  | open parameter_list last CLOSE  { $$ = $2; }
  | open error CLOSE                { $$ = action_first(parse, action_error(parse, @$)); yyerrok; }
  ;

open: CALL | GROUP ;

// A comma may follow the last item between brackets.
last: %empty | COMMA ;

parameter_list:
    parameter                       { $$ = action_first(parse, $1); }
  | parameter_list COMMA parameter  { $$ = action_append(parse, $1, $3); }
  ;

parameter:
    name
      { $$ = action_parameter(parse, @$, $name, @name, NULL, NULL); }
  | name COLON type
      { $$ = action_parameter(parse, @$, $name, @name, $type, NULL); }
  | name ASSIGN expression
      { $$ = action_parameter(parse, @$, $name, @name, NULL, $expression); }
  | name COLON type ASSIGN expression
      { $$ = action_parameter(parse, @$, $name, @name, $type, $expression); }
  ;

type:
    dimensions       { $$ = action_type(parse, @$, NULL, @$, $dimensions); }
  | name dimensions  { $$ = action_type(parse, @$, $name, @name, $dimensions); }
  ;

dimensions:
    LIST UNLIST                   { $$ = action_none(); }
  | LIST expressions last UNLIST  { $$ = $expressions; }
  | LIST error UNLIST             { $$ = action_first(parse, action_error(parse, @$)); yyerrok; }
  ;

// ---- Bodies of models, blocks and branches: statements, and at the end the value

body:
    OPEN statements END             { $$ = action_block(parse, @$, $statements, NULL); }
  | OPEN statements expression END  { $$ = action_block(parse, @$, $statements, $expression); }
  | OPEN statements error END
      { $$ = action_block(parse, @$, $statements, action_skipped(parse, @error, @END)); yyerrok; }
  ;

statements:
    %empty                { $$ = action_none(); }
  | statements statement  { $$ = action_append(parse, $1, $2); }
  ;

statement:
    expression UNNAMED
      { $$ = action_error(parse, @$); (void)$expression; }
  | name ASSIGN expression
      { $$ = action_named(parse, AST_ASSIGN, @$, $name, @name, $expression); }
  | name COMMA names ASSIGN expression
      { $$ = action_unpack(parse, @$, action_name(parse, $name, @name), $names, $expression); }
  | LAYER name ASSIGN expression
      { $$ = action_named(parse, AST_LAYER, @$, $name, @name, $expression); }
  | RETURN expressions
      { $$ = action_items(parse, AST_RETURN, @$, $expressions); }
  | foreign
  | error SYNC
      { $$ = action_error(parse, @$); yyerrok; }
  ;

// ---- Bodies of train and of its steps

entries:
    %empty         { $$ = action_none(); }
  | entries entry  { $$ = action_append(parse, $1, $2); }
  ;

entry:
    name ASSIGN expression
      { $$ = action_named(parse, AST_ASSIGN, @$, $name, @name, $expression); }
  | STEP name UPDATES names WITH expression OPEN moves END
      { $$ = action_step(parse, @$, $name, @name, $names, $expression, @OPEN, $moves, @END); }
  | STEP name UPDATES names WITH expression OPEN moves error END
      { $$ = action_step(parse, @$, $name, @name, $names, $expression, @OPEN,
                         action_append(parse, $moves, action_skipped(parse, @error, @END)), @END); yyerrok; }
  | error SYNC
      { $$ = action_error(parse, @$); yyerrok; }
  ;

moves:
    %empty      { $$ = action_none(); }
  | moves move  { $$ = action_append(parse, $1, $2); }
  ;

move:
    name ASSIGN expression
      { $$ = action_named(parse, AST_ASSIGN, @$, $name, @name, $expression); }
  | name COMMA names ASSIGN expression
      { $$ = action_unpack(parse, @$, action_name(parse, $name, @name), $names, $expression); }
  | MINIMIZE expression
      { $$ = action_left(parse, AST_MINIMIZE, @$, $expression); }
  | REPORT names
      { $$ = action_items(parse, AST_REPORT, @$, $names); }
  | error SYNC
      { $$ = action_error(parse, @$); yyerrok; }
  ;

// ---- Expressions, the loosest operator first

expressions:
    expression                    { $$ = action_first(parse, $1); }
  | expressions COMMA expression  { $$ = action_append(parse, $1, $3); }
  ;

expression:
    stage
  | expression ARROW stage  { $$ = action_arrow(parse, @$, $1, $3); }
  ;

stage:
    choice
  | choice[value] FOR name IN choice[list]
      { $$ = action_for(parse, @$, $value, $name, @name, $list); }
  ;

choice:
    both
  | choice OR both  { $$ = action_binary(parse, @$, AST_OR, $1, $3); }
  ;

both:
    truth
  | both AND truth  { $$ = action_binary(parse, @$, AST_AND, $1, $3); }
  ;

truth:
    chain
  | NOT truth  { $$ = action_left(parse, AST_NOT, @$, $2); }
  ;

chain:
    sum
  | sum comparison sum  { $$ = action_binary(parse, @$, $comparison, $1, $3); }
  ;

comparison:
    EQUAL          { $$ = AST_EQUAL; }
  | NOT_EQUAL      { $$ = AST_NOT_EQUAL; }
  | LESS           { $$ = AST_LESS; }
  | LESS_EQUAL     { $$ = AST_LESS_EQUAL; }
  | GREATER        { $$ = AST_GREATER; }
  | GREATER_EQUAL  { $$ = AST_GREATER_EQUAL; }
  ;

sum:
    product
  | sum PLUS product   { $$ = action_binary(parse, @$, AST_ADD, $1, $3); }
  | sum MINUS product  { $$ = action_binary(parse, @$, AST_SUBTRACT, $1, $3); }
  ;

product:
    signed
  | product TIMES signed  { $$ = action_binary(parse, @$, AST_MULTIPLY, $1, $3); }
  | product OVER signed   { $$ = action_binary(parse, @$, AST_DIVIDE, $1, $3); }
  ;

signed:
    power
  | SIGN signed  { $$ = action_left(parse, AST_NEGATE, @$, $2); }
  ;

power:
    member
  | member POWER signed  { $$ = action_binary(parse, @$, AST_POWER, $1, $3); }
  ;

member:
    operand
  | member DOT name  { $$ = action_member(parse, @$, $1, $name, @name); }
  | member INDEX parts last UNLIST
      { $$ = action_index(parse, @$, $1, $parts); }
  | member INDEX error UNLIST
      { $$ = action_error(parse, @$); yyerrok; }
  | member DOT name arguments
      { $$ = action_error(parse, @$); report_dotted_call(parse, @1, @name, @arguments); }
  ;

parts:
    part              { $$ = action_first(parse, $1); }
  | parts COMMA part  { $$ = action_append(parse, $1, $3); }
  ;

part:
    expression
  | limit[first] COLON limit[end]
      { $$ = action_range(parse, @$, $first, $end, NULL); }
  | limit[first] COLON limit[end] COLON limit[step]
      { $$ = action_range(parse, @$, $first, $end, $step); }
  | ELLIPSIS
      { $$ = action_ellipsis(parse, @$); }
  ;

limit:
    %empty      { $$ = NULL; }
  | expression
  ;

operand:
    NUMBER
  | STRING
  | name
      { $$ = action_name(parse, $name, @name); }
  | call
  | LIST UNLIST
      { $$ = action_items(parse, AST_LIST, @$, action_none()); }
  | LIST argument_list last UNLIST
      { $$ = action_items(parse, AST_LIST, @$, $argument_list); }
  | LIST error UNLIST
      { $$ = action_error(parse, @$); yyerrok; }
  | GROUP expression CLOSE
      { $$ = action_group(@$, $expression); }
  | GROUP error CLOSE
      { $$ = action_error(parse, @$); yyerrok; }
  | conditional
  ;

conditional:
    IF expression body[then] ELSE body[otherwise]
      { $$ = action_if(parse, @$, $expression, $then, $otherwise); }
  | IF expression body[then] ELSE conditional[otherwise]
      { $$ = action_if(parse, @$, $expression, $then, $otherwise); }
  ;

call:
    NAME arguments
      { $$ = action_call(parse, @$, $NAME, @NAME, $arguments); }
  | call arguments
      { $$ = action_error(parse, @$); report_second_call(parse, @1, @arguments); }
  ;

arguments:
    CALL CLOSE                     { $$ = action_none(); }
  | CALL argument_list last CLOSE  { $$ = $2; }
  | CALL error CLOSE               { $$ = action_first(parse, action_error(parse, @$)); yyerrok; }
  ;

argument_list:
    argument                      { $$ = action_first(parse, $1); }
  | argument_list COMMA argument  { $$ = action_append(parse, $1, $3); }
  ;

argument:
    expression
  | name ASSIGN expression
      { $$ = action_named(parse, AST_ASSIGN, @$, $name, @name, $expression); }
  ;

%%

// Collects what could stand here and leaves the wording to report.c.
static int yyreport_syntax_error(const yypcontext_t *context, Parse *parse) {
    enum { MAX_EXPECTED = YYNTOKENS };
    yysymbol_kind_t kinds[MAX_EXPECTED];
    const char *names[MAX_EXPECTED];
    int count = yypcontext_expected_tokens(context, kinds, MAX_EXPECTED);
    for (int i = 0; i < count; i++) names[i] = yysymbol_name(kinds[i]);
    report_unexpected(parse, names, count < 0 ? 0 : count);
    return 0;
}
