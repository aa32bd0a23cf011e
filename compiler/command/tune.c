#include "tune.h"

#include "../../runtime/files/paths/place.h"
#include "../driver/output.h"
#include "measured.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    ROUNDS = 3,         // all programs take turns, as machines have better and worse moments
    PROFILED_STEPS = 15 // of each program in each round
};
static const double profiled_share = 0.36; // of the seconds of `bench`: steps with a profile
static const double least_seconds = 0.2, most_seconds = 6;
static const double worth = 0.97; // of the time of the model's way; less may be chance

// ---- The file.

static char *tuning_path(const Session *session) {
    const char *source = session->options->operand;
    size_t length = strlen(source);
    if (length > 3 && !strcmp(source + length - 3, ".nn")) length -= 3;
    return arena_format(session->arena, "%.*s.tune", (int)length, source);
}

bool tune_load(Session *session) {
    const char *path = tuning_path(session), *error = NULL;
    session->gen.tuning = tuning_create(session->arena);
    if (!strcmp(session->options->operand, "-") || access(path, F_OK)) return true;
    int file = sources_load(session->sources, path, &error);
    if (file >= 0)
        return tuning_read(session->gen.tuning, session->sources, (uint32_t)file, session->sink);
    Span whole = SPAN_FILE((uint32_t)sources_add(session->sources, path, "", 0));
    diag_report(session->sink, DIAG_E0903, whole, "cannot read `%s`: %s", path, error);
    return false;
}

// The choices and the executable need a file each, and neither overwrites the data.
static bool check_file(Session *session) {
    const char *path = tuning_path(session);
    if (nnrt_place_is_same(path, session->output)) {
        diag_report(session->sink, DIAG_E0902, SPAN_NONE,
                    "cannot write `%s`: both the executable and the choices would go there",
                    session->output);
        return false;
    }
    return output_check(session->arena, path, sources_create(session->arena), session->sink);
}

static bool write_file(Session *session) {
    Text text = text_create(session->arena);
    tuning_print(&text, session->gen.tuning);
    return output_write(tuning_path(session), &text, session->sink);
}

// ---- Programs.

// An executable whose file is gone already, so that nothing is left of it whatever happens.
typedef struct Measured {
    int handle;
    int groups;           // of the training step
    double *microseconds; // by group: the least of the rounds
    double rate;          // samples a second, the most of the rounds
} Measured;

static bool build_program(Session *session, int tried, Measured *out) {
    Tuning *tuning = session->gen.tuning;
    tuning->tried = tried;
    out->handle = measured_build(session, session->output);
    tuning->tried = -1;
    if (out->handle < 0) return false;
    out->groups = tuning->step ? tuning->step->groups.count : 0;
    out->microseconds = ARENA_ARRAY(session->arena, double, out->groups + 1);
    for (int i = 0; i < out->groups; i++) out->microseconds[i] = INFINITY;
    return true;
}

static json_t *profile_of(const json_t *json) {
    return json_array_get(json_object_get(json, "profile"), 0); // the training step
}

static double number_of(const json_t *json, const char *name) {
    return json_number_value(json_object_get(json, name));
}

// False: something is missing.
static bool note_times(Measured *program, const json_t *json) {
    double rate = number_of(json, "train_samples_per_second");
    if (rate > program->rate) program->rate = rate;
    const json_t *groups = json_object_get(profile_of(json), "groups");
    for (size_t i = 0; i < json_array_size(groups); i++) {
        const json_t *group = json_array_get(groups, i);
        const json_t *number = json_object_get(group, "group");
        double now = number_of(group, "step_us");
        bool is_group = json_is_integer(number) && json_integer_value(number) < program->groups;
        if (!is_group || !(now >= 0)) return false;
        double *least = &program->microseconds[json_integer_value(number)];
        if (now < *least) *least = now;
    }
    return rate > 0 && json_array_size(groups) > 0;
}

static json_t *bench(Session *session, const Measured *program, double seconds) {
    const char *problem;
    char *text = arena_format(session->arena, "%.2f", seconds);
    char *const words[] = {"program", "bench", "--json", "--profile", "--seconds", text, NULL};
    json_t *json = measured_run(session, program->handle, words, &problem);
    if (!json) measured_fail(session, problem);
    return json;
}

static bool measure_program(Session *session, Measured *program, double seconds) {
    json_t *json = bench(session, program, seconds);
    if (!json) return false;
    bool ok = note_times(program, json);
    json_decref(json);
    return ok || measured_fail(session, "its measurements lack something");
}

// How long each run should be.
static bool find_seconds(Session *session, const Measured *program, double *seconds) {
    json_t *json = bench(session, program, 1);
    if (!json) return false;
    double step = 1e-6 * number_of(profile_of(json), "step_us");
    json_decref(json);
    *seconds = fmin(fmax(PROFILED_STEPS * step / profiled_share, least_seconds), most_seconds);
    return true;
}

// ---- Choosing.

static bool is_open(const Tuning *tuning, const TuningSite *site) {
    return site->count > 1 && site->groups.count > 0 && !tuning_is_known(tuning, site);
}

static int most_ways(const Tuning *tuning, int *open) {
    int most = 0;
    *open = 0;
    for (int i = 0; i < tuning->sites.count; i++) {
        const TuningSite *site = tuning->sites.items[i];
        if (!is_open(tuning, site)) continue;
        ++*open;
        if (site->count > most) most = site->count;
    }
    return most;
}

