// Dense and convolutional layers by OpenBLAS, as frameworks without kernels of their own do it:
// patches copied into a matrix (im2col) and one product over it. operators.py compares nnc with it.
//
//   cc -O3 -march=native -fopenmp bench/native/blas.c -lopenblas -o blas
//   ./blas THREADS SECONDS 32x28x1x32x5x1x0 ...
//
// A layer is batch x size x inputs x filters x kernel x stride x padding: pictures [batch, size,
// size, inputs], a square kernel, padding 0 (valid) or 1 (same). A dense layer has size and
// kernel 1. Prints GFLOP/s of the output, of the gradient of the weights and of the gradient of the
// data.
#include <cblas.h>
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern void openblas_set_num_threads(int count);

enum {
    GROUP_FLOATS = 1 << 17, // of patches: 512 kB stay in a core's cache
    MAX_CALLS = 1 << 16,
    MAX_THREADS = 256
};

typedef struct layer {
    int batch, size, inputs, filters, kernel, stride, same;
    int output, before;          // size of the output, rows of padding above the picture
    int positions, depth, group; // rows and columns of a picture's patches; pictures taken at once
    float *x, *y, *w; // [batch, size, size, inputs], [batch, positions, filters], [depth, filters]
    float *patches[MAX_THREADS]; // [group, positions, depth], of each thread
    float *sums[MAX_THREADS];    // [depth, filters]
    int threads;
} layer;

typedef void operation(const layer *l);

static float *make_values(size_t count) {
    float *values = aligned_alloc(64, (count * sizeof *values + 63) / 64 * 64);
    if (!values) exit(1);
    for (size_t i = 0; i < count; i++) values[i] = (float)(i * 7919 % 1009) / 1009 - 0.5f;
    return values;
}

static int smaller(int a, int b) {
    return a < b ? a : b;
}
static int larger(int a, int b) {
    return a > b ? a : b;
}

// ---- Patches of one picture.

// The part of a kernel's row that lies within the picture: values from *first up to *last of the
// row's `kernel * inputs`. Returns where that begins in the picture.
static const float *inside(const layer *l, const float *picture, int y, int x, int *first,
                           int *last) {
    *first = larger(0, -x) * l->inputs;
    *last = y < 0 || y >= l->size ? *first : smaller(l->kernel, l->size - x) * l->inputs;
    return picture + ((long)y * l->size + x) * l->inputs + *first;
}

static void gather(const layer *l, const float *picture, float *patch) {
    int width = l->kernel * l->inputs, first, last;
    for (int position = 0; position < l->positions; position++) {
        int y = position / l->output * l->stride - l->before;
        int x = position % l->output * l->stride - l->before;
        for (int i = 0; i < l->kernel; i++, patch += width) {
            const float *from = inside(l, picture, y + i, x, &first, &last);
            memset(patch, 0, (size_t)first * sizeof *patch);
            memcpy(patch + first, from, (size_t)(last - first) * sizeof *patch);
            memset(patch + last, 0, (size_t)(width - last) * sizeof *patch);
        }
    }
}

static void scatter(const layer *l, float *picture, const float *patch) {
    int width = l->kernel * l->inputs, first, last;
    memset(picture, 0, (size_t)(l->size * l->size * l->inputs) * sizeof *picture);
    for (int position = 0; position < l->positions; position++) {
        int y = position / l->output * l->stride - l->before;
        int x = position % l->output * l->stride - l->before;
        for (int i = 0; i < l->kernel; i++, patch += width) {
            float *to = (float *)inside(l, picture, y + i, x, &first, &last);
            for (int c = first; c < last; c++) to[c - first] += patch[c];
        }
    }
}

// ---- The three products, on some pictures.

static int has_patches(const layer *l) {
    return l->kernel > 1 || l->stride > 1;
}

static float *picture(const layer *l, int index) {
    return l->x + (long)index * l->size * l->size * l->inputs;
}

static float *output(const layer *l, int index) {
    return l->y + (long)index * l->positions * l->filters;
}

static float *gathered(const layer *l, int start, int count, float *patches) {
    if (!has_patches(l)) return picture(l, start);
    for (int i = 0; i < count; i++)
        gather(l, picture(l, start + i), patches + (long)i * l->positions * l->depth);
    return patches;
}

static void forward(const layer *l, int start, int count, int thread) {
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, count * l->positions, l->filters,
                l->depth, 1, gathered(l, start, count, l->patches[thread]), l->depth, l->w,
                l->filters, 0, output(l, start), l->filters);
}

