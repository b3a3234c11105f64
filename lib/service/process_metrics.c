#include "lib/service/process_metrics.h"
#include "lib/base/process.h"
#include "lib/service/exposition.h"

#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum { COUNTED_MAX = 65536 }; // descriptors; more would take milliseconds

static const char *name;

void process_metrics_name(const char *program)
{
    name = program;
}

static double seconds_of(struct timeval time)
{
    return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

static void write_cpu(struct buffer *out)
{
    struct rusage usage;
    if (getrusage(RUSAGE_SELF, &usage) == 0)
        exposition_seconds(
            out, "process_cpu_seconds_total", "counter",
            "CPU time of all threads, in the program and in the system.",
            seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime));
}

static void write_start(struct buffer *out)
{
    int64_t start = process_start_milliseconds();
    if (start != 0)
        exposition_seconds(out, "process_start_time_seconds", "gauge",
                           "When the process started, since 1970.",
                           (double)start / 1e3);
}

// poll(2) says of each descriptor that is not open that it is not. Without
// /proc, and of a directory whose entries take milliseconds where a crowd is
// connected.
static int64_t count_descriptors(rlim_t limit)
{
    int64_t count = 0;
    struct pollfd piece[256];
    const rlim_t size = sizeof piece / sizeof piece[0];
    for (rlim_t first = 0; first < limit; first += size) {
        nfds_t length = limit - first < size ? limit - first : size;
        for (nfds_t i = 0; i < length; i++)
            piece[i] = (struct pollfd){.fd = (int)(first + i)};
        if (poll(piece, length, 0) < 0)
            return -1;
        for (nfds_t i = 0; i < length; i++)
            count += (piece[i].revents & POLLNVAL) == 0;
    }
    return count;
}

// Linux 6.2 and later tell it as the size of a directory, which is 0 before.
// -1: unknown.
static int64_t open_descriptors(rlim_t limit)
{
    struct stat status;
    if (stat("/proc/self/fd", &status) == 0 && status.st_size > 0)
        return status.st_size;
    return limit <= COUNTED_MAX ? count_descriptors(limit) : -1;
}

static void write_descriptors(struct buffer *out)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return;
    int64_t count = open_descriptors(limit.rlim_cur);
    if (count >= 0)
        exposition_count(out, "process_open_fds", "gauge",
                         "Descriptors open now.", count);
    if (limit.rlim_cur != RLIM_INFINITY)
        exposition_count(out, "process_max_fds", "gauge",
                         "Descriptors that may be open.",
                         (int64_t)limit.rlim_cur);
}

// The fields of /proc/PID/stat that follow the name, which may have spaces and
// parentheses itself (proc(5)). False: there is no such file.
static bool read_stat(char text[1024])
{
    int file = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return false;
    ssize_t length = read(file, text, 1023);
    close(file);
    text[length > 0 ? length : 0] = '\0';
    const char *end = strrchr(text, ')');
    if (end == NULL)
        return false;
    memmove(text, end + 1, strlen(end + 1) + 1);
    return true;
}

static void write_memory_and_threads(struct buffer *out)
{
    char text[1024];
    int64_t threads; // the 20th field
    int64_t size;    // the 23rd, in bytes
    int64_t pages;   // the 24th, in memory
    if (!read_stat(text) ||
        sscanf(text,
               " %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s "
               "%*s %*s %" SCNd64 " %*s %*s %" SCNd64 " %" SCNd64,
               &threads, &size, &pages) != 3)
        return;
    exposition_count(out, "process_virtual_memory_bytes", "gauge",
                     "Addresses in use.", size);
    exposition_count(out, "process_resident_memory_bytes", "gauge",
                     "Memory in use.", pages * sysconf(_SC_PAGESIZE));
    exposition_count(out, "process_threads", "gauge", "Threads of the process.",
                     threads);
}

static void write_build(struct buffer *out)
{
    if (name == NULL)
        return;
    exposition_begin(out, "thaw_build_info", "gauge",
                     "Always 1; its labels say which program this is.");
    buffer_add_format(
        out, "thaw_build_info{stage=\"%s\",version=\"" THAW_VERSION "\"} 1\n",
        name);
}

void process_metrics_write(struct buffer *out)
{
    write_cpu(out);
    write_start(out);
    write_descriptors(out);
    write_memory_and_threads(out);
    write_build(out);
}
