// Checked calls as the runtime sees them.
#include "../op/vocabulary.h"
#include "program.h"

#include <math.h>

static nnrt_option option_of(Arena *arena, const ArgDef *def, const ArgValue *value) {
    nnrt_option option = {.name = def->name, .number = NAN};
    if (!value->is_set) return option;
    switch (def->type) {
    case ARG_INT:
    case ARG_FLOAT:
    case ARG_BOOL: option.number = value->number; break;
    case ARG_WORD:
    case ARG_STRING: option.text = value->text; break;
    case ARG_NAME:
    case ARG_EVERY:
    case ARG_DURATION:
        option.text = value->text;
        if (!value->text) option.number = value->number;
        break;
    case ARG_INTS:
    case ARG_FLOATS:
    case ARG_WORD_OR_INTS:
    case ARG_STRINGS:
    case ARG_NAMES:
    case ARG_FORMULA:
    case ARG_BLOCK:
    case ARG_FORMULAS:
        option.text = value->text;
        option.numbers = value->numbers;
        option.texts = value->texts;
        option.count = value->count;
        break;
    default:
        option.number = value->callee ? NAN : value->number;
        option.text = value->callee ? arena_strdup(arena, value->callee->name) : NULL;
    }
    return option;
}

// A schedule whose rate is another one.
static const nnrt_call *inner_call(Arena *arena, const ArgDef *def, const ArgValue *value) {
    if (def->type != ARG_RATE || !value->callee) return NULL;
    nnrt_call *call = ARENA_NEW(arena, nnrt_call);
    *call = program_call(arena, value->callee, value->args);
    return call;
}

nnrt_call program_call(Arena *arena, const Schema *schema, const Args *args) {
    int count = schema_arg_count(schema);
    nnrt_option *options = ARENA_ARRAY(arena, nnrt_option, count + 1);
    for (int i = 0; i < count; i++) {
        options[i] = option_of(arena, &schema->args[i], &args->values[i]);
        options[i].call = inner_call(arena, &schema->args[i], &args->values[i]);
    }
    return (nnrt_call){schema->name, vocabulary_row(schema), options, count};
}

nnrt_call *program_calls(Arena *arena, const CallList *calls) {
    nnrt_call *out = ARENA_ARRAY(arena, nnrt_call, calls->count + 1);
    for (int i = 0; i < calls->count; i++)
        out[i] = program_call(arena, calls->items[i].schema, calls->items[i].args);
    return out;
}
