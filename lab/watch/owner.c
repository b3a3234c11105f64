// Which process holds a socket, read from Linux' /proc.

#include "lab/watch/sockets.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { PATH_SIZE = 320 };

static bool holds(const char *process, const char *wanted)
{
    char path[PATH_SIZE];
    bool is_found = false;
    snprintf(path, sizeof path, "/proc/%s/fd", process);
    DIR *directory = opendir(path);
    if (directory == NULL)
        return false; // another user's, or it has ended
    const struct dirent *entry;
    while (!is_found && (entry = readdir(directory)) != NULL) {
        char target[64] = "";
        ssize_t length = readlinkat(dirfd(directory), entry->d_name, target,
                                    sizeof target - 1);
        is_found = length > 0 && strcmp(target, wanted) == 0;
    }
    closedir(directory);
    return is_found;
}

static void read_name(const char *process, char *name, size_t size)
{
    char path[PATH_SIZE];
    snprintf(path, sizeof path, "/proc/%s/comm", process);
    FILE *file = fopen(path, "r");
    if (file == NULL)
        return;
    if (fgets(name, (int)size, file) != NULL)
        name[strcspn(name, "\n")] = '\0';
    fclose(file);
}

void sockets_owner(unsigned long inode, char *name, size_t size)
{
    char wanted[64];
    snprintf(wanted, sizeof wanted, "socket:[%lu]", inode);
    name[0] = '\0';
    DIR *directory = opendir("/proc");
    if (directory == NULL)
        return;
    const struct dirent *entry;
    while (name[0] == '\0' && (entry = readdir(directory)) != NULL) {
        bool is_process = entry->d_name[0] >= '1' && entry->d_name[0] <= '9';
        if (is_process && holds(entry->d_name, wanted))
            read_name(entry->d_name, name, size);
    }
    closedir(directory);
}
