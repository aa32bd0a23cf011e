// Tables from csv files: what columns hold, the parts, targets, and what each transform makes of
// them; and what is refused, with its place.
#include "../../runtime/data/data.h"
#include "../../runtime/data/table/table.h"
#include "../common/calls.h"
#include "data_files.h"

#include <math.h>

static nnrt_data data;

static nnrt_status load(const nnrt_call *stages, int64_t count) {
    nnrt_data_free(&data);
    return nnrt_data_load(stages, count, scratch_folder(), &data);
}

#define LOAD(...) load(STAGES(__VA_ARGS__))

static void put(const char *name, const char *text) {
    put_file(name, text, strlen(text));
}

static void assert_row(int64_t row, const float *values) {
    const float *x = data.columns[0];
    for (int64_t i = 0; i < data.info.inputs[0].size; i++)
        assert_true(x[row * data.info.inputs[0].size + i] == values[i]);
}

static int set_up(void **state) {
    (void)state;
    put("people.csv", "age,job,gain,pay\n"
                      "31,clerk,0.5,high\n"
                      "45,smith,,low\n"
                      "28,clerk,2,low\n"
                      "60,?,1,high\n"
                      "39,baker,4,low\n");
    put("more.csv", "age,job,gain,pay\n50,tailor,3,high\n");
    put("cars.txt", "18.0   8\t\"a b\"  1\n15.5   4  c  3\n20 6 d 1\n");
    return 0;
}

#define PEOPLE                                                                                     \
    SOURCE("csv", TEXT("file", "people.csv"), TEXT("target", "pay"), TEXT("missing", "?"))

static void test_columns(void **state) {
    (void)state;
    assert_int_equal(LOAD(PEOPLE, TRANSFORM("drop", TEXT("columns", "job")), PLAIN("drop_missing")),
                     NNRT_OK);
    assert_int_equal(data.info.input_count, 1);
    assert_string_equal(data.info.inputs[0].name, "x");
    assert_int_equal(data.info.inputs[0].size, 2);
    assert_int_equal(data.train.count, 4); // `?` was dropped with its column
    assert_row(0, (const float[]){31, 0.5F});
    assert_row(4, (const float[]){39, 4});
    assert_string_equal(data.info.targets[0].column.name, "pay");
    assert_int_equal(data.info.targets[0].classes, 2);
    assert_string_equal(data.info.targets[0].class_names[0], "high"); // sorted
    assert_int_equal(((const int32_t *)data.columns[1])[0], 0);
    assert_int_equal(((const int32_t *)data.columns[1])[2], 1);
}

static void test_blanks_without_header(void **state) {
    (void)state;
    assert_int_equal(LOAD(SOURCE("csv", TEXT("file", "cars.txt"), TEXT("separator", "blanks"),
                                 TEXT("target", "0")),
                          TRANSFORM("keep", TEXTS("columns", "column_3", "1"))),
                     NNRT_OK);
    assert_int_equal(data.info.inputs[0].size, 2);
    assert_row(1, (const float[]){4, 3});
    assert_true(((const float *)data.columns[1])[1] == 15.5F);
    assert_int_equal(data.info.targets[0].classes, 0); // 15.5
}

// Categories are those of the training part; a word that it lacks is 0 in all.
static void test_one_hot(void **state) {
    (void)state;
    const nnrt_call with_test = SOURCE("csv", TEXT("file", "people.csv"), TEXT("target", "pay"),
                                       TEXT("missing", "?"), TEXT("test", "more.csv"));
    assert_int_equal(LOAD(with_test, PLAIN("one_hot"), PLAIN("drop_missing")), NNRT_OK);
    assert_int_equal(data.info.inputs[0].size, 4); // age, two jobs, gain: the smith lacks hers
    assert_int_equal(data.train.count, 3);
    assert_int_equal(data.test.count, 1);
    assert_row(0, (const float[]){31, 0, 1, 0.5F});
    assert_row(4, (const float[]){39, 1, 0, 4});
    assert_row(5, (const float[]){50, 0, 0, 3});
}

