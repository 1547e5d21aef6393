#include "server/core/state.h"

#include <sodium.h>

#include "base/hash.h"
#include "tests/support/core.h"

/* What a hand-written state is made of: the parts of a genuine one. */
static struct {
    uint8_t seed[32], root[32], commitment[32], signature[64];
} genuine;
static proto_message m, inner;

static void take_genuine_parts(void)
{
    rpl_state *state = state_of(1, 2);
    rpl_secret *bytes = encoded(state);
    const rpl_bytes all = rpl_secret_expose(bytes);
    /* 0a 20 seed, 12 len { 08 01, 12 20 root, 1a 20 commitment, 2a 40 signature } */
    assert_int_equal(all.len, 34 + 2 + 2 + 34 + 34 + 66 + 1);
    rpl_reader r = rpl_reader_over(all);
    rpl_bytes skipped;
    assert_true(rpl_read_bytes(&r, 2, &skipped) && rpl_read_copy(&r, genuine.seed, 32));
    assert_true(rpl_read_bytes(&r, 3 + 2 + 2, &skipped) && rpl_read_copy(&r, genuine.root, 32));
    assert_true(rpl_read_bytes(&r, 2, &skipped) && rpl_read_copy(&r, genuine.commitment, 32));
    assert_true(rpl_read_bytes(&r, 2, &skipped) && rpl_read_copy(&r, genuine.signature, 64));
    assert_true(rpl_read_done(&r));
    rpl_secret_free(bytes);
    rpl_state_free(state);
}

static void put_epoch(proto_message *into)
{
    proto_start(&inner);
    put_number(&inner, 1, 1);
    put_bytes(&inner, 2, rpl_bytes_of(genuine.root, 32));
    put_bytes(&inner, 3, rpl_bytes_of(genuine.commitment, 32));
    put_bytes(&inner, 5, rpl_bytes_of(genuine.signature, 64));
    put_bytes(into, 2, proto_bytes(&inner));
}

static void start_state(void)
{
    proto_start(&m);
    put_bytes(&m, 1, rpl_bytes_of(genuine.seed, 32));
    put_epoch(&m);
}

static void put_file(const char *name, const char *content, uint8_t replica, bool deleted)
{
    static proto_message version;
    uint8_t id[16];
    memset(id, replica, sizeof(id));
    proto_start(&version);
    put_bytes(&version, 1, rpl_bytes_of(id, sizeof(id)));
    put_number(&version, 2, 1);
    proto_start(&inner);
    if (*name)
        put_text(&inner, 1, name);
    if (*content)
        put_text(&inner, 2, content);
    put_bytes(&inner, 3, proto_bytes(&version));
    if (deleted)
        put_number(&inner, 4, 1);
    put_bytes(&m, 3, proto_bytes(&inner));
}

static rpl_code decodes_as(rpl_bytes bytes)
{
    rpl_state *state = NULL;
    uint8_t *copy = exact_copy(bytes.data, bytes.len);
    const rpl_status status = rpl_state_decode(rpl_bytes_of(copy, bytes.len), &state);
    free(copy);
    assert_int_equal(status.code == RPL_OK, state != NULL);
    rpl_state_free(state);
    return status.code;
}

static void is_accepted(void)
{
    assert_int_equal(decodes_as(proto_bytes(&m)), RPL_OK);
}

static void is_refused(void)
{
    assert_int_equal(decodes_as(proto_bytes(&m)), RPL_MALFORMED);
}

static rpl_state *state_with_files(void)
{
    rpl_state *state = state_of(7, 8);
    write_file(state, 1, "", "the one secret file");
    write_file(state, 1, "a", "one");
    write_file(state, 2, "a", "two");
    write_file(state, 2, "b", "");
    write_file(state, 9, "\xc3\xa4 name", "three");
    return state;
}

