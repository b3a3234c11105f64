#include "beyond/lanes/lane_metrics.h"
#include "lib/service/exposition.h"
#include "lib/service/respond.h"

#include <inttypes.h>

void lane_metrics_add(const struct lanes *lanes,
                      const struct http_request *request,
                      struct http_response *response)
{
    struct buffer *text = &response->text;
    if (!slice_is(request->path, "/metrics") || response->status != HTTP_OK)
        return;
    exposition_begin(text, "thaw_lane_jobs", "gauge",
                     "Jobs waiting, by the lane.");
    for (int i = 0; i < lanes->count; i++)
        buffer_add_format(text, "thaw_lane_jobs{lane=\"%d\"} %" PRId64 "\n",
                          i + 1, lane_waiting(&lanes->all[i]));
    respond_text(response, HTTP_OK);
}
