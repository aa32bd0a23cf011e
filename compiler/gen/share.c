// Groups that are alike share a function: the layers of a deep network differ only in where their
// values lie. Such offsets (and the streams of random numbers) come from a table that the caller
// passes. Whether groups are alike is not reasoned about: their functions are made, and if the text
// of one is that of another, it is dropped. A group that nothing resembles has its offsets as
// constants.
#include "convolution/convolution.h"

#include "../../runtime/base/numbers/hash.h"
#include "../op/op.h"

#include <stdlib.h>
#include <string.h>

typedef struct GroupPlace {
    PlaceKind kind;
    int64_t id, number;
} GroupPlace;

struct PlaceTable {
    VEC(GroupPlace) items;
};

typedef struct SharedFunction {
    const char *text; // from the opening brace on
    uint64_t hash;    // of it
    Value function;
    int users;
} SharedFunction;

struct SharedFunctions {
    VEC(SharedFunction) items;
};

// ---- The numbers that differ.

static int place_index(Gen *gen, PlaceKind kind, int64_t id, int64_t number) {
    PlaceTable *table = gen->places;
    for (int i = 0; i < table->items.count; i++)
        if (table->items.items[i].kind == kind && table->items.items[i].id == id) return i;
    vec_push(gen->arena, &table->items, ((GroupPlace){kind, id, number}));
    return table->items.count - 1;
}

Value share_number(Gen *gen, Value function, PlaceKind kind, int64_t id, int64_t number) {
    if (!gen->places) return ir_int(gen, number);
    Value index = ir_int(gen, place_index(gen, kind, id, number));
    Value pointer = ir_offset(gen, gen->i64, LLVMGetParam(function, 1), index);
    return ir_load_invariant(gen, gen->i64, pointer);
}

static Value table_value(Gen *gen, const PlaceTable *table) {
    Value *numbers = ARENA_ARRAY(gen->arena, Value, table->items.count + 1);
    for (int i = 0; i < table->items.count; i++)
        numbers[i] = ir_int(gen, table->items.items[i].number);
    Value array = LLVMConstArray2(gen->i64, numbers, (uint64_t)table->items.count);
    Value global = LLVMAddGlobal(gen->module, LLVMTypeOf(array), "nn_places");
    LLVMSetInitializer(global, array);
    LLVMSetGlobalConstant(global, 1);
    LLVMSetLinkage(global, LLVMPrivateLinkage);
    return global;
}

// ---- Which groups may be alike.

// What a group computes, without where: groups with other signatures are not alike.
static char *signature(Gen *gen, const Group *group) {
    Text text = text_create(gen->arena);
    text_format(&text, "%d %s", (int)group->kind, type_full_text(gen->arena, &group->domain));
    for (int i = 0; i < group->nodes.count; i++) {
        const Node *node = group->nodes.items[i];
        text_format(&text, " %s %s", node->op->schema.name,
                    type_full_text(gen->arena, &node->type));
    }
    text_format(&text, " %d", group->assigns.count);
    return text.data;
}

