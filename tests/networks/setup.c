#include "setup.h"

#include "random.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char *const target_words[TARGETS_KINDS] = {"real",  "sign",    "binary", "count",
                                                        "share", "one_hot", "class"};
static const char *const dtype_words[] = {"f32", "u8", "i32"};

int64_t setup_samples(const Setup *setup) {
    enum { USUAL = 40, BEHIND = 9 };
    return setup->rows + BEHIND > USUAL ? setup->rows + BEHIND : USUAL;
}

void setup_target(Setup *setup, Type output) {
    setup->target = output;
    setup->target.dtype = DTYPE_F32;
    setup->classes = 0;
    if (setup->targets != TARGETS_CLASS) return;
    setup->classes = type_last(&output) > 1 ? type_last(&output) : 2;
    setup->target.dtype = DTYPE_I32;
    if (output.rank) setup->target.rank--;
}

// ---- The line.

static char *described(Arena *arena, const Type *type) {
    Text text = text_create(arena);
    text_format(&text, "%s [", dtype_words[type->dtype]);
    for (int i = 0; i < type->rank; i++)
        text_format(&text, "%s%" PRId64, i ? ", " : "", type->dims[i]);
    text_put(&text, "]");
    return text.data;
}

char *setup_line(Arena *arena, const Setup *setup) {
    return arena_format(arena,
                        "# input %s; target %s %s below %" PRId64 "; rows %" PRId64
                        "; seed %" PRIu64 "; cpu %s%s\n",
                        described(arena, &setup->input), described(arena, &setup->target),
                        target_words[setup->targets], setup->classes, setup->rows, setup->seed,
                        setup->cpu, setup->is_quick ? "; quick" : "");
}

static int word_index(const char *word, const char *const *words, int count) {
    for (int i = 0; i < count; i++)
        if (strcmp(word, words[i]) == 0) return i;
    return -1;
}

// "f32 [3, 5]"; *end: behind it.
static bool parse_type(const char *text, Type *type, const char **end) {
    char word[8];
    int used = 0;
    if (sscanf(text, "%7s [%n", word, &used) != 1 || !used) return false;
    int dtype = word_index(word, dtype_words, 3);
    *type = (Type){.dtype = (Dtype)dtype, .batched = true};
    text += used;
    while (*text != ']') {
        if (type->rank == SHAPE_MAX_RANK) return false;
        if (sscanf(text, " %" SCNd64 "%n", &type->dims[type->rank++], &used) != 1) return false;
        text += used;
        if (*text == ',') text++;
    }
    *end = text + 1;
    return dtype >= 0;
}

bool setup_parse(Arena *arena, const char *program, Setup *setup) {
    char kind[16], cpu[32];
    const char *at, *input = "# input ", *target = "; target ";
    *setup = (Setup){0};
    if (strncmp(program, input, strlen(input)) != 0) return false;
    if (!parse_type(program + strlen(input), &setup->input, &at)) return false;
    if (strncmp(at, target, strlen(target)) != 0) return false;
    if (!parse_type(at + strlen(target), &setup->target, &at)) return false;
    if (sscanf(at, " %15s below %" SCNd64 "; rows %" SCNd64 "; seed %" SCNu64 "; cpu %31[^;\n]",
               kind, &setup->classes, &setup->rows, &setup->seed, cpu) != 5)
        return false;
    int index = word_index(kind, target_words, TARGETS_KINDS);
    setup->targets = (Targets)index;
    setup->cpu = arena_strdup(arena, cpu);
    setup->is_quick =
        strncmp(at + strcspn(at, "\n") - strlen("; quick"), "; quick", strlen("; quick")) == 0;
    return index >= 0;
}

// ---- The data.

static size_t type_bytes(const Type *type) {
    return (size_t)type_elements(type) * (type->dtype == DTYPE_U8 ? 1 : 4);
}

static double draw_target(Random *random, const Setup *setup, int64_t column, int64_t chosen) {
    switch (setup->targets) {
    case TARGETS_REAL: return random_real(random, -1, 1);
    case TARGETS_SIGN: return random_below(random, 2) * 2 - 1;
    case TARGETS_BINARY: return random_below(random, 2);
    case TARGETS_COUNT: return random_below(random, 4);
    case TARGETS_SHARE: return random_real(random, 0.05, 1);
    default: return column == chosen;
    }
}

static void fill_line(Random *random, const Setup *setup, float *line, int64_t count) {
    int64_t chosen = random_below(random, (int)count);
    double sum = 0;
    for (int64_t i = 0; i < count; i++) {
        line[i] = (float)draw_target(random, setup, i, chosen);
        sum += line[i];
    }
    for (int64_t i = 0; i < count && setup->targets == TARGETS_SHARE; i++) line[i] /= (float)sum;
}

static void fill_target(Random *random, const Setup *setup, void *block) {
    int64_t count = setup_samples(setup) * type_elements(&setup->target);
    int64_t last = type_last(&setup->target);
    for (int64_t i = 0; setup->target.dtype == DTYPE_I32 && i < count; i++)
        ((int32_t *)block)[i] =
            (int32_t)(i < setup->classes ? i : random_below(random, (int)setup->classes));
    for (int64_t i = 0; setup->target.dtype == DTYPE_F32 && i < count; i += last)
        fill_line(random, setup, (float *)block + i, last);
}

SetupData setup_data(Arena *arena, const Setup *setup) {
    enum { ROOM = 64 };
    Random random = {setup->seed};
    size_t samples = (size_t)setup_samples(setup);
    SetupData data = {.input_bytes = samples * type_bytes(&setup->input),
                      .target_bytes = samples * type_bytes(&setup->target)};
    data.input = arena_alloc(arena, data.input_bytes + ROOM);
    data.target = arena_alloc(arena, data.target_bytes + ROOM);
    int64_t count = (int64_t)samples * type_elements(&setup->input);
    for (int64_t i = 0; i < count; i++) {
        if (setup->input.dtype == DTYPE_U8)
            ((uint8_t *)data.input)[i] = (uint8_t)random_below(&random, 256);
        else
            ((float *)data.input)[i] = (float)random_real(&random, -1, 1);
    }
    fill_target(&random, setup, data.target);
    return data;
}

static bool write_array(const char *path, int64_t samples, const Type *type, const void *bytes,
                        size_t size) {
    static const char *const names[] = {"<f4", "|u1", "<i4"};
    char header[256];
    int length = snprintf(header, sizeof header,
                          "{'descr': '%s', 'fortran_order': False, 'shape': (%" PRId64 ",",
                          names[type->dtype], samples);
    for (int i = 0; i < type->rank; i++)
        length += snprintf(header + length, sizeof header - (size_t)length, " %" PRId64 ",",
                           type->dims[i]);
    length += snprintf(header + length, sizeof header - (size_t)length, "), }");
    while ((length + 11) % 64) header[length++] = ' ';
    header[length++] = '\n';
    FILE *file = fopen(path, "wb");
    if (!file) return false;
    fwrite("\x93NUMPY\x01\x00", 1, 8, file);
    fputc(length & 255, file);
    fputc(length >> 8, file);
    fwrite(header, 1, (size_t)length, file);
    bool ok = fwrite(bytes, 1, size, file) == size;
    return fclose(file) == 0 && ok;
}

bool setup_write(const Setup *setup, const SetupData *data) {
    return write_array("x.npy", setup_samples(setup), &setup->input, data->input,
                       data->input_bytes) &&
           write_array("y.npy", setup_samples(setup), &setup->target, data->target,
                       data->target_bytes);
}
