// Experiments with a single request, and what the server takes it for.

#include "lab/experiments/experiments.h"

#include <jansson.h>
#include <stdio.h>

// A string in the JSON body of a response; empty if it is not there.
static void copy_value(const struct client *client, const char *key,
                       char *value, size_t size)
{
    json_t *body = json_loadb(client->body.bytes, client->body.length, 0, NULL);
    const char *text = json_string_value(json_object_get(body, key));
    snprintf(value, size, "%s", text != NULL ? text : "");
    json_decref(body);
}

static int first_line(struct slice text)
{
    int length = 0;
    while ((size_t)length < text.length && text.bytes[length] != '\n')
        length++;
    return length;
}

// Bytes came, and no response: for example HTTP/0.9, which has no status line.
static void judge_bytes(struct run *run, struct slice bytes)
{
    enum { SHOWN = 24, ESCAPED = 4 };
    char text[SHOWN * ESCAPED + 1] = "";
    size_t length = 0;
    for (size_t i = 0; i < bytes.length && i < SHOWN; i++) {
        unsigned char byte = (unsigned char)bytes.bytes[i];
        bool is_shown = byte >= ' ' && byte < 127 && byte != '\\';
        length += (size_t)snprintf(text + length, sizeof text - length,
                                   is_shown ? "%c" : "\\x%02x", byte);
    }
    run_verdict(run, "no status");
    run_detail(run, "bytes, but no status line: %s", text);
}

static bool is_status_line(struct slice bytes)
{
    return slice_starts_with(bytes, "HTTP/");
}

static void judge_response(struct run *run, const struct client *client)
{
    char reason[40];
    char detail[80];
    copy_value(client, "reason", reason, sizeof reason);
    copy_value(client, "detail", detail, sizeof detail);
    if (reason[0] == '\0') {
        run_verdict(run, "%d", client->status);
        run_detail(run, "%d %.*s", client->status, first_line(client->body),
                   client->body.bytes);
    } else {
        run_verdict(run, "%d %s", client->status,
                    strncmp(reason, "invalid_", 8) == 0 ? "JSON" : "HTTP");
        run_detail(run, "%d %s, %s", client->status, reason, detail);
    }
}

// Sends these bytes. The verdict is "echoed" if the body came back. Otherwise
// it is the status, and which is wrong: the JSON or the HTTP.
static void judge(struct run *run, struct slice request, const char *body)
{
    struct client client;
    if (!run_start(run, (struct settings){0}))
        return;
    client_open(&client, run->server.port);
    client_send(&client, request);
    if (!client_wait(&client, LIMIT_MS)) {
        run_verdict(run, "none");
        if (client.in.length > 0 && !is_status_line(buffer_slice(&client.in)))
            judge_bytes(run, buffer_slice(&client.in));
    } else if (client_body_is(&client, body)) {
        run_verdict(run, "echoed");
        run_detail(run, "%d, the same bytes", client.status);
    } else {
        judge_response(run, &client);
    }
    run->slowest_ms = client.status != 0 ? client_ms(&client) : -1;
    client_close(&client);
}

static void judge_body(struct run *run, const char *length_field,
                       const char *body)
{
    struct buffer request = {0};
    buffer_add_format(&request,
                      "POST / HTTP/1.1\r\nHost: lab\r\n%s: %zu\r\n\r\n%s",
                      length_field, strlen(body), body);
    judge(run, buffer_slice(&request), body);
    buffer_destroy(&request);
}

void lower_case_headers(struct run *run)
{
    judge_body(run, "content-length",
               "{\"user\": \"alice\", \"action\": \"buy\", \"amount\": 100}");
}

void not_json(struct run *run)
{
    judge_body(run, "Content-Length", "hello");
}

void not_an_event(struct run *run)
{
    judge_body(run, "Content-Length",
               "{\"user\": \"alice\", \"action\": \"buy\", \"amount\": 1.5}");
}

// A server need not say why: what else could be wrong?
void not_http(struct run *run)
{
    judge(run, slice_of("hello\r\n\r\n"), "hello\r\n\r\n");
    if (strcmp(run->verdict, "400") == 0)
        run_verdict(run, "400 HTTP");
}
