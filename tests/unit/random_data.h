#ifndef NNC_TEST_RANDOM_DATA_H
#define NNC_TEST_RANDOM_DATA_H

// Draws data sets: `plain` is what one is, `stages` the source and transforms that give it, whose
// files lie in the scratch folder.
#include "../common/calls.h"
#include "picture_files.h"

#include "../../runtime/data/data.h"

enum { MAX_FURTHER = 3, NAME_SIZE = 128 };
enum { MAX_STAGES = 16, MAX_ROWS = 24, MAX_VALUES = 1 << 15, SET_SIDE = 28 };

// ---- A data set as it should be.

// A column beside the first input and the first target, of values that are known.
typedef struct Further {
    int64_t rank, shape[3], size;
    int64_t classes; // of a target: labels; 0: numbers
    int is_byte;     // of an input
    int number;
} Further;

typedef struct Plain {
    int64_t rank, shape[3], size; // of a sample
    int64_t rows, own_validation, own_test, classes;
    int is_byte, is_file; // the input is bytes; the source is one of arrays in files
    double *values;       // [rows, size]
    int32_t labels[MAX_ROWS];
    // What the transforms do.
    int64_t height, width; // 0: not resized
    int is_one_hot, is_standardized, is_augmented;
    int64_t column; // one_hot of it; -1: none
    double scale, offset;
    int64_t validation, test, train;
    const char *path, *label; // of the input's file in the training part; the target's name
    Further inputs[MAX_FURTHER], targets[MAX_FURTHER];
    int64_t input_count, target_count; // of these
} Plain;

typedef struct Stages {
    nnrt_call calls[MAX_STAGES];
    int64_t count;
} Stages;

static nnrt_random dice;
static uint8_t bytes[MAX_VALUES * 8 + 1024];
static double plain_values[MAX_VALUES];
static Plain plain;
static Stages stages;
static nnrt_data data;

static int64_t roll(int64_t low, int64_t high) {
    return low + nnrt_random_below(&dice, (uint32_t)(high - low + 1));
}

static void add_call(const char *name) {
    FamilyKind family = stages.count == 0 ? FAMILY_SOURCES : FAMILY_TRANSFORMS;
    if (!family_word(&vocabulary[family], name)) family = FAMILY_AUGMENTATIONS;
    stages.calls[stages.count++] = call_make(family, name, NULL, 0);
}

static nnrt_option *add_option(const char *name) {
    nnrt_option *option = call_option(&stages.calls[stages.count - 1], name);
    assert_non_null(option);
    *option = (nnrt_option){.name = name, .number = NAN};
    return option;
}

static void add_number(const char *name, double value) {
    add_option(name)->number = value;
}

static void add_text(const char *name, const char *text) {
    add_option(name)->text = text;
}

static void set_shape(int64_t rank, int64_t a, int64_t b, int64_t c) {
    const int64_t shape[3] = {a, b, c};
    plain.rank = rank;
    plain.size = 1;
    for (int64_t i = 0; i < rank; i++) plain.size *= plain.shape[i] = shape[i];
}

// ---- Sources. Values are whole and below 128, which every type holds.

static void roll_values(void) {
    plain.values = plain_values;
    for (int64_t i = 0; i < plain.rows * plain.size; i++) plain.values[i] = (double)roll(0, 120);
    for (int64_t i = 0; i < plain.rows; i++) plain.labels[i] = (int32_t)roll(0, plain.classes - 1);
    plain.labels[0] = (int32_t)plain.classes - 1; // in the training part
}

static size_t put_number(uint8_t *to, char kind, int width, int is_big, double value) {
    uint64_t bits = (uint64_t)(int64_t)value;
    float single = (float)value;
    int exponent;
    double part = frexp(value, &exponent); // in [0.5, 1)
    if (kind == 'f' && width == 2)
        bits = value == 0 ? 0 : (uint64_t)(exponent + 14) << 10 | (uint64_t)(part * 2048 - 1024);
    if (kind == 'f' && width == 4) memcpy(&bits, &single, 4);
    if (kind == 'f' && width == 8) memcpy(&bits, &value, 8);
    for (int i = 0; i < width; i++) to[is_big ? width - 1 - i : i] = (uint8_t)(bits >> (8 * i));
    return (size_t)width;
}

