// check_memory.c - 3.5 nothing leaks, and the memory that jansson uses

#include "exercises/3_decoder/decoder_check.h"
#include "exercises/3_decoder/bodies.h"

#include <jansson.h>
#include <limits.h>
#include <stdalign.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

enum { RELEASED = 0xdd }; // the byte that memory has after its release

// Each block has a header. What is released keeps its bytes until the end of
// the call, so that a use after the release is seen, and does no harm.
struct block {
    struct block *next;
    size_t size;
    bool is_released;
    alignas(max_align_t) unsigned char bytes[];
};

static struct block *blocks; // of this call
static int allocations_left; // how many succeed, before all others fail
static int released_twice;

static void *allocate(size_t size)
{
    if (allocations_left-- <= 0)
        return NULL;
    struct block *block = malloc(sizeof *block + size);
    if (block == NULL)
        return NULL;
    *block = (struct block){.next = blocks, .size = size};
    blocks = block;
    return block->bytes;
}

static void release(void *bytes)
{
    if (bytes == NULL)
        return;
    struct block *block =
        (void *)((char *)bytes - offsetof(struct block, bytes));
    released_twice += block->is_released;
    block->is_released = true;
    memset(block->bytes, RELEASED, block->size);
}

static int count_leaks(size_t *bytes)
{
    int count = 0;
    for (struct block *block = blocks; block != NULL; block = block->next) {
        count += !block->is_released;
        *bytes += block->is_released ? 0 : block->size;
    }
    return count;
}

static bool is_used_after_release(void)
{
    for (struct block *block = blocks; block != NULL; block = block->next)
        for (size_t i = 0; block->is_released && i < block->size; i++)
            if (block->bytes[i] != RELEASED)
                return true;
    return released_twice > 0;
}

static void discard_blocks(void)
{
    while (blocks != NULL) {
        struct block *next = blocks->next;
        free(blocks);
        blocks = next;
    }
    released_twice = 0;
}

void count_memory(void)
{
    allocations_left = INT_MAX;
    json_set_alloc_funcs(allocate, release);
}

void check_released(void)
{
    size_t bytes = 0;
    int leaks = count_leaks(&bytes);
    if (is_used_after_release())
        check_fail(
            "a value of jansson's was used after its release, or released "
            "twice",
            "one json_decref for each json_loadb, after the last use",
            "json_object_get only lends its value, which belongs to the "
            "object: no json_decref for that one");
    if (leaks > 0)
        check_fail(
            check_text("%s, and then %d blocks of memory, together %zu bytes, "
                       "were not released",
                       outcome.accepted ? "accepted" : "rejected", leaks,
                       bytes),
            "as much memory is in use after the call as before it",
            "json_decref is missing on this way out: the value that "
            "json_loadb returned is yours, also when the event is rejected");
    discard_blocks();
}

// So many allocations succeed. Returns whether these were enough.
static bool decode_with(int allocations)
{
    allocations_left = allocations;
    decode_body("an event, and the memory runs out", released[1].body);
    printf("by hand: %s memory\n", program_by_hand);
    allocations_left = INT_MAX;
    check_released();
    if (outcome.accepted)
        return true;
    check_detail();
    // Later, jansson mistakes it for a fault of the text, and so do we.
    if (allocations == 0 && strstr(outcome.fault.detail, "memory") == NULL)
        check_fail(
            what_came(), "rejected, with a detail that contains \"memory\"",
            "json_loadb returned NULL, and error.text is empty: the client's "
            "bytes are not to blame");
    if (allocations == 0 && outcome.fault.reason != NULL)
        check_fail(
            what_came(), "rejected, with the reason NULL",
            "the client's bytes are not to blame: with NULL the response is "
            "a 500");
    return false;
}

void step_memory(void)
{
    enum { PLENTY = 1000 }; // allocations; jansson needs about 20
    say_where(MANUAL "\"Reference Count\", \"Borrowing References\"");
    check_crash(
        "a value is used after its release, or NULL is used as a value");
    for (size_t i = 0; i < COUNT(released); i++) {
        decode_body(released[i].what, released[i].body);
        check_released();
    }
    int allocations = 0;
    while (!decode_with(allocations))
        if (++allocations > PLENTY)
            check_fail(what_came(), "accepted",
                       "an event is rejected without a cause");
}
