// test_corpus.c - every case of tests/corpus, without a server around it
//
//     test_corpus DIRECTORY
//
// `corpus.py expand DIRECTORY` has written the bytes of the cases there, and
// lists of the expected outcomes:
//
//     length 200 open              a request, and nothing after it
//     pipeline-good-bad 200 400 close
//     key-duplicate invalid_event: byte

#include "lib/event/event.h"
#include "tests/unit/guard.h"
#include "tests/unit/http_cuts.h"
#include "tests/unit/unit.h"

#include <stdlib.h>

enum { CASES_MAX = 2000, LINE_MAX_SIZE = 512 };
enum { PIECE = 16 * 1024 }; // in bytes, for one recv of a server

struct cases {
    const char *kind;
    int count;
    char lines[CASES_MAX][LINE_MAX_SIZE]; // "name expected"
};

static const char *directory;
static struct cases requests = {.kind = "requests"};
static struct cases bodies = {.kind = "bodies"};

static FILE *open_in_directory(const char *kind, const char *suffix)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s%s", directory, kind, suffix);
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        perror(path);
    return file;
}

static bool read_list(struct cases *cases)
{
    FILE *file = open_in_directory(cases->kind, ".list");
    if (file == NULL)
        return false;
    while (cases->count < CASES_MAX &&
           fgets(cases->lines[cases->count], LINE_MAX_SIZE, file) != NULL) {
        char *line = cases->lines[cases->count++];
        line[strcspn(line, "\n")] = '\0';
    }
    fclose(file);
    return cases->count > 0;
}

// Cuts the line after its name, and returns the expected outcome. The caller
// owns the bytes.
static char *read_case(struct cases *cases, int number, struct slice *bytes)
{
    char *name = cases->lines[number];
    char *expected = name + strcspn(name, " ");
    char path[LINE_MAX_SIZE + 1];
    *expected++ = '\0';
    snprintf(path, sizeof path, "/%s", name);
    FILE *file = open_in_directory(cases->kind, path);
    ck_assert_ptr_nonnull(file);
    fseek(file, 0, SEEK_END);
    size_t length = (size_t)ftell(file);
    rewind(file);
    char *content = malloc(length + 1);
    ck_assert_ptr_nonnull(content);
    ck_assert_uint_eq(fread(content, 1, length, file), length);
    fclose(file);
    *bytes = (struct slice){content, length};
    set_title(name);
    return expected;
}

static struct outcome parse_given(struct guard *room, struct slice bytes,
                                  size_t given, struct http_progress *progress)
{
    struct outcome outcome;
    char *copy = guard_place(room, (struct slice){bytes.bytes, given});
    outcome.result = http_parse_request(copy, given, &http_limits_default,
                                        progress, &outcome.request);
    return outcome;
}

// For a long request, every cut would take hours. It is parsed whole, and in
// the pieces that a server would receive.
static struct outcome parse_long(struct slice bytes)
{
    struct guard room;
    struct http_progress progress = {0};
    guard_init(&room, bytes.length);
    struct outcome whole = parse_given(&room, bytes, bytes.length, &progress);
    struct outcome outcome = {.result = HTTP_PARSE_MORE};
    progress = (struct http_progress){0};
    for (size_t given = 0;
         given < bytes.length && outcome.result == HTTP_PARSE_MORE;) {
        size_t left = bytes.length - given;
        given += left < PIECE ? left : PIECE;
        outcome = parse_given(&room, bytes, given, &progress);
    }
    guard_destroy(&room);
    if (outcome.result != whole.result ||
        outcome.request.status != whole.request.status ||
        outcome.request.length != whole.request.length)
        fail_at(bytes, bytes.length, "pieces changed the outcome");
    return whole;
}

static struct outcome parse(struct slice bytes)
{
    if (bytes.length > CUTS_MAX)
        return parse_long(bytes);
    check_cuts(bytes);
    return parse_whole(bytes);
}

static void must_be(struct slice bytes, bool right, const char *expected)
{
    char text[64];
    snprintf(text, sizeof text, "expected %s", expected);
    if (!right)
        fail_at(bytes, bytes.length, text);
}

// Checks the next request, and returns the bytes after it. `after` is the
// expected word after this one.
static struct slice check_next(struct slice bytes, const char *expected,
                               const char *after)
{
    struct outcome outcome = parse(bytes);
    int status = atoi(expected);
    if (status != 200) {
        must_be(bytes,
                outcome.result == HTTP_PARSE_REJECTED &&
                    (int)outcome.request.status == status,
                expected);
        return bytes;
    }
    must_be(bytes, outcome.result == HTTP_PARSE_DONE, expected);
    must_be(bytes, outcome.request.keep_alive == (strcmp(after, "close") != 0),
            after);
    return slice_after(bytes, outcome.request.length);
}

START_TEST(a_request_has_the_outcome_of_the_corpus)
{
    struct slice bytes;
    char *expected = read_case(&requests, _i, &bytes);
    char *content = (char *)bytes.bytes;
    char *word = strtok(expected, " ");
    for (char *next; (next = strtok(NULL, " ")) != NULL; word = next)
        bytes = check_next(bytes, word, next);
    if (strcmp(word, "open") == 0)
        must_be(bytes, !http_has_begun(bytes),
                "nothing after the last request");
    if (strcmp(word, "more") == 0)
        must_be(bytes, parse(bytes).result == HTTP_PARSE_MORE, "more bytes");
    free(content);
}
END_TEST

START_TEST(a_body_has_the_outcome_of_the_corpus)
{
    struct slice bytes;
    struct guard room;
    struct event event;
    struct event_fault fault;
    char said[32 + EVENT_DETAIL_SIZE] = "accepted";
    const char *expected = read_case(&bodies, _i, &bytes);
    guard_init(&room, bytes.length);
    struct slice json = {guard_place(&room, bytes), bytes.length};
    free((char *)bytes.bytes);
    if (!event_decode(json, &event, &fault))
        snprintf(said, sizeof said, "%s: %s", fault.reason, fault.detail);
    ck_assert_msg(strncmp(said, expected, strlen(expected)) == 0,
                  "%s: %s\n# expected: %s", bodies.lines[_i], said, expected);
    guard_destroy(&room);
}
END_TEST

static Suite *corpus_suite(void)
{
    Suite *suite = suite_create("corpus");
    TCase *tcase = tcase_create("cases");
    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, cuts_setup, cuts_teardown);
    tcase_add_loop_test(tcase, a_request_has_the_outcome_of_the_corpus, 0,
                        requests.count);
    tcase_add_loop_test(tcase, a_body_has_the_outcome_of_the_corpus, 0,
                        bodies.count);
    suite_add_tcase(suite, tcase);
    return suite;
}

int main(int argc, char **argv)
{
    directory = argc == 2 ? argv[1] : ".";
    if (!read_list(&requests) || !read_list(&bodies))
        return EXIT_FAILURE;
    return unit_run(corpus_suite());
}
