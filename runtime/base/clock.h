#ifndef NNRT_CLOCK_H
#define NNRT_CLOCK_H

double nnrt_seconds(void); // since some moment; never goes back

#endif
