#include "descriptor/abi.h"

#include "../base/diagnostics/ice.h"

#include <stdio.h>
#include <string.h>

void ir_init(Gen *gen, Arena *arena, const Target *target, const char *name) {
    *gen = (Gen){.arena = arena, .target = target};
    gen->context = LLVMContextCreate();
    gen->module = LLVMModuleCreateWithNameInContext(name, gen->context);
    gen->builder = LLVMCreateBuilderInContext(gen->context);
    gen->void_type = LLVMVoidTypeInContext(gen->context);
    gen->f32 = LLVMFloatTypeInContext(gen->context);
    gen->f64 = LLVMDoubleTypeInContext(gen->context);
    gen->i1 = LLVMInt1TypeInContext(gen->context);
    gen->i8 = LLVMInt8TypeInContext(gen->context);
    gen->i32 = LLVMInt32TypeInContext(gen->context);
    gen->i64 = LLVMInt64TypeInContext(gen->context);
    gen->pointer = LLVMPointerTypeInContext(gen->context, 0);
    LlvmType p = gen->pointer;
    gen->context_struct = abi_type(gen, &abi_context);
    gen->step_type = LLVMFunctionType(gen->void_type, &gen->pointer, 1, 0);
    gen->shared_type = LLVMFunctionType(gen->void_type, (LlvmType[]){p, p}, 2, 0);
    LLVMTargetDataRef data = LLVMCreateTargetDataLayout(target->handle);
    LLVMSetModuleDataLayout(gen->module, data);
    LLVMDisposeTargetData(data);
    char *triple = LLVMGetTargetMachineTriple(target->handle);
    gen_expect(triple);
    LLVMSetTarget(gen->module, triple);
    LLVMDisposeMessage(triple);
    gen->scratch_stride = LLVMAddGlobal(gen->module, gen->i64, "nn_scratch_stride");
    LLVMSetLinkage(gen->scratch_stride, LLVMPrivateLinkage);
    LLVMSetGlobalConstant(gen->scratch_stride, 1);
}

void ir_dispose(Gen *gen) {
    LLVMDisposeBuilder(gen->builder);
    if (gen->trials) LLVMDisposeModule(gen->trials);
    LLVMDisposeModule(gen->module);
    LLVMContextDispose(gen->context);
}

Value ir_int(Gen *gen, int64_t value) {
    return LLVMConstInt(gen->i64, (unsigned long long)value, 1);
}

Value ir_float(Gen *gen, double value) {
    return LLVMConstReal(gen->f32, value);
}

LlvmType ir_vector(Gen *gen, LlvmType element, int lanes) {
    (void)gen;
    return lanes == 1 ? element : LLVMVectorType(element, (unsigned)lanes);
}

Value ir_splat(Gen *gen, Value scalar, int lanes) {
    if (lanes == 1) return scalar;
    LlvmType vector = LLVMVectorType(LLVMTypeOf(scalar), (unsigned)lanes);
    Value zero = LLVMConstInt(gen->i32, 0, 0);
    Value first = LLVMBuildInsertElement(gen->builder, LLVMGetPoison(vector), scalar, zero, "");
    Value mask = LLVMConstNull(LLVMVectorType(gen->i32, (unsigned)lanes));
    return LLVMBuildShuffleVector(gen->builder, first, LLVMGetPoison(vector), mask, "");
}

Value ir_add(Gen *gen, Value x, Value y) {
    return LLVMBuildNSWAdd(gen->builder, x, y, "");
}

Value ir_lesser(Gen *gen, Value x, Value y) {
    Value is_less = LLVMBuildICmp(gen->builder, LLVMIntSLT, x, y, "");
    return LLVMBuildSelect(gen->builder, is_less, x, y, "");
}

Value ir_greater(Gen *gen, Value x, Value y) {
    Value is_greater = LLVMBuildICmp(gen->builder, LLVMIntSGT, x, y, "");
    return LLVMBuildSelect(gen->builder, is_greater, x, y, "");
}

