#include "lab/judge/causes.h"

#include <stdio.h>
#include <string.h>

const char *cause_sent(const struct judge_row *row)
{
    for (int i = 0; causes_sent[i].experiment != NULL; i++)
        if (strcmp(causes_sent[i].experiment, row->experiment->name) == 0)
            return causes_sent[i].sent;
    return NULL;
}

static bool fits(const char *pattern, const char *text)
{
    return pattern == NULL || (text != NULL && strcmp(pattern, text) == 0);
}

static bool begins(const char *pattern, const char *text)
{
    return pattern == NULL || strncmp(text, pattern, strlen(pattern)) == 0;
}

const char *cause_likely(const struct judge_row *row)
{
    if (row->run.died)
        return "The server ended in the middle of it. What did it print last?";
    if (row->run.waiting > 0)
        return "Its backlog is too small: some connections were not even "
               "queued, and their clients tried again after a second. What "
               "does it give to listen? Pass SOMAXCONN.";
    int i = 0;
    while (!(fits(causes[i].experiment, row->experiment->name) &&
             fits(causes[i].wanted, row->wanted) &&
             begins(causes[i].seen, row->run.verdict)))
        i++;
    return causes[i].cause; // the last one fits all
}

// The first stage that shows the wanted verdict is where the README tells it.
void cause_read(const struct judgement *judgement, const struct judge_row *row,
                char *text, size_t size)
{
    int first = judgement->stage;
    if (judgement->table->readme != NULL) {
        snprintf(text, size, "%s", judgement->table->readme);
        return;
    }
    for (int i = first; i >= 1 && row->wanted != NULL; i--)
        if (experiment_expected(row->experiment, i) != NULL &&
            strcmp(experiment_expected(row->experiment, i), row->wanted) == 0)
            first = i;
    snprintf(text, size, "%s/README.md, \"Read it\"", stage_directory(first));
}
