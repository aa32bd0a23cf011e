// Batches made ahead of the steps. Fails when a batch depends on how many threads make it, on how
// many workers read it, on its size or on what ran before; when a buffer is filled while it is
// read; or when a sample that cannot be read goes unnoticed.
#include "../../runtime/data/loader.h"
#include "../../runtime/data/transforms/pictures/augment.h"
#include "../../runtime/workers/team.h"
#include "augmented.h"
#include "picture_files.h"

enum { SIDE = 6, SIZE = SIDE * SIDE * 3, ROWS = 203, EPOCH = 5 };

static uint8_t pictures[ROWS * SIZE];
static int32_t labels[ROWS];
static uint32_t order[ROWS];
static nnrt_data data;

static int set_up(void **state) {
    const nnrt_call calls[] = {PLAIN("augment"), AUGMENTATION("flip", TEXT("direction", "both")),
                               AUGMENTATION("crop", NUMBER("pad", 2)),
                               AUGMENTATION("rotate", NUMBER("degrees", 30))};
    (void)state;
    data = (nnrt_data){.columns = {pictures, labels}, .row_count = ROWS};
    data.info.inputs[0] =
        (nnrt_column){.dtype = NNRT_U8, .rank = 3, .shape = {SIDE, SIDE, 3}, .size = SIZE};
    data.info.targets[0].column = (nnrt_column){.dtype = NNRT_I32, .size = 1};
    data.info.input_count = data.info.target_count = 1;
    if (augment_of(calls, COUNT(calls), &data.info.augment)) fail_msg("%s", nnrt_error());
    for (int i = 0; i < ROWS * SIZE; i++) pictures[i] = (uint8_t)(i * 7 + i / SIZE);
    for (uint32_t i = 0; i < ROWS; i++) order[i] = (i * 71 + 3) % ROWS;
    for (int i = 0; i < ROWS; i++) labels[i] = 1000 + i;
    return 0;
}

// ---- A pass of workers that copy what they are given.

typedef struct Work {
    nnrt_loader *loader;
    nnrt_team *team;
    int64_t batch, first, end;
    uint8_t *samples; // [ROWS, SIZE]
    int32_t *targets;
} Work;

static void copy_steps(void *argument, int thread, int threads) {
    Work *work = argument;
    for (int64_t step = work->first; step < work->end; step++) {
        nnrt_batch batch = nnrt_loader_take(work->loader, step, thread);
        int64_t start = step * work->batch, rows = ROWS - start;
        if (rows > work->batch) rows = work->batch;
        for (int64_t i = rows * thread / threads; i < rows * (thread + 1) / threads; i++) {
            int64_t place = batch.index[i];
            memcpy(work->samples + (start + i) * SIZE,
                   (const uint8_t *)batch.columns[0] + place * SIZE, SIZE);
            work->targets[start + i] = ((const int32_t *)batch.columns[1])[place];
        }
        nnrt_team_meet(work->team, thread, threads);
    }
}

static void run_pass(nnrt_loader *loader, nnrt_team *team, int64_t batch, int64_t chunk,
                     uint8_t *samples) {
    int32_t targets[ROWS];
    int64_t steps = (ROWS + batch - 1) / batch;
    nnrt_loader_start(loader, order, ROWS, batch, 0, steps, 1, EPOCH);
    for (int64_t first = 0; first < steps; first += chunk) {
        int64_t end = first + chunk < steps ? first + chunk : steps;
        Work work = {loader, team, batch, first, end, samples, targets};
        nnrt_team_run(team, nnrt_team_size(team), copy_steps, &work);
        nnrt_loader_release(loader, end);
    }
    for (int i = 0; i < ROWS; i++) assert_int_equal(targets[i], 1000 + (int)order[i]);
    if (nnrt_loader_status(loader)) fail_msg("%s", nnrt_error());
}

// What the samples are, by the definition.
static void expect_samples(uint8_t *samples) {
    for (int i = 0; i < ROWS; i++) {
        nnrt_random random = nnrt_augment_random(1, EPOCH, order[i]);
        nnrt_augment_sample(&data.info.augment, &data.info.inputs[0], &random,
                            pictures + order[i] * SIZE, samples + i * SIZE);
    }
}

static void test_same_samples(void **state) {
    static uint8_t expected[ROWS * SIZE], samples[ROWS * SIZE];
    static const int64_t batches[] = {1, 7, 32, ROWS};
    (void)state;
    expect_samples(expected);
    for (int workers = 1; workers <= 3; workers++) {
        nnrt_team *team = nnrt_team_create(workers);
        for (int threads = 0; threads <= 3; threads++) {
            nnrt_loader *loader =
                nnrt_loader_create(&data, NNRT_FOR_TRAINING, ROWS, workers, threads);
            assert_non_null(loader);
            for (int i = 0; i < 4; i++) {
                memset(samples, 0, sizeof samples);
                run_pass(loader, team, batches[i], i + 2, samples);
                assert_memory_equal(samples, expected, sizeof samples);
            }
            nnrt_loader_free(loader);
        }
        nnrt_team_free(team);
    }
}

