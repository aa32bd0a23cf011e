// Tables in text files: what is a cell, what is a number, what is refused; and that no bytes break
// the reader.
#include "../../runtime/formats/text/csv.h"

#include "data_files.h"

static const nnrt_csv_format comma = {',', '.', NULL};

// The cells of all rows: "[a][b]|[c][d]". An error: its message.
static const char *read_all(const char *content, int64_t size, nnrt_csv_format format) {
    static char text[1 << 16];
    size_t used = 0;
    nnrt_csv csv;
    text[0] = 0;
    if (nnrt_csv_open(&csv, put_file("table.csv", content, (size_t)size), format))
        return nnrt_error();
    nnrt_status status;
    for (int row = 0; !(status = nnrt_csv_next(&csv)) && csv.count && used < sizeof text - 1024;
         row++) {
        if (row) used += (size_t)snprintf(text + used, sizeof text - used, "|");
        for (int64_t i = 0; i < csv.count; i++)
            used += (size_t)snprintf(text + used, sizeof text - used, "[%.*s]", csv.cells[i].length,
                                     csv.cells[i].text);
    }
    nnrt_csv_close(&csv);
    return status ? nnrt_error() : text;
}

static void assert_cells(const char *content, nnrt_csv_format format, const char *cells) {
    assert_string_equal(read_all(content, (int64_t)strlen(content), format), cells);
}

static void test_cells(void **state) {
    (void)state;
    assert_cells("a,b\n1,2\n", comma, "[a][b]|[1][2]");
    assert_cells("a,b\r\n1,2", comma, "[a][b]|[1][2]"); // CRLF, no end of the last line
    assert_cells("\xEF\xBB\xBF"
                 "a,b\n",
                 comma, "[a][b]");                            // byte-order mark
    assert_cells("a, b \n\n\n 1 ,\n", comma, "[a][b]|[1][]"); // blanks, empty lines and cells
    assert_cells("\"x, \"\"y\"\"\",\"line\nend\"\n", comma, "[x, \"y\"][line\nend]");
    assert_cells("\" kept \"\n", comma, "[ kept ]");
    assert_cells("12 monkeys,1e5x,-\n", comma, "[12 monkeys][1e5x][-]");
    assert_cells("1;2,5\n", (nnrt_csv_format){';', ',', NULL}, "[1][2,5]");
    assert_cells("a\tb c\t\n", (nnrt_csv_format){'\t', '.', NULL}, "[a][b c][]");
    assert_cells("  18.0  8\t\"a b\"\n1 2 3\n", (nnrt_csv_format){' ', '.', NULL},
                 "[18.0][8][a b]|[1][2][3]");
    assert_cells("<=50K., .x.\n", (nnrt_csv_format){',', '.', " ."}, "[<=50K][x]");
    assert_cells("", comma, "");
}

static void assert_number(const char *text, char decimal, double number) {
    nnrt_csv csv;
    const char *path = put_file("table.csv", text, strlen(text));
    assert_int_equal(nnrt_csv_open(&csv, path, (nnrt_csv_format){';', decimal, NULL}), NNRT_OK);
    assert_int_equal(nnrt_csv_next(&csv), NNRT_OK);
    assert_int_equal(csv.cells[0].is_number, !isnan(number));
    if (!isnan(number)) assert_true(csv.cells[0].number == number);
    nnrt_csv_close(&csv);
}

// Numbers are those of strtod, to the last bit.
static void test_numbers(void **state) {
    static const char *const texts[] = {"0",
                                        "-0",
                                        "3504.",
                                        ".5",
                                        "+7",
                                        "1e22",
                                        "1e23",
                                        "123456789012345678",
                                        "0.1",
                                        "1e-5",
                                        "2.5e+3",
                                        "1e-400",
                                        "1e308",
                                        "4.35",
                                        "1.7976931348623157e308",
                                        "0.000000000000000000000000000001",
                                        "9007199254740993",
                                        "00012.50",
                                        "12345678901234567890"};
    static const char *const words[] = {"",    "-",   ".",   "e5",  "1e", "0x10",
                                        "nan", "inf", "1 2", "1,2", "--1"};
    char text[64];
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_number(texts[i], '.', strtod(texts[i], NULL));
    for (size_t i = 1; i < sizeof words / sizeof *words; i++)
        assert_number(words[i], '.', (double)NAN);
    assert_number("3,25", ',', 3.25);
    assert_number("\"19\"", '.', 19); // files of programs that put every cell into quotes
    assert_number("\" -1,5 \"", ',', -1.5);
    assert_number("\"1e400\"", '.', (double)INFINITY);
    assert_number("\"\"", '.', (double)NAN);
    assert_number("\"1\"\"\"", '.', (double)NAN); // one inch
    assert_number("\"1\n2\"", '.', (double)NAN);
    assert_number("1e400", '.', (double)INFINITY);
    srand(7);
    for (int i = 0; i < 5000; i++) {
        snprintf(text, sizeof text, "%.*g", rand() % 18 + 1,
                 ldexp((double)rand() / RAND_MAX - 0.5, rand() % 200 - 100));
        assert_number(text, '.', strtod(text, NULL));
    }
}

static void assert_refused(const char *content, int64_t size, const char *words) {
    const char *message = read_all(content, size, comma);
    if (!strstr(message, words)) fail_msg("`%s` is not in: %s", words, message);
}

