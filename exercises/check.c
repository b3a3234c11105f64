#include "exercises/check.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum { SECONDS = 5 }; // for a step, when THAW_CHECK_SECONDS says nothing

static const char *likely_hang = "";
static const char *likely_crash;
static double seconds = SECONDS;

void check_doing(const char *if_it_hangs, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    // The learner's code may have printed a part of a line.
    printf("\ndoing: ");
    vprintf(format, values);
    printf("\n");
    va_end(values);
    likely_hang = if_it_hangs;
}

void check_fail(const char *came, const char *wanted, const char *likely)
{
    printf("\ncame: %s\nwanted: %s\nlikely: %s\n", came, wanted, likely);
    _exit(EXIT_FAILURE);
}

const char *check_text(const char *format, ...)
{
    static char texts[8][256];
    static unsigned next;
    char *text = texts[next++ % 8];
    va_list values;
    va_start(values, format);
    vsnprintf(text, sizeof texts[0], format, values);
    va_end(values);
    return text;
}

bool check_until(bool is_true(void *), void *context, int milliseconds)
{
    const struct timespec pause = {.tv_nsec = 1000000};
    for (int i = 0; i < milliseconds; i++) {
        if (is_true(context))
            return true;
        nanosleep(&pause, NULL);
    }
    return is_true(context);
}

// A handler may use only such functions as write.
static void print(const char *text)
{
    if (write(STDOUT_FILENO, text, strlen(text)) < 0)
        _exit(EXIT_FAILURE);
}

// The signal then ends the program, so that its number is seen.
static void explain_the_crash(int number)
{
    if (likely_crash != NULL) {
        print("\nlikely: ");
        print(likely_crash);
        print("\n");
    }
    raise(number);
}

void check_crash(const char *if_it_crashes)
{
    likely_crash = if_it_crashes;
}

static void end_the_hang(int number)
{
    struct timespec used;
    (void)number;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    print("\ncame: no end: it was stopped after some seconds, in which it ");
    print((double)used.tv_sec + (double)used.tv_nsec / 1e9 > seconds / 10
              ? "computed all the time\n"
              : "only waited\n");
    print("wanted: an end\nlikely: ");
    print(likely_hang);
    print("\n");
    _exit(EXIT_FAILURE);
}

static void limit_time(void)
{
    const char *text = getenv("THAW_CHECK_SECONDS");
    struct sigaction action = {.sa_handler = end_the_hang};
    struct itimerval timer = {0};
    if (text != NULL && atof(text) > 0)
        seconds = atof(text);
    timer.it_value.tv_sec = (time_t)seconds;
    timer.it_value.tv_usec =
        (suseconds_t)((seconds - (double)timer.it_value.tv_sec) * 1e6);
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &timer, NULL);
}

// A sanitizer's own handlers stay.
static void see_crashes(void)
{
    static const int crashes[] = {SIGSEGV, SIGBUS, SIGABRT, SIGFPE};
    for (size_t i = 0; i < sizeof crashes / sizeof crashes[0]; i++) {
        struct sigaction action;
        if (sigaction(crashes[i], NULL, &action) == 0 &&
            action.sa_handler == SIG_DFL) {
            action = (struct sigaction){.sa_handler = explain_the_crash,
                                        .sa_flags = (int)SA_RESETHAND};
            sigaction(crashes[i], &action, NULL);
        }
    }
}

static int usage(const char *program, const struct check *checks, size_t count)
{
    printf("usage: %s STEP\nsteps:", program);
    for (size_t i = 0; i < count; i++)
        printf(" %s", checks[i].name);
    printf("\n");
    return 2;
}

int check_main(int argc, char **argv, const struct check *checks, size_t count)
{
    // A crash must not take along what was printed before it.
    setvbuf(stdout, NULL, _IONBF, 0);
    for (size_t i = 0; i < count; i++) {
        if (argc == 2 && strcmp(argv[1], checks[i].name) == 0) {
            const char *word = getenv("THAW_CHECK_WORD");
            char last[64];
            snprintf(last, sizeof last, "\n%s\n",
                     word != NULL ? word : "passed");
            unsetenv("THAW_CHECK_WORD");
            limit_time();
            see_crashes();
            checks[i].run();
            fputs(last, stdout);
            return EXIT_SUCCESS;
        }
    }
    return usage(argv[0], checks, count);
}