// Rows `first` to `end` as the elements of an array, in either order.
static size_t put_elements(uint8_t *to, char kind, int width, int is_big, int is_column_major,
                           int64_t first, int64_t end) {
    int64_t shape[4] = {end - first, 1, 1, 1}, count = (end - first) * plain.size, index[4];
    size_t size = 0;
    for (int64_t d = 0; d < plain.rank; d++) shape[d + 1] = plain.shape[d];
    for (int64_t i = 0; i < count; i++) {
        int64_t place = is_column_major ? 0 : i;
        for (int64_t d = 0, rest = i; is_column_major && d < 4; rest /= shape[d++])
            index[d] = rest % shape[d];
        for (int64_t d = 0; is_column_major && d < 4; d++) place = place * shape[d] + index[d];
        size +=
            put_number(to + size, kind, width, is_big, plain.values[first * plain.size + place]);
    }
    return size;
}

static void put_shape(char *text, size_t capacity, int64_t rows) {
    int used = snprintf(text, capacity, "(%lld,", (long long)rows);
    for (int64_t d = 0; d < plain.rank; d++)
        used += snprintf(text + used, capacity - (size_t)used, " %lld,", (long long)plain.shape[d]);
    snprintf(text + used, capacity - (size_t)used, ")");
}

static const char *put_npy(const char *name, int is_label, int64_t first, int64_t end) {
    static const char *const types[] = {"|b1", "|u1", "|i1", "<u2", ">u2", "<i2", ">i2",
                                        "<u4", ">u4", "<i4", ">i4", "<u8", ">u8", "<i8",
                                        ">i8", "<f2", ">f2", "<f4", ">f4", "<f8", ">f8"};
    static uint8_t elements[MAX_VALUES * 8];
    char shape[128], path[64];
    const char *type = is_label ? "<i4" : types[roll(0, COUNT(types) - 1)];
    int width = type[2] - '0', is_big = type[0] == '>', is_column_major = (int)roll(0, 1);
    size_t size = 0;
    plain.is_byte &= is_label || strcmp(type + 1, "b1") == 0 || strcmp(type, "|u1") == 0;
    if (is_label) {
        snprintf(shape, sizeof shape, "(%lld,)", (long long)(end - first));
        for (int64_t i = first; i < end; i++)
            size += put_number(elements + size, 'i', width, is_big, plain.labels[i]);
    } else {
        put_shape(shape, sizeof shape, end - first);
        size = put_elements(elements, type[1], width, is_big, is_column_major, first, end);
    }
    size = make_npy(bytes, type, shape, is_label ? 0 : is_column_major, elements, size);
    snprintf(path, sizeof path, "%s.npy%s", name, roll(0, 1) ? ".gz" : "");
    return strdup(strstr(path, ".gz") ? put_gzip(path, bytes, size) : put_file(path, bytes, size));
}

static const char *put_idx(const char *name, int is_label, int64_t first, int64_t end) {
    static const struct {
        char kind;
        int width, code;
    } types[] = {{'u', 1, 8}, {'i', 1, 9}, {'i', 2, 11}, {'i', 4, 12}, {'f', 4, 13}, {'f', 8, 14}};
    int64_t type = is_label ? 0 : roll(0, COUNT(types) - 1);
    int64_t rank = is_label ? 0 : plain.rank;
    size_t size = 4;
    plain.is_byte &= type == 0;
    memcpy(bytes, (uint8_t[]){0, 0, (uint8_t)types[type].code, (uint8_t)(rank + 1)}, 4);
    size += put_number(bytes + size, 'u', 4, 1, (double)(end - first));
    for (int64_t d = 0; d < rank; d++)
        size += put_number(bytes + size, 'u', 4, 1, (double)plain.shape[d]);
    for (int64_t i = first; i < end && is_label; i++) bytes[size++] = (uint8_t)plain.labels[i];
    if (!is_label)
        size += put_elements(bytes + size, types[type].kind, types[type].width, 1, 0, first, end);
    return strdup(roll(0, 1) ? put_gzip(name, bytes, size) : put_file(name, bytes, size));
}

