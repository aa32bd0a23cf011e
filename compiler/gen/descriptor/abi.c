#include "abi.h"

#include "../../base/diagnostics/ice.h"

#include <string.h>

// ---- The tables, a row a field in the order of runtime/nnrt.h.

#define KIND(expression)                                                                           \
    _Generic((expression),                                                                         \
        int64_t: ABI_INTEGER,                                                                      \
        uint64_t: ABI_INTEGER,                                                                     \
        double: ABI_REAL,                                                                          \
        const char *: ABI_TEXT,                                                                    \
        const char *const *: ABI_TEXTS,                                                            \
        const double *: ABI_REALS,                                                                 \
        int64_t *: ABI_DIMS,                                                                       \
        nnrt_step *: ABI_CODE,                                                                     \
        nnrt_peak *: ABI_CODE,                                                                     \
        const void **: ABI_POINTERS,                                                               \
        default: ABI_POINTER)
#define AT(field) ((OWNER *)0)->field
#define ROW(field, kind, of, counter)                                                              \
    {#field, offsetof(OWNER, field), sizeof(AT(field)), kind, of, counter}
#define FIELD(field) ROW(field, KIND(AT(field)), NULL, ABI_UNCOUNTED)
#define COUNTED(field, counter) ROW(field, KIND(AT(field)), NULL, offsetof(OWNER, counter))
#define PART(field, of) ROW(field, ABI_STRUCT, &(of), ABI_UNCOUNTED)
#define ITEMS(field, of, counter) ROW(field, ABI_ITEMS, &(of), offsetof(OWNER, counter))
#define ONE(field, of) ROW(field, ABI_ITEMS, &(of), ABI_UNCOUNTED)
#define STRUCT(name, type)                                                                         \
    const AbiStruct name = {#type, sizeof(type), name##_fields,                                    \
                            sizeof name##_fields / sizeof *name##_fields}

static const AbiStruct abi_call; // whose options may be calls

#define OWNER nnrt_option
static const AbiField abi_option_fields[] = {
    FIELD(name),           FIELD(text),  FIELD(number),      COUNTED(numbers, count),
    COUNTED(texts, count), FIELD(count), ONE(call, abi_call)};
static STRUCT(abi_option, nnrt_option);
#undef OWNER

#define OWNER nnrt_call
static const AbiField abi_call_fields[] = {
    FIELD(name), FIELD(row), ITEMS(options, abi_option, option_count), FIELD(option_count)};
static STRUCT(abi_call, nnrt_call);
#undef OWNER

#define OWNER nnrt_storage
static const AbiField abi_storage_fields[] = {FIELD(offset),     FIELD(size),
                                              FIELD(panel),      FIELD(panel_stride),
                                              FIELD(row_stride), FIELD(column_stride)};
static STRUCT(abi_storage, nnrt_storage);
#undef OWNER

#define OWNER nnrt_vectors
static const AbiField abi_vectors_fields[] = {FIELD(file), FIELD(folder), FIELD(dataset),
                                              FIELD(column)};
static STRUCT(abi_vectors, nnrt_vectors);
#undef OWNER

#define OWNER nnrt_parameter
static const AbiField abi_parameter_fields[] = {FIELD(name),
                                                FIELD(rank),
                                                FIELD(shape),
                                                FIELD(columns),
                                                PART(storage, abi_storage),
                                                PART(initializer, abi_call),
                                                FIELD(trainable),
                                                PART(vectors, abi_vectors)};
static STRUCT(abi_parameter, nnrt_parameter);
#undef OWNER

#define OWNER nnrt_slot
static const AbiField abi_slot_fields[] = {FIELD(name), FIELD(parameter), FIELD(offset),
                                           FIELD(size), FIELD(initial),   FIELD(is_average)};
static STRUCT(abi_slot, nnrt_slot);
#undef OWNER

#define OWNER nnrt_layer
static const AbiField abi_layer_fields[] = {FIELD(name),   FIELD(type), FIELD(output_shape),
                                            FIELD(params), FIELD(line), FIELD(is_noise)};
static STRUCT(abi_layer, nnrt_layer);
#undef OWNER

#define OWNER nnrt_vertex
static const AbiField abi_vertex_fields[] = {FIELD(name),   FIELD(type), FIELD(shape),
                                             FIELD(params), FIELD(line), FIELD(is_output)};
static STRUCT(abi_vertex, nnrt_vertex);
#undef OWNER

#define OWNER nnrt_edge
static const AbiField abi_edge_fields[] = {FIELD(from), FIELD(to)};
static STRUCT(abi_edge, nnrt_edge);
#undef OWNER

#define OWNER nnrt_diagram
static const AbiField abi_diagram_fields[] = {
    ITEMS(vertices, abi_vertex, vertex_count), FIELD(vertex_count),
    ITEMS(edges, abi_edge, edge_count), FIELD(edge_count)};
static STRUCT(abi_diagram, nnrt_diagram);
#undef OWNER

#define OWNER nnrt_column
static const AbiField abi_column_fields[] = {FIELD(name),  FIELD(source), FIELD(dtype), FIELD(rank),
                                             FIELD(shape), FIELD(size),   FIELD(limit)};
static STRUCT(abi_column, nnrt_column);
#undef OWNER

#define OWNER nnrt_output
static const AbiField abi_output_fields[] = {FIELD(name),   FIELD(rank),   FIELD(shape),
                                             FIELD(size),   FIELD(offset), FIELD(stride),
                                             FIELD(is_kept)};
static STRUCT(abi_output, nnrt_output);
#undef OWNER

#define OWNER nnrt_context
static const AbiField abi_context_fields[] = {
    FIELD(weights),       FIELD(slots), FIELD(arena),  FIELD(columns), FIELD(index),
    FIELD(next_index),    FIELD(rows),  FIELD(thread), FIELD(threads), FIELD(key),
    FIELD(learning_rate), FIELD(step),  FIELD(loss),   FIELD(team),    FIELD(scratch),
    FIELD(account),       FIELD(time),  FIELD(part),   FIELD(parts),   FIELD(ranges),
    FIELD(is_watched)};
STRUCT(abi_context, nnrt_context);
#undef OWNER

#define OWNER nnrt_count
static const AbiField abi_count_fields[] = {FIELD(sample), FIELD(step)};
static STRUCT(abi_count, nnrt_count);
#undef OWNER

#define OWNER nnrt_effort
static const AbiField abi_effort_fields[] = {PART(products, abi_count),  PART(values, abi_count),
                                             PART(functions, abi_count), PART(converted, abi_count),
                                             PART(moved, abi_count),     PART(joined, abi_count),
                                             FIELD(full_lanes)};
static STRUCT(abi_effort, nnrt_effort);
#undef OWNER

#define OWNER nnrt_touch
static const AbiField abi_touch_fields[] = {
    FIELD(group),    PART(bytes, abi_count), PART(between, abi_count),
    FIELD(is_whole), FIELD(is_foreign),      FIELD(is_data),
    FIELD(window)};
static STRUCT(abi_touch, nnrt_touch);
#undef OWNER

#define OWNER nnrt_group
static const AbiField abi_group_fields[] = {FIELD(name),
                                            FIELD(kind),
                                            FIELD(layer),
                                            FIELD(line),
                                            FIELD(phase),
                                            FIELD(in_bfloat16),
                                            FIELD(sample_flops),
                                            FIELD(step_flops),
                                            FIELD(sample_bytes),
                                            FIELD(step_bytes),
                                            PART(effort, abi_effort)};
static STRUCT(abi_group, nnrt_group);
#undef OWNER

#define OWNER nnrt_value
static const AbiField abi_value_struct_fields[] = {
    FIELD(name),      FIELD(layer),       FIELD(shape),     FIELD(line),
    FIELD(group),     FIELD(is_backward), FIELD(is_output), FIELD(place),
    FIELD(parameter), FIELD(offset),      FIELD(size),      FIELD(units),
    FIELD(flat_low),  FIELD(flat_high),   FIELD(rows),      FIELD(stride)};
static STRUCT(abi_value_struct, nnrt_value);
#undef OWNER

#define OWNER nnrt_read
static const AbiField abi_read_fields[] = {FIELD(group), FIELD(value)};
static STRUCT(abi_read, nnrt_read);
#undef OWNER

#define OWNER nnrt_work
static const AbiField abi_work_fields[] = {FIELD(sample_flops), FIELD(step_flops),
                                           FIELD(sample_bytes), FIELD(step_bytes)};
static STRUCT(abi_work, nnrt_work);
#undef OWNER

#define OWNER nnrt_function
static const AbiField abi_function_fields[] = {FIELD(name),
                                               FIELD(run),
                                               FIELD(run_profiled),
                                               ITEMS(columns, abi_column, column_count),
                                               FIELD(column_count),
                                               FIELD(input_count),
                                               ITEMS(groups, abi_group, group_count),
                                               FIELD(group_count),
                                               ITEMS(values, abi_value_struct, value_count),
                                               FIELD(value_count),
                                               ITEMS(reads, abi_read, read_count),
                                               FIELD(read_count),
                                               ITEMS(touches, abi_touch, touch_count),
                                               FIELD(touch_count),
                                               FIELD(arena_size),
                                               FIELD(threads),
                                               FIELD(chunks),
                                               FIELD(settles),
                                               FIELD(prepares),
                                               FIELD(in_int8),
                                               ITEMS(outputs, abi_output, output_count),
                                               FIELD(output_count),
                                               FIELD(flops),
                                               PART(work, abi_work)};
static STRUCT(abi_function, nnrt_function);
#undef OWNER

#define OWNER nnrt_train_step
static const AbiField abi_train_step_fields[] = {FIELD(name),
                                                 PART(train, abi_function),
                                                 PART(evaluate, abi_function),
                                                 PART(quantized, abi_function),
                                                 FIELD(repeat),
                                                 FIELD(accumulate),
                                                 PART(update, abi_function),
                                                 FIELD(evaluate_at),
                                                 COUNTED(reports, report_count),
                                                 FIELD(report_count),
                                                 PART(learning_rate, abi_call),
                                                 PART(optimizer, abi_call),
                                                 FIELD(optimizer_line),
                                                 FIELD(trainable),
                                                 FIELD(penalized),
                                                 FIELD(weight_decay),
                                                 ITEMS(slots, abi_slot, slot_count),
                                                 FIELD(slot_count),
                                                 FIELD(slots_size),
                                                 PART(gradients, abi_function),
                                                 ITEMS(gradient_slots, abi_slot, gradient_count),
                                                 FIELD(gradient_count),
                                                 FIELD(gradients_size)};
static STRUCT(abi_train_step, nnrt_train_step);
#undef OWNER

#define OWNER nnrt_measure
static const AbiField abi_measure_fields[] = {FIELD(name), PART(call, abi_call),
                                              FIELD(is_weighted)};
static STRUCT(abi_measure, nnrt_measure);
#undef OWNER

#define OWNER nnrt_loss
static const AbiField abi_loss_fields[] = {FIELD(name),
                                           FIELD(label),
                                           FIELD(output),
                                           FIELD(target),
                                           FIELD(mask),
                                           FIELD(is_classifier),
                                           FIELD(are_scores),
                                           FIELD(unit_classes),
                                           COUNTED(classes, class_count),
                                           FIELD(class_count),
                                           FIELD(target_low),
                                           FIELD(target_high),
                                           FIELD(target_mean),
                                           FIELD(target_deviation),
                                           FIELD(weight),
                                           COUNTED(class_weights, class_weight_count),
                                           FIELD(class_weight_count),
                                           ITEMS(metrics, abi_measure, metric_count),
                                           FIELD(metric_count)};
static STRUCT(abi_loss, nnrt_loss);
#undef OWNER

#define OWNER nnrt_training
static const AbiField abi_training_fields[] = {FIELD(model),
                                               FIELD(dataset),
                                               ITEMS(steps, abi_train_step, step_count),
                                               FIELD(step_count),
                                               ITEMS(losses, abi_loss, loss_count),
                                               FIELD(loss_count),
                                               ITEMS(callbacks, abi_call, callback_count),
                                               FIELD(callback_count),
                                               PART(samples, abi_function),
                                               FIELD(sample_count),
                                               FIELD(epochs),
                                               FIELD(batch),
                                               FIELD(precision),
                                               FIELD(line),
                                               FIELD(peak_bytes)};
static STRUCT(abi_training, nnrt_training);
#undef OWNER

#define OWNER nnrt_operand
static const AbiField abi_operand_fields[] = {FIELD(parameter), FIELD(output)};
static STRUCT(abi_operand, nnrt_operand);
#undef OWNER

#define OWNER nnrt_int8_weights
static const AbiField abi_int8_weights_fields[] = {FIELD(range),        PART(storage, abi_storage),
                                                   FIELD(lines),        FIELD(run),
                                                   FIELD(columns),      FIELD(numbers),
                                                   FIELD(line_words),   FIELD(panel),
                                                   FIELD(panel_stride), FIELD(scales),
                                                   FIELD(corrections),  FIELD(words),
                                                   FIELD(size)};
STRUCT(abi_int8_weights, nnrt_int8_weights);
#undef OWNER

#define OWNER nnrt_model
static const AbiField abi_model_fields[] = {FIELD(name),
                                            FIELD(dataset),
                                            FIELD(training),
                                            FIELD(trainable),
                                            ITEMS(layers, abi_layer, layer_count),
                                            FIELD(layer_count),
                                            PART(diagram, abi_diagram),
                                            COUNTED(parameters, parameter_count),
                                            FIELD(parameter_count),
                                            PART(predict, abi_function),
                                            PART(predict_one, abi_function),
                                            FIELD(predict_batch),
                                            PART(measure, abi_function),
                                            ITEMS(ranges, abi_operand, range_count),
                                            FIELD(range_count),
                                            PART(generate, abi_function),
                                            FIELD(window),
                                            FIELD(gives_shares),
                                            FIELD(no_generation),
                                            FIELD(weight_bytes),
                                            FIELD(gradient_bytes),
                                            FIELD(optimizer_bytes),
                                            FIELD(activation_bytes)};
static STRUCT(abi_model, nnrt_model);
#undef OWNER

#define OWNER nnrt_dataset
static const AbiField abi_dataset_fields[] = {
    FIELD(name),        FIELD(folder), ITEMS(stages, abi_call, stage_count), FIELD(stage_count),
    FIELD(fingerprint), FIELD(prefix), COUNTED(classes, class_count),        FIELD(class_count)};
static STRUCT(abi_dataset, nnrt_dataset);
#undef OWNER

#define OWNER nnrt_program
static const AbiField abi_program_fields[] = {FIELD(abi),
                                              FIELD(compiler_version),
                                              FIELD(source_path),
                                              FIELD(source_folder),
                                              FIELD(source_text),
                                              FIELD(expanded_text),
                                              FIELD(imports),
                                              FIELD(target_cpu),
                                              FIELD(cpu_features),
                                              ITEMS(models, abi_model, model_count),
                                              FIELD(model_count),
                                              FIELD(main_model),
                                              ITEMS(parameters, abi_parameter, parameter_count),
                                              FIELD(parameter_count),
                                              COUNTED(left_out, left_out_count),
                                              FIELD(left_out_count),
                                              FIELD(weights_size),
                                              FIELD(scratch_size),
                                              ITEMS(datasets, abi_dataset, dataset_count),
                                              FIELD(dataset_count),
                                              ITEMS(trainings, abi_training, training_count),
                                              FIELD(training_count),
                                              FIELD(peak),
                                              FIELD(peak_flops),
                                              FIELD(narrow_peak),
                                              FIELD(narrow_peak_flops),
                                              FIELD(is_sparing)};
STRUCT(abi_program, nnrt_program);
#undef OWNER

const AbiStruct *const abi_structs[] = {
    &abi_option,       &abi_call,   &abi_storage, &abi_parameter, &abi_slot,         &abi_layer,
    &abi_column,       &abi_output, &abi_context, &abi_group,     &abi_function,     &abi_training,
    &abi_train_step,   &abi_loss,   &abi_model,   &abi_dataset,   &abi_program,      &abi_vectors,
    &abi_value_struct, &abi_read,   &abi_vertex,  &abi_edge,      &abi_diagram,      &abi_work,
    &abi_count,        &abi_effort, &abi_touch,   &abi_operand,   &abi_int8_weights, NULL};

// ---- Are they sound?

static const AbiField *field_at(const AbiStruct *of, size_t offset) {
    for (int i = 0; i < of->field_count; i++)
        if (of->fields[i].offset == offset) return &of->fields[i];
    return NULL;
}

const char *abi_fault(Arena *arena, const AbiStruct *of) {
    size_t end = 0;
    for (int i = 0; i < of->field_count; i++) {
        const AbiField *field = &of->fields[i];
        if (field->offset != end)
            return arena_format(arena, "%s: byte %zu should be that of `%s`", of->name, end,
                                field->name);
        end += field->size;
        bool must_count = field->kind == ABI_REALS;
        const AbiField *counter = field_at(of, field->count);
        bool is_counted = counter && counter->kind == ABI_INTEGER;
        if (field->count == ABI_UNCOUNTED ? must_count : !is_counted)
            return arena_format(arena, "%s: nothing counts `%s`", of->name, field->name);
        if (field->kind == ABI_STRUCT && field->of->size != field->size)
            return arena_format(arena, "%s: `%s` is no %s", of->name, field->name, field->of->name);
    }
    if (end == of->size) return NULL;
    return arena_format(arena, "%s: nothing is said of byte %zu", of->name, end);
}

int abi_index(const AbiStruct *of, size_t offset) {
    const AbiField *field = field_at(of, offset);
    if (!field) nn_ice("gen", "%s has no field at %zu", of->name, offset);
    return (int)(field - of->fields);
}

// ---- Types.

static LlvmType field_type(Gen *gen, const AbiField *field) {
    switch (field->kind) {
    case ABI_INTEGER: return gen->i64;
    case ABI_REAL: return gen->f64;
    case ABI_DIMS: return LLVMArrayType2(gen->i64, NNRT_MAX_RANK);
    case ABI_POINTERS: return LLVMArrayType2(gen->pointer, NNRT_MAX_COLUMNS);
    case ABI_STRUCT: return abi_type(gen, field->of);
    default: return gen->pointer;
    }
}

LlvmType abi_type(Gen *gen, const AbiStruct *of) {
    LlvmType *types = ARENA_ARRAY(gen->arena, LlvmType, of->field_count);
    for (int i = 0; i < of->field_count; i++) types[i] = field_type(gen, &of->fields[i]);
    return LLVMStructTypeInContext(gen->context, types, (unsigned)of->field_count, 0);
}

// ---- Constants.

static Value null_pointer(Gen *gen) {
    return LLVMConstNull(gen->pointer);
}

static Value constant_global(Gen *gen, Value initializer) {
    Value global = LLVMAddGlobal(gen->module, LLVMTypeOf(initializer), "");
    LLVMSetInitializer(global, initializer);
    LLVMSetGlobalConstant(global, 1);
    LLVMSetLinkage(global, LLVMPrivateLinkage);
    return global;
}

static Value text_value(Gen *gen, const char *text) {
    if (!text) return null_pointer(gen);
    unsigned length = (unsigned)strlen(text);
    return constant_global(gen, LLVMConstStringInContext(gen->context, text, length, 0));
}

// A pointer to a constant array; NULL for an empty one.
static Value array_value(Gen *gen, Value *items, int64_t count) {
    if (count == 0) return null_pointer(gen);
    return constant_global(gen, LLVMConstArray2(LLVMTypeOf(items[0]), items, (uint64_t)count));
}

static Value texts_value(Gen *gen, const char *const *texts, int64_t count) {
    int64_t all = count;
    if (!texts) return null_pointer(gen);
    for (all = count < 0 ? 0 : count; count < 0 && texts[all];) all++;
    Value *items = ARENA_ARRAY(gen->arena, Value, all + 1);
    for (int64_t i = 0; i < all; i++) items[i] = text_value(gen, texts[i]);
    items[all] = null_pointer(gen);
    return array_value(gen, items, count < 0 ? all + 1 : all);
}

static Value reals_value(Gen *gen, const double *numbers, int64_t count) {
    Value *items = ARENA_ARRAY(gen->arena, Value, count + 1);
    if (!numbers) return null_pointer(gen);
    for (int64_t i = 0; i < count; i++) items[i] = LLVMConstReal(gen->f64, numbers[i]);
    return array_value(gen, items, count);
}

static Value dims_value(Gen *gen, const int64_t *dims) {
    Value items[NNRT_MAX_RANK];
    for (int i = 0; i < NNRT_MAX_RANK; i++) items[i] = ir_int(gen, dims[i]);
    return LLVMConstArray2(gen->i64, items, NNRT_MAX_RANK);
}

static Value items_value(Gen *gen, const AbiStruct *of, const char *items, int64_t count) {
    Value *values = ARENA_ARRAY(gen->arena, Value, count + 1);
    if (!items) return null_pointer(gen);
    for (int64_t i = 0; i < count; i++)
        values[i] = abi_value(gen, of, items + (size_t)i * of->size);
    return array_value(gen, values, count);
}

void abi_set_code(void *field, Value function) {
    memcpy(field, &function, sizeof function);
}

static Value code_value(Gen *gen, const void *field) {
    Value function;
    memcpy(&function, field, sizeof function);
    return function ? function : null_pointer(gen);
}

// Of an array without a count: 1, or -1 for texts, which are ended.
static int64_t count_of(const AbiField *field, const char *data) {
    if (field->count == ABI_UNCOUNTED) return field->kind == ABI_TEXTS ? -1 : 1;
    return *(const int64_t *)(const void *)(data + field->count);
}

static Value field_value(Gen *gen, const AbiField *field, const char *data) {
    const void *at = data + field->offset;
    int64_t count = count_of(field, data);
    switch (field->kind) {
    case ABI_INTEGER: return ir_int(gen, *(const int64_t *)at);
    case ABI_REAL: return LLVMConstReal(gen->f64, *(const double *)at);
    case ABI_TEXT: return text_value(gen, *(const char *const *)at);
    case ABI_TEXTS: return texts_value(gen, *(const char *const *const *)at, count);
    case ABI_REALS: return reals_value(gen, *(const double *const *)at, count);
    case ABI_DIMS: return dims_value(gen, at);
    case ABI_STRUCT: return abi_value(gen, field->of, at);
    case ABI_ITEMS: return items_value(gen, field->of, *(const char *const *)at, count);
    case ABI_CODE: return code_value(gen, at);
    case ABI_POINTER:
    case ABI_POINTERS: break;
    }
    nn_ice("gen", "`%s` cannot be a constant", field->name);
}

Value abi_value(Gen *gen, const AbiStruct *of, const void *data) {
    Value *values = ARENA_ARRAY(gen->arena, Value, of->field_count);
    for (int i = 0; i < of->field_count; i++) values[i] = field_value(gen, &of->fields[i], data);
    return LLVMConstStructInContext(gen->context, values, (unsigned)of->field_count, 0);
}
