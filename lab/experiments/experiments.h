#ifndef THAW_LAB_EXPERIMENTS_EXPERIMENTS_H
#define THAW_LAB_EXPERIMENTS_EXPERIMENTS_H

// experiments.h - the functions in the rows of table.c

#include "lab/experiments/experiment.h"

// patience.c
void silent_clients(struct run *run);
void half_request(struct run *run);
void one_byte_at_a_time(struct run *run);
void slow_reader(struct run *run);
void slow_work_in_loop(struct run *run);
void time_out(struct run *run);

// Skips the row if the server has no large response: neither an echo nor
// metrics.
bool has_large_response(struct run *run);

// Requests megabytes, and reads none of them. The sketch takes bodies of up to
// 1 MiB, so it is asked for less.
void request_megabytes(const struct run *run, struct client *client);

// bytes.c
void lower_case_headers(struct run *run);
void not_json(struct run *run);
void not_an_event(struct run *run);
void not_http(struct run *run);

// work.c
void ten_at_once(struct run *run);
void burst(struct run *run);
void one_floods(struct run *run);

// throughput.c
void throughput(struct run *run);

// truth.c
void order(struct run *run);
void audit(struct run *run);
void shutdown_by_signal(struct run *run);
void exit_by_signal(struct run *run);

// crash.c
void crash(struct run *run);

// crowd.c
void idle_crowd(struct run *run);
void sustained_overload(struct run *run);

#endif
