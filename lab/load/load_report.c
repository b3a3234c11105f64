#include "lab/load/load.h"

#include <jansson.h>
#include <stdio.h>

// 1: the longest time of all.
static const double parts[] = {0.5, 0.9, 0.99, 1};
static const char *const names[] = {"p50", "p90", "p99", "max"};
enum { PARTS = sizeof parts / sizeof parts[0] };

static void print_times(const struct load_result *result)
{
    printf("  ms      ");
    for (int i = 0; i < PARTS; i++) {
        int64_t time = histogram_quantile(&result->times, parts[i]);
        if (time == HISTOGRAM_NEVER)
            printf("  %s never", names[i]);
        else
            printf("  %s %.2f", names[i], (double)time / 1e6);
    }
    printf("\n");
}

// What never came is null.
static json_t *times_json(const struct load_result *result)
{
    json_t *times = json_object();
    for (int i = 0; i < PARTS; i++) {
        int64_t time = histogram_quantile(&result->times, parts[i]);
        json_object_set_new(times, names[i],
                            time == HISTOGRAM_NEVER
                                ? json_null()
                                : json_real((double)time / 1e6));
    }
    return times;
}

static double retries_in_100_ms(const struct load_result *result)
{
    return (double)result->retries / (result->seconds * 10);
}

static void print_retries(const struct load_result *result)
{
    printf("  retries   %10lld  in 100 ms: at most %lld, on average %.1f\n",
           (long long)result->retries, (long long)result->busiest.most,
           retries_in_100_ms(result));
    printf("  given up  %10lld  after %d tries, or at the end\n",
           (long long)result->given_up, RETRY_TRIES_MAX);
}

static void print_text(const struct load_options *options,
                       const struct load_result *result)
{
    printf("%s %s, port %d: %d clients, %.1f s\n", options->method,
           options->path, options->port, options->clients, result->seconds);
    printf("  responses %10lld  %.0f per second\n",
           (long long)result->responses,
           (double)result->responses / result->seconds);
    printf("  accepted  %10lld  200, 202\n", (long long)result->accepted);
    printf("  rejected  %10lld  503\n", (long long)result->rejected);
    printf("  other     %10lld  any other status\n", (long long)result->others);
    printf("  errors    %10lld  no response, or a broken connection\n",
           (long long)result->errors);
    if (options->rate > 0)
        printf("  unsent    %10lld  were due, but no client was free\n",
               (long long)result->unsent);
    if (options->retry != RETRY_NONE)
        print_retries(result);
    printf("  opened    %10lld  connections\n", (long long)result->connections);
    print_times(result);
}

static void print_json(const struct load_options *options,
                       const struct load_result *result)
{
    json_t *json = json_pack(
        "{s:i, s:f, s:I, s:f, s:I, s:I, s:I, s:I, s:I, s:I, s:{s:I, s:I, s:f, "
        "s:I}, s:o}",
        "clients", options->clients, "seconds", result->seconds, "responses",
        (json_int_t)result->responses, "per_second",
        (double)result->responses / result->seconds, "accepted",
        (json_int_t)result->accepted, "rejected", (json_int_t)result->rejected,
        "other", (json_int_t)result->others, "errors",
        (json_int_t)result->errors, "unsent", (json_int_t)result->unsent,
        "connections", (json_int_t)result->connections, "retries", "count",
        (json_int_t)result->retries, "most_in_100_ms",
        (json_int_t)result->busiest.most, "mean_in_100_ms",
        retries_in_100_ms(result), "given_up", (json_int_t)result->given_up,
        "ms", times_json(result));
    json_dumpf(json, stdout, JSON_INDENT(2));
    printf("\n");
    json_decref(json);
}

void load_report(const struct load_options *options,
                 const struct load_result *result)
{
    if (options->json)
        print_json(options, result);
    else
        print_text(options, result);
}
