// Augmentation and resizing of one picture. Fails when a movement is not Keras's, a flip or crop
// takes a wrong pixel, or the random numbers depend on anything but seed, epoch and row.
#include "../../runtime/data/transforms/pictures/augment.h"
#include "../../runtime/formats/pictures/resize.h"
#include "augmented.h"
#include "data_files.h"

enum { MAX_VALUES = 1024, LINE = 1 << 15 };

static nnrt_column column_of(int64_t dtype, int64_t height, int64_t width, int64_t channels) {
    nnrt_column column = {.dtype = dtype, .rank = 3, .shape = {height, width, channels}};
    column.size = height * width * channels;
    return column;
}

// ---- Against Keras (fixtures/make_picture_fixtures.py).

static int read_values(FILE *file, float *values) {
    static char line[LINE];
    int count = 0, used;
    assert_non_null(fgets(line, sizeof line, file));
    for (char *at = line; sscanf(at, "%f%n", &values[count], &used) == 1; at += used)
        if (++count == MAX_VALUES) fail_msg("a case is too large");
    return count;
}

static void compare(const char *what, const float *values, const float *expected, int count) {
    for (int i = 0; i < count; i++)
        if (!(fabsf(values[i] - expected[i]) < 2e-2f))
            fail_msg("%s: value %d is %g, Keras has %g", what, i, values[i], expected[i]);
}

static void to_bytes(const float *values, uint8_t *bytes, int count) {
    for (int i = 0; i < count; i++) bytes[i] = (uint8_t)values[i];
}

// Bytes are what floats are, rounded; Keras's last bit may decide where the float is a half.
static void compare_bytes(const char *what, const uint8_t *bytes, const float *expected,
                          int count) {
    for (int i = 0; i < count; i++)
        if (!(fabsf((float)bytes[i] - expected[i]) <= 0.52f))
            fail_msg("%s: byte %d is %d, Keras has %g", what, i, bytes[i], expected[i]);
}

static void check_resize(const char *words, const float *from, const float *expected, int count) {
    float values[MAX_VALUES];
    uint8_t bytes[MAX_VALUES], small[MAX_VALUES];
    long long h, w, c, to_h, to_w;
    assert_int_equal(sscanf(words, "resize %lld %lld %lld %lld %lld", &h, &w, &c, &to_h, &to_w), 5);
    nnrt_resize_floats(from, h, w, c, values, to_h, to_w);
    compare(words, values, expected, count);
    to_bytes(from, bytes, (int)(h * w * c));
    nnrt_resize_bytes(bytes, h, w, c, small, to_h, to_w);
    compare_bytes(words, small, expected, count);
}

static void check_movement(const char *words, const float *from, const float *expected, int count) {
    float values[MAX_VALUES];
    uint8_t bytes[MAX_VALUES], moved[MAX_VALUES];
    long long h, w, c;
    nnrt_movement m = {0};
    assert_int_equal(sscanf(words, "move %lld %lld %lld %lf %lf %lf %lf %lf", &h, &w, &c,
                            &m.degrees, &m.down, &m.right, &m.tall, &m.wide),
                     8);
    nnrt_column column = column_of(NNRT_F32, h, w, c);
    nnrt_augment_move(&m, 0, &column, from, values);
    compare(words, values, expected, count);
    to_bytes(from, bytes, count);
    column.dtype = NNRT_U8;
    nnrt_augment_move(&m, 0, &column, bytes, moved);
    compare_bytes(words, moved, expected, count);
}

static void test_as_keras(void **state) {
    static float from[MAX_VALUES], expected[MAX_VALUES];
    char words[256];
    int cases = 0;
    (void)state;
    FILE *file = fopen(NNC_SOURCE_DIR "/tests/fixtures/keras/pictures.txt", "r");
    assert_non_null(file);
    for (; fgets(words, sizeof words, file); cases++) {
        words[strcspn(words, "\n")] = '\0';
        read_values(file, from);
        int count = read_values(file, expected);
        if (strncmp(words, "resize", 6) == 0)
            check_resize(words, from, expected, count);
        else
            check_movement(words, from, expected, count);
    }
    fclose(file);
    assert_int_equal(cases, 13);
}

// ---- Fills and shear.

