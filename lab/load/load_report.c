#include "lab/load/load.h"

#include <jansson.h>
#include <stdio.h>

static double quantile_ms(const struct load_result *result, double part)
{
    return (double)histogram_quantile(&result->times, part) / 1e6;
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
    printf("  opened    %10lld  connections\n", (long long)result->connections);
    printf("  ms        p50 %.2f  p90 %.2f  p99 %.2f  max %.2f\n",
           quantile_ms(result, 0.5), quantile_ms(result, 0.9),
           quantile_ms(result, 0.99), (double)result->times.max / 1e6);
}

static void print_json(const struct load_options *options,
                       const struct load_result *result)
{
    json_t *json = json_pack(
        "{s:i, s:f, s:I, s:f, s:I, s:I, s:I, s:I, s:I, s:{s:f, s:f, s:f, s:f}}",
        "clients", options->clients, "seconds", result->seconds, "responses",
        (json_int_t)result->responses, "per_second",
        (double)result->responses / result->seconds, "accepted",
        (json_int_t)result->accepted, "rejected", (json_int_t)result->rejected,
        "other", (json_int_t)result->others, "errors",
        (json_int_t)result->errors, "connections",
        (json_int_t)result->connections, "ms", "p50", quantile_ms(result, 0.5),
        "p90", quantile_ms(result, 0.9), "p99", quantile_ms(result, 0.99),
        "max", (double)result->times.max / 1e6);
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
