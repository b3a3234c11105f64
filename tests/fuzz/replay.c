// replay.c - runs a fuzzer without libFuzzer: every file, and changes of it
//
//     fuzz_chunked_replay MUTATIONS FILE-OR-DIRECTORY...
//
// This is the short run of the test suite, with any compiler. The changes are
// the same on every machine (mutate.h), and a fault ends the process. The
// current input is in a file named after the program, with ".input"; after a
// fault the file is still there.

#include "tests/fuzz/fuzz.h"
#include "tests/unit/mutate.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    INPUT_MAX = 64 * 1024, // in bytes
    CHANGES_MAX = 5,       // in one mutation
    SEED = 1997,           // RFC 2068, the first HTTP/1.1
};

static FILE *saved;   // the current input
static int mutations; // of each file
static int ran;       // inputs so far

// Called before the run: the file has the input, whatever ends the process.
static void save(struct slice input)
{
    if (pwrite(fileno(saved), input.bytes, input.length, 0) < 0 ||
        ftruncate(fileno(saved), (off_t)input.length) < 0)
        perror("saving the input");
}

// Runs an exact copy, so that ASan sees a read beyond its end.
static void run(struct slice input)
{
    uint8_t *copy = malloc(input.length > 0 ? input.length : 1);
    if (copy == NULL)
        abort();
    save(input);
    memcpy(copy, input.bytes, input.length);
    LLVMFuzzerTestOneInput(copy, input.length);
    free(copy);
    ran++;
}

static void run_mutations(struct slice seed)
{
    static char mutant[INPUT_MAX];
    uint32_t state = SEED;
    for (int i = 0; i < mutations; i++) {
        size_t length = seed.length;
        memcpy(mutant, seed.bytes, length);
        for (size_t n = random_below(&state, CHANGES_MAX) + 1; n > 0; n--)
            length = mutate(mutant, length, &state);
        run((struct slice){mutant, length});
    }
}

static void run_file(const char *path)
{
    static char bytes[INPUT_MAX - CHANGES_MAX * MUTATE_MAX];
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        perror(path);
        exit(EXIT_FAILURE);
    }
    struct slice seed = {bytes, fread(bytes, 1, sizeof bytes, file)};
    fclose(file);
    run(seed);
    run_mutations(seed);
}

static void run_path(const char *path)
{
    struct dirent **entries;
    int count = scandir(path, &entries, NULL, alphasort);
    if (count < 0)
        run_file(path);
    for (int i = 0; i < count; i++) {
        char inside[4096];
        snprintf(inside, sizeof inside, "%s/%s", path, entries[i]->d_name);
        if (entries[i]->d_name[0] != '.')
            run_file(inside);
        free(entries[i]);
    }
    if (count >= 0)
        free(entries);
}

int main(int argc, char **argv)
{
    char name[4096];
    if (argc < 3)
        return EXIT_FAILURE;
    snprintf(name, sizeof name, "%s.input", argv[0]);
    saved = fopen(name, "wb");
    if (saved == NULL)
        return EXIT_FAILURE;
    printf("after a fault, its input is in %s\n", name);
    fflush(stdout);
    mutations = atoi(argv[1]);
    for (int i = 2; i < argc; i++)
        run_path(argv[i]);
    printf("%d inputs, no fault\n", ran);
    fclose(saved);
    unlink(name);
    return ran > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
