#include "../emit.h"

#include "../../op/op.h"
#include "../../pass/layout/winograd.h"

#include <stdlib.h>
#include <string.h>

char *way_text(Arena *arena, Way way) {
    const char *kind = way.is_padded     ? " padded"
                       : way.is_slab     ? " samples"
                       : way.is_winograd ? " winograd"
                                         : "";
    return arena_format(arena, "%dx%d%s", way.rows, way.vectors, kind);
}

Tuning *tuning_create(Arena *arena) {
    Tuning *tuning = ARENA_NEW(arena, Tuning);
    tuning->arena = arena;
    tuning->tried = -1;
    return tuning;
}

// ---- The file.

static const char heading[] =
    "# The fastest ways to compute, as `nnc build --tune` measured them; builds for the same\n"
    "# processor take them. Nothing but speed depends on it, and the last bits of numbers. Commit it.\n";

// Without blanks around.
static void trim(const char *text, size_t *begin, size_t *end) {
    while (*begin < *end && strchr(" \t\r", text[*begin])) ++*begin;
    while (*end > *begin && strchr(" \t\r", text[*end - 1])) --*end;
}

static bool report_line(const Source *source, uint32_t file, size_t begin, size_t end,
                        DiagSink *sink) {
    Span span = {file, (uint32_t)begin, (uint32_t)end};
    Diag *diag = diag_report(sink, DIAG_E0903, span, "no choice that `nnc build --tune` writes");
    diag_label(diag, "expected `processor: operator and shapes = way`");
    diag_help(diag, "remove the line, or the file `%s`: nothing but speed depends on it",
              source->path);
    return false;
}

static bool read_line(Tuning *tuning, const Source *source, uint32_t file, size_t begin, size_t end,
                      DiagSink *sink) {
    const char *text = source->text;
    trim(text, &begin, &end);
    if (begin == end || text[begin] == '#') return true;
    const char *colon = memchr(text + begin, ':', end - begin);
    const char *equals = memrchr(text + begin, '=', end - begin);
    if (!colon || !equals || colon > equals) return report_line(source, file, begin, end, sink);
    size_t bounds[3][2] = {{begin, (size_t)(colon - text)},
                           {(size_t)(colon - text) + 1, (size_t)(equals - text)},
                           {(size_t)(equals - text) + 1, end}};
    char *words[3];
    for (int i = 0; i < 3; i++) {
        trim(text, &bounds[i][0], &bounds[i][1]);
        size_t length = bounds[i][1] - bounds[i][0];
        if (!length) return report_line(source, file, begin, end, sink);
        words[i] = arena_copy(tuning->arena, text + bounds[i][0], length);
    }
    Span span = {file, (uint32_t)bounds[2][0], (uint32_t)bounds[2][1]};
    vec_push(tuning->arena, &tuning->choices, ((TuningChoice){words[0], words[1], words[2], span}));
    return true;
}

bool tuning_read(Tuning *tuning, const SourceSet *sources, uint32_t file, DiagSink *sink) {
    const Source *source = sources_get(sources, file);
    bool ok = true;
    for (size_t begin = 0, end; begin < source->size; begin = end + 1) {
        const char *newline = memchr(source->text + begin, '\n', source->size - begin);
        end = newline ? (size_t)(newline - source->text) : source->size;
        ok &= read_line(tuning, source, file, begin, end, sink);
    }
    return ok;
}

static int compare_choices(const void *a, const void *b) {
    const TuningChoice *x = a, *y = b;
    int order = strcmp(x->processor, y->processor);
    return order ? order : strcmp(x->key, y->key);
}

void tuning_print(Text *out, const Tuning *tuning) {
    int count = tuning->choices.count;
    TuningChoice *sorted = ARENA_ARRAY(out->arena, TuningChoice, count + 1);
    for (int i = 0; i < count; i++) sorted[i] = tuning->choices.items[i];
    if (count) qsort(sorted, (size_t)count, sizeof *sorted, compare_choices);
    text_put(out, heading);
    for (int i = 0; i < count; i++)
        text_format(out, "%s: %s = %s\n", sorted[i].processor, sorted[i].key, sorted[i].way);
}

// ---- Choices.

static TuningChoice *find_choice(const Tuning *tuning, const char *processor, const char *key) {
    TuningChoice *found = NULL; // the last one counts
    for (int i = 0; i < tuning->choices.count; i++) {
        TuningChoice *choice = &tuning->choices.items[i];
        if (!strcmp(choice->processor, processor) && !strcmp(choice->key, key)) found = choice;
    }
    return found;
}

const char *tuning_chosen(const Tuning *tuning, const char *processor, const char *key) {
    const TuningChoice *choice = find_choice(tuning, processor, key);
    return choice ? choice->way : NULL;
}

void tuning_set(Tuning *tuning, const char *key, const char *way) {
    TuningChoice *choice = find_choice(tuning, tuning->processor, key);
    if (choice)
        choice->way = way;
    else
        vec_push(tuning->arena, &tuning->choices,
                 ((TuningChoice){tuning->processor, key, way, SPAN_NONE}));
}

void tuning_begin_build(Tuning *tuning, const char *processor) {
    tuning->processor = arena_strdup(tuning->arena, processor);
    tuning->step = NULL;
    tuning->sites.count = 0;
}

// ---- Sites.

// Products by transposed weights read weights that were transposed, or, in other functions, as they
// lie; and blocks of them in training alone.
static const char *reads_weights(const Schedule *schedule, const Node *anchor) {
    bool is_such = op_multiplies_weights(anchor) && !op_is_convolution(anchor) &&
                   op_product_kind(anchor) == PRODUCT_DATA;
    if (!is_such) return "";
    if (!schedule_source(anchor->inputs[1])->parameter) return ", transposed before";
    return schedule->graph->mode == GRAPH_TRAIN ? "" : ", not in training";
}

