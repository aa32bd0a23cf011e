#include "kernel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_ROWS = 30, MAX_ACCUMULATORS = 64 };

// rows * vectors accumulators, the vectors of B and one broadcast must fit the registers; eight and
// more accumulators hide the latency of the multiply-add (docs/performance.md, "Register tiles").
TileSizes kernel_tile_sizes(const MachineModel *machine) {
    if (machine->registers >= 32) return (TileSizes){14, 2, 3, 8};
    if (machine->fma) return (TileSizes){6, 2, 3, 4};
    return (TileSizes){4, 2, 2, 4};
}

// 6 x 2 vectors take six cycles, and two dozen instructions.
bool kernel_has_room(const MachineModel *machine) {
    return machine->registers >= 32 || machine->issues > 4;
}

// What is widened takes registers: both halves of a vector of B and of a broadcast word, and a
// mask. In int8, which takes one, higher tiles were no faster.
TileSizes kernel_word_sizes(const MachineModel *machine, KernelWords words) {
    TileSizes sizes = kernel_tile_sizes(machine);
    if (words.is_widened) sizes.outer_rows -= 2;
    return sizes;
}

LlvmType kernel_left_element(Gen *gen, const OuterKernel *k) {
    if (!k->words.multiply) return gen->f32;
    return LLVMIntTypeInContext(gen->context, 8 * (unsigned)k->words.bytes);
}

static void add_way(Way *ways, int *count, int rows, int vectors) {
    for (int i = 0; i < *count; i++)
        if (ways[i].rows == rows && ways[i].vectors == vectors) return;
    if (rows > 0) ways[(*count)++] = (Way){.rows = rows, .vectors = vectors};
}

int kernel_outer_ways(const TileSizes *tiles, int rows, int vectors, Way *ways) {
    int most = tiles->outer_rows * tiles->outer_vectors / vectors, count = 0;
    add_way(ways, &count, rows, vectors);
    for (int sevenths = 7; sevenths > 2; sevenths--)
        add_way(ways, &count, most * sevenths / 7, vectors);
    return count;
}

int kernel_dot_ways(const TileSizes *tiles, Way *ways) {
    int most = tiles->dot_rows * tiles->dot_columns, count = 0;
    add_way(ways, &count, tiles->dot_rows, tiles->dot_columns);
    for (int rows = 1; rows <= 6; rows++) add_way(ways, &count, rows, most / rows);
    return count;
}

static Value load_vector(Gen *gen, Dtype dtype, Value pointer, Value index) {
    int lanes = gen->target->machine.lanes;
    LlvmType element = ir_element(gen, dtype);
    Value address = ir_offset(gen, element, pointer, index);
    return ir_widen(gen, ir_load(gen, ir_vector(gen, element, lanes), address), dtype, lanes);
}

static Value begin_kernel(Gen *gen, const char *name, int pointers, bool with_depth) {
    LlvmType types[MAX_ROWS + 4];
    int count = 0;
    for (int i = 0; i < pointers; i++) types[count++] = gen->pointer;
    if (with_depth) types[count++] = gen->i64;
    types[count++] = gen->pointer;
    LlvmType type = LLVMFunctionType(gen->void_type, types, (unsigned)count, 0);
    Value function = ir_function(gen, name, type);
    unsigned noalias = LLVMGetEnumAttributeKindForName("noalias", 7);
    LLVMAddAttributeAtIndex(function, (LLVMAttributeIndex)count,
                            LLVMCreateEnumAttribute(gen->context, noalias, 0));
    unsigned noinline = LLVMGetEnumAttributeKindForName("noinline", 8);
    LLVMAddAttributeAtIndex(function, (LLVMAttributeIndex)LLVMAttributeFunctionIndex,
                            LLVMCreateEnumAttribute(gen->context, noinline, 0));
    return function;
}

// ---- The outer form.

// Tiles of fewer rows ask for none of A: a line a step would be of rows that they have not.
enum { ALONG_LEAST = 8 };
enum { LINE = IR_LINE / (int)sizeof(float) };
// Innermost loops that are no longer have no loop; with windows, all of them together.
enum { UNROLLED_STEPS = 12 };