static void test_evaluation_is_plain(void **state) {
    static uint8_t samples[ROWS * SIZE];
    (void)state;
    assert_true(nnrt_loader_is_needed(&data, NNRT_FOR_TRAINING));
    assert_false(nnrt_loader_is_needed(&data, NNRT_FOR_EVALUATION));
    nnrt_team *team = nnrt_team_create(2);
    nnrt_loader *loader = nnrt_loader_create(&data, NNRT_FOR_EVALUATION, 16, 2, 1);
    run_pass(loader, team, 16, 100, samples);
    for (int i = 0; i < ROWS; i++)
        assert_memory_equal(samples + i * SIZE, pictures + order[i] * SIZE, SIZE);
    nnrt_loader_free(loader);
    nnrt_team_free(team);
}

// Passes that end early, as by a signal, leave nothing behind.
static void test_stopped_passes(void **state) {
    static uint8_t expected[ROWS * SIZE], samples[ROWS * SIZE];
    (void)state;
    expect_samples(expected);
    nnrt_team *team = nnrt_team_create(2);
    nnrt_loader *loader = nnrt_loader_create(&data, NNRT_FOR_TRAINING, 32, 2, 2);
    for (int i = 0; i < 50; i++) {
        nnrt_loader_start(loader, order, ROWS, 3 + i % 29, 0, 7, 99, i);
        if (i % 3 == 0) {
            nnrt_loader_take(loader, 0, 0);
            nnrt_loader_take(loader, 1, 0);
        }
        if (i % 2) nnrt_loader_stop(loader);
    }
    run_pass(loader, team, 32, 3, samples);
    assert_memory_equal(samples, expected, sizeof samples);
    nnrt_loader_free(loader);
    nnrt_team_free(team);
}

static void test_other_epochs(void **state) {
    (void)state;
    nnrt_loader *loader = nnrt_loader_create(&data, NNRT_FOR_TRAINING, ROWS, 1, 0);
    uint8_t first[SIZE * 8];
    nnrt_loader_start(loader, order, ROWS, ROWS, 0, 1, 1, 0);
    memcpy(first, nnrt_loader_take(loader, 0, 0).columns[0], sizeof first);
    nnrt_loader_start(loader, order, ROWS, ROWS, 0, 1, 1, 1);
    assert_memory_not_equal(first, nnrt_loader_take(loader, 0, 0).columns[0], sizeof first);
    nnrt_loader_start(loader, order, ROWS, ROWS, 0, 1, 2, 0);
    assert_memory_not_equal(first, nnrt_loader_take(loader, 0, 0).columns[0], sizeof first);
    nnrt_loader_start(loader, order, ROWS, ROWS, 0, 1, 1, 0);
    assert_memory_equal(first, nnrt_loader_take(loader, 0, 0).columns[0], sizeof first);
    nnrt_loader_free(loader);
}

// ---- Samples from files.

#ifdef NNC_TESTS_HAVE_PICTURES
static void test_unreadable_sample(void **state) {
    const nnrt_call stages[] = {
        SOURCE("images", TEXT("folder", scratch_folder()), TEXT("memory", "none"))};
    uint8_t pixels[SIZE];
    nnrt_data files;
    (void)state;
    memset(pixels, 200, sizeof pixels);
    put_png("a/1.png", SIDE, SIDE, 3, pixels);
    put_png("a/2.png", SIDE, SIDE, 3, pixels);
    if (nnrt_data_load(stages, 1, ".", &files)) fail_msg("%s", nnrt_error());
    assert_true(nnrt_loader_is_needed(&files, NNRT_FOR_EVALUATION));
    for (int threads = 0; threads < 2; threads++) {
        nnrt_loader *loader = nnrt_loader_create(&files, NNRT_FOR_TRAINING, 2, 1, threads);
        nnrt_loader_start(loader, files.train.rows, 2, 2, 0, 1, 0, 0);
        assert_memory_equal(nnrt_loader_take(loader, 0, 0).columns[0], pixels, SIZE);
        assert_int_equal(nnrt_loader_status(loader), NNRT_OK);
        nnrt_loader_stop(loader);
        put_file("a/2.png", "x", 1); // it changes while the program trains
        nnrt_loader_start(loader, files.train.rows, 2, 2, 0, 1, 0, 1);
        nnrt_loader_take(loader, 0, 0);
        assert_int_equal(nnrt_loader_status(loader), NNRT_ERROR);
        assert_message("a/2.png");
        nnrt_loader_free(loader);
        put_png("a/2.png", SIDE, SIDE, 3, pixels);
    }
    nnrt_data_free(&files);
}
#endif

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_same_samples, set_up),
        cmocka_unit_test_setup(test_evaluation_is_plain, set_up),
        cmocka_unit_test_setup(test_stopped_passes, set_up),
        cmocka_unit_test_setup(test_other_epochs, set_up),
#ifdef NNC_TESTS_HAVE_PICTURES
        cmocka_unit_test(test_unreadable_sample),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, scratch_remove);
}