Value ir_multiply(Gen *gen, Value x, Value y) {
    return LLVMBuildNSWMul(gen->builder, x, y, "");
}

Value ir_offset(Gen *gen, LlvmType element, Value pointer, Value index) {
    return LLVMBuildInBoundsGEP2(gen->builder, element, pointer, &index, 1, "");
}

static unsigned element_bytes(LlvmType type) {
    if (LLVMGetTypeKind(type) == LLVMVectorTypeKind) type = LLVMGetElementType(type);
    switch (LLVMGetTypeKind(type)) {
    case LLVMFloatTypeKind: return 4;
    case LLVMIntegerTypeKind: return LLVMGetIntTypeWidth(type) / 8;
    default: return 8;
    }
}

Value ir_load(Gen *gen, LlvmType type, Value pointer) {
    Value load = LLVMBuildLoad2(gen->builder, type, pointer, "");
    LLVMSetAlignment(load, element_bytes(type));
    return load;
}

void ir_store(Gen *gen, Value value, Value pointer) {
    Value store = LLVMBuildStore(gen->builder, value, pointer);
    LLVMSetAlignment(store, element_bytes(LLVMTypeOf(value)));
}

void ir_store_past_caches(Gen *gen, Value value, Value pointer, unsigned alignment) {
    Value store = LLVMBuildStore(gen->builder, value, pointer);
    LLVMSetAlignment(store, alignment);
    unsigned kind = LLVMGetMDKindIDInContext(gen->context, "nontemporal", 11);
    LLVMMetadataRef one = LLVMValueAsMetadata(LLVMConstInt(gen->i32, 1, 0));
    LLVMMetadataRef list = LLVMMDNodeInContext2(gen->context, &one, 1);
    LLVMSetMetadata(store, kind, LLVMMetadataAsValue(gen->context, list));
}

static Value first_lanes(Gen *gen, int lanes, int count) {
    Value bits[64];
    for (int i = 0; i < count; i++) bits[i] = LLVMConstInt(gen->i1, i < lanes, 0);
    return LLVMConstVector(bits, (unsigned)count);
}

static int lanes_of(Value vector) {
    LlvmType type = LLVMTypeOf(vector);
    return LLVMGetTypeKind(type) == LLVMVectorTypeKind ? (int)LLVMGetVectorSize(type) : 1;
}

static Value masked(Gen *gen, const char *name, LlvmType vector, Value *arguments, int count) {
    LlvmType types[] = {vector, gen->pointer};
    unsigned id = LLVMLookupIntrinsicID(name, strlen(name));
    Value function = LLVMGetIntrinsicDeclaration(gen->module, id, types, 2);
    return LLVMBuildCall2(gen->builder, LLVMIntrinsicGetType(gen->context, id, types, 2), function,
                          arguments, (unsigned)count, "");
}

Value ir_load_lanes(Gen *gen, LlvmType vector, Value pointer, int lanes) {
    int count = LLVMGetTypeKind(vector) == LLVMVectorTypeKind ? (int)LLVMGetVectorSize(vector) : 1;
    if (lanes >= count) return ir_load(gen, vector, pointer);
    Value arguments[] = {pointer, LLVMConstInt(gen->i32, element_bytes(vector), 0),
                         first_lanes(gen, lanes, count), LLVMConstNull(vector)};
    return masked(gen, "llvm.masked.load", vector, arguments, 4);
}

LlvmType ir_element(const Gen *gen, Dtype dtype) {
    switch (dtype) {
    case DTYPE_U8: return gen->i8;
    case DTYPE_I32: return gen->i32;
    case DTYPE_BF16: return LLVMInt16TypeInContext(gen->context);
    case DTYPE_F32: break;
    }
    return gen->f32;
}

