// What the stages of a table learn, taken back: rows of another file become what they would be
// among those of training, bit by bit. Each transform that learns has to be among those tried here.
#include "../../runtime/data/data.h"
#include "../../runtime/data/stage.h"
#include "../../runtime/data/table/learnt.h"
#include "../common/calls.h"
#include "data_files.h"

static void put(const char *name, const char *text) {
    put_file(name, text, strlen(text));
}

#define PEOPLE                                                                                     \
    SOURCE("csv", TEXT("file", "people.csv"), TEXT("target", "pay"), TEXT("missing", "?"))
#define GAPS TRANSFORM("fill_missing", TEXT("with", "mean"), TEXT("columns", "gain"))
#define JOBS TRANSFORM("fill_missing", TEXT("with", "most_frequent"), TEXT("columns", "job"))

static int set_up(void **state) {
    (void)state;
    put("people.csv", "age,job,gain,pay\n"
                      "31,clerk,0.5,high\n"
                      "45,smith,,low\n"
                      "28,clerk,2,low\n"
                      "60,?,1,high\n"
                      "39,baker,4,low\n");
    return 0;
}

// ---- The same file again.

// `fitted`: what learns in it.
typedef struct Case {
    const char *fitted;
    nnrt_call stage;
} Case;

// Numbers are learnt from some rows, and applied to all.
static int64_t make_cases(Case *cases) {
    const Case all[] = {
        {"fill_missing", TRANSFORM("fill_missing", TEXT("with", "median"))},
        {"standardize", TRANSFORM("standardize", NUMBER("target", 0))},
        {"normalize", TRANSFORM("normalize", NUMBER("max", 3))},
        {"bins", TRANSFORM("bins", NUMBER("n", 3), TEXT("columns", "age"))},
        {"bins", TRANSFORM("bins", NUMBER("n", 3), TEXT("columns", "age"), TEXT("by", "quantile"))},
        {"one_hot", TRANSFORM("one_hot", TEXT("columns", "age"))},
    };
    memcpy(cases, all, sizeof all);
    return COUNT(all);
}

static void load_again(const nnrt_call *stages, int64_t count, const char *file, int is_predicted,
                       nnrt_data *learning, nnrt_data *applying) {
    if (nnrt_data_load(stages, count, scratch_folder(), learning)) fail_msg("%s", nnrt_error());
    char *learnt = nnrt_data_learnt(learning);
    const nnrt_known known = {learnt, scratch(file), is_predicted};
    if (nnrt_data_load_known(stages, count, scratch_folder(), &known, applying))
        fail_msg("%s", nnrt_error());
    free(learnt);
}

static void assert_same(const nnrt_data *a, const nnrt_data *b, int64_t rows) {
    const nnrt_column *x = &a->info.inputs[0];
    assert_int_equal(b->info.inputs[0].size, x->size);
    assert_int_equal(b->test.count, rows);
    assert_memory_equal(a->columns[0], b->columns[0], (size_t)(rows * x->size) * sizeof(float));
    assert_memory_equal(a->columns[1], b->columns[1], (size_t)rows * 4);
}

static void test_same_rows(void **state) {
    (void)state;
    Case cases[32];
    int64_t count = make_cases(cases);
    for (int64_t i = 0; i < count; i++) {
        static nnrt_data learning, applying;
        load_again(STAGES(PEOPLE, GAPS, JOBS, TRANSFORM("one_hot", TEXT("columns", "job")),
                          cases[i].stage, PLAIN("standardize"),
                          TRANSFORM("split", NUMBER("test", 0.2))),
                   "people.csv", 0, &learning, &applying);
        assert_same(&learning, &applying, 5);
        nnrt_data_free(&learning);
        nnrt_data_free(&applying);
    }
}

// Numbers of the words of the column that other cases make categories of.
static int64_t make_word_cases(Case *cases) {
    const Case all[] = {
        {"tokens", TRANSFORM("tokens", NUMBER("vocabulary", 4), NUMBER("length", 2))},
        {"embed_index", TRANSFORM("embed_index", TEXT("columns", "job"))},
    };
    memcpy(cases, all, sizeof all);
    return COUNT(all);
}

static void assert_same_words(const nnrt_call *stage) {
    static nnrt_data learning, applying;
    load_again(STAGES(PEOPLE, JOBS, TRANSFORM("drop", TEXT("columns", "gain")), *stage,
                      TRANSFORM("split", NUMBER("test", 0.4))),
               "people.csv", 0, &learning, &applying);
    assert_int_equal(applying.test.count, 5);
    for (int64_t i = 0; i < nnrt_data_column_count(&learning.info); i++) {
        const nnrt_column *column = nnrt_data_column(&learning.info, i);
        assert_memory_equal(learning.columns[i], applying.columns[i], (size_t)column->size * 5 * 4);
    }
    nnrt_data_free(&learning);
    nnrt_data_free(&applying);
}

