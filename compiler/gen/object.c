// From a program to LLVM modules, text forms of every stage, object files.
#include "budget/budget.h"
#include "budget/effort.h"

#include "../base/diagnostics/ice.h"

#include <llvm-c/Analysis.h>
#include <llvm-c/Error.h>
#include <llvm-c/Transforms/PassBuilder.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

// Kernels are vectors and tiles already: what is left for LLVM is cleaning up and choosing
// instructions, so that a build takes milliseconds.
static const char cleanup_passes[] =
    "mergefunc,globaldce,function(sroa,early-cse<memssa>,instcombine<no-verify-fixpoint>,simplifycfg,"
    "loop-mssa(licm),gvn,instcombine<no-verify-fixpoint>,dse,simplifycfg)";

static void emit_functions(Gen *gen, Compiled *compiled) {
    for (int i = 0; i < compiled->functions.count; i++) {
        Function *function = compiled->functions.items[i];
        const Schedule *schedule = function->lowering.schedule;
        if (function->is_profiled)
            function->code = step_emit_profiled(gen, schedule, function->name);
        else
            function->code.run = step_emit(gen, schedule, function->name);
    }
    compiled->peak_function = peak_emit(gen, &compiled->peak_flops);
    if (compiled_is_narrow(compiled))
        compiled->narrow_peak_function = pairs_peak_emit(gen, &compiled->narrow_peak_flops);
}

static void verify_module(Gen *gen, const char *when) {
    char *error = NULL;
    if (LLVMVerifyModule(gen->module, LLVMReturnStatusAction, &error))
        nn_ice("gen", "invalid LLVM IR %s: %s", when, error);
    LLVMDisposeMessage(error);
}

static void build_module(Gen *gen, Arena *arena, const Target *target, Compiled *compiled,
                         Tuning *tuning) {
    ir_init(gen, arena, target, compiled->program->main->name);
    gen->tuning = tuning;
    if (tuning) tuning_begin_build(tuning, target->cpu);
    gen->layout = compiled->layout;
    emit_functions(gen, compiled);
    ir_finish(gen);
    compiled->scratch_floats = gen->scratch_size;
    descriptor_emit(gen, compiled);
    verify_module(gen, "from the generator");
}

// Equal functions may have one address: those of the same groups in training, evaluation,
// prediction.
static void let_merge(Gen *gen) {
    for (Value f = LLVMGetFirstFunction(gen->module); f; f = LLVMGetNextFunction(f))
        if (LLVMGetLinkage(f) == LLVMInternalLinkage)
            LLVMSetUnnamedAddress(f, LLVMGlobalUnnamedAddr);
}

void object_optimize(Gen *gen) {
    let_merge(gen);
    LLVMPassBuilderOptionsRef options = LLVMCreatePassBuilderOptions();
    const char *passes = gen->target->is_quick ? "mergefunc,globaldce" : cleanup_passes;
    LLVMErrorRef error = LLVMRunPasses(gen->module, passes, gen->target->handle, options);
    LLVMDisposePassBuilderOptions(options);
    if (error) nn_ice("gen", "LLVM's passes failed: %s", LLVMGetErrorMessage(error));
}

int64_t object_scratch(Arena *arena, const Target *target, Compiled *compiled) {
    Gen gen;
    ir_init(&gen, arena, target, compiled->program->main->name);
    gen.layout = compiled->layout;
    emit_functions(&gen, compiled);
    ir_finish(&gen);
    int64_t floats = gen.scratch_size;
    ir_dispose(&gen);
    for (int i = 0; i < compiled->functions.count; i++)
        compiled->functions.items[i]->code = (StepFunctions){0};
    return floats;
}

// ---- Text forms.

typedef struct Printer {
    Text *out;
    const char *stage, *after;
} Printer;

static void print_pass(void *state, const char *pass, const Graph *graph,
                       const Schedule *schedule) {
    Printer *printer = state;
    const char *wanted = printer->after ? printer->after : printer->stage;
    bool is_effort = strcmp(wanted, "effort") == 0;
    if (strcmp(wanted, "fused") == 0) wanted = "fuse";
    if (is_effort) wanted = "plan";
    bool is_grad = strcmp(wanted, "grad") == 0 && !printer->after;
    if (is_grad) wanted = "simplify-grad";
    if (strcmp(pass, wanted) != 0) return;
    text_format(printer->out, "# %s after %s\n", graph_mode_name(graph->mode), pass);
    if (is_effort)
        effort_print(printer->out, schedule);
    else if (schedule && strcmp(pass, "plan") == 0)
        schedule_print_plan(printer->out, schedule);
    else if (schedule)
        schedule_print_groups(printer->out, schedule);
    else
        graph_print(printer->out, graph);
}

static bool is_graph_stage(const char *stage) {
    static const char *const stages[] = {"grad", "fused", "plan", "effort"};
    for (size_t i = 0; i < sizeof stages / sizeof *stages; i++)
        if (strcmp(stage, stages[i]) == 0) return true;
    return false;
}

static LLVMMemoryBufferRef machine_code(Gen *gen, LLVMCodeGenFileType type) {
    LLVMMemoryBufferRef buffer = NULL;
    char *error = NULL;
    if (LLVMTargetMachineEmitToMemoryBuffer(gen->target->handle, gen->module, type, &error,
                                            &buffer))
        nn_ice("gen", "no machine code: %s", error);
    gen_expect(buffer);
    return buffer;
}

