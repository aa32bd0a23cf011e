// PNG and JPEG pictures: every kind, sizes, damage, resizing.
#include "../../runtime/picture.h"
#include "data_files.h"

#if __has_include(<png.h>)
#include <png.h>

enum { WIDTH = 5, HEIGHT = 3, SIZE = WIDTH * HEIGHT };

static const int64_t grey_shape[] = {HEIGHT, WIDTH}, flat_shape[] = {HEIGHT, WIDTH, 1},
                     colour_shape[] = {HEIGHT, WIDTH, 3};

static const char *put_png(const char *name, png_uint_32 format, const void *pixels,
                           const void *colours) {
    png_image image = {.version = PNG_IMAGE_VERSION, .width = WIDTH, .height = HEIGHT};
    const char *path = scratch(name);
    image.format = format;
    image.colormap_entries = colours ? 3 : 0;
    assert_int_equal(png_image_write_to_file(&image, path, 0, pixels, 0, colours), 1);
    return path;
}

static void reads(const char *path, int64_t rank, const int64_t *shape, const uint8_t *expected,
                  size_t size) {
    uint8_t pixels[SIZE * 3];
    if (nnrt_read_picture(path, rank, shape, 0, pixels)) fail_msg("%s", nnrt_error());
    assert_memory_equal(pixels, expected, size);
}

static void test_grey(void **state) {
    uint8_t pixels[SIZE], colours[SIZE * 3];
    (void)state;
    for (int i = 0; i < SIZE; i++) pixels[i] = (uint8_t)(17 * i);
    for (int i = 0; i < SIZE * 3; i++) colours[i] = pixels[i / 3];
    const char *path = put_png("g.png", PNG_FORMAT_GRAY, pixels, NULL);
    assert_true(nnrt_is_picture(path));
    reads(path, 2, grey_shape, pixels, SIZE);
    reads(path, 3, flat_shape, pixels, SIZE);
    reads(path, 3, colour_shape, colours, SIZE * 3);
}

static void test_colour(void **state) {
    uint8_t colours[SIZE * 3] = {255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255};
    uint8_t grey[SIZE] = {76, 150, 29, 255}; // Pillow's convert("L")
    (void)state;
    const char *path = put_png("c.png", PNG_FORMAT_RGB, colours, NULL);
    reads(path, 3, colour_shape, colours, sizeof colours);
    reads(path, 2, grey_shape, grey, sizeof grey);
}

static void test_transparent(void **state) {
    uint8_t pixels[SIZE * 4] = {255, 255, 255, 0, 255, 255, 255, 255};
    uint8_t expected[SIZE] = {0, 255};
    (void)state;
    reads(put_png("a.png", PNG_FORMAT_RGBA, pixels, NULL), 2, grey_shape, expected, SIZE);
}

static void test_palette(void **state) {
    const uint8_t colours[9] = {0, 0, 0, 10, 20, 30, 255, 255, 255}, pixels[SIZE] = {1, 2};
    uint8_t expected[SIZE * 3] = {10, 20, 30, 255, 255, 255};
    (void)state;
    reads(put_png("p.png", PNG_FORMAT_RGB_COLORMAP, pixels, colours), 3, colour_shape, expected,
          sizeof expected);
}

static void fails(const char *path, int64_t rank, const int64_t *shape, const char *part) {
    uint8_t pixels[SIZE * 3];
    assert_int_equal(nnrt_read_picture(path, rank, shape, 0, pixels), NNRT_ERROR);
    assert_message(path);
    assert_message(part);
}

static void test_refusals(void **state) {
    static const int64_t other[] = {28, 28}, vector[] = {784}, channels[] = {3, 5, 4};
    const uint8_t pixels[SIZE] = {0};
    (void)state;
    const char *path = put_png("g.png", PNG_FORMAT_GRAY, pixels, NULL);
    fails(path, 2, other, "5 pixels wide and 3 high, but the model reads pictures 28 wide");
    fails(path, 1, vector, "not a picture");
    fails(path, 3, channels, "not a picture");
    fails(scratch("absent.png"), 2, grey_shape, "No such file");
    fails(scratch_folder(), 2, grey_shape, "a folder");
    fails(put_file("x.png", "", 0), 2, grey_shape, "neither a PNG nor a JPEG");
    fails(put_file("x.png", "GIF89a", 6), 2, grey_shape, "neither a PNG nor a JPEG");
    fails(put_file("x.png", "\x89PNG\r\n\x1a\n", 8), 2, grey_shape, "damaged");
    assert_false(nnrt_is_picture(scratch("absent.png")));
    assert_false(nnrt_is_picture("/dev/zero"));
}

static void try_reading(const char *path) {
    uint8_t pixels[SIZE];
    if (nnrt_read_picture(path, 2, grey_shape, 0, pixels)) assert_message(path);
}

static void test_random_damage(void **state) {
    uint8_t pixels[SIZE * 3], file[4096];
    (void)state;
    for (int i = 0; i < SIZE * 3; i++) pixels[i] = (uint8_t)(i * i);
    const char *path = put_png("c.png", PNG_FORMAT_RGB, pixels, NULL);
    damage("d.png", file, get_file(path, file, sizeof file), 200, try_reading);
}

static void test_example(void **state) {
    static const int64_t shape[] = {28, 28};
    uint8_t pixels[28 * 28];
    (void)state;
    if (nnrt_read_picture(NNC_SOURCE_DIR "/examples/data/trousers.png", 2, shape, 0, pixels))
        fail_msg("%s", nnrt_error());
    assert_int_equal(pixels[0], 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_grey),     cmocka_unit_test(test_colour),
        cmocka_unit_test(test_palette),  cmocka_unit_test(test_transparent),
        cmocka_unit_test(test_refusals), cmocka_unit_test(test_random_damage),
        cmocka_unit_test(test_example),
    };
    return cmocka_run_group_tests(tests, NULL, scratch_remove);
}

#else

static void test_without_libpng(void **state) {
    static const int64_t shape[] = {28, 28};
    uint8_t pixels[28 * 28];
    (void)state;
    assert_int_equal(nnrt_read_picture("x.png", 2, shape, 0, pixels), NNRT_ERROR);
    assert_message("libpng");
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_without_libpng)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
#endif
