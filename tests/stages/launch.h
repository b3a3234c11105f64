#ifndef THAW_TESTS_STAGES_LAUNCH_H
#define THAW_TESTS_STAGES_LAUNCH_H

// launch.h - starts a server as other programs than the lab do
//
// stage_start gives each server the same signals and descriptors. Here the test
// says what the server inherits, or which program starts it.

#include "tests/stages/stages.h"

#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

enum { LAUNCH_ARGUMENTS_MAX = 16 };

// Runs the command, whose first word is looked up in PATH; the word NULL in it
// stands for the server under test. In the new process, `prepare` is called
// first, unless it is NULL. Its standard output and error are stage->output.
static inline void launch(struct stage *stage, void prepare(void),
                          const char *const *command, int count)
{
    char *argv[LAUNCH_ARGUMENTS_MAX + 1] = {NULL};
    int ends[2];
    *stage = (struct stage){.number = stage_under_test()};
    for (int i = 0; i < count && i < LAUNCH_ARGUMENTS_MAX; i++)
        argv[i] = (char *)(command[i] != NULL ? command[i]
                                              : stage_path(stage->number));
    ck_assert_int_eq(pipe(ends), 0);
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
    stage->output = ends[0];
}

// Waits for the line that says the port.
static inline void launched(struct stage *stage)
{
    char line[256];
    size_t length = 0;
    struct pollfd polled = {.fd = stage->output, .events = POLLIN};
    while (length + 1 < sizeof line && poll(&polled, 1, SOON) == 1 &&
           read(stage->output, line + length, 1) == 1 && line[length] != '\n')
        length++;
    line[length] = '\0';
    const char *port = strrchr(line, ':');
    ck_assert_msg(strstr(line, " listening on ") != NULL && port != NULL,
                  "it said: %s", line);
    stage->port = (int)strtol(port + 1, NULL, 10);
}

#endif
