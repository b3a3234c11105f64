#include "beyond/lanes/balances.h"
#include "lib/service/respond.h"
#include "lib/service/respond_balance.h"

#include <stdlib.h>

struct part {
    struct question question; // comes first
    struct query *query;
    struct buffer text; // {"alice":100}
};

struct query {
    struct mail mail; // comes first: the mailbox frees the whole query
    struct mailbox *responses;
    struct balances *balances;
    char user[EVENT_NAME_MAX + 1];
    int count; // of parts
    atomic_int missing;
    struct part parts[];
};

void balances_add_options(struct balances *balances, struct options *options)
{
    struct store defaults;
    store_add_options(&defaults, options);
    balances->users_max = defaults.users_max;
    options->rows[options->count - 1].number = &balances->users_max;
    options->rows[options->count - 1].help =
        "users of each lane that may have a balance";
}

int balances_init(struct balances *balances, int count)
{
    for (balances->count = 0; balances->count < count; balances->count++) {
        struct store *store = &balances->stores[balances->count];
        store->users_max = balances->users_max;
        if (store_init(store) < 0)
            return -1;
    }
    return 0;
}

void balances_destroy(struct balances *balances)
{
    for (int i = 0; i < balances->count; i++)
        store_destroy(&balances->stores[i]);
}

struct store *balances_of(struct balances *balances, int worker)
{
    return &balances->stores[worker - 1];
}

// Appends what is between the braces.
static void add_part(struct buffer *all, struct buffer *part, const char *comma)
{
    if (part->length > strlen("{}")) {
        buffer_add_text(all, comma);
        buffer_add(all, (struct slice){part->bytes + 1, part->length - 2});
    }
    all->failed = all->failed || part->failed;
    buffer_destroy(part);
}

static void join_parts(struct query *query)
{
    struct buffer *all = &query->mail.response.text;
    size_t length = strlen("{}\n");
    for (int i = 0; i < query->count; i++)
        length += query->parts[i].text.length;
    buffer_reserve(all, length);
    buffer_add_text(all, "{");
    for (int i = 0; i < query->count; i++)
        add_part(all, &query->parts[i].text, all->length > 1 ? "," : "");
    buffer_add_text(all, "}\n");
    respond_text(&query->mail.response, HTTP_OK);
}

static void read_one(struct question *question, int worker)
{
    struct query *query = ((struct part *)question)->query;
    respond_balances(&query->mail.response,
                     balances_of(query->balances, worker), query->user);
    mailbox_post(query->responses, &query->mail);
}

// The lane that finds the count 1 knows that all other parts are complete.
static void read_all(struct question *question, int worker)
{
    struct part *part = (struct part *)question;
    struct query *query = part->query;
    store_write(balances_of(query->balances, worker), &part->text);
    if (atomic_fetch_sub(&query->missing, 1) > 1)
        return;
    join_parts(query);
    mailbox_post(query->responses, &query->mail);
}

static struct query *make_query(int count)
{
    size_t parts = (size_t)count * sizeof(struct part);
    return calloc(1, sizeof(struct query) + parts);
}

bool balances_ask(struct balances *balances, struct lanes *lanes,
                  struct mailbox *responses, const char *user,
                  struct http_response *response)
{
    bool is_one = user[0] != '\0';
    int first = is_one ? lanes_worker_of(lanes, user) : 1;
    int count = is_one ? 1 : balances->count;
    struct query *query = make_query(count);
    if (query == NULL)
        return false;
    query->mail.conn = response->conn;
    query->mail.response.since = response->since;
    query->responses = responses;
    query->balances = balances;
    memcpy(query->user, user, strlen(user) + 1);
    query->count = count;
    query->missing = count;
    int i = 0;
    do {
        query->parts[i].query = query;
        query->parts[i].question.respond = is_one ? read_one : read_all;
        lanes_ask(lanes, first + i, &query->parts[i].question);
    } while (++i < count);
    response->deferred = true;
    return true;
}
