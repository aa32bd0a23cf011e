// The list of what a training depends on, copies of it, and checkpoints: what is written is what is
// read, whatever the type and layout; names are unique; files that do not fit say all that differs.
#include "program.h"

#include "../../runtime/state/keeper.h"

static float weights[WEIGHTS], slots[WEIGHTS];
static int64_t step, rows;
static double rate, losses[4];
static uint64_t amounts[2][2];

static void fill(float first) {
    const float kernel[] = {first, 2, 3, 4, 5, 6}, bias[] = {7, 8, first};
    nnrt_weights_put(&program_parameters[0], weights, kernel);
    nnrt_weights_put(&program_parameters[1], weights, bias);
    nnrt_weights_put(&program_parameters[0], slots, kernel);
    step = (int64_t)first;
    rate = (double)first / 3;
    rows = 2;
    for (int i = 0; i < 4; i++) losses[i] = (double)first * i;
    amounts[1][0] = (uint64_t)first << 40;
}

static void list(nnrt_state *state) {
    for (int i = 0; i < 2; i++) {
        const nnrt_parameter *parameter = &program_parameters[i];
        nnrt_state_parameter(state, NULL, parameter, weights + parameter->storage.offset);
    }
    size_t outside = nnrt_state_enter(state, "steps/%d", 0);
    nnrt_state_parameter(state, "momentum", &program_parameters[0], slots);
    nnrt_state_leave(state, outside);
    nnrt_state_integer(state, "step", &step);
    nnrt_state_real(state, "rate", &rate);
    nnrt_state_numbers(state, "losses", NNRT_STATE_F64, losses, 4, 1, &rows);
    nnrt_state_numbers(state, "amounts", NNRT_STATE_U64, amounts, 2, 2, NULL);
    assert_int_equal(nnrt_state_check(state), NNRT_OK);
}

static void write_state(const nnrt_state *state, const char *path) {
    nnrt_snapshot snapshot;
    nnrt_weights_info info = {.seed = 5};
    assert_int_equal(nnrt_snapshot_open(&snapshot, state), NNRT_OK);
    nnrt_snapshot_take(&snapshot);
    fill(99); // what is copied is copied
    if (nnrt_checkpoint_write(path, &program, &info, &snapshot, 0)) fail_msg("%s", nnrt_error());
    nnrt_snapshot_close(&snapshot);
}

static void round_trip(void **nothing) {
    nnrt_state state = {0};
    nnrt_safetensors file;
    float loaded[WEIGHTS] = {0}, wanted[WEIGHTS];
    nnrt_weights_info info;
    (void)nothing;
    list(&state);
    fill(1);
    memcpy(wanted, weights, sizeof wanted);
    write_state(&state, "c");
    assert_int_equal(nnrt_checkpoint_open(&file, "c"), NNRT_OK);
    assert_int_equal(nnrt_checkpoint_compare(&file, &state), NNRT_OK);
    rows = 0;
    assert_int_equal(nnrt_checkpoint_restore(&file, &state), NNRT_OK);
    assert_memory_equal(weights, wanted, sizeof weights);
    assert_true(slots[0] == 1 && step == 1 && rate == 1.0 / 3 && rows == 2 && losses[1] == 1);
    assert_true(amounts[1][0] == UINT64_C(1) << 40 && losses[3] == 99 * 3); // not in use: as it was
    nnrt_state_ignore(&state, "ra");
    rate = 5;
    assert_int_equal(nnrt_checkpoint_restore(&file, &state), NNRT_OK);
    assert_true(rate == 5);
    assert_int_equal(nnrt_weights_load("c", &program, NULL, loaded, &info), NNRT_OK);
    assert_memory_equal(loaded, wanted, sizeof wanted);
    nnrt_safetensors_close(&file);
    nnrt_state_clear(&state);
}

