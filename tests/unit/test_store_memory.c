// test_store_memory.c - the store takes its memory at the start

#include "lib/store/store.h"
#include "tests/unit/scarce.h"
#include "tests/unit/unit.h"

#include <stdio.h>

enum { LIMIT = 1000 };

START_TEST(without_memory_there_is_no_store)
{
    int result = -1;
    bool was_rejected = true;
    for (int count = 0; was_rejected; count++) {
        struct store store = {.users_max = LIMIT};
        scarce_memory(count);
        result = store_init(&store);
        was_rejected = scarce_end();
        ck_assert_int_eq(result, was_rejected ? -1 : 0);
        ck_assert_int_lt(count, 100);
        store_destroy(&store);
    }
    ck_assert_int_eq(result, 0);
}
END_TEST

// So it does not fail for want of it, and nothing grows while a mutex is held.
START_TEST(a_new_user_needs_no_memory)
{
    struct store store = {.users_max = LIMIT};
    int64_t balance;
    int added = 0;
    ck_assert_int_eq(store_init(&store), 0);
    scarce_memory(0);
    for (int i = 0; i < LIMIT; i++) {
        char user[16];
        snprintf(user, sizeof user, "user%d", i);
        added += store_add(&store, user, i, &balance) == STORE_ADDED;
    }
    ck_assert(!scarce_end());
    ck_assert_int_eq(added, LIMIT);
    store_destroy(&store);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("store");
    TCase *memory = tcase_create("memory");
    tcase_add_test(memory, without_memory_there_is_no_store);
    tcase_add_test(memory, a_new_user_needs_no_memory);
    suite_add_tcase(suite, memory);
    return unit_run(suite);
}
