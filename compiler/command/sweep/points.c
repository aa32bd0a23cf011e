#include "points.h"

#include "../../../runtime/base/numbers/random.h"
#include "../../../runtime/base/text/json.h"
#include "../../../runtime/base/text/number.h"
#include "../../../runtime/session/callback.h"
#include "../../driver/output.h"
#include "../child.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 100000 };

const char *point_value(const Point *point, const Axes *axes, int axis) {
    return axes->items.items[axis].values.items[point->choice[axis]];
}

// ---- Which there are.

static int64_t count_all(const Axes *axes) {
    int64_t count = 1;
    for (int i = 0; i < axes->items.count && count <= MOST; i++)
        count *= axes->items.items[i].values.count;
    return count;
}

// The last axis changes fastest.
static const int *choice_of(const Axes *axes, int64_t number, Arena *arena) {
    int *choice = ARENA_ARRAY(arena, int, axes->items.count + 1);
    for (int i = axes->items.count - 1; i >= 0; i--) {
        int count = axes->items.items[i].values.count;
        choice[i] = (int)(number % count);
        number /= count;
    }
    return choice;
}

// `count` of the numbers below `all`, each as likely as another one, in their order; always the
// same, so that a sweep can go on. Knuth, The Art of Computer Programming 2, 3.4.2, algorithm S.
static bool is_drawn(nnrt_random *random, int64_t left, int64_t wanted) {
    return wanted > 0 && (int64_t)nnrt_random_below(random, (uint32_t)left) < wanted;
}

// ---- What they are called.

// What varies tells them apart, in a line; of a single one, all that was given.
static void describe(Point *point, const Axes *axes, Arena *arena) {
    Text label = text_create(arena);
    bool is_single = count_all(axes) == 1;
    for (int i = 0; i < axes->items.count; i++) {
        const Axis *axis = &axes->items.items[i];
        if (axis->values.count < 2 && !is_single) continue;
        text_format(&label, "%s%s=%s", label.length ? " " : "", axis->name,
                    point_value(point, axes, i));
    }
    for (size_t i = 0; i < label.length; i++) // a value may have several
        if (label.data[i] == '\n' || label.data[i] == '\r') label.data[i] = ' ';
    point->label = label.length ? label.data : "the program as it is";
}

static void add_word(Point *point, Text *said, Arena *arena, const char *word) {
    text_format(said, "%s%s", said->length ? " " : "", word);
    vec_push(arena, &point->arguments, word);
}

// A run is known by the words of its options, so that a number is always written one way.
static const char *written(Arena *arena, const char *value) {
    char text[NNRT_JSON_NUMBER];
    double number;
    if (!nnrt_number_parse(value, &number)) return value;
    nnrt_number_text(text, number);
    return arena_strdup(arena, text);
}

static Point make_point(const Axes *axes, const Options *options, char *const *extra,
                        int64_t number, Arena *arena) {
    Point point = {.choice = choice_of(axes, number, arena), .options = *options};
    Text said = text_create(arena);
    memset(&point.options.definitions, 0, sizeof point.options.definitions);
    for (int i = 0; i < axes->items.count; i++) {
        const Axis *axis = &axes->items.items[i];
        const char *value = point_value(&point, axes, i);
        Definition definition = {axis->name, value};
        if (!axis->row) vec_push(arena, &point.options.definitions, definition);
        if (!axis->row) continue;
        add_word(&point, &said, arena, arena_format(arena, "--%s", axis->row->name));
        add_word(&point, &said, arena, written(arena, value));
    }
    point.axis_words = point.arguments.count;
    for (; *extra; extra++) add_word(&point, &said, arena, *extra);
    point.said = said.data;
    describe(&point, axes, arena);
    return point;
}

// ---- Are they programs that can be trained?

static bool names_files(const Program *program) {
    for (int i = 0; i < program->trainings.count; i++) {
        const CallList *callbacks = &program->trainings.items[i]->callbacks;
        for (int k = 0; k < callbacks->count; k++) {
            nnrt_call call =
                program_call(program->arena, callbacks->items[k].schema, callbacks->items[k].args);
            if (nnrt_callback_row_of(&call)->writes) return true;
        }
    }
    return false;
}