Value ir_widen(Gen *gen, Value loaded, Dtype dtype, int lanes) {
    if (dtype == DTYPE_F32) return loaded;
    LlvmType words = ir_vector(gen, gen->i32, lanes);
    if (dtype != DTYPE_I32) loaded = LLVMBuildZExt(gen->builder, loaded, words, "");
    if (dtype == DTYPE_BF16) {
        Value half = lanes > 1 ? ir_splat(gen, LLVMConstInt(gen->i32, 16, 0), lanes)
                               : LLVMConstInt(gen->i32, 16, 0);
        loaded = LLVMBuildShl(gen->builder, loaded, half, "");
        return LLVMBuildBitCast(gen->builder, loaded, ir_vector(gen, gen->f32, lanes), "");
    }
    return LLVMBuildSIToFP(gen->builder, loaded, ir_vector(gen, gen->f32, lanes), "");
}

Value ir_gather(Gen *gen, LlvmType vector, Value pointers, Value mask) {
    static const char name[] = "llvm.masked.gather";
    LlvmType types[] = {vector, LLVMTypeOf(pointers)};
    unsigned id = LLVMLookupIntrinsicID(name, strlen(name));
    Value function = LLVMGetIntrinsicDeclaration(gen->module, id, types, 2);
    Value arguments[] = {pointers, LLVMConstInt(gen->i32, 4, 0), mask, LLVMConstNull(vector)};
    return LLVMBuildCall2(gen->builder, LLVMIntrinsicGetType(gen->context, id, types, 2), function,
                          arguments, 4, "");
}

void ir_store_lanes(Gen *gen, Value vector, Value pointer, int lanes) {
    int count = lanes_of(vector);
    if (lanes >= count) {
        ir_store(gen, vector, pointer);
        return;
    }
    Value arguments[] = {vector, pointer,
                         LLVMConstInt(gen->i32, element_bytes(LLVMTypeOf(vector)), 0),
                         first_lanes(gen, lanes, count)};
    masked(gen, "llvm.masked.store", LLVMTypeOf(vector), arguments, 4);
}

Value ir_fill_after(Gen *gen, Value vector, int lanes, double fill) {
    int count = lanes_of(vector);
    if (lanes >= count) return vector;
    Value other = ir_splat(gen, ir_float(gen, fill), count);
    return LLVMBuildSelect(gen->builder, first_lanes(gen, lanes, count), vector, other, "");
}

Value ir_zero_after(Gen *gen, Value vector, int lanes) {
    return ir_fill_after(gen, vector, lanes, 0);
}

Value ir_intrinsic(Gen *gen, const char *name, LlvmType type, Value *arguments, int count) {
    unsigned id = LLVMLookupIntrinsicID(name, strlen(name));
    if (id == 0) nn_ice("gen", "LLVM has no intrinsic %s", name);
    Value function = LLVMGetIntrinsicDeclaration(gen->module, id, &type, 1);
    return LLVMBuildCall2(gen->builder, LLVMIntrinsicGetType(gen->context, id, &type, 1), function,
                          arguments, (unsigned)count, "");
}

Value ir_opaque(Gen *gen, Value pointer) {
    LlvmType type = LLVMFunctionType(gen->pointer, &gen->pointer, 1, 0);
    char code[] = "", constraints[] = "=r,0";
    Value nothing = LLVMGetInlineAsm(type, code, 0, constraints, strlen(constraints), 0, 0,
                                     LLVMInlineAsmDialectATT, 0);
    return LLVMBuildCall2(gen->builder, type, nothing, &pointer, 1, "");
}

void ir_prefetch(Gen *gen, Value pointer, Prefetch how) {
    enum { SECOND_LEVEL = 2, FIRST_LEVEL = 3, DATA = 1 };
    int level = how == PREFETCH_FIRST ? FIRST_LEVEL : SECOND_LEVEL;
    Value arguments[] = {pointer, LLVMConstInt(gen->i32, how == PREFETCH_SECOND_TO_WRITE, 0),
                         LLVMConstInt(gen->i32, (unsigned)level, 0),
                         LLVMConstInt(gen->i32, DATA, 0)};
    ir_intrinsic(gen, "llvm.prefetch", gen->pointer, arguments, 4);
}