static void weights(const layer *l, int start, int count, int thread) {
    cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, l->depth, l->filters, count * l->positions,
                1, gathered(l, start, count, l->patches[thread]), l->depth, output(l, start),
                l->filters, 1, l->sums[thread], l->filters);
}

static void data(const layer *l, int start, int count, int thread) {
    float *patches = has_patches(l) ? l->patches[thread] : picture(l, start);
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, count * l->positions, l->depth, l->filters,
                1, output(l, start), l->filters, l->w, l->filters, 0, patches, l->depth);
    for (int i = 0; has_patches(l) && i < count; i++)
        scatter(l, picture(l, start + i), patches + (long)i * l->positions * l->depth);
}

// ---- The same on the whole batch: each thread takes groups of pictures.

typedef void part(const layer *l, int start, int count, int thread);

static void on_batch(const layer *l, part *some) {
#pragma omp parallel for num_threads(l->threads) schedule(static)
    for (int start = 0; start < l->batch; start += l->group)
        some(l, start, smaller(l->group, l->batch - start), omp_get_thread_num());
}

static void run_forward(const layer *l) {
    on_batch(l, forward);
}
static void run_data(const layer *l) {
    on_batch(l, data);
}

static void run_weights(const layer *l) {
    long count = (long)l->depth * l->filters;
    for (int t = 0; t < l->threads; t++) memset(l->sums[t], 0, (size_t)count * sizeof(float));
    on_batch(l, weights);
    for (int t = 1; t < l->threads; t++)
        for (long i = 0; i < count; i++) l->sums[0][i] += l->sums[t][i];
}

// ---- Measuring.

static void prepare(layer *l) {
    l->output =
        l->same ? (l->size + l->stride - 1) / l->stride : (l->size - l->kernel) / l->stride + 1;
    l->before = l->same ? larger((l->output - 1) * l->stride + l->kernel - l->size, 0) / 2 : 0;
    l->positions = l->output * l->output;
    l->depth = l->kernel * l->kernel * l->inputs;
    l->group = (l->batch + l->threads - 1) / l->threads;
    if (has_patches(l))
        l->group = smaller(l->group, larger(GROUP_FLOATS / (l->positions * l->depth), 1));
    l->x = make_values((size_t)l->batch * l->size * l->size * l->inputs);
    l->y = make_values((size_t)l->batch * l->positions * l->filters);
    l->w = make_values((size_t)l->depth * l->filters);
    for (int t = 0; t < l->threads; t++) {
        l->patches[t] = make_values((size_t)l->group * l->positions * l->depth);
        l->sums[t] = make_values((size_t)l->depth * l->filters);
    }
}

static void release(layer *l) {
    free(l->x), free(l->y), free(l->w);
    for (int t = 0; t < l->threads; t++) free(l->patches[t]), free(l->sums[t]);
}

static int by_size(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

// The median of the calls within so many seconds, in GFLOP/s.
static double speed(const layer *l, operation *run, double seconds) {
    static double times[MAX_CALLS];
    int calls = 0;
    run(l);
    for (double end = omp_get_wtime() + seconds; calls < MAX_CALLS; calls++) {
        double start = omp_get_wtime();
        if (calls && start > end) break;
        run(l);
        times[calls] = omp_get_wtime() - start;
    }
    qsort(times, (size_t)calls, sizeof *times, by_size);
    return 2e-9 * l->batch * l->positions * l->depth * l->filters / times[calls / 2];
}

int main(int count, char **words) {
    int threads = count > 3 ? atoi(words[1]) : 0;
    double seconds = count > 3 ? atof(words[2]) : 0;
    if (threads < 1 || threads > MAX_THREADS) {
        fprintf(stderr, "usage: blas THREADS SECONDS LAYER...\n");
        return 2;
    }
    openblas_set_num_threads(1);
    for (int i = 3; i < count; i++) {
        layer l = {.threads = threads};
        if (sscanf(words[i], "%dx%dx%dx%dx%dx%dx%d", &l.batch, &l.size, &l.inputs, &l.filters,
                   &l.kernel, &l.stride, &l.same) != 7) {
            fprintf(stderr, "blas: `%s` is not a layer\n", words[i]);
            return 2;
        }
        prepare(&l);
        printf("%.1f %.1f %.1f\n", speed(&l, run_forward, seconds), speed(&l, run_weights, seconds),
               speed(&l, run_data, seconds));
        release(&l);
    }
    return 0;
}