static void test_same_words(void **state) {
    (void)state;
    Case cases[8];
    int64_t count = make_word_cases(cases);
    for (int64_t i = 0; i < count; i++) assert_same_words(&cases[i].stage);
}

// ---- Weights files that were edited, or damaged: each value in turn is another one.

typedef struct Damage {
    const nnrt_call *stages;
    int64_t count;
    json_t *root;
} Damage;

static void assert_told(const Damage *damage, const char *place) {
    static nnrt_data applying;
    char *text = json_dumps(damage->root, JSON_COMPACT);
    const nnrt_known known = {text, scratch("people.csv"), 0};
    nnrt_fail(NNRT_OK, " ");
    if (nnrt_data_load_known(damage->stages, damage->count, scratch_folder(), &known, &applying) !=
        NNRT_ERROR)
        fail_msg("%s: this is believed: %s", place, text);
    if (!strchr(nnrt_error(), '\n'))
        fail_msg("%s: no remedy: %s, of %s", place, nnrt_error(), text);
    nnrt_data_free(&applying);
    free(text);
}

static json_t *take(json_t *parent, const char *key, size_t place) {
    return json_incref(key ? json_object_get(parent, key) : json_array_get(parent, place));
}

static void set(json_t *parent, const char *key, size_t place, json_t *value) {
    if (key)
        json_object_set_new(parent, key, value);
    else
        json_array_set_new(parent, place, value);
}

static void damage_all(const Damage *damage, json_t *parent, const char *name);

// By a value of another type, and by none; then what is in it.
static void damage_value(const Damage *damage, json_t *parent, const char *key, size_t place,
                         const char *name) {
    json_t *old = take(parent, key, place);
    set(parent, key, place, json_is_string(old) ? json_integer(7) : json_string("x"));
    assert_told(damage, name);
    set(parent, key, place, json_null());
    assert_told(damage, name);
    set(parent, key, place, old);
    damage_all(damage, old, name);
}

static void damage_all(const Damage *damage, json_t *parent, const char *name) {
    size_t count = json_array_size(parent);
    for (size_t i = 0; i < count; i++) damage_value(damage, parent, NULL, i, name);
    const char *key;
    json_t *value;
    void *next;
    json_object_foreach_safe(parent, next, key, value) {
        int is_marked = !strcmp(key, "dropped") || !strcmp(key, "weights"); // by being there
        if (!is_marked) damage_value(damage, parent, key, 0, key);
    }
}

static void assert_damage_is_told(const nnrt_call *stages, int64_t count) {
    static nnrt_data learning;
    if (nnrt_data_load(stages, count, scratch_folder(), &learning)) fail_msg("%s", nnrt_error());
    char *learnt = nnrt_data_learnt(&learning);
    Damage damage = {stages, count, json_loads(learnt, 0, NULL)};
    damage_all(&damage, damage.root, "stages");
    json_decref(damage.root);
    free(learnt);
    nnrt_data_free(&learning);
}

static void test_damage(void **state) {
    (void)state;
    Case cases[32];
    int64_t count = make_cases(cases), words = make_word_cases(cases + count);
    for (int64_t i = 0; i < count; i++)
        assert_damage_is_told(STAGES(PEOPLE, GAPS, JOBS, cases[i].stage,
                                     TRANSFORM("one_hot", TEXT("columns", "job")),
                                     PLAIN("standardize")));
    for (int64_t i = count; i < count + words; i++)
        assert_damage_is_told(
            STAGES(PEOPLE, JOBS, TRANSFORM("drop", TEXT("columns", "gain")), cases[i].stage));
}

// Numbers of the right type that no stage writes.
static void test_impossible_numbers(void **state) {
    (void)state;
    const nnrt_call stages[] = {PEOPLE, TRANSFORM("keep", TEXT("columns", "age")),
                                PLAIN("standardize"), PLAIN("normalize")};
    static const char *const states[] = {
        "{\"age\": {\"mean\": 3, \"deviation\": 0}}, {\"age\": {\"low\": 0, \"high\": 1}}",
        "{\"age\": {\"mean\": 3, \"deviation\": -1}}, {\"age\": {\"low\": 0, \"high\": 1}}",
        "{\"age\": {\"mean\": 3, \"deviation\": 1}}, {\"age\": {\"low\": 2, \"high\": 1}}"};
    for (size_t i = 0; i < COUNT(states); i++) {
        char text[1024];
        snprintf(text, sizeof text,
                 "[{\"columns\": {\"age\": \"number\", \"job\": \"word\", \"gain\": \"number\", "
                 "\"pay\": \"word\"}, \"classes\": {\"pay\": [\"high\", \"low\"]}}, {}, %s]",
                 states[i]);
        Damage damage = {stages, COUNT(stages), json_loads(text, 0, NULL)};
        assert_told(&damage, states[i]);
        assert_non_null(strstr(nnrt_error(), "is damaged"));
        json_decref(damage.root);
    }
}