static void what_is_decoded_encodes_to_the_same_bytes(void **unused)
{
    (void)unused;
    rpl_state *state = state_with_files(), *again = NULL;
    rpl_secret *bytes = encoded(state);
    assert_ok(rpl_state_decode(rpl_secret_expose(bytes), &again));
    rpl_secret *second = encoded(again);
    assert_true(rpl_secret_equal(bytes, second));
    assert_file(again, "", "the one secret file");
    assert_file(again, "a", "two");
    assert_file(again, "b", "");
    assert_memory_equal(rpl_identity_public(rpl_state_identity(again)),
                        rpl_identity_public(rpl_state_identity(state)), RPL_IDENTITY_PUB_LEN);
    rpl_secret_free(bytes);
    rpl_secret_free(second);
    rpl_state_free(again);
    rpl_state_free(state);
}

static void the_encoding_is_the_documented_one(void **unused)
{
    (void)unused;
    rpl_state *state = state_of(1, 2);
    write_file(state, 3, "", "x");
    write_file(state, 3, "n", "y");
    rpl_secret *bytes = encoded(state);
    start_state();
    put_file("", "x", 3, false);
    put_file("n", "y", 3, false);
    assert_true(rpl_bytes_equal(rpl_secret_expose(bytes), proto_bytes(&m)));
    rpl_secret_free(bytes);
    rpl_state_free(state);
}

static void every_prefix_is_refused(void **unused)
{
    (void)unused;
    rpl_state *state = state_with_files();
    rpl_secret *bytes = encoded(state);
    const rpl_bytes all = rpl_secret_expose(bytes);
    size_t whole = 0;
    for (size_t len = all.len; len-- > 0;) {
        /* a state that ends behind its epochs or behind a file is one of fewer files */
        if (decodes_as(rpl_bytes_of(all.data, len)) == RPL_OK)
            whole++;
    }
    assert_int_equal(whole, 4);
    rpl_secret_free(bytes);
    rpl_state_free(state);
}

