#ifndef THAW_LIB_SERVICE_SERVICE_H
#define THAW_LIB_SERVICE_SERVICE_H

// service.h - everything that the servers with balances have in common

#include "lib/service/admission.h"
#include "lib/service/metrics.h"
#include "lib/service/report.h"
#include "lib/service/respond.h"
#include "lib/service/respond_balance.h"
#include "lib/service/route.h"

#endif
