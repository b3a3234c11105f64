#ifndef THAW_LAB_RUDE_RUDE_EXPERIMENTS_H
#define THAW_LAB_RUDE_RUDE_EXPERIMENTS_H

// rude_experiments.h - the table of rude clients, and the functions in its rows

#include "lab/experiments/experiment.h"

extern const struct table rude_clients; // rude_table.c

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
void large_response(struct run *run);

// rude_bytes.c
void endless_header(struct run *run);
void many_fields(struct run *run);
void huge_body(struct run *run);
void long_body(struct run *run);
void odd_bytes(struct run *run);
void long_noise(struct run *run);
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
