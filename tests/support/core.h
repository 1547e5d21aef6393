/* core.h - for tests of server/core: states at hand, and protobuf written by hand, so that a test
 * can say what our encoder never would.
 */
#ifndef RPL_TESTS_CORE_H
#define RPL_TESTS_CORE_H

#include "base/writer.h"
#include "server/core/state.h"
#include "tests/support/check.h"

enum { MESSAGE_CAP = 1 << 16 };

/* A growing message: fields are appended in the order in which they are put. */
typedef struct {
    uint8_t bytes[MESSAGE_CAP];
    rpl_writer w;
} proto_message;

static inline void proto_start(proto_message *m)
{
    m->w = rpl_writer_over(m->bytes, sizeof(m->bytes));
}

static inline rpl_bytes proto_bytes(const proto_message *m)
{
    if (!rpl_writer_done(&m->w))
        abort();
    return rpl_writer_bytes(&m->w);
}

static inline void put_varint(proto_message *m, uint64_t value)
{
    for (; value >= 0x80; value >>= 7)
        rpl_write_u8(&m->w, (uint8_t)(value | 0x80));
    rpl_write_u8(&m->w, (uint8_t)value);
}

static inline void put_number(proto_message *m, unsigned field, uint64_t value)
{
    put_varint(m, field << 3);
    put_varint(m, value);
}

static inline void put_bytes(proto_message *m, unsigned field, rpl_bytes bytes)
{
    put_varint(m, field << 3 | 2);
    put_varint(m, bytes.len);
    rpl_write_bytes(&m->w, bytes);
}

static inline void put_text(proto_message *m, unsigned field, const char *text)
{
    put_bytes(m, field, rpl_bytes_of_text(text));
}

/* A state whose seed is 32 times `seed` and whose root 32 times `root`. */
static inline rpl_state *state_of(uint8_t seed, uint8_t root)
{
    uint8_t seed_bytes[32], root_bytes[32];
    rpl_state *state = NULL;
    memset(seed_bytes, seed, sizeof(seed_bytes));
    memset(root_bytes, root, sizeof(root_bytes));
    assert_ok(rpl_state_genesis(seed_bytes, root_bytes, &state));
    return state;
}

static inline rpl_secret *encoded(const rpl_state *state)
{
    rpl_secret *out = NULL;
    assert_ok(rpl_state_encode(state, &out));
    return out;
}

/* One file comes from disk, written by the replica whose id is 16 times `replica`. */
static inline void write_file(rpl_state *state, uint8_t replica, const char *name,
                              const char *content)
{
    rpl_file_list list = {0};
    uint8_t id[RPL_REPLICA_ID_LEN];
    bool changed;
    memset(id, replica, sizeof(id));
    assert_ok(rpl_file_list_add(&list, name, rpl_bytes_of_text(content)));
    assert_ok(rpl_state_take_files(state, &list, id, &changed));
    rpl_file_list_free(&list);
}

static inline void assert_same_digest(const rpl_state *a, const rpl_state *b)
{
    uint8_t left[32], right[32];
    assert_ok(rpl_state_digest(a, left));
    assert_ok(rpl_state_digest(b, right));
    assert_memory_equal(left, right, 32);
}

/* The content of a live file, "" when empty; the test fails when it is not there. */
static inline void assert_file(const rpl_state *state, const char *name, const char *content)
{
    rpl_file_list list = {0};
    bool found = false;
    assert_ok(rpl_state_files(state, &list));
    for (size_t i = 0; i < list.count; i++) {
        if (strcmp(list.files[i].name, name) != 0)
            continue;
        const rpl_secret *there = list.files[i].content;
        found = true;
        assert_int_equal(there ? rpl_secret_len(there) : 0, strlen(content));
        if (there)
            assert_memory_equal(rpl_secret_expose(there).data, content, strlen(content));
    }
    if (!found)
        print_error("no file \"%s\"\n", name);
    assert_true(found);
    rpl_file_list_free(&list);
}

static inline size_t live_files(const rpl_state *state)
{
    rpl_file_list list = {0};
    assert_ok(rpl_state_files(state, &list));
    const size_t count = list.count;
    rpl_file_list_free(&list);
    return count;
}

#endif
