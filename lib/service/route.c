#include "lib/service/route.h"

#include "lib/service/respond.h"

// One byte, or three that encode one. -1: neither.
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

// False: no user has this name.
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
    return text.length == 0;
}

static const struct {
    const char *path;
    enum route route;
    void (*answer)(
        struct http_response *response); // where it is ROUTE_RESPONDED
} routes[] = {
    {"/", ROUTE_EVENT, NULL},
    {"/balances", ROUTE_BALANCES, NULL},
    {"/health", ROUTE_RESPONDED, respond_health},
    {"/metrics", ROUTE_RESPONDED, respond_metrics},
};

static enum route refuse(struct http_response *response,
                         enum http_status status, const char *detail)
{
    respond_error(response, status, detail);
    return ROUTE_RESPONDED;
}

// RFC 9110, 15.5.6: a 405 must say which methods there are.
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
    static const char of_user[] = "/balances/";
    struct slice path = request->path;
    user[0] = '\0';
    if (slice_starts_with(path, of_user)) {
        struct slice name = slice_after(path, strlen(of_user));
        if (!decode_user(name, user) || user[0] == '\0')
            return refuse(response, HTTP_NOT_FOUND, "no user has such a name");
        path.length = strlen("/balances");
    }
    for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++) {
        if (!slice_is(path, routes[i].path))
            continue;
        if (!allows(routes[i].route, request, response))
            return refuse(response, HTTP_METHOD_NOT_ALLOWED,
                          "see Allow for the methods of this path");
        if (routes[i].answer != NULL)
            routes[i].answer(response);
        return routes[i].route;
    }
    return refuse(response, HTTP_NOT_FOUND, NULL);
}
