// Places for the boxes of a graph without cycles, layer below layer: what depends on others stands
// below them, values that pass a layer bend around its boxes. After Sugiyama, Tagawa, Toda 1981
// ("Methods for visual understanding of hierarchical system structures"): longest paths, then
// sweeps that put boxes in the order of their neighbours' means, then the same for the places.
#ifndef NNRT_LAYERS_H
#define NNRT_LAYERS_H

#include "../base/status.h"
#include "../nnrt.h"

typedef struct nnrt_point {
    double x, y;
} nnrt_point;

typedef struct nnrt_layers {
    nnrt_point *centres; // of the vertices
    nnrt_point *points;  // of the edges: from the lower side of a box to the upper side of another
    int64_t *ends;       // edge i has the points [i ? ends[i - 1] : 0, ends[i])
    double width, height;
} nnrt_layers;

// `widths` of the boxes, which are all `height` high. Edges lead from lower to higher indices.
// NNRT_ERROR: no memory. Freed by nnrt_layers_free in any case.
nnrt_status nnrt_layers_place(nnrt_layers *layers, const nnrt_diagram *diagram,
                              const double *widths, double height);
void nnrt_layers_free(nnrt_layers *layers);

#endif
