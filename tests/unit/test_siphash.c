// test_siphash.c - the hash is the one that others have analysed
//
// The expected values come from the authors' program (vectors.h in
// https://github.com/veorq/SipHash): the key is 00 01 ... 0f, and the bytes are
// 00, 01, 02, ...

#include "beyond/lanes/siphash.h"
#include "tests/unit/unit.h"

static const struct siphash_key counting = {
    {0x0706050403020100, 0x0f0e0d0c0b0a0908}};

static const struct {
    size_t length;
    uint64_t hash;
} vectors[] = {
    {0, 0x726fdb47dd0e0e31},  // no byte
    {1, 0x74f839c593dc67fd},  // an incomplete word
    {8, 0x93f5f5799a932462},  // one whole word, and an empty one
    {15, 0xa129ca6149be45e5}, // the example of the paper
};

START_TEST(it_gives_the_values_of_its_authors)
{
    char bytes[16];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)i;
    struct slice slice = {bytes, vectors[_i].length};
    ck_assert_uint_eq(siphash(&counting, slice), vectors[_i].hash);
}
END_TEST

// A byte above 127 is no negative number.
START_TEST(each_bit_of_each_byte_counts)
{
    char bytes[] = "a name of twenty-one b";
    struct slice slice = {bytes, sizeof bytes - 1};
    uint64_t hash = siphash(&counting, slice);
    for (size_t i = 0; i < slice.length; i++)
        for (int bit = 0; bit < 8; bit++) {
            bytes[i] = (char)(bytes[i] ^ (1 << bit));
            ck_assert_uint_ne(siphash(&counting, slice), hash);
            bytes[i] = (char)(bytes[i] ^ (1 << bit));
        }
    ck_assert_uint_eq(siphash(&counting, slice), hash);
}
END_TEST

START_TEST(another_process_has_another_key)
{
    struct siphash_key one = siphash_random_key();
    struct siphash_key other = siphash_random_key();
    ck_assert_uint_ne(one.halves[0], other.halves[0]);
    ck_assert_uint_ne(one.halves[1], other.halves[1]);
    ck_assert_uint_ne(siphash(&one, slice_of("alice")),
                      siphash(&other, slice_of("alice")));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("siphash");
    TCase *tests = tcase_create("values");
    unit_add_rows(tests, it_gives_the_values_of_its_authors, vectors);
    tcase_add_test(tests, each_bit_of_each_byte_counts);
    tcase_add_test(tests, another_process_has_another_key);
    suite_add_tcase(suite, tests);
    return unit_run(suite);
}
