// test_options.c - the command line: what is accepted, and what is printed

#include "lib/http/http_limits.h"
#include "tests/unit/capture.h"
#include "tests/unit/unit.h"

#include <limits.h>
#include <string.h>

// A program with options of its own, and what it printed.
static struct options options;
static struct http_limits limits;
static int capacity;
static bool loud;
static const char *label;
static const char *gate;
static struct capture out;
static struct capture err;

static bool is_a_gate(const char *text)
{
    return strcmp(text, "gate") == 0;
}

static void add_options(void)
{
    capacity = 100;
    loud = false;
    label = "none";
    gate = NULL;
    options_init(&options, "program", "what it is for");
    http_limits_add_options(&limits, &options);
    options_add_setting(&options, "--capacity", &capacity, 1, 1000,
                        "jobs that may wait");
    options_add_flag(&options, "--loud", &loud, "say more");
    options_add_text(&options, "--label", "TEXT", &label, "say this");
    options_add_text(&options, "--gate", "FIFO", &gate, "wait for this");
    options.rows[options.count - 1].accepts = is_a_gate;
    options.rows[options.count - 1].expected = "a gate";
    options.rows[options.count - 1].is_setting = true;
}

// Up to 6 arguments after the program's name.
struct arguments {
    const char *words[7];
};

static bool parse(struct arguments arguments)
{
    char *argv[8] = {"program"};
    int argc = 1;
    while (arguments.words[argc - 1] != NULL) {
        argv[argc] = (char *)arguments.words[argc - 1];
        argc++;
    }
    add_options();
    capture_start(&out, stdout);
    capture_start(&err, stderr);
    bool accepted = options_parse(&options, argc, argv);
    capture_stop(&err);
    capture_stop(&out);
    return accepted;
}

static bool parse_one(const char *argument)
{
    return parse((struct arguments){{argument}});
}

static void must_be_accepted(bool accepted)
{
    ck_assert_msg(accepted, "it was rejected: %s", err.text);
    ck_assert_str_eq(err.text, "");
    ck_assert_str_eq(out.text, "");
}

START_TEST(without_arguments_every_option_has_its_default)
{
    must_be_accepted(parse((struct arguments){{NULL}}));
    ck_assert_str_eq(options.bind, "127.0.0.1");
    ck_assert_int_eq(options.port, 8080);
    ck_assert(!options.quiet);
    ck_assert_ptr_null(options.trace);
    ck_assert_int_eq(limits.line_max, 8192);
    ck_assert_int_eq(limits.header_max, 16384);
    ck_assert_int_eq(limits.fields_max, 100);
    ck_assert_int_eq(limits.body_max, 1048576);
    ck_assert_int_eq(limits.trailers_max, 8192);
    ck_assert_int_eq(capacity, 100);
    ck_assert(!loud);
    ck_assert_str_eq(label, "none");
    ck_assert_ptr_null(gate);
}
END_TEST

static const struct {
    const char *name;
    const int *number;
} numbers[] = {
    {"--port", &options.port},
    {"--line-max-bytes", &limits.line_max},
    {"--header-max-bytes", &limits.header_max},
    {"--fields-max", &limits.fields_max},
    {"--body-max-bytes", &limits.body_max},
    {"--trailers-max-bytes", &limits.trailers_max},
    {"--capacity", &capacity},
};

START_TEST(a_number_follows_its_name_or_an_equals_sign)
{
    char joined[64];
    must_be_accepted(parse((struct arguments){{numbers[_i].name, "77"}}));
    ck_assert_int_eq(*numbers[_i].number, 77);
    snprintf(joined, sizeof joined, "%s=78", numbers[_i].name);
    must_be_accepted(parse_one(joined));
    ck_assert_int_eq(*numbers[_i].number, 78);
}
END_TEST

// The row of the option, which has the bounds of its number.
static const struct option *row(const char *name)
{
    int i = 0;
    add_options();
    while (strcmp(options.rows[i].name, name) != 0)
        i++;
    return &options.rows[i];
}

