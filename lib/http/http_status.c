#include "lib/http/http_status.h"

#include <assert.h>

const struct http_status_row http_statuses[] = {
    {HTTP_OK, SLICE("200 OK"), "ok"},
    {HTTP_ACCEPTED, SLICE("202 Accepted"), "accepted"},
    {HTTP_BAD_REQUEST, SLICE("400 Bad Request"), "bad_request"},
    {HTTP_NOT_FOUND, SLICE("404 Not Found"), "not_found"},
    {HTTP_METHOD_NOT_ALLOWED, SLICE("405 Method Not Allowed"),
     "method_not_allowed"},
    {HTTP_REQUEST_TIMEOUT, SLICE("408 Request Timeout"), "request_timeout"},
    {HTTP_CONFLICT, SLICE("409 Conflict"), "balance_overflow"},
    {HTTP_CONTENT_TOO_LARGE, SLICE("413 Content Too Large"),
     "content_too_large"},
    {HTTP_URI_TOO_LONG, SLICE("414 URI Too Long"), "uri_too_long"},
    {HTTP_EXPECTATION_FAILED, SLICE("417 Expectation Failed"),
     "expectation_failed"},
    {HTTP_UNPROCESSABLE_CONTENT, SLICE("422 Unprocessable Content"),
     "idempotency_key_reused"},
    {HTTP_FIELDS_TOO_LARGE, SLICE("431 Request Header Fields Too Large"),
     "header_fields_too_large"},
    {HTTP_INTERNAL_SERVER_ERROR, SLICE("500 Internal Server Error"),
     "internal_server_error"},
    {HTTP_NOT_IMPLEMENTED, SLICE("501 Not Implemented"), "not_implemented"},
    {HTTP_SERVICE_UNAVAILABLE, SLICE("503 Service Unavailable"), "server_busy"},
    {HTTP_GATEWAY_TIMEOUT, SLICE("504 Gateway Timeout"), "outcome_unknown"},
    {HTTP_VERSION_NOT_SUPPORTED, SLICE("505 HTTP Version Not Supported"),
     "http_version_not_supported"},
    {HTTP_INSUFFICIENT_STORAGE, SLICE("507 Insufficient Storage"),
     "too_many_users"},
};

const size_t http_status_count = sizeof http_statuses / sizeof http_statuses[0];

size_t http_status_index(enum http_status status)
{
    size_t i = 0;
    while (i < http_status_count && http_statuses[i].status != status)
        i++;
    assert(i < http_status_count && "an enumerator without its row");
    return i;
}

struct slice http_status_line(enum http_status status)
{
    return http_statuses[http_status_index(status)].line;
}

const char *http_status_reason(enum http_status status)
{
    return http_statuses[http_status_index(status)].reason;
}
