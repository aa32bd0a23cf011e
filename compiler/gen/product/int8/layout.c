// Weights in int8: made once, by the runtime, of a description that lies in the module.
#include "int8.h"

#include "../../descriptor/abi.h"

#include "../../../base/diagnostics/ice.h"

static Value description(Gen *gen, const nnrt_int8_weights *weights) {
    Value value = abi_value(gen, &abi_int8_weights, weights);
    Value global = LLVMAddGlobal(gen->module, LLVMTypeOf(value), "nn_int8");
    LLVMSetInitializer(global, value);
    LLVMSetLinkage(global, LLVMPrivateLinkage);
    LLVMSetGlobalConstant(global, 1);
    return global;
}

static Value prepare_function(Gen *gen, LlvmType type) {
    static const char name[] = "nnrt_int8_prepare";
    Value known = LLVMGetNamedFunction(gen->module, name);
    return known ? known : LLVMAddFunction(gen->module, name, type);
}

Value int8_layout_emit(Gen *gen, const Schedule *schedule, const Group *group, const char *name) {
    const Node *weights = schedule_source(group->anchor->inputs[0]);
    if (!weights->parameter) nn_ice("gen", "weights in int8 are no parameter");
    nnrt_int8_weights own = layout_int8(&schedule->layout->machine, &group->anchor->type);
    own.range = (int64_t)args_int(group->anchor->args, "range");
    own.storage = schedule->layout->parameters[weights->parameter->index].storage;
    Value function = ir_group_function(gen, name);
    LaneBuilder b;
    element_begin(&b, gen, schedule, group, function);
    LlvmType types[] = {gen->pointer, gen->pointer, gen->pointer};
    LlvmType type = LLVMFunctionType(gen->void_type, types, 3, 0);
    Value arguments[] = {LLVMGetParam(function, 0), description(gen, &own),
                         element_buffer(&b, group->anchor)};
    LLVMBuildCall2(gen->builder, type, prepare_function(gen, type), arguments, 3, "");
    LLVMBuildRetVoid(gen->builder);
    return function;
}
