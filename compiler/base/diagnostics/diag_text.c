// rustc's layout: header, place, the source lines with what is underlined in them, helps and notes.
// Lines are copied with tabs expanded and with what is no character replaced; of a very long line
// only a window around the first underline is shown.
#include "../utf8.h"
#include "diag_internal.h"

#include <stdlib.h>
#include <string.h>

enum {
    TAB_WIDTH = 4,
    WINDOW_WIDTH = 160,    // characters of a line that are shown
    WINDOW_BEFORE = 60,    // of them before the first underline, where the line is longer
    MAX_LINES_OF_SPAN = 3, // underlined of a span; of a longer one the first and the last line
    MAX_MARKS = 64
};

// One underline, within one line. Columns count what is printed, from 0.
typedef struct Mark {
    int line; // from 0
    uint32_t lo, hi;
    bool is_primary;
    const char *label;
    int from, to;
} Mark;

typedef struct Renderer {
    Text *out;
    const SourceSet *sources;
    bool color;
    DiagSeverity severity;
    int gutter; // digits of the largest line number
    Mark marks[MAX_MARKS];
    int mark_count;
} Renderer;

static const char *paint(const Renderer *renderer, bool is_primary) {
    if (!renderer->color) return "";
    if (!is_primary) return "\033[1;34m";
    return renderer->severity == DIAG_ERROR ? "\033[1;31m" : "\033[1;33m";
}

static const char *unpaint(const Renderer *renderer) {
    return renderer->color ? "\033[0m" : "";
}

static void put_repeated(Text *out, char character, int count) {
    for (int i = 0; i < count; i++) text_put_bytes(out, &character, 1);
}

// "   | " without the blank.
static void put_gutter(const Renderer *renderer, int line) {
    text_put(renderer->out, paint(renderer, false));
    if (line > 0)
        text_format(renderer->out, " %*d |", renderer->gutter, line);
    else
        text_format(renderer->out, " %*s |", renderer->gutter, "");
    text_put(renderer->out, unpaint(renderer));
}

static uint32_t line_end(const Source *source, int line) {
    uint32_t end =
        line + 1 < source->line_count ? source->line_starts[line + 1] - 1 : (uint32_t)source->size;
    while (end > source->line_starts[line] && source->text[end - 1] == '\r') end--;
    return end;
}

// ---- Text that may hold bytes of the source: nothing in it may steer the terminal.

static bool is_control(const char *bytes, size_t length) {
    unsigned char first = (unsigned char)bytes[0];
    if (first < 0x20 || first == 0x7f) return true;
    return length == 2 && first == 0xC2 && (unsigned char)bytes[1] < 0xA0; // U+0080 to U+009F
}

// Copies the character at `bytes` and returns its length.
static size_t put_clean_character(Text *out, const char *bytes, size_t size) {
    size_t length = utf8_length(bytes, size);
    if (length == 0 || is_control(bytes, length))
        text_put(out, UTF8_REPLACEMENT);
    else
        text_put_bytes(out, bytes, length);
    return length ? length : 1;
}

static void put_clean_bytes(Text *out, const char *bytes, size_t size) {
    for (size_t at = 0; at < size;) at += put_clean_character(out, bytes + at, size - at);
}

static void put_clean(Text *out, const char *text) {
    put_clean_bytes(out, text, strlen(text));
}

// ---- Marks: each line of a span has its own.

static void add_mark(Renderer *renderer, Mark mark) {
    if (renderer->mark_count < MAX_MARKS) renderer->marks[renderer->mark_count++] = mark;
}

