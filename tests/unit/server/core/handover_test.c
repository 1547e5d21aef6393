#include "server/core/handover.h"

#include <sodium.h>

#include "base/hash.h"
#include "tests/support/core.h"
#include "tests/support/verdicts.h"

static const rpl_chain_block no_mark;

static rpl_state *state;
static rpl_secret *encoded_state;
static rpl_onboard_fields onboard;
static uint8_t signature[RPL_SIGNATURE_LEN];
static const rpl_request_fields request = {{1}, {2}, {3}};
static const uint8_t holder_config[32] = {4};
static const char quote[] = "a quote with its trailer";
static proto_message m;

static void setup(void)
{
    uint8_t message[RPL_ONBOARD_MESSAGE_MAX];
    rpl_receipt draft = {.kind = RPL_RECEIPT_GENESIS};
    state = state_of(1, 2);
    write_file(state, 1, "", "the secret");
    assert_ok(rpl_custody_add(rpl_state_custody_mut(state), rpl_state_identity(state), &draft));
    draft = (rpl_receipt){.kind = RPL_RECEIPT_HANDOVER, .handover_id = {1}, .at = -1};
    assert_ok(rpl_custody_add(rpl_state_custody_mut(state), rpl_state_identity(state), &draft));
    encoded_state = encoded(state);
    rpl_request_digest(&request, onboard.request_digest);
    assert_ok(rpl_state_digest(state, onboard.state_digest));
    onboard.identity = *rpl_identity_public(rpl_state_identity(state));
    onboard.highest_epoch = 1;
    memcpy(onboard.config_digest, holder_config, 32);
    rpl_identity_sign(rpl_state_identity(state),
                      rpl_bytes_of(message, rpl_onboard_message(&onboard, message)), signature);
}

static rpl_secret *handover(void)
{
    rpl_secret *out = NULL;
    assert_ok(rpl_handover_encode(rpl_secret_expose(encoded_state), rpl_bytes_of_text(quote),
                                  signature, rpl_state_custody(state), &no_mark, &out));
    return out;
}

static rpl_code decodes_as(rpl_bytes plaintext)
{
    rpl_handover h = {0};
    uint8_t *copy = exact_copy(plaintext.data, plaintext.len);
    const rpl_status status = rpl_handover_decode(rpl_bytes_of(copy, plaintext.len), &h);
    free(copy);
    assert_int_equal(status.code == RPL_OK, h.state != NULL);
    rpl_handover_free(&h);
    return status.code;
}

static void what_is_handed_over_comes_back(void **unused)
{
    (void)unused;
    rpl_secret *plaintext = handover();
    rpl_handover h;
    assert_ok(rpl_handover_decode(rpl_secret_expose(plaintext), &h));
    assert_same_digest(h.state, state);
    assert_memory_equal(h.state_digest, onboard.state_digest, 32);
    assert_int_equal(h.quote_len, strlen(quote));
    assert_memory_equal(h.quote, quote, h.quote_len);
    assert_memory_equal(h.signature, signature, sizeof(signature));
    assert_file(h.state, "", "the secret");
    const rpl_custody *custody = rpl_state_custody(h.state), *ours = rpl_state_custody(state);
    assert_int_equal(custody->count, 2);
    for (size_t i = 0; i < 2; i++)
        assert_memory_equal(&custody->receipts[i], &ours->receipts[i], sizeof(rpl_receipt));
    rpl_handover_free(&h);
    assert_null(h.state);
    rpl_secret_free(plaintext);
}

static void every_prefix_is_refused(void **unused)
{
    (void)unused;
    rpl_secret *plaintext = handover();
    const rpl_bytes all = rpl_secret_expose(plaintext);
    size_t whole = 0;
    for (size_t len = all.len; len-- > 0;) {
        /* one that ends behind the signature or a receipt is one with fewer receipts */
        if (decodes_as(rpl_bytes_of(all.data, len)) == RPL_OK)
            whole++;
    }
    assert_int_equal(whole, 2);
    rpl_secret_free(plaintext);
}

/* Two fields are free of form: the quote, and the signature. Every other byte counts at once. */
static void every_changed_byte_is_refused_or_checked_later(void **unused)
{
    (void)unused;
    rpl_secret *plaintext = handover();
    const rpl_bytes all = rpl_secret_expose(plaintext);
    uint8_t *changed = exact_copy(all.data, all.len);
    size_t accepted = 0;
    for (size_t i = 0; i < all.len; i++) {
        changed[i] ^= (uint8_t)(1 << i % 8);
        accepted += decodes_as(rpl_bytes_of(changed, all.len)) == RPL_OK;
        changed[i] ^= (uint8_t)(1 << i % 8);
    }
    /* and the content of the file, for which the sealed digest and the signature stand */
    assert_true(accepted >= strlen(quote) + RPL_SIGNATURE_LEN);
    assert_true(accepted <= strlen(quote) + RPL_SIGNATURE_LEN + strlen("the secret") + 18);
    free(changed);
    rpl_secret_free(plaintext);
}

