#include "attestation/policy/trie_proof.h"

#include "attestation/policy/rlp.h"
#include "base/hash.h"

enum {
    PATH_LEN = 2 * RPL_TRIE_HASH, /* half bytes */
    BRANCH_ITEMS = 17,
    SHORT_ITEMS = 2, /* an extension or a leaf: path, then child or value */
    FLAG_LEAF = 2,
    FLAG_ODD = 1,
};

static const char not_a_node[] = "trie proof: expected a node of a Merkle-Patricia trie";

/* A walk from the root along `key`. */
typedef struct {
    const rpl_trie_nodes *proof;
    size_t used;
    const uint8_t *key;
    size_t at;          /* half bytes walked */
    rpl_bytes expected; /* hash of the next node */
    rpl_bytes inside;   /* or the node itself, when it sits in its parent */
    bool is_done;
    rpl_trie_value found;
} walk;

typedef struct {
    size_t count;
    rpl_rlp_item items[BRANCH_ITEMS];
} node;

static uint8_t half_byte(const uint8_t *bytes, size_t i)
{
    return i % 2 ? bytes[i / 2] & 15 : bytes[i / 2] >> 4;
}

static rpl_status refuse(const char *what)
{
    return rpl_fail(RPL_MALFORMED, what);
}

/* The bytes of the next node: from inside its parent, or the next one given, by its hash. */
static rpl_status next_bytes(walk *w, rpl_bytes *bytes)
{
    uint8_t hash[RPL_KECCAK256_LEN];

    if (w->inside.len > 0) {
        *bytes = w->inside;
        return rpl_ok();
    }
    if (w->used == w->proof->count)
        return refuse("trie proof: it ends before the key does");
    *bytes = w->proof->nodes[w->used++];
    if (bytes->len > RPL_TRIE_NODE_MAX)
        return rpl_fail(RPL_TOO_LARGE, "trie proof: a node is larger than any can be");
    rpl_keccak256(*bytes, hash);
    if (!rpl_bytes_equal(rpl_bytes_of(hash, sizeof(hash)), w->expected))
        return rpl_fail(RPL_UNTRUSTED, "trie proof: a node has another hash than its parent says");
    return rpl_ok();
}

static rpl_status read_node(rpl_bytes bytes, node *n)
{
    rpl_reader r;

    RPL_TRY(rpl_rlp_open_list(bytes, &r));
    for (n->count = 0; !rpl_read_done(&r); n->count++) {
        if (n->count == BRANCH_ITEMS)
            return refuse(not_a_node);
        RPL_TRY(rpl_rlp_read(&r, &n->items[n->count]));
    }
    return n->count == BRANCH_ITEMS || n->count == SHORT_ITEMS ? rpl_ok() : refuse(not_a_node);
}

static rpl_status finish(walk *w, bool is_present, rpl_bytes value)
{
    w->is_done = true;
    w->found = (rpl_trie_value){is_present, value};
    return w->used == w->proof->count ? rpl_ok()
                                      : refuse("trie proof: nodes behind the end of the path");
}

static rpl_status go_down(walk *w, const rpl_rlp_item *child)
{
    w->inside = (rpl_bytes){NULL, 0};
    if (child->is_list) { /* a node below 32 bytes has no hash of its own */
        w->inside = child->whole;
        return child->whole.len < RPL_TRIE_HASH ? rpl_ok() : refuse(not_a_node);
    }
    w->expected = child->body;
    return child->body.len == RPL_TRIE_HASH ? rpl_ok() : refuse(not_a_node);
}

static rpl_status through_branch(walk *w, const node *n)
{
    const rpl_rlp_item *value = &n->items[BRANCH_ITEMS - 1];

    if (w->at == PATH_LEN || value->is_list || value->body.len > 0)
        return refuse("trie proof: a branch with a value, where all keys have one length");
    const rpl_rlp_item *child = &n->items[half_byte(w->key, w->at++)];
    if (!child->is_list && child->body.len == 0)
        return finish(w, false, (rpl_bytes){NULL, 0});
    return go_down(w, child);
}

/* Compact encoding: a half byte of flags, one of padding unless the path is odd, then the path. */
static bool read_path(const rpl_rlp_item *item, bool *is_leaf, size_t *from, size_t *to)
{
    if (item->is_list || item->body.len == 0)
        return false;
    const uint8_t flags = half_byte(item->body.data, 0);
    *is_leaf = flags & FLAG_LEAF;
    *from = flags & FLAG_ODD ? 1 : 2;
    *to = 2 * item->body.len;
    return flags <= (FLAG_LEAF | FLAG_ODD) &&
           (flags & FLAG_ODD || half_byte(item->body.data, 1) == 0);
}