typedef struct OuterState {
    const OuterKernel *kernel;
    Value function;
    KernelWindow window; // of rows that take part in the current step
    bool lists;          // asks for what is listed
    Value sums[MAX_ROWS][KERNEL_MOST_VECTORS];
} OuterState;

// The row of B at a step of the reduction; gathered ones are numbered from `b` on.
static Value gathered_row(Gen *gen, const OuterState *s, Value b, Value step) {
    const OuterKernel *k = s->kernel;
    Value index = LLVMGetParam(s->function, 2);
    Value number = ir_load(gen, gen->i32, ir_offset(gen, gen->i32, index, step));
    Value row = LLVMBuildZExt(gen->builder, number, gen->i64, "");
    Value distance = ir_multiply(gen, row, ir_int(gen, k->loops[0].b_step));
    return ir_offset(gen, ir_element(gen, k->b_dtype), b, distance);
}

static int64_t row_offset(const OuterKernel *k, int row) {
    int per_line = k->per_line ? k->per_line : k->rows;
    return row / per_line * k->a_line + row % per_line * k->a_row;
}

static int64_t vector_offset(const Gen *gen, const OuterKernel *k, int vector) {
    if (k->panel_vectors)
        return vector / k->panel_vectors * k->b_panel +
               vector % k->panel_vectors * gen->target->machine.lanes;
    return vector * (k->b_vector ? k->b_vector : gen->target->machine.lanes);
}

static Value lanewise_vector(Gen *gen, const OuterKernel *k, Value address, int v) {
    int lanes = gen->target->machine.lanes;
    Value vector = load_vector(gen, DTYPE_F32, address, ir_int(gen, (int64_t)v * lanes));
    return k->valid && v == k->vectors - 1 ? ir_zero_after(gen, vector, k->valid) : vector;
}

static bool is_in_window(const OuterState *s, int row, int vector) {
    const OuterKernel *k = s->kernel;
    int place = k->windows_of_vectors ? vector : k->per_line ? row % k->per_line : row;
    return place >= s->window.first && place < s->window.end;
}

// Asks for `count` floats, which begin anywhere in a line.
static void ask_for(Gen *gen, Value pointer, int64_t count) {
    for (int64_t i = 0; i < count; i += LINE)
        ir_prefetch(gen, ir_offset(gen, gen->f32, pointer, ir_int(gen, i)), PREFETCH_FIRST);
    if (count % LINE)
        ir_prefetch(gen, ir_offset(gen, gen->f32, pointer, ir_int(gen, count - 1)), PREFETCH_FIRST);
}

// Low tiles ask for the line that they end in: the tile before has read the other one.
static void ask_for_rows(Gen *gen, const OuterKernel *k, Value a) {
    int64_t place = k->a_ahead * k->loops[0].a_step, last = place + k->rows - 1;
    if (gen->target->machine.registers < 32)
        ir_prefetch(gen, ir_offset(gen, gen->f32, a, ir_int(gen, last)), PREFETCH_FIRST);
    else
        ask_for(gen, ir_offset(gen, gen->f32, a, ir_int(gen, place)), k->rows);
}

static void ask_ahead(Gen *gen, const OuterState *s, Value a, Value b) {
    const OuterKernel *k = s->kernel;
    const KernelLoop *loop = &k->loops[0];
    if (k->a_ahead) ask_for_rows(gen, k, a);
    if (k->a_beside)
        ir_prefetch(gen, ir_offset(gen, gen->f32, a, ir_int(gen, k->rows + k->a_beside - 1)),
                    PREFETCH_SECOND);
    int together = k->panel_vectors ? k->panel_vectors : k->vectors;
    for (int v = 0; v < k->vectors && k->b_ahead; v += together) {
        int64_t place = k->b_ahead * loop->b_step + vector_offset(gen, k, v);
        ask_for(gen, ir_offset(gen, gen->f32, b, ir_int(gen, place)),
                (int64_t)together * gen->target->machine.lanes);
    }
}

// What a row has for all vectors of B.
static Value row_value(Gen *gen, const OuterKernel *k, Value address) {
    int lanes = gen->target->machine.lanes;
    if (k->words.multiply) {
        Value word = LLVMBuildLoad2(gen->builder, gen->i32, address, "");
        LLVMSetAlignment(word, (unsigned)k->words.bytes);
        return ir_splat(gen, word, lanes);
    }
    if (k->a_vectors) return ir_load(gen, ir_vector(gen, gen->f32, lanes), address);
    return ir_splat(gen, ir_load(gen, gen->f32, address), lanes);
}

