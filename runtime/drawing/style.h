// The look of what is drawn: CSS with one name for each colour, for light and dark. Pages and SVG
// files begin with it; elements have classes.
#ifndef NNRT_STYLE_H
#define NNRT_STYLE_H

// Names of colours, chosen by the reader's scheme: for both.
extern const char nnrt_style_colours[];
// How SVG elements look by their classes: for both.
extern const char nnrt_style_drawing[];
// The page: its sections, tables, figures; for a phone and for paper.
extern const char nnrt_style_page[];

#endif