// What a group computes. Groups with the same key have the same ways.
static char *site_key(Arena *arena, const Schedule *schedule, const Group *group) {
    const Node *anchor = group->anchor;
    Text key = text_create(arena), args = text_create(arena);
    text_put(&key, anchor->op->schema.name);
    for (int i = 0; i < anchor->input_count; i++)
        text_format(&key, " %s", type_text(arena, &anchor->inputs[i]->type));
    args_print(&args, anchor->args, false);
    if (args.length) text_format(&key, " %s", args.data);
    text_format(&key, ", batch %lld", (long long)schedule->batch);
    text_put(&key, reads_weights(schedule, anchor));
    if (element_has_sums(group)) text_put(&key, ", with sums");
    if (op_is_convolution(anchor) && winograd_fits(schedule, group)) text_put(&key, ", in tiles");
    return key.data;
}

static TuningSite *find_site(const Tuning *tuning, const char *key) {
    for (int i = 0; i < tuning->sites.count; i++)
        if (!strcmp(tuning->sites.items[i]->key, key)) return tuning->sites.items[i];
    return NULL;
}

static TuningSite *add_site(Tuning *tuning, const char *key, const Way *ways, int count) {
    TuningSite *site = ARENA_NEW(tuning->arena, TuningSite);
    site->key = key;
    site->count = count;
    memcpy(site->ways, ways, (size_t)count * sizeof *ways);
    vec_push(tuning->arena, &tuning->sites, site);
    return site;
}

// Groups of a step are made several times, to see which are alike.
static void note_group(Tuning *tuning, TuningSite *site, const Schedule *schedule, int group) {
    if (!tuning->step && schedule->graph->mode == GRAPH_TRAIN) tuning->step = schedule;
    if (schedule != tuning->step) return;
    for (int i = 0; i < site->groups.count; i++)
        if (site->groups.items[i] == group) return;
    vec_push(tuning->arena, &site->groups, group);
}

static int find_way(Arena *arena, const Way *ways, int count, const char *text) {
    for (int i = 0; i < count && text; i++)
        if (!strcmp(way_text(arena, ways[i]), text)) return i;
    return -1;
}

static int chosen_way(const Tuning *tuning, const TuningSite *site) {
    const char *text = tuning_chosen(tuning, tuning->processor, site->key);
    return find_way(tuning->arena, site->ways, site->count, text);
}

static bool has_ways(const TuningSite *site, const Way *ways, int count) {
    bool same = site->count == count;
    for (int i = 0; i < count && same; i++) {
        const Way *own = &site->ways[i], *way = &ways[i];
        same = own->rows == way->rows && own->vectors == way->vectors &&
               own->is_padded == way->is_padded && own->is_slab == way->is_slab;
    }
    return same;
}

Way tuning_way(Tuning *tuning, const Schedule *schedule, const Group *group, const Way *ways,
               int count) {
    if (!tuning) return ways[0];
    char *key = site_key(tuning->arena, schedule, group);
    TuningSite *site = find_site(tuning, key);
    if (!site) site = add_site(tuning, key, ways, count);
    if (!has_ways(site, ways, count)) nn_ice("gen", "two lists of ways for %s", key);
    note_group(tuning, site, schedule, group->id);
    int chosen = tuning->tried < 0 ? chosen_way(tuning, site) : tuning->tried;
    return ways[chosen >= 0 && chosen < count ? chosen : 0];
}

bool tuning_is_known(const Tuning *tuning, const TuningSite *site) {
    return chosen_way(tuning, site) >= 0;
}

// The next choice that is for a site and names no way of it, from `first` on; -1: none.
static int next_stale(const Tuning *tuning, int first) {
    for (int i = first; i < tuning->choices.count; i++) {
        const TuningChoice *choice = &tuning->choices.items[i];
        const TuningSite *site = find_site(tuning, choice->key);
        bool is_ours = site && !strcmp(choice->processor, tuning->processor);
        if (is_ours && find_way(tuning->arena, site->ways, site->count, choice->way) < 0) return i;
    }
    return -1;
}

void tuning_forget_stale(Tuning *tuning) {
    for (int i = 0; (i = next_stale(tuning, i)) >= 0;)
        tuning->choices.items[i] = tuning->choices.items[--tuning->choices.count];
}

void tuning_report_stale(const Tuning *tuning, DiagSink *sink) {
    for (int i = 0; (i = next_stale(tuning, i)) >= 0; i++) {
        const TuningChoice *choice = &tuning->choices.items[i];
        Diag *diag = diag_report(sink, DIAG_W0901, choice->span, "`%s` is no way to compute this",
                                 choice->way);
        diag_label(diag, "not taken");
        diag_help(diag, "remove the line, or run `nnc build --tune`, which measures it again");
    }
}

void tuning_print_sites(Text *out, const Tuning *tuning) {
    for (int i = 0; i < tuning->sites.count; i++) {
        const TuningSite *site = tuning->sites.items[i];
        int known = chosen_way(tuning, site), chosen = known < 0 ? 0 : known;
        text_format(out, "%s = %s", site->key, way_text(out->arena, site->ways[chosen]));
        for (int k = 0; k < site->count; k++)
            if (k != chosen)
                text_format(out, "%s%s", k == (chosen == 0) ? " (or " : ", ",
                            way_text(out->arena, site->ways[k]));
        text_put(out, site->count > 1 ? ")\n" : "\n");
    }
}