static void start_handover(void)
{
    proto_start(&m);
    put_bytes(&m, 1, rpl_secret_expose(encoded_state));
    put_text(&m, 2, quote);
    put_bytes(&m, 3, rpl_bytes_of(signature, sizeof(signature)));
}

static void put_receipt(const rpl_receipt *r, size_t parents, size_t len)
{
    static proto_message inner;
    const uint8_t *const digests[] = {r->handover_id,  r->state_digest, r->joiner_quote,
                                      r->holder_quote, r->release,      r->config_digest};
    proto_start(&inner);
    put_number(&inner, 1, r->kind);
    for (unsigned i = 0; i < 6; i++)
        put_bytes(&inner, 2 + i, rpl_bytes_of(digests[i], 32));
    if (r->at)
        put_number(&inner, 8, (uint64_t)r->at);
    for (size_t i = 0; i < parents; i++)
        put_bytes(&inner, 9, rpl_bytes_of(r->parents[i % RPL_RECEIPT_PARENTS_MAX], len));
    put_bytes(&inner, 10, rpl_bytes_of(r->signature, 64));
    put_bytes(&m, 4, proto_bytes(&inner));
}

static void is(rpl_code code)
{
    assert_int_equal(decodes_as(proto_bytes(&m)), code);
}

static void the_encoding_is_the_documented_one(void **unused)
{
    (void)unused;
    rpl_secret *plaintext = handover();
    const rpl_custody *custody = rpl_state_custody(state);
    start_handover();
    for (size_t i = 0; i < 2; i++)
        put_receipt(&custody->receipts[i], custody->receipts[i].n_parents, 32);
    assert_true(rpl_bytes_equal(rpl_secret_expose(plaintext), proto_bytes(&m)));
    rpl_secret_free(plaintext);
}

static void fields_missing_twice_or_out_of_order_are_refused(void **unused)
{
    (void)unused;
    const rpl_receipt *r = rpl_state_custody(state)->receipts;
    start_handover();
    is(RPL_OK);
    put_text(&m, 2, quote);
    is(RPL_MALFORMED);
    start_handover();
    put_bytes(&m, 1, rpl_secret_expose(encoded_state));
    is(RPL_MALFORMED);
    start_handover();
    put_number(&m, 5, 1);
    is(RPL_MALFORMED);
    start_handover();
    put_receipt(&r[1], r[1].n_parents, 32);
    put_receipt(&r[0], r[0].n_parents, 32);
    is(RPL_MALFORMED);
    start_handover();
    put_receipt(&r[0], r[0].n_parents, 32);
    put_receipt(&r[0], r[0].n_parents, 32);
    is(RPL_MALFORMED);
    for (unsigned missing = 1; missing <= 3; missing++) {
        proto_start(&m);
        if (missing != 1)
            put_bytes(&m, 1, rpl_secret_expose(encoded_state));
        if (missing != 2)
            put_text(&m, 2, quote);
        if (missing != 3)
            put_bytes(&m, 3, rpl_bytes_of(signature, sizeof(signature)));
        is(RPL_MALFORMED);
    }
    for (unsigned field = 1; field <= 4; field++) {
        start_handover();
        put_number(&m, field, 1);
        is(RPL_MALFORMED);
    }
}

static void receipts_out_of_form_are_refused(void **unused)
{
    (void)unused;
    rpl_receipt r = rpl_state_custody(state)->receipts[0];
    start_handover();
    put_receipt(&r, RPL_RECEIPT_PARENTS_MAX + 1, 32);
    is(RPL_MALFORMED);
    start_handover();
    put_receipt(&r, 1, 31);
    is(RPL_MALFORMED);
    r.signature[0] ^= 1;
    start_handover();
    put_receipt(&r, r.n_parents, 32);
    is(RPL_UNTRUSTED);
    start_handover();
    put_text(&m, 4, "");
    is(RPL_MALFORMED);
}

static void lengths_beyond_the_message_are_refused(void **unused)
{
    (void)unused;
    static const uint64_t lens[] = {1, 127, 65535, 65536, 1u << 26, 0xffffffff, UINT64_MAX};
    for (size_t i = 0; i < sizeof(lens) / sizeof(*lens); i++) {
        for (unsigned field = 1; field <= 5; field++) {
            proto_start(&m);
            put_varint(&m, field << 3 | 2);
            put_varint(&m, lens[i]);
            is(RPL_MALFORMED);
            start_handover();
            put_varint(&m, field << 3 | 2);
            put_varint(&m, lens[i]);
            is(RPL_MALFORMED);
        }
    }
}

