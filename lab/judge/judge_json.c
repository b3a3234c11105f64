// The judgement for programs.

#include "lab/judge/causes.h"
#include "lab/judge/judge.h"
#include "lab/judge/points.h"
#include "lab/trouble.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

// What a server printed need not be UTF-8, and JSON must be.
static json_t *to_text(const char *text)
{
    static char ascii[OUTPUT_SIZE];
    json_t *found = json_string(text);
    size_t length = 0;
    if (found != NULL)
        return found;
    for (; text[length] != '\0' && length + 1 < sizeof ascii; length++)
        if ((unsigned char)text[length] < 128)
            ascii[length] = text[length];
        else
            ascii[length] = '?';
    ascii[length] = '\0';
    return json_string(ascii);
}

static json_t *to_text_or_null(const char *text)
{
    return text != NULL && text[0] != '\0' ? to_text(text) : json_null();
}

// What it has, or lacks, and what was seen.
static json_t *list_abilities(const struct judgement *judgement, bool are_there)
{
    json_t *found = json_object();
    for (int i = 0; i < ABILITIES; i++) {
        bool is_there = (judgement->subject.has & 1U << i) != 0;
        if (is_there == are_there && judgement->probe.notes[i][0] != '\0')
            json_object_set_new(found, ability_name(i),
                                to_text(judgement->probe.notes[i]));
    }
    return found;
}

static void add_explanation(json_t *json, const struct judgement *judgement,
                            const struct judge_row *row)
{
    char text[BY_HAND_SIZE];
    json_object_set_new(json, "sent", to_text_or_null(cause_sent(row)));
    json_object_set_new(json, "likely",
                        to_text_or_null(row->result == JUDGE_DIFFERS
                                            ? cause_likely(row)
                                            : NULL));
    cause_read(judgement, row, text, sizeof text);
    json_object_set_new(json, "read", to_text(text));
    judge_start_by_hand(judgement, row, text, sizeof text);
    json_object_set_new(json, "start", to_text_or_null(text));
    judge_commands_by_hand(judgement, row, text);
    json_object_set_new(json, "by_hand", to_text(text));
    json_object_set_new(json, "shows", to_text(row->experiment->shows));
    json_object_set_new(json, "printed", to_text(row->run.server.output.text));
}

static json_t *row_to_json(const struct judgement *judgement,
                           const struct judge_row *row)
{
    const struct run *run = &row->run;
    bool has_time = run->slowest_ms > 0 && isfinite(run->slowest_ms);
    bool is_seen = row->result == JUDGE_OK || row->result == JUDGE_DIFFERS;
    json_t *json = json_pack(
        "{s:s, s:s, s:o, s:o, s:s, s:b, s:o, s:o, s:o, s:i, s:i, s:b}",
        "experiment", row->experiment->name, "question",
        row->experiment->question, "wanted", to_text_or_null(row->wanted),
        "seen", to_text_or_null(is_seen ? run->verdict : NULL), "result",
        judge_result_name(row->result), "makes", row->makes, "why",
        to_text_or_null(row->why), "detail", to_text_or_null(run->detail),
        "slowest_ms", has_time ? json_real(run->slowest_ms) : json_null(),
        "accepted", run->accepted, "rejected", run->rejected, "died",
        run->died);
    if (judgement->has_points) {
        json_object_set_new(json, "points", json_integer(points_of_row(row)));
        json_object_set_new(json, "points_max",
                            json_integer(points_max_of_row(row)));
    }
    if (row->result != JUDGE_OK)
        add_explanation(json, judgement, row);
    return json;
}

static json_t *command_to_json(const struct judgement *judgement)
{
    json_t *words = json_array();
    for (int i = 0; judgement->subject.command.words[i] != NULL; i++)
        json_array_append_new(words,
                              to_text(judgement->subject.command.words[i]));
    return words;
}

static void print(json_t *json)
{
    json_dumpf(json, stdout, JSON_INDENT(2));
    printf("\n");
    json_decref(json);
}

void judge_print_json(const struct judgement *judgement)
{
    json_t *rows = json_array();
    json_t *likeness = json_array(); // with the stages
    json_t *beyond = json_array();   // with lanes, durable, shared
    for (int i = 0; i < judgement->count; i++)
        json_array_append_new(rows,
                              row_to_json(judgement, &judgement->rows[i]));
    for (int i = 0; i < STAGES; i++)
        json_array_append_new(likeness, json_integer(judgement->likeness[i]));
    for (int i = LANES - 1; i < SERVERS; i++)
        json_array_append_new(beyond, json_integer(judgement->likeness[i]));
    json_t *json = json_pack(
        "{s:o, s:o, s:i, s:s, s:b, s:o, s:o, s:o, s:o, s:o}", "server",
        to_text(judgement->subject.name), "command", command_to_json(judgement),
        "stage", judgement->stage, "as", stage_name(judgement->stage),
        "was_asked", judgement->was_asked, "likeness", likeness,
        "likeness_beyond", beyond, "has", list_abilities(judgement, true),
        "lacks", list_abilities(judgement, false), "rows", rows);
    if (judgement->has_points) {
        json_object_set_new(json, "points", json_integer(points(judgement)));
        json_object_set_new(json, "points_max",
                            json_integer(points_max(judgement)));
    }
    print(json);
}

void judge_print_fault_json(const struct judgement *judgement)
{
    print(json_pack("{s:o, s:o, s:o, s:o, s:[]}", "server",
                    to_text(judgement->subject.name), "command",
                    command_to_json(judgement), "fault",
                    to_text(judgement->probe.fault), "printed",
                    to_text(judgement->probe.printed), "rows"));
}
