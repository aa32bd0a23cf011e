// What stands at the other end of a standard stream.
#ifndef NNRT_TERMINAL_H
#define NNRT_TERMINAL_H

int nnrt_terminal_width(
    int descriptor); // columns; 0: it is no terminal, or does not say (more than 1)
// A terminal on which lines can be drawn over, as TERM says.
int nnrt_terminal_can_draw(int descriptor);
// One that knows colours, too, whose user has not set NO_COLOR (https://no-color.org).
int nnrt_terminal_has_color(int descriptor);
// Do the user's programs speak UTF-8, as the locale's variables say?
int nnrt_terminal_is_utf8(void);

#endif
