#ifndef THAW_LIB_SERVICE_RESPOND_BALANCE_H
#define THAW_LIB_SERVICE_RESPOND_BALANCE_H

// respond_balance.h - the responses of the servers with balances

#include "lib/http/http_response.h"
#include "lib/store/store.h"

// The result of an event: 200 {"status":"ok","balance":N}; or an error, 409
// "balance_overflow" or 507 "too_many_users".
void respond_result(struct http_response *response, enum store_result result,
                    int64_t balance);

// The balance of one user: 200 {"user":"alice","balance":100}, or 404. For an
// empty name all balances: 200 {"alice":100,"bob":-7}. The caller guards the
// store.
void respond_balances(struct http_response *response, const struct store *store,
                      const char *user);

#endif