static void test_one_hot_of_numbers(void **state) {
    (void)state;
    assert_int_equal(LOAD(SOURCE("csv", TEXT("file", "cars.txt"), TEXT("separator", "blanks"),
                                 TEXT("target", "0")),
                          TRANSFORM("one_hot", TEXT("columns", "column_3")),
                          TRANSFORM("drop", TEXT("columns", "column_2")), PLAIN("standardize")),
                     NNRT_OK);
    assert_int_equal(data.info.inputs[0].size, 3);
    assert_row(1, (const float[]){(float)(-2 / sqrt(8.0 / 3)), 0, 1}); // 4 of 8, 4, 6
    assert_int_equal(data.info.standardize, 0);                        // nothing left to compute
    assert_null(data.mean[0]);
}

// The target is standardized as inputs are, and its mean and deviation are known for what is shown.
static void test_standardized_target(void **state) {
    (void)state;
    const nnrt_call source =
        SOURCE("csv", TEXT("file", "cars.txt"), TEXT("separator", "blanks"), TEXT("target", "0"));
    const nnrt_call keep = TRANSFORM("keep", TEXT("columns", "1"));
    const nnrt_call both = TRANSFORM("standardize", NUMBER("target", 1));
    const nnrt_call alone = TRANSFORM("standardize", TEXT("columns", "0"));
    const double mean = 53.5 / 3; // of 18, 15.5, 20
    assert_int_equal(LOAD(source, keep, both), NNRT_OK);
    const nnrt_target_info *target = &data.info.targets[0];
    assert_true(fabs(target->mean - mean) < 1e-12 && target->deviation > 1);
    const float *y = data.columns[1];
    assert_true(fabs((double)y[1] * target->deviation + mean - 15.5) < 1e-5);
    assert_true(fabsf(y[0] + y[1] + y[2]) < 1e-6F && y[1] < -1);
    assert_true(((float *)data.columns[0])[0] > 0.9F);
    assert_int_equal(LOAD(source, keep, alone), NNRT_OK);
    assert_row(0, (const float[]){8});
    assert_true(((const float *)data.columns[1])[1] == -1.2675004F);
    assert_int_equal(LOAD(source, keep, PLAIN("standardize")), NNRT_OK);
    assert_true(data.info.targets[0].deviation == 0);
    assert_true(((const float *)data.columns[1])[1] == 15.5F);
    assert_int_equal(LOAD(source, keep, both, alone), NNRT_ERROR);
    assert_message("standardized already");
    assert_int_equal(LOAD(PEOPLE, TRANSFORM("keep", TEXT("columns", "age")), both), NNRT_ERROR);
    assert_message("standardize(pay): the column does not hold numbers");
    assert_int_equal(LOAD(SOURCE("circles", NUMBER("n", 10)), both), NNRT_ERROR);
    assert_message("the target is an array");
}

// A column of weights is no input, stays where others are kept, and follows its rows.
static void test_sample_weight(void **state) {
    (void)state;
    const nnrt_call weight = TRANSFORM("sample_weight", TEXT("column", "gain"));
    const nnrt_call keep = TRANSFORM("keep", TEXT("columns", "age"));
    assert_int_equal(LOAD(PEOPLE, weight, PLAIN("standardize"), PLAIN("drop_missing"), keep),
                     NNRT_OK);
    assert_int_equal(data.info.inputs[0].size, 1);
    assert_int_equal(data.info.weight_count, 1);
    assert_int_equal(nnrt_data_find_column(&data.info, "gain"), 2); // behind x and pay
    const float *weights = data.columns[2];
    assert_true(weights[0] == 0.5F && weights[2] == 2 && weights[4] == 4);
    assert_int_equal(LOAD(PEOPLE, weight, keep), NNRT_ERROR);
    assert_message("the weight `gain` is missing in 1 row, the first is row 2");
    assert_message("fill_missing(1, gain)");
    assert_int_equal(LOAD(PEOPLE, weight, keep,
                          TRANSFORM("fill_missing", TEXT("with", "-1"), TEXT("columns", "gain"))),
                     NNRT_ERROR);
    assert_message("the weight `gain` is -1 in row 2");
    assert_int_equal(
        LOAD(PEOPLE, weight, keep, PLAIN("drop_missing"),
             TRANSFORM("clip", NUMBER("low", 0), NUMBER("high", 0), TEXT("columns", "gain"))),
        NNRT_ERROR);
    assert_message("nothing would be trained");
}

