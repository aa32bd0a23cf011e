// The tables of the ABI's structs (compiler/gen/descriptor/abi.c): sound as they are, and each way
// of spoiling one is seen: two rows in each other's place, one that is missing, a count that is
// none.
#include "../../compiler/gen/descriptor/abi.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum { MOST_FIELDS = 64 };

static void tables_are_sound(void **state) {
    Arena *arena = arena_create();
    (void)state;
    for (int i = 0; abi_structs[i]; i++) {
        const char *fault = abi_fault(arena, abi_structs[i]);
        if (fault) fail_msg("%s", fault);
    }
    arena_destroy(arena);
}

static AbiStruct copy_of(const AbiStruct *of, AbiField fields[MOST_FIELDS]) {
    AbiStruct copy = *of;
    assert_in_range(of->field_count, 1, MOST_FIELDS);
    memcpy(fields, of->fields, sizeof *fields * (size_t)of->field_count);
    copy.fields = fields;
    return copy;
}

// Spoils row `k` of the copy; false: that row cannot be spoiled so.
typedef bool Spoil(AbiStruct *copy, AbiField *fields, int k);

static void each_row_is_seen(Spoil *spoil) {
    Arena *arena = arena_create();
    AbiField fields[MOST_FIELDS];
    for (int i = 0; abi_structs[i]; i++)
        for (int k = 0; k < abi_structs[i]->field_count; k++) {
            AbiStruct copy = copy_of(abi_structs[i], fields);
            if (spoil(&copy, fields, k)) assert_non_null(abi_fault(arena, &copy));
        }
    arena_destroy(arena);
}

static bool swap(AbiStruct *copy, AbiField *fields, int k) {
    if (k + 1 == copy->field_count) return false;
    AbiField first = fields[k];
    fields[k] = fields[k + 1];
    fields[k + 1] = first;
    return true;
}

static bool leave_out(AbiStruct *copy, AbiField *fields, int k) {
    size_t behind = (size_t)(--copy->field_count - k);
    memmove(&fields[k], &fields[k + 1], behind * sizeof *fields);
    return true;
}

static bool miscount(AbiStruct *copy, AbiField *fields, int k) {
    (void)copy;
    if (fields[k].count == ABI_UNCOUNTED) return false;
    fields[k].count = fields[k].offset; // a pointer counts nothing
    return true;
}

static void spoiled_rows_are_seen(void **state) {
    (void)state;
    each_row_is_seen(swap);
    each_row_is_seen(leave_out);
    each_row_is_seen(miscount);
}

// Fields are found by where they begin, not by their number.
static void fields_are_found(void **state) {
    (void)state;
    assert_int_equal(abi_index(&abi_context, offsetof(nnrt_context, weights)), 0);
    assert_int_equal(abi_index(&abi_context, FIELD_IS_WATCHED), abi_context.field_count - 1);
    assert_string_equal(abi_context.fields[abi_index(&abi_context, FIELD_LOSS)].name, "loss");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tables_are_sound),
        cmocka_unit_test(spoiled_rows_are_seen),
        cmocka_unit_test(fields_are_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
