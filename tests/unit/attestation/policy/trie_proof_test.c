/* Tries built by hand after the yellow paper's appendix D, for the shapes that recorded proofs do
 * not show. Recorded ones are in chain_facts_test.c. */
#include "attestation/policy/trie_proof.h"

#include "attestation/policy/rlp.h"
#include "base/hash.h"
#include "tests/support/check.h"

enum { PATH = 64, ROOM = RPL_TRIE_NODE_MAX };

/* keccak-256 of 0x80, as every Ethereum client has it: the root of the empty trie. */
static const uint8_t empty_root[32] = {
    0x56, 0xe8, 0x1f, 0x17, 0x1b, 0xcc, 0x55, 0xa6, 0xff, 0x83, 0x45, 0xe6, 0x92, 0xc0, 0xf8, 0x6e,
    0x5b, 0x48, 0xe0, 0x1b, 0x99, 0x6c, 0xad, 0xc0, 0x01, 0x62, 0x2f, 0xb5, 0xe3, 0x63, 0xb4, 0x21};

typedef struct {
    uint8_t bytes[ROOM + 64];
    size_t len;
} built;

static uint8_t key[32];

static uint8_t half(size_t i)
{
    return i % 2 ? key[i / 2] & 15 : key[i / 2] >> 4;
}

/* The half bytes from..to of the key in compact encoding. */
static void write_path(rpl_writer *w, size_t from, size_t to, bool is_leaf)
{
    uint8_t path[40];
    rpl_writer p = rpl_writer_over(path, sizeof(path));
    const bool odd = (to - from) % 2;
    rpl_write_u8(&p, (uint8_t)((is_leaf ? 0x20 : 0) | (odd ? 0x10 | half(from) : 0)));
    for (size_t i = from + odd; i < to; i += 2)
        rpl_write_u8(&p, (uint8_t)(half(i) << 4 | half(i + 1)));
    rpl_rlp_write_string(w, rpl_writer_bytes(&p));
}

static void close_list(rpl_writer *items, built *out)
{
    rpl_writer w = rpl_writer_over(out->bytes, sizeof(out->bytes));
    rpl_rlp_write_list(&w, rpl_writer_bytes(items));
    assert_true(rpl_writer_done(items) && rpl_writer_done(&w));
    out->len = w.len;
}

static void make_leaf(size_t from, rpl_bytes value, built *out)
{
    uint8_t room[ROOM];
    rpl_writer items = rpl_writer_over(room, sizeof(room));
    write_path(&items, from, PATH, true);
    rpl_rlp_write_string(&items, value);
    close_list(&items, out);
}

/* A child as its parent holds it: by hash, or itself when it is short. */
static void write_child(rpl_writer *items, const built *child)
{
    uint8_t hash[32];
    if (child->len < 32) {
        rpl_write_bytes(items, rpl_bytes_of(child->bytes, child->len));
        return;
    }
    rpl_keccak256(rpl_bytes_of(child->bytes, child->len), hash);
    rpl_rlp_write_string(items, rpl_bytes_of(hash, 32));
}

static void make_extension(size_t from, size_t to, const built *child, built *out)
{
    uint8_t room[ROOM];
    rpl_writer items = rpl_writer_over(room, sizeof(room));
    write_path(&items, from, to, false);
    write_child(&items, child);
    close_list(&items, out);
}

/* A branch with `child` where the key goes at `at`, nothing elsewhere, and a value. */
static void make_branch(size_t at, const built *child, rpl_bytes value, built *out)
{
    uint8_t room[ROOM];
    rpl_writer items = rpl_writer_over(room, sizeof(room));
    for (uint8_t i = 0; i < 16; i++) {
        if (child && i == half(at))
            write_child(&items, child);
        else
            rpl_rlp_write_string(&items, (rpl_bytes){NULL, 0});
    }
    rpl_rlp_write_string(&items, value);
    close_list(&items, out);
}

