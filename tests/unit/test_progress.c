// What `fit` shows: the bar in terminals of any width, how often it is drawn, what becomes of it
// where the terminal is resized, stopped or gone; lines and their heartbeat.
#include "program.h"

#include "../../runtime/base/clock.h"
#include "../../runtime/report/progress/bar.h"
#include "../../runtime/report/progress/progress.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <termios.h>

static nnrt_log values(void) {
    nnrt_log log = {0};
    nnrt_log_put(&log, "loss", 0.5);
    nnrt_log_put(&log, "accuracy", 0.75);
    return log;
}

// ---- The line.

static const char *bar_at(int width, int64_t done, int has_color) {
    static char text[NNRT_BAR_TEXT];
    nnrt_log log = values();
    nnrt_bar bar = {.head = "",
                    .done = done,
                    .steps = 100,
                    .taken = 1,
                    .step = 0.01,
                    .width = width,
                    .has_color = has_color};
    int used = nnrt_bar_text(&bar, &log, text);
    assert_int_equal(used, (int)strlen(text));
    return text;
}

static void fits_any_width(void **state) {
    (void)state;
    assert_string_equal(bar_at(0, 50, 0),
                        " 50/100 [==============>...............] - ETA: 0s - 10ms/step - loss: "
                        "0.5000 - accuracy: 0.7500");
    for (int width = 2; width < 200; width++) {
        const char *text = bar_at(width, 50, 0);
        assert_true((int)strlen(text) < width);
        const char *loss = strstr(text, "loss"), *last = strstr(text, "accuracy");
        if (loss) assert_memory_equal(loss, "loss: 0.5000", 12); // whole, or not at all
        if (last) assert_string_equal(last, "accuracy: 0.7500");
        if (last) assert_non_null(loss);
    }
    assert_non_null(strstr(bar_at(80, 50, 0), "accuracy")); // the bar gives way
    assert_non_null(strchr(bar_at(80, 50, 0), '['));
    assert_null(strchr(bar_at(60, 50, 0), '['));
    assert_null(strstr(bar_at(40, 50, 0), "accuracy"));
    assert_string_equal(bar_at(9, 50, 0), " 50/100");
    assert_non_null(strstr(bar_at(0, 100, 0), "[==============================]"));
}

static void colors_change_no_width(void **state) {
    char bare[NNRT_BAR_TEXT];
    (void)state;
    const char *text = bar_at(0, 50, 1);
    assert_non_null(strstr(text, "\033[32m"));
    size_t used = 0;
    for (const char *c = text; *c; c++) {
        if (*c == '\033')
            c = strchr(c, 'm');
        else
            bare[used++] = *c;
    }
    bare[used] = 0;
    assert_string_equal(bare, bar_at(0, 50, 0));
}

static void tells_times(void **state) {
    char text[64];
    (void)state;
    nnrt_bar_time(text, sizeof text, 59.9);
    assert_string_equal(text, "59s");
    nnrt_bar_time(text, sizeof text, 65);
    assert_string_equal(text, "1:05");
    nnrt_bar_time(text, sizeof text, 36000 + 62);
    assert_string_equal(text, "10:01:02");
    nnrt_bar_rate(text, sizeof text, 0.0123);
    assert_string_equal(text, "12ms/step");
}

// ---- A terminal.

typedef struct terminal {
    int master, slave;
} terminal;

static terminal open_terminal(int columns) {
    terminal t = {.master = posix_openpt(O_RDWR | O_NOCTTY)};
    struct winsize size = {.ws_row = 24, .ws_col = (unsigned short)columns};
    assert_true(t.master >= 0 && grantpt(t.master) == 0 && unlockpt(t.master) == 0);
    t.slave = open(ptsname(t.master), O_RDWR | O_NOCTTY);
    assert_true(t.slave >= 0);
    assert_int_equal(ioctl(t.slave, TIOCSWINSZ, &size), 0);
    return t;
}

// What was shown until now.
static char *shown(const terminal *t) {
    static char text[1 << 16];
    size_t used = 0;
    ssize_t count;
    assert_int_equal(fcntl(t->master, F_SETFL, O_NONBLOCK), 0);
    while ((count = read(t->master, text + used, sizeof text - 1 - used)) > 0)
        used += (size_t)count;
    text[used] = 0;
    return text;
}

