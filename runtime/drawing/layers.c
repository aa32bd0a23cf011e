#include "layers.h"

#include <stdlib.h>
#include <string.h>

enum { SWEEPS = 12 };
static const double box_gap = 22, line_gap = 14, layer_gap = 30; // pixels

// A box, or the place where an edge passes a layer.
typedef struct item {
    int64_t layer;
    double width, x; // its centre
    double sum;      // of neighbours in a sweep
    int64_t count;
} item;

typedef struct link { // between neighbouring layers
    int64_t upper, lower;
} link;

typedef struct placing {
    const nnrt_diagram *diagram;
    const double *widths;
    double height;
    int64_t *ranks; // of the vertices
    int64_t layer_count;
    item *items; // the vertices first
    int64_t item_count;
    link *links; // of edge after edge, from its beginning
    int64_t link_count;
    int64_t *sorted;       // items by layer, and in it by order
    int64_t *layer_begins; // in `sorted`; one more than layers
    int64_t *passing;      // links by their upper layer
    int64_t *link_begins;  // in `passing`
} placing;

// ---- Layers: the longest path from an input. Inputs stand right above what reads them.

static int by_end(const void *a, const void *b) {
    const nnrt_edge *x = a, *y = b;
    return x->to < y->to ? -1 : x->to > y->to;
}

static nnrt_status rank_vertices(placing *p) {
    const nnrt_diagram *diagram = p->diagram;
    size_t bytes = (size_t)diagram->edge_count * sizeof(nnrt_edge);
    nnrt_edge *edges = malloc(bytes + 1);
    if (!edges) return nnrt_fail_memory("a drawing", bytes);
    if (bytes) memcpy(edges, diagram->edges, bytes);
    qsort(edges, (size_t)diagram->edge_count, sizeof *edges, by_end);
    for (int64_t i = 0; i < diagram->edge_count; i++)
        if (p->ranks[edges[i].to] <= p->ranks[edges[i].from])
            p->ranks[edges[i].to] = p->ranks[edges[i].from] + 1;
    free(edges);
    return NNRT_OK;
}

static nnrt_status lower_inputs(placing *p) {
    const nnrt_diagram *diagram = p->diagram;
    int64_t *lowest = malloc((size_t)(2 * diagram->vertex_count + 1) * sizeof *lowest);
    if (!lowest) return nnrt_fail_memory("a drawing", 0);
    int64_t *before = lowest + diagram->vertex_count;
    for (int64_t i = 0; i < diagram->vertex_count; i++) lowest[i] = INT64_MAX, before[i] = 0;
    for (int64_t i = 0; i < diagram->edge_count; i++) {
        const nnrt_edge *edge = &diagram->edges[i];
        before[edge->to]++;
        if (p->ranks[edge->to] - 1 < lowest[edge->from])
            lowest[edge->from] = p->ranks[edge->to] - 1;
    }
    for (int64_t i = 0; i < diagram->vertex_count; i++) {
        if (!before[i] && lowest[i] != INT64_MAX) p->ranks[i] = lowest[i];
        if (p->ranks[i] >= p->layer_count) p->layer_count = p->ranks[i] + 1;
    }
    free(lowest);
    return NNRT_OK;
}

// ---- Items and links.

static int64_t span_of(const placing *p, const nnrt_edge *edge) {
    return p->ranks[edge->to] - p->ranks[edge->from];
}

static nnrt_status make_room(placing *p) {
    const nnrt_diagram *diagram = p->diagram;
    p->item_count = diagram->vertex_count;
    for (int64_t i = 0; i < diagram->edge_count; i++) {
        p->link_count += span_of(p, &diagram->edges[i]);
        p->item_count += span_of(p, &diagram->edges[i]) - 1;
    }
    p->items = calloc((size_t)p->item_count + 1, sizeof *p->items);
    p->links = calloc((size_t)p->link_count + 1, sizeof *p->links);
    p->sorted = calloc((size_t)p->item_count + 1, sizeof *p->sorted);
    p->layer_begins = calloc((size_t)p->layer_count + 2, sizeof *p->layer_begins);
    p->passing = calloc((size_t)p->link_count + 1, sizeof *p->passing);
    p->link_begins = calloc((size_t)p->layer_count + 2, sizeof *p->link_begins);
    if (p->items && p->links && p->sorted && p->layer_begins && p->passing && p->link_begins)
        return NNRT_OK;
    return nnrt_fail_memory("a drawing", (size_t)p->item_count * sizeof *p->items);
}

