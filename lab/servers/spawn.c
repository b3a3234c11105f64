#include "lab/servers/spawn.h"
#include "lab/trouble.h"
#include "lib/base/net.h"
#include "lib/base/printable.h"
#include "lib/base/process.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

enum { WORDS_SIZE = 64 * 1024 }; // in bytes, of a whole command

// The ends of the pipes that a new server inherits.
struct inherited {
    int output;
    int error; // closed by exec; or it gets errno
};

// The words with their {names} replaced, in memory of the caller's.
static int replace_words(struct server *server, const struct command *command,
                         const struct settings *settings,
                         char *words[COMMAND_MAX], char text[WORDS_SIZE])
{
    size_t length = 0;
    int count = 0;
    for (; command->words[count] != NULL; count++) {
        words[count] = text + length;
        if (!settings_replace(settings, command->words[count], words[count],
                              WORDS_SIZE - length)) {
            snprintf(server->fault, sizeof server->fault,
                     "its command is too long");
            return -1;
        }
        length += strlen(words[count]) + 1;
    }
    words[count] = NULL;
    return 0;
}

static void end_with_lab(pid_t parent)
{
#ifdef __linux__
    // If the lab died before this call, the parent is another process now.
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(127);
#else
    (void)parent;
#endif
}

// In the child, between fork and exec. The server gets what a shell gives it,
// but no terminal to read from.
static _Noreturn void become_server(char *const *words,
                                    const struct command *command,
                                    struct inherited ends, pid_t parent)
{
    assert(words[0] != NULL); // a command has a name
    end_with_lab(parent);
    process_init();
    signal(SIGXFSZ, SIG_DFL);
    if (!command->is_ours)
        setpgid(0, 0);
    if (command->prepare != NULL)
        command->prepare();
    int nothing = open("/dev/null", O_RDONLY);
    if (nothing >= 0)
        dup2(nothing, STDIN_FILENO);
    if (nothing > STDERR_FILENO)
        close(nothing);
    dup2(ends.output, STDOUT_FILENO);
    dup2(ends.output, STDERR_FILENO);
    execvp(words[0], words);
    int error = errno;
    if (write(ends.error, &error, sizeof error) < 0)
        _exit(126);
    _exit(127);
}

static int open_pipes(int output[2], int error[2])
{
    if (pipe(output) < 0)
        return -1;
    if (pipe(error) < 0) {
        close(output[0]);
        close(output[1]);
        return -1;
    }
    for (int i = 0; i < 2; i++) {
        net_set_close_on_exec(output[i]);
        net_set_close_on_exec(error[i]);
    }
    return 0;
}

// Waits until the child runs the command, or cannot.
static int read_error(int error)
{
    int found = 0;
    ssize_t count;
    do
        count = read(error, &found, sizeof found);
    while (count < 0 && errno == EINTR);
    return count == sizeof found ? found : 0;
}

// `read x` succeeds when the lab writes a line, and fails when it has ended.
static void start_guard(struct server *server)
{
    static const char script[] = "read x || kill -9 -$1";
    char group[16];
    int ends[2];
    if (pipe(ends) < 0)
        return;
    net_set_close_on_exec(ends[0]);
    net_set_close_on_exec(ends[1]);
    snprintf(group, sizeof group, "%d", (int)server->pid);
    server->guard = fork();
    if (server->guard == 0) {
        process_init();
        setpgid(0, 0);
        dup2(ends[0], STDIN_FILENO);
        execl("/bin/sh", "sh", "-c", script, "sh", group, (char *)NULL);
        _exit(127);
    }
    close(ends[0]);
    server->guard_pipe = ends[1];
    if (server->guard < 0) {
        close(ends[1]);
        server->guard = 0;
    }
}

static void cannot_run(struct server *server, const char *word, int error)
{
    waitpid(server->pid, NULL, 0);
    server->pid = 0;
    char shown[sizeof server->fault - 100];
    snprintf(server->fault, sizeof server->fault, "cannot run %s: %s",
             printable_text(shown, sizeof shown, word), strerror(error));
}

static int spawn_words(struct server *server, const struct command *command,
                       char *const *words)
{
    int output[2];
    int error[2];
    if (open_pipes(output, error) < 0) {
        trouble_note_errno("pipe");
        return -1;
    }
    fflush(NULL);
    pid_t parent = getpid();
    server->pid = fork();
    if (server->pid == 0)
        become_server(words, command, (struct inherited){output[1], error[1]},
                      parent);
    if (server->pid < 0)
        trouble_note_errno("fork");
    close(output[1]);
    close(error[1]);
    int found = server->pid > 0 ? read_error(error[0]) : 0;
    close(error[0]);
    if (found != 0)
        cannot_run(server, words[0], found);
    if (server->pid <= 0) {
        server->pid = 0;
        close(output[0]);
        return -1;
    }
    if (server->leads_group)
        start_guard(server);
    return output_start(&server->output, output[0], command->on_line);
}

int spawn_server(struct server *server, const struct command *command,
                 const struct settings *settings)
{
    char *words[COMMAND_MAX];
    char *text = malloc(WORDS_SIZE);
    int result = -1;
    server->leads_group = !command->is_ours;
    if (text == NULL)
        trouble_note_errno("malloc");
    else if (replace_words(server, command, settings, words, text) == 0) {
        settings_to_environment(settings);
        result = spawn_words(server, command, words);
    }
    free(text);
    return result;
}

pid_t spawn_target(const struct server *server)
{
    return server->leads_group ? -server->pid : server->pid;
}

void spawn_end_group(struct server *server)
{
    if (server->leads_group)
        kill(-server->pid, SIGKILL);
    if (server->guard <= 0)
        return;
    while (write(server->guard_pipe, "\n", 1) < 0 && errno == EINTR)
        ;
    close(server->guard_pipe);
    waitpid(server->guard, NULL, 0);
    server->guard = 0;
}