static void every_bit_flip_is_refused_or_another_state(void **unused)
{
    (void)unused;
    rpl_state *state = state_of(1, 2);
    rpl_secret *bytes = encoded(state);
    const rpl_bytes all = rpl_secret_expose(bytes);
    uint8_t *changed = exact_copy(all.data, all.len);
    for (size_t bit = 0; bit < 8 * all.len; bit++) {
        changed[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_int_not_equal(decodes_as(rpl_bytes_of(changed, all.len)), RPL_OK);
        changed[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    free(changed);
    rpl_secret_free(bytes);
    rpl_state_free(state);
}

static void fields_out_of_order_twice_or_unknown_are_refused(void **unused)
{
    (void)unused;
    start_state();
    is_accepted();
    put_bytes(&m, 1, rpl_bytes_of(genuine.seed, 32));
    is_refused();
    proto_start(&m);
    put_epoch(&m);
    put_bytes(&m, 1, rpl_bytes_of(genuine.seed, 32));
    is_refused();
    start_state();
    put_epoch(&m);
    is_refused();
    start_state();
    put_number(&m, 4, 0);
    is_refused();
    start_state();
    put_text(&m, 15, "unknown");
    is_refused();
    start_state();
    put_file("b", "1", 1, false);
    put_file("a", "2", 1, false);
    is_refused();
    start_state();
    put_file("a", "1", 1, false);
    put_file("a", "1", 1, false);
    is_refused();
    start_state();
    put_file("a", "1", 1, false);
    put_epoch(&m);
    is_refused();
}

static void other_spellings_of_the_same_are_refused(void **unused)
{
    (void)unused;
    start_state();
    put_varint(&m, 4 << 3); /* an unknown number, 0, in three bytes */
    rpl_write_bytes(&m.w, rpl_bytes_of("\x80\x80\x00", 3));
    is_refused();
    start_state();
    proto_start(&inner);
    put_text(&inner, 1, ""); /* a default, spelled out */
    put_text(&inner, 2, "content");
    put_bytes(&m, 3, proto_bytes(&inner));
    is_refused();
    start_state();
    proto_start(&inner);
    put_text(&inner, 1, "a");
    put_text(&inner, 2, "first");
    put_text(&inner, 2, "second");
    put_bytes(&m, 3, proto_bytes(&inner));
    is_refused();
    start_state();
    proto_start(&inner);
    put_text(&inner, 1, "a");
    put_number(&inner, 4, 0);
    put_bytes(&m, 3, proto_bytes(&inner));
    is_refused();
    start_state();
    proto_start(&inner);
    put_text(&inner, 1, "a");
    put_number(&inner, 4, 2); /* true, but not as it is written */
    put_bytes(&m, 3, proto_bytes(&inner));
    is_refused();
}

static void fields_of_another_wire_type_are_refused(void **unused)
{
    (void)unused;
    for (unsigned field = 1; field <= 3; field++) {
        start_state();
        put_number(&m, field, 7);
        is_refused();
        start_state();
        put_varint(&m, field << 3 | 5);
        rpl_write_u32le(&m.w, 7);
        is_refused();
        start_state();
        put_varint(&m, field << 3 | 3);
        is_refused();
    }
    for (unsigned field = 1; field <= 3; field++) {
        start_state();
        proto_start(&inner);
        put_number(&inner, field, 7);
        put_bytes(&m, 3, proto_bytes(&inner));
        is_refused();
    }
}

static void lengths_beyond_the_message_are_refused(void **unused)
{
    (void)unused;
    static const uint64_t lens[] = {1,        2,          127,        128,        65535,     65536,
                                    1u << 24, 0x7fffffff, 0xffffffff, 1ull << 32, UINT64_MAX};
    for (size_t i = 0; i < sizeof(lens) / sizeof(*lens); i++) {
        for (unsigned field = 1; field <= 4; field++) {
            start_state();
            put_varint(&m, field << 3 | 2);
            put_varint(&m, lens[i]);
            is_refused();
            start_state();
            put_varint(&m, 3 << 3 | 2);
            put_varint(&m, 2 + 9);
            put_varint(&m, field << 3 | 2);
            put_varint(&m, lens[i]);
            is_refused();
        }
    }
}

static void names_that_are_no_names_are_refused(void **unused)
{
    (void)unused;
    static const char *const bad[] = {".", "..", "a/b", "/", "../x", "a\nb", "\x1f", "\x7f"};
    char long_name[257];
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        start_state();
        put_file(bad[i], "1", 1, false);
        is_refused();
    }
    memset(long_name, 'n', sizeof(long_name));
    long_name[256] = 0;
    start_state();
    put_file(long_name, "1", 1, false);
    is_refused();
    long_name[255] = 0;
    start_state();
    put_file(long_name, "1", 1, false);
    is_accepted();
    start_state();
    proto_start(&inner);
    put_bytes(&inner, 1, rpl_bytes_of("a\0b", 3));
    put_bytes(&m, 3, proto_bytes(&inner));
    is_refused();
}

static void a_tombstone_has_no_content(void **unused)
{
    (void)unused;
    start_state();
    put_file("gone", "", 1, true);
    is_accepted();
    start_state();
    put_file("gone", "but here", 1, true);
    is_refused();
}

static void versions_out_of_order_twice_or_zero_are_refused(void **unused)
{
    (void)unused;
    static const uint8_t pairs[][4] = {{1, 1, 2, 1}, {2, 1, 1, 1}, {1, 1, 1, 2}, {1, 0, 2, 1}};
    for (size_t i = 0; i < sizeof(pairs) / sizeof(*pairs); i++) {
        static proto_message version;
        start_state();
        proto_start(&inner);
        put_text(&inner, 1, "f");
        for (size_t k = 0; k < 4; k += 2) {
            uint8_t id[16];
            memset(id, pairs[i][k], sizeof(id));
            proto_start(&version);
            put_bytes(&version, 1, rpl_bytes_of(id, sizeof(id)));
            if (pairs[i][k + 1])
                put_number(&version, 2, pairs[i][k + 1]);
            put_bytes(&inner, 3, proto_bytes(&version));
        }
        put_bytes(&m, 3, proto_bytes(&inner));
        assert_int_equal(decodes_as(proto_bytes(&m)), i == 0 ? RPL_OK : RPL_MALFORMED);
    }
}

static void an_epoch_must_fit_its_root_and_its_signature(void **unused)
{
    (void)unused;
    uint8_t *const parts[] = {genuine.root, genuine.commitment, genuine.signature, genuine.seed};
    for (size_t i = 0; i < 4; i++) {
        parts[i][5] ^= 1;
        start_state();
        is_refused();
        parts[i][5] ^= 1;
    }
    proto_start(&m);
    put_bytes(&m, 1, rpl_bytes_of(genuine.seed, 32));
    is_refused(); /* no epoch */
    proto_start(&m);
    put_epoch(&m);
    is_refused(); /* no identity */
    start_state();
    is_accepted();
}

static void counts_are_bounded(void **unused)
{
    (void)unused;
    char name[8];
    start_state();
    for (unsigned i = 0; i < RPL_STATE_FILES_MAX; i++) {
        snprintf(name, sizeof(name), "%04u", i);
        put_file(name, "", 1, false);
    }
    is_accepted();
    put_file("9999", "", 1, false);
    assert_int_not_equal(decodes_as(proto_bytes(&m)), RPL_OK);
}

static void nothing_is_no_state(void **unused)
{
    (void)unused;
    assert_int_equal(decodes_as(rpl_bytes_of("", 0)), RPL_MALFORMED);
}

static void a_state_of_8_mib_comes_back(void **unused)
{
    (void)unused;
    rpl_state *state = state_of(1, 2), *again = NULL;
    rpl_file_list list = {0}, files = {0};
    rpl_secret *big = rpl_secret_new(8 << 20);
    const uint8_t replica[16] = {1};
    bool changed = false;
    assert_non_null(big);
    randombytes_buf(rpl_secret_fill(big), 8 << 20);
    assert_ok(rpl_file_list_add(&list, "", rpl_secret_expose(big)));
    assert_ok(rpl_state_take_files(state, &list, replica, &changed));
    assert_true(changed);
    rpl_secret *bytes = encoded(state);
    assert_ok(rpl_state_decode(rpl_secret_expose(bytes), &again));
    assert_ok(rpl_state_files(again, &files));
    assert_int_equal(files.count, 1);
    assert_true(rpl_secret_equal(files.files[0].content, big));
    rpl_file_list_free(&files);
    rpl_file_list_free(&list);
    rpl_secret_free(bytes);
    rpl_secret_free(big);
    rpl_state_free(again);
    rpl_state_free(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_decoded_encodes_to_the_same_bytes),
        cmocka_unit_test(the_encoding_is_the_documented_one),
        cmocka_unit_test(every_prefix_is_refused),
        cmocka_unit_test(every_bit_flip_is_refused_or_another_state),
        cmocka_unit_test(fields_out_of_order_twice_or_unknown_are_refused),
        cmocka_unit_test(other_spellings_of_the_same_are_refused),
        cmocka_unit_test(fields_of_another_wire_type_are_refused),
        cmocka_unit_test(lengths_beyond_the_message_are_refused),
        cmocka_unit_test(names_that_are_no_names_are_refused),
        cmocka_unit_test(a_tombstone_has_no_content),
        cmocka_unit_test(versions_out_of_order_twice_or_zero_are_refused),
        cmocka_unit_test(an_epoch_must_fit_its_root_and_its_signature),
        cmocka_unit_test(counts_are_bounded),
        cmocka_unit_test(nothing_is_no_state),
        cmocka_unit_test(a_state_of_8_mib_comes_back),
    };
    if (sodium_init() < 0)
        return 1;
    take_genuine_parts();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