static int compare_texts(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

// By group: whether another one may be like it.
static bool *find_candidates(Gen *gen, const Schedule *schedule) {
    int count = schedule->groups.count;
    bool *found = ARENA_ARRAY(gen->arena, bool, count + 1);
    char **signatures = ARENA_ARRAY(gen->arena, char *, count + 1);
    char **sorted = ARENA_ARRAY(gen->arena, char *, count + 1);
    for (int i = 0; i < count; i++)
        sorted[i] = signatures[i] = signature(gen, schedule->groups.items[i]);
    if (count) qsort(sorted, (size_t)count, sizeof *sorted, compare_texts);
    for (int i = 0; i < count; i++) {
        char **place =
            bsearch(&signatures[i], sorted, (size_t)count, sizeof *sorted, compare_texts);
        bool before = place > sorted && strcmp(place[-1], *place) == 0;
        bool after = place + 1 < sorted + count && strcmp(place[1], *place) == 0;
        found[i] = (before || after) && !schedule->groups.items[i]->body &&
                   schedule->groups.items[i]->kind != GROUP_JOIN;
    }
    return found;
}

// ---- Functions.

static Value emit_group(Gen *gen, const Schedule *schedule, const Group *group, const char *name) {
    slots_number(gen, schedule, group);
    if (group->body) return scan_emit(gen, schedule, group, name);
    if (group->kind == GROUP_LAYOUT) {
        LaidOut laid_out = group->anchor->op->laid_out;
        if (laid_out == LAID_OUT_KERNEL) return kernel_layout_emit(gen, schedule, group, name);
        if (laid_out == LAID_OUT_INT8) return int8_layout_emit(gen, schedule, group, name);
        if (laid_out == LAID_OUT_PAIRS) return pairs_layout_emit(gen, schedule, group, name);
        return transposed_emit(gen, schedule, group, name);
    }
    if (group->kind != GROUP_CONTRACTION) return loops_emit(gen, schedule, group, name);
    bool convolves = op_is_convolution(group->anchor);
    return (convolves ? convolution_emit : contraction_emit)(gen, schedule, group, name);
}

// The entry of a function's text; a new one has no function yet.
static int find_entry(Gen *gen, const char *body) {
    uint64_t hash = nnrt_hash_add(NNRT_HASH_START, body, (int64_t)strlen(body));
    if (!gen->shared) gen->shared = ARENA_NEW(gen->arena, SharedFunctions);
    for (int i = 0; i < gen->shared->items.count; i++) {
        const SharedFunction *shared = &gen->shared->items.items[i];
        if (shared->hash == hash && strcmp(shared->text, body) == 0) return i;
    }
    vec_push(gen->arena, &gen->shared->items,
             ((SharedFunction){arena_strdup(gen->arena, body), hash, NULL, 0}));
    return gen->shared->items.count - 1;
}

static LLVMModuleRef create_trials(Gen *gen) {
    LLVMModuleRef module = LLVMModuleCreateWithNameInContext("trials", gen->context);
    LLVMSetDataLayout(module, LLVMGetDataLayoutStr(gen->module));
    LLVMSetTarget(module, LLVMGetTarget(gen->module));
    return module;
}

// Makes the group's function in a module of its own, where it costs nothing to read its text: LLVM
// looks through the whole module for that. Its entry.
static int try_group(Gen *gen, const Schedule *schedule, const Group *group, const char *name,
                     PlaceTable *table) {
    LLVMModuleRef module = gen->module;
    if (!gen->trials) gen->trials = create_trials(gen);
    gen->module = gen->trials;
    gen->places = table;
    Value function = emit_group(gen, schedule, group, name);
    gen->places = NULL;
    gen->module = module;
    char *printed = LLVMPrintValueToString(function);
    gen_expect(printed);
    int entry = find_entry(gen, strstr(printed, "{\n")); // behind the name
    gen->shared->items.items[entry].users++;
    LLVMDisposeMessage(printed);
    LLVMDeleteFunction(function);
    return entry;
}

static Value emit_shared(Gen *gen, const Schedule *schedule, const Group *group, const char *name) {
    PlaceTable table = {0}; // as that of the trial
    gen->places = &table;
    Value function = emit_group(gen, schedule, group, name);
    gen->places = NULL;
    return function;
}

static GroupCode shared_code(Gen *gen, const SharedFunction *shared, const PlaceTable *table) {
    return (GroupCode){shared->function, gen->shared_type, table_value(gen, table)};
}

GroupCode *share_emit(Gen *gen, const Schedule *schedule, char *const *names) {
    int count = schedule->groups.count;
    GroupCode *codes = ARENA_ARRAY(gen->arena, GroupCode, count + 1);
    PlaceTable *tables = ARENA_ARRAY(gen->arena, PlaceTable, count + 1);
    int *entries = ARENA_ARRAY(gen->arena, int, count + 1);
    const bool *candidates = find_candidates(gen, schedule);
    for (int i = 0; i < count; i++)
        if (candidates[i])
            entries[i] = try_group(gen, schedule, schedule->groups.items[i], names[i], &tables[i]);
    for (int i = 0; i < count; i++) {
        if (schedule->groups.items[i]->kind == GROUP_JOIN) continue; // it has nothing to do
        SharedFunction *shared = candidates[i] ? &gen->shared->items.items[entries[i]] : NULL;
        const Group *group = schedule->groups.items[i];
        if (!shared || shared->users < 2) { // nothing is like it
            if (shared) shared->text = "";
            codes[i] =
                (GroupCode){emit_group(gen, schedule, group, names[i]), gen->step_type, NULL};
            continue;
        }
        if (!shared->function) shared->function = emit_shared(gen, schedule, group, names[i]);
        codes[i] = shared_code(gen, shared, &tables[i]);
    }
    return codes;
}
