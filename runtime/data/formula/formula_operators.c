// What formulas are made of: a row beside the loop of each operator and function.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "formula.h"

// `x` and `y` are the operands in a row.
#define LOOP(name, result)                                                                         \
    static void name(int64_t count, const double *left, const double *right, double *out) {        \
        for (int64_t i = 0; i < count; i++) {                                                      \
            double x = left[i], y = right[i];                                                      \
            (void)y;                                                                               \
            out[i] = (result);                                                                     \
        }                                                                                          \
    }

static double is_true(double x) { // missing is not
    return x < 0 || x > 0;
}

LOOP(apply_add, x + y)
LOOP(apply_subtract, x - y)
LOOP(apply_multiply, x *y)
LOOP(apply_divide, x / y)
LOOP(apply_power, isnan(x) || isnan(y) ? NAN : pow(x, y)) // C's pow(NaN, 0) is 1
LOOP(apply_negate, -x)
LOOP(apply_log, log(x))
LOOP(apply_exp, exp(x))
LOOP(apply_sqrt, sqrt(x))
LOOP(apply_abs, fabs(x))
LOOP(apply_round, nearbyint(x)) // halves to the even number, as in NumPy
LOOP(apply_floor, floor(x))
LOOP(apply_minimum, isnan(x) || x < y ? x : y)
LOOP(apply_maximum, isnan(x) || x > y ? x : y)
LOOP(apply_equal, x == y)
LOOP(apply_not_equal, x<y || x> y)
LOOP(apply_less, x < y)
LOOP(apply_less_equal, x <= y)
LOOP(apply_greater, x > y)
LOOP(apply_greater_equal, x >= y)
LOOP(apply_and, is_true(x) && is_true(y))
LOOP(apply_or, is_true(x) || is_true(y))
LOOP(apply_not, !is_true(x))
LOOP(apply_is_missing, isnan(x))

// ---- Parts of dates as they are written: "2010-01", "2010-01-31", "2010-01-31 12:30".

// The two digits at `place`, behind one of the characters of `before`; NaN: they are not there, or
// no number from `least` to `most`.
static double two_digits(const char *text, size_t place, const char *before, int least, int most) {
    if (strlen(text) < place + 2 || !strchr(before, text[place - 1])) return NAN;
    int tens = text[place] - '0', ones = text[place + 1] - '0', number = 10 * tens + ones;
    int is_number = tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9;
    return is_number && number >= least && number <= most ? number : NAN;
}

static double date_year(const char *text) {
    return atoi(text);
}

static double date_month(const char *text) {
    return two_digits(text, 5, "-", 1, 12);
}

static double date_day(const char *text) {
    return two_digits(text, 8, "-", 1, 31);
}

static double date_hour(const char *text) {
    return two_digits(text, 11, " T", 0, 23);
}

static double date_minute(const char *text) {
    return two_digits(text, 14, ":", 0, 59);
}

// Monday is 0, as in Python. Years begin with March here, so that the day of a leap year is their
// last; the first of March of the year 0 is a Wednesday, and 400 years are whole weeks.
static double date_weekday(const char *text) {
    double month = date_month(text), day = date_day(text);
    if (isnan(month) || isnan(day)) return NAN;
    int year = atoi(text) + 400 - (month < 3), from_march = ((int)month + 9) % 12;
    int days = year * 365 + year / 4 - year / 100 + year / 400 + (from_march * 153 + 2) / 5;
    return (days + (int)day + 1) % 7;
}

const nnrt_formula_operator nnrt_formula_operators[] = {
    {"+", 2, 0, NNRT_ARITHMETIC, .apply = apply_add},
    {"-", 2, 0, NNRT_ARITHMETIC, .apply = apply_subtract},
    {"*", 2, 0, NNRT_ARITHMETIC, .apply = apply_multiply},
    {"/", 2, 0, NNRT_ARITHMETIC, .apply = apply_divide,
     .fault = "a number is divided by zero, or too large"},
    {"^", 2, 0, NNRT_ARITHMETIC, .apply = apply_power},
    {"negate", 1, 0, NNRT_ARITHMETIC, .apply = apply_negate},
    {"log", 1, 1, NNRT_ARITHMETIC, .apply = apply_log},
    {"exp", 1, 1, NNRT_ARITHMETIC, .apply = apply_exp},
    {"sqrt", 1, 1, NNRT_ARITHMETIC, .apply = apply_sqrt},
    {"abs", 1, 1, NNRT_ARITHMETIC, .apply = apply_abs},
    {"min", 2, 1, NNRT_ARITHMETIC, .apply = apply_minimum},
    {"max", 2, 1, NNRT_ARITHMETIC, .apply = apply_maximum},
    {"round", 1, 1, NNRT_ARITHMETIC, .apply = apply_round},
    {"floor", 1, 1, NNRT_ARITHMETIC, .apply = apply_floor},
    {"is_missing", 1, 1, NNRT_IS_MISSING, .apply = apply_is_missing},
    {"year", 1, 1, NNRT_OF_DATE, .of_date = date_year},
    {"month", 1, 1, NNRT_OF_DATE, .of_date = date_month},
    {"day", 1, 1, NNRT_OF_DATE, .of_date = date_day},
    {"hour", 1, 1, NNRT_OF_DATE, .of_date = date_hour},
    {"minute", 1, 1, NNRT_OF_DATE, .of_date = date_minute},
    {"weekday", 1, 1, NNRT_OF_DATE, .of_date = date_weekday},
    {"==", 2, 0, NNRT_COMPARISON, .apply = apply_equal, .of_words = NNRT_SAME_WORDS},
    {"!=", 2, 0, NNRT_COMPARISON, .apply = apply_not_equal, .of_words = NNRT_OTHER_WORDS},
    {"<", 2, 0, NNRT_COMPARISON, .apply = apply_less},
    {"<=", 2, 0, NNRT_COMPARISON, .apply = apply_less_equal},
    {">", 2, 0, NNRT_COMPARISON, .apply = apply_greater},
    {">=", 2, 0, NNRT_COMPARISON, .apply = apply_greater_equal},
    {"and", 2, 0, NNRT_AND, .apply = apply_and},
    {"or", 2, 0, NNRT_OR, .apply = apply_or},
    {"not", 1, 0, NNRT_NOT, .apply = apply_not},
    {0}};

int nnrt_formula_find(const char *name) {
    for (int i = 0; nnrt_formula_operators[i].name; i++)
        if (strcmp(nnrt_formula_operators[i].name, name) == 0) return i;
    return -1;
}