static rpl_status prove(const built *nodes, size_t count, rpl_trie_value *out)
{
    rpl_trie_nodes proof = {.count = count};
    uint8_t root[32];
    for (size_t i = 0; i < count; i++)
        proof.nodes[i] = rpl_bytes_of(nodes[i].bytes, nodes[i].len);
    rpl_keccak256(proof.nodes[0], root);
    return rpl_trie_prove(root, key, &proof, out);
}

static void the_empty_trie_has_nothing(void **state)
{
    (void)state;
    static const uint8_t empty[] = {0x80}, other[] = {0x81, 0x80};
    rpl_trie_value v = {.is_present = true};
    rpl_trie_nodes proof = {0};
    assert_ok(rpl_trie_prove(empty_root, key, &proof, &v));
    assert_false(v.is_present);
    proof = (rpl_trie_nodes){1, {rpl_bytes_of(empty, 1)}};
    assert_ok(rpl_trie_prove(empty_root, key, &proof, &v));
    proof = (rpl_trie_nodes){1, {rpl_bytes_of(other, 2)}};
    assert_code(rpl_trie_prove(empty_root, key, &proof, &v), RPL_UNTRUSTED);
    proof = (rpl_trie_nodes){0};
    const uint8_t root[32] = {1};
    assert_code(rpl_trie_prove(root, key, &proof, &v), RPL_MALFORMED);
}

static void a_single_leaf_is_the_whole_trie(void **state)
{
    (void)state;
    built leaf;
    rpl_trie_value v;
    make_leaf(0, rpl_bytes_of_text("value"), &leaf);
    assert_ok(prove(&leaf, 1, &v));
    assert_true(v.is_present && rpl_bytes_equal(v.value, rpl_bytes_of_text("value")));
    for (size_t i = 0; i < 32; i++) {
        key[i] ^= 0x10;
        assert_ok(prove(&leaf, 1, &v));
        assert_false(v.is_present);
        key[i] ^= 0x10;
    }
}

/* Extension of 62, then a branch in which the leaves sit: too short for hashes of their own. */
static void short_nodes_sit_in_their_parents(void **state)
{
    (void)state;
    built leaf, branch, extension;
    rpl_trie_value v;
    make_leaf(63, rpl_bytes_of("\x07", 1), &leaf);
    assert_true(leaf.len < 32);
    make_branch(62, &leaf, (rpl_bytes){NULL, 0}, &branch);
    assert_true(branch.len < 32);
    make_extension(0, 62, &branch, &extension);
    assert_ok(prove(&extension, 1, &v));
    assert_true(v.is_present && v.value.len == 1 && v.value.data[0] == 7);
    key[31] ^= 0x01; /* the leaf diverges */
    assert_ok(prove(&extension, 1, &v));
    assert_false(v.is_present);
    key[31] ^= 0x11; /* an empty place of the branch */
    assert_ok(prove(&extension, 1, &v));
    assert_false(v.is_present);
    key[31] ^= 0x10;
    key[3] ^= 0x10; /* the extension diverges */
    assert_ok(prove(&extension, 1, &v));
    assert_false(v.is_present);
    key[3] ^= 0x10;
}

/* 64 branches, one per half byte, and a leaf with an empty path: the deepest trie there is. */
static void the_deepest_path_is_walked(void **state)
{
    (void)state;
    static built nodes[RPL_TRIE_NODES_MAX];
    rpl_trie_value v;
    uint8_t long_value[40] = {9};
    make_leaf(PATH, rpl_bytes_of(long_value, sizeof(long_value)), &nodes[PATH]);
    for (size_t i = PATH; i-- > 0;)
        make_branch(i, &nodes[i + 1], (rpl_bytes){NULL, 0}, &nodes[i]);
    assert_ok(prove(nodes, RPL_TRIE_NODES_MAX, &v));
    assert_true(v.is_present && v.value.len == sizeof(long_value));
    for (size_t n = 1; n < RPL_TRIE_NODES_MAX; n++)
        assert_code(prove(nodes, n, &v), RPL_MALFORMED);
}

