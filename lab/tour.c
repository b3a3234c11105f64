#include "lab/tour.h"
#include "lab/experiments/experiment.h"
#include "lab/trouble.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WORK_MS = 500 };

#define EVENT "{\"user\": \"alice\", \"action\": \"buy\", \"amount\": 100}"

// The questions are those of the stages' READMEs. No experiment is performed
// here: its outcome would answer one of them.
static const struct stop {
    const char *news;   // what this stage has, and the one before has not
    const char *body;   // of a good request
    const char *status; // of the response to it
    const char *question;
    const char *page; // which answers it
} stops[STAGES] = {
    {"It echoes what a client posts. One thread.", "hello", "200",
     "20 clients connect and send nothing. What does the next one see?",
     "stage1_blocking/README.md"},
    {"The same echo, still one thread, and another way to wait.", "hello",
     "200",
     "20 clients are silent, one is slow. Which responses come, and when?",
     "stage2_async/README.md"},
    {"A body must be an event, which is a JSON object.", EVENT, "202",
     "\"amount\": 100.0, or no body at all: what should the client be told?",
     "stage3_parse/README.md"},
    {"An event costs half a second of work. A thread for each, one mutex.",
     EVENT, "200",
     "Ten events at once, ten threads: when does the last response come?",
     "stage4_slow/README.md"},
    {"A queue with 100 slots, and one worker.", EVENT, "202",
     "105 events come, and none gets done. What happens to each of them?",
     "stage5_queue/README.md"},
    {"The same queue, and four workers.", EVENT, "202",
     "Are they four times as fast? In which order are the events done?",
     "stage6_pool/README.md"},
};

static int printable_length(struct slice text)
{
    while (text.length > 0 && text.bytes[text.length - 1] == '\n')
        text.length--;
    return (int)text.length;
}

static void post_one(struct run *run)
{
    struct client client;
    if (!run_start(run, (struct settings){0}))
        return;
    client_request_once(&client, run->server.port, "POST", "/",
                        stops[run->subject->number - 1].body,
                        run_limit_ms(run));
    if (client.status == 0) {
        run_verdict(run, "no response");
    } else {
        run_verdict(run, "%d", client.status);
        run_detail(run, "%.*s, after %.1f ms", printable_length(client.body),
                   client.body.bytes, client_ms(&client));
    }
    client_close(&client);
}

// Returns 0, EXIT_FAILURE or TROUBLE_EXIT.
static int visit(int number)
{
    static const struct experiment one_good_request = {.perform = post_one,
                                                       .events = 1};
    const struct stop *stop = &stops[number - 1];
    static struct run run;
    struct subject subject;
    printf("\n%d. %s\n   %s\n", number, stage_name(number), stop->news);
    fflush(stdout);
    subject_of_stage(&subject, number);
    experiment_perform(&one_good_request, &subject, WORK_MS, &run);
    printf("   sent      %s\n   received  %s  %s\n", stop->body, run.verdict,
           run.detail);
    bool is_good = !run.failed && strcmp(run.verdict, stop->status) == 0;
    if (run.is_ours)
        printf("   !         this is not the server's fault\n");
    else if (!is_good)
        printf("   !         this should have been %s\n", stop->status);
    printf("   question  %s\n             -> %s\n", stop->question, stop->page);
    if (run.is_ours)
        return TROUBLE_EXIT;
    return is_good ? EXIT_SUCCESS : EXIT_FAILURE;
}

// The fault of a server counts more than one of the lab.
int tour(void)
{
    int status = EXIT_SUCCESS;
    printf("Six servers, and one good client. Each responds to it. Each is "
           "wrong in one way,\nand the next one cures it.\n");
    for (int number = 1; number <= STAGES; number++) {
        int found = visit(number);
        if (found != EXIT_SUCCESS && status != EXIT_FAILURE)
            status = found;
    }
    printf("\nWrite down your six guesses. Then begin with "
           "stage1_blocking/README.md:\nit says how to prove the answer, and "
           "what to build.\n");
    return status;
}
