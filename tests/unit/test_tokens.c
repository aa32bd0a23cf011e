// Texts as numbers of tokens against Keras's TextVectorization
// (tests/fixtures/make_keras_tokens.py); folders of texts.
#include <sys/stat.h>

#include "../../runtime/data/data.h"
#include "../common/calls.h"
#include "data_files.h"

#define FIXTURES NNC_SOURCE_DIR "/tests/fixtures/tokens"

static nnrt_data data;

#define TABLE                                                                                      \
    SOURCE("csv", TEXT("file", "texts.csv"), TEXT("separator", "semicolon"), TEXT("target", "y"))
#define FOLDER SOURCE("texts", TEXT("folder", "texts"))
#define LOAD(folder, ...)                                                                          \
    load(folder, (const nnrt_call[]){__VA_ARGS__},                                                 \
         (int64_t)(sizeof((const nnrt_call[]){__VA_ARGS__}) / sizeof(nnrt_call)))

static nnrt_status load(const char *folder, const nnrt_call *stages, int64_t count) {
    nnrt_data_free(&data);
    return nnrt_data_load(stages, count, folder, &data);
}

// ---- Keras.

static FILE *open_fixture(const char *name, const char *ending) {
    char path[1024];
    snprintf(path, sizeof path, FIXTURES "/%s.%s", name, ending);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    return file;
}

static void assert_vocabulary(const char *name) {
    FILE *file = open_fixture(name, "words");
    char line[256];
    int64_t place = 1;
    for (; fgets(line, sizeof line, file); place++) {
        line[strlen(line) - 1] = 0;
        assert_true(place < data.info.input_categories[0]);
        assert_string_equal(data.info.input_words[0][place], line);
    }
    assert_int_equal(data.info.input_categories[0], place);
    fclose(file);
}

static void assert_numbers(const char *name) {
    FILE *file = open_fixture(name, "csv");
    const int32_t *numbers = data.columns[0];
    for (int64_t i = 0; i < data.row_count * data.info.inputs[0].size; i++) {
        int expected;
        assert_int_equal(fscanf(file, "%d,", &expected), 1);
        assert_int_equal(numbers[i], expected);
    }
    assert_int_equal(data.row_count, 100);
    fclose(file);
}

// The vocabulary is that of the training part, the first 80 texts, though `split` stands behind.
static void check_case(const char *name, nnrt_call tokens) {
    assert_int_equal(LOAD(FIXTURES, TABLE, tokens, TRANSFORM("split", NUMBER("test", 0.2))),
                     NNRT_OK);
    assert_vocabulary(name);
    assert_numbers(name);
}

static void test_keras(void **state) {
    (void)state;
    check_case("words", TRANSFORM("tokens", NUMBER("length", 8)));
    check_case("few", TRANSFORM("tokens", NUMBER("vocabulary", 12), NUMBER("length", 5)));
    check_case("plain", TRANSFORM("tokens", NUMBER("length", 8), NUMBER("lower", 0)));
    check_case("characters", TRANSFORM("tokens", TEXT("unit", "char"), NUMBER("vocabulary", 20),
                                       NUMBER("length", 16)));
}

static void test_bytes(void **state) {
    (void)state;
    assert_int_equal(
        LOAD(FIXTURES, TABLE,
             TRANSFORM("tokens", TEXT("unit", "byte"), NUMBER("length", 4), NUMBER("lower", 0))),
        NNRT_OK);
    assert_int_equal(data.info.input_categories[0], 258);
    assert_int_equal(((const int32_t *)data.columns[0])[0], 'd' + 2); // "don't"
}

// ---- Folders.

static void make_folder(const char *name) {
    assert_int_equal(mkdir(scratch(name), 0755), 0);
}

static void put(const char *name, const char *text) {
    put_file(name, text, strlen(text));
}

static const char *text_of(int64_t row) {
    static char text[256];
    const int32_t *numbers = (const int32_t *)data.columns[0] + row * data.info.inputs[0].size;
    *text = 0;
    for (int64_t i = 0; i < data.info.inputs[0].size && numbers[i]; i++)
        strcat(strcat(text, i ? " " : ""), data.info.input_words[0][numbers[i]]);
    return text;
}

static void test_lines(void **state) {
    (void)state;
    make_folder("texts");
    put("texts/good.txt", "a fine film\r\n\n  \nfine\n");
    put("texts/bad.txt", "a dull film");
    put("texts/README", "not a class");
    assert_int_equal(LOAD(scratch_folder(), FOLDER, TRANSFORM("tokens", NUMBER("length", 3))),
                     NNRT_OK);
    assert_int_equal(data.row_count, 3);
    assert_int_equal(data.info.targets[0].classes, 2);
    assert_string_equal(data.info.targets[0].class_names[0], "bad");
    assert_int_equal(((const int32_t *)data.columns[1])[0], 0);
    assert_int_equal(((const int32_t *)data.columns[1])[2], 1);
    assert_string_equal(text_of(0), "a dull film");
    assert_string_equal(text_of(1), "a fine film");
    assert_string_equal(text_of(2), "fine");
}

// A file is a sample, with all of its lines.
static void test_parts(void **state) {
    (void)state;
    make_folder("texts/train");
    make_folder("texts/train/good");
    make_folder("texts/train/bad");
    make_folder("texts/test");
    make_folder("texts/test/bad");
    put("texts/train/good/1.txt", "so\ngood\n");
    put("texts/train/good/2.txt", "so so\n");
    put("texts/train/bad/1.txt", "bad");
    put("texts/test/bad/1.txt", "so new");
    assert_int_equal(LOAD(scratch_folder(), FOLDER, TRANSFORM("tokens", NUMBER("length", 3))),
                     NNRT_OK);
    assert_int_equal(data.train.count, 3);
    assert_int_equal(data.test.count, 1);
    assert_string_equal(text_of(1), "so good");
    assert_string_equal(text_of(3), "so [UNK]");
    put("texts/test/other.txt", "x");
    assert_int_equal(LOAD(scratch_folder(), FOLDER), NNRT_ERROR);
    assert_message("the class `other`, which the training part does not have");
}

