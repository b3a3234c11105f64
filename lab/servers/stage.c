#include "lab/servers/stage.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#ifdef __APPLE__
#include <mach-o/dyld.h>
#endif

enum { PATH_SIZE = 4096 };

static const struct {
    const char *word;
    const char *name;
    const char *directory;
    const char *options[3]; // with which the lab always starts it
} programs[SERVERS] = {
    {"1", "stage1_blocking", "stage1_blocking", {NULL}},
    {"2", "stage2_async", "stage2_async", {NULL}},
    {"3", "stage3_parse", "stage3_parse", {NULL}},
    {"4", "stage4_slow", "stage4_slow", {NULL}},
    {"5", "stage5_queue", "stage5_queue", {NULL}},
    {"6", "stage6_pool", "stage6_pool", {NULL}},
    {"sketch", "stage2_sketch", "stage2_async", {NULL}},
    {"lanes", "lanes", "beyond/lanes", {NULL}},
    {"durable", "durable", "beyond/durable", {"--database", "{database}"}},
    {"shared", "shared", "beyond/shared", {"--schema", "{schema}"}},
};

const char *stage_name(int number)
{
    return programs[number - 1].name;
}

const char *stage_word(int number)
{
    return programs[number - 1].word;
}

const char *stage_directory(int number)
{
    return programs[number - 1].directory;
}

int stage_find(const char *word)
{
    int number = SERVERS;
    while (number > 0 && strcmp(word, stage_word(number)) != 0)
        number--;
    return number;
}

// The path of this program. False: this system does not say.
static bool own_path(char path[PATH_SIZE])
{
#ifdef __APPLE__
    uint32_t size = PATH_SIZE;
    return _NSGetExecutablePath(path, &size) == 0;
#else
    static const char *const links[] = {
        "/proc/self/exe",     // Linux
        "/proc/curproc/exe",  // NetBSD
        "/proc/curproc/file", // FreeBSD
    };
    for (size_t i = 0; i < sizeof links / sizeof links[0]; i++) {
        ssize_t length = readlink(links[i], path, PATH_SIZE - 1);
        if (length > 0) {
            path[length] = '\0';
            return true;
        }
    }
    return false;
#endif
}

// Makes the path of a server. Returns whether it is there.
static bool is_file_of(char path[PATH_SIZE], const char *directory, int number)
{
    int length = snprintf(path, PATH_SIZE, "%s/%s/%s", directory,
                          stage_directory(number), stage_name(number));
    return length < PATH_SIZE && access(path, F_OK) == 0;
}

// Removes the last name of a path.
static void go_up(char path[PATH_SIZE])
{
    char *slash = strrchr(path, '/');
    if (slash != NULL)
        *slash = '\0';
}

// The lab is BUILD/lab/lab, and a test may be BUILD/tests/stages/test_wire. If
// neither directory has the server, the path is where the lab's should be.
static void find_beside(char path[PATH_SIZE], char own[PATH_SIZE], int number)
{
    go_up(own);
    go_up(own);
    if (is_file_of(path, own, number))
        return;
    char above[PATH_SIZE];
    snprintf(above, sizeof above, "%s", own);
    go_up(above);
    if (!is_file_of(path, above, number))
        is_file_of(path, own, number);
}

const char *stage_path(int number)
{
    static char path[PATH_SIZE];
    char own[PATH_SIZE];
    const char *build = getenv("THAW_BUILD");
    if (build != NULL)
        is_file_of(path, build, number);
    else if (own_path(own))
        find_beside(path, own, number);
    else
        snprintf(path, sizeof path, "%s: set THAW_BUILD to the build directory",
                 stage_name(number));
    return path;
}

const char *stage_missing(int number)
{
    if (number < LANES)
        return NULL;
    if (access(stage_path(number), F_OK) != 0)
        return number == LANES ? "not built: meson compile -C build"
                               : "not built: ./workshop setup beyond";
    if (number == SHARED && getenv("PGHOST") == NULL)
        return "no PostgreSQL here (PGHOST is not set): "
               "beyond/shared/postgres.py";
    return NULL;
}

static void add_words(struct command *command, const char *const *words)
{
    int count = 0;
    while (command->words[count] != NULL)
        count++;
    while (*words != NULL && count + 1 < COMMAND_MAX)
        command->words[count++] = *words++;
}

void stage_command(struct command *command, int number,
                   const char *const *arguments)
{
    static char paths[SERVERS][PATH_SIZE];
    const char *backend = getenv("THAW_BACKEND");
    snprintf(paths[number - 1], PATH_SIZE, "%s", stage_path(number));
    *command = (struct command){.words = {paths[number - 1]}, .is_ours = true};
    if (backend != NULL && number != 1 && number != SKETCH)
        add_words(command, (const char *[]){"--backend", backend, NULL});
    add_words(command, programs[number - 1].options);
    if (arguments != NULL)
        add_words(command, arguments);
}
