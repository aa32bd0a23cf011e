// PNG and JPEG pictures: every kind, sizes, damage, resizing.
#include "../../runtime/formats/pictures/picture.h"
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
    uint8_t grey[SIZE] = {147, 200, 95, 255}; // TensorFlow's: the file states the curve sRGB
    (void)state;
    const char *path = put_png("c.png", PNG_FORMAT_RGB, colours, NULL);
    reads(path, 3, colour_shape, colours, sizeof colours);
    reads(path, 2, grey_shape, grey, sizeof grey);
}

static void test_transparent(void **state) {
    uint8_t pixels[SIZE * 4] = {255, 255, 255, 0, 255, 255, 255, 255};
    uint8_t expected[SIZE] = {255, 255}; // as it is stored, seen or not
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
    fails(put_file("x.png", "", 0), 2, grey_shape, "is empty");
    fails(put_file("x.png", "GIF88", 2), 2, grey_shape, "neither a PNG nor a JPEG");
    fails(put_file("x.png", "\x89PNG\r\n\x1a\n", 8), 2, grey_shape, "damaged");
    assert_false(nnrt_is_picture(scratch("absent.png")));
    assert_false(nnrt_is_picture("/dev/zero"));
}

static void test_other_formats(void **state) {
    static const struct {
        const char *bytes, *name;
    } files[] = {{"GIF89a..........", "GIF"},   {"BM..............", "BMP"},
                 {"RIFF....WEBPVP8 ", "WebP"},  {"II*\0............", "TIFF"},
                 {"MM\0*............", "TIFF"}, {"....ftypheic....", "HEIC"}};
    char part[64];
    (void)state;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        snprintf(part, sizeof part, "is a %s picture, a format that is not read", files[i].name);
        const char *path = put_file("x.png", files[i].bytes, 16);
        fails(path, 2, grey_shape, part);
        assert_true(nnrt_is_picture(path));
    }
    assert_int_equal(nnrt_picture_by_name("a/b.JPEG"), NNRT_NAME_PICTURE);
    assert_int_equal(nnrt_picture_by_name("a.gif/b.npy"), NNRT_NAME_OTHER);
    assert_int_equal(nnrt_picture_by_name("b.TIF"), NNRT_NAME_UNREADABLE);
}

// ---- Every kind of file, as TensorFlow decodes it (fixtures/keras/decoded.txt).

enum { LINE = 1 << 16 };

static size_t from_hexadecimal(const char *text, uint8_t *to) {
    size_t size = 0;
    for (unsigned byte; sscanf(text + 2 * size, "%2x", &byte) == 1; size++)
        to[size] = (uint8_t)byte;
    return size;
}

// 1 if the values of a line are those that are read.
static void compares(const char *name, const char *path, int64_t height, int64_t width,
                     int64_t channels, const char *line) {
    nnrt_picture picture;
    if (nnrt_picture_read(path, channels, &picture)) fail_msg("%s: %s", name, nnrt_error());
    assert_int_equal(picture.height, height);
    assert_int_equal(picture.width, width);
    for (int64_t i = 0; i < height * width * channels; i++) {
        char *end;
        long expected = strtol(line, &end, 10);
        if (end == line || picture.pixels[i] != expected)
            fail_msg("%s: value %lld of %lld channels is %d, not %ld", name, (long long)i,
                     (long long)channels, picture.pixels[i], expected);
        line = end;
    }
    nnrt_picture_free(&picture);
}

static void test_as_tensorflow(void **state) {
    static char line[LINE], name[64];
    static uint8_t file[LINE];
    const char *path = getenv("NNC_DECODED"); // another file of make_decoded_pictures.py
    FILE *cases = fopen(path ? path : NNC_SOURCE_DIR "/tests/fixtures/keras/decoded.txt", "r");
    long long height, width;
    int count = 0;
    (void)state;
    assert_non_null(cases);
    for (; fgets(line, LINE, cases); count++) {
        assert_int_equal(sscanf(line, "%63s %lld %lld", name, &height, &width), 3);
        assert_non_null(fgets(line, LINE, cases));
        path = put_file("case", file, from_hexadecimal(line, file));
        for (int channels = 3; channels > 0; channels -= 2) {
            assert_non_null(fgets(line, LINE, cases));
            compares(name, path, height, width, channels, line);
        }
    }
    assert_true(count >= 80);
    fclose(cases);
}

// ---- Damage that the checksums of PNG do not show.

static size_t chunk_size(const uint8_t *at) {
    return (size_t)at[0] << 24 | (size_t)at[1] << 16 | (size_t)at[2] << 8 | at[3];
}

// Every chunk gets the checksum of what it holds.
static void mend_checksums(uint8_t *file, size_t size) {
    for (size_t place = 8; place + 12 <= size;) {
        size_t length = chunk_size(file + place);
        if (length > size - place - 12) return;
        uLong sum = crc32(0, file + place + 4, (uInt)length + 4);
        for (int i = 0; i < 4; i++)
            file[place + 8 + length + (size_t)i] = (uint8_t)(sum >> (24 - 8 * i));
        place += 12 + length;
    }
}

static void try_damaged(const uint8_t *file, size_t size, nnrt_random *random) {
    static uint8_t copy[LINE];
    static const int64_t other[] = {4, 6, 3};
    nnrt_picture picture;
    uint8_t pixels[4 * 6 * 3];
    memcpy(copy, file, size);
    for (uint32_t count = 1 + nnrt_random_below(random, 3); count > 0; count--)
        copy[8 + nnrt_random_below(random, (uint32_t)size - 8)] ^=
            (uint8_t)(1 << nnrt_random_below(random, 8));
    mend_checksums(copy, size);
    const char *path = put_file("damaged", copy, size);
    if (nnrt_picture_read(path, 1, &picture)) assert_message(path);
    nnrt_picture_free(&picture);
    if (nnrt_read_picture(path, 3, other, 1, pixels)) assert_message(path);
}

static void test_damage_behind_checksums(void **state) {
    static char line[LINE];
    static uint8_t file[LINE];
    FILE *cases = fopen(NNC_SOURCE_DIR "/tests/fixtures/keras/decoded.txt", "r");
    nnrt_random random = nnrt_random_make(3, NNRT_RANDOM_BENCH, 0);
    (void)state;
    assert_non_null(cases);
    for (int number = 0; fgets(line, LINE, cases); number++)
        for (int i = 0; i < 12 && number % 4 == 1; i++)
            try_damaged(file, from_hexadecimal(line, file), &random);
    fclose(cases);
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
        cmocka_unit_test(test_grey),          cmocka_unit_test(test_colour),
        cmocka_unit_test(test_palette),       cmocka_unit_test(test_transparent),
        cmocka_unit_test(test_refusals),      cmocka_unit_test(test_random_damage),
        cmocka_unit_test(test_example),       cmocka_unit_test(test_other_formats),
        cmocka_unit_test(test_as_tensorflow), cmocka_unit_test(test_damage_behind_checksums),
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
