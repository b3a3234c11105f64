// What a server's process uses, read from Linux' /proc.

#include "lab/servers/server.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static FILE *open_of(pid_t process, const char *name)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/%s", (int)process, name);
    return fopen(path, "r");
}

static void read_status(const struct server *server, struct server_usage *usage)
{
    char line[256];
    FILE *file = open_of(server->pid, "status");
    if (file == NULL)
        return;
    while (fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, "Threads:", 8) == 0)
            usage->threads = (int)strtol(line + 8, NULL, 10);
        if (strncmp(line, "VmRSS:", 6) == 0)
            usage->memory_mb = (double)strtol(line + 6, NULL, 10) * 1024 / 1e6;
    }
    fclose(file);
}

// The times are fields 14 and 15. Field 2, the name, may contain spaces and
// ')'; no later field has a ')' (proc_pid_stat(5)).
static void read_times(const struct server *server, struct server_usage *usage)
{
    char line[1024];
    FILE *file = open_of(server->pid, "stat");
    if (file == NULL)
        return;
    size_t length = fread(line, 1, sizeof line - 1, file);
    fclose(file);
    line[length] = '\0';
    const char *field = strrchr(line, ')');
    for (int i = 2; i < 14 && field != NULL; i++)
        field = strchr(field + 1, ' ');
    if (field == NULL)
        return;
    char *end;
    long user = strtol(field, &end, 10);
    long kernel = strtol(end, NULL, 10);
    usage->cpu_s = (double)(user + kernel) / (double)sysconf(_SC_CLK_TCK);
}

static void count_descriptors(const struct server *server,
                              struct server_usage *usage)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/fd", (int)server->pid);
    DIR *directory = opendir(path);
    if (directory == NULL)
        return;
    for (const struct dirent *entry = readdir(directory); entry != NULL;
         entry = readdir(directory))
        usage->descriptors += entry->d_name[0] != '.';
    closedir(directory);
}

struct server_usage server_usage(const struct server *server)
{
    struct server_usage usage = {0};
    read_status(server, &usage);
    read_times(server, &usage);
    count_descriptors(server, &usage);
    return usage;
}

// The second of three numbers (Linux' Documentation/scheduler/sched-stats).
int64_t server_run_delay(pid_t process)
{
    char line[128];
    FILE *file = open_of(process, "schedstat");
    if (file == NULL)
        return 0;
    size_t length = fread(line, 1, sizeof line - 1, file);
    fclose(file);
    line[length] = '\0';
    const char *second = strchr(line, ' ');
    return second != NULL ? strtoll(second, NULL, 10) : 0;
}