static void print_module(Text *out, Gen *gen, const char *stage) {
    if (strcmp(stage, "asm") == 0) {
        LLVMMemoryBufferRef buffer = machine_code(gen, LLVMAssemblyFile);
        text_put_bytes(out, LLVMGetBufferStart(buffer), LLVMGetBufferSize(buffer));
        LLVMDisposeMemoryBuffer(buffer);
        return;
    }
    char *text = LLVMPrintModuleToString(gen->module);
    gen_expect(text);
    text_put(out, text);
    LLVMDisposeMessage(text);
}

bool gen_print(Text *out, const Program *program, const char *stage, const char *after_pass,
               const GenOptions *options, DiagSink *sink) {
    Arena *arena = program->arena;
    Target *target = target_create(arena, options->cpu, sink);
    if (!target) return false;
    Printer printer = {out, stage, after_pass};
    Compiled *compiled = budget_compile(arena, program, target, options, print_pass, &printer);
    if (!after_pass && !is_graph_stage(stage)) {
        Gen gen;
        Tuning *tuning = options->tuning ? options->tuning : tuning_create(arena);
        build_module(&gen, arena, target, compiled, tuning);
        tuning_report_stale(tuning, sink);
        if (strcmp(stage, "ways") == 0) {
            tuning_print_sites(out, tuning);
        } else {
            if (strcmp(stage, "llvm") != 0) object_optimize(&gen);
            print_module(out, &gen, stage);
        }
        ir_dispose(&gen);
    }
    target_dispose(target);
    return true;
}

// What is asked for in int8 is not made in float32 silently.
static bool quantizes_something(const Compiled *compiled, const GenOptions *options,
                                DiagSink *sink) {
    if (!options->predicts_int8 || compiled_is_in_int8(compiled)) return true;
    const Model *model = compiled->program->main;
    Diag *diag = diag_report(sink, DIAG_E0905, model->span, "`%s` has nothing to predict in int8",
                             model->name);
    diag_label(diag, "no such product");
    diag_note(diag, "in int8 are dense layers of 32 inputs and units or more, and convolutions of "
                    "16 filters or more, of models whose inputs are a data set's");
    diag_help(diag, "build it without `--predict=int8`");
    return false;
}

bool gen_sizes(const Program *program, const GenOptions *options, GenSizes *sizes, DiagSink *sink) {
    Target *target = target_create(program->arena, options->cpu, sink);
    if (!target) return false;
    Compiled *compiled = budget_compile(program->arena, program, target, options, NULL, NULL);
    compiled->scratch_floats = object_scratch(program->arena, target, compiled);
    for (int i = 0; i < program->models.count; i++)
        if (program_predicts(program, program->models.items[i]))
            sizes[i] = budget_sizes(compiled, program->models.items[i]);
    target_dispose(target);
    return budget_keeps_limit(compiled, options, sink) &&
           quantizes_something(compiled, options, sink);
}

bool gen_costs(const Program *program, const GenOptions *options, GenCosts *costs, DiagSink *sink) {
    Target *target = target_create(program->arena, options->cpu, sink);
    if (!target) return false;
    Compiled *compiled = budget_compile(program->arena, program, target, options, NULL, NULL);
    compiled->scratch_floats = object_scratch(program->arena, target, compiled);
    *costs = budget_costs(compiled);
    target_dispose(target);
    return budget_keeps_limit(compiled, options, sink);
}

// ---- Objects.

// LLVM itself ends the process where a file cannot be written.
static bool write_file(const char *path, const char *bytes, size_t size, DiagSink *sink) {
    int descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0666);
    FILE *file = descriptor < 0 ? NULL : fdopen(descriptor, "wb");
    bool ok = file && fwrite(bytes, 1, size, file) == size && fflush(file) == 0;
    int error = errno;
    if (file && fclose(file) != 0 && ok) {
        ok = false;
        error = errno;
    }
    if (!ok)
        diag_report(sink, DIAG_E0902, SPAN_NONE, "cannot write `%s`: %s", path, strerror(error));
    return ok;
}

bool gen_object(const Program *program, const char *path, const GenOptions *options,
                bool *needs_blas, DiagSink *sink) {
    Arena *arena = program->arena;
    Target *target = target_create(arena, options->cpu, sink);
    if (!target) return false;
    Compiled *compiled = budget_compile(arena, program, target, options, NULL, NULL);
    if (!budget_fits(compiled, options, sink) || !budget_keeps_limit(compiled, options, sink) ||
        !quantizes_something(compiled, options, sink)) {
        target_dispose(target);
        return false;
    }
    Gen gen;
    build_module(&gen, arena, target, compiled, options->tuning);
    if (options->tuning && options->tuning->tried < 0) tuning_report_stale(options->tuning, sink);
    object_optimize(&gen);
    if (options->verify_each) verify_module(&gen, "after LLVM's passes");
    LLVMMemoryBufferRef code = machine_code(&gen, LLVMObjectFile);
    bool ok = write_file(path, LLVMGetBufferStart(code), LLVMGetBufferSize(code), sink);
    LLVMDisposeMemoryBuffer(code);
    *needs_blas = gen.needs_blas;
    ir_dispose(&gen);
    target_dispose(target);
    return ok;
}

char *gen_fingerprint(Arena *arena, const GenOptions *options) {
    DiagSink *sink = diag_create(arena, sources_create(arena));
    Target *target = target_create(arena, options->cpu, sink);
    if (!target) return arena_strdup(arena, "unknown processor");
    char *text = arena_format(
        arena, "nnc %s; %s; %s; contraction %d; memory %lld%s%s", NNC_VERSION, target->cpu,
        target->features, (int)options->contraction, (long long)options->max_memory,
        options->predicts_int8 ? "; int8" : "", target->is_quick ? "; quick" : "");
    target_dispose(target);
    return text;
}
