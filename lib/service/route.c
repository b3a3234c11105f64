#include "lib/service/route.h"

#include "lib/base/utf8.h"
#include "lib/service/respond.h"

// Reads one byte, or three that encode one (RFC 3986, 2.1). -1: neither.
static int decode_byte(struct slice *text)
{
    int byte = (unsigned char)text->bytes[0];
    size_t length = 1;
    if (byte == '%') {
        if (text->length < 3)
            return -1;
        int high = hexadecimal_value(text->bytes[1]);
        int low = hexadecimal_value(text->bytes[2]);
        if (high < 0 || low < 0)
            return -1;
        byte = high << 4 | low;
        length = 3;
    }
    *text = slice_after(*text, length);
    return byte;
}

// False: no user can have this name. An event has UTF-8 only, and PostgreSQL
// takes nothing else.
static bool decode_user(struct slice text, char user[EVENT_NAME_MAX + 1])
{
    size_t length = 0;
    while (text.length > 0 && length < EVENT_NAME_MAX) {
        int byte = decode_byte(&text);
        if (byte <= 0)
            return false;
        user[length++] = (char)byte;
    }
    user[length] = '\0';
    return text.length == 0 && utf8_is_valid((struct slice){user, length});
}

static const struct {
    const char *path;
    enum route route;
    void (*respond)(struct http_response *response); // or NULL
} routes[] = {
    {"/", ROUTE_EVENT, NULL},
    {"/balances", ROUTE_BALANCES, NULL},
    {"/health", ROUTE_RESPONDED, respond_health},
    {"/metrics", ROUTE_RESPONDED, respond_metrics},
};

// The methods of RFC 9110 and 5789, compared with their case.
static bool is_known(struct slice method)
{
    static const char *const known[] = {"POST",    "GET",    "HEAD",
                                        "PUT",     "DELETE", "CONNECT",
                                        "OPTIONS", "TRACE",  "PATCH"};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (slice_is(method, known[i]))
            return true;
    return false;
}

// An unknown method is the first reason, for any path (RFC 9110, 9.1).
static enum route reject(const struct http_request *request,
                         struct http_response *response,
                         enum http_status status, const char *detail)
{
    if (!is_known(request->method)) {
        response->fields = NULL;
        status = HTTP_NOT_IMPLEMENTED;
        detail = "an unknown method; methods are in capitals";
    }
    respond_error(response, status, detail);
    return ROUTE_RESPONDED;
}

// A 405 must name the methods of the path (RFC 9110, 15.5.6).
static bool allows(enum route route, const struct http_request *request,
                   struct http_response *response)
{
    bool is_read =
        slice_is(request->method, "GET") || slice_is(request->method, "HEAD");
    bool is_post = slice_is(request->method, "POST");
    response->fields =
        route == ROUTE_EVENT ? "Allow: POST\r\n" : "Allow: GET, HEAD\r\n";
    if (route == ROUTE_EVENT ? is_post : is_read)
        response->fields = NULL;
    return response->fields == NULL;
}

enum route route_find(const struct http_request *request,
                      struct http_response *response,
                      char user[EVENT_NAME_MAX + 1])
{
    static const char prefix[] = "/balances/";
    struct slice path = request->path;
    user[0] = '\0';
    if (slice_starts_with(path, prefix)) {
        struct slice name = slice_after(path, strlen(prefix));
        if (!decode_user(name, user) || user[0] == '\0')
            return reject(request, response, HTTP_NOT_FOUND,
                          "no user can have this name");
        path.length = strlen("/balances");
    }
    for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++) {
        if (!slice_is(path, routes[i].path))
            continue;
        if (!allows(routes[i].route, request, response))
            return reject(request, response, HTTP_METHOD_NOT_ALLOWED,
                          "see Allow for the methods of this path");
        if (routes[i].respond != NULL)
            routes[i].respond(response);
        return routes[i].route;
    }
    return reject(request, response, HTTP_NOT_FOUND, NULL);
}
