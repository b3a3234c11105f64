#include "lib/service/respond_balance.h"
#include "lib/service/respond.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>

// The balance has changed, so this must not fail: after a 500 the client would
// send its event again, and the event would count twice.
static void respond_added(struct http_response *response, int64_t balance)
{
    int length =
        snprintf(response->room, sizeof response->room,
                 "{\"status\":\"ok\",\"balance\":%" PRId64 "}\n", balance);
    response->status = HTTP_OK;
    response->body = (struct slice){response->room, (size_t)length};
}

void respond_result(struct http_response *response, enum store_result result,
                    int64_t balance)
{
    switch (result) {
    case STORE_ADDED:
        respond_added(response, balance);
        break;
    case STORE_OVERFLOW:
        respond_error(response, HTTP_CONFLICT, NULL);
        break;
    case STORE_FULL:
        respond_error(response, HTTP_INSUFFICIENT_STORAGE, NULL);
        break;
    }
}

void respond_balances(struct http_response *response, const struct store *store,
                      const char *user)
{
    int64_t balance;
    if (user[0] == '\0') {
        store_write(store, &response->text);
        buffer_add_text(&response->text, "\n");
        respond_text(response, HTTP_OK);
    } else if (store_get(store, user, &balance)) {
        respond_json(response, HTTP_OK,
                     json_pack("{s:s, s:I}", "user", user, "balance",
                               (json_int_t)balance));
    } else {
        respond_error(response, HTTP_NOT_FOUND, "no event of this user yet");
    }
}
