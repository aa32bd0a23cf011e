#include "log.h"

#include "../../../runtime/files/system.h"
#include "../../../runtime/formats/text/json_text.h"
#include "../../../runtime/metrics/row.h"
#include "../../../runtime/report/runs/place.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static char *path_of(const Runs *runs, const char *run, const char *file) {
    return arena_format(runs->arena, "%s/%s/%s", runs->folder, run, file);
}

static const char *text_at(const json_t *object, const char *name) {
    return json_string_value(json_object_get(object, name));
}

// ---- Its files.

// 0, or an errno; what is not there is empty. *out is the caller's, from malloc; a NUL behind it.
static int read_file(const char *path, char **out, size_t *size) {
    enum { PIECE = 16384 };
    size_t length = 0, room = 0;
    int64_t count = 0;
    int error = 0, file = nnrt_system_open(path, O_RDONLY | O_CLOEXEC);
    *out = NULL;
    if (file < 0 && !nnrt_system_is_absence(errno)) return errno;
    do {
        if (room < length + PIECE + 1) {
            char *larger = realloc(*out, room = 2 * length + PIECE + 1);
            if (!larger) arena_out_of_memory(room);
            *out = larger;
        }
        count = file < 0 ? 0 : nnrt_system_read(file, *out + length, PIECE, (int64_t)length);
        if (count < 0) error = errno;
        if (count > 0) length += (size_t)count;
    } while (count > 0);
    (*out)[length] = 0;
    *size = length;
    if (file >= 0) close(file);
    return error;
}

// `remedy`: behind what is wrong; "": nothing is known.
static void warn(const Runs *runs, const char *path, const char *reason, const char *remedy) {
    Text text = text_create(runs->arena);
    if (runs->was_read) return;
    text_format(&text, "nnc: warning: `%s` cannot be read: %s; the run is left out%s\n", path,
                reason, remedy);
    runs_make_plain(&text, 0);
    fputs(text.data, stderr);
}

// NULL: told; else the caller's, from malloc.
static char *read_part(const Runs *runs, const Run *run, const char *name, size_t *size) {
    const char *path = path_of(runs, run->name, name);
    char *text;
    int error = read_file(path, &text, size);
    if (!error) return text;
    warn(runs, path, strerror(error), "");
    free(text);
    return NULL;
}

// ---- Its values.

static bool ends_with_word(const char *name, const char *word) {
    size_t length = strlen(name), end = strlen(word);
    if (length < end || strcmp(name + length - end, word) != 0) return false;
    return length == end || name[length - end - 1] == '_';
}

bool run_more_is_better(const char *name) {
    size_t longest = 0;
    bool is_more = false;
    for (int i = 0; nnrt_metric_tables[i]; i++)
        for (const nnrt_metric_row *row = nnrt_metric_tables[i]; row->schema.name; row++) {
            size_t length = strlen(row->schema.name);
            if (length <= longest || !ends_with_word(name, row->schema.name)) continue;
            longest = length;
            is_more = !row->less_is_better;
        }
    return is_more;
}

const RunValue *run_value(const Run *run, const char *name) {
    for (int i = 0; i < run->values.count; i++)
        if (!strcmp(run->values.items[i].name, name)) return &run->values.items[i];
    return NULL;
}

// ---- What became of it.

// Who trains holds a lock; where there is none, it was killed.
static const char *status_of(const Runs *runs, const Run *run) {
    const char *said = text_at(run->about, "status");
    if (!said) return "unknown";
    if (strcmp(said, "running") != 0) return said;
    return nnrt_run_place_is_at_work(path_of(runs, run->name, "")) ? "running" : "killed";
}

