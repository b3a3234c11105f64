// check_memory.c - 4.4 nothing leaks

#include "exercises/4_mailbox/mailbox_check.h"

#include <stdio.h>

static atomic_int blocks; // that are allocated now

#if defined(__SANITIZE_ADDRESS__)
#define HAS_ASAN
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAS_ASAN
#endif
#endif

#ifdef HAS_ASAN
// NOLINTBEGIN(bugprone-reserved-identifier): the sanitizer chose the names
int __sanitizer_install_malloc_and_free_hooks(
    void (*on_malloc)(const volatile void *, size_t),
    void (*on_free)(const volatile void *));
void __asan_on_error(void);

// It has found a use after free, and prints a report after this.
void __asan_on_error(void)
{
    printf("likely: free(mail) is the last thing that happens to a mail. Is "
           "mail->next read after it? Copy it to a variable before\n");
}

static void on_malloc(const volatile void *bytes, size_t size)
{
    (void)size;
    blocks += bytes != NULL;
}

static void on_free(const volatile void *bytes)
{
    blocks -= bytes != NULL;
}

static void count_blocks(void)
{
    __sanitizer_install_malloc_and_free_hooks(on_malloc, on_free);
}
// NOLINTEND(bugprone-reserved-identifier)
#else
static void count_blocks(void)
{
    // Not counted, so none are left.
}
#endif

void step_memory(void)
{
    enum { COUNT = 100 };
    open_mailbox();
    check_doing("mailbox_post or take_all waits: does each path unlock the "
                "mutex?",
                "%d mails, each with a text, are delivered, watched by the "
                "address sanitizer",
                COUNT);
    count_blocks();
    for (int i = 0; i < COUNT; i++)
        post_mail(0, i);
    all_is_posted();
    deliver_all(COUNT);
    int left = blocks;
    check_that(left <= 0,
               check_text("%d blocks of memory are not released", left), "none",
               left >= 2 * COUNT
                   ? "neither the mail (free) nor its response's text "
                     "(buffer_destroy) is released after conn_complete"
                   : "after conn_complete, two things are released: the memory "
                     "of mail->response.text (buffer_destroy), and the mail "
                     "(free)");
}
