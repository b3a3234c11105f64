#include "lab/judge/junit.h"
#include "lab/judge/causes.h"
#include "lab/trouble.h"

#include <string.h>

// How many bytes a character of UTF-8 has that XML 1.0 allows; 0: none begins
// here. The forms that are too long, the surrogates, U+FFFE and U+FFFF are not
// allowed (RFC 3629, 4; XML 1.0, 2.2).
static size_t character_length(const unsigned char *at)
{
    static const struct {
        unsigned char first, last, second, second_last;
        size_t length;
    } forms[] = {
        {0x20, 0x7f, 0, 0, 1},       {0xc2, 0xdf, 0x80, 0xbf, 2},
        {0xe0, 0xe0, 0xa0, 0xbf, 3}, {0xe1, 0xec, 0x80, 0xbf, 3},
        {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
        {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4},
        {0xf4, 0xf4, 0x80, 0x8f, 4},
    };
    if (*at == '\t' || *at == '\n')
        return 1;
    if (at[0] == 0xef && at[1] == 0xbf && (at[2] == 0xbe || at[2] == 0xbf))
        return 0;
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        if (*at < forms[i].first || *at > forms[i].last)
            continue;
        size_t length = forms[i].length;
        if (length > 1 &&
            (at[1] < forms[i].second || at[1] > forms[i].second_last))
            return 0;
        for (size_t next = 2; next < length; next++)
            if ((at[next] & 0xc0) != 0x80)
                return 0;
        return length;
    }
    return 0;
}

static const char *entity_of(char byte)
{
    switch (byte) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\n':
        return "&#10;"; // in an attribute, a plain one would become a space
    default:
        return NULL;
    }
}

void junit_write_text(FILE *file, const char *text)
{
    while (*text != '\0') {
        size_t length = character_length((const unsigned char *)text);
        const char *entity = entity_of(*text);
        if (length == 0)
            fprintf(file, "\\x%02x", (unsigned char)*text);
        else if (entity != NULL)
            fputs(entity, file);
        else
            fwrite(text, 1, length, file);
        text += length > 0 ? length : 1;
    }
}

// ' name="value"'
static void write_attribute(FILE *file, const char *name, const char *value)
{
    fprintf(file, " %s=\"", name);
    junit_write_text(file, value);
    fputs("\"", file);
}

// A line of the explanation.
static void write_line(FILE *file, const char *label, const char *text)
{
    if (text == NULL || text[0] == '\0')
        return;
    fprintf(file, "%s: ", label);
    junit_write_text(file, text);
    fputs("\n", file);
}

static void write_printed(FILE *file, const char *printed)
{
    if (printed[0] == '\0')
        return;
    fputs("<system-out>", file);
    junit_write_text(file, printed);
    fputs("</system-out>\n", file);
}

static void write_failure(FILE *file, const struct judgement *judgement,
                          const struct judge_row *row)
{
    char text[BY_HAND_SIZE];
    const char *wanted = row->wanted != NULL ? row->wanted : "nothing";
    snprintf(text, sizeof text, "wanted %s, seen %s", wanted, row->run.verdict);
    fputs("<failure", file);
    write_attribute(file, "message", text);
    fputs(">\n", file);
    write_line(file, "question", row->experiment->question);
    write_line(file, "sent", cause_sent(row));
    write_line(file, "came", row->run.detail);
    write_line(file, "likely", cause_likely(row));
    cause_read(judgement, row, text, sizeof text);
    write_line(file, "read", text);
    judge_start_by_hand(judgement, row, text, sizeof text);
    write_line(file, "start", text);
    judge_commands_by_hand(judgement, row, text);
    write_line(file, "by hand", text);
    write_line(file, "shows", row->experiment->shows);
    fputs("</failure>\n", file);
    write_printed(file, row->run.server.output.text);
}

// An element without text: <skipped message="..."/>.
static void write_empty(FILE *file, const char *name, const char *message)
{
    fprintf(file, "<%s", name);
    write_attribute(file, "message", message);
    fputs("/>\n", file);
}

static void begin_case(FILE *file, const struct judgement *judgement,
                       const char *name)
{
    fputs("<testcase", file);
    write_attribute(file, "name", name);
    write_attribute(file, "classname",
                    judgement->stage > 0 ? stage_name(judgement->stage)
                                         : "any server");
    fputs(">\n", file);
}

static void write_row(FILE *file, const struct judgement *judgement,
                      const struct judge_row *row)
{
    begin_case(file, judgement, row->experiment->name);
    switch (row->result) {
    case JUDGE_OK:
        break;
    case JUDGE_DIFFERS:
        write_failure(file, judgement, row);
        break;
    case JUDGE_SKIPPED:
        write_empty(file, row->makes ? "failure" : "skipped", row->why);
        break;
    case JUDGE_NOT_DONE:
        write_empty(file, "error", row->why);
        break;
    }
    fputs("</testcase>\n", file);
}

// It has no rows: the server did not start, or the lab could not.
static void write_fault(FILE *file, const struct judgement *judgement)
{
    begin_case(file, judgement, "start");
    if (trouble() != NULL)
        write_empty(file, "error", trouble());
    else
        write_empty(file, "failure", judgement->probe.fault);
    write_printed(file, judgement->probe.printed);
    fputs("</testcase>\n", file);
}

static void write_suite(FILE *file, const struct judgement *judgement)
{
    bool has_fault = judgement->probe.fault[0] != '\0' || trouble() != NULL;
    bool is_started = judgement->count > 0 || !has_fault;
    int missing = judge_count_missing(judgement);
    int failures = is_started ? judgement->counts[JUDGE_DIFFERS] + missing
                              : trouble() == NULL;
    int errors =
        is_started ? judgement->counts[JUDGE_NOT_DONE] : trouble() != NULL;
    int skipped = judgement->counts[JUDGE_SKIPPED] - missing;
    fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite", file);
    write_attribute(file, "name", judgement->subject.name);
    fprintf(file,
            " tests=\"%d\" failures=\"%d\" errors=\"%d\" skipped=\"%d\">\n",
            is_started ? judgement->count : 1, failures, errors, skipped);
    if (!is_started)
        write_fault(file, judgement);
    for (int i = 0; i < judgement->count; i++)
        write_row(file, judgement, &judgement->rows[i]);
    fputs("</testsuite>\n", file);
}

bool junit_write(const char *path, const struct judgement *judgement)
{
    FILE *file = fopen(path, "w");
    bool is_written = false;
    if (file != NULL) {
        write_suite(file, judgement);
        is_written = !ferror(file);
        is_written = fclose(file) == 0 && is_written;
    }
    if (!is_written)
        trouble_with_file(path);
    return is_written;
}
