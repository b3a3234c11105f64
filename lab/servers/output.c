#include "lab/servers/output.h"
#include "lab/trouble.h"
#include "lib/base/clock.h"
#include "lib/base/net.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

static void tell_lines(struct output *output)
{
    const char *end;
    while ((end = strchr(output->text + output->line, '\n')) != NULL) {
        const char *line = output->text + output->line;
        if (output->on_line != NULL)
            output->on_line((struct slice){line, (size_t)(end - line)});
        output->line += (size_t)(end - line) + 1;
    }
}

// A NUL byte would end the text.
static void add(struct output *output, const char *bytes, size_t count)
{
    const size_t half = sizeof output->text / 2;
    pthread_mutex_lock(&output->mutex);
    if (output->length + count >= sizeof output->text) {
        size_t dropped = output->length - half;
        memmove(output->text, output->text + dropped, half);
        output->length = half;
        output->line -= output->line < dropped ? output->line : dropped;
    }
    for (size_t i = 0; i < count; i++) {
        char byte = bytes[i];
        if (byte == '\0')
            byte = '?';
        output->text[output->length++] = byte;
    }
    output->text[output->length] = '\0';
    tell_lines(output);
    pthread_mutex_unlock(&output->mutex);
}

// False: the end, or in output_stop that there is no more now.
static bool read_some(struct output *output)
{
    char bytes[4096];
    ssize_t count = read(output->descriptor, bytes, sizeof bytes);
    if (count > 0)
        add(output, bytes, (size_t)count);
    return count > 0 || (count < 0 && errno == EINTR);
}

static void *read_all(void *argument)
{
    struct output *output = argument;
    struct pollfd polled[] = {{.fd = output->descriptor, .events = POLLIN},
                              {.fd = output->wake[0], .events = POLLIN}};
    while (polled[1].revents == 0) {
        if (poll(polled, 2, -1) < 0)
            continue;
        if (polled[0].revents != 0 && !read_some(output))
            polled[0].fd = -1; // no process can write to it any more
    }
    return NULL;
}

static int fail(struct output *output, const char *call)
{
    trouble_note_errno(call);
    close(output->descriptor);
    output->descriptor = -1;
    return -1;
}

int output_start(struct output *output, int descriptor, output_on_line *on_line)
{
    output->descriptor = descriptor;
    output->on_line = on_line;
    output->length = 0;
    output->line = 0;
    output->text[0] = '\0';
    output->is_read = false;
    if (net_set_nonblocking(descriptor) < 0 || net_self_pipe(output->wake) < 0)
        return fail(output, "pipe");
    pthread_mutex_init(&output->mutex, NULL);
    errno = pthread_create(&output->thread, NULL, read_all, output);
    if (errno != 0) {
        close(output->wake[0]);
        close(output->wake[1]);
        return fail(output, "pthread_create");
    }
    output->is_read = true;
    return 0;
}

void output_stop(struct output *output)
{
    enum { READS_MAX = 64 }; // more than a pipe holds, of one that never ends
    if (!output->is_read)
        return;
    while (write(output->wake[1], "", 1) < 0 && errno == EINTR)
        ;
    pthread_join(output->thread, NULL);
    output->is_read = false;
    for (int i = 0; i < READS_MAX && read_some(output); i++)
        ;
    close(output->wake[0]);
    close(output->wake[1]);
    close(output->descriptor);
    output->descriptor = -1;
}

void output_copy(struct output *output, char text[OUTPUT_SIZE])
{
    pthread_mutex_lock(&output->mutex);
    memcpy(text, output->text, OUTPUT_SIZE);
    pthread_mutex_unlock(&output->mutex);
}

bool output_contains(struct output *output, const char *words, int milliseconds)
{
    int64_t end = clock_milliseconds() + milliseconds;
    bool is_found = false;
    while (!is_found) {
        pthread_mutex_lock(&output->mutex);
        is_found = strstr(output->text, words) != NULL;
        pthread_mutex_unlock(&output->mutex);
        if (is_found || clock_milliseconds() >= end)
            break;
        poll(NULL, 0, 2);
    }
    return is_found;
}
