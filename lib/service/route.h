#ifndef THAW_LIB_SERVICE_ROUTE_H
#define THAW_LIB_SERVICE_ROUTE_H

// route.h - what a request asks for
//
//     POST /                 an event
//     GET  /balances         all balances
//     GET  /balances/alice   one of them
//     GET  /health
//     GET  /metrics

#include "lib/event/event.h"
#include "lib/http/http_response.h"

enum route {
    ROUTE_EVENT,
    ROUTE_BALANCES,
    ROUTE_RESPONDED, // the response is filled in already
};

// Finds out. GET /health, GET /metrics and all that is refused, with 404 or
// 405, are the same for every server, and are answered here. HEAD goes where
// GET goes. For ROUTE_BALANCES, `user` is whose balance is asked for, with its
// percent-encoding undone (RFC 3986, 2.1), or empty: everybody's.
enum route route_find(const struct http_request *request,
                      struct http_response *response,
                      char user[EVENT_NAME_MAX + 1]);

#endif