static bool is_accepted(const char *name, long value)
{
    char argument[64];
    snprintf(argument, sizeof argument, "%s=%ld", name, value);
    return parse_one(argument);
}

START_TEST(a_number_is_accepted_within_its_bounds)
{
    const struct option *option = row(numbers[_i].name);
    const long min = option->min;
    const long max = option->max;
    ck_assert_int_le(min, max);
    ck_assert(is_accepted(numbers[_i].name, min));
    ck_assert_int_eq(*numbers[_i].number, min);
    ck_assert(is_accepted(numbers[_i].name, max));
    ck_assert_int_eq(*numbers[_i].number, max);
    ck_assert(!is_accepted(numbers[_i].name, min - 1));
    ck_assert(!is_accepted(numbers[_i].name, max + 1));
    ck_assert(!is_accepted(numbers[_i].name, INT_MAX));
}
END_TEST

START_TEST(a_text_is_used_unchanged)
{
    must_be_accepted(parse((struct arguments){{"--label", "two words"}}));
    ck_assert_str_eq(label, "two words");
    must_be_accepted(parse_one("--label=a=b"));
    ck_assert_str_eq(label, "a=b");
    must_be_accepted(parse_one("--label="));
    ck_assert_str_eq(label, "");
    must_be_accepted(parse((struct arguments){{"--label", "--loud"}}));
    ck_assert_str_eq(label, "--loud");
    ck_assert(!loud);
    must_be_accepted(parse((struct arguments){{"--gate", "gate"}}));
    ck_assert_str_eq(gate, "gate");
}
END_TEST

static const char *const addresses[] = {
    "127.0.0.1", "0.0.0.0", "255.255.255.255", "::1", "::", "2001:db8::42",
};

START_TEST(an_address_may_be_of_either_version)
{
    must_be_accepted(parse((struct arguments){{"--bind", addresses[_i]}}));
    ck_assert_str_eq(options.bind, addresses[_i]);
}
END_TEST

START_TEST(a_flag_has_no_value)
{
    must_be_accepted(parse_one("--quiet"));
    ck_assert(options.quiet);
    ck_assert(!loud);
    must_be_accepted(parse_one("--loud"));
    ck_assert(loud);
    ck_assert(!options.quiet);
}
END_TEST

START_TEST(options_have_any_order_and_the_last_value_counts)
{
    must_be_accepted(parse((struct arguments){
        {"--loud", "--port=1", "--capacity", "5", "--quiet", "--port=2"}}));
    ck_assert(loud);
    ck_assert(options.quiet);
    ck_assert_int_eq(capacity, 5);
    ck_assert_int_eq(options.port, 2);
}
END_TEST

#define NO_PORT "program: --port: expected 0 to 65535, got "
#define NO_ADDRESS "program: --bind: expected an IPv4 or IPv6 address, got "