// `fit --batch` is of all blocks, each of which takes what it is compiled for.
static int64_t least_batch(const Program *program) {
    int64_t least = program->trainings.items[0]->batch;
    for (int i = 1; i < program->trainings.count; i++)
        if (program->trainings.items[i]->batch < least) least = program->trainings.items[i]->batch;
    return least;
}

static bool needs_training(Session *session) {
    if (!session_needs_model(session)) return false;
    const Model *model = session->program->main;
    if (session->program->trainings.count) return true;
    Diag *diag = diag_report(session->sink, DIAG_E0206, model->span,
                             "a sweep compares trainings, and nothing trains `%s`", model->name);
    diag_label(diag, "without a `train` block");
    return false;
}

// "E0107: `units` is at least 1" of the first message.
static const char *first_message(DiagSink *sink, Arena *arena) {
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    if (!out) return "it does not compile";
    diag_print(sink, out, DIAG_TEXT, false);
    fclose(out);
    const char *line = child_error(arena, text);
    free(text);
    return line ? line : "it does not compile";
}

static const char *source_text(const Session *session) {
    bool is_read = (int)session->file < sources_count(session->sources);
    return is_read ? sources_get(session->sources, session->file)->text : NULL;
}

// A combination that was checked, with what is to be said of it.
struct PointCheck {
    Arena *arena; // its own, which holds this, too
    Session session;
    bool is_right, may_write; // not: the best program would be written over what is read
};

static PointCheck *check(Point *point, Arena *arena) {
    Arena *own = arena_create();
    PointCheck *made = ARENA_NEW(own, PointCheck);
    Session *session = &made->session;
    const char *output = point->options.output;
    made->arena = own;
    session_open(session, &point->options, own);
    session->need_data = true;
    made->is_right = session_advance(session, "graph") && needs_training(session);
    if (made->is_right) {
        point->source = arena_strdup(arena, session->program->expanded);
        point->batch = least_batch(session->program);
        point->writes_files = names_files(session->program);
    } else {
        const char *text = source_text(session);
        point->state = POINT_WRONG;
        point->message = first_message(session->sink, arena);
        point->written = text ? arena_strdup(arena, text) : NULL;
    }
    made->may_write = !output || output_check(own, output, session->sources, session->sink);
    return made;
}

static void drop(PointCheck *made) {
    if (made) arena_destroy(made->arena);
}

static void tell(PointCheck *made) {
    session_close(&made->session, made->is_right && made->may_write);
    drop(made);
}

// Messages of many combinations would be the same ones: those of one are kept.
static bool check_all(Points *points, Arena *arena) {
    for (int i = 0; i < points->items.count; i++) {
        PointCheck *made = check(&points->items.items[i], arena);
        bool is_first = !points->told || (made->is_right && !points->right);
        if (is_first || !made->may_write) {
            drop(points->told);
            points->told = made;
        }
        if (!made->may_write) {
            points_tell(points);
            return false;
        }
        points->right += made->is_right;
        if (!is_first) drop(made);
    }
    return true;
}

void points_tell(Points *points) {
    if (points->told) tell(points->told);
    points->told = NULL;
}

void points_free(Points *points) {
    drop(points->told);
    points->told = NULL;
}

bool points_make(Points *points, const Axes *axes, const Options *options, char *const *extra,
                 int64_t random, Arena *arena) {
    int64_t all = count_all(axes), wanted = random && random < all ? random : all;
    *points = (Points){.all = (int)all};
    if (all > MOST) {
        fprintf(stderr, "nnc: the lists make more than %d combinations; shorten them\n", MOST);
        return false;
    }
    nnrt_random drawing = nnrt_random_make(1, NNRT_RANDOM_SHUFFLE, 0);
    for (int64_t i = 0; i < all; i++) {
        if (wanted < all && !is_drawn(&drawing, all - i, wanted - points->items.count)) continue;
        vec_push(arena, &points->items, make_point(axes, options, extra, i, arena));
    }
    return check_all(points, arena);
}
