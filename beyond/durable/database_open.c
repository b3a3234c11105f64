#include "beyond/durable/database_private.h"
#include "lib/base/process.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

// In the header of the file: that it is one of ours
// (sqlite.org/pragma.html#pragma_application_id). "Thaw" in ASCII.
enum { APPLICATION_ID = 0x54686177 };

enum { LOCK_WAIT_MS = 200 }; // for a server that is ending

// An event is a row of `events` from its acceptance until it is applied. The
// ids are in the order of acceptance, and of first events and keys.
static const char tables[] =
    "create table events(id integer primary key, user text not null,"
    " action text not null, amount integer not null);"
    "create table balances(id integer primary key, user text not null unique,"
    " amount integer not null);"
    "create table keys(id integer primary key, key text not null unique,"
    " user text not null, action text not null, amount integer not null);";

static bool run(struct database *database, const char *sql)
{
    return sqlite3_exec(database->file, sql, NULL, NULL, NULL) == SQLITE_OK;
}

// The first column of the first row of a query.
static bool query(struct database *database, const char *sql, char *text,
                  size_t size)
{
    sqlite3_stmt *statement = NULL;
    bool found = sqlite3_prepare_v2(database->file, sql, -1, &statement,
                                    NULL) == SQLITE_OK &&
                 sqlite3_step(statement) == SQLITE_ROW &&
                 sqlite3_column_text(statement, 0) != NULL;
    if (found)
        snprintf(text, size, "%s",
                 (const char *)sqlite3_column_text(statement, 0));
    sqlite3_finalize(statement);
    return found;
}

static bool query_number(struct database *database, const char *sql,
                         int *number)
{
    char text[32];
    return query(database, sql, text, sizeof text) &&
           sscanf(text, "%d", number) == 1;
}

// The errno of the system call that failed, as far as SQLite has kept it.
static int last_error(struct database *database)
{
    int error = sqlite3_system_errno(database->file);
    if (error == 0)
        sqlite3_file_control(database->file, "main", SQLITE_FCNTL_LAST_ERRNO,
                             &error);
    return error != 0 ? error : EIO;
}

static int system_error(struct database *database)
{
    if (sqlite3_extended_errcode(database->file) == SQLITE_IOERR_NOMEM)
        return ENOMEM;
    switch (sqlite3_errcode(database->file) & 0xff) {
    case SQLITE_CANTOPEN:
    case SQLITE_IOERR:
        return last_error(database);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return EBUSY;
    case SQLITE_FULL:
        return ENOSPC;
    case SQLITE_READONLY:
    case SQLITE_PERM:
        return EACCES;
    case SQLITE_NOMEM:
        return ENOMEM;
    default:
        return EINVAL;
    }
}

static int cannot(struct database *database, const char *what)
{
    const char *path = database->path;
    int code = sqlite3_errcode(database->file) & 0xff;
    errno = system_error(database);
    if (code == SQLITE_NOTADB)
        return process_cannot("use %s, which is no SQLite database", path);
    if (code == SQLITE_CORRUPT)
        return process_cannot("use %s, which is damaged (%s)", path,
                              sqlite3_errmsg(database->file));
    return process_cannot("%s the database %s", what, path);
}

// SQLite opens a file that it may not write for reading, and does not say why
// it may not. So open it once before. An empty file is a new database.
static int check_file(const char *path)
{
    struct stat status;
    int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (file < 0 || fstat(file, &status) < 0)
        return process_cannot("open the database %s", path);
    close(file);
    if (S_ISREG(status.st_mode))
        return 0;
    errno = EINVAL;
    return process_cannot("use %s, which is no file for a database", path);
}

// To SQLite, ":memory:" is no file, and "file:..." may be a URI, with options
// that turn off the lock, for example (sqlite.org/uri.html). After "./" each
// name is a path.
static bool open_path(struct database *database)
{
    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX;
    char path[PATH_MAX + 2]; // check_file has opened it: it is not longer
    snprintf(path, sizeof path, "%s%s", database->path[0] == '/' ? "" : "./",
             database->path);
    return sqlite3_open_v2(path, &database->file, flags, NULL) == SQLITE_OK;
}