static Value column_vector(Gen *gen, const OuterKernel *k, Value b, int v) {
    int lanes = gen->target->machine.lanes;
    Value at = ir_int(gen, vector_offset(gen, k, v));
    if (k->words.multiply)
        return ir_load(gen, ir_vector(gen, gen->i32, lanes), ir_offset(gen, gen->i32, b, at));
    Value vector = load_vector(gen, k->b_dtype, b, at);
    return k->valid && v == k->vectors - 1 ? ir_zero_after(gen, vector, k->valid) : vector;
}

// One step of the reduction: loads the vectors of B, broadcasts each A element against them.
static void outer_step(Gen *gen, OuterState *s, Value a, Value b) {
    const OuterKernel *k = s->kernel;
    Value (*multiply)(Gen *, Value, Value, Value) = k->words.multiply ? k->words.multiply : ir_fma;
    Value vectors[KERNEL_MOST_VECTORS];
    for (int v = 0; v < k->vectors; v++) vectors[v] = column_vector(gen, k, b, v);
    for (int i = 0; i < k->rows; i++) {
        Value address =
            ir_offset(gen, kernel_left_element(gen, k), a, ir_int(gen, row_offset(k, i)));
        Value number = k->lanewise ? NULL : row_value(gen, k, address);
        for (int v = 0; v < k->vectors; v++) {
            if (!is_in_window(s, i, v)) continue;
            Value left = k->lanewise ? lanewise_vector(gen, k, address, v) : number;
            s->sums[i][v] = multiply(gen, left, vectors[v], s->sums[i][v]);
        }
    }
}

// Whether what is so far apart at one step of a loop is met at another.
static bool is_met(int64_t apart, int64_t step, int64_t count) {
    return apart && step && apart % step == 0 && llabs(apart / step) < count;
}

// Whether rows of A find at one step of a loop what others found at an earlier one.
static bool rows_meet(const OuterKernel *k, const KernelLoop *loop) {
    for (int i = 0; i < k->rows && !k->lanewise; i++)
        for (int j = 0; j < k->rows; j++)
            if (is_met(row_offset(k, i) - row_offset(k, j), loop->a_step, loop->count)) return true;
    return false;
}

static bool vectors_meet(const OuterKernel *k, const KernelLoop *loop) {
    for (int v = 1; v < k->vectors; v++)
        if (is_met(v * k->b_vector, loop->b_step, loop->count)) return true;
    return false;
}

static void outer_loops(Gen *gen, OuterState *s, int level, Value a, Value b);

// A step of a loop that is unrolled. LLVM would keep what rows have in common in registers, which
// are full of sums: it does not see that these are the same places.
static void outer_unrolled(Gen *gen, OuterState *s, int level, Value a, Value b, int64_t step) {
    const KernelLoop *loop = &s->kernel->loops[level];
    LlvmType element = ir_element(gen, s->kernel->b_dtype);
    Value next_a =
        ir_offset(gen, kernel_left_element(gen, s->kernel), a, ir_int(gen, step * loop->a_step));
    Value next_b = ir_offset(gen, element, b, ir_int(gen, step * loop->b_step));
    if (step && rows_meet(s->kernel, loop)) next_a = ir_opaque(gen, next_a);
    if (step && vectors_meet(s->kernel, loop)) next_b = ir_opaque(gen, next_b);
    outer_loops(gen, s, level + 1, next_a, next_b);
}

// What is read afterwards, a little at each step: more than there is does no harm.
static void ask_for_next(Gen *gen, const OuterState *s, Value step) {
    const OuterKernel *k = s->kernel;
    Value place = ir_multiply(gen, step, ir_int(gen, k->next_step));
    if (k->next_run) {
        Value run = LLVMBuildUDiv(gen->builder, place, ir_int(gen, k->next_run), "");
        Value between = ir_int(gen, k->next_apart - k->next_run);
        place = ir_add(gen, place, ir_multiply(gen, run, between));
    }
    ir_prefetch(gen, ir_offset(gen, gen->f32, LLVMGetParam(s->function, 2), place),
                PREFETCH_SECOND);
}

