#include "lab/crash/ledger.h"
#include "lab/trouble.h"

#include <stdio.h>
#include <stdlib.h>

enum { BITS = 3 }; // of an octal digit

void ledger_init(struct ledger *ledger)
{
    *ledger = (struct ledger){.count = 0};
}

void ledger_destroy(struct ledger *ledger)
{
    free(ledger->told);
    free(ledger->life);
    ledger_init(ledger);
}

static bool grow(struct ledger *ledger)
{
    enum { FIRST = 4096 };
    int size = ledger->size > 0 ? 2 * ledger->size : FIRST;
    unsigned char *told = realloc(ledger->told, (size_t)size);
    if (told != NULL)
        ledger->told = told;
    int *life = realloc(ledger->life, (size_t)size * sizeof *life);
    if (life != NULL)
        ledger->life = life;
    if (told != NULL && life != NULL)
        ledger->size = size;
    return told != NULL && life != NULL;
}

int ledger_add(struct ledger *ledger)
{
    if (ledger->count == ledger->size && !grow(ledger)) {
        trouble_note_errno("realloc");
        return -1;
    }
    ledger_tell(ledger, ledger->count, LEDGER_OPEN, 0);
    return ledger->count++;
}

void ledger_user(int event, char user[LEDGER_USER_SIZE])
{
    snprintf(user, LEDGER_USER_SIZE, "crash%d", event / LEDGER_EACH);
}

long long ledger_amount(int event)
{
    return 1LL << (event % LEDGER_EACH * BITS);
}

void ledger_tell(struct ledger *ledger, int event, enum ledger_told told,
                 int life)
{
    ledger->told[event] = (unsigned char)told;
    ledger->life[event] = life;
}

// How often an event was applied.
static int times_of(const json_t *balances, int event)
{
    char user[LEDGER_USER_SIZE];
    ledger_user(event, user);
    long long balance = json_integer_value(json_object_get(balances, user));
    return (int)(balance / ledger_amount(event) & ((1 << BITS) - 1));
}

static void audit_event(struct audit *audit, enum ledger_told told, int times)
{
    audit->accepted += told == LEDGER_ACCEPTED;
    audit->rejected += told == LEDGER_REJECTED;
    audit->open += told == LEDGER_OPEN;
    audit->applied += times > 0;
    audit->lost += told == LEDGER_ACCEPTED && times == 0;
    audit->doubled += times > 1;
    audit->unwanted += told == LEDGER_REJECTED && times > 0;
}

static int wrong_of(const struct audit *audit)
{
    return audit->lost + audit->doubled + audit->unwanted;
}

// The last user has digits for events that were never sent.
struct audit ledger_audit(const struct ledger *ledger, const json_t *balances)
{
    struct audit audit = {.first = -1};
    for (int event = 0; event < ledger->count; event++) {
        int before = wrong_of(&audit);
        audit_event(&audit, ledger->told[event], times_of(balances, event));
        if (audit.first < 0 && wrong_of(&audit) > before)
            audit.first = event;
    }
    for (int event = ledger->count; event % LEDGER_EACH != 0; event++)
        audit.unwanted += times_of(balances, event) > 0;
    return audit;
}