static double time_of(const TuningSite *site, const Measured *program) {
    double sum = 0;
    for (int i = 0; i < site->groups.count; i++)
        sum += program->microseconds[site->groups.items[i]];
    return sum;
}

static int best_way(const TuningSite *site, const Measured *programs) {
    int best = 0;
    double limit = worth * time_of(site, &programs[0]);
    for (int i = 1; i < site->count; i++) {
        double time = time_of(site, &programs[i]);
        if (time >= limit) continue;
        limit = time;
        best = i;
    }
    return best;
}

// Chooses for all open sites; returns how many differ from the model's choice.
static int choose(Session *session, const Measured *programs) {
    Tuning *tuning = session->gen.tuning;
    int changed = 0;
    for (int i = 0; i < tuning->sites.count; i++) {
        const TuningSite *site = tuning->sites.items[i];
        if (!is_open(tuning, site)) continue;
        int best = best_way(site, programs);
        char *way = way_text(tuning->arena, site->ways[best]);
        tuning_set(tuning, site->key, way);
        if (!best) continue;
        changed++;
        fprintf(stderr, "  %s: %s takes %.1f us a step, %s %.1f\n", site->key, way,
                time_of(site, &programs[best]), way_text(tuning->arena, site->ways[0]),
                time_of(site, &programs[0]));
    }
    return changed;
}

static bool measure_all(Session *session, Measured *programs, int count, double seconds) {
    for (int round = 0; round < ROUNDS; round++)
        for (int i = 0; i < count; i++)
            if (!measure_program(session, &programs[i], seconds)) return false;
    return true;
}

// ---- The whole.

static void close_programs(Measured *programs, int count) {
    for (int i = 0; i < count; i++)
        if (programs[i].handle >= 0) close(programs[i].handle);
}

// Builds with the first `count` choices alone.
static bool build_with(Session *session, int count, Measured *out) {
    Tuning *tuning = session->gen.tuning;
    int all = tuning->choices.count;
    tuning->choices.count = count;
    bool ok = build_program(session, -1, out);
    tuning->choices.count = all;
    return ok;
}

// How many times as many samples a second are trained with all choices as with the first `before`;
// 0: reported.
static double compare(Session *session, int before, double seconds) {
    Measured programs[2] = {{.handle = -1}, {.handle = -1}};
    bool ok = build_with(session, before, &programs[0]) &&
              build_with(session, session->gen.tuning->choices.count, &programs[1]) &&
              measure_all(session, programs, 2, 2 * seconds);
    close_programs(programs, 2);
    return ok ? programs[1].rate / programs[0].rate : 0;
}

// Choices from `first` on become the model's.
static void take_back(Tuning *tuning, int first) {
    for (int i = first; i < tuning->choices.count; i++) {
        TuningChoice *choice = &tuning->choices.items[i];
        for (int k = 0; k < tuning->sites.count; k++) {
            const TuningSite *site = tuning->sites.items[k];
            if (!strcmp(site->key, choice->key))
                choice->way = way_text(tuning->arena, site->ways[0]);
        }
    }
}

// The choices together have to be faster too.
static bool choose_together(Session *session, const Measured *programs, double seconds) {
    Tuning *tuning = session->gen.tuning;
    int before = tuning->choices.count, changed = choose(session, programs);
    if (!changed) {
        fputs("no way is faster than the model's\n", stderr);
        return true;
    }
    double gain = compare(session, before, seconds);
    if (!gain) return false;
    if (gain < 1) take_back(tuning, before);
    fprintf(stderr, "%d changed: %.2f times as many samples a second%s\n", changed, gain,
            gain < 1 ? ", so they are taken back" : "");
    return true;
}

static bool measure_programs(Session *session, Measured *programs, int count, int open) {
    for (int i = 1; i < count; i++)
        if (!build_program(session, i, &programs[i])) return false;
    double seconds;
    if (!find_seconds(session, &programs[0], &seconds)) return false;
    fprintf(stderr, "tuning for %s: %d products, up to %d ways each, some %.0f seconds\n",
            session->gen.tuning->processor, open, count, ROUNDS * (count + 4) * seconds);
    return measure_all(session, programs, count, seconds) &&
           choose_together(session, programs, seconds) && write_file(session);
}

static bool can_measure(Session *session) {
    if (!session_needs_model(session)) return false;
    const Model *model = session->program->main;
    const SourceSet *none = sources_create(session->arena); // the file may be one of the sources
    if (model->trainings.count)
        return output_check(session->arena, tuning_path(session), none, session->sink);
    Diag *diag = diag_report(session->sink, DIAG_E0206, model->span,
                             "--tune measures training, and nothing trains `%s`", model->name);
    diag_label(diag, "without a `train` block");
    return false;
}

bool tune_measure(Session *session) {
    Measured programs[TUNING_MAX_WAYS];
    for (int i = 0; i < TUNING_MAX_WAYS; i++) programs[i] = (Measured){.handle = -1};
    if (!check_file(session) || !can_measure(session)) return false;
    if (!build_program(session, 0, &programs[0])) return false;
    tuning_forget_stale(session->gen.tuning);
    int open, count = most_ways(session->gen.tuning, &open);
    bool ok = true;
    if (open)
        ok = measure_programs(session, programs, count, open);
    else
        fprintf(stderr, "nothing to measure: `%s` has all choices; without it, they are new\n",
                tuning_path(session));
    close_programs(programs, TUNING_MAX_WAYS);
    return ok;
}