// A line of one of A's rows at each step: all of them in as many steps as a line has floats.
static void ask_along(Gen *gen, const OuterState *s, Value step) {
    const OuterKernel *k = s->kernel;
    Value row = LLVMBuildAnd(gen->builder, step, ir_int(gen, LINE - 1), "");
    Value line = LLVMBuildAnd(gen->builder, step, ir_int(gen, -LINE), "");
    Value place = ir_add(gen, ir_multiply(gen, row, ir_int(gen, k->a_row)), line);
    place = ir_add(gen, place, ir_int(gen, k->a_along));
    ir_prefetch(gen, ir_offset(gen, gen->f32, LLVMGetParam(s->function, 0), place), PREFETCH_FIRST);
}

// What the tile's rows are joined with, row after row.
static void ask_for_listed(Gen *gen, const OuterState *s, Value step) {
    const OuterKernel *k = s->kernel;
    Value list = ir_offset(gen, gen->f32, LLVMGetParam(s->function, 4), ir_int(gen, k->list));
    Value place = ir_load(gen, gen->pointer, ir_offset(gen, gen->pointer, list, step));
    int64_t floats = (int64_t)k->vectors * gen->target->machine.lanes;
    for (int64_t at = 0; at < floats; at += LINE)
        ir_prefetch(gen, ir_offset(gen, gen->f32, place, ir_int(gen, at)),
                    PREFETCH_SECOND_TO_WRITE);
}

// `asks`: for what is read after these steps, too.
static void outer_at(Gen *gen, OuterState *s, int level, Value a, Value b, Value step, bool asks) {
    const KernelLoop *loop = &s->kernel->loops[level];
    LlvmType element = ir_element(gen, s->kernel->b_dtype);
    Value next_a = ir_offset(gen, kernel_left_element(gen, s->kernel), a,
                             ir_multiply(gen, step, ir_int(gen, loop->a_step)));
    Value next_b =
        s->kernel->gathers
            ? gathered_row(gen, s, b, step)
            : ir_offset(gen, element, b, ir_multiply(gen, step, ir_int(gen, loop->b_step)));
    ask_ahead(gen, s, next_a, next_b);
    if (asks && s->kernel->next_step) ask_for_next(gen, s, step);
    if (asks && s->lists) ask_for_listed(gen, s, step);
    if (asks && s->kernel->a_along && s->kernel->rows > ALONG_LEAST) ask_along(gen, s, step);
    outer_loops(gen, s, level + 1, next_a, next_b);
}

// A loop whose steps are each for some rows only.
static void outer_windows(Gen *gen, OuterState *s, int level, Value a, Value b) {
    const OuterKernel *k = s->kernel;
    for (int64_t i = 0; i < k->loops[level].count; i++) {
        s->window = k->windows[i];
        if (s->window.end > s->window.first) outer_unrolled(gen, s, level, a, b, i);
    }
    s->window = (KernelWindow){0, MAX_ROWS};
}

// Steps of few registers are short: two of them share the loop's own instructions, and ask for what
// is read afterwards once, a line at most. What both read LLVM would keep in registers,
// which are full.
static bool goes_in_pairs(const Gen *gen, const OuterKernel *k) {
    KernelLoop pair = k->loops[0];
    pair.count = 2;
    if (gen->target->machine.registers >= 32 || k->gathers || k->a_along) return false;
    if (k->next_step) return 2 * k->next_step <= LINE;
    return k->loop_count == 1 && k->rows > 1 && !rows_meet(k, &pair) && !vectors_meet(k, &pair);
}

// The steps of a loop, so many at a time.
static void outer_loop(Gen *gen, OuterState *s, int level, Value a, Value b, Range steps,
                       int together) {
    const OuterKernel *k = s->kernel;
    Value initial[MAX_ROWS][KERNEL_MOST_VECTORS], carried[MAX_ROWS][KERNEL_MOST_VECTORS];
    memcpy(initial, s->sums, sizeof initial);
    Loop loop = ir_loop_begin(gen, steps.begin, steps.end, ir_int(gen, together), "depth");
    for (int i = 0; i < k->rows; i++)
        for (int v = 0; v < k->vectors; v++)
            if (is_in_window(s, i, v))
                s->sums[i][v] = carried[i][v] = ir_loop_carry(gen, &loop, initial[i][v]);
    for (int i = 0; i < together; i++)
        outer_at(gen, s, level, a, b, ir_add(gen, loop.index, ir_int(gen, i)), level == 0 && !i);
    ir_loop_end(gen, &loop);
    for (int i = 0; i < k->rows; i++)
        for (int v = 0; v < k->vectors; v++)
            if (is_in_window(s, i, v))
                s->sums[i][v] =
                    ir_loop_result(gen, &loop, carried[i][v], initial[i][v], s->sums[i][v]);
}

