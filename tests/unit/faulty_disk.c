#include "tests/unit/faulty_disk.h"

#include <assert.h>
#include <fcntl.h>
#include <limits.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { PAGE = 4096, PAGES = 1024 }; // of a file, in bytes

struct faulty_file {
    sqlite3_file base; // comes first: SQLite knows only this
    char path[512];    // empty: a temporary file
    bool dirty[PAGES]; // written, and not synced
    sqlite3_file *real;
};

static atomic_int left = INT_MAX;
static atomic_bool is_for_good;
static atomic_bool is_paused;
static atomic_bool has_failed;
static atomic_int syncs;
static atomic_int faults;

void faulty_disk_fail(int count, enum faulty_how how)
{
    is_for_good = how == FAULTY_FOR_GOOD;
    left = count;
}

bool faulty_disk_end(void)
{
    left = INT_MAX;
    return atomic_exchange(&has_failed, false);
}

void faulty_disk_pause(void)
{
    is_paused = true;
}

void faulty_disk_go_on(void)
{
    is_paused = false;
}

int faulty_disk_syncs(void)
{
    return syncs;
}

int faulty_disk_faults(void)
{
    return faults;
}

static bool is_granted(void)
{
    if (left == INT_MAX || is_paused || atomic_fetch_sub(&left, 1) > 0)
        return true;
    if (!is_for_good)
        left = INT_MAX;
    has_failed = true;
    faults++;
    return false;
}

static struct faulty_file *faulty(sqlite3_file *file)
{
    return (struct faulty_file *)file;
}

static sqlite3_file *real(sqlite3_file *file)
{
    return faulty(file)->real;
}

static int on_close(sqlite3_file *file)
{
    return real(file)->pMethods->xClose(real(file));
}

static int on_read(sqlite3_file *file, void *bytes, int count, sqlite3_int64 at)
{
    return real(file)->pMethods->xRead(real(file), bytes, count, at);
}

static void mark_dirty(struct faulty_file *file, int count, sqlite3_int64 at)
{
    for (sqlite3_int64 page = at / PAGE; page * PAGE < at + count; page++) {
        assert(page < PAGES);
        file->dirty[page] = true;
    }
}

static int on_write(sqlite3_file *file, const void *bytes, int count,
                    sqlite3_int64 at)
{
    bool is_done = is_granted();
    int written = is_done ? count : count / 2;
    mark_dirty(faulty(file), written, at);
    int result = real(file)->pMethods->xWrite(real(file), bytes, written, at);
    return is_done ? result : SQLITE_FULL;
}

static int on_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    return real(file)->pMethods->xTruncate(real(file), size);
}

// Copies what is dirty to the file that stands for the disk.
static void reach_the_disk(struct faulty_file *file)
{
    char disk[sizeof file->path + 8];
    char bytes[PAGE];
    sqlite3_int64 size = 0;
    snprintf(disk, sizeof disk, "%s.disk", file->path);
    int copy = open(disk, O_RDWR | O_CREAT, 0666);
    assert(copy >= 0);
    file->real->pMethods->xFileSize(file->real, &size);
    for (sqlite3_int64 page = 0; page * PAGE < size; page++) {
        sqlite3_int64 length =
            size - page * PAGE < PAGE ? size - page * PAGE : PAGE;
        if (!file->dirty[page])
            continue;
        file->real->pMethods->xRead(file->real, bytes, (int)length,
                                    page * PAGE);
        ssize_t done = pwrite(copy, bytes, (size_t)length, page * PAGE);
        assert(done == length);
    }
    int failed = ftruncate(copy, size);
    assert(failed == 0);
    close(copy);
}

static int on_sync(sqlite3_file *file, int flags)
{
    (void)flags;
    bool is_done = is_granted();
    syncs++;
    if (is_done && faulty(file)->path[0] != '\0')
        reach_the_disk(faulty(file));
    memset(faulty(file)->dirty, 0, sizeof faulty(file)->dirty);
    return is_done ? SQLITE_OK : SQLITE_IOERR_FSYNC;
}

