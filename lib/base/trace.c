#include "lib/base/trace.h"
#include "lib/base/clock.h"
#include "lib/base/process.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { RECORD_MAX = 512 }; // in bytes

bool trace_is_on;

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER; // guards the others
static int file = -1; // negative: the trace ended, for want of room
static off_t end;     // where the last "]" is

static bool can_create(const char *path)
{
    char directory[4096];
    const char *slash = strrchr(path, '/');
    size_t length = slash == NULL ? 0 : (size_t)(slash - path) + 1;
    if (path[length] == '\0' || length + 2 > sizeof directory)
        return false;
    snprintf(directory, sizeof directory, "%.*s.", (int)length, path);
    return access(directory, W_OK | X_OK) == 0;
}

bool trace_accepts(const char *path)
{
    struct stat status;
    if (stat(path, &status) < 0)
        return errno == ENOENT && can_create(path);
    return (S_ISREG(status.st_mode) || S_ISCHR(status.st_mode)) &&
           access(path, W_OK) == 0;
}

// Threads are numbered in the order of their first event.
static int lane(void)
{
    static atomic_int count;
    static _Thread_local int number;
    if (number == 0)
        number = ++count;
    return number;
}

static double microseconds(int64_t nanoseconds)
{
    return (double)nanoseconds / 1e3;
}

// Part of the bytes may be in the file, in the place of the last "]".
static void end_here(void)
{
    if (pwrite(file, "]\n", 2, end) < 0 || ftruncate(file, end + 2) < 0)
        errno = 0; // a device: it has no bytes
    close(file);
    file = -1;
}

static void write_bytes(const char *bytes, size_t length)
{
    pthread_mutex_lock(&mutex);
    if (file >= 0 && pwrite(file, bytes, length, end) == (ssize_t)length)
        end += (off_t)length - 2;
    else if (file >= 0)
        end_here();
    pthread_mutex_unlock(&mutex);
}

// Adds ",{...}\n" and the "]\n" after it.
__attribute__((format(printf, 1, 2))) static void write_record(const char *text,
                                                               ...)
{
    static const char tail[] = "\n]\n";
    char bytes[RECORD_MAX];
    va_list values;
    va_start(values, text);
    int length = vsnprintf(bytes, sizeof bytes, text, values);
    va_end(values);
    if (length < 0 || (size_t)length + sizeof tail > sizeof bytes)
        return;
    memcpy(bytes + length, tail, sizeof tail);
    write_bytes(bytes, (size_t)length + sizeof tail - 1);
}

static void write_names(const char *program)
{
    write_record("{\"name\": \"process_name\", \"ph\": \"M\", \"pid\": 1, "
                 "\"tid\": %d, \"args\": {\"name\": \"%s\"}}",
                 lane(), program);
    write_record(",{\"name\": \"thread_name\", \"ph\": \"M\", \"pid\": 1, "
                 "\"tid\": %d, \"args\": {\"name\": \"main\"}}",
                 lane());
}

// The system releases the lock when the process ends, however it ends.
static int lock_for_us(int descriptor)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    int result = fcntl(descriptor, F_SETLK, &lock);
    if (result == 0 || (errno != EAGAIN && errno != EACCES))
        return 0; // not every file system has locks
    errno = EBUSY;
    return -1;
}

// A terminal is a device, too, but has no place to write at.
static int begin(int descriptor)
{
    struct stat status;
    if (fstat(descriptor, &status) < 0 || lseek(descriptor, 0, SEEK_SET) < 0)
        return -1;
    if (S_ISCHR(status.st_mode))
        return 0;
    if (!S_ISREG(status.st_mode)) {
        errno = EINVAL;
        return -1;
    }
    if (lock_for_us(descriptor) < 0 || ftruncate(descriptor, 0) < 0)
        return -1;
    return pwrite(descriptor, "[\n]\n", 4, 0) == 4 ? 0 : -1;
}

// O_NONBLOCK: a FIFO without a reader is an error, and does not block.
int trace_open(const char *path, const char *program)
{
    if (path == NULL)
        return 0;
    int descriptor = open(
        path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0666);
    if (descriptor < 0 || begin(descriptor) < 0) {
        int saved = errno;
        if (descriptor >= 0)
            close(descriptor);
        errno = saved;
        return process_cannot("write the trace %s", path);
    }
    file = descriptor;
    end = 2;
    trace_is_on = true;
    write_names(program);
    return 0;
}

void trace_write_instant(const char *name, int64_t id)
{
    write_record(",{\"name\": \"%s\", \"ph\": \"i\", \"s\": \"t\", "
                 "\"ts\": %.1f, \"pid\": 1, \"tid\": %d, "
                 "\"args\": {\"id\": %" PRId64 "}}",
                 name, microseconds(clock_nanoseconds()), lane(), id);
}

void trace_write_span(const char *name, int64_t start)
{
    write_record(",{\"name\": \"%s\", \"ph\": \"X\", \"ts\": %.1f, "
                 "\"dur\": %.1f, \"pid\": 1, \"tid\": %d}",
                 name, microseconds(start),
                 microseconds(clock_nanoseconds() - start), lane());
}

void trace_write_count(const char *name, int64_t count)
{
    write_record(",{\"name\": \"%s\", \"ph\": \"C\", \"ts\": %.1f, \"pid\": 1, "
                 "\"tid\": %d, \"args\": {\"count\": %" PRId64 "}}",
                 name, microseconds(clock_nanoseconds()), lane(), count);
}
