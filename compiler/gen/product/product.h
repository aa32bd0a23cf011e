// Inside the contraction generator: the matrix product that is being made, and its operands.
#ifndef NNC_GEN_PRODUCT_H
#define NNC_GEN_PRODUCT_H

#include "../../op/op.h"
#include "kernel.h"

typedef struct Product {
    Gen *gen;
    const Schedule *schedule;
    const Group *group;
    Node *anchor;
    Value function, scratch;
    ProductKind kind;
    LayoutKind layout;
    nnrt_storage storage;
    int parameter;
    int64_t depth, columns; // K, N
    int64_t lead;           // rows of a sample
    int lanes;
    TileSizes tiles;
    LaneBuilder b;
} Product;

// A matrix of rows: a stored value, or a data column whose rows are gathered.
typedef struct Matrix {
    Node *source;
    bool gathers;
    int64_t stride; // elements from row to row
    Dtype dtype;
    Value base; // of a stored value
} Matrix;

Matrix product_matrix(Product *p, Node *value);
Value product_row(Product *p, const Matrix *m, Value row); // where a row begins
Value product_weights(Product *p);                         // where the weights begin

void product_blas(Product *p); // by OpenBLAS; see product_blas.c

#endif