Value ir_fma(Gen *gen, Value x, Value y, Value z) {
    if (!gen->target->machine.fma)
        return LLVMBuildFAdd(gen->builder, LLVMBuildFMul(gen->builder, x, y, ""), z, "");
    return ir_intrinsic(gen, "llvm.fma", LLVMTypeOf(x), (Value[]){x, y, z}, 3);
}

static void add_string_attribute(Gen *gen, Value function, const char *key, const char *value) {
    LLVMAttributeRef attribute = LLVMCreateStringAttribute(gen->context, key, (unsigned)strlen(key),
                                                           value, (unsigned)strlen(value));
    LLVMAddAttributeAtIndex(function, (LLVMAttributeIndex)LLVMAttributeFunctionIndex, attribute);
}

static void add_attribute(Gen *gen, Value function, const char *name) {
    unsigned kind = LLVMGetEnumAttributeKindForName(name, strlen(name));
    if (kind == 0) nn_ice("gen", "LLVM has no attribute %s", name);
    LLVMAddAttributeAtIndex(function, (LLVMAttributeIndex)LLVMAttributeFunctionIndex,
                            LLVMCreateEnumAttribute(gen->context, kind, 0));
}

Value ir_function(Gen *gen, const char *name, LlvmType type) {
    Value function = LLVMAddFunction(gen->module, name, type);
    LLVMSetLinkage(function, LLVMInternalLinkage);
    add_attribute(gen, function, "nounwind");
    add_string_attribute(gen, function, "target-cpu", gen->target->cpu);
    add_string_attribute(gen, function, "target-features", gen->target->features);
    add_string_attribute(gen, function, "prefer-vector-width",
                         gen->target->machine.lanes == 16 ? "512" : "256");
    LLVMPositionBuilderAtEnd(gen->builder,
                             LLVMAppendBasicBlockInContext(gen->context, function, "entry"));
    return function;
}

Value ir_group_function(Gen *gen, const char *name) {
    return ir_function(gen, name, gen->places ? gen->shared_type : gen->step_type);
}

Value ir_load_invariant(Gen *gen, LlvmType type, Value pointer) {
    Value load = LLVMBuildLoad2(gen->builder, type, pointer, "");
    unsigned kind = LLVMGetMDKindIDInContext(gen->context, "invariant.load", 14);
    Value empty = LLVMMetadataAsValue(gen->context, LLVMMDNodeInContext2(gen->context, NULL, 0));
    LLVMSetMetadata(load, kind, empty);
    return load;
}

Value ir_context(Gen *gen, Value function, ContextField field) {
    Value context = LLVMGetParam(function, 0);
    unsigned index = (unsigned)abi_index(&abi_context, field);
    Value pointer = LLVMBuildStructGEP2(gen->builder, gen->context_struct, context, index, "");
    if (field == FIELD_COLUMNS) return pointer;
    LlvmType type = LLVMStructGetTypeAtIndex(gen->context_struct, index);
    return ir_load_invariant(gen, type, pointer);
}

static Value field_pointer(Gen *gen, Value function, ContextField field) {
    unsigned index = (unsigned)abi_index(&abi_context, field);
    return LLVMBuildStructGEP2(gen->builder, gen->context_struct, LLVMGetParam(function, 0), index,
                               "");
}

