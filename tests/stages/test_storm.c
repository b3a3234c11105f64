// test_storm.c - SIGTERM in the middle of a storm
//
// 64 clients of all kinds send each request as soon as they have a response.
// After a random number of responses comes the signal, and the clients go on.
// Every accepted event is done, and every response is whole.

#include "tests/stages/stages.h"
#include "tests/stages/tally.h"
#include "tests/unit/mutate.h"

#include <sys/wait.h>

enum {
    CLIENTS = 64,
    ROUNDS = 50,         // from stage 4 on; earlier stages have no work to lose
    FEW_ROUNDS = 15,     // in stages 2 and 3
    LONG = 30000,        // in milliseconds: then no further round begins
    RESPONSES_MAX = 600, // before the signal
    IN_ONE_PIECE = 8,
};

enum kind {
    STAYS,     // one request after the other on one connection
    PIPELINES, // several requests in one piece
    RETURNS,   // a connection for each request
    HESITATES, // sends half a request, and the other half some time later
    LEAVES,    // now and then, does not wait for its response
    KINDS
};

struct guest {
    enum kind kind;
    int expected;    // responses to whole requests
    bool is_halfway; // has sent half a request
    bool came_late;  // its connection is younger than the signal
    bool is_gone;    // its connection has ended, and there is no new one
};

struct storm {
    struct server stage;
    struct client clients[CLIENTS];
    struct guest guests[CLIENTS]; // the same clients
    uint32_t seed;                // of this round, to repeat it
    uint32_t random;
    bool is_stopping; // the signal was sent
    int responses;
    int accepted; // of these, 200 or 202 to an event
    int unread;   // requests of clients that left without their response
};

// Ends the server, unless it has ended by itself, and says which.
static const char *fate_of(struct server *stage)
{
    static char text[sizeof stage->output.text + 64];
    const char *fate = "ran on until signal";
    int number = SIGKILL;
    int status = 0;
    poll(NULL, 0, A_WHILE);
    if (waitpid(stage->pid, &status, WNOHANG) == stage->pid) {
        bool exited = WIFEXITED(status);
        fate = exited ? "exited with" : "was ended by signal";
        number = exited ? WEXITSTATUS(status) : WTERMSIG(status);
    }
    server_wait(stage, 0);
    snprintf(text, sizeof text, "the server %s %d; it printed: %s", fate,
             number, stage->output.text);
    return text;
}

static void fail_at(struct storm *storm, int i, const char *what)
{
    const struct client *client = &storm->clients[i];
    ck_abort_msg("seed %u, after %d responses, client %d (kind %d): %s; got "
                 "%zu bytes: %.*s; %s",
                 storm->seed, storm->responses, i, (int)storm->guests[i].kind,
                 what, client->in.length, (int)client->in.length,
                 client->in.length > 0 ? client->in.bytes : "",
                 fate_of(&storm->stage));
}

#define EVENT_HEADER "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 43\r\n"
#define EVENT_BODY "{\"user\":\"alice\",\"action\":\"buy\",\"amount\": 1}"

static void send_text(struct client *client, const char *text)
{
    client_send(client, slice_of(text));
}

static void send_request(struct storm *storm, int i)
{
    static const char event[] = EVENT_HEADER "\r\n" EVENT_BODY;
    struct client *client = &storm->clients[i];
    struct guest *guest = &storm->guests[i];
    guest->is_halfway = guest->kind == HESITATES;
    if (guest->is_halfway) {
        send_text(client, EVENT_HEADER);
        return;
    }
    guest->expected = guest->kind == PIPELINES ? IN_ONE_PIECE : 1;
    struct buffer requests = {0};
    for (int n = 0; n < guest->expected; n++)
        buffer_add_text(&requests, event);
    client_send(client, buffer_slice(&requests));
    buffer_destroy(&requests);
}

static void connect_client(struct storm *storm, int i)
{
    storm->guests[i].came_late = storm->is_stopping;
    client_open(&storm->clients[i], storm->stage.port);
    if (storm->clients[i].ended)
        storm->guests[i].is_gone = true; // connection refused
    else
        send_request(storm, i);
}

static void leave(struct storm *storm, int i)
{
    storm->unread += storm->guests[i].expected;
    storm->guests[i].expected = 0;
    client_close(&storm->clients[i]);
}

// A listener that closes resets each connection that came after the last
// accept. So a connection that came after the signal may be reset, but not in
// the middle of a response.
static void check_end(struct storm *storm, int i)
{
    const struct client *client = &storm->clients[i];
    if (client->in.length > 0)
        fail_at(storm, i, "half a response");
    if (client->was_reset && !storm->guests[i].came_late)
        fail_at(storm, i, "reset");
    if (!storm->is_stopping)
        fail_at(storm, i, "ended before the signal");
}

static void check_response(struct storm *storm, int i)
{
    struct client *client = &storm->clients[i];
    storm->responses++;
    if (client->status == status_of_an_event())
        storm->accepted++;
    else if (client->status != 503 && client->status != 408)
        fail_at(storm, i, "another status than expected");
    storm->guests[i].expected--;
    client_next(client);
}

