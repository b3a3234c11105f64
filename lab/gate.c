#include "lab/gate.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/net.h"

int gate_open(struct gate *gate)
{
    *gate = (struct gate){.directory = "/tmp/thaw-gate-XXXXXX"};
    if (mkdtemp(gate->directory) == NULL)
        return -1;
    snprintf(gate->path, sizeof gate->path, "%s/gate", gate->directory);
    if (mkfifo(gate->path, 0600) < 0)
        return -1;
    // For reading too, so that it opens before a server reads.
    gate->descriptor = open(gate->path, O_RDWR);
    return gate->descriptor < 0 ? -1 : net_set_close_on_exec(gate->descriptor);
}

void gate_release(const struct gate *gate, int count)
{
    for (int i = 0; i < count; i++)
        if (write(gate->descriptor, "x", 1) < 0)
            return;
}

void gate_close(struct gate *gate)
{
    close(gate->descriptor);
    unlink(gate->path);
    rmdir(gate->directory);
}