static void nodes_that_no_trie_has_are_refused(void **state)
{
    (void)state;
    static const uint8_t large_value[33] = {1};
    built leaf, wrong;
    rpl_trie_value v;
    /* a branch with a value */
    make_leaf(1, rpl_bytes_of(large_value, 33), &leaf);
    built pair[2];
    make_branch(0, &leaf, rpl_bytes_of_text("x"), &pair[0]);
    pair[1] = leaf;
    assert_code(prove(pair, 2, &v), RPL_MALFORMED);
    /* a leaf whose path is too short or too long */
    make_leaf(2, rpl_bytes_of_text("x"), &wrong);
    assert_code(prove(&wrong, 1, &v), RPL_MALFORMED);
    make_branch(0, NULL, (rpl_bytes){NULL, 0}, &pair[0]);
    assert_code(prove(pair, 2, &v), RPL_MALFORMED); /* behind the end of the path */
    assert_ok(prove(pair, 1, &v));
    assert_false(v.is_present);
    /* a child of 32 bytes and more that sits in its parent instead of being named by its hash */
    uint8_t room[ROOM];
    rpl_writer items = rpl_writer_over(room, sizeof(room));
    make_leaf(1, rpl_bytes_of(large_value, 33), &leaf);
    for (uint8_t i = 0; i < 16; i++)
        rpl_write_bytes(&items, i == half(0) ? rpl_bytes_of(leaf.bytes, leaf.len)
                                             : rpl_bytes_of("\x80", 1));
    rpl_write_u8(&items, 0x80);
    close_list(&items, &pair[0]);
    assert_code(prove(pair, 1, &v), RPL_MALFORMED);
    /* an extension without a path */
    make_leaf(0, rpl_bytes_of(large_value, 33), &leaf);
    make_extension(0, 0, &leaf, &pair[0]);
    pair[1] = leaf;
    assert_code(prove(pair, 2, &v), RPL_MALFORMED);
}

/* Raw nodes: shapes that the builders above cannot make. */
static void odd_shapes_are_refused(void **state)
{
    (void)state;
    static const struct {
        uint8_t bytes[8];
        size_t len;
    } cases[] = {
        {{0xc0}, 1},                         /* no items */
        {{0xc1, 0x20}, 2},                   /* one */
        {{0xc3, 0x20, 0x20, 0x20}, 4},       /* three */
        {{0x82, 0x20, 0x20}, 3},             /* no list */
        {{0xc2, 0xc0, 0x01}, 3},             /* the path is a list */
        {{0xc2, 0x80, 0x01}, 3},             /* the path is empty */
        {{0xc2, 0x40, 0x01}, 3},             /* unknown flags */
        {{0xc2, 0x21, 0x01}, 3},             /* padding that is not zero */
        {{0xc2, 0x20, 0x01, 0x00}, 4},       /* bytes behind */
        {{0xc4, 0x20, 0x82, 0x01, 0x01}, 5}, /* a leaf with an empty path at the root */
        {{0xc3, 0x00, 0xc1, 0x80}, 4},       /* an extension that goes nowhere */
        {{0xc2, 0x10, 0x01}, 3},             /* a child that is neither hash nor node */
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        built node = {.len = cases[i].len};
        rpl_trie_value v;
        memcpy(node.bytes, cases[i].bytes, cases[i].len);
        if (prove(&node, 1, &v).code != RPL_MALFORMED)
            fail_msg("case %zu", i);
    }
}

static void limits_are_named(void **state)
{
    (void)state;
    static uint8_t large[RPL_TRIE_NODE_MAX + 1];
    rpl_trie_value v;
    uint8_t root[32];
    rpl_trie_nodes proof = {1, {rpl_bytes_of(large, sizeof(large))}};
    rpl_keccak256(proof.nodes[0], root);
    assert_code(rpl_trie_prove(root, key, &proof, &v), RPL_TOO_LARGE);
    proof.count = RPL_TRIE_NODES_MAX + 1;
    assert_code(rpl_trie_prove(root, key, &proof, &v), RPL_TOO_LARGE);
}

