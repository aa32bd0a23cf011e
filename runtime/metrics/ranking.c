#include "ranking.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct scored {
    double score;
    int is_yes;
} scored;

static int by_score(const void *a, const void *b) {
    double x = ((const scored *)a)->score, y = ((const scored *)b)->score;
    return x > y ? -1 : x < y;
}

static nnrt_status allocate(nnrt_ranking *ranking, int64_t count) {
    size_t bytes = (size_t)(count + 1) * sizeof(double);
    ranking->false_rates = malloc(bytes);
    ranking->true_rates = malloc(bytes);
    ranking->precisions = malloc(bytes);
    if (ranking->false_rates && ranking->true_rates && ranking->precisions) return NNRT_OK;
    return nnrt_fail_memory("the curves of a report", 3 * bytes);
}

static scored *sort_scores(const float *scores, int64_t stride, const uint8_t *is_yes,
                           int64_t count) {
    scored *sorted = malloc((size_t)(count + 1) * sizeof *sorted);
    for (int64_t i = 0; sorted && i < count; i++) {
        double score = (double)scores[i * stride];
        sorted[i] = (scored){isnan(score) ? -INFINITY : score, is_yes[i] != 0};
    }
    if (sorted)
        qsort(sorted, (size_t)count, sizeof *sorted, by_score);
    else
        nnrt_fail_memory("the curves of a report", (size_t)count * sizeof *sorted);
    return sorted;
}

static double share(int64_t part, int64_t all) {
    return all ? (double)part / (double)all : 0;
}

static void add_point(nnrt_ranking *ranking, int64_t yes, int64_t no) {
    int64_t i = ranking->count++;
    ranking->false_rates[i] = share(no, ranking->negatives);
    ranking->true_rates[i] = share(yes, ranking->positives);
    ranking->precisions[i] = yes + no ? share(yes, yes + no) : 1;
}

// Equal scores are one threshold.
static void make_points(nnrt_ranking *ranking, const scored *sorted, int64_t count) {
    int64_t yes = 0, no = 0;
    add_point(ranking, 0, 0);
    for (int64_t i = 0; i < count; i++) {
        yes += sorted[i].is_yes;
        no += !sorted[i].is_yes;
        if (i + 1 == count || sorted[i + 1].score != sorted[i].score) add_point(ranking, yes, no);
    }
}

static void make_areas(nnrt_ranking *ranking) {
    ranking->area = ranking->average_precision = 0;
    for (int64_t i = 1; i < ranking->count; i++) {
        double width = ranking->false_rates[i] - ranking->false_rates[i - 1];
        double gain = ranking->true_rates[i] - ranking->true_rates[i - 1];
        ranking->area += width * (ranking->true_rates[i] + ranking->true_rates[i - 1]) / 2;
        ranking->average_precision += gain * ranking->precisions[i];
    }
    if (!ranking->positives || !ranking->negatives) ranking->area = NAN;
    if (!ranking->positives) ranking->average_precision = NAN;
}

nnrt_status nnrt_ranking_make(nnrt_ranking *ranking, const float *scores, int64_t stride,
                              const uint8_t *is_yes, int64_t count) {
    *ranking = (nnrt_ranking){0};
    for (int64_t i = 0; i < count; i++) ranking->positives += is_yes[i] != 0;
    ranking->negatives = count - ranking->positives;
    nnrt_status status = allocate(ranking, count);
    scored *sorted = status ? NULL : sort_scores(scores, stride, is_yes, count);
    if (!sorted) return NNRT_ERROR;
    make_points(ranking, sorted, count);
    make_areas(ranking);
    free(sorted);
    return NNRT_OK;
}

void nnrt_ranking_free(nnrt_ranking *ranking) {
    free(ranking->false_rates);
    free(ranking->true_rates);
    free(ranking->precisions);
    *ranking = (nnrt_ranking){0};
}
