#include "words.h"

#include <unistd.h>

static void push(Arena *arena, Words *words, const char *word) {
    vec_push(arena, words, arena_strdup(arena, word));
}

static void push_pair(Arena *arena, Words *words, const char *option, const char *value) {
    push(arena, words, option);
    push(arena, words, value);
}

// Where its callbacks write files, a training has a current folder of its own.
static const char *path_for(Arena *arena, const Point *point, const char *path) {
    const char *found = point->writes_files ? arena_realpath(arena, path) : NULL;
    return found ? found : path;
}

static Words program_words(Arena *arena, const Point *point, const char *file) {
    static const char *const contractions[] = {
        [CONTRACTION_AUTO] = NULL, [CONTRACTION_OWN] = "own", [CONTRACTION_BLAS] = "blas"};
    const Options *options = &point->options;
    Words words = {0};
    push(arena, &words, "nnc");
    push(arena, &words, "run");
    push(arena, &words, file);
    for (int i = 0; i < options->definitions.count; i++) {
        const Definition *definition = &options->definitions.items[i];
        push_pair(arena, &words, "-D",
                  arena_format(arena, "%s=%s", definition->name, definition->value));
    }
    if (options->model) push_pair(arena, &words, "--model", options->model);
    if (options->gen.cpu) push_pair(arena, &words, "--cpu", options->gen.cpu);
    if (options->precision != PRECISION_UNSAID)
        push_pair(arena, &words, "--precision", precision_word(options->precision));
    if (contractions[options->gen.contraction])
        push_pair(arena, &words, "--contraction", contractions[options->gen.contraction]);
    if (options->gen.predicts_int8) push_pair(arena, &words, "--predict", "int8");
    return words;
}

Words words_to_compile(Arena *arena, const Point *point) {
    Words words = program_words(arena, point, path_for(arena, point, point->options.operand));
    push(arena, &words, "help"); // compiled in any case
    return words;
}

const char *words_called(Arena *arena, const Point *point, const char *file) {
    Words words = program_words(arena, point, file);
    Text text = text_create(arena);
    for (int i = 0; i < words.count; i++) {
        if (i) text_put(&text, " ");
        text_shell_word(&text, words.items[i]);
    }
    return text.data;
}

static bool has_checkpoint(const Sweep *sweep, const char *run) {
    return !access(arena_format(sweep->arena, "%s/checkpoint.safetensors", run), F_OK) ||
           !access(arena_format(sweep->arena, "%s/checkpoint.safetensors~", run), F_OK);
}

// A checkpoint knows with what its training was begun, and where a rate has come to meanwhile.
static void push_training(const Sweep *sweep, Words *words, const Trial *trial,
                          const char *folder) {
    const Point *point = trial->point;
    bool goes_on = trial->state == TRIAL_UNFINISHED && trial->run;
    if (goes_on) folder = arena_format(sweep->arena, "%s/%s", folder, trial->run->name);
    push(sweep->arena, words, "fit");
    push_pair(sweep->arena, words, "--run", folder);
    if (goes_on) push(sweep->arena, words, "--resume");
    push_pair(sweep->arena, words, "--seed",
              arena_format(sweep->arena, "%lld", (long long)trial->seed));
    bool is_known = goes_on && has_checkpoint(sweep, folder);
    for (int i = is_known ? point->axis_words : 0; i < point->arguments.count; i++)
        push(sweep->arena, words, point->arguments.items[i]);
}

Words words_by_hand(const Sweep *sweep, const Trial *trial) {
    Words words = program_words(sweep->arena, trial->point, sweep->options->operand);
    push_training(sweep, &words, trial, sweep->folder);
    return words;
}

Words words_to_train(const Sweep *sweep, const Trial *trial, int64_t threads) {
    Arena *arena = sweep->arena;
    const Point *point = trial->point;
    Words words = program_words(arena, point, path_for(arena, point, sweep->options->operand));
    push_training(sweep, &words, trial, path_for(arena, point, sweep->folder));
    push_pair(arena, &words, "--threads", arena_format(arena, "%lld", (long long)threads));
    push_pair(arena, &words, "--progress", "none");
    push(arena, &words, "--no-report");
    return words;
}
