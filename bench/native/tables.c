// How many megabytes of a table of numbers one core reads: into the input vector of a network.
//
//   cc -O2 -o /tmp/tables bench/native/tables.c build/libnnrt.a -lpng -ljpeg -ldeflate -ljansson
//   -lminizip -lz -lm /tmp/tables FILE.csv [ROUNDS]    prints MB/s of processor time, a round a
//   line
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

#include "../../runtime/data/stage.h"

enum { OPTIONS = 16 };

const nnrt_program nnrt_program_descriptor; // the runtime wants one

static double processor_seconds(void) {
    return (double)clock() / CLOCKS_PER_SEC;
}

// The place of `csv` among the sources.
static int64_t csv_row(void) {
    nnrt_call call = {.row = 0};
    for (const nnrt_source *source; (source = nnrt_source_of(&call)); call.row++)
        if (source == nnrt_csv_sources) return call.row;
    return -1;
}

// The call csv(FILE) with its defaults: words are 0, what is absent is NaN.
static nnrt_call csv_call(const char *path) {
    static nnrt_option options[OPTIONS];
    const Schema *schema = &nnrt_csv_sources[0].schema;
    int64_t count = 0;
    for (const ArgDef *def = schema->args; def->name; def++, count++) {
        options[count] = (nnrt_option){.name = def->name, .number = (double)NAN};
        if (def->type == ARG_WORD) options[count].text = def->default_text;
    }
    options[0].text = path;
    return (nnrt_call){schema->name, csv_row(), options, count};
}

int main(int argc, char **argv) {
    struct stat status;
    if (argc < 2 || stat(argv[1], &status) != 0) return 2;
    nnrt_call call = csv_call(argv[1]);
    for (int round = argc > 2 ? atoi(argv[2]) : 1; round > 0; round--) {
        nnrt_data data;
        double start = processor_seconds();
        if (nnrt_data_load(&call, 1, ".", &data)) {
            fprintf(stderr, "%s\n", nnrt_error());
            return 1;
        }
        printf("%.1f\n", (double)status.st_size / 1e6 / (processor_seconds() - start));
        fflush(stdout);
        nnrt_data_free(&data);
    }
    return 0;
}
