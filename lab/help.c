#include "lab/help.h"
#include "lab/arguments.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { NAME_MAX_LENGTH = 40, NEAR = 2 };

// Which commands take an option. --help is for all.
static const struct {
    const char *option;
    const char *commands;
} uses[] = {
    {"--work-ms", "try matrix rude diff timeline judge"},
    {"--json", "try matrix rude diff load list judge"},
    {"--markdown", "matrix rude list"},
    {"--svg", "timeline"},
    {"--trace", "timeline"},
    {"--rows", "judge"},
    {"--rude", "judge"},
    {"--junit", "judge"},
    {"--points", "judge"},
    {"--clients", "load"},
    {"--seconds", "load"},
    {"--requests", "load"},
    {"--rate", "load"},
    {"--users", "load"},
    {"--get", "load"},
    {"--close", "load"},
};

static const char takes_stages[] = "list try matrix rude diff timeline judge";
static const char takes_sketch[] = "list try matrix rude";
static const char sketch[] = ", or the word sketch: the first poll\n"
                             "server, stage2_async/sketch.c";

int help_expected(const char *command, const char *expected)
{
    fprintf(stderr, "lab %s: expected %s\n", command, expected);
    return EXIT_USAGE;
}

// The length of a text's first line, with its end.
static size_t line_length(const char *text)
{
    size_t length = strcspn(text, "\n");
    return text[length] == '\n' ? length + 1 : length;
}

// An entry is a line that begins with two blanks, and those below it that begin
// with more.
static size_t entry_length(const char *text)
{
    size_t length = line_length(text);
    while (strncmp(text + length, "   ", 3) == 0)
        length += line_length(text + length);
    return length;
}

static bool has_word(const char *words, const char *word, size_t length)
{
    for (; *words != '\0'; words += strspn(words, " ")) {
        size_t found = strcspn(words, " \n");
        if (found == length && strncmp(words, word, length) == 0)
            return true;
        words += found;
    }
    return false;
}

static const char *find_entry(const char *usage, const char *name)
{
    for (; *usage != '\0'; usage += line_length(usage)) {
        bool is_entry = strncmp(usage, "  ", 2) == 0 && usage[2] != ' ';
        size_t length = strcspn(is_entry ? usage + 2 : usage, " \n");
        if (is_entry && length == strlen(name) &&
            strncmp(usage + 2, name, length) == 0)
            return usage;
    }
    return NULL;
}

// A command may have several entries.
static void print_entries(const char *usage, const char *name)
{
    const char *entry;
    while ((entry = find_entry(usage, name)) != NULL) {
        size_t length = entry_length(entry);
        printf("%.*s", (int)length, entry);
        usage = entry + length;
    }
}

void help_print(const char *usage, const char *command)
{
    const char *entry = command != NULL ? find_entry(usage, command) : NULL;
    if (entry == NULL) {
        fputs(usage, stdout);
        return;
    }
    printf("usage: lab COMMAND [OPTION...]\n\n");
    print_entries(usage, command);
    printf("\n");
    if (has_word(takes_stages, command, strlen(command)))
        printf("A STAGE is a number from 1 to 6%s.\n\n",
               has_word(takes_sketch, command, strlen(command)) ? sketch : "");
    for (size_t i = 0; i < sizeof uses / sizeof uses[0]; i++)
        if (has_word(uses[i].commands, command, strlen(command)))
            print_entries(usage, uses[i].option);
    print_entries(usage, "--help");
}

static int smaller(int one, int two)
{
    return one < two ? one : two;
}

// How many letters are missing, wrong or too many.
static int distance(const char *one, const char *two)
{
    int d[NAME_MAX_LENGTH + 1][NAME_MAX_LENGTH + 1];
    int length_one = (int)strlen(one);
    int length_two = (int)strlen(two);
    for (int i = 0; i <= length_one; i++)
        for (int j = 0; j <= length_two; j++) {
            d[i][j] = i + j;
            if (i == 0 || j == 0)
                continue;
            bool is_same = one[i - 1] == two[j - 1];
            d[i][j] = smaller(d[i - 1][j - 1] + !is_same,
                              smaller(d[i - 1][j], d[i][j - 1]) + 1);
            if (i > 1 && j > 1 && one[i - 1] == two[j - 2] &&
                one[i - 2] == two[j - 1])
                d[i][j] = smaller(d[i][j], d[i - 2][j - 2] + 1);
        }
    return d[length_one][length_two];
}

const char *help_nearer(const char *typed, const char *best, const char *name)
{
    int length = (int)strlen(typed);
    if (length > NAME_MAX_LENGTH || strlen(name) > NAME_MAX_LENGTH)
        return best;
    int found = distance(typed, name);
    int before =
        best != NULL ? distance(typed, best) : smaller(NEAR + 1, length);
    return found < before ? name : best;
}

void help_suggest(const char *name)
{
    if (name != NULL)
        fprintf(stderr, "lab: did you mean '%s'?\n", name);
}
