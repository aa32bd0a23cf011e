// Folders of pictures, and JPEG files. Fails when a picture gets another class, part or place, when
// what is decoded ahead differs from what lies in memory, or a damaged file is not named.
#include "../common/calls.h"
#include "loaded_data.h"
#include "picture_files.h"

#include "../../runtime/formats/pictures/picture.h"

#ifdef NNC_TESTS_HAVE_PICTURES

enum { HEIGHT = 3, WIDTH = 4, SIZE = HEIGHT * WIDTH * 3 };

static nnrt_data_info info;

static int set_up(void **state) {
    char command[PATH_SIZE];
    (void)state;
    snprintf(command, sizeof command, "rm -rf %s/*", scratch_folder());
    setenv("NNC_DATA", scratch_folder(), 1);
    setenv("XDG_CACHE_HOME", "/no/cache", 1);
    return system(command);
}

// A picture whose values begin with `value`.
static void put_picture(const char *name, int value) {
    uint8_t pixels[SIZE];
    for (int i = 0; i < SIZE; i++) pixels[i] = (uint8_t)(value + i);
    put_png(name, HEIGHT, WIDTH, 3, pixels);
}

static void load(const nnrt_call *stages, int64_t count) {
    nnrt_data_free(&data);
    if (nnrt_data_inspect(stages, count, ".", &info)) fail_msg("%s", nnrt_error());
    if (nnrt_data_load(stages, count, ".", &data)) fail_msg("%s", nnrt_error());
    assert_string_equal(data.info.fingerprint, info.fingerprint);
    assert_int_equal(data.info.inputs[0].size, info.inputs[0].size);
    assert_int_equal(data.train.count, info.train_rows);
}

#define LOAD(stages) load(stages, COUNT(stages))
#define PETS SOURCE("images", TEXT("folder", "pets"))

static int first_value(int64_t row) {
    uint8_t values[SIZE * 4];
    if (nnrt_data_sample(&data, 0, (uint32_t)row, values)) fail_msg("%s", nnrt_error());
    return values[0];
}

static void assert_row(int64_t row, int value, int label) {
    assert_int_equal(first_value(row), value);
    assert_int_equal(((int32_t *)data.columns[1])[row], label);
}

// ---- Folders.

static void test_classes(void **state) {
    static const int values[] = {11, 12, 13, 21, 31};
    static const int labels[] = {0, 0, 0, 1, 2};
    const nnrt_call stages[] = {PETS};
    (void)state;
    put_picture("pets/dogs/a.PNG", 31);
    put_picture("pets/cats/2.png", 12);
    put_picture("pets/cats/1.png", 11);
    put_picture("pets/cats/deeper/3.png", 13);
    put_picture("pets/.hidden/1.png", 99);
    put_picture("pets/cows/1.png", 21);
    put_file("pets/cats/readme.txt", "text", 4);
    put_file("pets/list.csv", "text", 4);
    LOAD(stages);
    assert_int_equal(data.row_count, 5);
    assert_int_equal(info.targets[0].classes, 3);
    assert_string_equal(info.targets[0].class_names[0], "cats");
    assert_string_equal(info.targets[0].class_names[1], "cows");
    assert_string_equal(info.targets[0].class_names[2], "dogs");
    assert_int_equal(info.inputs[0].dtype, NNRT_U8);
    assert_int_equal(info.inputs[0].shape[0], HEIGHT);
    assert_int_equal(info.inputs[0].shape[1], WIDTH);
    assert_int_equal(info.inputs[0].shape[2], 3);
    for (int i = 0; i < 5; i++) assert_row(i, values[i], labels[i]);
}

static void put_parts(void) {
    put_picture("pets/train/a/1.png", 1);
    put_picture("pets/train/b/1.png", 2);
    put_picture("pets/train/b/2.png", 3);
    put_picture("pets/val/b/1.png", 4);
    put_picture("pets/test/a/1.png", 5);
    put_picture("pets/test/b/1.png", 6);
}