static void roll_array_shape(void) {
    int64_t channels = roll(0, 1) ? 3 : roll(1, 4);
    switch (roll(0, 3)) {
    case 0: set_shape(1, roll(1, 9), 1, 1); break;
    case 1: set_shape(2, roll(1, 13), roll(1, 13), 1); break;
    default: set_shape(3, roll(1, 11), roll(1, 11), channels); break;
    }
}

// ---- Further columns.

static double further_value(const Further *column, int64_t row, int64_t place) {
    int64_t value = row * 7 + place * 3 + column->number * 11 + 1;
    return (double)(value % (column->classes ? column->classes : 120));
}

static void put_further(const Further *column, int64_t first, int64_t end, char path[NAME_SIZE]) {
    static uint8_t elements[MAX_VALUES * 4];
    const char *type = column->classes ? "<i4" : column->is_byte ? "|u1" : "<f4";
    char shape[NAME_SIZE], name[NAME_SIZE];
    size_t size = 0;
    int used = snprintf(shape, sizeof shape, "(%lld,", (long long)(end - first));
    for (int64_t d = 0; d < column->rank; d++)
        used += snprintf(shape + used, sizeof shape - (size_t)used, " %lld,",
                         (long long)column->shape[d]);
    snprintf(shape + used, sizeof shape - (size_t)used, ")");
    for (int64_t row = first; row < end; row++)
        for (int64_t i = 0; i < column->size; i++)
            size += put_number(elements + size, type[1], type[2] - '0', 0,
                               further_value(column, row, i));
    size = make_npy(bytes, type, shape, 0, elements, size);
    snprintf(name, sizeof name, "%s%d.npy", first ? "test" : "more", column->number);
    snprintf(path, NAME_SIZE, "%s", put_file(name, bytes, size));
}

static Further roll_further(int is_input, int number) {
    Further column = {.rank = roll(is_input, 3), .size = 1, .number = number};
    for (int64_t d = 0; d < column.rank; d++) column.size *= column.shape[d] = roll(1, 5);
    column.is_byte = is_input && roll(0, 1);
    if (!is_input && column.size == 1 && roll(0, 1)) column.classes = roll(2, 4);
    return column;
}

// The files of an option, the first of which is there already; one part.
static void add_files(const char *name, const char *first, const Further *columns, int64_t count,
                      int64_t from, int64_t end) {
    static char names[4][MAX_FURTHER][NAME_SIZE];
    static const char *lists[4][MAX_FURTHER + 1];
    static int next;
    int place = next++ % 4;
    lists[place][0] = first;
    for (int64_t i = 0; i < count; i++) {
        put_further(&columns[i], from, end, names[place][i]);
        lists[place][i + 1] = names[place][i];
    }
    nnrt_option *option = add_option(name);
    option->texts = lists[place];
    option->count = count + 1;
}

// Takes the place of what one column needs.
static void add_lists(char *const paths[4]) {
    static double classes[MAX_FURTHER + 1];
    int64_t train = plain.rows - plain.own_test;
    plain.input_count = roll(0, MAX_FURTHER);
    plain.target_count = roll(0, MAX_FURTHER);
    plain.label = "y";
    for (int i = 0; i < plain.input_count; i++) plain.inputs[i] = roll_further(1, i);
    for (int i = 0; i < plain.target_count; i++)
        plain.targets[i] = roll_further(0, MAX_FURTHER + i);
    add_files("x", paths[0], plain.inputs, plain.input_count, 0, train);
    add_files("target", paths[1], plain.targets, plain.target_count, 0, train);
    if (plain.own_test) {
        add_files("test_x", paths[2], plain.inputs, plain.input_count, train, plain.rows);
        add_files("test_target", paths[3], plain.targets, plain.target_count, train, plain.rows);
    }
    classes[0] = (double)plain.classes;
    for (int i = 0; i < plain.target_count; i++) classes[i + 1] = (double)plain.targets[i].classes;
    nnrt_option *option = add_option("classes");
    option->numbers = classes;
    option->count = plain.target_count + 1;
}

