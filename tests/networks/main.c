// networks random         NNC_NETWORKS networks (200) of seed NNC_SEED (1), from NNC_FIRST (0) on
// networks pairs          every ordered pair of operators
// networks planted        the same with a mistake in the reference, which most of them must notice
// networks try FILE...    programs that begin with the line of their setup
// NNC_FAILURES names a folder for the failing programs.
#include "grow.h"
#include "pairs.h"
#include "reference.h"
#include "run.h"
#include "trial.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef __SANITIZE_ADDRESS__
enum { USUAL_NETWORKS = 25 };
#else
enum { USUAL_NETWORKS = 200 };
#endif
enum { REFUSED_SHARE = 5, NOTICED_PERCENT = 60 }; // one of so many at most; at least

static int number_of(const char *variable, int otherwise) {
    const char *text = getenv(variable);
    return text ? atoi(text) : otherwise;
}

// ---- What the rules do not know.

static int check_rules(void) {
    int unknown = 0;
    for (int i = 0; i < draw_operator_count(); i++) {
        const Schema *schema = &draw_operator(i)->schema;
        const char *argument = draw_unknown_argument(schema);
        if (!argument) continue;
        printf("no rule draws the argument `%s` of operator %s (draw.c)\n", argument, schema->name);
        unknown++;
    }
    const char *loss = grow_loss_without_rule();
    if (loss) printf("no rule for loss %s (train.c)\n", loss);
    return unknown + (loss != NULL);
}

// ---- The commands.

static bool grow_number(Network *network, Arena *arena, int seed, int number) {
    Random random = {(uint64_t)seed << 32 | (uint64_t)number};
    Grower grower = {.random = &random, .arena = arena, .network = network};
    return grow_random(&grower);
}

static int run_random(Run *run) {
    int first = number_of("NNC_FIRST", 0), count = number_of("NNC_NETWORKS", USUAL_NETWORKS);
    int seed = number_of("NNC_SEED", 1);
    for (int i = first; i < first + count; i++) {
        Arena *arena = arena_create();
        Network network;
        if (grow_number(&network, arena, seed, i))
            run_network(run, arena, &network, arena_format(arena, "seed-%d-network-%d", seed, i));
        else
            run->refused++;
        arena_destroy(arena);
    }
    if (run->refused * REFUSED_SHARE > count) {
        printf("the front end refuses %d of %d networks\n", run->refused, count);
        run->failures++;
    }
    return run_end(run);
}

// Some mistakes change nothing: behind a relu that is off, or where nobody uses the value.
static int run_planted(void) {
    int tried = 0, noticed = 0;
    for (int i = 0; i < USUAL_NETWORKS / 5; i++) {
        Arena *arena = arena_create();
        Network network;
        if (grow_number(&network, arena, 3, i)) {
            reference_planted = i * 7919;
            Verdict verdict = trial_run(network_text(arena, &network), &network.setup);
            tried++;
            noticed += verdict.outcome == WRONG;
            if (getenv("NNC_NETWORKS_VERBOSE") && verdict.outcome != WRONG)
                printf("%s%d\n", network_text(arena, &network), reference_planted);
        }
        arena_destroy(arena);
    }
    printf("%d of %d planted mistakes are noticed\n", noticed, tried);
    return noticed * 100 < tried * NOTICED_PERCENT;
}

static int try_file(const char *folder, const char *name) {
    char path[2 * PATH_MAX], text[1 << 16];
    Setup setup;
    Arena *arena = arena_create();
    snprintf(path, sizeof path, "%s%s%s", *name == '/' ? "" : folder, *name == '/' ? "" : "/",
             name);
    FILE *file = fopen(path, "r");
    size_t size = file ? fread(text, 1, sizeof text - 1, file) : 0;
    text[size] = 0;
    if (file) fclose(file);
    if (!setup_parse(arena, text, &setup)) {
        printf("%s: does not begin with the line of a setup\n", name);
        return 1;
    }
    Verdict verdict = trial_run(text, &setup);
    printf("%s: %s: %s\n", name, outcome_name(verdict.outcome), verdict.what);
    arena_destroy(arena);
    return outcome_fails(verdict.outcome);
}

static int run_command(int count, char **words, const char *folder) {
    Run run = {.folder = getenv("NNC_FAILURES")};
    const char *command = count > 1 ? words[1] : "";
    int failures = 0;
    if (strcmp(command, "random") == 0) return check_rules() + run_random(&run);
    if (strcmp(command, "pairs") == 0) return check_rules() + pairs_run(&run);
    if (strcmp(command, "planted") == 0) return run_planted();
    if (strcmp(command, "try") == 0) {
        for (int i = 2; i < count; i++) failures += try_file(folder, words[i]);
        return failures;
    }
    fprintf(stderr, "networks random|pairs|planted|try FILE...\n");
    return 1;
}

int main(int count, char **words) {
    char folder[PATH_MAX], work[] = "/tmp/nnc-networks-XXXXXX";
    static const char *const files[] = {"x.npy", "y.npy", "net.o", "messages"};
    if (!getcwd(folder, sizeof folder) || !mkdtemp(work) || chdir(work) != 0) return 1;
    int failures = run_command(count, words, folder);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) unlink(files[i]);
    rmdir(work);
    return failures ? 1 : 0;
}