static void add_span(Renderer *renderer, const Source *source, const DiagLabel *label,
                     bool primary) {
    Span span = label->span;
    int first = sources_place(renderer->sources, span.file, span.lo).line - 1;
    int last = span.hi > span.lo ? sources_place(renderer->sources, span.file, span.hi - 1).line - 1
                                 : first;
    for (int line = first; line <= last; line++) {
        if (last - first >= MAX_LINES_OF_SPAN && line > first && line < last) line = last;
        uint32_t lo = source->line_starts[line], hi = line_end(source, line);
        while (lo < hi && (source->text[lo] == ' ' || source->text[lo] == '\t')) lo++;
        if (line == first) lo = span.lo;
        if (line == last && span.hi < hi) hi = span.hi;
        if (lo >= hi && line != first && line != last) continue;
        if (hi < lo) hi = lo;
        add_mark(renderer, (Mark){line, lo, hi, primary, line == last ? label->text : NULL, 0, 0});
    }
}

static int compare_marks(const void *left, const void *right) {
    const Mark *a = left, *b = right;
    if (a->line != b->line) return a->line < b->line ? -1 : 1;
    if (a->lo != b->lo) return a->lo < b->lo ? -1 : 1;
    return b->is_primary - a->is_primary;
}

// ---- A source line

// Copies the character at `at` to the output; returns its bytes and adds to *column its width.
static size_t put_character(Text *out, const Source *source, uint32_t at, uint32_t end,
                            int *column) {
    const char *bytes = source->text + at;
    if (*bytes == '\t') {
        put_repeated(out, ' ', TAB_WIDTH);
        *column += TAB_WIDTH;
        return 1;
    }
    ++*column;
    return put_clean_character(out, bytes, end - at);
}

// The first byte to show: the beginning of the line, unless the line is too long for that.
static uint32_t window_start(const Source *source, int line, uint32_t first_mark) {
    uint32_t start = source->line_starts[line];
    if (start == 0 && source->size >= 3 && memcmp(source->text, "\xEF\xBB\xBF", 3) == 0) start = 3;
    if (line_end(source, line) - start <= WINDOW_WIDTH || first_mark < start + WINDOW_BEFORE)
        return start;
    uint32_t at = first_mark - WINDOW_BEFORE;
    while (at > start && utf8_continues(source->text[at])) at--;
    return at;
}

// Prints the line and sets the columns of its marks.
static void put_line(Renderer *renderer, const Source *source, int line, Mark *marks, int count) {
    uint32_t end = line_end(source, line), at = window_start(source, line, marks[0].lo);
    Text *out = renderer->out;
    put_gutter(renderer, line + 1);
    if (at < end) text_put(out, " ");
    bool is_cut = at > source->line_starts[line] + 3;
    int column = is_cut ? 3 : 0;
    if (is_cut) text_put(out, "...");
    for (int i = 0; i < count; i++) marks[i].from = marks[i].to = -1;
    for (; at <= end;) {
        for (int i = 0; i < count; i++) {
            if (marks[i].from < 0 && at >= marks[i].lo) marks[i].from = column;
            if (marks[i].to < 0 && at >= marks[i].hi) marks[i].to = column;
        }
        if (at == end || column >= WINDOW_WIDTH) break;
        at += (uint32_t)put_character(out, source, at, end, &column);
    }
    if (at < end) text_put(out, "...");
    for (int i = 0; i < count; i++) {
        if (marks[i].from < 0) marks[i].from = column;
        if (marks[i].to <= marks[i].from)
            marks[i].to = marks[i].to < 0 ? column : marks[i].from + 1;
        if (marks[i].to <= marks[i].from) marks[i].to = marks[i].from + 1;
    }
    text_put(out, "\n");
}

// ---- What stands under it

static bool has_label(const Mark *mark) {
    return mark->label && mark->label[0];
}

