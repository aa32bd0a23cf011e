#include "plan.h"

#include "../../../base/text/json.h"
#include "../../../base/text/number.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

// ---- Lists.

typedef struct list {
    const char *option, *wanted;
    double *rates; // one of the two is filled
    int64_t *seeds;
    int64_t count;
} list;

static nnrt_status refuse(const list *out, const char *item) {
    if (!*item)
        return nnrt_fail(NNRT_USAGE, "`%s` has a hole in its list; it needs %s", out->option,
                         out->wanted);
    return nnrt_fail(NNRT_USAGE, "`%s` needs %s, not `%s`", out->option, out->wanted, item);
}

static int read_seed(const char *text, int64_t *seed) {
    char *end;
    errno = 0;
    long long number = strtoll(text, &end, 10);
    *seed = number;
    return *text >= '0' && *text <= '9' && !*end && !errno;
}

static int read_rate(const char *text, double *rate) {
    return nnrt_number_parse(text, rate) && isfinite(*rate) && *rate > 0;
}

// Between quotes there may be blanks behind commas.
static char *trimmed(char *item) {
    while (*item == ' ') item++;
    for (char *end = item + strlen(item); end > item && end[-1] == ' ';) *--end = 0;
    return item;
}

static nnrt_status add(list *out, const char *item) {
    int64_t i, at = out->count;
    if (out->seeds ? !read_seed(item, &out->seeds[at]) : !read_rate(item, &out->rates[at]))
        return refuse(out, item);
    for (i = 0; i < at; i++)
        if (out->seeds ? out->seeds[i] == out->seeds[at] : out->rates[i] == out->rates[at])
            return nnrt_fail(NNRT_USAGE, "`%s` lists `%s` twice", out->option, item);
    out->count++;
    return NNRT_OK;
}

static nnrt_status read_list(list *out, const char *text) {
    char *copy = strdup(text), *item = copy;
    nnrt_status status = copy ? NNRT_OK : nnrt_fail_memory(out->option, strlen(text));
    while (item && !status) {
        char *comma = strchr(item, ',');
        if (comma) *comma = 0;
        status = out->count < NNRT_PLAN_MOST ? add(out, trimmed(item))
                                             : nnrt_fail(NNRT_USAGE, "`%s` lists more than %d",
                                                         out->option, NNRT_PLAN_MOST);
        item = comma ? comma + 1 : NULL;
    }
    free(copy);
    return status;
}

static const char seeds_wanted[] =
    "a number of runs from 1 to 10000, or a list of seeds from 0 to 2^63 - 1, like 3,7,12";

nnrt_status nnrt_plan_seeds(const char *text, int64_t first, int64_t seeds[NNRT_PLAN_MOST],
                            int64_t *count) {
    list all = {.option = "--seeds", .wanted = seeds_wanted, .seeds = seeds};
    nnrt_status status = NNRT_OK;
    *count = 0;
    if (strchr(text, ','))
        status = read_list(&all, text);
    else if (!read_seed(text, &all.count) || all.count < 1 || all.count > NNRT_PLAN_MOST)
        return refuse(&all, text);
    else if (first > INT64_MAX - all.count)
        return nnrt_fail(NNRT_USAGE, "`--seed %" PRId64 "` leaves no room for `--seeds %s`", first,
                         text);
    else
        for (int64_t i = 0; i < all.count; i++) seeds[i] = first + i;
    if (!status) *count = all.count;
    return status;
}

nnrt_status nnrt_plan_rates(const char *text, double rates[NNRT_PLAN_MOST], int64_t *count) {
    list all = {
        .option = "--learning-rate", .wanted = "numbers above 0, like 0.1,0.01", .rates = rates};
    nnrt_status status = read_list(&all, text);
    *count = status ? 0 : all.count;
    return status;
}

static nnrt_status read_seeds(list *out, const nnrt_options *options) {
    if (strchr(options->seeds, ',') && options->has_seed)
        return nnrt_fail(NNRT_USAGE, "`--seeds %s` lists the seeds: leave `--seed` out",
                         options->seeds);
    return nnrt_plan_seeds(options->seeds, options->seed, out->seeds, &out->count);
}

// ---- What is of one run alone.

static nnrt_status check_together(const nnrt_options *options) {
    const struct {
        int is_given;
        const char *name, *why;
    } alone[] = {
        {options->dry_run != 0, "--dry-run", "tries one run"},
        {options->overfit != 0, "--overfit", "tries one run"},
        {options->doctor != 0, "--doctor", "looks at one run"},
        {options->profile != 0, "--profile", "measures one run"},
        {options->progress == NNRT_PROGRESS_BAR, "--progress=bar", "shows one run"},
        {options->progress == NNRT_PROGRESS_JSON, "--progress=json", "tells of one run"},
        {options->heartbeat > 0, "--heartbeat", "tells of one run"},
        {options->run && options->resume, "--run with --resume",
         "goes on with one run; `--checkpoint FILE --resume` goes on with all of them, `--run "
         "DIR/RUN --resume` with one"},
    };
    for (size_t i = 0; i < sizeof alone / sizeof *alone; i++)
        if (alone[i].is_given)
            return nnrt_fail(NNRT_USAGE, "%s has several runs: `%s` %s",
                             options->seeds ? "`--seeds`" : "a list of `--learning-rate`",
                             alone[i].name, alone[i].why);
    return NNRT_OK;
}