static int on_size(sqlite3_file *file, sqlite3_int64 *size)
{
    return real(file)->pMethods->xFileSize(real(file), size);
}

static int on_lock(sqlite3_file *file, int kind)
{
    return real(file)->pMethods->xLock(real(file), kind);
}

static int on_unlock(sqlite3_file *file, int kind)
{
    return real(file)->pMethods->xUnlock(real(file), kind);
}

static int on_check(sqlite3_file *file, int *result)
{
    return real(file)->pMethods->xCheckReservedLock(real(file), result);
}

static int on_control(sqlite3_file *file, int what, void *value)
{
    return real(file)->pMethods->xFileControl(real(file), what, value);
}

static int on_sector(sqlite3_file *file)
{
    return real(file)->pMethods->xSectorSize(real(file));
}

static int on_traits(sqlite3_file *file)
{
    return real(file)->pMethods->xDeviceCharacteristics(real(file));
}

// Version 1: without shared memory, which a WAL of one process does not need.
static const sqlite3_io_methods methods = {
    .iVersion = 1,
    .xClose = on_close,
    .xRead = on_read,
    .xWrite = on_write,
    .xTruncate = on_truncate,
    .xSync = on_sync,
    .xFileSize = on_size,
    .xLock = on_lock,
    .xUnlock = on_unlock,
    .xCheckReservedLock = on_check,
    .xFileControl = on_control,
    .xSectorSize = on_sector,
    .xDeviceCharacteristics = on_traits,
};

static sqlite3_vfs *own; // SQLite's

static int on_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *file,
                   int flags, int *result)
{
    struct faulty_file *opened = faulty(file);
    (void)vfs;
    *opened = (struct faulty_file){.real = (sqlite3_file *)(opened + 1)};
    if (path != NULL)
        snprintf(opened->path, sizeof opened->path, "%s", path);
    int code = own->xOpen(own, path, opened->real, flags, result);
    if (code == SQLITE_OK)
        opened->base.pMethods = &methods;
    return code;
}

// Without a sync of the directory.
static int on_delete(sqlite3_vfs *vfs, const char *path, int must_sync)
{
    (void)vfs, (void)must_sync;
    return own->xDelete(own, path, 0);
}

void faulty_disk_install(void)
{
    static sqlite3_vfs ours;
    if (own != NULL)
        return;
    own = sqlite3_vfs_find(NULL);
    ours = *own;
    ours.zName = "faulty";
    ours.szOsFile = (int)sizeof(struct faulty_file) + own->szOsFile;
    ours.xOpen = on_open;
    ours.xDelete = on_delete;
    sqlite3_vfs_register(&ours, 1);
}

// An empty copy of a file that is not there means the same to SQLite.
static void copy_file(const char *from, const char *to)
{
    char bytes[PAGE];
    ssize_t length;
    int source = open(from, O_RDONLY);
    unlink(to); // some file systems sync a file that is emptied
    int copy = open(to, O_WRONLY | O_CREAT | O_EXCL, 0666);
    assert(copy >= 0);
    while (source >= 0 && (length = read(source, bytes, sizeof bytes)) > 0) {
        ssize_t done = write(copy, bytes, (size_t)length);
        assert(done == length);
    }
    if (source >= 0)
        close(source);
    close(copy);
}

void faulty_disk_copy(const char *path, const char *copy, bool power_fails)
{
    static const char *const parts[] = {"", "-wal"};
    char from[600];
    char to[600];
    for (int i = 0; i < 2; i++) {
        snprintf(from, sizeof from, "%s%s%s", path, parts[i],
                 power_fails ? ".disk" : "");
        snprintf(to, sizeof to, "%s%s", copy, parts[i]);
        copy_file(from, to);
        snprintf(to, sizeof to, "%s%s.disk", copy, parts[i]);
        unlink(to);
    }
}