static void assert_filled(nnrt_option with, float gain) {
    const nnrt_option *pointer = &with;
    const nnrt_call fill = call_make(FAMILY_TRANSFORMS, "fill_missing", pointer, 1);
    assert_int_equal(LOAD(PEOPLE, TRANSFORM("drop", TEXT("columns", "job")), fill), NNRT_OK);
    assert_int_equal(data.train.count, 5);
    assert_row(1, (const float[]){45, gain});
}

static void test_fill_missing(void **state) {
    (void)state;
    assert_filled((nnrt_option)TEXT("with", "mean"), 7.5F / 4);
    assert_filled((nnrt_option)TEXT("with", "median"), 1.5F);
    assert_filled((nnrt_option)TEXT("with", "previous"), 0.5F);
    assert_filled((nnrt_option)NUMBER("with", -1), -1);
    assert_int_equal(
        LOAD(PEOPLE, TRANSFORM("fill_missing", TEXT("with", "most_frequent")), PLAIN("one_hot")),
        NNRT_OK);
    assert_row(3, (const float[]){60, 0, 1, 0, 1}); // a clerk, as two of the others
    assert_int_equal(LOAD(PEOPLE,
                          TRANSFORM("fill_missing", TEXT("with", "none"), TEXT("columns", "job")),
                          PLAIN("one_hot"), PLAIN("drop_missing")),
                     NNRT_OK);
    assert_row(3, (const float[]){60, 0, 0, 1, 0, 1}); // a word of its own, in the order of bytes
}

// Statistics wait for the parts: the last two rows are not of the training part.
static void test_waiting(void **state) {
    (void)state;
    assert_int_equal(LOAD(PEOPLE, TRANSFORM("keep", TEXT("columns", "age")), PLAIN("standardize"),
                          TRANSFORM("split", NUMBER("test", 0.4))),
                     NNRT_OK);
    assert_int_equal(data.train.count, 3);
    const float *x = data.columns[0];
    assert_true(fabsf(x[0] + x[1] + x[2]) < 1e-6F);
    assert_true(x[3] > 1.5F); // 60, beside 31, 45 and 28
}

// Columns change one stage after the other: a limit behind `standardize` is one of deviations.
static void test_order(void **state) {
    (void)state;
    const nnrt_call keep = TRANSFORM("keep", TEXT("columns", "age"));
    const nnrt_call clip = TRANSFORM("clip", NUMBER("low", 0), NUMBER("high", 1));
    const nnrt_call scale = TRANSFORM("scale", NUMBER("a", 0.1), NUMBER("offset", 1));
    assert_int_equal(LOAD(PEOPLE, keep, PLAIN("standardize"), clip), NNRT_OK);
    assert_row(3, (const float[]){1}); // 60
    assert_int_equal(LOAD(PEOPLE, keep, clip, PLAIN("standardize")), NNRT_OK);
    assert_row(3, (const float[]){0}); // all are 1 then
    assert_int_equal(LOAD(PEOPLE, keep, scale, PLAIN("standardize"), scale), NNRT_OK);
    assert_row(0, (const float[]){(float)(1 - 0.1 * 9.6 / sqrt(129.84))});
    assert_true(data.info.scale == 1 && data.info.offset == 0);
}