// The underlines of all marks, `^` over `-`; then the label of the last mark that has one.
static void put_underlines(Renderer *renderer, const Mark *marks, int count, int labelled) {
    int width = 0;
    for (int i = 0; i < count; i++)
        if (marks[i].to > width) width = marks[i].to;
    put_gutter(renderer, 0);
    text_put(renderer->out, " ");
    char shown = ' ';
    for (int column = 0; column < width; column++) {
        char sign = ' ';
        for (int i = 0; i < count; i++)
            if (column >= marks[i].from && column < marks[i].to && sign != '^')
                sign = marks[i].is_primary ? '^' : '-';
        if (sign != shown && renderer->color) {
            text_put(renderer->out, unpaint(renderer));
            if (sign != ' ') text_put(renderer->out, paint(renderer, sign == '^'));
        }
        shown = sign;
        text_put_bytes(renderer->out, &sign, 1);
    }
    text_put(renderer->out, unpaint(renderer));
    if (labelled >= 0) {
        text_format(renderer->out, " %s", paint(renderer, marks[labelled].is_primary));
        put_clean(renderer->out, marks[labelled].label);
        text_put(renderer->out, unpaint(renderer));
    }
    text_put(renderer->out, "\n");
}

// `|` under each labelled mark before `end`; with `text`, the last one's label instead.
static void put_hanging(Renderer *renderer, const Mark *marks, int end, bool text) {
    int column = 0;
    put_gutter(renderer, 0);
    text_put(renderer->out, " ");
    for (int i = 0; i < end; i++) {
        bool is_text = text && i == end - 1;
        if (!has_label(&marks[i]) || (marks[i].from < column && !is_text)) continue;
        put_repeated(renderer->out, ' ', marks[i].from - column);
        text_put(renderer->out, paint(renderer, marks[i].is_primary));
        put_clean(renderer->out, is_text ? marks[i].label : "|");
        text_put(renderer->out, unpaint(renderer));
        column = marks[i].from + 1;
    }
    text_put(renderer->out, "\n");
}

static void put_marks(Renderer *renderer, const Mark *marks, int count) {
    int labelled = count - 1;
    while (labelled >= 0 && !has_label(&marks[labelled])) labelled--;
    // The label fits behind the underlines only where no other underline follows it.
    bool fits = labelled >= 0;
    for (int i = 0; i < count && fits; i++)
        fits = i == labelled || marks[i].to <= marks[labelled].to;
    put_underlines(renderer, marks, count, fits ? labelled : -1);
    int end = fits ? labelled : labelled + 1;
    bool is_first = true;
    for (; end > 0; end--) {
        if (!has_label(&marks[end - 1])) continue;
        if (is_first) put_hanging(renderer, marks, end, false);
        put_hanging(renderer, marks, end, true);
        is_first = false;
    }
}

// ---- The parts of a message

static void put_header(Renderer *renderer, const Diag *diag) {
    const char *bold = renderer->color ? "\033[1m" : "";
    text_format(renderer->out, "%s%s[%s]%s%s: ", paint(renderer, true),
                diag_severity_name(diag->severity), diag_code_name(diag->code), unpaint(renderer),
                bold);
    put_clean(renderer->out, diag->message);
    text_format(renderer->out, "%s\n", unpaint(renderer));
}

static void put_arrow(Renderer *renderer, const char *arrow, Span span) {
    Place place = sources_place(renderer->sources, span.file, span.lo);
    text_format(renderer->out, "%s %*s%s%s ", paint(renderer, false), renderer->gutter, "", arrow,
                unpaint(renderer));
    put_clean(renderer->out, place.path);
    text_format(renderer->out, ":%d:%d\n", place.line, place.column);
    put_gutter(renderer, 0);
    text_put(renderer->out, "\n");
}

// The lines of one file that hold marks; a single line between two of them is shown as well.
static void put_snippet(Renderer *renderer, const Source *source) {
    Mark *marks = renderer->marks;
    qsort(marks, (size_t)renderer->mark_count, sizeof *marks, compare_marks);
    int shown = -1;
    for (int i = 0, count; i < renderer->mark_count; i += count) {
        int line = marks[i].line;
        for (count = 1; i + count < renderer->mark_count && marks[i + count].line == line;) count++;
        if (shown >= 0 && line == shown + 2) {
            Mark none = {.lo = source->line_starts[shown + 1],
                         .hi = source->line_starts[shown + 1]};
            put_line(renderer, source, shown + 1, &none, 1);
        } else if (shown >= 0 && line > shown + 2) {
            text_format(renderer->out, "%s...%s\n", paint(renderer, false), unpaint(renderer));
        }
        put_line(renderer, source, line, &marks[i], count);
        put_marks(renderer, &marks[i], count);
        shown = line;
    }
}