// Loaded at the function's start, so that no loop loads it again: it changes between calls.
Value ir_time(Gen *gen, Value function) {
    LLVMBasicBlockRef here = LLVMGetInsertBlock(gen->builder);
    LLVMBasicBlockRef entry = LLVMGetEntryBasicBlock(function);
    Value first = LLVMGetFirstInstruction(entry);
    if (first && strcmp(LLVMGetValueName(first), "time_place") == 0)
        return LLVMGetNextInstruction(first);
    if (first)
        LLVMPositionBuilderBefore(gen->builder, first);
    else
        LLVMPositionBuilderAtEnd(gen->builder, entry);
    Value pointer = field_pointer(gen, function, FIELD_TIME);
    LLVMSetValueName2(pointer, "time_place", strlen("time_place"));
    Value time = LLVMBuildLoad2(gen->builder, gen->i64, pointer, "time");
    LLVMPositionBuilderAtEnd(gen->builder, here);
    return time;
}

void ir_set_time(Gen *gen, Value function, Value time) {
    LLVMBuildStore(gen->builder, time, field_pointer(gen, function, FIELD_TIME));
}

void ir_set_part(Gen *gen, Value function, Value part, Value parts) {
    LLVMBuildStore(gen->builder, part, field_pointer(gen, function, FIELD_PART));
    LLVMBuildStore(gen->builder, parts, field_pointer(gen, function, FIELD_PARTS));
}

LLVMBasicBlockRef ir_block(Gen *gen, const char *name) {
    Value function = LLVMGetBasicBlockParent(LLVMGetInsertBlock(gen->builder));
    return LLVMAppendBasicBlockInContext(gen->context, function, name);
}

// Equal tables are one: groups that are alike have the same code then.
static Value table_global(Gen *gen, Value array) {
    for (Value known = LLVMGetFirstGlobal(gen->module); known; known = LLVMGetNextGlobal(known))
        if (LLVMIsGlobalConstant(known) && LLVMGetInitializer(known) == array) return known;
    Value global = LLVMAddGlobal(gen->module, LLVMTypeOf(array), "nn_table");
    LLVMSetInitializer(global, array);
    LLVMSetGlobalConstant(global, 1);
    LLVMSetLinkage(global, LLVMPrivateLinkage);
    return global;
}

Value ir_lookup(Gen *gen, const int64_t *numbers, int64_t count, Value index) {
    if (LLVMIsConstant(index)) return ir_int(gen, numbers[LLVMConstIntGetSExtValue(index)]);
    Value *items = ARENA_ARRAY(gen->arena, Value, count);
    for (int64_t i = 0; i < count; i++) items[i] = ir_int(gen, numbers[i]);
    Value table = table_global(gen, LLVMConstArray2(gen->i64, items, (uint64_t)count));
    return ir_load_invariant(gen, gen->i64, ir_offset(gen, gen->i64, table, index));
}

Loop ir_loop_begin(Gen *gen, Value begin, Value end, Value step, const char *name) {
    Loop loop = {.begin = begin, .end = end, .step = step};
    loop.before = LLVMGetInsertBlock(gen->builder);
    loop.body = ir_block(gen, name);
    loop.exit = ir_block(gen, "exit");
    Value enter = LLVMBuildICmp(gen->builder, LLVMIntSLT, begin, end, "");
    // Rotated: the test at the end, so that the body is one block for the register allocator. The
    // exit's phis come from both edges.
    loop.header = ir_block(gen, "enter");
    LLVMBuildCondBr(gen->builder, enter, loop.header, loop.exit);
    LLVMPositionBuilderAtEnd(gen->builder, loop.header);
    LLVMBuildBr(gen->builder, loop.body);
    LLVMPositionBuilderAtEnd(gen->builder, loop.body);
    loop.index = LLVMBuildPhi(gen->builder, gen->i64, "i");
    LLVMAddIncoming(loop.index, &begin, &loop.header, 1);
    return loop;
}

Value ir_loop_carry(Gen *gen, Loop *loop, Value initial) {
    Value phi = LLVMBuildPhi(gen->builder, LLVMTypeOf(initial), "");
    LLVMAddIncoming(phi, &initial, &loop->header, 1);
    return phi;
}