static void roll_arrays(int is_npy) {
    const char *(*put)(const char *, int, int64_t, int64_t) = is_npy ? put_npy : put_idx;
    static char *paths[4];
    roll_array_shape();
    plain.is_file = plain.is_byte = 1;
    plain.rows = roll(0, 5) ? roll(1, MAX_ROWS) : 1;
    plain.classes = roll(1, 5);
    plain.own_test = plain.rows > 2 && roll(0, 1) ? roll(1, plain.rows - 1) : 0;
    roll_values();
    int64_t train = plain.rows - plain.own_test;
    for (int i = 0; i < 4; i++) free(paths[i]);
    paths[0] = (char *)put("x", 0, 0, train);
    paths[1] = (char *)put("y", 1, 0, train);
    paths[2] = plain.own_test ? (char *)put("tx", 0, train, plain.rows) : NULL;
    paths[3] = plain.own_test ? (char *)put("ty", 1, train, plain.rows) : NULL;
    add_call(is_npy ? "npy" : "idx");
    plain.path = paths[0];
    if (is_npy && roll(0, 1)) {
        add_lists(paths);
        return;
    }
    add_text("x", paths[0]);
    add_text("target", paths[1]);
    if (plain.own_test) add_text("test_x", paths[2]);
    if (plain.own_test) add_text("test_target", paths[3]);
    static double classes;
    classes = (double)plain.classes;
    nnrt_option *option = add_option("classes");
    option->numbers = &classes;
    option->count = 1;
}

static size_t put_pixels(int64_t first, int64_t end) {
    size_t size = 4;
    memcpy(bytes, (uint8_t[]){0, 0, 8, 3}, 4);
    size += put_number(bytes + size, 'u', 4, 1, (double)(end - first));
    for (int d = 0; d < 2; d++) size += put_number(bytes + size, 'u', 4, 1, SET_SIDE);
    return size + put_elements(bytes + size, 'u', 1, 1, 0, first, end);
}

static size_t put_labels(int64_t first, int64_t end) {
    size_t size = 8;
    memcpy(bytes, (uint8_t[]){0, 0, 8, 1}, 4);
    put_number(bytes + 4, 'u', 4, 1, (double)(end - first));
    for (int64_t i = first; i < end; i++) bytes[size++] = (uint8_t)plain.labels[i];
    return size;
}

static void roll_mnist(void) {
    set_shape(2, SET_SIDE, SET_SIDE, 1);
    plain.is_byte = 1;
    plain.classes = 10;
    plain.rows = roll(2, 20);
    plain.own_test = roll(1, plain.rows - 1);
    roll_values();
    int64_t train = plain.rows - plain.own_test;
    put_file("mnist/train-images-idx3-ubyte", bytes, put_pixels(0, train));
    put_file("mnist/train-labels-idx1-ubyte", bytes, put_labels(0, train));
    put_file("mnist/t10k-images-idx3-ubyte", bytes, put_pixels(train, plain.rows));
    put_file("mnist/t10k-labels-idx1-ubyte", bytes, put_labels(train, plain.rows));
    add_call("mnist");
}

// Records of labels and the three planes.
static void put_records(const char *name, int labels, int64_t first, int64_t end) {
    size_t size = 0;
    for (int64_t row = first; row < end; row++) {
        if (labels == 2) bytes[size++] = 0;
        bytes[size++] = (uint8_t)plain.labels[row];
        for (int64_t c = 0; c < 3; c++)
            for (int64_t i = 0; i < 1024; i++)
                bytes[size++] = (uint8_t)plain.values[row * 3072 + 3 * i + c];
    }
    put_file(name, bytes, size);
}

