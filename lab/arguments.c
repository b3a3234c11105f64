#include "lab/arguments.h"
#include "lab/experiments/crash.h"
#include "lab/load/retry.h"
#include "lab/servers/stage.h"
#include "lib/base/printable.h"

#include <stdlib.h>
#include <string.h>

struct arguments options;

// What a request line may have (RFC 9112, 3.2.1; RFC 3986, 3.3 and 3.4).
static bool is_path(const char *text)
{
    static const char others[] = "-._~!$&'()*+,;=:@/?%";
    if (text[0] != '/')
        return false;
    for (; *text != '\0'; text++) {
        bool is_letter =
            (*text >= 'a' && *text <= 'z') || (*text >= 'A' && *text <= 'Z');
        bool is_digit = *text >= '0' && *text <= '9';
        if (!is_letter && !is_digit && strchr(others, *text) == NULL)
            return false;
    }
    return true;
}

static bool is_there(const char *text)
{
    return text[0] != '\0';
}

static bool is_retry(const char *text)
{
    enum retry retry;
    return retry_find(text, &retry);
}

// An option is a number, a flag or a text.
static struct row {
    const char *name;
    const char *argument; // what the help calls its value
    const char *help;
    const char *commands; // that take it; NULL: all
    int *number;
    int usual, min, max; // of the number; usual 0: nothing to print
    int usual_overload;  // of this command; 0: the same
    bool *flag;
    const char **text;
    bool (*accepts)(const char *text);
    const char *expected; // what a rejected text should be
    bool is_given;
} rows[] = {
    // clang-format off
    {"--work-ms", "N", "milliseconds of work for an event",
     "try, matrix, rude, judge, diff, timeline, overload",
     .number = &options.work_ms, .usual = 100, .min = 1, .max = 10000,
     .usual_overload = 50},
    {"--rounds", "N", "how often crash kills the server",
     "try, matrix, judge", .number = &options.rounds, .usual = CRASH_ROUNDS,
     .min = 1, .max = CRASH_ROUNDS_MAX},
    {"--seed", "N", "of the moments in crash: those of an earlier run",
     "try, matrix, judge", .number = &options.seed, .min = 1,
     .max = 1000000},
    {"--json", NULL, "for programs",
     "list, try, matrix, rude, judge, diff, load, overload",
     .flag = &options.json},
    {"--markdown", NULL, "for a README",
     "list, matrix, rude", .flag = &options.markdown},
    {"--rows", "A,B", "only these experiments",
     "judge", .text = &options.rows, .accepts = is_there,
     .expected = "names of experiments"},
    {"--rude", NULL, "the rude clients, and whether it survives",
     "judge", .flag = &options.rude},
    {"--junit", "FILE", "write this file for a CI, in JUnit's XML",
     "judge", .text = &options.junit, .accepts = is_there,
     .expected = "the name of a file"},
    {"--points", NULL, "with a STAGE: count points, for graders",
     "judge", .flag = &options.points},
    {"--port", "N", "a server that runs already, on this port",
     "judge", .number = &options.port, .min = 1, .max = 65535},
    {"--svg", "FILE", "draw it into this file, too",
     "timeline, overload", .text = &options.svg, .accepts = is_there,
     .expected = "the name of a file"},
    {"--loads", "A,B", "only these loads: 0.5,2",
     "overload", .text = &options.loads, .accepts = is_there,
     .expected = "loads: 0.5,2"},
    {"--trace", "DIR", "write the raw traces, for ui.perfetto.dev",
     "timeline", .text = &options.trace, .accepts = is_there,
     .expected = "the name of a directory"},
    {"--clients", "N", "the number of connections",
     "load", .number = &options.clients, .usual = 16, .min = 1, .max = 50000},
    {"--seconds", "N", "how long it takes",
     "load, overload", .number = &options.seconds, .usual = 5, .min = 1,
     .max = 3600, .usual_overload = 20},
    {"--requests", "N", "stop after N requests, and not after seconds",
     "load", .number = &options.requests, .min = 1, .max = 1000000000},
    {"--rate", "N", "requests per second; without it, no limit",
     "load", .number = &options.rate, .min = 1, .max = 1000000},
    {"--users", "N", "the events are of N users",
     "load", .number = &options.users, .usual = 1, .min = 1, .max = 64},
    {"--get", "PATH", "GET this path, instead of posting events",
     "load", .text = &options.get, .accepts = is_path,
     .expected = "a path like /balances/alice, with %20 for a space"},
    {"--retry", "HOW", "what a 503 gets: none, fixed or jitter",
     "load", .text = &options.retry, .accepts = is_retry,
     .expected = "none, fixed or jitter"},
    {"--close", NULL, "a connection for each request",
     "load", .flag = &options.close},
    {"--once", NULL, "print one frame, and exit",
     "watch", .flag = &options.once},
    {"--help", NULL, "print this, and exit", NULL, .flag = &options.help},
    // clang-format on
};

enum { ROWS = sizeof rows / sizeof rows[0] };

// Of each pair one option says what the other one would say.
static const char *const pairs[][2] = {
    {"--json", "--markdown"},
    {"--requests", "--seconds"},
    {"--get", "--users"},
};

static bool takes(const char *command, const struct row *row)
{
    size_t length = strlen(command);
    const char *found = row->commands;
    while (found != NULL && (strncmp(found, command, length) != 0 ||
                             strchr(", ", found[length]) == NULL)) {
        found = strstr(found, ", ");
        if (found != NULL)
            found += strlen(", ");
    }
    return row->commands == NULL || found != NULL;
}

