#include "beyond/shared/place.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LIST_SIZE = 4096 }; // in bytes, with the NUL

static bool is_conninfo(const char *text)
{
    PQconninfoOption *parsed = PQconninfoParse(text, NULL);
    bool is_good = parsed != NULL;
    PQconninfoFree(parsed);
    return is_good;
}

static bool is_schema(const char *name)
{
    size_t length = strspn(name, "abcdefghijklmnopqrstuvwxyz_0123456789");
    return length > 0 && length < 64 && name[length] == '\0' &&
           (name[0] < '0' || name[0] > '9') && strncmp(name, "pg_", 3) != 0;
}

static void add_text(struct options *options, const char *name,
                     const char *argument, const char **text, const char *help,
                     bool accepts(const char *text), const char *expected)
{
    options_add_text(options, name, argument, text, help);
    struct option *row = &options->rows[options->count - 1];
    row->accepts = accepts;
    row->expected = expected;
}

void place_add_options(struct place *place, struct options *options)
{
    *place = (struct place){.schema = "thaw"};
    add_text(options, "--database", "CONNINFO", &place->conninfo,
             "where PostgreSQL is, as libpq reads it", is_conninfo,
             "key=value pairs or postgresql://..., as libpq reads them");
    add_text(options, "--schema", "NAME", &place->schema,
             "of the tables, which are made if missing", is_schema,
             "up to 63 of a-z, 0-9 and _, no digit first, not pg_...");
    options->rows[options->count - 1].is_setting = true;
    options_add_flag_setting(options, "--unsafe-settings", &place->is_unsafe,
                             "go on although the database may lose commits");
}

static bool is_admission(const char *name)
{
    return strcmp(name, "slots") == 0 || strcmp(name, "count") == 0;
}

void place_add_queue_options(struct place *place, struct options *options)
{
    options_add_setting(options, "--capacity", &place->capacity, 0, 1000000,
                        "events that may wait, 0: as the tables have, or 100");
    add_text(options, "--admission", "NAME", &place->admission,
             "slots; or count, which accepts too many", is_admission,
             "slots or count");
    options->rows[options->count - 1].is_setting = true;
}

bool place_counts(const struct place *place)
{
    return place->admission != NULL && strcmp(place->admission, "count") == 0;
}

const char *place_conninfo(const struct place *place)
{
    return place->conninfo != NULL ? place->conninfo : "";
}

// The value of a keyword: in the conninfo, or else in the environment. It is ""
// if neither has it, and may be a list: one for each host.
static void find_list(const PQconninfoOption *parsed, const char *keyword,
                      char list[LIST_SIZE])
{
    const char *value = NULL;
    for (const PQconninfoOption *option = parsed; option->keyword != NULL;
         option++)
        if (strcmp(option->keyword, keyword) == 0)
            value = option->val != NULL ? option->val : getenv(option->envvar);
    snprintf(list, LIST_SIZE, "%s", value != NULL ? value : "");
}

static int length_of(const char *list)
{
    int count = 1;
    for (const char *at = list; *at != '\0'; at++)
        count += *at == ',';
    return count;
}

// Entry `i` of the list, in place; a list of one is for all hosts.
static const char *entry(char *list, int i)
{
    char *start = list;
    for (; i > 0 && strchr(start, ',') != NULL; i--)
        start = strchr(start, ',') + 1;
    start[strcspn(start, ",")] = '\0';
    return start;
}

// Else libpq prints the server's remarks as they come: why it ends a session,
// for example.
static void ignore_notice(void *context, const char *message)
{
    (void)context, (void)message;
}

// A later keyword replaces an earlier one (libpq-connect.html,
// PQconnectdbParams), so the order is: defaults, the user's wishes, and what
// must be. Only these keep-alives find out that a host is gone.
PGconn *place_connect(const struct place *place, int attempt)
{
    static const char *const keywords[] = {"keepalives_idle",
                                           "keepalives_interval",
                                           "keepalives_count",
                                           "tcp_user_timeout",
                                           "fallback_application_name",
                                           "target_session_attrs",
                                           "dbname",
                                           "host",
                                           "hostaddr",
                                           "port",
                                           "client_encoding",
                                           NULL};
    char host[LIST_SIZE], hostaddr[LIST_SIZE], port[LIST_SIZE];
    PQconninfoOption *parsed = PQconninfoParse(place_conninfo(place), NULL);
    if (parsed == NULL)
        return NULL;
    find_list(parsed, "host", host);
    find_list(parsed, "hostaddr", hostaddr);
    find_list(parsed, "port", port);
    PQconninfoFree(parsed);
    int i = attempt % length_of(hostaddr[0] != '\0' ? hostaddr : host);
    const char *const values[] = {"5",
                                  "2",
                                  "3",
                                  "10000",
                                  "thaw",
                                  "read-write",
                                  place_conninfo(place),
                                  entry(host, i),
                                  entry(hostaddr, i),
                                  entry(port, i),
                                  "UTF8",
                                  NULL};
    PGconn *connection = PQconnectStartParams(keywords, values, 1);
    if (connection != NULL)
        PQsetNoticeProcessor(connection, ignore_notice, NULL);
    return connection;
}

PostgresPollingStatusType place_go_on(PGconn *connection,
                                      PostgresPollingStatusType waits_for,
                                      int milliseconds)
{
    if (PQstatus(connection) == CONNECTION_BAD)
        return PGRES_POLLING_FAILED;
    // Each step may have replaced the socket, with another address of a host.
    struct pollfd polled = {
        .fd = PQsocket(connection),
        .events = waits_for == PGRES_POLLING_READING ? POLLIN : POLLOUT};
    return poll(&polled, 1, milliseconds) > 0 ? PQconnectPoll(connection)
                                              : waits_for;
}
