// The judgement as text.

#include "lab/judge/causes.h"
#include "lab/judge/judge.h"
#include "lab/judge/points.h"
#include "lab/screen.h"
#include "lab/trouble.h"
#include "lib/base/printable.h"

#include <stdio.h>
#include <string.h>

enum { COLUMNS = 80, LABEL = 10 };

// "  label     text", in lines that fit a terminal.
static void print_wrapped(const char *label, const char *text)
{
    int column = printf("  %-*s", LABEL, label);
    screen_wrapped(column, LABEL + 2, text);
}

// A command, after spaces, in lines that a shell joins again.
static void print_command(const char *text)
{
    int column = printf("     ");
    while (*text != '\0') {
        size_t length = 0;
        for (bool is_quoted = false;
             text[length] != '\0' && (is_quoted || text[length] != ' ');
             length++)
            is_quoted ^= text[length] == '\'';
        if (column + 1 + (int)length + 2 > COLUMNS && column > 8)
            column = printf(" \\\n       ") - 3;
        column += printf(" %.*s", (int)length, text);
        text += length;
        text += *text == ' ' ? 1 : 0;
    }
    printf("\n");
}

static void print_abilities(const struct judgement *judgement)
{
    char has[160] = "";
    for (int i = 0; i < ABILITIES; i++)
        if ((judgement->subject.has & 1U << i) != 0 && 1U << i != HAS_RESTART) {
            size_t length = strlen(has);
            snprintf(has + length, sizeof has - length, "%s%s",
                     length > 0 ? ", " : "", ability_name(i));
        }
    print_wrapped("it has", has);
}

static void print_row(const struct judge_row *row)
{
    const char *wanted = row->wanted != NULL ? row->wanted : "-";
    const char *result = judge_result_name(row->result);
    bool differs = row->result == JUDGE_DIFFERS;
    int column = printf("%-19s %-11s ", row->experiment->name, wanted);
    if (row->result != JUDGE_SKIPPED)
        column += printf("%-11s ", row->run.verdict);
    if (row->why[0] != '\0') {
        char text[160];
        snprintf(text, sizeof text, "%s: %s", result, row->why);
        screen_wrapped(column, column + 2, text);
    } else {
        printf("%s%s%s\n", differs ? screen_red() : "", result,
               differs ? screen_plain() : "");
    }
}

// A server that runs already is at its own port.
static int port_by_hand(const struct judgement *judgement)
{
    int port = judgement->subject.command.port;
    return port > 0 ? port : by_hand_port();
}

void judge_commands_by_hand(const struct judgement *judgement,
                            const struct judge_row *row,
                            char text[BY_HAND_SIZE])
{
    by_hand_commands(row->experiment, port_by_hand(judgement), text);
}

void judge_start_by_hand(const struct judgement *judgement,
                         const struct judge_row *row, char *text, size_t size)
{
    const char *const *words = judgement->subject.command.words;
    struct settings settings = row->run.settings;
    char word[256];
    text[0] = '\0';
    if (words[0] == NULL)
        return;
    settings.port = port_by_hand(judgement);
    settings_by_hand(&settings, text, size);
    for (int i = 0; words[i] != NULL; i++) {
        size_t length = strlen(text);
        if (!settings_replace(&settings, words[i], word, sizeof word))
            continue;
        bool is_quoted = strpbrk(word, " '\"$;&|<>(){}*?\\") != NULL;
        snprintf(text + length, size - length, "%s%s%s%s", i > 0 ? " " : "",
                 is_quoted ? "'" : "", word, is_quoted ? "'" : "");
    }
}