// All of the outermost loop. What is listed is asked for in its first steps, a place in each.
static void outer_steps(Gen *gen, OuterState *s, Value a, Value b) {
    Value begin = ir_int(gen, 0), end = LLVMGetParam(s->function, 3);
    if (s->kernel->listed) {
        Value listed = ir_lesser(gen, end, ir_int(gen, s->kernel->listed));
        s->lists = true;
        outer_loop(gen, s, 0, a, b, (Range){begin, listed}, 1);
        s->lists = false;
        begin = listed;
    }
    if (goes_in_pairs(gen, s->kernel)) {
        Value left = LLVMBuildSub(gen->builder, end, begin, "");
        Value pairs = LLVMBuildAnd(gen->builder, left, ir_int(gen, -2), "");
        Value last = ir_add(gen, begin, pairs);
        outer_loop(gen, s, 0, a, b, (Range){begin, last}, 2);
        begin = last;
    }
    outer_loop(gen, s, 0, a, b, (Range){begin, end}, 1);
}

// The loops from `level` on, which add to the sums.
static void outer_loops(Gen *gen, OuterState *s, int level, Value a, Value b) {
    const OuterKernel *k = s->kernel;
    int64_t count = level < k->loop_count ? k->loops[level].count : 0;
    if (level == k->loop_count) {
        outer_step(gen, s, a, b);
        return;
    }
    if (level > 0 && level == k->window_level) {
        outer_windows(gen, s, level, a, b);
        return;
    }
    int64_t windows = k->window_level ? k->loops[k->window_level].count : 1;
    if (level > 0 && level == k->loop_count - 1 && count * windows <= UNROLLED_STEPS) {
        for (int64_t i = 0; i < count; i++) outer_unrolled(gen, s, level, a, b, i);
        return;
    }
    if (level > 0) {
        outer_loop(gen, s, level, a, b, (Range){ir_int(gen, 0), ir_int(gen, count)}, 1);
        return;
    }
    outer_steps(gen, s, a, b);
}

static char *outer_name(Gen *gen, const OuterKernel *k) {
    Text name = text_create(gen->arena);
    text_format(&name, "nn_outer_%dx%d_v%d_a%lld", k->rows, k->vectors, k->valid,
                (long long)k->a_row);
    for (int i = 0; i < k->loop_count; i++) {
        const KernelLoop *loop = &k->loops[i];
        text_format(&name, "_%lld_b%lld", (long long)loop->a_step, (long long)loop->b_step);
        if (i) text_format(&name, "_n%lld", (long long)loop->count);
    }
    if (k->per_line && k->per_line != k->rows)
        text_format(&name, "_p%d_%lld", k->per_line, (long long)k->a_line);
    if (k->b_vector) text_format(&name, "_s%lld", (long long)k->b_vector);
    if (k->panel_vectors) text_format(&name, "_p%dx%lld", k->panel_vectors, (long long)k->b_panel);
    if (k->windows_of_vectors) text_put(&name, "_vectors");
    if (k->adds) text_put(&name, "_adds");
    for (int64_t i = 0; k->window_level && i < k->loops[k->window_level].count; i++)
        text_format(&name, "_w%d_%d", k->windows[i].first, k->windows[i].end);
    if (k->a_ahead || k->b_ahead) text_format(&name, "_f%d_%d", k->a_ahead, k->b_ahead);
    if (k->listed) text_format(&name, "_listed%d_%lld", k->listed, (long long)k->list);
    if (k->a_beside) text_format(&name, "_beside%d", k->a_beside);
    if (k->a_along) text_format(&name, "_along%d", k->a_along);
    if (k->next_step)
        text_format(&name, "_next%d_%lld_%lld", k->next_step, (long long)k->next_run,
                    (long long)k->next_apart);
    if (k->words.multiply)
        text_format(&name, "_%s%d", k->words.is_in_whole ? "whole" : "pairs", k->words.bytes);
    text_format(&name, "_%s%d",
                k->gathers     ? "gather"
                : k->lanewise  ? "lanes"
                : k->a_vectors ? "vectors"
                               : "t",
                (int)k->b_dtype);
    return name.data;
}

