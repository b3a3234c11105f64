// test_ledger.c - what the audit finds in the balances

#include "lab/crash/ledger.h"
#include "tests/unit/unit.h"

enum { EVENTS = 42 }; // of two users and a half

static struct ledger ledger;
static json_t *balances;

static void apply(int event, int times)
{
    char user[LEDGER_USER_SIZE];
    ledger_user(event, user);
    json_int_t before = json_integer_value(json_object_get(balances, user));
    json_object_set_new(balances, user,
                        json_integer(before + times * ledger_amount(event)));
}

// All are accepted; all but one are applied, and that one so often.
static void all_but(int event, int times)
{
    ledger_init(&ledger);
    balances = json_object();
    for (int i = 0; i < EVENTS; i++) {
        ck_assert_int_eq(ledger_add(&ledger), i);
        ledger_tell(&ledger, i, LEDGER_ACCEPTED, 7);
        apply(i, i == event ? times : 1);
    }
}

static struct audit audit_and_destroy(void)
{
    struct audit audit = ledger_audit(&ledger, balances);
    json_decref(balances);
    ledger_destroy(&ledger);
    return audit;
}

START_TEST(no_event_that_is_applied_once_counts_as_lost)
{
    all_but(-1, 0);
    struct audit audit = audit_and_destroy();
    ck_assert_int_eq(audit.accepted, EVENTS);
    ck_assert_int_eq(audit.applied, EVENTS);
    ck_assert_int_eq(audit.lost + audit.doubled + audit.unwanted, 0);
    ck_assert_int_eq(audit.first, -1);
}
END_TEST

// IEEE 754, which JavaScript and others have for all numbers.
START_TEST(every_balance_is_exact_in_a_double)
{
    const double exact_max = 9007199254740992.0; // 2^53
    double sum = 0;
    for (int event = 0; event < LEDGER_EACH; event++)
        sum += 7.0 * (double)ledger_amount(event);
    ck_assert_double_le(sum, exact_max);
}
END_TEST

START_TEST(one_that_is_not_applied_is_lost)
{
    all_but(_i, 0);
    struct audit audit = audit_and_destroy();
    ck_assert_int_eq(audit.lost, 1);
    ck_assert_int_eq(audit.doubled + audit.unwanted, 0);
    ck_assert_int_eq(audit.first, _i);
}
END_TEST

START_TEST(one_that_is_applied_up_to_seven_times_is_doubled_once)
{
    for (int times = 2; times <= 7; times++) {
        all_but(_i, times);
        struct audit audit = audit_and_destroy();
        ck_assert_int_eq(audit.doubled, 1);
        ck_assert_int_eq(audit.lost + audit.unwanted, 0);
        ck_assert_int_eq(audit.first, _i);
    }
}
END_TEST

START_TEST(a_loss_does_not_hide_a_doubling)
{
    all_but(3, 0);
    apply(4, 1);
    struct audit audit = audit_and_destroy();
    ck_assert_int_eq(audit.lost, 1);
    ck_assert_int_eq(audit.doubled, 1);
    ck_assert_int_eq(audit.first, 3);
}
END_TEST

START_TEST(what_was_rejected_must_not_be_applied)
{
    all_but(8, 0);
    ledger_tell(&ledger, 8, LEDGER_REJECTED, 1);
    ledger_tell(&ledger, 9, LEDGER_REJECTED, 1);
    struct audit audit = audit_and_destroy();
    ck_assert_int_eq(audit.rejected, 2);
    ck_assert_int_eq(audit.unwanted, 1);
    ck_assert_int_eq(audit.lost + audit.doubled, 0);
    ck_assert_int_eq(audit.first, 9);
}
END_TEST

START_TEST(without_an_outcome_both_are_right)
{
    all_but(8, 0);
    ledger_tell(&ledger, 8, LEDGER_OPEN, 1);
    ledger_tell(&ledger, 9, LEDGER_OPEN, 1);
    struct audit audit = audit_and_destroy();
    ck_assert_int_eq(audit.open, 2);
    ck_assert_int_eq(audit.lost + audit.doubled + audit.unwanted, 0);
}
END_TEST

START_TEST(what_was_never_sent_must_not_be_applied)
{
    all_but(-1, 0);
    apply(EVENTS, 1);
    ck_assert_int_eq(audit_and_destroy().unwanted, 1);
}
END_TEST

START_TEST(without_balances_all_is_lost)
{
    all_but(-1, 0);
    json_decref(balances);
    balances = NULL;
    ck_assert_int_eq(audit_and_destroy().lost, EVENTS);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ledger");
    TCase *tcase = tcase_create("ledger");
    suite_add_tcase(suite, tcase);
    tcase_add_test(tcase, no_event_that_is_applied_once_counts_as_lost);
    tcase_add_test(tcase, every_balance_is_exact_in_a_double);
    tcase_add_loop_test(tcase, one_that_is_not_applied_is_lost, 0, EVENTS);
    tcase_add_loop_test(tcase,
                        one_that_is_applied_up_to_seven_times_is_doubled_once,
                        0, EVENTS);
    tcase_add_test(tcase, a_loss_does_not_hide_a_doubling);
    tcase_add_test(tcase, what_was_rejected_must_not_be_applied);
    tcase_add_test(tcase, without_an_outcome_both_are_right);
    tcase_add_test(tcase, what_was_never_sent_must_not_be_applied);
    tcase_add_test(tcase, without_balances_all_is_lost);
    return unit_run(suite);
}