static void make_items(placing *p) {
    const nnrt_diagram *diagram = p->diagram;
    int64_t next = diagram->vertex_count, at = 0;
    for (int64_t i = 0; i < diagram->vertex_count; i++)
        p->items[i] = (item){.layer = p->ranks[i], .width = p->widths[i]};
    for (int64_t i = 0; i < diagram->edge_count; i++) {
        const nnrt_edge *edge = &diagram->edges[i];
        int64_t upper = edge->from;
        for (int64_t layer = p->ranks[edge->from] + 1; layer <= p->ranks[edge->to]; layer++) {
            int64_t lower = layer == p->ranks[edge->to] ? edge->to : next++;
            if (lower != edge->to) p->items[lower] = (item){.layer = layer};
            p->links[at++] = (link){upper, lower};
            upper = lower;
        }
    }
}

// Numbers from 0 to below `count`, stably by `layers`, of which there are `layer_count`; those of
// layer i become sorted[begins[i]] to sorted[begins[i + 1] - 1].
static void sort_by_layer(int64_t (*layer_of)(const placing *, int64_t), const placing *p,
                          int64_t count, int64_t *begins, int64_t *sorted) {
    for (int64_t i = 0; i < count; i++) begins[layer_of(p, i) + 1]++;
    for (int64_t i = 0; i < p->layer_count; i++) begins[i + 1] += begins[i];
    for (int64_t i = 0; i < count; i++) sorted[begins[layer_of(p, i)]++] = i;
    for (int64_t i = p->layer_count; i > 0; i--) begins[i] = begins[i - 1];
    begins[0] = 0;
}

static int64_t item_layer(const placing *p, int64_t i) {
    return p->items[i].layer;
}

static int64_t link_layer(const placing *p, int64_t i) {
    return p->items[p->links[i].upper].layer;
}

// ---- Sweeps.

// For each item of a layer the mean of its neighbours' `x` above or below it.
static void find_means(placing *p, int64_t layer, int is_down) {
    int64_t between = is_down ? layer - 1 : layer; // the upper layer of the links
    for (int64_t i = p->layer_begins[layer]; i < p->layer_begins[layer + 1]; i++)
        p->items[p->sorted[i]].sum = 0, p->items[p->sorted[i]].count = 0;
    if (between < 0) return;
    for (int64_t i = p->link_begins[between]; i < p->link_begins[between + 1]; i++) {
        const link *l = &p->links[p->passing[i]];
        item *to = &p->items[is_down ? l->lower : l->upper];
        to->sum += p->items[is_down ? l->upper : l->lower].x;
        to->count++;
    }
}

// Its own place where it has no neighbours.
static double mean_of(const item *own) {
    return own->count ? own->sum / (double)own->count : own->x;
}

static void order_layer(placing *p, int64_t layer) {
    int64_t *own = p->sorted + p->layer_begins[layer];
    int64_t count = p->layer_begins[layer + 1] - p->layer_begins[layer];
    for (int64_t i = 1; i < count; i++) {
        int64_t moved = own[i], k = i;
        for (; k && mean_of(&p->items[own[k - 1]]) > mean_of(&p->items[moved]); k--)
            own[k] = own[k - 1];
        own[k] = moved;
    }
}

static double distance(const item *a, const item *b) {
    double gap = a->width > 0 && b->width > 0 ? box_gap : line_gap;
    return (a->width + b->width) / 2 + gap;
}

// As near to the means as the order and the gaps let them: pushed apart to the right, then moved
// back together by what they were pushed on the mean.
static void place_layer(placing *p, int64_t layer) {
    const int64_t *own = p->sorted + p->layer_begins[layer];
    int64_t count = p->layer_begins[layer + 1] - p->layer_begins[layer];
    double moved = 0;
    for (int64_t i = 0; i < count; i++) {
        item *at = &p->items[own[i]];
        const item *before = i ? &p->items[own[i - 1]] : NULL;
        double wanted = mean_of(at);
        at->x = wanted;
        if (before && at->x < before->x + distance(before, at))
            at->x = before->x + distance(before, at);
        moved += at->x - wanted;
    }
    for (int64_t i = 0; i < count; i++) p->items[own[i]].x -= moved / (double)count;
}