// In the scratch.
static Value place_of_sum(Gen *gen, const OuterState *s, int row, int vector) {
    int64_t place = (int64_t)(row * s->kernel->vectors + vector) * gen->target->machine.lanes;
    return ir_offset(gen, gen->f32, LLVMGetParam(s->function, 4), ir_int(gen, place));
}

Value kernel_outer(Gen *gen, const OuterKernel *k) {
    const char *name = outer_name(gen, k);
    Value known = LLVMGetNamedFunction(gen->module, name);
    if (known) return known;
    LLVMBasicBlockRef caller = LLVMGetInsertBlock(gen->builder);
    int lanes = gen->target->machine.lanes;
    Value zero = LLVMConstNull(ir_vector(gen, k->words.is_in_whole ? gen->i32 : gen->f32, lanes));
    OuterState s = {.kernel = k, .window = {0, MAX_ROWS}};
    s.function = begin_kernel(gen, name, 3, true);
    for (int i = 0; i < k->rows; i++)
        for (int v = 0; v < k->vectors; v++)
            s.sums[i][v] =
                k->adds ? ir_load(gen, LLVMTypeOf(zero), place_of_sum(gen, &s, i, v)) : zero;
    outer_loops(gen, &s, 0, LLVMGetParam(s.function, 0), LLVMGetParam(s.function, 1));
    for (int i = 0; i < k->rows; i++)
        for (int v = 0; v < k->vectors; v++)
            ir_store(gen, s.sums[i][v], place_of_sum(gen, &s, i, v));
    LLVMBuildRetVoid(gen->builder);
    LLVMPositionBuilderAtEnd(gen->builder, caller);
    return s.function;
}

// ---- The dot form.

typedef struct DotState {
    const DotKernel *kernel;
    Value a[MAX_ROWS], b;
    Value sums[MAX_ACCUMULATORS];
} DotState;

// The vectors of one block at `step`.
static void dot_block(Gen *gen, DotState *s, Value step, int vectors, int last_valid) {
    const DotKernel *k = s->kernel;
    int lanes = gen->target->machine.lanes;
    Value a_at = ir_multiply(gen, step, ir_int(gen, k->a_step));
    Value b_at = ir_multiply(gen, step, ir_int(gen, k->b_step));
    for (int v = 0; v < vectors; v++) {
        Value lane = ir_int(gen, (int64_t)v * lanes);
        Value rows[MAX_ROWS];
        for (int i = 0; i < k->rows; i++) {
            rows[i] = load_vector(gen, k->a_dtype, s->a[i], ir_add(gen, a_at, lane));
            if (v == vectors - 1) rows[i] = ir_zero_after(gen, rows[i], last_valid);
        }
        for (int j = 0; j < k->columns; j++) {
            Value at = ir_add(gen, b_at, ir_int(gen, j * k->b_column + (int64_t)v * lanes));
            Value column = load_vector(gen, DTYPE_F32, s->b, at);
            for (int i = 0; i < k->rows; i++) {
                Value *sum = &s->sums[i * k->columns + j];
                *sum = ir_fma(gen, rows[i], column, *sum);
            }
        }
    }
}

// Lanes [from, from + count) of each of `groups` groups of `width` lanes of x, then the same of y.
static Value pick_groups(Gen *gen, Value x, Value y, int groups, int width, int from, int count) {
    Value numbers[64];
    int lanes = groups * width, used = 0;
    for (int source = 0; source < (y ? 2 : 1); source++)
        for (int g = 0; g < groups; g++)
            for (int i = 0; i < count; i++)
                numbers[used++] = LLVMConstInt(
                    gen->i32, (unsigned long long)(source * lanes + g * width + from + i), 0);
    Value mask = LLVMConstVector(numbers, (unsigned)used);
    return LLVMBuildShuffleVector(gen->builder, x, y ? y : LLVMGetPoison(LLVMTypeOf(x)), mask, "");
}

