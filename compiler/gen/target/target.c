// The processor that code is made for. What LLVM does with a vector on it is asked of LLVM itself,
// by compiling two tiny functions: the answer holds for every name that LLVM knows.
#include "../emit.h"

#include <llvm-c/Analysis.h>
#include <llvm-c/Target.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Features that the executable can check at its start (runtime/base/cpu.c).
static const char *const checkable[] = {
    "sse3",     "ssse3",    "sse4.1",   "sse4.2",   "popcnt",     "avx",         "avx2",
    "fma",      "f16c",     "bmi",      "bmi2",     "lzcnt",      "movbe",       "avx512f",
    "avx512cd", "avx512bw", "avx512dq", "avx512vl", "avx512vbmi", "avx512vbmi2", NULL};

static const char *const level_2[] = {"sse3", "ssse3", "sse4.1", "sse4.2", "popcnt", NULL};
static const char *const level_3[] = {"sse3", "ssse3", "sse4.1", "sse4.2", "popcnt",
                                      "avx",  "avx2",  "fma",    "f16c",   "bmi",
                                      "bmi2", "lzcnt", "movbe",  NULL};
static const char *const level_4[] = {"sse3",     "ssse3",    "sse4.1",   "sse4.2",  "popcnt",
                                      "avx",      "avx2",     "fma",      "f16c",    "bmi",
                                      "bmi2",     "lzcnt",    "movbe",    "avx512f", "avx512cd",
                                      "avx512bw", "avx512dq", "avx512vl", NULL};
static const char *const level_1[] = {NULL};

// LLVM ignores unknown names with a mere warning, so these are all that --cpu takes.
const char *const gen_cpu_names[] = {"native",         "x86-64",
                                     "x86-64-v2",      "x86-64-v3",
                                     "x86-64-v4",      "nehalem",
                                     "westmere",       "sandybridge",
                                     "ivybridge",      "haswell",
                                     "broadwell",      "skylake",
                                     "skylake-avx512", "cascadelake",
                                     "cooperlake",     "cannonlake",
                                     "icelake-client", "icelake-server",
                                     "tigerlake",      "rocketlake",
                                     "alderlake",      "raptorlake",
                                     "meteorlake",     "arrowlake",
                                     "lunarlake",      "sapphirerapids",
                                     "emeraldrapids",  "graniterapids",
                                     "goldmont",       "tremont",
                                     "gracemont",      "sierraforest",
                                     "znver1",         "znver2",
                                     "znver3",         "znver4",
                                     "znver5",         NULL};

// Is it on, of the comma-separated "+avx2,-sse4a,..."?
static bool is_on(const char *features, const char *name) {
    size_t length = strlen(name);
    for (const char *at = features; *at; at += strcspn(at, ","), at += *at == ',')
        if (*at == '+' && strcspn(at + 1, ",") == length && !strncmp(at + 1, name, length))
            return true;
    return false;
}

static const char *const *features_on(Arena *arena, const char *features) {
    VEC(const char *) on = {0};
    for (int i = 0; checkable[i]; i++)
        if (is_on(features, checkable[i])) vec_push(arena, &on, checkable[i]);
    vec_push(arena, &on, NULL);
    return on.items;
}

// Those that products in bfloat16 need beside the others.
const char *const *target_bfloat16_features(const Target *target) {
    static const char *const vectors[] = {"avx512bf16", NULL};
    static const char *const tiles[] = {"avx512bf16", "amx-tile", "amx-bf16", NULL};
    static const char *const none[] = {NULL};
    switch (target->machine.bfloat16) {
    case BFLOAT16_TILES: return tiles;
    case BFLOAT16_VECTORS: return vectors;
    default: return none;
    }
}

const char *const *target_int8_features(const Target *target) {
    static const char *const wide[] = {"avx512vnni", NULL}, *const short_[] = {"avxvnni", NULL};
    static const char *const tiles[] = {"avx512vnni", "amx-tile", "amx-int8", NULL};
    static const char *const none[] = {NULL};
    switch (target->machine.int8) {
    case INT8_TILES: return tiles;
    case INT8_VECTORS: return target->machine.lanes == 16 ? wide : short_;
    default: return none;
    }
}

