#include "lab/experiments/by_hand.h"
#include "lab/servers/settings.h"

#include <assert.h>
#include <stdlib.h>

enum { PORT_USUAL = 8080, PORT_MAX = 65535 };

static int own_port = PORT_USUAL;

void by_hand_init(void)
{
    const char *text = getenv("PORT");
    char *end;
    long port = text != NULL ? strtol(text, &end, 10) : 0;
    if (port > 0 && port <= PORT_MAX && *end == '\0')
        own_port = (int)port;
}

int by_hand_port(void)
{
    return own_port;
}

void by_hand_commands(const struct experiment *experiment, int port,
                      char text[BY_HAND_SIZE])
{
    const struct settings settings = {.port = port};
    bool fits =
        settings_replace(&settings, experiment->by_hand, text, BY_HAND_SIZE);
    assert(fits);
}