static void test_fills(void **state) {
    static const uint8_t row[4] = {10, 20, 30, 40};
    static const uint8_t expected[4][4] = {
        {10, 10, 10, 20}, {0, 0, 10, 20}, {20, 10, 10, 20}, {30, 40, 10, 20}};
    nnrt_column column = column_of(NNRT_U8, 1, 4, 1);
    nnrt_movement m = {.right = -2, .tall = 1, .wide = 1};
    (void)state;
    for (int fill = 0; fill < 4; fill++) {
        uint8_t moved[4];
        nnrt_augment_move(&m, fill, &column, row, moved);
        assert_memory_equal(moved, expected[fill], 4);
    }
}

// Rows move sideways by a share of their distance from the centre.
static void test_shear(void **state) {
    static const uint8_t from[9] = {1, 2, 3, 4, 5, 6, 7, 8, 9},
                         expected[9] = {2, 3, 0, 4, 5, 6, 0, 7, 8};
    uint8_t moved[9];
    nnrt_column column = column_of(NNRT_U8, 3, 3, 1);
    nnrt_movement m = {.shear = 1, .tall = 1, .wide = 1};
    (void)state;
    nnrt_augment_move(&m, 1, &column, from, moved);
    assert_memory_equal(moved, expected, 9);
}

// ---- Flips and crops.

#define AUGMENT(...)                                                                               \
    ({                                                                                             \
        nnrt_augment made;                                                                         \
        if (augment_of(STAGES(PLAIN("augment"), __VA_ARGS__), &made))                              \
            fail_msg("%s", nnrt_error());                                                          \
        made;                                                                                      \
    })

enum { SIDE = 5, PAD = 2 };

// The flip and the window that give `to`; -1: none do.
static int find_window(const uint8_t *from, const uint8_t *to, int channels) {
    for (int flip = 0; flip < 4; flip++)
        for (int window = 0; window < (2 * PAD + 1) * (2 * PAD + 1); window++) {
            int down = window / (2 * PAD + 1) - PAD, right = window % (2 * PAD + 1) - PAD, same = 1;
            for (int i = 0; i < SIDE * SIDE * channels && same; i++) {
                int y = i / channels / SIDE + down, x = i / channels % SIDE + right;
                int inside = y >= 0 && y < SIDE && x >= 0 && x < SIDE;
                if (flip & 1) x = SIDE - 1 - x;
                if (flip & 2) y = SIDE - 1 - y;
                int value = inside ? from[(y * SIDE + x) * channels + i % channels] : 0;
                same = value == to[i];
            }
            if (same) return flip * 100 + window;
        }
    return -1;
}

static void count_windows(const nnrt_augment *augment, int64_t rank, int channels, int *flips,
                          int *windows) {
    uint8_t from[SIDE * SIDE * 4], to[sizeof from];
    nnrt_column column = column_of(NNRT_U8, SIDE, SIDE, channels);
    column.rank = rank;
    for (int i = 0; i < (int)sizeof from; i++) from[i] = (uint8_t)(i + 1);
    for (uint32_t row = 0; row < 2000; row++) {
        nnrt_random random = nnrt_augment_random(1, 2, row);
        memset(to, 0xee, sizeof to);
        nnrt_augment_sample(augment, &column, &random, from, to);
        int found = find_window(from, to, channels);
        if (found < 0) fail_msg("row %u is no flipped window of the picture", row);
        flips[found / 100]++;
        windows[found % 100]++;
    }
}

static void test_flip_and_crop(void **state) {
    (void)state;
    nnrt_augment augment = AUGMENT(AUGMENTATION("flip", TEXT("direction", "horizontal")),
                                   AUGMENTATION("crop", NUMBER("pad", PAD)));
    for (int channels = 1; channels <= 4; channels++) {
        int flips[4] = {0}, windows[25] = {0};
        count_windows(&augment, channels == 1 ? 2 : 3, channels, flips, windows);
        assert_in_range(flips[1], 880, 1120); // 1000 and 5 deviations of 22
        assert_int_equal(flips[2] + flips[3], 0);
        for (int i = 0; i < 25; i++) assert_in_range(windows[i], 36, 124); // 80, of 8.8
    }
    int flips[4] = {0}, windows[25] = {0};
    augment = AUGMENT(AUGMENTATION("flip", TEXT("direction", "both")));
    count_windows(&augment, 3, 3, flips, windows);
    for (int i = 0; i < 4; i++) assert_in_range(flips[i], 400, 600);
    assert_int_equal(windows[12], 2000);
}