static int count_of(const char *text, char what) {
    int count = 0;
    for (; *text; text++) count += *text == what;
    return count;
}

// Standard error is the terminal while `run` does its work.
static void with_terminal(terminal *t, void (*run)(nnrt_progress *, terminal *)) {
    nnrt_options options = {.progress = NNRT_PROGRESS_BAR};
    nnrt_progress progress;
    int old = dup(STDERR_FILENO);
    fflush(stderr);
    dup2(t->slave, STDERR_FILENO);
    nnrt_progress_open(&progress, &options, 3);
    nnrt_progress_epoch(&progress, 0, 1000, 0);
    run(&progress, t);
    dup2(old, STDERR_FILENO);
    close(old);
}

// Returns how long it took, which is more where the machine is busy; then it looks once more.
static double work(nnrt_progress *progress, double seconds) {
    double start = nnrt_seconds(), passed;
    nnrt_log log = values();
    int64_t step = 0;
    do {
        usleep(500);
        passed = nnrt_seconds() - start;
        if (nnrt_progress_due(progress)) nnrt_progress_step(progress, ++step % 1000, &log);
    } while (passed < seconds);
    return nnrt_seconds() - start;
}

static void draw_for_a_while(nnrt_progress *progress, terminal *t) {
    nnrt_log log = values();
    double passed = work(progress, 0.55);
    const char *text = shown(t);
    int drawn = count_of(text, '\r') - 1; // one ends the line of the epoch
    assert_true(drawn >= 2 && drawn <= 1 + (int)(passed / 0.1));
    assert_non_null(strstr(text, "Epoch 1/3"));
    assert_non_null(strstr(text, "loss: 0.5000"));
    nnrt_progress_end(progress, 1000, &log);
    assert_non_null(strstr(shown(t), "1000/1000 [==============================] - "));
}

static void is_drawn_at_most_ten_times_a_second(void **state) {
    terminal t = open_terminal(80);
    (void)state;
    setenv("NO_COLOR", "1", 1);
    with_terminal(&t, draw_for_a_while);
    close(t.slave);
    close(t.master);
}

static void resize(nnrt_progress *progress, terminal *t) {
    struct winsize size = {.ws_row = 24, .ws_col = 30};
    work(progress, 0.15);
    assert_non_null(strstr(shown(t), "accuracy"));
    assert_int_equal(ioctl(t->master, TIOCSWINSZ, &size), 0);
    work(progress, 0.15);
    char *text = shown(t);
    assert_null(strstr(text, "accuracy"));
    char *end = strstr(text, "\033[K");
    assert_non_null(end);
    assert_true(end - text <= 30);
}

static void stop_and_close(nnrt_progress *progress, terminal *t) {
    nnrt_log log = values();
    assert_int_equal(tcflow(t->slave, TCOOFF), 0); // Ctrl-S
    double start = nnrt_seconds();
    work(progress, 0.35);
    assert_true(nnrt_seconds() - start < 5);
    assert_string_equal(shown(t), "Epoch 1/3\r\n"); // of before
    assert_int_equal(tcflow(t->slave, TCOON), 0);
    work(progress, 0.15);
    assert_non_null(strstr(shown(t), "loss"));
    close(t->master);
    work(progress, 0.35);
    assert_false(progress->has_bar);
    nnrt_progress_end(progress, 1000, &log);
    nnrt_progress_break(progress);
}

static void is_resized(void **state) {
    terminal t = open_terminal(120);
    (void)state;
    with_terminal(&t, resize);
    close(t.slave);
    close(t.master);
}

// Who waits for a stopped terminal would wait here for good.
static void may_stop_or_go_away(void **state) {
    terminal t = open_terminal(80);
    (void)state;
    with_terminal(&t, stop_and_close);
    close(t.slave);
}

// ---- A program in a terminal.

