#include "lab/servers/gate.h"
#include "lib/base/net.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int gate_open(struct gate *gate)
{
    *gate = (struct gate){.directory = "/tmp/thaw-gate-XXXXXX"};
    if (mkdtemp(gate->directory) == NULL)
        return -1;
    snprintf(gate->path, sizeof gate->path, "%s/gate", gate->directory);
    if (mkfifo(gate->path, 0600) < 0)
        return -1;
    // Opened for writing only, a FIFO without a reader blocks.
    gate->descriptor = open(gate->path, O_RDWR);
    return gate->descriptor < 0 ? -1 : net_set_close_on_exec(gate->descriptor);
}

void gate_release(const struct gate *gate, int count)
{
    char bytes[512];
    memset(bytes, 'x', sizeof bytes);
    while (count > 0) {
        size_t wanted =
            (size_t)count < sizeof bytes ? (size_t)count : sizeof bytes;
        ssize_t written = write(gate->descriptor, bytes, wanted);
        if (written < 0 && errno != EINTR)
            return;
        count -= written > 0 ? (int)written : 0;
    }
}

void gate_close(struct gate *gate)
{
    close(gate->descriptor);
    unlink(gate->path);
    rmdir(gate->directory);
}
