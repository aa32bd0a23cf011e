// Grows networks: each step is tried with the front end before it is kept, which knows the shape
// rules, so the generator has none of its own.
#ifndef NNC_TESTS_NETWORKS_GROW_H
#define NNC_TESTS_NETWORKS_GROW_H

#include "draw.h"

typedef struct Grower {
    Random *random;
    Arena *arena; // of the texts
    Network *network;
    int64_t most_elements; // of a value
    int options;           // percent of the arguments that need not be written
    int wide;              // percent of the layers that are as wide as products in bfloat16 want
} Grower;

// An empty network with an input.
void grow_begin(Grower *grower, Type input);

// Applies an operator to a value (and, if it takes several, to others that fit). False: it fits
// nowhere that was tried.
bool grow_operator(Grower *grower, const OpDef *op, int value);

// Adds a step that another network has.
bool grow_again(Grower *grower, Step step);

// A loss with a head and targets that suit it, an optimizer, a batch. `kind` chooses the loss:
// anything; the same one for the same number. False: the front end refuses the program.
bool grow_training(Grower *grower, uint64_t kind);
int grow_loss_count(void);                // kinds of them
const char *grow_loss_without_rule(void); // a loss that is never drawn; NULL: there is none

// A random network of 1 to 20 layers.
bool grow_random(Grower *grower);

// Is the whole program accepted?
bool grow_accepted(const Network *network);

#endif