// What was done; of a run without an end the time until its last epoch was.
static double seconds_of(const Runs *runs, const Run *run) {
    const char *started = text_at(run->about, "started");
    const json_t *seconds = json_object_get(run->about, "seconds");
    struct stat log;
    struct tm begin = {0};
    bool has_ended = strcmp(run->status, "running") && strcmp(run->status, "killed");
    if (has_ended) return json_is_number(seconds) ? json_number_value(seconds) : NAN;
    if (!started || !strptime(started, "%Y-%m-%dT%H:%M:%SZ", &begin)) return NAN;
    if (stat(path_of(runs, run->name, "log.jsonl"), &log) != 0) return NAN;
    double until = (double)log.st_mtim.tv_sec + 1e-9 * (double)log.st_mtim.tv_nsec;
    return fmax(0, until - (double)timegm(&begin));
}

// Where and how a run is shown changes nothing of it, nor does the number of threads.
static bool is_said_elsewhere(const char *word, bool *has_value) {
    static const char *const names[] = {"--run", "--progress", "--heartbeat", "--threads"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        size_t length = strlen(names[i]);
        if (strncmp(word, names[i], length) != 0) continue;
        *has_value = !word[length];
        if (!word[length] || word[length] == '=') return true;
    }
    *has_value = false;
    return !strcmp(word, "--resume") || !strcmp(word, "--json") || !strcmp(word, "--no-report");
}

static const char *options_of(const Runs *runs, const Run *run) {
    Text text = text_create(runs->arena);
    const json_t *words = json_object_get(run->about, "command");
    for (size_t i = 1; i < json_array_size(words); i++) {
        const char *word = json_string_value(json_array_get(words, i));
        bool has_value;
        if (!word || (i == 1 && !strcmp(word, "fit"))) continue;
        if (is_said_elsewhere(word, &has_value))
            i += has_value;
        else
            text_format(&text, "%s%s", text.length ? " " : "", word);
    }
    return text.data;
}

// ---- Its program.

const char *run_written(const Runs *runs, Run *run) {
    size_t size;
    char *text = run->written ? NULL : read_part(runs, run, "program.nn", &size);
    if (text) run->written = arena_strdup(runs->arena, text);
    free(text);
    return run->written ? run->written : "";
}

static int program_number(Runs *runs, const char *source) {
    for (int i = 0; i < runs->programs.count; i++)
        if (!strcmp(runs->programs.items[i], source)) return i;
    vec_push(runs->arena, &runs->programs, arena_strdup(runs->arena, source));
    return runs->programs.count - 1;
}

// ---- All of them.

// NULL, or what is wrong with it: what is read of it elsewhere is of the right type.
static const char *mistake_in(const Runs *runs, const json_t *about) {
    static const char *const texts[] = {"status",  "message",   "program", "called",
                                        "started", "monitored", "name"};
    if (!json_is_object(about)) return "it is no object";
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        const json_t *value = json_object_get(about, texts[i]);
        if (value && !json_is_string(value))
            return arena_format(runs->arena, "its `%s` is no text", texts[i]);
    }
    const json_t *command = json_object_get(about, "command");
    if (command && !json_is_array(command)) return "its `command` is no list";
    return NULL;
}

static bool read_about(const Runs *runs, Run *run) {
    const char *path = path_of(runs, run->name, "run.json"), *wrong;
    json_error_t mistake;
    int lacks_memory;
    size_t size;
    if (stat(path, &run->file)) {
        if (!nnrt_system_is_absence(errno)) warn(runs, path, strerror(errno), "");
        return false; // no run
    }
    char *text = read_part(runs, run, "run.json", &size);
    if (!text) return false;
    run->about = nnrt_json_load("run.json", text, size, &mistake, &lacks_memory);
    if (lacks_memory) arena_out_of_memory(size);
    free(text);
    wrong = run->about ? mistake_in(runs, run->about)
                       : arena_format(runs->arena, "line %d: %s", mistake.line, mistake.text);
    if (wrong) warn(runs, path, wrong, ": mend the file, or move the folder away");
    return !wrong;
}

static bool read_program(Runs *runs, Run *run) {
    size_t size;
    char *text = read_part(runs, run, "resolved.nn", &size);
    if (!text) return false;
    run->program = program_number(runs, text);
    run->source = runs->programs.items[run->program];
    free(text);
    return true;
}