// What a client does once it has all its responses.
static void go_on(struct storm *storm, int i)
{
    if (storm->guests[i].kind == RETURNS) {
        client_close(&storm->clients[i]);
        connect_client(storm, i);
    } else if (!storm->clients[i].ended) {
        send_request(storm, i);
    }
}

static void finish_request(struct storm *storm, int i)
{
    storm->guests[i].is_halfway = false;
    storm->guests[i].expected = 1;
    send_text(&storm->clients[i], "\r\n" EVENT_BODY);
}

static void step(struct storm *storm, int i)
{
    struct client *client = &storm->clients[i];
    struct guest *guest = &storm->guests[i];
    if (client->status != 0) {
        check_response(storm, i);
        if (guest->expected <= 0)
            go_on(storm, i);
    } else if (client->ended) {
        check_end(storm, i);
        client_close(client);
        guest->is_gone = true;
    } else if (guest->kind == LEAVES && random_below(&storm->random, 8) == 0) {
        leave(storm, i);
        connect_client(storm, i);
    } else if (guest->is_halfway && random_below(&storm->random, 16) == 0) {
        finish_request(storm, i);
    }
}

// Returns whether any client is left.
static bool step_all(struct storm *storm)
{
    bool is_any_left = false;
    clients_wait(storm->clients, CLIENTS, 1);
    for (int i = 0; i < CLIENTS; i++) {
        if (!storm->guests[i].is_gone)
            step(storm, i);
        is_any_left = is_any_left || !storm->guests[i].is_gone;
    }
    return is_any_left;
}

static void start_storm(struct storm *storm, uint32_t seed)
{
    *storm = (struct storm){.seed = seed, .random = seed};
    if (stage_under_test() >= 4)
        start(&storm->stage, "--shutdown-timeout-ms", "50", "--work-ms", "0",
              NULL);
    else
        start(&storm->stage, "--shutdown-timeout-ms", "50", NULL);
    for (int i = 0; i < CLIENTS; i++) {
        storm->guests[i].kind = (enum kind)(i % KINDS);
        connect_client(storm, i);
    }
}

// The server may have sent responses that no client read, but only to clients
// that left.
static void check_tally(const struct storm *storm)
{
    struct tally tally = tally_of(&storm->stage);
    const char *printed = storm->stage.output.text;
    ck_assert_msg(tally.requests >= storm->responses &&
                      tally.requests <= storm->responses + storm->unread,
                  "seed %u: %d responses came, %d not read: %s", storm->seed,
                  storm->responses, storm->unread, printed);
    if (stage_under_test() < 3)
        return;
    ck_assert_msg(tally.accepted >= storm->accepted &&
                      tally.accepted <= storm->accepted + storm->unread,
                  "seed %u: %d events were accepted, %d not read: %s",
                  storm->seed, storm->accepted, storm->unread, printed);
    if (stage_under_test() >= 4)
        ck_assert_msg(tally.done == tally.accepted, "seed %u: %s", storm->seed,
                      printed);
}

// Every other time the server sleeps while the clients go on. Then it finds a
// full backlog and full sockets together with the signal.
static void send_signal(struct storm *storm)
{
    bool sleeps = random_below(&storm->random, 2) == 0;
    if (sleeps) {
        server_signal(&storm->stage, SIGSTOP);
        for (int i = 0; i < 3; i++)
            step_all(storm);
    }
    server_signal(&storm->stage, SIGTERM);
    storm->is_stopping = true;
    if (sleeps)
        server_signal(&storm->stage, SIGCONT);
}

static void signal_in_a_storm(uint32_t seed)
{
    struct storm storm;
    int64_t end = clock_milliseconds() + SOON;
    start_storm(&storm, seed);
    int before = (int)random_below(&storm.random, RESPONSES_MAX);
    while (storm.responses < before && clock_milliseconds() < end)
        step_all(&storm);
    send_signal(&storm);
    while (step_all(&storm))
        ck_assert_msg(clock_milliseconds() < end, "seed %u: no end", seed);
    ck_assert_int_eq(server_wait(&storm.stage, SOON), 0);
    check_tally(&storm);
}

// All rounds take five seconds; stage 4 with a sanitizer takes longer.
START_TEST(whenever_the_signal_comes_nothing_that_was_accepted_is_lost)
{
    int rounds = stage_under_test() >= 4 ? ROUNDS : FEW_ROUNDS;
    int64_t end = clock_milliseconds() + LONG;
    for (int round = 0; round < rounds && clock_milliseconds() < end; round++)
        signal_in_a_storm(0x9e3779b9u * (uint32_t)(round + 1));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("storm");
    TCase *tests = add_tests(suite);
    tcase_add_test(tests,
                   whenever_the_signal_comes_nothing_that_was_accepted_is_lost);
    return unit_run(suite);
}
