// libjpeg leaves a failed call by longjmp only; both ends of the jump are here.
#include "jpeg.h"

#ifdef NNRT_HAVE_JPEG

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>

#include <jerror.h>

typedef struct Failure {
    struct jpeg_error_mgr base; // first: libjpeg knows this part only
    jmp_buf escape;
    char text[JMSG_LENGTH_MAX];
} Failure;

// A progressive picture has about ten scans, each of which goes over all of it. Many more of a
// small file would take hours.
enum { MAX_SCANS = 500 };
static const int64_t MAX_SCANNED_PIXELS = (int64_t)1 << 31;

typedef struct Decoder {
    struct jpeg_decompress_struct jpeg;
    struct jpeg_progress_mgr progress;
    Failure failure;
    uint8_t *line; // of a CMYK picture
} Decoder;

static void leave(j_common_ptr jpeg) {
    Failure *failure = (Failure *)jpeg->err;
    failure->base.format_message(jpeg, failure->text);
    longjmp(failure->escape, 1);
}

// Warnings: pixels that are missing are an error, stray bytes between markers are common.
static void take_message(j_common_ptr jpeg, int level) {
    int code = jpeg->err->msg_code;
    if (level < 0 && (code == JWRN_JPEG_EOF || code == JWRN_HIT_MARKER)) leave(jpeg);
}

// Called at least once a scan.
static void count_scans(j_common_ptr common) {
    j_decompress_ptr jpeg = (j_decompress_ptr)common;
    Failure *failure = (Failure *)jpeg->err;
    int64_t scans = jpeg->input_scan_number;
    int64_t pixels = (int64_t)jpeg->image_width * jpeg->image_height;
    if (scans <= MAX_SCANS && scans * pixels <= MAX_SCANNED_PIXELS) return;
    snprintf(failure->text, sizeof failure->text,
             "it has more than %lld scans, where about ten are usual", (long long)scans - 1);
    longjmp(failure->escape, 1);
}

static nnrt_status fail_damaged(const char *path, const char *why) {
    return nnrt_fail(NNRT_ERROR, "`%s` is damaged: %s; get the picture again", path, why);
}

// Adobe's programs store inverted inks: what is left of the light.
static void put_inks(const uint8_t *inks, const nnrt_picture *picture, uint8_t *out) {
    for (int64_t x = 0; x < picture->width; x++, inks += 4) {
        uint8_t colour[3];
        for (int i = 0; i < 3; i++) colour[i] = (uint8_t)((inks[i] * inks[3] + 127) / 255);
        if (picture->channels == 1)
            *out++ = nnrt_picture_luminance(colour);
        else
            out = (uint8_t *)memcpy(out, colour, 3) + 3;
    }
}

static void read_lines(Decoder *decoder, nnrt_picture *picture) {
    struct jpeg_decompress_struct *jpeg = &decoder->jpeg;
    int is_inks = jpeg->jpeg_color_space == JCS_CMYK || jpeg->jpeg_color_space == JCS_YCCK;
    jpeg->out_color_space = is_inks ? JCS_CMYK : picture->channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
    jpeg_start_decompress(jpeg);
    while (jpeg->output_scanline < jpeg->output_height) {
        uint8_t *out = picture->pixels + jpeg->output_scanline * picture->width * picture->channels;
        JSAMPROW row = is_inks ? decoder->line : out;
        jpeg_read_scanlines(jpeg, &row, 1);
        if (is_inks) put_inks(decoder->line, picture, out);
    }
    jpeg_finish_decompress(jpeg);
}

static nnrt_status read_picture(Decoder *decoder, const char *path, int only_size,
                                nnrt_picture *picture) {
    picture->height = decoder->jpeg.image_height;
    picture->width = decoder->jpeg.image_width;
    nnrt_status status = nnrt_picture_check_size(path, picture);
    if (status || only_size) return status;
    picture->pixels = malloc((size_t)(picture->height * picture->width * picture->channels));
    decoder->line = malloc((size_t)picture->width * 4);
    if (!picture->pixels || !decoder->line)
        return nnrt_fail_memory(path,
                                (size_t)(picture->height * picture->width * picture->channels));
    read_lines(decoder, picture);
    return NNRT_OK;
}

// What the decoder holds is not local to the function that is jumped back to.
static nnrt_status run(Decoder *decoder, const char *path, const uint8_t *bytes, size_t size,
                       int only_size, nnrt_picture *picture) {
    if (setjmp(decoder->failure.escape)) return fail_damaged(path, decoder->failure.text);
    jpeg_create_decompress(&decoder->jpeg);
    decoder->progress.progress_monitor = count_scans;
    decoder->jpeg.progress = &decoder->progress;
    jpeg_mem_src(&decoder->jpeg, bytes, (unsigned long)size);
    jpeg_read_header(&decoder->jpeg, TRUE);
    return read_picture(decoder, path, only_size, picture);
}

nnrt_status nnrt_jpeg_decode(const char *path, const uint8_t *bytes, size_t size, int only_size,
                             nnrt_picture *picture) {
    Decoder decoder = {0};
    decoder.jpeg.err = jpeg_std_error(&decoder.failure.base);
    decoder.failure.base.error_exit = leave;
    decoder.failure.base.emit_message = take_message;
    nnrt_status status = run(&decoder, path, bytes, size, only_size, picture);
    jpeg_destroy_decompress(&decoder.jpeg);
    free(decoder.line);
    if (status) nnrt_picture_free(picture);
    return status;
}

#else

nnrt_status nnrt_jpeg_decode(const char *path, const uint8_t *bytes, size_t size, int only_size,
                             nnrt_picture *picture) {
    (void)bytes, (void)size, (void)only_size, (void)picture;
    return nnrt_fail(NNRT_ERROR,
                     "cannot read `%s`: nnc was built without libjpeg; convert it to PNG, or "
                     "install libjpeg62-turbo-dev and build nnc again",
                     path);
}
#endif