// ---- Runs.

static void name_run(nnrt_planned *run, int has_rate, int has_seed) {
    char rate[NNRT_JSON_NUMBER], seed[32];
    nnrt_number_text(rate, run->rate);
    snprintf(seed, sizeof seed, "%" PRId64, run->seed);
    snprintf(run->name, sizeof run->name, "%s%s%s%s%s", has_rate ? "rate " : "",
             has_rate ? rate : "", has_rate && has_seed ? ", " : "", has_seed ? "seed " : "",
             has_seed ? seed : "");
    snprintf(run->mark, sizeof run->mark, "%s%s%s%s", has_rate ? "-rate" : "", has_rate ? rate : "",
             has_seed ? "-seed" : "", has_seed ? seed : "");
}

static nnrt_status make_runs(nnrt_plan *plan, const nnrt_options *options, const list *rates,
                             const list *seeds) {
    plan->rates = rates->count ? rates->count : 1;
    plan->seeds = seeds->count ? seeds->count : 1;
    plan->count = plan->rates * plan->seeds;
    if (plan->count > NNRT_PLAN_MOST)
        return nnrt_fail(NNRT_USAGE, "%" PRId64 " seeds at %" PRId64 " rates are more than %d runs",
                         plan->seeds, plan->rates, NNRT_PLAN_MOST);
    plan->runs = calloc((size_t)plan->count, sizeof *plan->runs);
    if (!plan->runs) return nnrt_fail_memory("the runs", (size_t)plan->count * sizeof *plan->runs);
    for (int64_t i = 0; i < plan->count; i++) {
        nnrt_planned *run = &plan->runs[i];
        run->rate = rates->count ? rates->rates[i / plan->seeds] : options->learning_rate;
        run->seed = seeds->count ? seeds->seeds[i % plan->seeds] : options->seed;
        name_run(run, rates->count > 0, seeds->count > 0);
    }
    return NNRT_OK;
}

nnrt_status nnrt_plan_open(nnrt_plan *plan, const nnrt_options *options) {
    list seeds = {0};
    list rates = {0};
    memset(plan, 0, sizeof *plan);
    nnrt_status status = check_together(options);
    if (status) return status;
    seeds.seeds = malloc(NNRT_PLAN_MOST * sizeof *seeds.seeds);
    rates.rates = malloc(NNRT_PLAN_MOST * sizeof *rates.rates);
    if (!seeds.seeds || !rates.rates)
        status = nnrt_fail_memory("the runs", NNRT_PLAN_MOST * sizeof *rates.rates);
    if (!status && options->seeds) status = read_seeds(&seeds, options);
    if (!status && options->rates)
        status = nnrt_plan_rates(options->rates, rates.rates, &rates.count);
    if (!status) status = make_runs(plan, options, &rates, &seeds);
    free(seeds.seeds);
    free(rates.rates);
    return status;
}

void nnrt_plan_free(nnrt_plan *plan) {
    free(plan->runs);
    memset(plan, 0, sizeof *plan);
}

// ---- Their files.

static char *join(const char *path, size_t length, const char *mark, const char *rest) {
    size_t size = length + strlen(mark) + strlen(rest) + 2;
    char *out = malloc(size);
    if (!out)
        nnrt_fail_memory("the name of a file", size);
    else
        snprintf(out, size, "%.*s%s%s", (int)length, path, mark, rest);
    return out;
}

// The last dot of the last name, behind placeholders; that of `.hidden` begins no ending.
static size_t ending_at(const char *path) {
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    const char *brace = strrchr(name, '}'), *dot = strrchr(brace ? brace : name, '.');
    return dot && dot > name ? (size_t)(dot - path) : strlen(path);
}

char *nnrt_plan_path(const char *path, const char *mark) {
    struct stat at;
    size_t length = ending_at(path);
    if (stat(path, &at) == 0 && !S_ISREG(at.st_mode) && !S_ISDIR(at.st_mode)) mark = "";
    return join(path, length, mark, path + length);
}

char *nnrt_plan_folder(const char *path, const char *mark) {
    char rest[NNRT_PLAN_NAME + 1];
    size_t length = strlen(path);
    while (length > 1 && path[length - 1] == '/') length--;
    snprintf(rest, sizeof rest, "/%s", mark + (*mark == '-'));
    return join(path, length, rest, "");
}
