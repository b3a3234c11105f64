// fuzz_conn.c - a whole connection, driven by a script
//
//     GET /deferred HTTP/1.1 CR LF Host: a CR LF CR LF ~t~bPOST / ...
//
// The input is what a client sends. Between its bytes, ~ and a letter say what
// else happens:
//
//     ~t  one loop iteration        ~b  the deferred response is completed
//     ~r  the client reads a little ~R  the client reads all that has come
//     ~h  it shuts down its side    ~x  it leaves, and may leave bytes unread
//     ~w  a second passes           ~W  ten seconds pass
//     ~s  the server stops
//
// * The client gets whole responses, in the order of the requests, each once;
//   a part of one only when it left early, or read nothing for too long.
// * A client that sends all at once and reads at once gets the same responses,
//   and the same end of the connection. (Not compared where time passed or the
//   server stopped.)
// * In the end the connection is gone, and the metrics are right. A lingering
//   connection holds no memory, and an idle one no more than empty lines; any
//   other holds little.

#include "tests/fuzz/responses.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/play.h"

enum {
    SCRIPT_MAX = 1024, // in bytes
    LITTLE = 100,      // in bytes, of one ~r
};

// The second limits are so small that short inputs reach them.
static const struct http_limits limits[] = {
    {8 * 1024, 16 * 1024, 100, 1024 * 1024, 8 * 1024},
    {24, 80, 3, 16, 8},
};

static bool is_mark(struct slice script)
{
    return script.length >= 2 && script.bytes[0] == '~' &&
           script.bytes[1] != '\0' && strchr("tbrRhxwWs", script.bytes[1]);
}

static void perform(struct play *play, char letter)
{
    switch (letter) {
    case 't':
        play_iteration();
        break;
    case 'b':
        play_complete(play);
        break;
    case 'r':
        play_read(play, LITTLE);
        break;
    case 'R':
        play_read(play, SIZE_MAX);
        break;
    case 'h':
        play_shut_down(play);
        break;
    case 'x':
        play_leave(play);
        break;
    case 'w':
        play_pass_time(play, 1);
        break;
    case 'W':
        play_pass_time(play, 10);
        break;
    case 's':
        play_stop_server(play);
        break;
    }
}

static size_t until_mark(struct slice script)
{
    size_t length = 0;
    while (length < script.length && !is_mark(slice_after(script, length)))
        length++;
    return length;
}

static void play_script(struct play *play, struct slice script,
                        const struct http_limits *in_use)
{
    play_start(play, in_use);
    while (script.length > 0) {
        size_t count = until_mark(script);
        if (count > 0) {
            play_send(play, (struct slice){script.bytes, count});
        } else {
            perform(play, script.bytes[1]);
            count = 2;
        }
        script = slice_after(script, count);
    }
    play_finish(play);
}

static void play_at_once(struct play *play, const struct play *model,
                         const struct http_limits *in_use)
{
    play_start(play, in_use);
    play_send(play, buffer_slice(&model->sent));
    if (model->shut_down)
        play_shut_down(play);
    play_finish(play);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice script = {(const char *)data, size};
    struct choices choices = take_choices(&script);
    const struct http_limits *in_use =
        &limits[choices.limits % (sizeof limits / sizeof limits[0])];
    struct play play;
    struct play model;
    if (size > SCRIPT_MAX)
        return 0;
    play_script(&play, script, in_use);
    check_responses(&play);
    if (!play.was_disturbed) {
        play_at_once(&model, &play, in_use);
        check_responses(&model);
        compare_responses(&play, &model);
        play_destroy(&model);
    }
    play_destroy(&play);
    return 0;
}