static void sweep(placing *p, int is_down) {
    for (int64_t i = 0; i < p->layer_count; i++) {
        int64_t layer = is_down ? i : p->layer_count - 1 - i;
        find_means(p, layer, is_down);
        order_layer(p, layer);
        place_layer(p, layer);
    }
}

// ---- The result.

static nnrt_status allocate(nnrt_layers *layers, const placing *p) {
    const nnrt_diagram *diagram = p->diagram;
    size_t points = (size_t)(2 * p->link_count + diagram->edge_count) + 1;
    layers->centres = calloc((size_t)diagram->vertex_count + 1, sizeof *layers->centres);
    layers->points = calloc(points, sizeof *layers->points);
    layers->ends = calloc((size_t)diagram->edge_count + 1, sizeof *layers->ends);
    if (layers->centres && layers->points && layers->ends) return NNRT_OK;
    return nnrt_fail_memory("a drawing", points * sizeof *layers->points);
}

static double top_of(const placing *p, const item *own) {
    return (double)own->layer * (p->height + layer_gap);
}

static void find_extent(const placing *p, double *left, double *right) {
    *left = 1e300, *right = -1e300;
    for (int64_t i = 0; i < p->item_count; i++) {
        const item *own = &p->items[i];
        if (own->x - own->width / 2 < *left) *left = own->x - own->width / 2;
        if (own->x + own->width / 2 > *right) *right = own->x + own->width / 2;
    }
    if (!p->item_count) *left = *right = 0;
}

static void put_edge(nnrt_layers *layers, const placing *p, int64_t edge, int64_t *at_link,
                     int64_t *at_point) {
    int64_t span = span_of(p, &p->diagram->edges[edge]);
    const item *first = &p->items[p->links[*at_link].upper];
    layers->points[(*at_point)++] = (nnrt_point){first->x, top_of(p, first) + p->height};
    for (int64_t i = 0; i < span; i++, (*at_link)++) {
        const item *lower = &p->items[p->links[*at_link].lower];
        double top = top_of(p, lower);
        layers->points[(*at_point)++] = (nnrt_point){lower->x, top};
        if (i + 1 < span) // straight beside the boxes
            layers->points[(*at_point)++] = (nnrt_point){lower->x, top + p->height};
    }
    layers->ends[edge] = *at_point;
}

static void put_result(nnrt_layers *layers, placing *p) {
    double left, right;
    int64_t link_at = 0, point_at = 0;
    find_extent(p, &left, &right);
    for (int64_t i = 0; i < p->item_count; i++) p->items[i].x -= left;
    for (int64_t i = 0; i < p->diagram->vertex_count; i++)
        layers->centres[i] = (nnrt_point){p->items[i].x, top_of(p, &p->items[i]) + p->height / 2};
    for (int64_t i = 0; i < p->diagram->edge_count; i++)
        put_edge(layers, p, i, &link_at, &point_at);
    layers->width = right - left;
    layers->height =
        p->layer_count ? (double)p->layer_count * (p->height + layer_gap) - layer_gap : 0;
}

static nnrt_status place(nnrt_layers *layers, placing *p) {
    nnrt_status status = rank_vertices(p);
    if (!status) status = lower_inputs(p);
    if (!status) status = make_room(p);
    if (!status) status = allocate(layers, p);
    if (status) return status;
    make_items(p);
    sort_by_layer(item_layer, p, p->item_count, p->layer_begins, p->sorted);
    sort_by_layer(link_layer, p, p->link_count, p->link_begins, p->passing);
    for (int i = 0; i < SWEEPS; i++) sweep(p, i % 2 == 0);
    put_result(layers, p);
    return NNRT_OK;
}

nnrt_status nnrt_layers_place(nnrt_layers *layers, const nnrt_diagram *diagram,
                              const double *widths, double height) {
    placing p = {.diagram = diagram, .widths = widths, .height = height};
    *layers = (nnrt_layers){0};
    p.ranks = calloc((size_t)diagram->vertex_count + 1, sizeof *p.ranks);
    nnrt_status status = p.ranks ? place(layers, &p) : nnrt_fail_memory("a drawing", 0);
    free(p.ranks);
    free(p.items);
    free(p.links);
    free(p.sorted);
    free(p.layer_begins);
    free(p.passing);
    free(p.link_begins);
    return status;
}

void nnrt_layers_free(nnrt_layers *layers) {
    free(layers->centres);
    free(layers->points);
    free(layers->ends);
    *layers = (nnrt_layers){0};
}