void ir_loop_end(Gen *gen, Loop *loop) {
    Value next = ir_add(gen, loop->index, loop->step);
    loop->latch = LLVMGetInsertBlock(gen->builder);
    LLVMAddIncoming(loop->index, &next, &loop->latch, 1);
    Value again = LLVMBuildICmp(gen->builder, LLVMIntSLT, next, loop->end, "");
    LLVMBuildCondBr(gen->builder, again, loop->body, loop->exit);
    LLVMPositionBuilderAtEnd(gen->builder, loop->exit);
}

Value ir_loop_result(Gen *gen, Loop *loop, Value carried, Value initial, Value next) {
    LLVMAddIncoming(carried, &next, &loop->latch, 1);
    Value result = LLVMBuildPhi(gen->builder, LLVMTypeOf(initial), "");
    Value values[] = {initial, next};
    LLVMBasicBlockRef blocks[] = {loop->before, loop->latch};
    LLVMAddIncoming(result, values, blocks, 2);
    return result;
}

Range ir_worker_range(Gen *gen, Value function, Value count) {
    Value thread = ir_context(gen, function, FIELD_THREAD);
    Value threads = ir_context(gen, function, FIELD_THREADS);
    Value one = ir_int(gen, 1);
    Value begin = LLVMBuildUDiv(gen->builder, ir_multiply(gen, count, thread), threads, "");
    Value next = ir_multiply(gen, count, ir_add(gen, thread, one));
    return (Range){begin, LLVMBuildUDiv(gen->builder, next, threads, "")};
}

// What of a worker's range is walked now. These fields change between calls.
static Range current_part(Gen *gen, const Schedule *schedule, Value function, Range all) {
    if (!schedule->has_windows) return all;
    Value part = ir_load(gen, gen->i64, field_pointer(gen, function, FIELD_PART));
    Value parts = ir_load(gen, gen->i64, field_pointer(gen, function, FIELD_PARTS));
    Value count = LLVMBuildSub(gen->builder, all.end, all.begin, ""), ends[2];
    for (int i = 0; i < 2; i++) {
        Value to = ir_multiply(gen, count, i ? ir_add(gen, part, ir_int(gen, 1)) : part);
        ends[i] = ir_add(gen, all.begin, LLVMBuildUDiv(gen->builder, to, parts, ""));
    }
    return (Range){ends[0], ends[1]};
}

Range ir_own_chunks(Gen *gen, const Schedule *schedule, Value function) {
    Range own = ir_worker_range(gen, function, ir_int(gen, schedule->chunks));
    return schedule->windows_are_chunks ? current_part(gen, schedule, function, own) : own;
}

// The samples of so many chunks.
static Range samples_of_chunks(Gen *gen, const Schedule *schedule, Value function, Range chunks) {
    return (Range){ir_chunk_range(gen, schedule, function, chunks.begin).begin,
                   ir_chunk_range(gen, schedule, function, chunks.end).begin};
}

Range ir_sample_range(Gen *gen, const Schedule *schedule, Value function) {
    if (!schedule->chunks) {
        Value rows = ir_context(gen, function, FIELD_ROWS);
        return current_part(gen, schedule, function, ir_worker_range(gen, function, rows));
    }
    Range own = samples_of_chunks(gen, schedule, function, ir_own_chunks(gen, schedule, function));
    return schedule->windows_are_chunks ? own : current_part(gen, schedule, function, own);
}

Value ir_samples_before(Gen *gen, const Schedule *schedule, Value function) {
    Value total =
        schedule->chunks ? ir_int(gen, schedule->chunks) : ir_context(gen, function, FIELD_ROWS);
    Range all = ir_worker_range(gen, function, total);
    if (schedule->chunks) all = samples_of_chunks(gen, schedule, function, all);
    Range walked = ir_sample_range(gen, schedule, function);
    return LLVMBuildSub(gen->builder, walked.begin, all.begin, "");
}

