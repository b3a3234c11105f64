#ifndef THAW_LAB_EXPERIMENTS_EXPERIMENTS_H
#define THAW_LAB_EXPERIMENTS_EXPERIMENTS_H

// experiments.h - the functions behind the rows of the two tables

#include "lab/experiments/experiment.h"

// patience.c
void silent_clients(struct run *run);
void half_request(struct run *run);
void one_byte_at_a_time(struct run *run);
void slow_reader(struct run *run);
void slow_work_in_loop(struct run *run);
void time_out(struct run *run);
void request_much(struct client *client, int stage); // and take nothing

// bytes.c
void lower_case_headers(struct run *run);
void not_json(struct run *run);
void not_an_event(struct run *run);
void not_http(struct run *run);

// work.c
void ten_at_once(struct run *run);
void burst(struct run *run);
void throughput(struct run *run);

// truth.c
void order(struct run *run);
void audit(struct run *run);
void shutdown_in_order(struct run *run);

// crowd.c
void idle_crowd(struct run *run);
void sustained_overload(struct run *run);

// rude_ends.c
void reset_while_idle(struct run *run);
void reset_in_header(struct run *run);
void reset_in_body(struct run *run);
void reset_after_request(struct run *run);
void reset_in_response(struct run *run);
void half_close(struct run *run);
void connect_and_close(struct run *run);
void never_reads(struct run *run);
void short_body(struct run *run);
void drip(struct run *run);

// rude_bytes.c
void endless_header(struct run *run);
void many_fields(struct run *run);
void huge_body(struct run *run);
void long_body(struct run *run);
void odd_bytes(struct run *run);
void tls_hello(struct run *run);
void http2_preface(struct run *run);

// rude_pipeline.c
void pipeline(struct run *run);
void pipeline_cut(struct run *run);
void million(struct run *run);

// rude_crowd.c
void thousands_in_a_row(struct run *run);
void out_of_descriptors(struct run *run);
void slow_crowd(struct run *run);

// rude_system.c
void sigpipe(struct run *run);
void stop_and_continue(struct run *run);
void full_disk(struct run *run);
void reader_leaves(struct run *run);

#endif