// Runs blobs with standard error in the terminal, standard output in the file `out` or there, too.
static char *run_in(terminal *t, int has_file, const char *arguments) {
    static char text[1 << 16];
    char name[64];
    size_t used = 0;
    ssize_t count;
    snprintf(name, sizeof name, "%s", ptsname(t->master));
    fflush(NULL);
    pid_t child = fork();
    if (!child) {
        char words[256], *argv[16] = {(char *)"./blobs"};
        int argc = 1;
        snprintf(words, sizeof words, "%s", arguments);
        for (char *word = strtok(words, " "); word; word = strtok(NULL, " ")) argv[argc++] = word;
        if (!freopen(has_file ? "out" : name, "w", stdout) || !freopen(name, "w", stderr))
            _exit(99);
        setenv("TERM", "xterm", 1);
        int status = nnrt_main(&program, argc, argv);
        fflush(NULL);
        _exit(status);
    }
    close(t->slave);
    while ((count = read(t->master, text + used, sizeof text - 1 - used)) > 0)
        used += (size_t)count;
    text[used] = 0;
    int status;
    waitpid(child, &status, 0);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    close(t->master);
    return text;
}

static void shows_a_bar_on_a_terminal(void **state) {
    (void)state;
    terminal t = open_terminal(100);
    const char *text = run_in(&t, 0, "fit --epochs 2 --save w");
    assert_non_null(strstr(text, "Epoch 2/2\r\n"));
    assert_non_null(strstr(text, "10/10 [==============================] - 0s"));
    assert_non_null(strstr(text, "weights saved to w"));
    assert_null(strstr(text, "Epoch 2/2 - "));
    assert_null(strstr(text, "\033[32m")); // NO_COLOR
    unsetenv("NO_COLOR");
    t = open_terminal(100);
    assert_non_null(strstr(run_in(&t, 0, "fit --epochs 2 --save w"), "\033[32m"));
    setenv("NO_COLOR", "1", 1);
    t = open_terminal(100);
    assert_string_equal(run_in(&t, 0, "fit --epochs 2 --save w --progress=none"), "");
}

// The file has the lines, the terminal a bar that does not stay.
static void divides_what_it_shows(void **state) {
    char file[4096];
    (void)state;
    terminal t = open_terminal(100);
    const char *text = run_in(&t, 1, "fit --epochs 2 --save w");
    assert_null(strchr(text, '\n'));
    read_text("out", file, sizeof file);
    assert_non_null(strstr(file, "Epoch 2/2 - "));
    assert_non_null(strstr(file, "weights saved to w"));
    assert_null(strchr(file, '\r'));
}

// ---- Lines.

static void has_a_heartbeat(void **state) {
    char text[1 << 14];
    (void)state;
    nnrt_options options = {.progress = NNRT_PROGRESS_LINE, .heartbeat = 0.05};
    for (int is_json = 0; is_json < 2; is_json++) {
        nnrt_progress progress;
        nnrt_log log = values();
        int old = dup(STDOUT_FILENO), file = open("lines", O_RDWR | O_CREAT | O_TRUNC, 0666);
        fflush(stdout);
        dup2(file, STDOUT_FILENO);
        if (is_json) options.progress = NNRT_PROGRESS_JSON;
        double start = nnrt_seconds();
        nnrt_progress_open(&progress, &options, 3);
        nnrt_progress_epoch(&progress, 1, 1000, 0);
        work(&progress, 0.22);
        usleep(60000);
        nnrt_progress_look(&progress, 40, 900); // the validation part
        nnrt_progress_end(&progress, 1000, &log);
        double passed = nnrt_seconds() - start;
        fflush(stdout);
        dup2(old, STDOUT_FILENO);
        close(old);
        close(file);
        read_text("lines", text, sizeof text);
        int lines = count_of(text, '\n');
        assert_true(lines >= 2 && lines <= 1 + (int)(passed / 0.05));
        assert_non_null(strstr(text, is_json ? "\"epoch\": 2, \"epochs\": 3, \"step\": "
                                             : "Epoch 2/3 - step "));
        assert_non_null(strstr(text, is_json ? "\"evaluated\": 40, \"steps\": 900"
                                             : "Epoch 2/3 - evaluated 40/900 - "));
        assert_non_null(strstr(text, is_json ? "\"loss\": 0.5" : "/step - loss: 0.5000"));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fits_any_width),
        cmocka_unit_test(colors_change_no_width),
        cmocka_unit_test(tells_times),
        cmocka_unit_test(is_drawn_at_most_ten_times_a_second),
        cmocka_unit_test(is_resized),
        cmocka_unit_test(may_stop_or_go_away),
        cmocka_unit_test(shows_a_bar_on_a_terminal),
        cmocka_unit_test(divides_what_it_shows),
        cmocka_unit_test(has_a_heartbeat),
    };
    return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
