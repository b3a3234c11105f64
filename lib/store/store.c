#include "lib/store/store.h"

#include "lib/base/buffer_json.h"

int store_init(struct store *store)
{
    store->changes = 0;
    store->balances = json_object();
    return store->balances != NULL ? 0 : -1;
}

void store_destroy(struct store *store)
{
    json_decref(store->balances);
    store->balances = NULL;
}

enum store_result store_add(struct store *store, const char *user,
                            int64_t amount, int64_t *balance)
{
    json_t *known = json_object_get(store->balances, user);
    int64_t sum;
    if (__builtin_add_overflow(json_integer_value(known), amount, &sum))
        return STORE_OVERFLOW;
    if (known != NULL)
        json_integer_set(known, sum);
    else if (json_object_set_new(store->balances, user, json_integer(sum)) < 0)
        return STORE_NO_MEMORY;
    store->changes++;
    *balance = sum;
    return STORE_ADDED;
}

bool store_get(const struct store *store, const char *user, int64_t *balance)
{
    const json_t *known = json_object_get(store->balances, user);
    if (known == NULL)
        return false;
    *balance = json_integer_value(known);
    return true;
}

void store_write(const struct store *store, struct buffer *out)
{
    buffer_add_json(out, store->balances);
}
