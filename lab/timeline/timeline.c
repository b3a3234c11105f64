#include "lab/timeline/timeline.h"
#include "lab/screen.h"
#include "lab/servers/stage.h"
#include "lab/trouble.h"

#include <stdio.h>
#include <stdlib.h>

int timeline_show(const bool stages[], const char *scenario, int work_ms,
                  const char *svg_path, const char *trace_directory)
{
    static struct timeline timelines[SERVERS];
    double end = 0;
    int count = 0;
    for (int stage = 1; stage <= SERVERS; stage++) {
        if (!stages[stage - 1])
            continue;
        screen_progress(stage_name(stage), stage - 1, SERVERS);
        if (timeline_record(&timelines[count], stage, scenario, work_ms,
                            trace_directory) < 0) {
            screen_progress_end();
            if (trouble() == NULL)
                return EXIT_FAILURE;
            fprintf(stderr, "lab: %s\n", trouble());
            return TROUBLE_EXIT;
        }
        if (timelines[count].end > end)
            end = timelines[count].end;
        scenario = timelines[0].scenario;
        count++;
    }
    screen_progress_end();
    for (int i = 0; i < count; i++) {
        timeline_print(&timelines[i], end);
        printf("\n");
    }
    timeline_print_legend(timelines, count, end);
    if (svg_path != NULL && timeline_draw(timelines, count, svg_path) < 0) {
        return trouble_with_file(svg_path);
    }
    return EXIT_SUCCESS;
}