static void print_difference(const struct judgement *judgement,
                             const struct judge_row *row)
{
    char text[BY_HAND_SIZE];
    char shown[BY_HAND_SIZE];
    printf("\n%s%s%s: ", screen_bold(), row->experiment->name, screen_plain());
    screen_wrapped((int)strlen(row->experiment->name) + 2, 2,
                   row->experiment->question);
    if (cause_sent(row) != NULL)
        print_wrapped("sent", cause_sent(row));
    snprintf(text, sizeof text, "%s%s%s", row->run.verdict,
             row->run.detail[0] != '\0' ? ": " : "", row->run.detail);
    print_wrapped("came", text);
    print_wrapped("wanted", row->wanted != NULL ? row->wanted : "nothing");
    print_wrapped("likely", cause_likely(row));
    cause_read(judgement, row, text, sizeof text);
    print_wrapped("read", text);
    printf("  by hand\n");
    judge_start_by_hand(judgement, row, text, sizeof text);
    if (text[0] != '\0')
        print_command(printable_text(shown, sizeof shown, text));
    judge_commands_by_hand(judgement, row, text);
    printable_lines(stdout, "      ", text);
    print_wrapped("shows", row->experiment->shows);
    if (row->run.failed || row->run.died) {
        printf("  it printed\n");
        printable_lines(stdout, "      ", row->run.server.output.text);
    }
}

static void print_sum(const struct judgement *judgement)
{
    const int *counts = judgement->counts;
    int missing = judge_count_missing(judgement);
    printf("\n%d as wanted, %d differ, %d skipped", counts[JUDGE_OK],
           counts[JUDGE_DIFFERS], counts[JUDGE_SKIPPED]);
    if (counts[JUDGE_NOT_DONE] > 0)
        printf(", %d not done, which is not the server's fault",
               counts[JUDGE_NOT_DONE]);
    printf("\n");
    if (judgement->was_asked && missing > 0)
        printf("%d of the skipped rows make a %s%s what it is: see "
               "lab/CONTRACT.md\n",
               missing, judgement->stage <= STAGES ? "stage " : "server like ",
               stage_word(judgement->stage));
}

// Those beyond the stages only if it is one of them.
static void print_likeness(const struct judgement *judgement)
{
    const int *likeness = judgement->likeness;
    char best[128] = "";
    int count = 0;
    int last = judgement->stage <= STAGES ? STAGES : SERVERS;
    for (int i = 0; i < last; i++)
        if (i + 1 != SKETCH && likeness[i] == likeness[judgement->stage - 1]) {
            size_t length = strlen(best);
            snprintf(best + length, sizeof best - length, "%s%s",
                     count++ > 0 ? ", " : "", stage_name(i + 1));
        }
    printf("\n");
    if (count == 1) {
        printf("most like %s%s%s: rows as there, minus rows that differ:\n",
               screen_bold(), best, screen_plain());
    } else {
        char text[512];
        snprintf(text, sizeof text,
                 "most like %s: no row tells them apart. Compared with the "
                 "first of them. Rows as there, minus rows that differ:",
                 best);
        screen_wrapped(0, 0, text);
    }
    for (int i = 0; i < last; i++)
        if (i + 1 != SKETCH)
            printf("  %-16s %3d\n", stage_name(i + 1), likeness[i]);
}

void judge_print(const struct judgement *judgement)
{
    char text[320];
    snprintf(text, sizeof text, "%s, %s %s", judgement->subject.name,
             judgement->was_asked ? "judged as" : "compared with",
             stage_name(judgement->stage));
    screen_wrapped(0, 2, text);
    print_abilities(judgement);
    printf("\n%-19s %-11s %s\n", "", "wanted", "seen");
    for (int i = 0; i < judgement->count; i++)
        print_row(&judgement->rows[i]);
    for (int i = 0; i < judgement->count; i++)
        if (judgement->rows[i].result == JUDGE_DIFFERS)
            print_difference(judgement, &judgement->rows[i]);
    if (!judgement->was_asked)
        print_likeness(judgement);
    print_sum(judgement);
    if (judgement->has_points)
        printf("%d of %d points\n", points(judgement), points_max(judgement));
}

void judge_print_fault(const struct judgement *judgement)
{
    const struct probe *probe = &judgement->probe;
    fprintf(stderr, "lab: %s can't be judged: %s\n", judgement->subject.name,
            trouble() != NULL ? trouble() : probe->fault);
    if (trouble() != NULL)
        return;
    if (probe->printed[0] != '\0')
        fprintf(stderr, "it printed:\n");
    printable_lines(stderr, "", probe->printed);
    fprintf(
        stderr,
        "A server listens on 127.0.0.1 and the port in the environment's "
        "PORT, or in {port}\nin a word of its command, and gives a response "
        "to GET /health: see lab/CONTRACT.md\n");
}
