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

static const char *const names[SERVERS] = {
    "stage1_blocking", "stage2_async", "stage3_parse",  "stage4_slow",
    "stage5_queue",    "stage6_pool",  "stage2_sketch",
};

const char *stage_name(int number)
{
    return names[number - 1];
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
    int length =
        snprintf(path, PATH_SIZE, "%s/%s/%s", directory,
                 stage_name(number == SKETCH ? 2 : number), stage_name(number));
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

void stage_command(struct command *command, int number,
                   const char *const *arguments)
{
    static char paths[SERVERS][PATH_SIZE];
    const char *backend = getenv("THAW_BACKEND");
    int count = 1;
    snprintf(paths[number - 1], PATH_SIZE, "%s", stage_path(number));
    *command = (struct command){.words = {paths[number - 1]}, .is_ours = true};
    if (backend != NULL && number >= 2 && number <= STAGES) {
        command->words[count++] = "--backend";
        command->words[count++] = backend;
    }
    for (int i = 0;
         arguments != NULL && arguments[i] != NULL && count + 1 < COMMAND_MAX;
         i++)
        command->words[count++] = arguments[i];
}
