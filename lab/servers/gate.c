#include "lab/servers/gate.h"
#include "lab/system_limits.h"
#include "lab/trouble.h"
#include "lib/base/net.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

// Its own directory, in TMPDIR.
static bool make_directory(struct gate *gate)
{
    int length = snprintf(gate->directory, sizeof gate->directory,
                          "%s/thaw-gate-XXXXXX", limits_tmpdir());
    if (length >= (int)sizeof gate->directory) {
        errno = ENAMETOOLONG;
        return false;
    }
    return mkdtemp(gate->directory) != NULL;
}

static int fail(struct gate *gate)
{
    trouble_note("no FIFO in %.60s (TMPDIR): %s", limits_tmpdir(),
                 strerror(errno));
    gate_close(gate);
    return -1;
}

int gate_open(struct gate *gate)
{
    *gate = (struct gate){.descriptor = -1};
    if (!make_directory(gate)) {
        gate->directory[0] = '\0';
        return fail(gate);
    }
    snprintf(gate->path, sizeof gate->path, "%s/gate", gate->directory);
    if (mkfifo(gate->path, 0600) < 0)
        return fail(gate);
    // Opened for writing only, a FIFO without a reader blocks.
    gate->descriptor = open(gate->path, O_RDWR);
    if (gate->descriptor < 0)
        return fail(gate);
    return net_set_close_on_exec(gate->descriptor);
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
    if (gate->descriptor >= 0)
        close(gate->descriptor);
    unlink(gate->path);
    rmdir(gate->directory);
}