static rpl_status through_short(walk *w, const node *n)
{
    const rpl_rlp_item *path = &n->items[0], *rest = &n->items[1];
    bool is_leaf;
    size_t from, to;

    if (!read_path(path, &is_leaf, &from, &to) || to - from > PATH_LEN - w->at ||
        (is_leaf ? to - from != PATH_LEN - w->at || rest->is_list : to == from))
        return refuse(not_a_node);
    for (size_t i = from; i < to; i++) {
        if (half_byte(path->body.data, i) != half_byte(w->key, w->at++))
            return finish(w, false, (rpl_bytes){NULL, 0});
    }
    return is_leaf ? finish(w, true, rest->body) : go_down(w, rest);
}

/* The root of a trie without any key is the hash of the empty string; its proof has no node, or
 * that one. */
static bool is_empty_trie(const uint8_t root[static RPL_TRIE_HASH], const rpl_trie_nodes *proof)
{
    static const uint8_t empty[] = {0x80};
    uint8_t hash[RPL_KECCAK256_LEN];

    rpl_keccak256(rpl_bytes_of(empty, sizeof(empty)), hash);
    return rpl_bytes_equal(rpl_bytes_of(hash, sizeof(hash)), rpl_bytes_of(root, RPL_TRIE_HASH)) &&
           (proof->count == 0 ||
            (proof->count == 1 &&
             rpl_bytes_equal(proof->nodes[0], rpl_bytes_of(empty, sizeof(empty)))));
}

rpl_status rpl_trie_prove(const uint8_t root[static RPL_TRIE_HASH],
                          const uint8_t key[static RPL_TRIE_HASH], const rpl_trie_nodes *proof,
                          rpl_trie_value *out)
{
    walk w = {.proof = proof, .key = key, .expected = {root, RPL_TRIE_HASH}};

    if (proof->count > RPL_TRIE_NODES_MAX)
        return rpl_fail(RPL_TOO_LARGE, "trie proof: more nodes than a path can have");
    w.is_done = is_empty_trie(root, proof);
    while (!w.is_done) {
        rpl_bytes bytes;
        node n;
        RPL_TRY(next_bytes(&w, &bytes));
        RPL_TRY(read_node(bytes, &n));
        RPL_TRY(n.count == BRANCH_ITEMS ? through_branch(&w, &n) : through_short(&w, &n));
    }
    *out = w.found;
    return rpl_ok();
}

rpl_status rpl_trie_account_of(const uint8_t state_root[static RPL_TRIE_HASH],
                               const uint8_t address[static 20], const rpl_trie_nodes *proof,
                               rpl_trie_account *out)
{
    uint8_t key[RPL_KECCAK256_LEN];
    rpl_trie_account account = {0};
    rpl_bytes balance;
    uint64_t nonce;
    rpl_trie_value leaf;
    rpl_reader r;

    rpl_keccak256(rpl_bytes_of(address, 20), key);
    RPL_TRY(rpl_trie_prove(state_root, key, proof, &leaf));
    if (leaf.is_present) {
        account.exists = true;
        RPL_TRY(rpl_rlp_open_list(leaf.value, &r));
        RPL_TRY(rpl_rlp_read_uint(&r, &nonce));
        RPL_TRY(rpl_rlp_read_string(&r, &balance));
        RPL_TRY(rpl_rlp_read_exact(&r, account.storage_root, RPL_TRIE_HASH));
        RPL_TRY(rpl_rlp_read_exact(&r, account.code_hash, RPL_TRIE_HASH));
        if (!rpl_read_done(&r))
            return rpl_malformed(&r, "account: expected nonce, balance, storage root, code hash");
    }
    *out = account;
    return rpl_ok();
}

rpl_status rpl_trie_slot_of(const uint8_t storage_root[static RPL_TRIE_HASH],
                            const uint8_t slot[static 32], const rpl_trie_nodes *proof,
                            uint8_t word[static 32])
{
    uint8_t key[RPL_KECCAK256_LEN], whole[32] = {0};
    rpl_trie_value leaf;
    rpl_bytes value;

    rpl_keccak256(rpl_bytes_of(slot, 32), key);
    RPL_TRY(rpl_trie_prove(storage_root, key, proof, &leaf));
    if (leaf.is_present) {
        rpl_reader r = rpl_reader_over(leaf.value);
        RPL_TRY(rpl_rlp_read_string(&r, &value));
        rpl_reader digits = rpl_reader_over(value);
        if (!rpl_read_done(&r) || value.len > 32 || (value.len > 0 && value.data[0] == 0) ||
            !rpl_read_copy(&digits, whole + 32 - value.len, value.len))
            return rpl_malformed(
                &r, "storage: expected a number of at most 32 bytes without leading zeros");
    }
    rpl_reader out = rpl_reader_over(rpl_bytes_of(whole, sizeof(whole)));
    return rpl_read_copy(&out, word, sizeof(whole)) ? rpl_ok() : rpl_fail(RPL_INTERNAL, "word");
}