// Everything of the diagnostic that lies in `file`.
static void put_file(Renderer *renderer, const Diag *diag, uint32_t file) {
    const Source *source = sources_get(renderer->sources, file);
    renderer->mark_count = 0;
    if (diag->primary.span.file == file) add_span(renderer, source, &diag->primary, true);
    for (int i = 0; i < diag->secondary.count; i++)
        if (diag->secondary.items[i].span.file == file)
            add_span(renderer, source, &diag->secondary.items[i], false);
    put_snippet(renderer, source);
}

static int digits_of(int number) {
    int digits = 1;
    for (; number >= 10; number /= 10) digits++;
    return digits;
}

static int widest_line(const Diag *diag, const SourceSet *sources) {
    int line = sources_place(sources, diag->primary.span.file, diag->primary.span.hi).line;
    for (int i = 0; i < diag->secondary.count; i++) {
        Span span = diag->secondary.items[i].span;
        int other = sources_place(sources, span.file, span.hi).line;
        if (other > line) line = other;
    }
    return digits_of(line);
}

// Further files come after the primary one, each once.
static void put_places(Renderer *renderer, const Diag *diag) {
    put_arrow(renderer, "-->", diag->primary.span);
    put_file(renderer, diag, diag->primary.span.file);
    for (int i = 0; i < diag->secondary.count; i++) {
        Span span = diag->secondary.items[i].span;
        bool is_seen =
            span.file == diag->primary.span.file || !sources_get(renderer->sources, span.file);
        for (int j = 0; j < i && !is_seen; j++)
            is_seen = diag->secondary.items[j].span.file == span.file;
        if (is_seen) continue;
        put_arrow(renderer, ":::", span);
        put_file(renderer, diag, span.file);
    }
}

// "   = help: ..."; further lines of the text are indented below.
static void put_lines(const Renderer *renderer, const char *kind, const char *text) {
    int indent = renderer->gutter + 2;
    text_format(renderer->out, "%*s%s=%s %s: ", indent, "", paint(renderer, false),
                unpaint(renderer), kind);
    for (const char *line_break; (line_break = strchr(text, '\n')); text = line_break + 1) {
        put_clean_bytes(renderer->out, text, (size_t)(line_break - text));
        text_format(renderer->out, "\n%*s", indent + 4 + (int)strlen(kind), "");
    }
    put_clean(renderer->out, text);
    text_put(renderer->out, "\n");
}

void diag_render_text(Text *out, const Diag *diag, const SourceSet *sources, bool explain,
                      bool color) {
    Renderer renderer = {
        .out = out, .sources = sources, .color = color, .severity = diag->severity};
    Span span = diag->primary.span;
    bool has_place = sources_get(sources, span.file) && span_has_place(span);
    renderer.gutter = has_place ? widest_line(diag, sources) : 1;
    put_header(&renderer, diag);
    if (has_place) put_places(&renderer, diag);
    if (has_place && (explain || diag->helps.count + diag->notes.count)) {
        put_gutter(&renderer, 0);
        text_put(out, "\n");
    }
    for (int i = 0; i < diag->helps.count; i++) put_lines(&renderer, "help", diag->helps.items[i]);
    for (int i = 0; i < diag->notes.count; i++) put_lines(&renderer, "note", diag->notes.items[i]);
    if (explain)
        put_lines(
            &renderer, "note",
            arena_format(out->arena, "`nnc explain %s` tells more", diag_code_name(diag->code)));
}