static void test_parts(void **state) {
    const nnrt_call stages[] = {PETS, TRANSFORM("scale", NUMBER("a", 0.5))};
    const nnrt_call split[] = {PETS, TRANSFORM("split", NUMBER("validation", 0.5))};
    (void)state;
    put_parts();
    LOAD(stages);
    assert_int_equal(data.train.count, 3);
    assert_int_equal(data.validation.count, 1);
    assert_int_equal(data.test.count, 2);
    assert_row(data.train.rows[0], 1, 0);
    assert_row(data.train.rows[2], 3, 1);
    assert_row(data.validation.rows[0], 4, 1);
    assert_row(data.test.rows[0], 5, 0);
    FAILS(split, "have a validation part already, of 1 rows");
    put_picture("pets/test/c/1.png", 7);
    FAILS(stages, "`c`, which the training part does not have");
}

static void test_split(void **state) {
    char name[32];
    const nnrt_call stages[] = {PETS, TRANSFORM("split", NUMBER("validation", 0.25),
                                                NUMBER("seed", 1), NUMBER("stratify", 1))};
    (void)state;
    for (int i = 0; i < 16; i++) {
        snprintf(name, sizeof name, "pets/%c/%02d.png", i < 12 ? 'a' : 'b', i);
        put_picture(name, i);
    }
    LOAD(stages);
    int of_b = 0;
    for (int i = 0; i < 4; i++) of_b += ((int32_t *)data.columns[1])[data.validation.rows[i]];
    assert_int_equal(data.validation.count, 4);
    assert_int_equal(of_b, 1);
}

static void test_wrong_folders(void **state) {
    const nnrt_call stages[] = {PETS}, missing[] = {SOURCE("images", TEXT("folder", "none"))};
    (void)state;
    assert_int_equal(nnrt_data_inspect(missing, 1, ".", &info), NNRT_DATA_MISSING);
    put_file("pets", "x", 1);
    FAILS(stages, "is not a folder");
    unlink(scratch("pets"));
    with_folders("pets/cats/");
    FAILS(stages, "holds no pictures");
    put_file("pets/cats/1.png", "GIF89a", 6);
    FAILS(stages, "pets/cats/1.png");
}

// The folder that was probably meant is named.
static void test_wrong_level(void **state) {
    const nnrt_call stages[] = {PETS};
    const nnrt_call inner[] = {SOURCE("images", TEXT("folder", "pets/all"))};
    char command[PATH_SIZE];
    (void)state;
    put_picture("pets/all/cats/1.png", 1);
    put_picture("pets/all/dogs/1.png", 1);
    FAILS(stages, "a single folder, `all`, whose 2 folders are probably the classes");
    assert_message("pets/all`");
    LOAD(inner);
    with_folders("pets/all/birds/");
    FAILS(inner, "pets/all/birds` has no pictures");
    snprintf(command, sizeof command, "cd %s/pets && rmdir all/birds && mv all training_set",
             scratch_folder());
    assert_int_equal(system(command), 0);
    put_picture("pets/test_set/cats/1.png", 1);
    FAILS(stages, "its name is that of a part: call the parts `train`");
    put_picture("pets/animals/train/cats/1.png", 1);
    FAILS(stages, "pets` holds parts, not classes: name the folder");
    assert_message("pets/animals`");
}

// ---- Pictures.

static void test_grayscale(void **state) {
    const uint8_t red[3] = {255, 0, 0}, grey[1] = {200};
    const nnrt_call stages[] = {
        SOURCE("images", TEXT("folder", "pets"), TEXT("color", "grayscale"))};
    (void)state;
    put_png("pets/a/1.png", 1, 1, 3, red);
    put_png("pets/a/2.png", 1, 1, 1, grey);
    put_jpeg("pets/a/3.jpg", 1, 1, JCS_RGB, 3, red);
    LOAD(stages);
    assert_int_equal(info.inputs[0].rank, 3);
    assert_int_equal(info.inputs[0].size, 1);
    const uint8_t *values = data.columns[0];
    assert_int_equal(values[0], 147); // the writer states sRGB: weighed in linear light
    assert_int_equal(values[1], 200);
    assert_in_range(values[2], 74, 78);
}