static void roll_cifar(void) {
    static const char *const ten[] = {"cifar10/data_batch_1.bin", "cifar10/data_batch_2.bin",
                                      "cifar10/data_batch_3.bin", "cifar10/data_batch_4.bin",
                                      "cifar10/data_batch_5.bin"};
    int is_ten = (int)roll(0, 1), files = is_ten ? 5 : 1;
    set_shape(3, 32, 32, 3);
    plain.is_byte = plain.own_test = 1;
    plain.rows = is_ten ? 5 : roll(2, 5);
    plain.classes = is_ten ? 10 : 100;
    if (is_ten) plain.own_test = 0;
    roll_values();
    if (is_ten) {
        // Five files of one record; the test part has the last one again.
        for (int i = 0; i < files; i++) put_records(ten[i], 1, i, i + 1);
        put_records("cifar10/test_batch.bin", 1, 4, 5);
        memcpy(plain.values + 5 * 3072, plain.values + 4 * 3072, 3072 * sizeof *plain.values);
        plain.labels[5] = plain.labels[4];
        plain.rows = 6;
        plain.own_test = 1;
    } else {
        put_records("cifar100/train.bin", 2, 0, plain.rows - 1);
        put_records("cifar100/test.bin", 2, plain.rows - 1, plain.rows);
    }
    add_call(is_ten ? "cifar10" : "cifar100");
    if (!is_ten) add_text("labels", "fine");
}

static void roll_points(void) {
    static const char *const names[] = {"circles", "moons", "spirals", "xor", "blobs"};
    int64_t kind = roll(0, 4);
    set_shape(1, 2, 1, 1);
    plain.classes = kind == 4 ? 3 : 2;
    plain.rows = roll(3, MAX_ROWS);
    plain.values = NULL; // not known here
    add_call(names[kind]);
    add_number("n", (double)plain.rows);
    add_number("seed", (double)roll(0, 9));
}

#ifdef NNC_TESTS_HAVE_PICTURES
// One part: classes in folders by name, pictures by number, all of the same size.
static void put_part(const char *part, int64_t *row, int64_t channels, int least) {
    uint8_t pixels[16 * 16 * 3];
    char name[64];
    for (int64_t class = 0; class < plain.classes; class ++)
        for (int64_t i = 0, count = roll(least, 2); i < count; i++, ++*row) {
            plain.labels[*row] = (int32_t)class;
            for (int64_t j = 0; j < plain.size; j++)
                pixels[j] = (uint8_t)plain.values[*row * plain.size + j];
            snprintf(name, sizeof name, "set/%s/c%lld/%lld.png", part, (long long)class,
                     (long long)i);
            put_png(name, (int)plain.shape[0], (int)plain.shape[1], (int)channels, pixels);
        }
}

static void roll_pictures(void) {
    static const char *const memory[] = {"auto", "all", "none"};
    int64_t channels = roll(0, 1) ? 3 : 1, row = 0;
    char command[PATH_SIZE];
    snprintf(command, sizeof command, "rm -rf %s/set", scratch_folder());
    assert_int_equal(system(command), 0);
    set_shape(3, roll(1, 16), roll(1, 16), channels);
    plain.is_byte = 1;
    plain.classes = roll(2, 3);
    plain.rows = 18; // at most
    roll_values();
    put_part("train", &row, channels, 1);
    int64_t train = row;
    if (roll(0, 1)) put_part("val", &row, channels, 1);
    plain.own_validation = row - train;
    if (roll(0, 1)) put_part("test", &row, channels, 1);
    plain.own_test = row - train - plain.own_validation;
    plain.rows = row;
    add_call("images");
    add_text("folder", "set");
    add_text("color", channels == 3 ? "rgb" : "grayscale");
    add_text("memory", memory[roll(0, 2)]);
}
#else
static void roll_pictures(void) {
    roll_points();
}
#endif

// ---- Transforms.

static int is_picture(void) {
    return plain.rank == 2 || (plain.rank == 3 && plain.shape[2] <= 4);
}

