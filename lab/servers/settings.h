#ifndef THAW_LAB_SERVERS_SETTINGS_H
#define THAW_LAB_SERVERS_SETTINGS_H

// settings.h - what the lab tells a server: its port, its work, its limits
//
//     struct settings  -->  the environment          CAPACITY=20
//                      -->  words of the command     --capacity {capacity}
//
// lab/CONTRACT.md says what each means. A setting that is 0 or NULL is not in
// the environment: the server has a default of its own. A word of the command
// then gets the default of the six stages.

#include <stdbool.h>
#include <stddef.h>

struct settings {
    int port;
    int work_ms;
    const char *work_gate; // the path of a FIFO
    int capacity;
    int workers;
    int body_max_bytes;
    int timeout_ms;        // of silence, in stage 1
    int header_timeout_ms; // from stage 2 on
    int send_timeout_ms;   // the same
    bool work_in_loop;
    bool quiet;           // no line for each event
    const char *trace;    // the path of a file
    const char *database; // database.h: the path of a file, or a schema
    const char *schema;
};

// Makes the environment of this process the one of a server. Variables that the
// lab itself inherited are removed.
void settings_to_environment(const struct settings *settings);

// Writes a word of a command, with its {names} replaced. Other braces stay as
// they are. False: it is longer than `size`.
bool settings_replace(const struct settings *settings, const char *word,
                      char *replaced, size_t size);

// As a person types them: "PORT=8080 CAPACITY=20 ".
void settings_by_hand(const struct settings *settings, char *text, size_t size);

#endif