static void test_jpeg(void **state) {
    static const uint8_t colour[3] = {200, 40, 90}, grey[1] = {77};
    static const uint8_t inks[4] = {200, 100, 255, 128}; // as Adobe stores them: what is left
    static const int expected[3] = {100, 50, 128};
    nnrt_picture picture;
    (void)state;
    const char *path = put_jpeg("c.jpeg", 9, 17, JCS_RGB, 3, colour);
    assert_true(nnrt_is_picture(path));
    assert_int_equal(nnrt_picture_read(path, 3, &picture), NNRT_OK);
    assert_int_equal(picture.height, 9);
    assert_int_equal(picture.width, 17);
    for (int i = 0; i < 9 * 17 * 3; i++)
        assert_in_range(picture.pixels[i], colour[i % 3] - 3, colour[i % 3] + 3);
    nnrt_picture_free(&picture);
    assert_int_equal(
        nnrt_picture_read(put_jpeg("g.jpg", 2, 2, JCS_GRAYSCALE, 1, grey), 3, &picture), NNRT_OK);
    assert_in_range(picture.pixels[5], 75, 79);
    nnrt_picture_free(&picture);
    assert_int_equal(nnrt_picture_read(put_jpeg("k.jpg", 8, 8, JCS_CMYK, 4, inks), 3, &picture),
                     NNRT_OK);
    for (int i = 0; i < 3; i++)
        assert_in_range(picture.pixels[i], expected[i] - 4, expected[i] + 4);
    nnrt_picture_free(&picture);
}

static void try_reading(const char *path) {
    nnrt_picture picture;
    if (nnrt_picture_read(path, 3, &picture)) assert_message(path);
    nnrt_picture_free(&picture);
}

static void test_damaged_jpeg(void **state) {
    static const uint8_t colour[3] = {200, 40, 90};
    uint8_t bytes[4096];
    nnrt_picture picture;
    (void)state;
    const char *path = put_jpeg("d.jpg", 40, 40, JCS_RGB, 3, colour);
    size_t size = get_file(path, bytes, sizeof bytes);
    damage("e.jpg", bytes, size, 300, try_reading);
    assert_int_equal(nnrt_picture_read(put_file("t.jpg", bytes, size - 20), 3, &picture),
                     NNRT_ERROR);
    assert_message("t.jpg` is damaged");
}

// A progressive picture whose last scan is repeated again and again: small, but hours of work.
static void test_many_scans(void **state) {
    static const uint8_t colour[3] = {200, 40, 90};
    static uint8_t bytes[1 << 20];
    nnrt_picture picture;
    (void)state;
    const char *path = put_jpeg_kind("p.jpg", 40, 40, JCS_RGB, 3, colour, 1);
    size_t size = get_file(path, bytes, sizeof bytes) - 2, last = size; // without the end marker
    assert_int_equal(nnrt_picture_read(path, 3, &picture), NNRT_OK);
    nnrt_picture_free(&picture);
    while (bytes[last] != 0xff || bytes[last + 1] != 0xda) last--;
    for (size_t scan = size - last; size + scan + 2 < sizeof bytes; size += scan)
        memcpy(bytes + size, bytes + last, scan);
    memcpy(bytes + size, "\xff\xd9", 2);
    assert_int_equal(nnrt_picture_read(put_file("m.jpg", bytes, size + 2), 3, &picture),
                     NNRT_ERROR);
    assert_message("m.jpg` is damaged: it has more than 500 scans");
}