// What training learnt is applied to other rows: no word of theirs gets a number of its own.
static void test_learnt(void **state) {
    static nnrt_data applied;
    nnrt_call stages[] = {SOURCE("csv", TEXT("file", "shop.csv"), TEXT("target", "y")),
                          TRANSFORM("tokens", TEXT("columns", "text"))};
    (void)state;
    put("shop.csv", "text,y\nred red shoes,1\nblue hat,0\n");
    put("new.csv", "text,y\ngreen shoes green red,1\n");
    nnrt_data_free(&data);
    assert_int_equal(nnrt_data_load(stages, 2, scratch_folder(), &data), NNRT_OK);
    char *learnt = nnrt_data_learnt(&data);
    const nnrt_known known = {learnt, scratch("new.csv"), 1};
    assert_int_equal(nnrt_data_load_known(stages, 2, scratch_folder(), &known, &applied), NNRT_OK);
    free(learnt);
    assert_int_equal(applied.info.inputs[0].size, 3);
    assert_int_equal(applied.info.input_categories[0], 6);
    const int32_t *numbers = applied.columns[0];
    const int32_t *before = data.columns[0];
    assert_int_equal(numbers[0], 1);
    assert_int_equal(numbers[1], before[2]);
    assert_int_equal(numbers[2], 1);
    nnrt_data_free(&applied);
}

// Other texts, a line a sample, or by class; those of training are not needed.
static void test_new_texts(void **state) {
    static nnrt_data applied;
    nnrt_call stages[] = {SOURCE("texts", TEXT("folder", "known")),
                          TRANSFORM("tokens", NUMBER("length", 2))};
    (void)state;
    make_folder("known");
    put("known/a.txt", "red\nred hat\n");
    put("known/b.txt", "blue\n");
    put("new.txt", "blue red\n\nhat");
    nnrt_data_free(&data);
    assert_int_equal(nnrt_data_load(stages, 2, scratch_folder(), &data), NNRT_OK);
    char *learnt = nnrt_data_learnt(&data);
    nnrt_known known = {learnt, scratch("new.txt"), 1};
    assert_int_equal(nnrt_data_load_known(stages, 2, "/nowhere", &known, &applied), NNRT_OK);
    assert_int_equal(applied.test.count, 3);
    const int32_t *numbers = applied.columns[0], *before = data.columns[0];
    assert_int_equal(numbers[0], before[4]); // blue
    assert_int_equal(numbers[1], before[0]);
    assert_int_equal(numbers[2], 0);
    assert_int_equal(numbers[4], before[3]);
    nnrt_data_free(&applied);
    known.is_predicted = 0;
    assert_int_equal(nnrt_data_load_known(stages, 2, "/nowhere", &known, &applied), NNRT_ERROR);
    assert_message("to evaluate, texts lie in a folder by class");
    make_folder("other");
    put("other/b.txt", "hat\n\nblue\n");
    known.new_rows = scratch("other");
    assert_int_equal(nnrt_data_load_known(stages, 2, "/nowhere", &known, &applied), NNRT_OK);
    assert_int_equal(applied.test.count, 2);
    assert_int_equal(((const int32_t *)applied.columns[1])[1], 1);
    nnrt_data_free(&applied);
    free(learnt);
}

static void test_mistakes(void **state) {
    (void)state;
    nnrt_call folder = SOURCE("texts", TEXT("folder", "wrong"));
    make_folder("wrong");
    assert_int_equal(LOAD(scratch_folder(), folder), NNRT_ERROR);
    assert_message("holds no texts");
    put("wrong/a.txt", "one\n");
    assert_int_equal(LOAD(scratch_folder(), folder), NNRT_ERROR);
    assert_message("are of one class, `a`");
    put("wrong/b.txt", " \n\n");
    assert_int_equal(LOAD(scratch_folder(), folder), NNRT_ERROR);
    assert_message("wrong/b.txt` has no texts");
    put("wrong/b.txt", "fine\nna\xEFve\n");
    assert_int_equal(LOAD(scratch_folder(), folder), NNRT_ERROR);
    assert_message("wrong/b.txt`, line 2: byte 3, 0xEF, is not UTF-8");
    put_file("wrong/b.txt", "a\0b", 3);
    assert_int_equal(LOAD(scratch_folder(), folder), NNRT_ERROR);
    assert_message("line 1: byte 2 is NUL");
    put("wrong/b.txt", "x\n");
    assert_int_equal(LOAD(scratch_folder(), folder), NNRT_ERROR);
    assert_message("`-> tokens(text)`");
    assert_int_equal(LOAD(scratch_folder(), folder, TRANSFORM("tokens", TEXT("columns", "label"))),
                     NNRT_ERROR);
    assert_message("the column is the target");
    assert_int_equal(LOAD(scratch_folder(), folder, TRANSFORM("tokens", TEXT("columns", "texts"))),
                     NNRT_ERROR);
    assert_message("there is no column `texts`");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keras),    cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_lines),    cmocka_unit_test(test_parts),
        cmocka_unit_test(test_learnt),   cmocka_unit_test(test_new_texts),
        cmocka_unit_test(test_mistakes),
    };
    int failed = cmocka_run_group_tests(tests, NULL, scratch_remove);
    nnrt_data_free(&data);
    return failed;
}
