// What `samples = ...` makes with these weights: pictures of a generator.
#include "../../../report/pictures/samples.h"
#include "../../../drawing/pixels.h"
#include "../section.h"

enum { LARGE = 400 };

static int applies(const nnrt_report *report) {
    const nnrt_training *training = report->training;
    if (!training || !training->samples.run || training->samples.output_count < 1) return 0;
    return report->has_data || !training->samples.column_count;
}

static nnrt_status draw(nnrt_report *report) {
    nnrt_grid grid = {0};
    nnrt_samples samples = {.session = report->session, .training = report->training};
    nnrt_status status = nnrt_samples_draw(&samples, &grid);
    if (!status) {
        int is_small = grid.grid_width <= LARGE;
        nnrt_pixels_draw(report->markup, grid.bytes, grid.grid_height, grid.grid_width,
                         grid.channels, is_small ? "sheet pixels" : "sheet", "samples",
                         is_small ? 3 : 1);
    }
    nnrt_grid_free(&grid);
    return status;
}

const nnrt_section nnrt_section_samples = {"samples", "Samples", applies, draw};
