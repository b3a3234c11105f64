#include "lib/http/http_response.h"

#include <stdio.h>
#include <time.h>

const struct slice http_continue = SLICE("HTTP/1.1 100 Continue\r\n\r\n");

enum { DATE_LENGTH = 29 }; // in bytes

// IMF-fixdate: "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110, 5.6.7). Formatted
// once a second, because that costs more than all other parts of a response.
// Not with strftime, because its names of days depend on the locale.
static struct slice date_now(void)
{
    static const char days[7][4] = {"Sun", "Mon", "Tue", "Wed",
                                    "Thu", "Fri", "Sat"};
    static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr",
                                       "May", "Jun", "Jul", "Aug",
                                       "Sep", "Oct", "Nov", "Dec"};
    static char text[64] = "Thu, 01 Jan 1970 00:00:00 GMT";
    static time_t formatted = 0; // the time in `text`
    const struct slice date = {text, DATE_LENGTH};
    time_t now = time(NULL);
    struct tm utc;
    if (now == formatted || gmtime_r(&now, &utc) == NULL)
        return date;
    snprintf(text, sizeof text, "%s, %02d %s %04d %02d:%02d:%02d GMT",
             days[utc.tm_wday], utc.tm_mday, months[utc.tm_mon],
             utc.tm_year + 1900, utc.tm_hour, utc.tm_min, utc.tm_sec);
    formatted = now;
    return date;
}

// Not with printf, which takes ten times as long.
void http_write_response(struct buffer *out,
                         const struct http_response *response, bool keep_alive,
                         bool is_head)
{
    const char *type = response->content_type;
    buffer_add_text(out, "HTTP/1.1 ");
    buffer_add(out, http_status_line(response->status));
    buffer_add_text(out, "\r\nDate: ");
    buffer_add(out, date_now());
    buffer_add_text(out, "\r\nContent-Type: ");
    buffer_add_text(out, type != NULL ? type : "application/json");
    buffer_add_text(out, "\r\nContent-Length: ");
    buffer_add_number(out, response->body.length);
    buffer_add_text(out, keep_alive ? "\r\nConnection: keep-alive\r\n"
                                    : "\r\nConnection: close\r\n");
    if (response->fields != NULL)
        buffer_add_text(out, response->fields);
    buffer_add_text(out, "\r\n");
    if (!is_head)
        buffer_add(out, response->body);
}
