// People's mistakes, from ../mistakes/*.txt (README.md there): each program must give exactly one
// message, with the right code, at the marked place, and with the remedy. NNC_MISTAKES=words shows
// what is said for the cases whose titles hold them.
#include "../common/check.h"

#include <dirent.h>
#include <jansson.h>
#include <regex.h>
#include <stdio.h>

#define MARK "\xc2\xa7" // the section sign stands before the primary place

typedef struct Case {
    const char *title, *code, *remedy; // code: "none" for a program that is right
    Text source;
    int line, column; // of the mark
    bool is_open;     // not right yet, and known to be so
} Case;

typedef VEC(Case *) CaseList;

// What a line of a case that begins with `$` stands for.
static const char *const shorts[][2] = {
    {"$data", "dataset digits = mnist -> scale(1/255)"},
    {"$net", "model net(image: [28, 28]) {\n    image -> flatten -> dense(10, softmax)\n}"},
    {"$train",
     "train net on digits {\n    loss = sparse_categorical_crossentropy\n    optimizer = adam\n}"},
};

static const char *lengthen(const char *line) {
    for (size_t i = 0; i < sizeof shorts / sizeof *shorts; i++)
        if (strcmp(line, shorts[i][0]) == 0) return shorts[i][1];
    return line;
}

// ---- Reading the cases.

static int count_lines(const char *text) {
    int lines = 1;
    for (; *text; text++) lines += *text == '\n';
    return lines;
}

static void add_line(Case *read, const char *line) {
    const char *text = lengthen(line), *mark = strstr(text, MARK);
    size_t before = mark ? (size_t)(mark - text) : strlen(text);
    if (mark) {
        assert_int_equal(read->line, 0); // one mark a case
        read->line = count_lines(read->source.data);
        read->column = (int)before + 1;
    }
    text_put_bytes(&read->source, text, before);
    if (mark) text_put(&read->source, mark + strlen(MARK));
    text_put(&read->source, "\n");
}

static void read_cases(Arena *arena, const char *path, CaseList *cases) {
    char line[512];
    FILE *file = fopen(path, "r");
    Case *read = NULL;
    assert_non_null(file);
    while (fgets(line, sizeof line, file)) {
        line[strcspn(line, "\n")] = '\0';
        if (strncmp(line, "== ", 3) == 0 || strncmp(line, "=? ", 3) == 0) {
            read = ARENA_NEW(arena, Case);
            read->is_open = line[1] == '?';
            read->title = arena_copy(arena, line + 3, strlen(line + 3));
            read->source = text_create(arena);
            vec_push(arena, cases, read);
        } else if (read && !read->code) {
            size_t length = strcspn(line, " ");
            read->code = arena_copy(arena, line, length);
            read->remedy = arena_copy(arena, line + length, strlen(line + length));
            read->remedy += strspn(read->remedy, " ");
        } else if (read) {
            add_line(read, line);
        }
    }
    fclose(file);
}

static CaseList read_all(Arena *arena) {
    static const char folder[] = NNC_SOURCE_DIR "/tests/mistakes";
    CaseList cases = {0};
    struct dirent **entries;
    int count = scandir(folder, &entries, NULL, alphasort);
    assert_true(count > 0);
    for (int i = 0; i < count; i++) {
        const char *name = entries[i]->d_name;
        if (strstr(name, ".txt"))
            read_cases(arena, arena_format(arena, "%s/%s", folder, name), &cases);
        free(entries[i]);
    }
    free(entries);
    return cases;
}

// ---- What nnc says.

// That a data set is not installed on this machine is no message about the program.
static bool is_about_program(const json_t *message) {
    return strcmp(json_string_value(json_object_get(message, "code")), "W0401") != 0;
}

static void add_messages(json_t *all, const char *text) {
    for (; *text; text += strcspn(text, "\n") + 1) {
        json_t *message = json_loadb(text, strcspn(text, "\n"), 0, NULL);
        assert_non_null(message);
        if (is_about_program(message)) json_array_append(all, message);
        json_decref(message);
    }
}

static json_t *messages_of(const Case *tried) {
    Checked checked = check(tried->source.data);
    json_t *all = json_array();
    add_messages(all, front_diagnostics(&checked.front, DIAG_JSON, false));
    check_end(&checked);
    return all;
}

static void put_string(Text *out, const json_t *value) {
    if (json_is_string(value)) text_format(out, "%s\n", json_string_value(value));
}

// The words of a message: what it says, its label, notes and helps.
static const char *words_of(Arena *arena, const json_t *message) {
    static const char *const lists[] = {"notes", "helps"};
    Text out = text_create(arena);
    put_string(&out, json_object_get(message, "message"));
    put_string(&out, json_object_get(message, "label"));
    for (int i = 0; i < 2; i++) {
        const json_t *lines = json_object_get(message, lists[i]);
        for (size_t k = 0; k < json_array_size(lines); k++)
            put_string(&out, json_array_get(lines, k));
    }
    return out.data;
}

static bool matches(const char *pattern, const char *text) {
    regex_t regex;
    assert_int_equal(regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB), 0);
    bool found = regexec(&regex, text, 0, NULL, 0) == 0;
    regfree(&regex);
    return found;
}

static int number_of(const json_t *message, const char *name) {
    return (int)json_integer_value(json_object_get(message, name));
}

// NULL, or what is wrong with what was said.
static const char *judge(Arena *arena, const Case *tried, const json_t *all) {
    bool is_right = strcmp(tried->code, "none") == 0;
    const json_t *message = json_array_get(all, 0);
    if (is_right) return message ? "a false alarm" : NULL;
    if (json_array_size(all) != 1) return arena_format(arena, "%zu messages", json_array_size(all));
    const char *code = json_string_value(json_object_get(message, "code"));
    if (!matches(arena_format(arena, "^(%s)$", tried->code), code)) return "another code";
    if (number_of(message, "line") != tried->line || number_of(message, "column") != tried->column)
        return arena_format(arena, "not at %d:%d", tried->line, tried->column);
    return matches(tried->remedy, words_of(arena, message)) ? NULL : "another remedy";
}

static void show(Arena *arena, const Case *tried, const json_t *all, const char *fault) {
    print_message("%s: %s\n", tried->title, fault ? fault : "right");
    for (size_t i = 0; i < json_array_size(all); i++) {
        const json_t *message = json_array_get(all, i);
        print_message("  %s %d:%d %s", json_string_value(json_object_get(message, "code")),
                      number_of(message, "line"), number_of(message, "column"),
                      words_of(arena, message));
    }
}

static void each_mistake_gives_one_message(void **state) {
    Arena *arena = arena_create();
    CaseList cases = read_all(arena);
    const char *shown = getenv("NNC_MISTAKES");
    int good = 0, wrong = 0;
    (void)state;
    setenv("NNC_DATA", NNC_SOURCE_DIR "/tests/data", 1);
    for (int i = 0; i < cases.count; i++) {
        const Case *tried = cases.items[i];
        json_t *all = messages_of(tried);
        const char *fault = judge(arena, tried, all);
        good += !fault;
        wrong += tried->is_open == !fault;
        if (tried->is_open && !fault) print_message("right now, so write `==`: ");
        if (tried->is_open == !fault || (shown && strstr(tried->title, shown)))
            show(arena, tried, all, fault);
        json_decref(all);
    }
    print_message("%d of %d\n", good, cases.count);
    assert_int_equal(wrong, 0);
    arena_destroy(arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_mistake_gives_one_message)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
