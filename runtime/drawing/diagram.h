// The graph of a model: as SVG within a page, as an SVG file of its own, as text for Graphviz.
#ifndef NNRT_DRAWN_DIAGRAM_H
#define NNRT_DRAWN_DIAGRAM_H

#include "../base/status.h"
#include "../nnrt.h"
#include "markup.h"

// An <svg> whose colours are the page's (style.h). NNRT_ERROR: no memory.
nnrt_status nnrt_diagram_draw(nnrt_markup *markup, const nnrt_diagram *diagram, const char *title);

typedef struct nnrt_titled_diagram {
    const char *title; // the model's name
    nnrt_diagram diagram;
} nnrt_titled_diagram;

// A whole file: the diagrams below each other, with colours for light and dark.
nnrt_status nnrt_diagram_svg(nnrt_markup *markup, const nnrt_titled_diagram *diagrams,
                             int64_t count);

// A digraph, of several models with a cluster each (https://graphviz.org/doc/info/lang.html).
void nnrt_diagram_dot(nnrt_markup *text, const nnrt_titled_diagram *diagrams, int64_t count);

#endif