// The jobs of training are clerk, smith: the baker has their number 0, as has a gap.
static void test_indices(void **state) {
    (void)state;
    static nnrt_data learning, applying;
    load_again(STAGES(PEOPLE, GAPS, TRANSFORM("embed_index", TEXT("columns", "job")),
                      TRANSFORM("split", NUMBER("test", 0.4))),
               "people.csv", 0, &learning, &applying);
    assert_string_equal(learning.info.inputs[0].name, "job");
    assert_int_equal(learning.info.input_categories[0], 3);
    assert_string_equal(learning.info.input_words[0][0], "[UNK]");
    assert_string_equal(learning.info.input_words[0][1], "clerk");
    const int32_t numbers[] = {1, 2, 1, 0, 0};
    assert_memory_equal(learning.columns[0], numbers, sizeof numbers);
    assert_memory_equal(applying.columns[0], numbers, sizeof numbers);
    nnrt_data_free(&learning);
    nnrt_data_free(&applying);
}

// A transform that learns, but is not among the cases, may forget to take back what it learnt.
static void test_all_are_tried(void **state) {
    (void)state;
    Case cases[32];
    int64_t count = make_cases(cases);
    count += make_word_cases(cases + count);
    for (const void *const *table = nnrt_transform_tables; *table; table++)
        for (const nnrt_transform *row = *table; row->schema.name; row++) {
            int found = row->timing != NNRT_FITTED || row->is_of_training;
            for (int64_t i = 0; i < count; i++)
                found |= strcmp(cases[i].fitted, row->schema.name) == 0;
            if (!found) fail_msg("`%s` learns: it belongs into make_cases", row->schema.name);
        }
}

// Rows that are predicted need neither weights nor the standardized target; rows that are evaluated
// need both, and are weighed and standardized as those of training.
static void test_weights_and_target(void **state) {
    (void)state;
    static nnrt_data learning, applying;
    put("some.csv", "job,age\nclerk,31\nbaker,39\n");
    put("others.csv", "age,job,gain,pay\n31,clerk,3,high\n39,baker,0,low\n");
    const nnrt_call stages[] = {
        SOURCE("csv", TEXT("file", "people.csv"), TEXT("target", "age"), TEXT("missing", "?")),
        TRANSFORM("sample_weight", TEXT("column", "gain")),
        TRANSFORM("drop", TEXT("columns", "pay")),
        PLAIN("drop_missing"),
        PLAIN("one_hot"),
        TRANSFORM("standardize", NUMBER("target", 1))};
    load_again(stages, COUNT(stages), "some.csv", 1, &learning, &applying);
    assert_int_equal(applying.test.count, 2);
    assert_int_equal(applying.info.inputs[0].size, 2); // baker, clerk
    assert_true(((float *)applying.columns[0])[1] == 1 && ((float *)applying.columns[0])[2] == 1);
    nnrt_data_free(&applying);
    nnrt_data_free(&learning);
    load_again(stages, COUNT(stages), "others.csv", 0, &learning, &applying);
    assert_true(((float *)applying.columns[2])[0] == 3 && ((float *)applying.columns[2])[1] == 0);
    assert_true(((float *)applying.columns[1])[0] == ((float *)learning.columns[1])[0]);
    assert_true(applying.info.targets[0].mean == learning.info.targets[0].mean);
    char *learnt = nnrt_data_learnt(&learning);
    const nnrt_known known = {learnt, scratch("some.csv"), 0};
    nnrt_data_free(&applying);
    assert_int_equal(
        nnrt_data_load_known(stages, COUNT(stages), scratch_folder(), &known, &applying),
        NNRT_ERROR);
    free(learnt);
    nnrt_data_free(&applying);
    nnrt_data_free(&learning);
}

static int tear_down(void **state) {
    return scratch_remove(state);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_rows),
        cmocka_unit_test(test_same_words),
        cmocka_unit_test(test_indices),
        cmocka_unit_test(test_damage),
        cmocka_unit_test(test_impossible_numbers),
        cmocka_unit_test(test_all_are_tried),
        cmocka_unit_test(test_weights_and_target),
    };
    return cmocka_run_group_tests_name("learnt", tests, set_up, tear_down);
}
