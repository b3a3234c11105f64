#include "lab/watch/terminal.h"
#include "lab/screen.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

enum { LAST_WORDS_MS = 200 }; // for a terminal that takes no bytes

static const char opening[] = "\033[?1049h\033[?25l";
static const char closing[] = "\033[0m\033[?25h\033[?1049l";

static const int ending[] = {SIGINT,  SIGTERM, SIGHUP,  SIGQUIT, SIGPIPE,
                             SIGABRT, SIGSEGV, SIGBUS,  SIGFPE,  SIGILL,
                             SIGALRM, SIGUSR1, SIGUSR2, SIGXCPU};

static struct termios before;
static bool has_keys; // standard input is a terminal, too
static volatile sig_atomic_t is_open;
static volatile sig_atomic_t is_stale;

// What follows is also called by signal handlers: tcsetattr, poll and write may
// be (POSIX, "Signal Concepts").

// Not longer than LAST_WORDS_MS: a terminal that hangs must not keep us.
static void write_now(const char *text, size_t length)
{
    struct pollfd polled = {.fd = STDOUT_FILENO, .events = POLLOUT};
    if (poll(&polled, 1, LAST_WORDS_MS) > 0 &&
        write(STDOUT_FILENO, text, length) < 0)
        return; // the terminal is gone: nothing is to be restored
}

// Ctrl-S is no more than a key: it would halt what restores the terminal, too.
static void enter(void)
{
    struct termios keys = before;
    is_open = 1; // from here on there is something to undo
    keys.c_iflag &= ~(tcflag_t)IXON;
    keys.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    keys.c_cc[VMIN] = 1;
    keys.c_cc[VTIME] = 0;
    if (has_keys)
        tcsetattr(STDIN_FILENO, TCSANOW, &keys);
    write_now(opening, sizeof opening - 1);
    is_stale = 1;
}

static void leave(void)
{
    if (!is_open)
        return;
    write_now(closing, sizeof closing - 1);
    if (has_keys)
        tcsetattr(STDIN_FILENO, TCSANOW, &before);
    is_open = 0; // last: a signal before this undoes it again
}

static void set_action(int signal, void (*handler)(int), int flags)
{
    struct sigaction action = {.sa_handler = handler, .sa_flags = flags};
    sigemptyset(&action.sa_mask);
    sigaction(signal, &action, NULL);
}

// The action is the default again (SA_RESETHAND), and ends the program as soon
// as this function has returned.
static void on_end(int signal)
{
    leave();
    raise(signal);
}

static void on_stop(int signal)
{
    int error = errno;
    sigset_t set;
    leave();
    set_action(signal, SIG_DFL, 0);
    raise(signal);
    sigemptyset(&set);
    sigaddset(&set, signal);
    sigprocmask(SIG_UNBLOCK, &set, NULL); // it stops here
    set_action(signal, on_stop, SA_RESTART);
    errno = error;
}

// A shell that was there meanwhile has used the terminal.
static void on_continue(int signal)
{
    int error = errno;
    (void)signal;
    enter();
    errno = error;
}

static void on_resize(int signal)
{
    (void)signal;
    is_stale = 1;
}

// nohup wants SIGHUP to be ignored.
static bool is_ignored(int signal)
{
    struct sigaction action;
    return sigaction(signal, NULL, &action) == 0 &&
           action.sa_handler == SIG_IGN;
}

bool terminal_open(void)
{
    if (!screen_takes_escapes(STDOUT_FILENO))
        return false;
    has_keys = tcgetattr(STDIN_FILENO, &before) == 0;
    for (size_t i = 0; i < sizeof ending / sizeof ending[0]; i++)
        if (!is_ignored(ending[i]))
            set_action(ending[i], on_end, (int)SA_RESETHAND);
    if (!is_ignored(SIGTSTP))
        set_action(SIGTSTP, on_stop, SA_RESTART);
    set_action(SIGCONT, on_continue, SA_RESTART);
    set_action(SIGWINCH, on_resize, SA_RESTART);
    enter();
    return true;
}

// A signal from now on ends the program without this.
void terminal_close(void)
{
    set_action(SIGCONT, SIG_DFL, 0);
    leave();
}

bool terminal_size(int *rows, int *columns)
{
    struct winsize size;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_row == 0 ||
        size.ws_col == 0)
        return false;
    *rows = size.ws_row;
    *columns = size.ws_col;
    return true;
}

bool terminal_is_stale(void)
{
    bool was_stale = is_stale != 0;
    is_stale = 0;
    return was_stale;
}

bool terminal_write(struct slice frame)
{
    struct pollfd polled = {.fd = STDOUT_FILENO, .events = POLLOUT};
    if (poll(&polled, 1, 0) <= 0)
        return false;
    while (frame.length > 0) {
        ssize_t written = write(STDOUT_FILENO, frame.bytes, frame.length);
        if (written < 0 && errno != EINTR)
            return false;
        if (written > 0)
            frame = slice_after(frame, (size_t)written);
    }
    return true;
}

int terminal_key(int milliseconds)
{
    char key;
    struct pollfd polled[] = {
        {.fd = has_keys ? STDIN_FILENO : -1, .events = POLLIN},
        {.fd = STDOUT_FILENO}, // POLLHUP and POLLERR
    };
    if (poll(polled, 2, milliseconds) <= 0)
        return 0;
    if (polled[1].revents & (POLLHUP | POLLERR))
        return -1;
    if (polled[0].revents == 0)
        return 0;
    return read(STDIN_FILENO, &key, 1) == 1 ? (unsigned char)key : -1;
}