Value kernel_sum_lanes(Gen *gen, Value *vectors, int count) {
    int groups = 1, width = gen->target->machine.lanes;
    for (; count > 1; count /= 2, groups *= 2, width /= 2) {
        for (int i = 0; i < count / 2; i++) {
            Value x = vectors[2 * i], y = vectors[2 * i + 1];
            Value low = pick_groups(gen, x, y, groups, width, 0, width / 2);
            Value high = pick_groups(gen, x, y, groups, width, width / 2, width / 2);
            vectors[i] = LLVMBuildFAdd(gen->builder, low, high, "");
        }
    }
    Value sum = vectors[0];
    for (; width > 1; width /= 2) {
        Value low = pick_groups(gen, sum, NULL, groups, width, 0, width / 2);
        Value high = pick_groups(gen, sum, NULL, groups, width, width / 2, width / 2);
        sum = LLVMBuildFAdd(gen->builder, low, high, "");
    }
    return sum;
}

int kernel_dot_width(int columns) {
    int width = 1;
    while (width < columns) width *= 2;
    return width;
}

static void dot_store(Gen *gen, const DotState *s, Value scratch) {
    const DotKernel *k = s->kernel;
    int lanes = gen->target->machine.lanes, width = kernel_dot_width(k->columns);
    int chunk = width < lanes ? width : lanes;
    Value zero = ir_splat(gen, ir_float(gen, 0), lanes);
    for (int i = 0; i < k->rows; i++) {
        for (int from = 0; from < width; from += chunk) {
            Value vectors[64];
            for (int j = 0; j < chunk; j++) {
                bool real = from + j < k->columns;
                vectors[j] = real ? s->sums[i * k->columns + from + j] : zero;
            }
            Value at = ir_int(gen, (int64_t)i * width + from);
            ir_store(gen, kernel_sum_lanes(gen, vectors, chunk),
                     ir_offset(gen, gen->f32, scratch, at));
        }
    }
}

Value kernel_dot(Gen *gen, const DotKernel *k) {
    char name[200];
    snprintf(name, sizeof name, "nn_dot_%dx%d_s%lld_%d_%d_%d_a%lld_b%lld_%lld_t%d", k->rows,
             k->columns, (long long)k->steps, k->vectors, k->last_vectors, k->last_valid,
             (long long)k->a_step, (long long)k->b_step, (long long)k->b_column, (int)k->a_dtype);
    Value known = LLVMGetNamedFunction(gen->module, name);
    if (known) return known;
    LLVMBasicBlockRef caller = LLVMGetInsertBlock(gen->builder);
    int lanes = gen->target->machine.lanes, count = k->rows * k->columns;
    Value zero = ir_splat(gen, ir_float(gen, 0), lanes);
    DotState s = {.kernel = k};
    Value function = begin_kernel(gen, name, k->rows + 1, false);
    for (int i = 0; i < k->rows; i++) s.a[i] = LLVMGetParam(function, (unsigned)i);
    s.b = LLVMGetParam(function, (unsigned)k->rows);
    Value scratch = LLVMGetParam(function, (unsigned)k->rows + 1);
    for (int i = 0; i < count; i++) s.sums[i] = zero;
    if (k->steps > 0) {
        Value carried[MAX_ACCUMULATORS];
        Loop loop =
            ir_loop_begin(gen, ir_int(gen, 0), ir_int(gen, k->steps), ir_int(gen, 1), "step");
        for (int i = 0; i < count; i++) s.sums[i] = carried[i] = ir_loop_carry(gen, &loop, zero);
        dot_block(gen, &s, loop.index, k->vectors, lanes);
        ir_loop_end(gen, &loop);
        for (int i = 0; i < count; i++)
            s.sums[i] = ir_loop_result(gen, &loop, carried[i], zero, s.sums[i]);
    }
    if (k->last_vectors > 0)
        dot_block(gen, &s, ir_int(gen, k->steps), k->last_vectors, k->last_valid);
    dot_store(gen, &s, scratch);
    LLVMBuildRetVoid(gen->builder);
    LLVMPositionBuilderAtEnd(gen->builder, caller);
    return function;
}
