// What the functions of a program compute and move, group by group.
#include "budget.h"

#include "../../pass/group/cost.h"
#include "effort.h"

// ---- Groups.

static int64_t line_of(const Compiled *compiled, const Group *group) {
    const Node *node = cost_main_node(group);
    Span span = node->layer ? node->layer->span : node->span;
    return descriptor_line(compiled, span);
}

static nnrt_group group_of(Arena *arena, const Compiled *compiled, const Schedule *schedule,
                           const Group *group) {
    GroupCost cost = cost_of_group(schedule, group);
    const Layer *layer = cost_main_node(group)->layer;
    return (nnrt_group){.name = cost_group_name(arena, schedule, group),
                        .kind = cost_kind_name(group->kind),
                        .layer =
                            layer ? weights_layer_name(arena, layer, schedule->graph->name) : NULL,
                        .line = line_of(compiled, group),
                        .phase = group->phase,
                        .in_bfloat16 = schedule_in_bfloat16(group),
                        .sample_flops = cost.sample_flops,
                        .step_flops = cost.step_flops,
                        .sample_bytes = cost.sample_bytes,
                        .step_bytes = cost.step_bytes,
                        .effort = effort_of_group(schedule, group)};
}

nnrt_group *budget_groups(Arena *arena, const Compiled *compiled, const Schedule *schedule) {
    nnrt_group *groups = ARENA_ARRAY(arena, nnrt_group, schedule->groups.count + 1);
    for (int i = 0; i < schedule->groups.count; i++)
        groups[i] = group_of(arena, compiled, schedule, schedule->groups.items[i]);
    return groups;
}

nnrt_work budget_work(const Schedule *schedule) {
    nnrt_work work = {0};
    for (int i = 0; i < schedule->groups.count; i++) {
        GroupCost cost = cost_of_group(schedule, schedule->groups.items[i]);
        work.sample_flops += cost.sample_flops;
        work.step_flops += cost.step_flops;
        work.sample_bytes += cost.sample_bytes;
        work.step_bytes += cost.step_bytes;
    }
    return work;
}

double budget_flops(const Graph *graph) {
    double sum = 0;
    for (int i = 0; i < graph->nodes.count; i++) {
        const Node *node = graph->nodes.items[i];
        if (node->op->flops && node->type.batched) sum += node->op->flops(node);
        if (node->op->fuse == FUSE_CONTRACTION && !node->type.batched) sum += node->op->flops(node);
    }
    return sum;
}

// Two workers pay when a step is some ten thousand operations for each of them.
int64_t budget_threads(const Schedule *schedule) {
    double work = budget_flops(schedule->graph) * (double)schedule->batch;
    double threads = work / 100e3, most = schedule->chunks ? (double)schedule->chunks : 1024;
    return threads < 1 ? 1 : threads > most ? (int64_t)most : (int64_t)threads;
}

// ---- Trainings.

static GenFunctionCost function_cost(Arena *arena, const Compiled *compiled,
                                     const Function *function) {
    if (!function) return (GenFunctionCost){0};
    const Schedule *schedule = function->lowering.schedule;
    return (GenFunctionCost){.groups = budget_groups(arena, compiled, schedule),
                             .schedule = schedule,
                             .group_count = schedule->groups.count,
                             .phase_count = schedule->phase_count,
                             .threads = budget_threads(schedule),
                             .work = budget_work(schedule)};
}

static GenCost training_cost(Arena *arena, const Compiled *compiled, const CompiledTraining *own) {
    GenCost cost = {.training = own->training,
                    .step_count = own->step_count,
                    .line = descriptor_line(compiled, own->training->span),
                    .memory = budget_memory(compiled, own)};
    cost.steps = ARENA_ARRAY(arena, GenStepCost, own->step_count + 1);
    for (int i = 0; i < own->step_count; i++)
        cost.steps[i] =
            (GenStepCost){.step = own->steps[i].step,
                          .train = function_cost(arena, compiled, own->steps[i].train),
                          .update = function_cost(arena, compiled, own->steps[i].update),
                          .evaluate = function_cost(arena, compiled, own->steps[i].evaluate)};
    return cost;
}

GenCosts budget_costs(const Compiled *compiled) {
    Arena *arena = compiled->program->arena;
    GenCosts costs = {.count = compiled->training_count};
    costs.items = ARENA_ARRAY(arena, GenCost, costs.count + 1);
    for (int i = 0; i < costs.count; i++)
        costs.items[i] = training_cost(arena, compiled, &compiled->trainings[i]);
    return costs;
}