static const struct {
    struct arguments arguments;
    const char *message;
} rejected[] = {
    {{{"--port", "65536"}}, NO_PORT "'65536'\n"},
    {{{"--port=-1"}}, NO_PORT "'-1'\n"},
    {{{"--port", "http"}}, NO_PORT "'http'\n"},
    {{{"--port", "80a"}}, NO_PORT "'80a'\n"},
    {{{"--port", "0x50"}}, NO_PORT "'0x50'\n"},
    {{{"--port", "8e3"}}, NO_PORT "'8e3'\n"},
    {{{"--port", "8.0"}}, NO_PORT "'8.0'\n"},
    // strtol would accept these three.
    {{{"--port", " 80"}}, NO_PORT "' 80'\n"},
    {{{"--port", "+80"}}, NO_PORT "'+80'\n"},
    {{{"--port", ""}}, NO_PORT "''\n"},
    {{{"--port="}}, NO_PORT "''\n"},
    // 2^32 + 80 and 2^64 + 80, which overflow to 80.
    {{{"--port", "4294967376"}}, NO_PORT "'4294967376'\n"},
    {{{"--port", "18446744073709551696"}}, NO_PORT "'18446744073709551696'\n"},
    {{{"--port", "--quiet"}}, NO_PORT "'--quiet'\n"},
    {{{"--capacity", "0"}},
     "program: --capacity: expected 1 to 1000, got '0'\n"},
    {{{"--bind", "localhost"}}, NO_ADDRESS "'localhost'\n"},
    {{{"--bind", "127.1"}}, NO_ADDRESS "'127.1'\n"},
    {{{"--bind", "256.0.0.1"}}, NO_ADDRESS "'256.0.0.1'\n"},
    {{{"--bind", "127.0.0.1:80"}}, NO_ADDRESS "'127.0.0.1:80'\n"},
    {{{"--bind", "[::1]"}}, NO_ADDRESS "'[::1]'\n"},
    {{{"--bind="}}, NO_ADDRESS "''\n"},
    {{{"--trace=/no/such/directory/trace"}},
     "program: --trace: expected a regular file that can be written, got "
     "'/no/such/directory/trace'\n"},
    {{{"--gate", "door"}}, "program: --gate: expected a gate, got 'door'\n"},
    {{{"--port"}}, "program: --port: expected a value after it\n"},
    {{{"--label"}}, "program: --label: expected a value after it\n"},
    {{{"--quiet=yes"}}, "program: --quiet: expected no value, got 'yes'\n"},
    {{{"--quiet="}}, "program: --quiet: expected no value, got ''\n"},
    // No abbreviations, no short options, no arguments without a name.
    {{{"--por", "80"}}, "program: unknown option '--por': try --help\n"},
    {{{"--ports", "80"}}, "program: unknown option '--ports': try --help\n"},
    {{{"--ports=80"}}, "program: unknown option '--ports=80': try --help\n"},
    {{{"--PORT=80"}}, "program: unknown option '--PORT=80': try --help\n"},
    {{{"-p", "80"}}, "program: unknown option '-p': try --help\n"},
    {{{"8080"}}, "program: unknown option '8080': try --help\n"},
    {{{"--"}}, "program: unknown option '--': try --help\n"},
    {{{"="}}, "program: unknown option '=': try --help\n"},
    {{{""}}, "program: unknown option '': try --help\n"},
    {{{"--quiet", "yes"}}, "program: unknown option 'yes': try --help\n"},
    {{{"--help=all"}}, "program: unknown option '--help=all': try --help\n"},
    // The first wrong option ends the parsing.
    {{{"--wrong", "--help"}},
     "program: unknown option '--wrong': try --help\n"},
    {{{"--quiet", "--port=x", "--bind=y"}}, NO_PORT "'x'\n"},
};

START_TEST(a_wrong_option_is_named_with_what_it_expects)
{
    ck_assert(!parse(rejected[_i].arguments));
    ck_assert_int_eq(options.exit_status, 2);
    ck_assert_str_eq(err.text, rejected[_i].message);
    ck_assert_str_eq(out.text, "");
    ck_assert_int_eq(options.port, 8080);
    ck_assert_str_eq(options.bind, "127.0.0.1");
    ck_assert_int_eq(capacity, 100);
}
END_TEST

// The environment of one test, which runs in a process of its own.
static void set(const char *variable, const char *value)
{
    ck_assert_int_eq(setenv(variable, value, 1), 0);
}

START_TEST(a_setting_is_read_from_the_environment)
{
    set("CAPACITY", "7");
    set("GATE", "gate");
    set("PORT", "0");
    set("BODY_MAX_BYTES", "9");
    set("QUIET", "1");
    must_be_accepted(parse((struct arguments){{NULL}}));
    ck_assert_int_eq(capacity, 7);
    ck_assert_str_eq(gate, "gate");
    ck_assert_int_eq(options.port, 0);
    ck_assert_int_eq(limits.body_max, 9);
    ck_assert(options.quiet);
}
END_TEST

