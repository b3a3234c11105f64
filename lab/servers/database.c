#include "lab/servers/database.h"
#include "lab/system_limits.h"
#include "lab/trouble.h"
#include "lib/base/clock.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool has(const char *const *words, const char *name)
{
    while (*words != NULL && strstr(*words, name) == NULL)
        words++;
    return *words != NULL;
}

static int make_directory(struct database *database)
{
    int length = snprintf(database->directory, sizeof database->directory,
                          "%s/thaw-database-XXXXXX", limits_tmpdir());
    if (length >= (int)sizeof database->directory ||
        mkdtemp(database->directory) == NULL) {
        database->directory[0] = '\0';
        trouble_note_errno("directory for a database in TMPDIR");
        return -1;
    }
    snprintf(database->file, sizeof database->file, "%s/database",
             database->directory);
    return 0;
}

int database_prepare(struct database *database, const char *const *words,
                     struct settings *settings)
{
    bool has_none = database->directory[0] == '\0';
    if (settings->schema == NULL && has(words, "{schema}")) {
        if (database->schema[0] == '\0')
            snprintf(database->schema, sizeof database->schema,
                     "lab_%d_%" PRId64, (int)getpid(), clock_nanoseconds());
        settings->schema = database->schema;
    }
    if (settings->database != NULL || !has(words, "{database}"))
        return 0;
    settings->database = database->file;
    return has_none ? make_directory(database) : 0;
}

// A database may consist of several files.
void database_remove(struct database *database)
{
    DIR *directory =
        database->directory[0] != '\0' ? opendir(database->directory) : NULL;
    if (directory == NULL)
        return;
    for (struct dirent *entry = readdir(directory); entry != NULL;
         entry = readdir(directory))
        unlinkat(dirfd(directory), entry->d_name, 0);
    closedir(directory);
    rmdir(database->directory);
    database->directory[0] = '\0';
}
