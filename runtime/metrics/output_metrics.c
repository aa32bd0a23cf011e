#include "output_metrics.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

nnrt_view nnrt_loss_view(const nnrt_session *session, const nnrt_function *function,
                         const nnrt_loss *loss) {
    const nnrt_data_info *info = &session->data.info;
    nnrt_view view =
        nnrt_view_make(&function->outputs[loss->output], &function->columns[loss->target]);
    nnrt_units units = nnrt_targets_units(session, function, loss);
    if (units.deviation != 0) {
        view.scale = view.output_scale = units.deviation;
        view.offset = view.output_offset = units.mean;
    }
    if (loss->target >= function->input_count) return view;
    view.scale = info->scale;
    view.offset = info->offset;
    return view;
}

// Targets that are standardized inputs are compared as such.
static nnrt_status standardize(nnrt_output_metrics *metrics, const nnrt_session *session,
                               const nnrt_function *function, int64_t number) {
    nnrt_view *view = &metrics->views[number];
    int64_t column = metrics->training->losses[number].target;
    int is_read = session->dataset == metrics->training->dataset; // else only names are asked for
    int is_input = column < function->input_count;
    if (!is_read || !is_input || !session->data.info.standardize) return NNRT_OK;
    int source = nnrt_session_source(session, &function->columns[column]);
    size_t size = (size_t)view->target_size;
    float *statistics = metrics->statistics[number] = malloc(2 * size * sizeof *statistics);
    if (!statistics) return nnrt_fail_memory("metrics", 2 * size * sizeof *statistics);
    if (!nnrt_session_statistics(session, source, statistics, statistics + size)) return NNRT_OK;
    view->mean = statistics;
    view->deviation = statistics + size;
    return NNRT_OK;
}

// Validation and evaluation do not know them, as in Keras.
static void weigh_classes(nnrt_view *view, const nnrt_loss *loss) {
    view->class_weights = loss->class_weight_count ? loss->class_weights : NULL;
    view->class_weight_count = loss->class_weight_count;
}

nnrt_status nnrt_output_metrics_open(nnrt_output_metrics *metrics, const nnrt_session *session,
                                     const nnrt_training *training, const nnrt_function *function,
                                     int workers) {
    memset(metrics, 0, sizeof *metrics);
    metrics->training = training;
    for (int64_t i = 0; i < training->loss_count; i++) {
        const nnrt_loss *loss = &training->losses[i];
        metrics->views[i] = nnrt_loss_view(session, function, loss);
        if (function == &training->steps[0].train) weigh_classes(&metrics->views[i], loss);
        metrics->count = i + 1;
        if (!loss->metric_count) continue;
        metrics->has_any = 1;
        metrics->items[i] =
            nnrt_metrics_create(loss->metrics, loss->metric_count, &metrics->views[i], workers);
        if (metrics->items[i] && !standardize(metrics, session, function, i)) continue;
        nnrt_output_metrics_free(metrics);
        return nnrt_failure();
    }
    return NNRT_OK;
}

void nnrt_output_metrics_free(nnrt_output_metrics *metrics) {
    for (int64_t i = 0; i < metrics->count; i++) {
        nnrt_metrics_free(metrics->items[i]);
        free(metrics->statistics[i]);
    }
    metrics->count = 0;
}

void nnrt_output_metrics_reset(nnrt_output_metrics *metrics) {
    for (int64_t i = 0; i < metrics->count; i++)
        if (metrics->items[i]) nnrt_metrics_reset(metrics->items[i]);
}

void nnrt_output_metrics_state(nnrt_output_metrics *metrics, nnrt_state *state) {
    for (int64_t i = 0; i < metrics->count; i++) {
        if (!metrics->items[i]) continue;
        size_t outside = nnrt_state_enter(state, "metrics/%" PRId64, i);
        nnrt_metrics_state(metrics->items[i], state);
        nnrt_state_leave(state, outside);
    }
}

void nnrt_output_metrics_gather(nnrt_output_metrics *metrics) {
    for (int64_t i = 0; i < metrics->count; i++)
        if (metrics->items[i]) nnrt_metrics_gather(metrics->items[i]);
}

void nnrt_output_metrics_scatter(nnrt_output_metrics *metrics) {
    for (int64_t i = 0; i < metrics->count; i++)
        if (metrics->items[i]) nnrt_metrics_scatter(metrics->items[i]);
}

void nnrt_output_metrics_update(nnrt_output_metrics *metrics, const nnrt_function *function,
                                const nnrt_context *context) {
    for (int64_t i = 0; i < metrics->count; i++) {
        const nnrt_loss *loss = &metrics->training->losses[i];
        if (!metrics->items[i]) continue;
        nnrt_view view = metrics->views[i];
        nnrt_view_batch(&view, function, context, loss);
        if (loss->weight >= 0) view.weights = context->columns[loss->weight];
        nnrt_metrics_update(metrics->items[i], (int)context->thread, &view);
    }
}