static void says_all_that_differs(void **nothing) {
    nnrt_state state = {0}, other = {0};
    nnrt_safetensors file;
    nnrt_parameter wide = program_parameters[0];
    (void)nothing;
    list(&state);
    fill(1);
    write_state(&state, "c");
    wide.shape[1] = 4;
    nnrt_state_parameter(&other, NULL, &wide, weights);
    nnrt_state_integer(&other, "rate", &step);
    nnrt_state_integer(&other, "unknown", &step);
    nnrt_state_numbers(&other, "losses", NNRT_STATE_F64, losses, 1, 1, &rows);
    other.may_be_missing = 1;
    nnrt_state_integer(&other, "missing", &step);
    assert_int_equal(nnrt_checkpoint_open(&file, "c"), NNRT_OK);
    assert_int_equal(nnrt_checkpoint_compare(&file, &other), NNRT_ERROR);
    assert_string_equal(nnrt_error(),
                        "the checkpoint `c` does not fit this program:\n"
                        "  dense/kernel: F32 [2, 3] in the file, F32 [2, 4] in the program\n"
                        "  nnc.state/rate: F64 [] in the file, I64 [] in the program\n"
                        "  nnc.state/unknown: [] in the program, not in the file\n"
                        "  nnc.state/losses: F64 [2, 1] in the file, F64 [1, 1] in the program\n"
                        "  dense/bias: [3] in the file, not in the program");
    nnrt_safetensors_close(&file);
    nnrt_state_clear(&state);
    nnrt_state_clear(&other);
}

// Each byte, each length.
static void damage_is_noticed(void **nothing) {
    nnrt_state state = {0};
    nnrt_safetensors file;
    char text[1 << 14];
    (void)nothing;
    list(&state);
    fill(1);
    write_state(&state, "c");
    FILE *whole = fopen("c", "rb");
    size_t size = fread(text, 1, sizeof text, whole);
    fclose(whole);
    for (size_t i = 0; i < 2 * size; i += 1 + i % 7) {
        FILE *damaged = fopen("d", "wb");
        if (i < size) text[i] ^= 16;
        fwrite(text, 1, i < size ? size : i - size, damaged);
        if (i < size) text[i] ^= 16;
        fclose(damaged);
        if (nnrt_checkpoint_open(&file, "d") == NNRT_OK) fail_msg("place %zu", i);
    }
    nnrt_state_clear(&state);
}

static void names_follow_the_extension(void **nothing) {
    char name[64];
    (void)nothing;
    assert_true(nnrt_keeper_name("a.b/run.safetensors", "-best", name, sizeof name));
    assert_string_equal(name, "a.b/run-best.safetensors");
    assert_true(nnrt_keeper_name("a.b/run", "-best", name, sizeof name));
    assert_string_equal(name, "a.b/run-best");
    assert_true(nnrt_keeper_name(".run", "-best", name, sizeof name));
    assert_string_equal(name, ".run-best");
    assert_false(nnrt_keeper_name("a.b/run.safetensors", "-best", name, 24));
}

// Names of files follow each other; weights that are no numbers are not kept.
static void keeps_two_and_the_best(void **nothing) {
    nnrt_state state = {0};
    nnrt_snapshot snapshot;
    nnrt_weights_info info = {0};
    nnrt_safetensors file;
    static const struct {
        const char *path;
        int64_t step;
    } wanted[] = {{"k.s", 4}, {"k.s~", 3}, {"k-best.s", 2}};
    (void)nothing;
    list(&state);
    assert_int_equal(nnrt_snapshot_open(&snapshot, &state), NNRT_OK);
    nnrt_keeper *keeper = nnrt_keeper_create("k.s", &program, 1, 1);
    assert_non_null(keeper);
    for (int i = 1; i <= 5; i++) {
        fill((float)i);
        if (i == 5) weights[KERNEL] = NAN;
        nnrt_snapshot_take(&snapshot);
        nnrt_keeper_write(keeper, &snapshot, &info, i == 2);
        assert_int_equal(nnrt_keeper_wait(keeper), NNRT_OK);
    }
    nnrt_keeper_free(keeper);
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        int64_t found;
        if (nnrt_checkpoint_open(&file, wanted[i].path)) fail_msg("%s", nnrt_error());
        assert_int_equal(nnrt_checkpoint_integer(&file, "step", 0, 9, &found), NNRT_OK);
        assert_int_equal(found, wanted[i].step);
        nnrt_safetensors_close(&file);
    }
    nnrt_snapshot_close(&snapshot);
    nnrt_state_clear(&state);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trip),
        cmocka_unit_test(says_all_that_differs),
        cmocka_unit_test(damage_is_noticed),
        cmocka_unit_test(names_follow_the_extension),
        cmocka_unit_test(keeps_two_and_the_best),
    };
    return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
