#include "lab/servers/stage.h"
#include "lab/trouble.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

#include "lib/base/clock.h"
#include "lib/base/net.h"
#include "lib/base/process.h"

enum { START_MS = 20000, STOP_MS = 20000 }; // on a busy machine
enum { RUNNING_MAX = 16 };

static const char *const names[SERVERS] = {
    "stage1_blocking", "stage2_async", "stage3_parse",  "stage4_slow",
    "stage5_queue",    "stage6_pool",  "stage2_sketch",
};

// For the signal handler, which may end this program at any moment. 0: free.
static volatile pid_t running[RUNNING_MAX];

const char *stage_name(int number)
{
    return names[number - 1];
}

static void kill_all(void)
{
    for (int i = 0; i < RUNNING_MAX; i++)
        if (running[i] > 0)
            kill(running[i], SIGKILL);
}

static void on_signal(int number)
{
    kill_all();
    _exit(128 + number);
}

// Ctrl-C in a terminal also reaches the servers. A kill from elsewhere, a
// failed assertion or an early exit would leave them running.
static void end_servers_with_us(void)
{
    static bool is_done = false;
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGABRT, SIGSEGV};
    if (is_done)
        return;
    is_done = true;
    atexit(kill_all);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        struct sigaction action = {.sa_handler = on_signal};
        struct sigaction before;
        sigaction(numbers[i], &action, &before);
        if (numbers[i] == SIGHUP && before.sa_handler == SIG_IGN)
            sigaction(SIGHUP, &before, NULL); // nohup
    }
}

void stage_end_with_parent(pid_t parent)
{
    for (int i = 0; i < RUNNING_MAX; i++)
        running[i] = 0;
#ifdef __linux__
    prctl(PR_SET_PDEATHSIG, SIGTERM);
#endif
    if (getppid() != parent)
        _exit(EXIT_FAILURE);
}

static void replace_running(pid_t from, pid_t to)
{
    for (int i = 0; i < RUNNING_MAX; i++)
        if (running[i] == from) {
            running[i] = to;
            return;
        }
}

// In the child, between fork and exec. The server gets what a shell gives it.
static _Noreturn void become_server(const char *path, char *const *arguments,
                                    int output, pid_t parent)
{
#ifdef __linux__
    // On Linux even SIGKILL to the lab ends its servers. If the lab died before
    // this call, the parent is another process now.
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(127);
#else
    (void)parent;
#endif
    process_init();
    signal(SIGXFSZ, SIG_DFL);
    dup2(output, STDOUT_FILENO);
    dup2(output, STDERR_FILENO);
    execv(path, arguments);
    perror(path);
    _exit(127);
}

static int spawn(struct stage *stage, const char *const *arguments)
{
    char *all[STAGE_ARGUMENTS_MAX + 6] = {(char *)stage_name(stage->number),
                                          (char *)"--port", (char *)"0"};
    char *backend = getenv("THAW_BACKEND");
    int count = 3;
    if (backend != NULL && stage->number >= 2 && stage->number <= STAGES) {
        all[count++] = (char *)"--backend";
        all[count++] = backend;
    }
    for (int i = 0; arguments != NULL && arguments[i] != NULL; i++)
        all[count++] = (char *)arguments[i];
    int ends[2];
    if (pipe(ends) < 0) {
        trouble_note_errno("pipe");
        return -1;
    }
    net_set_close_on_exec(ends[0]);
    net_set_close_on_exec(ends[1]);
    fflush(NULL);
    pid_t parent = getpid();
    stage->pid = fork();
    if (stage->pid == 0)
        become_server(stage_path(stage->number), all, ends[1], parent);
    if (stage->pid < 0)
        trouble_note_errno("fork");
    close(ends[1]);
    stage->output = ends[0];
    if (stage->pid > 0)
        replace_running(0, stage->pid);
    else
        close(ends[0]);
    return stage->pid > 0 ? 0 : -1;
}

// Reads the first line, which the server prints when it listens.
static bool read_line(int output, char *line, size_t size)
{
    size_t length = 0;
    int64_t end = clock_milliseconds() + START_MS;
    while (length + 1 < size) {
        int64_t left = end - clock_milliseconds();
        struct pollfd polled = {.fd = output, .events = POLLIN};
        if (left <= 0 || poll(&polled, 1, (int)left) <= 0)
            break;
        if (read(output, line + length, 1) <= 0)
            break;
        if (line[length++] == '\n')
            break;
    }
    line[length] = '\0';
    return length > 0 && line[length - 1] == '\n';
}

int stage_start(struct stage *stage, int number, const char *const *arguments)
{
    char line[512];
    *stage = (struct stage){.number = number};
    end_servers_with_us();
    if (spawn(stage, arguments) < 0)
        return -1;
    bool is_whole = read_line(stage->output, line, sizeof line);
    const char *colon = strrchr(line, ':');
    if (is_whole && strstr(line, " listening on ") != NULL && colon != NULL)
        stage->port = (int)strtol(colon + 1, NULL, 10);
    if (stage->port > 0)
        return 0;
    fprintf(stderr, "%s did not start: %s\n", stage_path(number), line);
    stage_wait(stage, 0);
    return -1;
}

void stage_signal(const struct stage *stage, int signal)
{
    kill(stage->pid, signal);
}

// Of too much output, only the end stays.
static void read_output(struct stage *stage)
{
    struct pollfd polled = {.fd = stage->output, .events = POLLIN};
    while (poll(&polled, 1, 0) > 0) {
        size_t length = strlen(stage->printed);
        size_t half = sizeof stage->printed / 2;
        if (length >= half) {
            memmove(stage->printed, stage->printed + half, length - half + 1);
            length -= half;
        }
        ssize_t count = read(stage->output, stage->printed + length, half - 1);
        if (count <= 0)
            return;
        stage->printed[length + (size_t)count] = '\0';
    }
}

int stage_wait(struct stage *stage, int milliseconds)
{
    int status = 0;
    int64_t end = clock_milliseconds() + milliseconds;
    // POSIX has no wait with a time-out, so look every 2 ms.
    while (waitpid(stage->pid, &status, WNOHANG) == 0) {
        if (clock_milliseconds() >= end)
            kill(stage->pid, SIGKILL);
        read_output(stage);
        poll(NULL, 0, 2);
    }
    read_output(stage);
    if (stage->output >= 0)
        close(stage->output);
    replace_running(stage->pid, 0);
    stage->pid = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

void stage_close_output(struct stage *stage)
{
    close(stage->output);
    stage->output = -1;
}

int stage_stop(struct stage *stage)
{
    stage_signal(stage, SIGTERM);
    return stage_wait(stage, STOP_MS);
}
