#include "lab/servers/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NUMBER_SIZE = 16, SETTINGS_MAX = 20 };

struct setting {
    const char *name;     // in braces; in capital letters it is the variable
    const char *variable; // NULL: the end
    const char *usual;    // the default of the six stages
    int number;           // 0: not set; or
    const char *text;     // NULL: not set
};

static void list(const struct settings *settings,
                 struct setting all[SETTINGS_MAX])
{
    const struct setting rows[] = {
        {"port", "PORT", "8080", settings->port, NULL},
        {"work_ms", "WORK_MS", "500", settings->work_ms, NULL},
        {"work_cpu", "WORK_CPU", "0", 0, NULL},
        {"work_gate", "WORK_GATE", "", 0, settings->work_gate},
        {"capacity", "CAPACITY", "100", settings->capacity, NULL},
        {"workers", "WORKERS", "4", settings->workers, NULL},
        {"body_max_bytes", "BODY_MAX_BYTES", "1048576",
         settings->body_max_bytes, NULL},
        {"timeout_ms", "TIMEOUT_MS", "0", settings->timeout_ms, NULL},
        {"header_timeout_ms", "HEADER_TIMEOUT_MS", "10000",
         settings->header_timeout_ms, NULL},
        {"send_timeout_ms", "SEND_TIMEOUT_MS", "10000",
         settings->send_timeout_ms, NULL},
        {"work_in_loop", "WORK_IN_LOOP", "0", settings->work_in_loop, NULL},
        {"quiet", "QUIET", "0", settings->quiet, NULL},
        {"trace", "TRACE", "", 0, settings->trace},
        {"database", "DATABASE", "durable.db", 0, settings->database},
        {"schema", "SCHEMA", "thaw", 0, settings->schema},
        {0},
    };
    memcpy(all, rows, sizeof rows);
}

// NULL: it is not set.
static const char *value_of(const struct setting *setting,
                            char number[NUMBER_SIZE])
{
    if (setting->number == 0)
        return setting->text;
    snprintf(number, NUMBER_SIZE, "%d", setting->number);
    return number;
}

void settings_to_environment(const struct settings *settings)
{
    struct setting all[SETTINGS_MAX];
    list(settings, all);
    for (int i = 0; all[i].name != NULL; i++) {
        char number[NUMBER_SIZE];
        const char *value = value_of(&all[i], number);
        if (value != NULL)
            setenv(all[i].variable, value, 1);
        else
            unsetenv(all[i].variable);
    }
}

// The setting whose name in braces is at the start of the text.
static const struct setting *find(const struct setting *all, const char *text)
{
    for (int i = 0; text[0] == '{' && all[i].name != NULL; i++) {
        size_t length = strlen(all[i].name);
        if (strncmp(text + 1, all[i].name, length) == 0 &&
            text[1 + length] == '}')
            return &all[i];
    }
    return NULL;
}

bool settings_replace(const struct settings *settings, const char *word,
                      char *replaced, size_t size)
{
    struct setting all[SETTINGS_MAX];
    size_t length = 0;
    list(settings, all);
    while (*word != '\0') {
        char number[NUMBER_SIZE];
        const char one[2] = {*word};
        const char *value = one;
        const struct setting *setting = find(all, word);
        if (setting != NULL)
            value = value_of(setting, number);
        if (value == NULL)
            value = setting->usual;
        word += setting != NULL ? strlen("{}") + strlen(setting->name) : 1;
        if (length + strlen(value) >= size)
            return false;
        memcpy(replaced + length, value, strlen(value));
        length += strlen(value);
    }
    replaced[length] = '\0';
    return true;
}

void settings_by_hand(const struct settings *settings, char *text, size_t size)
{
    struct settings typed = *settings;
    struct setting all[SETTINGS_MAX];
    size_t length = 0;
    typed.quiet = false;
    list(&typed, all);
    text[0] = '\0';
    for (int i = 0; all[i].name != NULL && length < size; i++) {
        char number[NUMBER_SIZE];
        const char *value = value_of(&all[i], number);
        if (value != NULL)
            length += (size_t)snprintf(text + length, size - length, "%s=%s ",
                                       all[i].variable, value);
    }
}
