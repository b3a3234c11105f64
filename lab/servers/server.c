#include "lab/servers/server.h"
#include "lab/servers/port.h"
#include "lab/servers/spawn.h"
#include "lab/trouble.h"
#include "lib/base/clock.h"

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

enum { START_MS = 20000, STOP_MS = 20000 }; // on a busy machine
enum { RUNNING_MAX = 16 };

// For the signal handler, which may end this program at any moment: processes,
// or groups of processes, which are negative. 0: free.
static volatile pid_t running[RUNNING_MAX];

static void kill_all(void)
{
    for (int i = 0; i < RUNNING_MAX; i++)
        if (running[i] != 0)
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

void servers_end_with_parent(pid_t parent)
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

bool server_has_ended(const struct server *server)
{
    siginfo_t found = {0};
    return server->pid > 0 &&
           waitid(P_PID, (id_t)server->pid, &found,
                  WEXITED | WNOHANG | WNOWAIT) == 0 &&
           found.si_pid != 0;
}

bool server_is_ending(const struct server *server)
{
    enum { ENDING_MS = 2000 };
    int64_t end = clock_milliseconds() + ENDING_MS;
    while (server->pid > 0 && !port_is_listening(server->port) &&
           !server_has_ended(server) && clock_milliseconds() < end)
        poll(NULL, 0, 2);
    return server_has_ended(server);
}

// False: it has ended, or the time is over.
static bool wait_until_it_listens(const struct server *server)
{
    enum { PAUSE_MAX = 50 }; // to look costs more than a few microseconds
    int pause_ms = 2;
    int64_t end = clock_milliseconds() + START_MS;
    while (!port_is_listening(server->port)) {
        if (server_has_ended(server) || clock_milliseconds() >= end)
            return false;
        poll(NULL, 0, pause_ms);
        pause_ms = 2 * pause_ms < PAUSE_MAX ? 2 * pause_ms : PAUSE_MAX;
    }
    return true;
}

static void tell_fault(struct server *server, bool has_ended)
{
    if (!has_ended)
        snprintf(server->fault, sizeof server->fault,
                 "after %d s it does not listen on 127.0.0.1, port %d",
                 START_MS / 1000, server->port);
    else if (server->exit_status >= 0)
        snprintf(server->fault, sizeof server->fault,
                 "it ended with status %d before it listened",
                 server->exit_status);
    else
        snprintf(server->fault, sizeof server->fault,
                 "signal %d ended it before it listened", server->exit_signal);
}

// Returns 0; or -1, and then it is gone and `fault` says why.
static int wait_for_start(struct server *server, bool *has_ended)
{
    *has_ended = false;
    if (wait_until_it_listens(server))
        return 0;
    *has_ended = server_has_ended(server);
    server_wait(server, 0);
    tell_fault(server, *has_ended);
    return -1;
}

// Returns 0, or -1; *is_taken says whether another program took the port.
static int start_once(struct server *server, const struct command *command,
                      struct settings settings, bool *is_taken)
{
    *server = (struct server){.port = port_reserve(&server->reservation)};
    settings.port = server->port;
    *is_taken = false;
    if (server->port < 0 ||
        database_prepare(&server->database, command->words, &settings) < 0 ||
        spawn_server(server, command, &settings) < 0) {
        server_wait(server, 0);
        return -1;
    }
    replace_running(0, spawn_target(server));
    bool has_ended;
    int result = wait_for_start(server, &has_ended);
    *is_taken = result < 0 && has_ended && !port_is_free(server->port);
    return result;
}

int server_start(struct server *server, const struct command *command,
                 const struct settings *settings)
{
    enum { TRIES = 5 };
    bool is_taken = true;
    int result = -1;
    end_servers_with_us();
    if (command->words[0] == NULL) {
        *server = (struct server){.port = command->port};
        if (port_is_listening(server->port))
            return 0;
        snprintf(server->fault, sizeof server->fault,
                 "no server listens on 127.0.0.1, port %d", server->port);
        return -1;
    }
    for (int i = 0; i < TRIES && is_taken; i++)
        result = start_once(server, command, *settings, &is_taken);
    if (result < 0 && trouble() != NULL)
        snprintf(server->fault, sizeof server->fault, "%s", trouble());
    return result;
}

void server_signal(const struct server *server, int signal)
{
    if (server->pid > 0)
        kill(spawn_target(server), signal);
}

// It keeps what a server that is started again needs.
static void wait_for_end(struct server *server, int milliseconds)
{
    int status = 0;
    int64_t end = clock_milliseconds() + milliseconds;
    // POSIX has no wait with a time-out, so look every 2 ms.
    while (server->pid > 0 && waitpid(server->pid, &status, WNOHANG) == 0) {
        if (clock_milliseconds() >= end)
            server_signal(server, SIGKILL);
        poll(NULL, 0, 2);
    }
    if (server->pid > 0) {
        spawn_end_group(server);
        replace_running(spawn_target(server), 0);
    }
    output_stop(&server->output);
    server->pid = 0;
    server->exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    server->exit_signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

int server_wait(struct server *server, int milliseconds)
{
    wait_for_end(server, milliseconds);
    if (server->reservation > 0)
        close(server->reservation);
    database_remove(&server->database);
    server->reservation = 0;
    return server->exit_status;
}

// What it has started dies a moment later, and may listen, too.
void server_kill(struct server *server)
{
    enum { GONE_MS = 2000 };
    server_signal(server, SIGKILL);
    wait_for_end(server, 0);
    int64_t end = clock_milliseconds() + GONE_MS;
    while (port_is_listening(server->port) && clock_milliseconds() < end)
        poll(NULL, 0, 2);
}

int server_respawn(struct server *server, const struct command *command,
                   const struct settings *settings)
{
    struct settings same = *settings;
    *server = (struct server){.port = server->port,
                              .reservation = server->reservation,
                              .database = server->database};
    same.port = server->port;
    if (database_prepare(&server->database, command->words, &same) < 0 ||
        spawn_server(server, command, &same) < 0) {
        server_wait(server, 0);
        return -1;
    }
    replace_running(0, spawn_target(server));
    return 0;
}

int server_wait_ready(struct server *server)
{
    bool has_ended;
    return wait_for_start(server, &has_ended);
}

void server_close_output(struct server *server)
{
    output_stop(&server->output);
}

int server_stop(struct server *server)
{
    server_signal(server, SIGTERM);
    return server_wait(server, STOP_MS);
}
