#include "sweep.h"

#include "../../../runtime/base/status.h"
#include "../../../runtime/report/runs/place.h"
#include "../../../runtime/session/options.h"
#include "../../../runtime/workers/team.h"
#include "../../driver/output.h"
#include "best.h"
#include "jobs.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MOST_JOBS = 1024 };

// ---- What was asked for.

// What a sweep says of each run itself, or what all runs would write over each other.
static const char *const refused[][2] = {
    {"--seed", "--seeds says which"},
    {"--seeds", "give it before `--`"},
    {"--learning-rate", "give it before `--`"},
    {"--batch", "give it before `--`"},
    {"--epochs", "give it before `--`"},
    {"--threads", "give it before `--`"},
    {"--run", "give it before `--`"},
    {"--no-report", "runs of a sweep have none"},
    {"--resume", "a sweep that is begun again goes on"},
    {"--changed", "a program that has changed is trained anew"},
    {"--save", "each run has a folder of its own"},
    {"--checkpoint", "each run has a folder of its own"},
    {"--history", "each run has a folder of its own"},
    {"--step-log", "each run has a folder of its own"},
    {"--progress", "nothing is shown of single runs"},
    {"--json", "give it before `--`"},
    {"--dry-run", "give it before `--`"},
    {"--overfit", "it trains nothing to be compared"},
    {"--help", "`nnc help sweep` is the help"},
    {"-h", "`nnc help sweep` is the help"},
};

static bool is_option(const char *word, const char *name) {
    size_t length = strlen(name);
    return !strncmp(word, name, length) && (!word[length] || word[length] == '=');
}

static bool may_pass(const char *word) {
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        if (is_option(word, refused[i][0])) {
            fprintf(stderr, "nnc: `%s` behind `--`: %s\n", refused[i][0], refused[i][1]);
            return false;
        }
    return true;
}

// Runs may have another current folder.
static const char *absolute(Arena *arena, const char *path) {
    const char *found = arena_realpath(arena, path);
    return found ? found : path;
}

// As `--weights FILE` or `--weights=FILE`; leaves the last word that belongs to it.
static void push_weights(Sweep *sweep, char ***word) {
    const char *equals = strchr(**word, '='), *file = equals ? equals + 1 : (*word)[1];
    vec_push(sweep->arena, &sweep->extra, arena_strdup(sweep->arena, "--weights"));
    if (!file) return; // which is said below
    if (!equals) ++*word;
    vec_push(sweep->arena, &sweep->extra, arena_strdup(sweep->arena, absolute(sweep->arena, file)));
}

// As each training would.
static bool check_extra(Sweep *sweep) {
    VEC(char *) words = {0};
    nnrt_options read;
    vec_push(sweep->arena, &words, arena_strdup(sweep->arena, "nnc"));
    vec_push(sweep->arena, &words, arena_strdup(sweep->arena, "fit"));
    for (int i = 0; i < sweep->extra.count; i++)
        vec_push(sweep->arena, &words, sweep->extra.items[i]);
    if (nnrt_options_parse(&read, words.count - 1, words.items)) {
        fprintf(stderr, "nnc: behind `--`: %s\n", nnrt_error());
        return false;
    }
    sweep->weights = read.weights;
    return true;
}

static bool read_extra(Sweep *sweep) {
    char **word = sweep->options->arguments;
    if (*word && !strcmp(*word, "fit")) word++;
    if (*word && **word != '-') {
        fprintf(stderr, "nnc: behind `--` stand options of `fit`, not `%s`\n", *word);
        return false;
    }
    for (; *word; word++) {
        if (!may_pass(*word)) return false;
        if (is_option(*word, "--weights"))
            push_weights(sweep, &word);
        else
            vec_push(sweep->arena, &sweep->extra, *word);
    }
    vec_push(sweep->arena, &sweep->extra, NULL);
    return check_extra(sweep);
}

static bool read_numbers(Sweep *sweep) {
    const SweepOptions *given = &sweep->options->sweep;
    sweep->jobs = 1;
    sweep->threads = nnrt_cpu_count();
    return (!given->jobs || axis_count("--jobs", given->jobs, MOST_JOBS, &sweep->jobs)) &&
           (!given->threads || axis_count("--threads", given->threads, 4096, &sweep->threads)) &&
           (!given->random || axis_count("--random", given->random, 1000000, &sweep->random));
}

static bool read_options(Sweep *sweep) {
    const Options *options = sweep->options;
    if (!strcmp(options->operand, "-")) {
        fputs("nnc: a sweep reads the source more than once; give it as a file\n", stderr);
        return false;
    }
    const char *stem = output_stem(sweep->arena, options->operand, options->model);
    sweep->folder =
        options->sweep.run ? options->sweep.run : arena_format(sweep->arena, "%s-sweep", stem);
    size_t length = strlen(sweep->folder);
    while (length > 1 && sweep->folder[length - 1] == '/') length--;
    sweep->folder = arena_copy(sweep->arena, sweep->folder, length);
    if (nnrt_run_place_is(sweep->folder)) {
        fprintf(stderr, "nnc: `%s` is a run; --run names a folder of runs\n", sweep->folder);
        return false;
    }
    return read_extra(sweep) && read_numbers(sweep) &&
           axes_read(&sweep->axes, options, sweep->arena);
}

