// The confusion matrix as tables for people: on a terminal no wider than it is, with bars and
// colours; elsewhere plain and whole.
#include "confusion.h"

#include "../base/text/terminal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { PRINTED_CLASSES = 20, LONGEST_NAME = 32, BAR = 20, SHORTEST_BAR = 8, PAIRS = 8 };

typedef struct printing {
    const nnrt_confusion *confusion;
    int name, cell; // columns of a class's name; of a count
    int width;      // of the terminal; 0: there is none
    int bar;        // columns of a bar; 0: there are none
    int has_color, is_utf8;
} printing;

static int text_columns(const char *text) {
    int count = 0;
    for (; *text; text++) count += ((unsigned char)*text & 0xC0) != 0x80;
    return count;
}

// A text in so many columns: cut, or with blanks behind it.
static void put_name(const char *text, int columns) {
    int used = 0;
    for (; *text && (used < columns || ((unsigned char)*text & 0xC0) == 0x80); text++) {
        used += ((unsigned char)*text & 0xC0) != 0x80;
        putchar((unsigned char)*text < ' ' || *text == 0x7F ? '?' : *text);
    }
    printf("%*s", columns - used, "");
}

static const char *name_of(const printing *p, int64_t index, char number[32]) {
    return nnrt_class_name(p->confusion->names, index, number);
}

static printing make_printing(const nnrt_confusion *confusion) {
    printing p = {.confusion = confusion, .name = (int)strlen("class"), .cell = 6};
    char number[32];
    for (int64_t i = 0; i < confusion->classes; i++) {
        int columns = text_columns(name_of(&p, i, number));
        if (columns > p.name) p.name = columns;
    }
    if (p.name > LONGEST_NAME) p.name = LONGEST_NAME;
    p.width = nnrt_terminal_width(STDOUT_FILENO);
    p.has_color = nnrt_terminal_has_color(STDOUT_FILENO);
    p.is_utf8 = nnrt_terminal_is_utf8();
    int table = p.name + 5 + 11 + 8 + 8 + (confusion->of_places ? 8 : 0) + 9;
    p.bar = p.width - 1 - table - 2;
    if (p.bar > BAR) p.bar = BAR;
    if (p.bar < SHORTEST_BAR) p.bar = 0;
    return p;
}

static void color(const printing *p, const char *code) {
    if (p->has_color) printf("\033[%sm", code);
}

// ---- The matrix.

static void print_cell(const printing *p, int64_t is, int64_t said) {
    int64_t count = nnrt_confusion_count(p->confusion, is, said);
    color(p, is == said ? "32" : count ? "0" : "2");
    printf(" %*" PRId64, p->cell, count);
    color(p, "0");
}

static void print_matrix(const printing *p) {
    const nnrt_confusion *confusion = p->confusion;
    char number[32];
    printf("\nConfusion matrix%s%s (rows: true class, columns: predicted)\n%*s",
           confusion->output ? " of " : "", confusion->output ? confusion->output : "", p->name + 5,
           "");
    for (int64_t j = 0; j < confusion->classes; j++) printf(" %*" PRId64, p->cell, j);
    for (int64_t i = 0; i < confusion->classes; i++) {
        printf("\n%4" PRId64 " ", i);
        put_name(name_of(p, i, number), p->name);
        for (int64_t j = 0; j < confusion->classes; j++) print_cell(p, i, j);
    }
    putchar('\n');
}

static int fits(const printing *p) {
    return !p->width || p->name + 5 + p->confusion->classes * (p->cell + 1) < p->width;
}

// Where the matrix does not fit: what is taken for what most often.
static void print_pairs(const printing *p) {
    const nnrt_confusion *confusion = p->confusion;
    nnrt_confused pairs[NNRT_CONFUSED_PAIRS + 1];
    char number[32];
    int count = nnrt_confusion_pairs(confusion, pairs);
    if (!count) return;
    printf("\nMost confused%s%s (true class, predicted, times)\n", confusion->output ? " of " : "",
           confusion->output ? confusion->output : "");
    for (int i = 0; i < count && i < PAIRS; i++) {
        printf("     ");
        put_name(name_of(p, pairs[i].is, number), p->name);
        printf("  ");
        put_name(name_of(p, pairs[i].said, number), p->name);
        printf("  %7" PRId64 "\n", pairs[i].count);
    }
}

// ---- The classes.

// In eighths of a column where there are characters for them.
static void print_bar(const printing *p, double share) {
    static const char *const parts[] = {"",       "\u258F", "\u258E", "\u258D",
                                        "\u258C", "\u258B", "\u258A", "\u2589"};
    if (!p->bar) return;
    int eighths = (int)(share * 8 * p->bar + 0.5);
    printf("  ");
    color(p, "34");
    for (int i = 0; i < eighths / 8; i++) fputs(p->is_utf8 ? "\u2588" : "#", stdout);
    if (p->is_utf8) fputs(parts[eighths % 8], stdout);
    color(p, "0");
}

static void print_row(const printing *p, double precision, double recall, double f1, double iou) {
    printf("  %9.4f  %6.4f  %6.4f", precision, recall, f1);
    if (p->confusion->of_places && iou >= 0) printf("  %6.4f", iou);
    if (p->confusion->of_places && iou < 0) printf("  %6s", "");
}

static void print_class(const printing *p, int64_t index) {
    const nnrt_confusion *confusion = p->confusion;
    char number[32];
    double f1 = nnrt_confusion_f1(confusion, index);
    printf("%4" PRId64 " ", index);
    put_name(name_of(p, index, number), p->name);
    print_row(p, nnrt_confusion_precision(confusion, index),
              nnrt_confusion_recall(confusion, index), f1, nnrt_confusion_iou(confusion, index));
    printf("  %7" PRId64, nnrt_confusion_true(confusion, index));
    print_bar(p, f1);
    putchar('\n');
}

static void print_classes(const printing *p) {
    const nnrt_confusion *confusion = p->confusion;
    int of_places = confusion->of_places;
    nnrt_confusion_means means = nnrt_confusion_mean(confusion);
    if (confusion->output) printf("\n%s", confusion->output);
    printf("\n     %-*s  precision  recall      f1%s  %s\n", p->name, "class",
           of_places ? "     iou" : "", of_places ? " places" : "samples");
    for (int64_t i = 0; i < confusion->classes; i++) print_class(p, i);
    printf("     %-*s", p->name, "mean");
    print_row(p, means.precision, means.recall, means.f1, -1);
    printf("  %7" PRId64 "\n", nnrt_confusion_all(confusion));
}

void nnrt_confusion_print(const nnrt_confusion *confusion) {
    printing p = make_printing(confusion);
    if (confusion->classes <= PRINTED_CLASSES && fits(&p))
        print_matrix(&p);
    else
        print_pairs(&p);
    print_classes(&p);
}
