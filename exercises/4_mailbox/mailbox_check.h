#ifndef THAW_EXERCISES_MAILBOX_MAILBOX_CHECK_H
#define THAW_EXERCISES_MAILBOX_MAILBOX_CHECK_H

// mailbox_check.h - what the files of the check of exercise 4 share
//
//     threads --> mailbox_post --> [ the learner's ] --> conn_complete, here
//
//     check.c          4.1, and the program
//     check_threads.c  4.2 and 4.3
//     check_memory.c   4.4
//     check_mails.c    posts mails, and has the conn_complete that checks them
//     check_loop.c     lets the loop run until nothing is left
//
// They call the two functions of mailbox.h only, so any right mailbox passes.

#include "exercises/check.h"
#include "exercises/threads.h"
#include "stage4_slow/mailbox.h"

#include <stdatomic.h>

enum { THREADS = 8 };

extern struct mailbox mailbox;

// The steps.
void step_threads(void);
void step_race(void);
void step_memory(void);

// check_mails.c

extern pthread_t loop_thread; // on which responses are completed
extern atomic_int delivered;
extern bool posts_another; // while a response is completed

// `number` is that of the thread's mails, from 0.
void post_mail(int thread, int number);
void reset_mails(void);

// check_loop.c

// The likely cause if the loop sleeps too early; NULL: the usual ones.
extern const char *if_asleep;

void open_mailbox(void);
void reset_counts(void);
void all_is_posted(void);     // any thread, once
void deliver_all(int wanted); // returns when all is delivered that ever will be

#endif