// A column of one value is 0, whatever its mean; others stay as they are; categories stay 0 and 1.
static void test_standardized_columns(void **state) {
    (void)state;
    put("one.csv", "t,word,n,y\n0.1,a,1700000001,1\n0.1,b,1700000002,2\n0.1,a,1700000003,4\n");
    const nnrt_call source = SOURCE("csv", TEXT("file", "one.csv"), TEXT("target", "y"));
    assert_int_equal(LOAD(source, PLAIN("one_hot"), PLAIN("standardize")), NNRT_OK);
    assert_row(0, (const float[]){0, 1, 0, -(float)sqrt(1.5)});
    assert_row(2, (const float[]){0, 1, 0, (float)sqrt(1.5)});
    assert_int_equal(LOAD(source, TRANSFORM("drop", TEXT("columns", "word")),
                          TRANSFORM("standardize", TEXT("columns", "n"))),
                     NNRT_OK);
    assert_row(0, (const float[]){0.1F, -(float)sqrt(1.5)});
    char *learnt = nnrt_data_learnt(&data);
    assert_non_null(strstr(learnt, "{\"n\":{\"mean\":1700000002.0,\"deviation\":0.8164965809277"));
    free(learnt);
    assert_int_equal(LOAD(source, TRANSFORM("standardize", TEXT("columns", "word"))), NNRT_ERROR);
    assert_message("standardize(word): the column does not hold numbers");
    assert_int_equal(LOAD(source, TRANSFORM("standardize", TEXT("columns", "m"))), NNRT_ERROR);
    assert_message("there is no column `m`");
    assert_int_equal(
        LOAD(SOURCE("circles", NUMBER("n", 10)), TRANSFORM("standardize", TEXT("columns", "0"))),
        NNRT_ERROR);
    assert_message("arrays have no columns that could be named");
}

static void test_stratified(void **state) {
    (void)state;
    assert_int_equal(LOAD(PEOPLE, TRANSFORM("keep", TEXT("columns", "age")),
                          TRANSFORM("split", NUMBER("test", 0.4), NUMBER("stratify", 1))),
                     NNRT_OK);
    const int32_t *labels = data.columns[1];
    assert_int_equal(data.test.count, 2);
    // 0.8 and 1.2 of the classes are rounded to 0 and 2; the last two rows have one of each.
    assert_int_equal(labels[data.test.rows[0]] + labels[data.test.rows[1]], 2);
}

static void test_mistakes(void **state) {
    (void)state;
    assert_int_equal(LOAD(PEOPLE), NNRT_ERROR);
    assert_message("the column `job` holds words, `baker` for example");
    assert_int_equal(LOAD(PEOPLE, PLAIN("one_hot")), NNRT_ERROR);
    assert_message("the column `gain` is missing in 1 row, the first is row 2");
    assert_int_equal(LOAD(PEOPLE, TRANSFORM("drop", TEXT("columns", "wage"))), NNRT_ERROR);
    assert_message("there is no column `wage`");
    assert_int_equal(data.info.stage, 1);
    put("wide.csv", "a,b\n1,2\n3,4,5\n");
    assert_int_equal(LOAD(SOURCE("csv", TEXT("file", "wide.csv"))), NNRT_ERROR);
    assert_message("row 2 (line 3) has 3 cells, where the first row has 2");
    put("twice.csv", "a,b,a\n1,2,3\n");
    assert_int_equal(LOAD(SOURCE("csv", TEXT("file", "twice.csv"))), NNRT_ERROR);
    assert_message("columns 1 and 3 have one name, `a`");
    put("empty.csv", "");
    assert_int_equal(LOAD(SOURCE("csv", TEXT("file", "empty.csv"))), NNRT_ERROR);
    assert_message("is empty");
    put("latin.csv", "name,n\nb\xE9"
                     "b\xE9,1\n");
    assert_int_equal(LOAD(SOURCE("csv", TEXT("file", "latin.csv"))), NNRT_ERROR);
    assert_message("row 1, column `name`: byte 2 of the cell, 0xE9, is not UTF-8");
    put("semi.csv", "a;b\n1;2\n");
    assert_int_equal(LOAD(SOURCE("csv", TEXT("file", "semi.csv"))), NNRT_ERROR);
    assert_message("write `separator = semicolon`");
    put("returns.csv", "a,b\r1,2\r3,4\r");
    assert_int_equal(LOAD(SOURCE("csv", TEXT("file", "returns.csv"))), NNRT_ERROR);
    assert_message("lines end with carriage returns alone");
    put("huge.csv", "a,b\n1,1e400\n");
    assert_int_equal(LOAD(SOURCE("csv", TEXT("file", "huge.csv"))), NNRT_ERROR);
    assert_message("`1e400` is too large a number");
    put("stop.csv", "age,job,gain,pay\n1,clerk,1,high.\n");
    assert_int_equal(LOAD(SOURCE("csv", TEXT("file", "people.csv"), TEXT("target", "pay"),
                                 TEXT("test", "stop.csv"), TEXT("missing", "?")),
                          PLAIN("drop_missing"), PLAIN("one_hot")),
                     NNRT_ERROR);
    assert_message("the target `pay` is `high.` in row 1 of `");
}

