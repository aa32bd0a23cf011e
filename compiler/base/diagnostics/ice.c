#include "ice.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { ICE_STATUS = 70 }; // EX_SOFTWARE of sysexits.h, as documented for users

void nn_ice(const char *pass, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "nnc: internal error in %s: ", pass);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputs("\nThis is a mistake in nnc, not in your program. Please report it with the program that "
          "shows it and the output of `nnc version`.\n",
          stderr);
    exit(ICE_STATUS);
}