// A chunk that has no sample begins with the first part.
static Value begins_in(Gen *gen, Value function, Range chunk, Range walked) {
    LLVMBuilderRef builder = gen->builder;
    Value is_behind = LLVMBuildICmp(builder, LLVMIntSGE, chunk.begin, walked.begin, "");
    Value is_before = LLVMBuildICmp(builder, LLVMIntSLT, chunk.begin, walked.end, "");
    Value is_empty = LLVMBuildICmp(builder, LLVMIntEQ, chunk.begin, chunk.end, "");
    Value part = ir_load(gen, gen->i64, field_pointer(gen, function, FIELD_PART));
    Value is_first = LLVMBuildICmp(builder, LLVMIntEQ, part, ir_int(gen, 0), "");
    return LLVMBuildOr(builder, LLVMBuildAnd(builder, is_behind, is_before, ""),
                       LLVMBuildAnd(builder, is_empty, is_first, ""), "");
}

ChunkLoop ir_chunks_begin(Gen *gen, const Schedule *schedule, Value function) {
    Range own = ir_own_chunks(gen, schedule, function), walked = {0};
    bool cuts_chunks = schedule->has_windows && !schedule->windows_are_chunks;
    if (cuts_chunks)
        walked =
            current_part(gen, schedule, function, samples_of_chunks(gen, schedule, function, own));
    ChunkLoop chunks = {.loop = ir_loop_begin(gen, own.begin, own.end, ir_int(gen, 1), "chunk")};
    Range all = ir_chunk_range(gen, schedule, function, chunks.loop.index);
    chunks.samples = all;
    if (!cuts_chunks) return chunks;
    chunks.begins = begins_in(gen, function, all, walked);
    chunks.samples =
        (Range){ir_greater(gen, all.begin, walked.begin), ir_lesser(gen, all.end, walked.end)};
    return chunks;
}

Range ir_chunk_range(Gen *gen, const Schedule *schedule, Value function, Value chunk) {
    Value rows = ir_context(gen, function, FIELD_ROWS), count = ir_int(gen, schedule->chunks);
    Value next = ir_add(gen, chunk, ir_int(gen, 1));
    Value begin = LLVMBuildUDiv(gen->builder, ir_multiply(gen, rows, chunk), count, "");
    return (Range){begin, LLVMBuildUDiv(gen->builder, ir_multiply(gen, rows, next), count, "")};
}

Value ir_scratch(Gen *gen, Value function, int64_t offset, int64_t floats) {
    if (offset + floats > gen->scratch_size) gen->scratch_size = offset + floats;
    Value stride = ir_load_invariant(gen, gen->i64, gen->scratch_stride);
    Value own = ir_multiply(gen, ir_context(gen, function, FIELD_THREAD), stride);
    Value base = ir_offset(gen, gen->f32, ir_context(gen, function, FIELD_SCRATCH), own);
    return ir_offset(gen, gen->f32, base, ir_int(gen, offset));
}

void ir_finish(Gen *gen) {
    gen->scratch_size = (gen->scratch_size + 1023) / 1024 * 1024;
    LLVMSetInitializer(gen->scratch_stride, ir_int(gen, gen->scratch_size));
}

void ir_only_worker_zero(Gen *gen, Value function, LLVMBasicBlockRef *skip) {
    Value thread = ir_context(gen, function, FIELD_THREAD);
    LLVMBasicBlockRef work = ir_block(gen, "worker_zero");
    *skip = ir_block(gen, "done");
    Value is_zero = LLVMBuildICmp(gen->builder, LLVMIntEQ, thread, ir_int(gen, 0), "");
    LLVMBuildCondBr(gen->builder, is_zero, work, *skip);
    LLVMPositionBuilderAtEnd(gen->builder, work);
}
