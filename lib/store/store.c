#include "lib/store/store.h"
#include "lib/base/clock.h"

#include <assert.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

enum { USERS_MAX = 2000 };                 // the default; README.md says why
enum { KEY_ROOM = STORE_NAME_MAX + 3 };    // in bytes, for each user: "...":
enum { KEY_MAX = 6 * STORE_NAME_MAX + 3 }; // the same if all is escaped
enum { AMOUNT_MAX = 21 };                  // in bytes: -9223372036854775808,
enum { PRIME = 0x7fffffff };               // 2^31 - 1

struct store_user {
    int64_t balance;
    uint32_t next;  // in its chain: the number of a user, from 1; 0: none
    uint32_t hash;  // of the key
    size_t key;     // where it starts in `keys`
    size_t key_end; // and where it ends
};

// Without /dev/urandom (a chroot may lack it) the time has to do.
static uint32_t random_below_prime(void)
{
    uint64_t number = 0;
    int source = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
    if (source < 0 || read(source, &number, sizeof number) < 0 || number == 0)
        number = (uint64_t)clock_nanoseconds();
    if (source >= 0)
        close(source);
    return (uint32_t)(number % (PRIME - 1) + 1);
}

void store_add_options(struct store *store, struct options *options)
{
    store->users_max = USERS_MAX;
    options_add_number(options, "--users-max", &store->users_max, 1, 1000000,
                       "users that may have a balance");
}

// calloc, because the system provides a large area page by page, when it is
// first used.
int store_init(struct store *store)
{
    size_t count = (size_t)store->users_max;
    *store = (struct store){.users_max = store->users_max,
                            .users = calloc(count, sizeof *store->users),
                            .chains = calloc(count, sizeof *store->chains),
                            .keys = calloc(count, KEY_ROOM),
                            .point = random_below_prime(),
                            .factor = random_below_prime()};
    if (store->users != NULL && store->chains != NULL && store->keys != NULL)
        return 0;
    store_destroy(store);
    return -1;
}

void store_destroy(struct store *store)
{
    free(store->users);
    free(store->chains);
    free(store->keys);
    store->users = NULL;
    store->chains = NULL;
    store->keys = NULL;
}

// As jansson does it: only what RFC 8259, section 7, says must be escaped is.
static char *write_byte(char *out, char byte)
{
    static const char letters['\\' + 1] = {
        ['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f',
        ['\r'] = 'r', ['"'] = '"',  ['\\'] = '\\'};
    static const char control[] = {'\\', 'u', '0', '0'};
    static const char digits[] = "0123456789ABCDEF";
    unsigned char index = (unsigned char)byte;
    if (index < sizeof letters && letters[index] != '\0') {
        *out++ = '\\';
        *out++ = letters[index];
    } else if (index < ' ') {
        memcpy(out, control, sizeof control);
        out[4] = digits[index >> 4];
        out[5] = digits[index & 15];
        out += 6;
    } else {
        *out++ = byte;
    }
    return out;
}

// The name as a key of a JSON object. Two names never have the same key, so
// keys are what is compared.
static struct slice key_of(const char *user, char key[KEY_MAX])
{
    char *out = key;
    *out++ = '"';
    for (size_t i = 0; user[i] != '\0'; i++) {
        assert(i < STORE_NAME_MAX);
        out = write_byte(out, user[i]);
    }
    *out++ = '"';
    *out++ = ':';
    return (struct slice){key, (size_t)(out - key)};
}

// A polynomial, whose coefficients are the bytes, at a random point. It is the
// same for two different keys at only few points, so no client can choose names
// that share a chain (Carter and Wegman, "Universal classes of hash functions",
// 1979). That needs no stronger function: clients do not see the hashes.
static uint32_t hash_of(const struct store *store, struct slice key)
{
    uint64_t hash = 1;
    for (size_t i = 0; i < key.length; i++)
        hash = (hash * store->point + (unsigned char)key.bytes[i]) % PRIME;
    return (uint32_t)(hash * store->factor % PRIME);
}

static uint32_t *chain_of(const struct store *store, uint32_t hash)
{
    return &store->chains[hash % (uint32_t)store->users_max];
}

static struct slice key_at(const struct store *store,
                           const struct store_user *user)
{
    return (struct slice){store->keys + user->key, user->key_end - user->key};
}

static struct store_user *find(const struct store *store, struct slice key,
                               uint32_t hash)
{
    uint32_t number = *chain_of(store, hash);
    while (number != 0) {
        struct store_user *user = &store->users[number - 1];
        struct slice other = key_at(store, user);
        if (user->hash == hash && other.length == key.length &&
            memcmp(other.bytes, key.bytes, key.length) == 0)
            return user;
        number = user->next;
    }
    return NULL;
}

static bool has_room(const struct store *store, struct slice key)
{
    size_t users_max = (size_t)store->users_max;
    return store->count < users_max &&
           key.length <= users_max * KEY_ROOM - store->keys_length;
}

static struct store_user *add_user(struct store *store, struct slice key,
                                   uint32_t hash)
{
    uint32_t *chain = chain_of(store, hash);
    struct store_user *user = &store->users[store->count++];
    memcpy(store->keys + store->keys_length, key.bytes, key.length);
    *user = (struct store_user){.next = *chain,
                                .hash = hash,
                                .key = store->keys_length,
                                .key_end = store->keys_length + key.length};
    *chain = (uint32_t)store->count;
    store->keys_length = user->key_end;
    return user;
}

enum store_result store_add(struct store *store, const char *name,
                            int64_t amount, int64_t *balance)
{
    char room[KEY_MAX];
    struct slice key = key_of(name, room);
    uint32_t hash = hash_of(store, key);
    struct store_user *user = find(store, key, hash);
    int64_t sum;
    if (user == NULL && !has_room(store, key))
        return STORE_FULL;
    if (user == NULL)
        user = add_user(store, key, hash);
    if (__builtin_add_overflow(user->balance, amount, &sum))
        return STORE_OVERFLOW;
    user->balance = sum;
    *balance = sum;
    return STORE_ADDED;
}

bool store_get(const struct store *store, const char *name, int64_t *balance)
{
    char room[KEY_MAX];
    struct slice key = key_of(name, room);
    const struct store_user *user = find(store, key, hash_of(store, key));
    if (user != NULL)
        *balance = user->balance;
    return user != NULL;
}

void store_write(const struct store *store, struct buffer *out)
{
    buffer_reserve(out, store->keys_length + store->count * AMOUNT_MAX + 2);
    buffer_add_text(out, "{");
    for (size_t i = 0; i < store->count; i++) {
        const struct store_user *user = &store->users[i];
        uint64_t amount = (uint64_t)user->balance;
        if (i > 0)
            buffer_add_text(out, ",");
        buffer_add(out, key_at(store, user));
        if (user->balance < 0)
            buffer_add_text(out, "-");
        buffer_add_number(out, user->balance < 0 ? 0 - amount : amount);
    }
    buffer_add_text(out, "}");
}
