#ifndef THAW_BEYOND_LANES_LANE_METRICS_H
#define THAW_BEYOND_LANES_LANE_METRICS_H

// lane_metrics.h - how many jobs wait in each lane, for GET /metrics
//
//     thaw_lane_jobs{lane="1"} 100
//     thaw_lane_jobs{lane="2"} 0

#include "beyond/lanes/lanes.h"
#include "lib/http/http_response.h"

// On the loop's thread. Appends them to a response that has metrics; changes
// no other response.
void lane_metrics_add(const struct lanes *lanes,
                      const struct http_request *request,
                      struct http_response *response);

#endif