// SQLite makes the path absolute. Its limit is for that path and the suffix of
// a journal.
static int cannot_open(struct database *database)
{
    char directory[PATH_MAX] = "";
    size_t max = (size_t)sqlite3_vfs_find(NULL)->mxPathname - sizeof "-journal";
    if (database->path[0] != '/' && getcwd(directory, sizeof directory) == NULL)
        return cannot(database, "open");
    if (strlen(directory) + 1 + strlen(database->path) <= max)
        return cannot(database, "open");
    errno = ENAMETOOLONG;
    return process_cannot("open a database whose whole path is longer than "
                          "%zu bytes",
                          max);
}

// Takes the lock, which lasts until the file is closed. With it, no other
// process can use the WAL, so SQLite needs no shared memory
// (sqlite.org/wal.html#noshm).
static int lock(struct database *database)
{
    sqlite3_busy_timeout(database->file, LOCK_WAIT_MS);
    if (!run(database, "pragma locking_mode = exclusive") ||
        !run(database, "begin exclusive; commit"))
        return cannot(database, "open");
    return 0;
}

// On macOS fsync alone does not reach the disk; fullfsync does
// (sqlite.org/pragma.html#pragma_fullfsync). Elsewhere it changes nothing.
static int use_wal(struct database *database)
{
    char mode[16] = "";
    if (!query(database, "pragma journal_mode = wal", mode, sizeof mode) ||
        !run(database, "pragma synchronous = full; pragma fullfsync = 1"))
        return cannot(database, "write");
    if (strcmp(mode, "wal") == 0)
        return 0;
    errno = ENOTSUP;
    return process_cannot("have a write-ahead log beside %s", database->path);
}

static int create(struct database *database)
{
    char sql[sizeof tables + 128];
    snprintf(sql, sizeof sql,
             "begin immediate; %s pragma application_id = %d;"
             "pragma user_version = %d; commit",
             tables, APPLICATION_ID, DATABASE_VERSION);
    return run(database, sql) ? 0 : cannot(database, "create");
}

static int check_version(struct database *database)
{
    int objects = 0;
    int application = 0;
    int version = 0;
    if (!query_number(database, "select count(*) from sqlite_master",
                      &objects) ||
        !query_number(database, "pragma application_id", &application) ||
        !query_number(database, "pragma user_version", &version))
        return cannot(database, "read");
    if (objects == 0 && version == 0 && application == 0)
        return use_wal(database) < 0 ? -1 : create(database);
    errno = EINVAL;
    if (application != APPLICATION_ID)
        return process_cannot("use %s, a database of another program "
                              "(choose a file with --database)",
                              database->path);
    if (version != DATABASE_VERSION)
        return process_cannot("use %s, a database of version %d, with this "
                              "program, which expects version %d "
                              "(choose a file with --database)",
                              database->path, version, DATABASE_VERSION);
    return use_wal(database);
}

// Reads the whole file: damage is found now, and not by a client.
static int check_pages(struct database *database)
{
    char result[128] = "";
    if (!query(database, "pragma quick_check(1)", result, sizeof result))
        return cannot(database, "read");
    if (strcmp(result, "ok") == 0)
        return 0;
    errno = EINVAL;
    return process_cannot("use %s, which is damaged (%s)", database->path,
                          result);
}

static int open_and_check(struct database *database)
{
    if (check_file(database->path) < 0)
        return -1;
    if (!open_path(database))
        return cannot_open(database);
    sqlite3_extended_result_codes(database->file, 1);
    if (lock(database) < 0 || check_version(database) < 0 ||
        check_pages(database) < 0)
        return -1;
    if (!database_probe(database))
        return cannot(database, "write");
    if (!database_prepare(database) ||
        !query_number(database, "select count(*) from balances",
                      &database->users))
        return cannot(database, "read");
    return 0;
}

int database_open(struct database *database)
{
    int result = open_and_check(database);
    int saved = errno;
    if (result < 0)
        database_close(database);
    errno = saved;
    return result;
}
