#ifndef THAW_TESTS_STAGES_LAUNCH_H
#define THAW_TESTS_STAGES_LAUNCH_H

// launch.h - starts a server as other programs than the lab do
//
// server_start gives each server the same signals and descriptors. Here the
// test says what the server inherits, or which program starts it.

#include "lib/base/net.h"
#include "tests/stages/stages.h"

#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

enum { LAUNCH_ARGUMENTS_MAX = 16 }; // with those that launch adds

// A server with a file gets one of its own, as the lab gives it one.
static inline void launch_add_database(struct server *stage, char **argv,
                                       int count)
{
    static const char *const words[] = {"{database}", NULL};
    struct settings settings = {0};
    if (server_under_test() != DURABLE)
        return;
    ck_assert_int_eq(database_prepare(&stage->database, words, &settings), 0);
    argv[count] = (char *)"--database";
    argv[count + 1] = (char *)settings.database;
}

// Runs the command, whose first word is looked up in PATH; the word NULL in it
// stands for the server under test. In the new process, `prepare` is called
// first, unless it is NULL. What it prints is read as the lab does it.
static inline void launch(struct server *stage, void prepare(void),
                          const char *const *command, int count)
{
    char *argv[LAUNCH_ARGUMENTS_MAX + 1] = {NULL};
    int ends[2];
    *stage = (struct server){0};
    ck_assert_int_le(count + 2, LAUNCH_ARGUMENTS_MAX);
    for (int i = 0; i < count; i++)
        argv[i] =
            (char *)(command[i] != NULL ? command[i]
                                        : stage_path(server_under_test()));
    launch_add_database(stage, argv, count);
    ck_assert_int_eq(pipe(ends), 0);
    net_set_close_on_exec(ends[0]);
    fflush(NULL);
    stage->pid = fork();
    ck_assert_int_ge(stage->pid, 0);
    if (stage->pid == 0) {
#ifdef __linux__
        prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
        dup2(ends[1], STDOUT_FILENO);
        dup2(ends[1], STDERR_FILENO);
        close(ends[0]);
        close(ends[1]);
        if (prepare != NULL)
            prepare();
        execvp(argv[0], argv);
        _exit(127);
    }
    close(ends[1]);
    ck_assert_int_eq(output_start(&stage->output, ends[0], NULL), 0);
}

// Waits for the line that says the port.
static inline void launched(struct server *stage)
{
    char text[OUTPUT_SIZE];
    bool has_said = output_contains(&stage->output, " listening on ", SOON) &&
                    output_contains(&stage->output, "\n", SOON);
    output_copy(&stage->output, text);
    ck_assert_msg(has_said, "it said: %s", text);
    text[strcspn(text, "\n")] = '\0';
    stage->port = (int)strtol(strrchr(text, ':') + 1, NULL, 10);
}

#endif