static void test_sizes(void **state) {
    const uint8_t pixels[100] = {0};
    const nnrt_call stages[] = {PETS};
    const nnrt_call resized[] = {PETS,
                                 TRANSFORM("resize", NUMBER("height", 6), NUMBER("width", 8))};
    uint8_t shown[6 * 8 * 3];
    (void)state;
    put_picture("pets/a/1.png", 1);
    put_png("pets/b/1.png", 2, 5, 3, pixels);
    FAILS(stages, "pets/a/1.png` is 4 pixels wide and 3 high");
    assert_message("pets/b/1.png` 5 and 2; add `-> resize(height, width)`");
    LOAD(resized);
    assert_int_equal(info.inputs[0].shape[0], 6);
    assert_int_equal(info.inputs[0].shape[1], 8);
    assert_int_equal(first_value(0), 1);
    assert_int_equal(first_value(1), 0);
    // `predict` does the same to a picture of another size.
    if (nnrt_read_picture(scratch("pets/a/1.png"), 3, info.inputs[0].shape, 1, shown))
        fail_msg("%s", nnrt_error());
    assert_memory_equal(shown, data.columns[0], sizeof shown);
}

// Wherever the damaged one stands, it is named.
static void test_damaged_picture(void **state) {
    char name[32], path[PATH_SIZE];
    const nnrt_call stages[] = {PETS};
    (void)state;
    for (int i = 0; i < 200; i++) {
        snprintf(name, sizeof name, "pets/a/%03d.png", i);
        put_picture(name, i);
    }
    snprintf(path, sizeof path, "%s", scratch("pets/a/133.png"));
    assert_int_equal(truncate(path, 50), 0);
    FAILS(stages, "pets/a/133.png` is damaged");
}

// ---- Memory.

static void test_not_in_memory(void **state) {
    const nnrt_call all[] = {SOURCE("images", TEXT("folder", "pets"), TEXT("memory", "all")),
                             PLAIN("standardize")};
    const nnrt_call none[] = {SOURCE("images", TEXT("folder", "pets"), TEXT("memory", "none")),
                              PLAIN("standardize")};
    uint8_t pixels[SIZE];
    float means[SIZE], deviations[SIZE];
    (void)state;
    put_parts();
    LOAD(all);
    memcpy(pixels, (uint8_t *)data.columns[0] + SIZE, SIZE);
    memcpy(means, data.mean[0], sizeof means);
    memcpy(deviations, data.deviation[0], sizeof deviations);
    LOAD(none);
    assert_null(data.columns[0]);
    assert_int_equal(data.row_count, 6);
    uint8_t sample[SIZE];
    assert_int_equal(nnrt_data_sample(&data, 0, 1, sample), NNRT_OK);
    assert_memory_equal(sample, pixels, SIZE);
    assert_memory_equal(data.mean[0], means, sizeof means);
    assert_memory_equal(data.deviation[0], deviations, sizeof deviations);
    assert_true(fabsf(means[0] - 2) < 1e-6f); // of 1, 2, 3: training alone
}

static void test_resize_in_memory(void **state) {
    static const float from[2 * 4] = {0, 2, 4, 6, 10, 12, 14, 16};
    static uint8_t bytes[4096];
    const nnrt_call stages[] = {SOURCE("npy", TEXT("x", "x.npy")),
                                TRANSFORM("resize", NUMBER("height", 1), NUMBER("width", 2))};
    (void)state;
    put_file("x.npy", bytes, make_npy(bytes, "<f4", "(2, 2, 2)", 0, from, sizeof from));
    LOAD(stages);
    assert_int_equal(info.inputs[0].size, 2);
    const float *values = data.columns[0];
    assert_true(values[0] == 2 && values[1] == 4 && values[2] == 12 && values[3] == 14);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, free_data)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_classes),
        TEST(test_parts),
        TEST(test_split),
        TEST(test_wrong_folders),
        TEST(test_wrong_level),
        TEST(test_grayscale),
        TEST(test_jpeg),
        TEST(test_damaged_jpeg),
        TEST(test_many_scans),
        TEST(test_sizes),
        TEST(test_damaged_picture),
        TEST(test_not_in_memory),
        TEST(test_resize_in_memory),
    };
    return cmocka_run_group_tests(tests, NULL, scratch_remove);
}

#else
int main(void) {
    return 0;
}
#endif