// Rounds 16 numbers to bfloat16: one instruction where there is one.
static void probe_rounding(LLVMModuleRef module, LLVMBuilderRef builder) {
    LLVMContextRef context = LLVMGetModuleContext(module);
    LlvmType floats = LLVMVectorType(LLVMFloatTypeInContext(context), 16);
    LlvmType halves = LLVMVectorType(LLVMBFloatTypeInContext(context), 16);
    LlvmType pointer = LLVMPointerTypeInContext(context, 0), types[] = {pointer, pointer};
    LlvmType type = LLVMFunctionType(LLVMVoidTypeInContext(context), types, 2, 0);
    Value function = LLVMAddFunction(module, "probe_bfloat16", type);
    LLVMPositionBuilderAtEnd(builder, LLVMAppendBasicBlockInContext(context, function, ""));
    Value numbers = LLVMBuildLoad2(builder, floats, LLVMGetParam(function, 0), "");
    Value rounded = LLVMBuildFPTrunc(builder, numbers, halves, "");
    LLVMBuildStore(builder, rounded, LLVMGetParam(function, 1));
    LLVMBuildRetVoid(builder);
}

static bool is_one_of(const char *name, const char *const *names) {
    for (; *names; names++)
        if (!strcmp(name, *names)) return true;
    return false;
}

// Of the processors that have names: what multiplies numbers of 8 or 16 bits cannot be probed with
// what every target compiles.
static bool has_tiles(const Target *target, const char *feature) {
    static const char *const named[] = {"sapphirerapids", "emeraldrapids", "graniterapids", NULL};
    if (*target->features)
        return is_on(target->features, "amx-tile") && is_on(target->features, feature);
    return is_one_of(target->cpu, named);
}

static bool has_short_products(const Target *target) {
    static const char *const wide[] = {"cascadelake",    "cooperlake",    "icelake-client",
                                       "icelake-server", "tigerlake",     "rocketlake",
                                       "sapphirerapids", "emeraldrapids", "graniterapids",
                                       "znver4",         "znver5",        NULL};
    static const char *const narrow[] = {"alderlake", "raptorlake", "meteorlake",   "arrowlake",
                                         "lunarlake", "gracemont",  "sierraforest", NULL};
    bool is_wide = target->machine.lanes == 16;
    if (target->machine.lanes < 8) return false;
    if (*target->features) return is_on(target->features, is_wide ? "avx512vnni" : "avxvnni");
    return is_one_of(target->cpu, is_wide ? wide : narrow);
}

static Int8Unit int8_unit(const Target *target) {
    if (!has_short_products(target)) return INT8_NONE;
    bool is_tiled = target->machine.lanes == 16 && has_tiles(target, "amx-int8");
    return is_tiled ? INT8_TILES : INT8_VECTORS;
}

static Bfloat16Unit bfloat16_unit(const Target *target, const char *assembly) {
    bool rounds = strstr(assembly, "vcvtneps2bf16") && target->machine.lanes == 16;
    if (!rounds) return BFLOAT16_NONE;
    return has_tiles(target, "amx-bf16") ? BFLOAT16_TILES : BFLOAT16_VECTORS;
}

static void probe_function(LLVMModuleRef module, LLVMBuilderRef builder, int lanes, bool fma) {
    LLVMContextRef context = LLVMGetModuleContext(module);
    LlvmType vector = LLVMVectorType(LLVMFloatTypeInContext(context), (unsigned)lanes);
    LlvmType types[] = {vector, vector, vector};
    LlvmType type = LLVMFunctionType(vector, types, 3, 0);
    Value function = LLVMAddFunction(module, fma ? "probe_fma" : "probe_add", type);
    LLVMAttributeRef wide = LLVMCreateStringAttribute(context, "prefer-vector-width", 19, "512", 3);
    LLVMAddAttributeAtIndex(function, (LLVMAttributeIndex)LLVMAttributeFunctionIndex, wide);
    LLVMPositionBuilderAtEnd(builder, LLVMAppendBasicBlockInContext(context, function, ""));
    Value x = LLVMGetParam(function, 0), y = LLVMGetParam(function, 1);
    Value result = LLVMBuildFAdd(builder, x, y, "");
    if (fma) {
        unsigned id = LLVMLookupIntrinsicID("llvm.fma", 8);
        Value intrinsic = LLVMGetIntrinsicDeclaration(module, id, &vector, 1);
        Value arguments[] = {x, y, LLVMGetParam(function, 2)};
        result = LLVMBuildCall2(builder, LLVMIntrinsicGetType(context, id, &vector, 1), intrinsic,
                                arguments, 3, "");
    }
    LLVMBuildRet(builder, result);
}