static void test_damaged_header(void **state) {
    (void)state;
    put("latin-header.csv", "n,na\xEF,pay\n1,2,3\n");
    assert_int_equal(LOAD(SOURCE("csv", TEXT("file", "latin-header.csv"))), NNRT_ERROR);
    assert_message("header, column 2: byte 3 of the cell, 0xEF, is not UTF-8");
}

static void test_extremes(void **state) {
    (void)state;
    put("far.csv", "a,y\n1e308,1\n-1e308,2\n");
    assert_int_equal(LOAD(SOURCE("csv", TEXT("file", "far.csv"), TEXT("target", "y"))), NNRT_ERROR);
    assert_message("the column `a` has a number in row 1 that is beyond those of a model");
    assert_int_equal(LOAD(SOURCE("csv", TEXT("file", "far.csv"), TEXT("target", "a"))), NNRT_ERROR);
    assert_message("the target `a` has numbers from -1e+308 to 1e+308, beyond those of a model");
    assert_int_equal(
        LOAD(SOURCE("csv", TEXT("file", "far.csv"), TEXT("target", "y")), PLAIN("standardize")),
        NNRT_OK);
    assert_true(((const float *)data.columns[0])[0] == 1);
    assert_true(((const float *)data.columns[0])[1] == -1);
    assert_int_equal(
        LOAD(SOURCE("csv", TEXT("file", "far.csv"), TEXT("target", "y")), PLAIN("normalize")),
        NNRT_OK);
    assert_true(((const float *)data.columns[0])[0] == 1);
    assert_true(((const float *)data.columns[0])[1] == 0);
}

// A word far behind the rows that were looked at.
static void test_late_word(void **state) {
    char *text = malloc(1 << 16), *at = text + sprintf(text, "a,b\n");
    (void)state;
    for (int i = 0; i < 3000; i++) at += sprintf(at, "%d,1\n", i);
    sprintf(at, "oops,1\n");
    put("late.csv", text);
    free(text);
    assert_int_equal(LOAD(SOURCE("csv", TEXT("file", "late.csv"))), NNRT_ERROR);
    assert_message("row 3001, column `a`: `oops` is not a number");
}

// Remedies can be copied into the program: what is no word of it stands in quotes.
static void test_remedies_are_programs(void **state) {
    (void)state;
    put("names.csv", "pm2.5,2 a,b,say \"it\"\nx,y,1,2\nz,y,1,3\n");
    assert_int_equal(LOAD(SOURCE("csv", TEXT("file", "names.csv"))), NNRT_ERROR);
    assert_message("add `-> one_hot(\"pm2.5\")`, or `-> drop(\"pm2.5\")`");
    assert_string_equal(nnrt_written_name("b_1").text, "b_1");
    assert_string_equal(nnrt_written_name("2 a").text, "\"2 a\"");
    assert_string_equal(nnrt_written_name("say \"it\"").text, "\"say \\\"it\\\"\"");
    char name[600] = "";
    memset(name, '"', sizeof name - 1); // what is longer is cut
    assert_int_equal(nnrt_written_name(name).text[254], 0);
}

static int tear_down(void **state) {
    nnrt_data_free(&data);
    return scratch_remove(state);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_columns),
        cmocka_unit_test(test_blanks_without_header),
        cmocka_unit_test(test_one_hot),
        cmocka_unit_test(test_one_hot_of_numbers),
        cmocka_unit_test(test_fill_missing),
        cmocka_unit_test(test_waiting),
        cmocka_unit_test(test_stratified),
        cmocka_unit_test(test_mistakes),
        cmocka_unit_test(test_damaged_header),
        cmocka_unit_test(test_extremes),
        cmocka_unit_test(test_late_word),
        cmocka_unit_test(test_remedies_are_programs),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_sample_weight),
        cmocka_unit_test(test_standardized_columns),
        cmocka_unit_test(test_standardized_target),
    };
    return cmocka_run_group_tests_name("tables", tests, set_up, tear_down);
}
