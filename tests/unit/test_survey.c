// What is shown of data before training: numbers as NumPy gives them, also where a sum of squares
// would lose them; gaps, categories, duplicates.
#include "../../runtime/data/look/survey.h"
#include "../common/calls.h"
#include "data_files.h"

#include <math.h>

static void put(const char *name, const char *text) {
    put_file(name, text, strlen(text));
}

static int set_up(void **state) {
    (void)state;
    put("train.csv", "far,kind,y\n1000000001,a,0\n1000000002,b,1\n1000000003,b,1\n,b,0\n");
    put("test.csv", "far,kind,y\n1000000002,b,0\n1000000002,a,0\n,b,0\n");
    return 0;
}

static void test_table(void **state) {
    (void)state;
    const nnrt_option options[] = {TEXT("file", "train.csv"), TEXT("test", "test.csv"),
                                   TEXT("target", "y")};
    nnrt_call source = call_make(FAMILY_SOURCES, "csv", options, 3);
    nnrt_survey survey;
    assert_int_equal(nnrt_survey_make(&source, 1, scratch_folder(), &survey), NNRT_OK);
    const nnrt_column_survey *far = &survey.columns[0], *kind = &survey.columns[1];
    assert_int_equal(survey.train_rows, 4);
    assert_int_equal(survey.test_duplicates, 2); // not that of another category; gaps are equal
    assert_true(far->mean == 1000000002 && far->lowest == 1000000001);
    assert_true(fabs(far->deviation - sqrt(2.0 / 3)) < 1e-12);
    assert_int_equal(far->missing, 1);
    assert_int_equal(kind->category_count, 2);
    assert_string_equal(kind->categories[0].name, "b"); // the most frequent first
    assert_int_equal(kind->categories[0].count, 3);
    assert_int_equal(survey.columns[2].category_count, 2); // the classes of the target
    assert_string_equal(nnrt_survey_cell(&survey, 0, 3), "");
    assert_string_equal(nnrt_survey_cell(&survey, 1, 0), "a");
    nnrt_survey_free(&survey);
}

// Statistics behind windows are of the rows that they reach, each once.
static void test_windows(void **state) {
    (void)state;
    put("series.csv", "v\n0\n1\n2\n3\n4\n5\n6\n7\n");
    const nnrt_option file[] = {TEXT("file", "series.csv"), TEXT("target", "v")};
    const nnrt_option runs[] = {NUMBER("n", 2), NUMBER("stride", 3)};
    const nnrt_call stages[] = {call_make(FAMILY_SOURCES, "csv", file, 2),
                                call_make(FAMILY_TRANSFORMS, "windows", runs, 2)};
    nnrt_survey survey;
    assert_int_equal(nnrt_survey_make(stages, 2, scratch_folder(), &survey), NNRT_OK);
    assert_int_equal(survey.train_rows, 6); // 0 to 2, 3 to 5
    assert_true(survey.columns[0].mean == 2.5 && survey.columns[0].highest == 5);
    nnrt_survey_free(&survey);
}

// Whole numbers that are targets: those without gaps are labels, as are a few; many with gaps are
// quantities, of which the mean says more.
static void test_labels(void **state) {
    (void)state;
    static const struct {
        int rows, step, classes;
    } cases[] = {{200, 1, 200}, {20, 3, 20}, {21, 3, 0}};
    for (size_t i = 0; i < 3; i++) {
        char text[4096] = "x,y\n", *at = text + strlen(text);
        for (int row = 0; row < cases[i].rows; row++)
            at += sprintf(at, "0.5,%d\n", row * cases[i].step);
        put("labels.csv", text);
        const nnrt_option options[] = {TEXT("file", "labels.csv"), TEXT("target", "y")};
        nnrt_call source = call_make(FAMILY_SOURCES, "csv", options, 2);
        nnrt_survey survey;
        assert_int_equal(nnrt_survey_make(&source, 1, scratch_folder(), &survey), NNRT_OK);
        assert_int_equal(survey.columns[1].category_count, cases[i].classes);
        assert_true(survey.columns[1].highest == (cases[i].rows - 1) * cases[i].step);
        nnrt_survey_free(&survey);
    }
}

static void test_missing_file(void **state) {
    (void)state;
    const nnrt_option options[] = {TEXT("file", "absent.csv")};
    nnrt_call source = call_make(FAMILY_SOURCES, "csv", options, 1);
    nnrt_survey survey;
    assert_int_equal(nnrt_survey_make(&source, 1, scratch_folder(), &survey), NNRT_DATA_MISSING);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_table), cmocka_unit_test(test_windows),
                                       cmocka_unit_test(test_labels),
                                       cmocka_unit_test(test_missing_file)};
    return cmocka_run_group_tests_name("survey", tests, set_up, scratch_remove);
}