// A crop of a picture that was moved takes the same window as one that was not.
static void test_movement_before_crop(void **state) {
    uint8_t from[SIDE * SIDE], moved[sizeof from];
    nnrt_column column = column_of(NNRT_U8, SIDE, SIDE, 1);
    (void)state;
    nnrt_augment nearly = AUGMENT(AUGMENTATION("rotate", NUMBER("degrees", 1e-6)),
                                  AUGMENTATION("flip", TEXT("direction", "both")),
                                  AUGMENTATION("crop", NUMBER("pad", PAD)));
    for (int i = 0; i < (int)sizeof from; i++) from[i] = (uint8_t)(10 * i);
    for (uint32_t row = 0; row < 100; row++) {
        nnrt_random random = nnrt_augment_random(7, 0, row);
        nnrt_augment_sample(&nearly, &column, &random, from, moved);
        int found = find_window(from, moved, 1);
        assert_true(found >= 0);
    }
}

static void test_brightness(void **state) {
    uint8_t from[3] = {0, 100, 250}, to[3];
    float floats[3] = {0, 100, 250}, lit[3];
    int lighter = 0, clipped = 0;
    (void)state;
    nnrt_augment augment = AUGMENT(AUGMENTATION("brightness", NUMBER("fraction", 0.5)));
    nnrt_column bytes = column_of(NNRT_U8, 1, 3, 1), values = column_of(NNRT_F32, 1, 3, 1);
    for (uint32_t row = 0; row < 200; row++) {
        nnrt_random random = nnrt_augment_random(1, 1, row), again = random;
        nnrt_augment_sample(&augment, &bytes, &random, from, to);
        nnrt_augment_sample(&augment, &values, &again, floats, lit);
        assert_int_equal(to[0], 0);
        assert_in_range(to[1], 50, 150);
        assert_true(fabsf(lit[1] - to[1]) <= 0.5f);
        lighter += to[1] > 100;
        clipped += to[2] == 255;
    }
    assert_in_range(lighter, 60, 140);
    assert_true(clipped > 0);
}

// ---- Randomness.

static void test_numbers(void **state) {
    (void)state;
    nnrt_random first = nnrt_augment_random(1, 2, 3), same = nnrt_augment_random(1, 2, 3);
    nnrt_random others[] = {nnrt_augment_random(2, 2, 3), nnrt_augment_random(1, 3, 3),
                            nnrt_augment_random(1, 2, 4)};
    uint32_t bits = nnrt_random_bits(&first);
    assert_int_equal(bits, nnrt_random_bits(&same));
    for (int i = 0; i < 3; i++) assert_int_not_equal(bits, nnrt_random_bits(&others[i]));
}

// The numbers that one sample draws must not be those of the next one.
static void test_rows_do_not_overlap(void **state) {
    uint8_t from[4] = {1, 2, 3, 4}, to[4];
    nnrt_column column = column_of(NNRT_U8, 2, 2, 1);
    (void)state;
    nnrt_augment all = AUGMENT(
        AUGMENTATION("rotate", NUMBER("degrees", 10)), AUGMENTATION("shift", NUMBER("height", 0.1)),
        AUGMENTATION("shear", NUMBER("fraction", 0.1)),
        AUGMENTATION("zoom", NUMBER("fraction", 0.1)),
        AUGMENTATION("flip", TEXT("direction", "both")), AUGMENTATION("crop", NUMBER("pad", 1)),
        AUGMENTATION("brightness", NUMBER("fraction", 0.1)));
    nnrt_random random = nnrt_augment_random(1, 2, 3);
    nnrt_augment_sample(&all, &column, &random, from, to);
    nnrt_random next = nnrt_augment_random(1, 2, 4);
    assert_true(random.position <= next.position);
}

static void test_twice(void **state) {
    nnrt_augment augment;
    const nnrt_call flip = AUGMENTATION("flip", TEXT("direction", "both"));
    (void)state;
    assert_int_equal(augment_of(STAGES(PLAIN("augment"), flip, flip), &augment), NNRT_ERROR);
    assert_message("augment(..): `flip` stands twice");
    assert_int_equal(augment_of(STAGES(PLAIN("augment"), PLAIN("augment")), &augment), NNRT_ERROR);
    assert_message("augment(..) stands twice");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_as_keras),
        cmocka_unit_test(test_fills),
        cmocka_unit_test(test_shear),
        cmocka_unit_test(test_flip_and_crop),
        cmocka_unit_test(test_movement_before_crop),
        cmocka_unit_test(test_brightness),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_rows_do_not_overlap),
        cmocka_unit_test(test_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
