#ifndef THAW_TESTS_BENCH_TEXTBOOK_H
#define THAW_TESTS_BENCH_TEXTBOOK_H

// textbook.h - a channel used as textbooks have it, to compare ours with
//
// The same ring, but with a signal on every push, whether anybody waits or not,
// and nobody is woken by a receiver. channel_init, channel_close and
// channel_destroy are those of channel.h; after channel_close nobody may send.

#include "stage5_queue/channel.h"

enum channel_send textbook_try_send(struct channel *channel, const void *job);
bool textbook_receive(struct channel *channel, void *job);

#endif
