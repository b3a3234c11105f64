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
    ROUTE_EVENT,     // the caller responds
    ROUTE_BALANCES,  // the caller responds; `user` is set
    ROUTE_RESPONDED, // the response is filled in: /health, /metrics, an error
};

// Finds the route of a request. HEAD has the same route as GET. `user` is the
// name in /balances/NAME, decoded (RFC 3986, 2.1); empty: all users.
enum route route_find(const struct http_request *request,
                      struct http_response *response,
                      char user[EVENT_NAME_MAX + 1]);

#endif
