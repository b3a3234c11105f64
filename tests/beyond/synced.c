// synced.so - keeps of each file what was synced, for power_failure.py
//
//     LD_PRELOAD=synced.so SYNCED_DIRECTORY=/tmp/x server
//
// After each fsync and fdatasync of /tmp/x/NAME there is /tmp/x/NAME.synced:
// the file as it is on the disk for certain. What is written later is only in
// the page cache. Linux only.

#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { PATH_SIZE = 4096 };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

// False: it is no regular file in that directory.
static bool path_of(int descriptor, char path[PATH_SIZE])
{
    char link[64];
    struct stat status;
    const char *directory = getenv("SYNCED_DIRECTORY");
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t length = readlink(link, path, PATH_SIZE - 1);
    if (directory == NULL || length < 0 || fstat(descriptor, &status) < 0 ||
        !S_ISREG(status.st_mode))
        return false;
    path[length] = '\0';
    return strncmp(path, directory, strlen(directory)) == 0 &&
           path[strlen(directory)] == '/';
}

static bool copy_bytes(int from, int to)
{
    char bytes[65536];
    off_t at = 0;
    ssize_t count;
    while ((count = pread(from, bytes, sizeof bytes, at)) > 0) {
        if (write(to, bytes, (size_t)count) != count)
            return false;
        at += count;
    }
    return count == 0;
}

// To close a second descriptor of a file releases the locks of the first one
// (POSIX, fcntl), and SQLite has some. So it is read through the first one,
// unless that is for writing only.
static int to_read(int descriptor, const char *path)
{
    bool is_readable = (fcntl(descriptor, F_GETFL) & O_ACCMODE) != O_WRONLY;
    return is_readable ? descriptor : open(path, O_RDONLY | O_CLOEXEC);
}

static void keep(int descriptor)
{
    char path[PATH_SIZE];
    char copy[PATH_SIZE + 8];
    char synced[PATH_SIZE + 8];
    if (!path_of(descriptor, path))
        return;
    snprintf(copy, sizeof copy, "%s.copy", path);
    snprintf(synced, sizeof synced, "%s.synced", path);
    int from = to_read(descriptor, path);
    int to = open(copy, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (from < 0 || to < 0 || !copy_bytes(from, to) || rename(copy, synced) < 0)
        abort(); // a copy that is old would look like a lost event
    close(to);
    if (from != descriptor)
        close(from);
}

// The server goes on when the copy is there: so it responds after that.
static int sync_and_keep(long call, int descriptor)
{
    pthread_mutex_lock(&mutex);
    long result = syscall(call, descriptor);
    if (result == 0)
        keep(descriptor);
    pthread_mutex_unlock(&mutex);
    return (int)result;
}

int fsync(int fd)
{
    return sync_and_keep(SYS_fsync, fd);
}

int fdatasync(int fildes)
{
    return sync_and_keep(SYS_fdatasync, fildes);
}