START_TEST(an_empty_variable_says_nothing_and_a_flag_may_be_0)
{
    set("CAPACITY", "");
    set("GATE", "");
    set("QUIET", "0");
    must_be_accepted(parse((struct arguments){{NULL}}));
    ck_assert_int_eq(capacity, 100);
    ck_assert_ptr_null(gate);
    ck_assert(!options.quiet);
}
END_TEST

// Even if the variable has a wrong value.
START_TEST(the_command_line_wins_over_the_environment)
{
    set("CAPACITY", "none");
    set("QUIET", "0");
    must_be_accepted(parse((struct arguments){{"--capacity", "5", "--quiet"}}));
    ck_assert_int_eq(capacity, 5);
    ck_assert(options.quiet);
}
END_TEST

START_TEST(an_option_that_is_no_setting_is_not_read_there)
{
    set("LABEL", "other");
    set("LOUD", "1");
    set("LINE_MAX_BYTES", "17");
    set("BIND", "::1");
    must_be_accepted(parse((struct arguments){{NULL}}));
    ck_assert_str_eq(label, "none");
    ck_assert(!loud);
    ck_assert_int_eq(limits.line_max, 8192);
    ck_assert_str_eq(options.bind, "127.0.0.1");
}
END_TEST

static const struct {
    const char *variable;
    const char *value;
    const char *message;
} wrong_variables[] = {
    {"PORT", "x", "PORT in the environment: expected 0 to 65535, got 'x'"},
    {"PORT", " 1", "PORT in the environment: expected 0 to 65535, got ' 1'"},
    {"CAPACITY", "0",
     "CAPACITY in the environment: expected 1 to 1000, got '0'"},
    {"GATE", "door", "GATE in the environment: expected a gate, got 'door'"},
    {"QUIET", "yes", "QUIET in the environment: expected 0 or 1, got 'yes'"},
    {"TRACE", "/no/such/directory/trace",
     "TRACE in the environment: expected a regular file that can be written, "
     "got '/no/such/directory/trace'"},
};

START_TEST(a_wrong_variable_is_named)
{
    char expected[256];
    set(wrong_variables[_i].variable, wrong_variables[_i].value);
    ck_assert(!parse((struct arguments){{NULL}}));
    ck_assert_int_eq(options.exit_status, 2);
    snprintf(expected, sizeof expected, "program: %s\n",
             wrong_variables[_i].message);
    ck_assert_str_eq(err.text, expected);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("options");
    TCase *right = tcase_create("accepted");
    tcase_add_test(right, without_arguments_every_option_has_its_default);
    unit_add_rows(right, a_number_follows_its_name_or_an_equals_sign, numbers);
    unit_add_rows(right, a_number_is_accepted_within_its_bounds, numbers);
    tcase_add_test(right, a_text_is_used_unchanged);
    unit_add_rows(right, an_address_may_be_of_either_version, addresses);
    tcase_add_test(right, a_flag_has_no_value);
    tcase_add_test(right, options_have_any_order_and_the_last_value_counts);
    suite_add_tcase(suite, right);
    TCase *wrong = tcase_create("rejected");
    unit_add_rows(wrong, a_wrong_option_is_named_with_what_it_expects,
                  rejected);
    suite_add_tcase(suite, wrong);
    TCase *environment = tcase_create("environment");
    tcase_add_test(environment, a_setting_is_read_from_the_environment);
    tcase_add_test(environment,
                   an_empty_variable_says_nothing_and_a_flag_may_be_0);
    tcase_add_test(environment, the_command_line_wins_over_the_environment);
    tcase_add_test(environment, an_option_that_is_no_setting_is_not_read_there);
    unit_add_rows(environment, a_wrong_variable_is_named, wrong_variables);
    suite_add_tcase(suite, environment);
    return unit_run(suite);
}