static struct row *find(const char *name)
{
    for (int i = 0; i < ROWS; i++)
        if (strcmp(name, rows[i].name) == 0)
            return &rows[i];
    return NULL;
}

// The commands that take it are before its help if they are few.
static void print(FILE *file, const struct row *row)
{
    enum { COLUMN = 19 };
    char left[COLUMN];
    const char *commands = row->commands != NULL ? row->commands : "";
    bool are_many = strchr(commands, ',') != NULL;
    snprintf(left, sizeof left, "  %s %s", row->name,
             row->argument != NULL ? row->argument : "");
    fprintf(file, "%-*s", COLUMN, left);
    if (commands[0] != '\0' && !are_many)
        fprintf(file, "%s: ", commands);
    fprintf(file, "%s", row->help);
    if (row->usual_overload > 0)
        fprintf(file, " (%d; overload: %d)", row->usual, row->usual_overload);
    else if (row->usual > 0)
        fprintf(file, " (%d)", row->usual);
    if (are_many)
        fprintf(file, ":\n%*s%s", COLUMN, "", commands);
    fprintf(file, "\n");
}

void arguments_print_options(FILE *file, const char *command)
{
    for (int i = 0; i < ROWS; i++)
        if (command == NULL || takes(command, &rows[i]))
            print(file, &rows[i]);
}

bool arguments_to_number(const char *name, const char *text, int min, int max,
                         int *number)
{
    bool is_digits = text[strspn(text, "0123456789")] == '\0';
    long value = strtol(text, NULL, 10);
    if (text[0] != '\0' && is_digits && value >= min && value <= max) {
        *number = (int)value;
        return true;
    }
    char shown[PRINTABLE_WORD];
    fprintf(stderr, "lab: %s: expected %d to %d, got '%s'\n", name, min, max,
            printable_text(shown, sizeof shown, text));
    return false;
}

bool arguments_to_server(const char *word, bool takes_sketch, int *server)
{
    char shown[PRINTABLE_WORD];
    *server = stage_find(word);
    if (*server > 0 && (takes_sketch || *server != SKETCH))
        return true;
    fprintf(stderr,
            "lab: stage: expected 1 to 6, %slanes, durable or shared, "
            "got '%s'\n",
            takes_sketch ? "sketch, " : "",
            printable_text(shown, sizeof shown, word));
    return false;
}

static bool set_text(const struct row *row, const char *text)
{
    char shown[PRINTABLE_WORD];
    *row->text = text;
    if (row->accepts(text))
        return true;
    fprintf(stderr, "lab: %s: expected %s, got '%s'\n", row->name,
            row->expected, printable_text(shown, sizeof shown, text));
    return false;
}

// Sets an option; `next` is its value, if it has one. Returns how many words it
// took. If it is wrong, prints why and returns 0.
static int set_option(const char *word, const char *next)
{
    struct row *row = find(word);
    if (row == NULL) {
        char shown[PRINTABLE_WORD];
        fprintf(stderr, "lab: unknown option '%s': see lab --help\n",
                printable_text(shown, sizeof shown, word));
        return 0;
    }
    row->is_given = true;
    if (row->flag != NULL) {
        *row->flag = true;
        return 1;
    }
    if (next == NULL) {
        fprintf(stderr, "lab: %s: expected a value after it\n", word);
        return 0;
    }
    bool is_set =
        row->text != NULL
            ? set_text(row, next)
            : arguments_to_number(word, next, row->min, row->max, row->number);
    return is_set ? 2 : 0;
}

static char typed[512];

static void remember(int count, char **words)
{
    size_t length = 0;
    for (int i = 0; i < count && length < sizeof typed; i++)
        length += (size_t)snprintf(typed + length, sizeof typed - length, " %s",
                                   words[i]);
}

void arguments_print_typed(FILE *file)
{
    char shown[sizeof typed];
    fprintf(file, " build/lab/lab%s",
            printable_text(shown, sizeof shown, typed));
}

int arguments_take_options(int count, char **words)
{
    int left = 0;
    int i = 0;
    remember(count, words);
    for (int row = 0; row < ROWS; row++)
        if (rows[row].number != NULL)
            *rows[row].number = rows[row].usual;
    options.command = words + count; // the NULL that ends argv
    while (i < count) {
        if (strcmp(words[i], "--") == 0) {
            options.command = words + i + 1;
            options.has_command = true;
            break;
        }
        if (words[i][0] != '-') {
            words[left++] = words[i++];
            continue;
        }
        int taken = set_option(words[i], i + 1 < count ? words[i + 1] : NULL);
        if (taken == 0)
            return -1;
        i += taken;
    }
    return left;
}

bool arguments_fit(const char *command, bool takes_command)
{
    for (int i = 0; i < ROWS; i++) {
        if (!rows[i].is_given && rows[i].usual_overload > 0 &&
            strcmp(command, "overload") == 0)
            *rows[i].number = rows[i].usual_overload;
        if (!rows[i].is_given || takes(command, &rows[i]))
            continue;
        fprintf(stderr, "lab %s: %s is an option of %s: see lab %s --help\n",
                command, rows[i].name, rows[i].commands, command);
        return false;
    }
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        if (!find(pairs[i][0])->is_given || !find(pairs[i][1])->is_given)
            continue;
        fprintf(stderr, "lab %s: expected %s or %s, got both\n", command,
                pairs[i][0], pairs[i][1]);
        return false;
    }
    if (!options.has_command || takes_command)
        return true;
    fprintf(stderr, "lab %s: expected no command after --: see lab %s --help\n",
            command, command);
    return false;
}