// ---- What would fail in each run.

static bool has_weights(const Sweep *sweep) {
    if (!sweep->weights || !access(sweep->weights, R_OK)) return true;
    fprintf(stderr, "nnc: cannot open the weights `%s`: %s\n", sweep->weights, strerror(errno));
    return false;
}

// 0: the program's own.
static int64_t batch_of(const Sweep *sweep, const Point *point) {
    for (int i = 0; i < sweep->axes.items.count; i++) {
        const AxisRow *row = sweep->axes.items.items[i].row;
        if (row && !strcmp(row->entry, "batch"))
            return strtoll(point_value(point, &sweep->axes, i), NULL, 10);
    }
    return 0;
}

static bool batches_fit(const Sweep *sweep) {
    int64_t largest = 0, compiled = 0;
    for (int i = 0; i < sweep->points.items.count; i++) {
        const Point *point = &sweep->points.items.items[i];
        int64_t batch = batch_of(sweep, point);
        if (!point->source || batch <= point->batch || batch <= largest) continue;
        largest = batch;
        compiled = point->batch;
    }
    if (!largest) return true;
    fprintf(stderr,
            "nnc: `--batch %lld` is more than the program is compiled for (%lld); set `batch = "
            "%lld` in its `train` block, and `--batch` takes all up to that\n",
            (long long)largest, (long long)compiled, (long long)largest);
    return false;
}

// ---- Its course.

static bool make_folder(const Sweep *sweep) {
    if (!mkdir(sweep->folder, 0777)) return true;
    struct stat is;
    if (errno == EEXIST && !stat(sweep->folder, &is) && S_ISDIR(is.st_mode)) return true;
    fprintf(stderr, "nnc: cannot make the folder `%s`: %s\n", sweep->folder,
            strerror(errno == EEXIST ? ENOTDIR : errno));
    return false;
}

static int print(const Text *text) {
    DiagSink *sink = diag_create(text->arena, sources_create(text->arena));
    bool ok = output_write(NULL, text, sink);
    diag_print(sink, stderr, DIAG_TEXT, false);
    return ok ? NNRT_OK : NNRT_ERROR;
}

static int print_plan(const Sweep *sweep) {
    Text text = text_create(sweep->arena);
    outcomes_print_plan(&text, sweep);
    return print(&text);
}

static void tell_interrupted(const Sweep *sweep) {
    fprintf(stderr,
            "nnc: interrupted; %d of %d runs are done, and the same command goes on with the "
            "others\n",
            trials_count(&sweep->trials, TRIAL_DONE), sweep->trials.items.count);
}

static int report(const Sweep *sweep, int status) {
    Outcomes outcomes = outcomes_make(sweep);
    Text text = text_create(sweep->arena);
    bool has_best = outcomes.items.items[0].best;
    if (sweep->options->json)
        outcomes_print_json(&text, sweep, &outcomes);
    else
        outcomes_print(&text, sweep, &outcomes);
    int printed = print(&text);
    if (status == NNRT_INTERRUPTED) tell_interrupted(sweep);
    if (status != NNRT_OK) return status;
    if (!has_best) {
        fputs("nnc: no run is done\n", stderr);
        return NNRT_ERROR;
    }
    if (!sweep->options->output) return printed;
    if (!best_write(sweep, &outcomes)) return NNRT_ERROR;
    if (!sweep->options->json) fprintf(stderr, "written to %s\n", sweep->options->output);
    return printed;
}

static int train(Sweep *sweep) {
    int done = trials_count(&sweep->trials, TRIAL_DONE);
    if (!make_folder(sweep)) return NNRT_ERROR;
    if (sweep->jobs > sweep->trials.items.count) sweep->jobs = sweep->trials.items.count;
    if (done) fprintf(stderr, "%d of %d runs are done already\n", done, sweep->trials.items.count);
    return report(sweep, jobs_run(sweep));
}

// Where no combination can be trained, what was trained before is still shown.
static bool has_rows(Sweep *sweep) {
    const Trials *trials = &sweep->trials;
    bool is_known = trials_count(trials, TRIAL_WRONG) < trials->items.count;
    if (sweep->points.right || !is_known) points_tell(&sweep->points);
    return sweep->points.right || is_known;
}

static int go(Sweep *sweep) {
    int status = NNRT_ERROR;
    if (!batches_fit(sweep)) return NNRT_USAGE;
    trials_make(&sweep->trials, &sweep->points, &sweep->axes, sweep->arena);
    if (trials_read(&sweep->trials, sweep->folder) && has_rows(sweep))
        status = sweep->options->sweep.dry_run ? print_plan(sweep) : train(sweep);
    trials_free(&sweep->trials);
    return status;
}

int sweep_command(const Options *options, Arena *arena) {
    Sweep sweep = {.options = options, .arena = arena};
    if (!read_options(&sweep)) return NNRT_USAGE;
    if (!has_weights(&sweep)) return NNRT_ERROR;
    if (!points_make(&sweep.points, &sweep.axes, options, sweep.extra.items, sweep.random, arena))
        return NNRT_ERROR;
    int status = go(&sweep);
    points_free(&sweep.points);
    return status;
}