static void probe_machine(Target *target) {
    LLVMContextRef context = LLVMContextCreate();
    LLVMModuleRef module = LLVMModuleCreateWithNameInContext("probe", context);
    LLVMBuilderRef builder = LLVMCreateBuilderInContext(context);
    probe_function(module, builder, 16, false);
    probe_function(module, builder, 4, true);
    probe_rounding(module, builder);
    LLVMMemoryBufferRef assembly = NULL;
    char *error = NULL;
    target->machine = (MachineModel){.lanes = 4, .registers = 16};
    if (!LLVMTargetMachineEmitToMemoryBuffer(target->handle, module, LLVMAssemblyFile, &error,
                                             &assembly)) {
        gen_expect(assembly);
        const char *text = LLVMGetBufferStart(assembly);
        if (strstr(text, "zmm"))
            target->machine = (MachineModel){.lanes = 16, .registers = 32};
        else if (strstr(text, "ymm"))
            target->machine = (MachineModel){.lanes = 8, .registers = 16};
        target->machine.fma = strstr(text, "vfmadd") != NULL;
        target->machine.bfloat16 = bfloat16_unit(target, text);
        target->machine.int8 = int8_unit(target);
        LLVMDisposeMemoryBuffer(assembly);
    }
    LLVMDisposeMessage(error);
    LLVMDisposeBuilder(builder);
    LLVMDisposeModule(module);
    LLVMContextDispose(context);
}

static const char *const *named_features(const char *cpu, const MachineModel *machine) {
    if (machine->lanes == 16) return level_4;
    if (machine->lanes == 8) return level_3;
    return strcmp(cpu, "x86-64") == 0 ? level_1 : level_2;
}

// A text of LLVM, as one of ours. Empty is one that LLVM had no memory to put together.
static char *take_text(Arena *arena, char *text) {
    gen_expect(text && *text ? text : NULL);
    char *own = arena_strdup(arena, text);
    LLVMDisposeMessage(text);
    return own;
}

static void choose_cpu(Target *target, Arena *arena, const char *cpu) {
    target->cpu = arena_strdup(arena, cpu ? cpu : "native");
    target->features = arena_strdup(arena, "");
    if (strcmp(target->cpu, "native") != 0) return;
    // The name alone would turn on what a virtual machine hides.
    target->cpu = take_text(arena, LLVMGetHostCPUName());
    target->features = take_text(arena, LLVMGetHostCPUFeatures());
}

// NNC_QUICK=1, in tests of all but LLVM's own work.
static bool wants_quick(void) {
    const char *wanted = getenv("NNC_QUICK");
    return wanted && *wanted == '1';
}

Target *target_create(Arena *arena, const char *cpu, DiagSink *sink) {
    gen_guard(); // before LLVM does anything
    LLVMInitializeX86TargetInfo();
    LLVMInitializeX86Target();
    LLVMInitializeX86TargetMC();
    LLVMInitializeX86AsmPrinter();
    Target *target = ARENA_NEW(arena, Target);
    choose_cpu(target, arena, cpu);
    target->is_quick = wants_quick();
    char *triple = take_text(arena, LLVMGetDefaultTargetTriple()), *error = NULL;
    LLVMTargetRef handle;
    if (LLVMGetTargetFromTriple(triple, &handle, &error)) {
        diag_report(sink, DIAG_E0901, SPAN_NONE, "LLVM has no target for this machine: %s", error);
        LLVMDisposeMessage(error);
        return NULL;
    }
    LLVMTargetMachineOptionsRef options = LLVMCreateTargetMachineOptions();
    LLVMTargetMachineOptionsSetCPU(options, target->cpu);
    LLVMTargetMachineOptionsSetFeatures(options, target->features);
    LLVMTargetMachineOptionsSetCodeGenOptLevel(options, target->is_quick ? LLVMCodeGenLevelNone
                                                                         : LLVMCodeGenLevelDefault);
    LLVMTargetMachineOptionsSetRelocMode(options, LLVMRelocPIC);
    target->handle = LLVMCreateTargetMachineWithOptions(handle, triple, options);
    LLVMDisposeTargetMachineOptions(options);
    probe_machine(target);
    target_find_caches(&target->machine, target->cpu, !cpu || strcmp(cpu, "native") == 0);
    target->needed = *target->features ? features_on(arena, target->features)
                                       : named_features(target->cpu, &target->machine);
    return target;
}

void target_dispose(Target *target) {
    if (target) LLVMDisposeTargetMachine(target->handle);
}
