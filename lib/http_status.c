#include "lib/http_status.h"

#include <assert.h>

const struct http_status_row http_statuses[] = {
    {HTTP_OK, "OK", "ok"},
    {HTTP_ACCEPTED, "Accepted", "accepted"},
    {HTTP_BAD_REQUEST, "Bad Request", "bad_request"},
    {HTTP_NOT_FOUND, "Not Found", "not_found"},
    {HTTP_METHOD_NOT_ALLOWED, "Method Not Allowed", "method_not_allowed"},
    {HTTP_REQUEST_TIMEOUT, "Request Timeout", "request_timeout"},
    {HTTP_CONFLICT, "Conflict", "balance_overflow"},
    {HTTP_CONTENT_TOO_LARGE, "Content Too Large", "content_too_large"},
    {HTTP_URI_TOO_LONG, "URI Too Long", "uri_too_long"},
    {HTTP_EXPECTATION_FAILED, "Expectation Failed", "expectation_failed"},
    {HTTP_FIELDS_TOO_LARGE, "Request Header Fields Too Large",
     "header_fields_too_large"},
    {HTTP_INTERNAL_SERVER_ERROR, "Internal Server Error",
     "internal_server_error"},
    {HTTP_NOT_IMPLEMENTED, "Not Implemented", "not_implemented"},
    {HTTP_SERVICE_UNAVAILABLE, "Service Unavailable", "server_busy"},
    {HTTP_VERSION_NOT_SUPPORTED, "HTTP Version Not Supported",
     "http_version_not_supported"},
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

const char *http_status_phrase(enum http_status status)
{
    return http_statuses[http_status_index(status)].phrase;
}

const char *http_status_reason(enum http_status status)
{
    return http_statuses[http_status_index(status)].reason;
}
