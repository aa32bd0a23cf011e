// The samples as the file stores them, asked of libpng in the way of TensorFlow's decoder
// (tensorflow/core/lib/png/png_io.cc), which Keras's image_dataset_from_directory uses: palettes
// and few bits become bytes, 16 bits lose their low byte, alpha is dropped. No colour curve is
// applied, but that libpng computes grey from colours in linear light where the file states a
// curve. Chunks that change nothing, such as text, are passed over unread.
#include "decode_png.h"

#ifdef NNRT_HAVE_PNG

#include <png.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

enum { DEFLATE_MAX_RATIO = 1032, MAX_CHUNK = 8 << 20 }; // as stream.c; of a chunk in memory

typedef struct Decoder {
    png_structp png;
    png_infop info;
    const uint8_t *bytes;
    size_t size, position;
    char text[128]; // why it failed
} Decoder;

static void leave(png_structp png, png_const_charp message) {
    Decoder *decoder = png_get_error_ptr(png);
    snprintf(decoder->text, sizeof decoder->text, "%s", message);
    png_longjmp(png, 1);
}

static void ignore(png_structp png, png_const_charp message) {
    (void)png, (void)message;
}

static void read_bytes(png_structp png, png_bytep to, size_t count) {
    Decoder *decoder = png_get_io_ptr(png);
    if (count > decoder->size - decoder->position) png_error(png, "the file ends too early");
    memcpy(to, decoder->bytes + decoder->position, count);
    decoder->position += count;
}

// Each name with the 0 that ends it, as libpng wants them.
static void pass_over_others(png_structp png) {
    static const png_byte names[] = "bKGD\0cICP\0eXIf\0hIST\0iTXt\0oFFs\0pCAL\0pHYs\0"
                                    "sBIT\0sCAL\0sPLT\0sTER\0tEXt\0tIME\0zTXt";
    png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, names, sizeof names / 5);
    png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, NULL, 0);
}

static nnrt_status fail_damaged(const char *path, const char *why) {
    return nnrt_fail(NNRT_ERROR, "`%s` is damaged: %s; get the picture again", path, why);
}

// Rows of bytes, of one channel or three.
static void ask_for_bytes(png_structp png, png_infop info, int64_t channels) {
    int color = png_get_color_type(png, info);
    if (color == PNG_COLOR_TYPE_PALETTE) png_set_palette_to_rgb(png);
    if (color == PNG_COLOR_TYPE_GRAY) png_set_expand_gray_1_2_4_to_8(png);
    png_set_strip_16(png);
    png_set_strip_alpha(png);
    if (channels == 3) png_set_gray_to_rgb(png);
    if (channels == 1 && (color & PNG_COLOR_MASK_COLOR))
        png_set_rgb_to_gray(png, PNG_ERROR_ACTION_NONE, 0.299, 0.587);
}

// Can so many bytes be compressed to what is there? Asked before memory is taken.
static int can_hold(const Decoder *decoder, size_t row_bytes, int64_t height) {
    return (row_bytes + 1) * (uint64_t)height / DEFLATE_MAX_RATIO <= decoder->size;
}

static nnrt_status read_pixels(Decoder *decoder, const char *path, nnrt_picture *picture) {
    png_structp png = decoder->png;
    if (!can_hold(decoder, png_get_rowbytes(png, decoder->info), picture->height))
        return fail_damaged(path, "its header promises more than the file can hold");
    ask_for_bytes(png, decoder->info, picture->channels);
    int passes = png_set_interlace_handling(png);
    png_read_update_info(png, decoder->info);
    size_t row = (size_t)(picture->width * picture->channels);
    if (png_get_rowbytes(png, decoder->info) != row)
        return nnrt_fail(NNRT_BUG, "`%s` has rows of an unexpected size", path);
    picture->pixels = malloc(row * (size_t)picture->height);
    if (!picture->pixels) return nnrt_fail_memory(path, row * (size_t)picture->height);
    for (int pass = 0; pass < passes; pass++)
        for (int64_t y = 0; y < picture->height; y++)
            png_read_row(png, picture->pixels + (size_t)y * row, NULL);
    png_read_end(png, NULL);
    return NNRT_OK;
}

// What the decoder holds is not local to the function that is jumped back to.
static nnrt_status run(Decoder *decoder, const char *path, int only_size, nnrt_picture *picture) {
    png_structp png = decoder->png;
    if (setjmp(png_jmpbuf(png))) return fail_damaged(path, decoder->text);
    png_set_read_fn(png, decoder, read_bytes);
    png_set_user_limits(png, PNG_UINT_31_MAX, PNG_UINT_31_MAX); // ours comes below
    png_set_chunk_malloc_max(png, MAX_CHUNK);
    pass_over_others(png);
    png_read_info(png, decoder->info);
    picture->height = png_get_image_height(png, decoder->info);
    picture->width = png_get_image_width(png, decoder->info);
    nnrt_status status = nnrt_picture_check_size(path, picture);
    return status || only_size ? status : read_pixels(decoder, path, picture);
}

nnrt_status nnrt_png_decode(const char *path, const uint8_t *bytes, size_t size, int only_size,
                            nnrt_picture *picture) {
    Decoder decoder = {.bytes = bytes, .size = size};
    decoder.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &decoder, leave, ignore);
    if (decoder.png) decoder.info = png_create_info_struct(decoder.png);
    nnrt_status status =
        decoder.info ? run(&decoder, path, only_size, picture) : nnrt_fail_memory(path, 0);
    png_destroy_read_struct(&decoder.png, &decoder.info, NULL);
    if (status) nnrt_picture_free(picture);
    return status;
}

#else

nnrt_status nnrt_png_decode(const char *path, const uint8_t *bytes, size_t size, int only_size,
                            nnrt_picture *picture) {
    (void)bytes, (void)size, (void)only_size, (void)picture;
    return nnrt_fail(NNRT_ERROR,
                     "cannot read `%s`: nnc was built without libpng; give a .npy file, or install "
                     "libpng-dev and build nnc again",
                     path);
}
#endif