static void add_split(void) {
    double rows = (double)plain.train;
    int has_test = plain.test == 0, has_validation = plain.validation == 0;
    double part = 0.3;
    int64_t count = plain.train - (int64_t)floor(rows * (1 - part) + 1e-9);
    if (plain.train - count * (has_test + has_validation) < 1) return;
    add_call("split");
    if (has_test) add_number("test", part);
    if (has_validation) add_number("validation", part);
    if (roll(0, 1)) add_number("seed", (double)roll(0, 9));
    if (roll(0, 1)) add_number("stratify", 1);
    if (has_test) plain.test = count;
    if (has_validation) plain.validation = count;
    plain.train -= count * (has_test + has_validation);
}

static void add_augmentations(void) {
    static const char *const fills[] = {"nearest", "constant", "reflect", "wrap"};
    add_call("augment");
    add_text("fill", fills[roll(0, 3)]);
    if (roll(0, 1)) {
        add_call("flip");
        add_text("direction", "both");
    }
    if (roll(0, 1)) {
        add_call("crop");
        add_number("pad", (double)roll(1, 3));
    }
    add_call("rotate");
    add_number("degrees", (double)roll(1, 180));
    add_call("zoom");
    add_number("fraction", 0.5);
    plain.is_augmented = 1;
}

static void add_scale(void) {
    double factor = (double)roll(1, 5) / 4, offset = (double)roll(-3, 3);
    add_call("scale");
    add_number("a", factor);
    add_number("offset", offset);
    plain.scale *= factor;
    plain.offset = plain.offset * factor + offset;
}

static void add_resize(void) {
    plain.height = roll(0, 3) ? roll(1, 20) : plain.shape[0];
    plain.width = roll(0, 3) ? roll(1, 20) : plain.shape[1];
    if (roll(0, 9) == 0) plain.width = roll(250, 600); // more than a block of columns
    add_call("resize");
    add_number("height", (double)plain.height);
    add_number("width", (double)plain.width);
}

static void add_take(void) {
    int64_t count = roll(1, plain.train);
    add_call("take");
    add_number("n", (double)count);
    plain.train = count;
}

static void add_one_hot(void) {
    add_call("one_hot");
    add_text("columns", plain.label);
    plain.is_one_hot = 1;
}

static void add_one_hot_column(void) {
    plain.column = roll(0, plain.size - 1);
    add_call("one_hot");
    static char number[32];
    snprintf(number, sizeof number, "%lld", (long long)plain.column);
    add_text("columns", number);
}

// A transform that may stand here, or none.
static void roll_transform(void) {
    switch (roll(0, 7)) {
    case 0:
        if (!plain.is_standardized && plain.column < 0) add_scale();
        break;
    case 1:
        if (!plain.is_standardized) add_call("standardize");
        plain.is_standardized = 1;
        break;
    case 2:
        if (!plain.is_one_hot && !(plain.validation && plain.test)) add_split();
        break;
    case 3: add_take(); break;
    case 4:
        if (!plain.is_one_hot) add_one_hot();
        break;
    case 5:
        if (is_picture() && !plain.height) add_resize();
        break;
    case 6:
        if (is_picture() && !plain.is_augmented) add_augmentations();
        break;
    default:
        if (plain.rank == 1 && plain.values && plain.column < 0 && !plain.input_count)
            add_one_hot_column();
    }
}

static void roll_set(void) {
    memset(&plain, 0, sizeof plain);
    memset(&stages, 0, sizeof stages);
    plain.scale = 1;
    plain.column = -1;
    plain.label = "label";
    switch (roll(0, 6)) {
    case 0: roll_points(); break;
    case 1: roll_mnist(); break;
    case 2: roll_cifar(); break;
    case 3: roll_pictures(); break;
    case 4: roll_arrays(0); break;
    default: roll_arrays(1);
    }
    plain.validation = plain.own_validation;
    plain.test = plain.own_test;
    plain.train = plain.rows - plain.own_validation - plain.own_test;
    for (int64_t i = roll(0, 5); i > 0; i--) roll_transform();
}

#endif