static bool read_log(const Runs *runs, Run *run) {
    size_t size;
    char *text = read_part(runs, run, "log.jsonl", &size);
    if (!text) return false;
    const char *wrong = run_log_add(runs->arena, run, text, size);
    if (wrong)
        warn(runs, path_of(runs, run->name, "log.jsonl"), wrong,
             ": mend or delete that line, or the file; nothing but epochs is lost with it");
    free(text);
    return !wrong;
}

static bool read_all(Runs *runs, Run *run) {
    if (!read_about(runs, run) || !read_program(runs, run)) return false;
    run->status = status_of(runs, run);
    run->options = options_of(runs, run);
    return read_log(runs, run);
}

static void read_run(Runs *runs, const char *name) {
    Run *run = ARENA_NEW(runs->arena, Run);
    run->name = arena_copy(runs->arena, name, strlen(name));
    if (!read_all(runs, run)) {
        json_decref(run->about);
        return;
    }
    run->seconds = seconds_of(runs, run);
    vec_push(runs->arena, &runs->items, run);
}

// What ended as it says itself, and says so still.
static bool is_current(const Runs *runs, const Run *run) {
    struct stat now;
    const struct stat *then = &run->file;
    bool has_ended = strcmp(run->status, "running") && strcmp(run->status, "killed");
    return has_ended && !stat(path_of(runs, run->name, "run.json"), &now) &&
           now.st_ino == then->st_ino && now.st_size == then->st_size &&
           now.st_mtim.tv_sec == then->st_mtim.tv_sec &&
           now.st_mtim.tv_nsec == then->st_mtim.tv_nsec;
}

// By number, as far as names begin with one: 1000 comes after 999.
static int compare_names(const struct dirent **a, const struct dirent **b) {
    return strverscmp((*a)->d_name, (*b)->d_name);
}

// Of runs in that order, from *next on.
static Run *take_older(const Runs *older, int *next, const char *name) {
    for (; *next < older->items.count; ++*next) {
        Run *run = older->items.items[*next];
        int order = strverscmp(run->name, name);
        if (order >= 0) return order ? NULL : older->items.items[(*next)++];
        json_decref(run->about); // it is gone
    }
    return NULL;
}

static void read_again(Runs *runs, const Runs *older, int *next, const char *name) {
    Run *run = take_older(older, next, name);
    if (run && is_current(runs, run)) {
        vec_push(runs->arena, &runs->items, run);
        return;
    }
    if (run) json_decref(run->about);
    read_run(runs, name);
}

bool runs_refresh(Runs *runs) {
    struct dirent **entries;
    Runs older = *runs;
    int next = 0, count;
    do count = scandir(runs->folder, &entries, NULL, compare_names);
    while (count < 0 && errno == EINTR);
    if (count < 0) {
        fprintf(stderr, "nnc: cannot read the folder `%s`: %s\n", runs->folder, strerror(errno));
        return false;
    }
    memset(&runs->items, 0, sizeof runs->items);
    for (int i = 0; i < count; i++) {
        if (entries[i]->d_name[0] != '.') read_again(runs, &older, &next, entries[i]->d_name);
        free(entries[i]);
    }
    free(entries);
    for (; next < older.items.count; next++) json_decref(older.items.items[next]->about);
    runs->was_read = true;
    return true;
}

bool runs_read(Runs *runs, Arena *arena, const char *folder) {
    size_t length = strlen(folder);
    while (length > 1 && folder[length - 1] == '/') length--;
    *runs = (Runs){.arena = arena, .folder = arena_copy(arena, folder, length)};
    return runs_refresh(runs);
}

void runs_free(Runs *runs) {
    for (int i = 0; i < runs->items.count; i++) json_decref(runs->items.items[i]->about);
    memset(&runs->items, 0, sizeof runs->items);
}