/* The handover as decoded, with one thing changed, is judged. */
static void verdict_of(const rpl_handover *h, const uint8_t *digest, const rpl_request_fields *r,
                       const uint8_t *config, rpl_verdict *v)
{
    rpl_onboard_fields fields;
    rpl_verdict_start(v, 0);
    rpl_handover_check(h, digest, r, config, v, &fields);
    assert_memory_equal(&fields.identity, &onboard.identity, sizeof(fields.identity));
    assert_memory_equal(fields.state_digest, h->state_digest, 32);
    assert_memory_equal(fields.config_digest, config, 32);
    assert_int_equal(fields.highest_epoch, 1);
}

static void only_the_signed_handover_passes(void **unused)
{
    (void)unused;
    rpl_secret *plaintext = handover();
    rpl_handover h;
    rpl_verdict v;
    assert_ok(rpl_handover_decode(rpl_secret_expose(plaintext), &h));
    verdict_of(&h, onboard.state_digest, &request, holder_config, &v);
    assert_true(rpl_verdict_admits(&v));
    rpl_request_fields others[] = {request, request, request};
    others[0].pubk[31] ^= 1;
    others[1].challenge[0] ^= 1;
    others[2].config_digest[0] ^= 1;
    for (size_t i = 0; i < 3; i++) {
        verdict_of(&h, onboard.state_digest, &others[i], holder_config, &v);
        assert_false(rpl_verdict_admits(&v));
        assert_true(verdict_says(&v, "HANDOVER_SIGNATURE"));
    }
    verdict_of(&h, onboard.state_digest, &request, request.pubk, &v);
    assert_true(verdict_says(&v, "HANDOVER_SIGNATURE"));
    verdict_of(&h, request.pubk, &request, holder_config, &v);
    assert_true(verdict_says(&v, "STATE_DIGEST"));
    assert_false(verdict_says(&v, "HANDOVER_SIGNATURE"));
    h.signature[63] ^= 1;
    verdict_of(&h, request.pubk, &request, holder_config, &v);
    assert_true(verdict_says(&v, "STATE_DIGEST") && verdict_says(&v, "HANDOVER_SIGNATURE"));
    assert_false(rpl_verdict_admits(&v));
    rpl_handover_free(&h);
    rpl_secret_free(plaintext);
}

static void a_long_custody_log_is_carried_whole(void **unused)
{
    (void)unused;
    rpl_custody custody = {0};
    const rpl_identity *identity = rpl_state_identity(state);
    rpl_secret *plaintext = NULL;
    rpl_handover h;
    for (uint32_t i = 0; i < 64; i++) {
        rpl_receipt draft = {.kind = RPL_RECEIPT_HANDOVER};
        memcpy(draft.handover_id, &i, sizeof(i));
        assert_ok(rpl_custody_add(&custody, identity, &draft));
    }
    assert_ok(rpl_handover_encode(rpl_secret_expose(encoded_state), rpl_bytes_of_text(quote),
                                  signature, &custody, &no_mark, &plaintext));
    assert_ok(rpl_handover_decode(rpl_secret_expose(plaintext), &h));
    assert_int_equal(rpl_state_custody(h.state)->count, 64);
    rpl_handover_free(&h);
    rpl_secret_free(plaintext);
    rpl_custody_free(&custody);
}

static void a_mark_travels_with_the_state(void **unused)
{
    (void)unused;
    const rpl_chain_block mark = {90, 1700000000, {0xab, [31] = 0xcd}};
    rpl_secret *with = NULL, *without = handover();
    rpl_handover h;
    assert_ok(rpl_handover_encode(rpl_secret_expose(encoded_state), rpl_bytes_of_text(quote),
                                  signature, rpl_state_custody(state), &mark, &with));
    const rpl_bytes bytes = rpl_secret_expose(with);
    assert_ok(rpl_handover_decode(bytes, &h));
    assert_memory_equal(&h.mark, &mark, sizeof(mark));
    rpl_handover_free(&h);
    /* cut anywhere behind the rest, it is no message any more */
    for (size_t len = rpl_secret_len(without) + 1; len < bytes.len; len++)
        assert_int_equal(decodes_as(rpl_bytes_of(bytes.data, len)), RPL_MALFORMED);
    assert_true(bytes.len <= rpl_handover_len_max(rpl_secret_len(encoded_state), strlen(quote),
                                                  rpl_state_custody(state)->count));
    rpl_secret_free(with);
    rpl_secret_free(without);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_handed_over_comes_back),
        cmocka_unit_test(a_mark_travels_with_the_state),
        cmocka_unit_test(every_prefix_is_refused),
        cmocka_unit_test(every_changed_byte_is_refused_or_checked_later),
        cmocka_unit_test(the_encoding_is_the_documented_one),
        cmocka_unit_test(fields_missing_twice_or_out_of_order_are_refused),
        cmocka_unit_test(receipts_out_of_form_are_refused),
        cmocka_unit_test(lengths_beyond_the_message_are_refused),
        cmocka_unit_test(only_the_signed_handover_passes),
        cmocka_unit_test(a_long_custody_log_is_carried_whole),
    };
    if (sodium_init() < 0)
        return 1;
    setup();
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    rpl_secret_free(encoded_state);
    rpl_state_free(state);
    return failed;
}