/* One leaf under the hash of `raw`: what the account and slot readers make of its value. */
static rpl_trie_nodes single(const uint8_t raw[static 32], rpl_bytes value, built *leaf,
                             uint8_t root[static 32], size_t raw_len)
{
    rpl_keccak256(rpl_bytes_of(raw, raw_len), key);
    make_leaf(0, value, leaf);
    rpl_keccak256(rpl_bytes_of(leaf->bytes, leaf->len), root);
    return (rpl_trie_nodes){1, {rpl_bytes_of(leaf->bytes, leaf->len)}};
}

static void a_slot_is_a_number_without_leading_zeros(void **state)
{
    (void)state;
    static const struct {
        const char *value;
        size_t len;
        rpl_code code;
    } cases[] = {
        {"\x07", 1, RPL_OK},
        {"\x82\x01\x02", 3, RPL_OK},
        {"\x80", 1, RPL_OK},
        {"\x82\x00\x02", 3, RPL_MALFORMED},
        {"\x00", 1, RPL_MALFORMED},
        {"\xc0", 1, RPL_MALFORMED},
        {"\x07\x07", 2, RPL_MALFORMED},
        {"\xa1"
         "123456789012345678901234567890123",
         34, RPL_MALFORMED},
        {"", 0, RPL_MALFORMED},
    };
    const uint8_t slot[32] = {3};
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        built leaf;
        uint8_t root[32], word[32] = {0xee};
        const rpl_trie_nodes proof =
            single(slot, rpl_bytes_of(cases[i].value, cases[i].len), &leaf, root, 32);
        assert_code(rpl_trie_slot_of(root, slot, &proof, word), cases[i].code);
        if (cases[i].code == RPL_OK)
            assert_true(word[0] == 0 && word[31] == (i == 0 ? 7 : i == 1 ? 2 : 0));
        else
            assert_true(word[0] == 0xee);
    }
}

static void an_account_has_exactly_four_fields(void **state)
{
    (void)state;
    const uint8_t address[32] = {4};
    uint8_t items[100], value[110], root[32];
    for (int fields = 3; fields <= 5; fields++) {
        built leaf;
        rpl_trie_account account;
        rpl_writer w = rpl_writer_over(items, sizeof(items));
        rpl_rlp_write_string(&w, rpl_bytes_of("\x01", 1));
        rpl_rlp_write_string(&w, (rpl_bytes){NULL, 0});
        rpl_rlp_write_string(&w, rpl_bytes_of(empty_root, 32));
        if (fields > 3)
            rpl_rlp_write_string(&w, rpl_bytes_of(address, 32));
        if (fields > 4)
            rpl_rlp_write_string(&w, rpl_bytes_of("\x01", 1));
        rpl_writer list = rpl_writer_over(value, sizeof(value));
        rpl_rlp_write_list(&list, rpl_writer_bytes(&w));
        const rpl_trie_nodes proof = single(address, rpl_writer_bytes(&list), &leaf, root, 20);
        assert_code(rpl_trie_account_of(root, address, &proof, &account),
                    fields == 4 ? RPL_OK : RPL_MALFORMED);
        if (fields == 4) {
            assert_true(account.exists);
            assert_memory_equal(account.storage_root, empty_root, 32);
            assert_memory_equal(account.code_hash, address, 32);
        }
    }
}

static int make_key(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(key); i++)
        key[i] = (uint8_t)(0x1f * i + 3);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_empty_trie_has_nothing, make_key),
        cmocka_unit_test_setup(a_single_leaf_is_the_whole_trie, make_key),
        cmocka_unit_test_setup(short_nodes_sit_in_their_parents, make_key),
        cmocka_unit_test_setup(the_deepest_path_is_walked, make_key),
        cmocka_unit_test_setup(nodes_that_no_trie_has_are_refused, make_key),
        cmocka_unit_test_setup(odd_shapes_are_refused, make_key),
        cmocka_unit_test_setup(limits_are_named, make_key),
        cmocka_unit_test_setup(a_slot_is_a_number_without_leading_zeros, make_key),
        cmocka_unit_test_setup(an_account_has_exactly_four_fields, make_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
