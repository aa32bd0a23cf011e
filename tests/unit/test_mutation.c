// Valid programs with tokens or bytes changed at random: the parser accepts them or reports an
// error with a code, terminates, and formats what it accepts to something that means the same.
// NNC_MUTATIONS says how many a program, NNC_SEED which.
#include "../../compiler/front/format.h"
#include "../common/front.h"

#include <stdint.h>

// All of the grammar, a construct or two in each.
static const char *const programs[] = {
    "import \"nn/other.nn\"\nparam n = 3\ndataset d = mnist -> scale(1/255, offset = -.5) # why\n"
    "model m(image: [28, 28]) {\n    image -> flatten\n          -> dense(10, sigmoid)\n"
    "          -> (dense(n, relu) -> dropout(0.2)) * 2\n}\n",
    "block residual(x, filters, stride = 1) {\n    y = x -> conv2d(filters, 3, same) -> relu\n"
    "    shortcut = if stride == 1 { x } else { x -> conv2d(filters, 1) }\n"
    "    add(y, shortcut) -> relu\n}\nmodel short(t: int[100]) = t -> embedding(plays.words, 256)\n",
    "model twins(left: [2], right: [2]) {\n    layer tower = dense(4)\n    a = left -> tower\n"
    "    same = concat(abs(a - 1), a * -b) -> dense(1, \"s\\\"\")\n    return same, a\n}\n",
    "train a, b on d -> take(5) {\n    epochs = 50\n    metrics = [accuracy, f(x = 1)]\n"
    "    step judge updates a with adam(1e-4) {\n        fake = normal(100) -> a\n"
    "        minimize f(b(image), 1)\n               + f(b(fake), 0)\n    }\n    samples = a\n}\n",
};

// splitmix64
static uint64_t random_state;

static size_t random_below(size_t bound) {
    uint64_t z = random_state += 0x9E3779B97F4A7C15;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9;
    z = (z ^ z >> 27) * 0x94D049BB133111EB;
    return (size_t)((z ^ z >> 31) % bound);
}

// A random token of the program, with its place.
static Span random_token(const TokenList *tokens) {
    return tokens->items[random_below((size_t)tokens->count)].span;
}

static void put_change(Text *out, const char *source, Span other) {
    static const char *const pool[] = {
        "->",   "{",  "}",      "(",  ")",   "[",     "]",    ",", "=",  "*",    "-",     "/",
        ".",    ":",  "==",     "<",  "0",   "1e999", "\"",   "'", "if", "else", "model", "train",
        "step", "on", "return", "\n", "\n(", "\n-",   "\xff", "é", "#",  ";",    "x"};
    if (random_below(3) == 0)
        text_put_bytes(out, source + other.lo, other.hi - other.lo);
    else
        text_put(out, pool[random_below(sizeof pool / sizeof *pool)]);
}

// Deletes, replaces, doubles or inserts one token.
static Text change_token(Front *front, const char *source, size_t size, const TokenList *tokens) {
    Text out = text_create(front->arena);
    Span span = random_token(tokens), other = random_token(tokens);
    size_t action = random_below(4);
    text_put_bytes(&out, source, action < 2 ? span.lo : span.hi);
    if (action != 0) put_change(&out, source, action == 2 ? span : other);
    if (action == 3) text_put(&out, " ");
    text_put_bytes(&out, source + span.hi, size - span.hi);
    return out;
}

static Text change_byte(Front *front, const char *source, size_t size) {
    Text out = text_create(front->arena);
    text_put_bytes(&out, source, size);
    if (size) out.data[random_below(size)] = (char)random_below(256);
    return out;
}

static const char *tree(Front *front, const char *source, size_t size) {
    Text out = text_create(front->arena);
    ast_print(&out, front_parse_bytes(front, source, size));
    return out.data;
}

// The parser's answer, checked.
static void assert_answered(Front *front, const char *source, size_t size) {
    int file = sources_add(front->sources, "net.nn", source, size);
    Text formatted = text_create(front->arena);
    bool ok = format_print(&formatted, front->arena, front->sources, (uint32_t)file, front->sink);
    const char *messages = front_diagnostics(front, DIAG_TEXT, true);
    front_diagnostics(front, DIAG_JSON, false);
    assert_true(ok == (diag_error_count(front->sink) == 0));
    assert_true(ok || strstr(messages, "error[E00") || strstr(messages, "error[E0206")); // an index
    if (!ok) return;
    assert_string_equal(tree(front, source, size), tree(front, formatted.data, formatted.length));
    Text again = text_create(front->arena);
    file = sources_add(front->sources, "net.nn", formatted.data, formatted.length);
    assert_true(format_print(&again, front->arena, front->sources, (uint32_t)file, front->sink));
    assert_string_equal(again.data, formatted.data);
}

static void mutate(const char *program) {
    Front front = front_create();
    size_t size = strlen(program);
    for (size_t changes = 1 + random_below(3); changes > 0; changes--) {
        int file = sources_add(front.sources, "net.nn", program, size);
        DiagSink *unused = diag_create(front.arena, front.sources);
        TokenList tokens = parse_tokens(front.arena, front.sources, (uint32_t)file, unused);
        bool by_token = tokens.count && random_below(3);
        Text changed = by_token ? change_token(&front, program, size, &tokens)
                                : change_byte(&front, program, size);
        program = changed.data;
        size = changed.length;
    }
    assert_answered(&front, program, size);
    front_destroy(&front);
}

static int number_of(const char *variable, int otherwise) {
    const char *text = getenv(variable);
    return text ? atoi(text) : otherwise;
}

static void test_mutations(void **state) {
    (void)state;
    int count = number_of("NNC_MUTATIONS", 400);
    for (size_t i = 0; i < sizeof programs / sizeof *programs; i++) {
        for (int j = 0; j < count; j++) {
            random_state = (uint64_t)number_of("NNC_SEED", 1) << 32 | (uint64_t)j << 8 | i;
            mutate(programs[i]);
        }
    }
}

// Cut off anywhere, a program is answered as well.
static void test_truncations(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof programs / sizeof *programs; i++) {
        for (size_t size = 0; size <= strlen(programs[i]); size++) {
            Front front = front_create();
            assert_answered(&front, programs[i], size);
            front_destroy(&front);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mutations),
        cmocka_unit_test(test_truncations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