static void test_mistakes(void **state) {
    (void)state;
    assert_refused("a,b\n1,\"x\n2,3\n", 12, "line 2, cell 2: its quote is never closed");
    assert_refused("a\n\"x\" y\n", 8, "line 2, cell 1: text behind a quote");
    assert_refused("\"a\",\"b\"\r1,2\r", 12, "line 1, cell 2: lines end with carriage returns");
    assert_refused("a,b\n1,\0002\n", 8, "line 2, cell 2: a NUL byte");
}

// Rows longer than the buffer, and cells across its ends.
static void test_long_rows(void **state) {
    enum { CELLS = 700000 };
    char *content = malloc(CELLS * 8 + 64), *at = content;
    nnrt_csv csv;
    (void)state;
    for (int row = 0; row < 2; row++)
        for (int i = 0; i < CELLS / 2; i++)
            at += sprintf(at, i % 3 ? "%d%c" : "\"%d\"%c", i % 100000,
                          i == CELLS / 2 - 1 ? '\n' : ',');
    const char *path = put_file("table.csv", content, (size_t)(at - content));
    assert_int_equal(nnrt_csv_open(&csv, path, comma), NNRT_OK);
    for (int row = 0; row < 2; row++) {
        assert_int_equal(nnrt_csv_next(&csv), NNRT_OK);
        assert_int_equal(csv.count, CELLS / 2);
        for (int i = 0; i < CELLS / 2; i++) assert_int_equal(atoi(csv.cells[i].text), i % 100000);
    }
    assert_int_equal(nnrt_csv_next(&csv), NNRT_OK);
    assert_int_equal(csv.count, 0);
    nnrt_csv_close(&csv);
    free(content);
}

// Whatever the bytes are, reading ends, within the content.
static void test_random_bytes(void **state) {
    static const char alphabet[] = "a1.,;\"\n\r \t-e\\\xC3\xA9\xFF";
    char content[200];
    (void)state;
    srand(11);
    for (int i = 0; i < 4000; i++) {
        int size = rand() % (int)sizeof content;
        for (int k = 0; k < size; k++)
            content[k] = rand() % 50 ? alphabet[rand() % (int)(sizeof alphabet - 1)] : (char)rand();
        nnrt_csv_format format = {",;\t "[rand() % 4], rand() % 2 ? '.' : ',',
                                  rand() % 2 ? NULL : " ."};
        read_all(content, size, format);
    }
}

// Digits with a point at any place or none, up to the length that doubles hold, with and without
// sign and exponent.
static int write_number(char *text) {
    char *at = text;
    int whole = rand() % 18, fraction = rand() % 12, has_point = rand() % 4 != 0;
    if (rand() % 2) *at++ = "-+"[rand() % 2];
    if (!whole && !(has_point && fraction)) whole = 1;
    for (int i = 0; i < whole; i++) *at++ = (char)('0' + rand() % 10);
    if (has_point) *at++ = '.';
    for (int i = 0; has_point && i < fraction; i++) *at++ = (char)('0' + rand() % 10);
    if (rand() % 8 == 0) at += sprintf(at, "e%d", rand() % 40 - 20);
    *at = 0;
    return (int)(at - text);
}

// Every number is the double that the C library reads, to the bit, wherever it ends.
static void test_numbers_as_strtod(void **state) {
    enum { NUMBERS = 60000 };
    char *content = malloc(NUMBERS * 40), *at = content, text[64];
    (void)state;
    srand(5);
    for (int i = 0; i < NUMBERS; i++) {
        write_number(at);
        at += strlen(at);
        *at++ = i % 7 == 6 ? '\n' : ',';
    }
    at[-1] = '\n';
    nnrt_csv csv;
    const char *path = put_file("numbers.csv", content, (size_t)(at - content));
    assert_int_equal(nnrt_csv_open(&csv, path, comma), NNRT_OK);
    for (int i = 0; i < NUMBERS;) {
        assert_int_equal(nnrt_csv_next(&csv), NNRT_OK);
        for (int64_t k = 0; k < csv.count; k++, i++) {
            snprintf(text, sizeof text, "%.*s", csv.cells[k].length, csv.cells[k].text);
            double number = strtod(text, NULL);
            assert_true(csv.cells[k].is_number);
            assert_memory_equal(&csv.cells[k].number, &number, sizeof number);
        }
    }
    nnrt_csv_close(&csv);
    free(content);
}

static void test_encoding(void **state) {
    (void)state;
    assert_int_equal(nnrt_csv_bad_byte(&(nnrt_csv_cell){.text = "caf\xC3\xA9", .length = 5}), -1);
    assert_int_equal(nnrt_csv_bad_byte(&(nnrt_csv_cell){.text = "caf\xE9", .length = 4}), 3);
    assert_int_equal(nnrt_csv_bad_byte(&(nnrt_csv_cell){.text = "\xC0\x80", .length = 2}), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cells),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_mistakes),
        cmocka_unit_test(test_long_rows),
        cmocka_unit_test(test_random_bytes),
        cmocka_unit_test(test_encoding),
        cmocka_unit_test(test_numbers_as_strtod),
    };
    return cmocka_run_group_tests_name("csv", tests, NULL, scratch_remove);
}
