// The structs of runtime/nnrt.h as tables of fields, so that nothing is told apart by its position:
// the compiler fills the C struct by name, and abi_value writes it as a constant of the module.
// What a field is follows from its C type; abi_fault says what a table lacks.
#ifndef NNC_GEN_ABI_H
#define NNC_GEN_ABI_H

#include "../emit.h"

typedef enum AbiKind {
    ABI_INTEGER,
    ABI_REAL,
    ABI_TEXT,
    ABI_TEXTS,    // counted, or ended by NULL
    ABI_REALS,    // counted
    ABI_DIMS,     // NNRT_MAX_RANK numbers within the struct
    ABI_STRUCT,   // within the struct
    ABI_ITEMS,    // structs elsewhere: counted, or one; NULL: none
    ABI_CODE,     // a function of the module: its LLVM value, kept in the pointer (abi_set_code)
    ABI_POINTER,  // of the context: never in a constant
    ABI_POINTERS, // likewise, NNRT_MAX_COLUMNS of them within the struct
} AbiKind;

typedef struct AbiStruct AbiStruct;

typedef struct AbiField {
    const char *name;
    size_t offset, size; // bytes
    AbiKind kind;
    const AbiStruct *of; // of ABI_STRUCT and ABI_ITEMS
    size_t count;        // offset of the field that counts; ABI_UNCOUNTED
} AbiField;

#define ABI_UNCOUNTED SIZE_MAX

struct AbiStruct {
    const char *name;
    size_t size; // bytes
    const AbiField *fields;
    int field_count;
};

extern const AbiStruct abi_program, abi_context, abi_int8_weights;
extern const AbiStruct *const abi_structs[]; // all of them, ended by NULL

LlvmType abi_type(Gen *gen, const AbiStruct *of);
// A constant of what is at `data`, a struct of that kind; arrays and texts become globals.
Value abi_value(Gen *gen, const AbiStruct *of, const void *data);
// `field` is a pointer to a function in a struct; NULL: none.
void abi_set_code(void *field, Value function);
// The number of the field that begins at `offset`.
int abi_index(const AbiStruct *of, size_t offset);

// What is wrong with a table: fields must follow each other without a hole from the first byte of
// the struct to the last, and be counted by numbers. Text in `arena`; NULL: nothing.
const char *abi_fault(Arena *arena, const AbiStruct *of);

#endif
