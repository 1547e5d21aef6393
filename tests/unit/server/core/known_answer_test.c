/* The answers of tests/vectors/generate/core_kat.py, which shares no code with ours. */
#include <sodium.h>

#include "attestation/policy/config_preimage.h"
#include "base/hash.h"
#include "base/hex.h"
#include "base/json.h"
#include "server/core/derived_key.h"
#include "server/core/transcript.h"
#include "tests/support/core.h"
#include "tests/support/file.h"

enum { ANSWER_MAX = 4096, VECTOR_MAX = 1 << 20 };

static json_t *vector(const char *name)
{
    char path[64];
    size_t len;
    json_t *json = NULL;
    snprintf(path, sizeof(path), "core/%s.json", name);
    uint8_t *text = read_vector(path, &len);
    assert_ok(rpl_json_parse(rpl_bytes_of(text, len), VECTOR_MAX, &json));
    free(text);
    return json;
}

static rpl_bytes text_of(const json_t *object, const char *key)
{
    rpl_bytes text = {0};
    assert_true(rpl_json_get_text(object, key, &text));
    return text;
}

static uint64_t number_of(const json_t *object, const char *key)
{
    uint64_t number = 0;
    assert_true(rpl_json_get_uint(object, key, INT64_MAX, &number));
    return number;
}

/* Borrowed until the next four calls. */
static rpl_bytes hex_of(const json_t *object, const char *key)
{
    static uint8_t answers[4][ANSWER_MAX];
    static unsigned next;
    uint8_t *answer = answers[next++ % 4];
    size_t len = 0;
    assert_ok(rpl_hex_decode(text_of(object, key), answer, ANSWER_MAX, &len));
    return rpl_bytes_of(answer, len);
}

static void copy_hex(const json_t *object, const char *key, uint8_t *out, size_t len)
{
    const rpl_bytes bytes = hex_of(object, key);
    assert_int_equal(bytes.len, len);
    memcpy(out, bytes.data, len);
}

static void same(const json_t *object, const char *key, const void *got, size_t len)
{
    const rpl_bytes want = hex_of(object, key);
    if (!rpl_bytes_equal(want, rpl_bytes_of(got, len)))
        print_error("%s differs\n", key);
    assert_int_equal(want.len, len);
    assert_memory_equal(want.data, got, len);
}

static void an_identity_follows_from_its_seed(void **unused)
{
    (void)unused;
    json_t *cases = vector("identity");
    for (size_t i = 0; i < json_array_size(cases); i++) {
        const json_t *c = json_array_get(cases, i);
        uint8_t digest[32], address[20], signature[64];
        rpl_identity *identity = rpl_identity_from_seed(hex_of(c, "seed").data);
        assert_non_null(identity);
        const rpl_identity_pub *pub = rpl_identity_public(identity);
        const rpl_bytes message = rpl_bytes_of("tag\0message", 11);
        same(c, "pub", pub->b, sizeof(pub->b));
        rpl_identity_digest(pub, digest);
        same(c, "digest", digest, sizeof(digest));
        rpl_identity_address(pub, address);
        same(c, "address", address, sizeof(address));
        rpl_identity_sign(identity, message, signature);
        same(c, "signature", signature, sizeof(signature));
        assert_true(rpl_identity_verify(pub, message, signature));
        signature[63] ^= 1;
        assert_false(rpl_identity_verify(pub, message, signature));
        rpl_identity_free(identity);
    }
    json_decref(cases);
}

static void an_identity_without_a_point_has_no_address(void **unused)
{
    (void)unused;
    const rpl_identity_pub none = {{0}};
    uint8_t address[20];
    memset(address, 1, sizeof(address));
    rpl_identity_address(&none, address);
    assert_true(sodium_is_zero(address, sizeof(address)));
}

static rpl_state *decoded(const json_t *object, const char *key)
{
    rpl_state *state = NULL;
    assert_ok(rpl_state_decode(hex_of(object, key), &state));
    return state;
}

static void a_foreign_state_is_read_and_written_alike(void **unused)
{
    (void)unused;
    json_t *v = vector("state");
    rpl_state *state = decoded(v, "encoded");
    rpl_secret *bytes = encoded(state);
    uint8_t digest[32];
    rpl_epoch epochs[RPL_STATE_EPOCHS_MAX], one;
    same(v, "encoded", rpl_secret_expose(bytes).data, rpl_secret_len(bytes));
    assert_ok(rpl_state_digest(state, digest));
    same(v, "digest", digest, sizeof(digest));
    const json_t *wanted = rpl_json_get_array(v, "epochs");
    assert_int_equal(rpl_state_epochs(state, epochs), json_array_size(wanted));
    assert_int_equal(rpl_state_highest_epoch(state), 2);
    for (size_t i = 0; i < json_array_size(wanted); i++) {
        const json_t *e = json_array_get(wanted, i);
        const rpl_secret *root = rpl_state_root(state, number_of(e, "number"), &one);
        assert_non_null(root);
        same(e, "root", rpl_secret_expose(root).data, rpl_secret_len(root));
        same(e, "commitment", epochs[i].commitment, 32);
        same(e, "parent", epochs[i].parent_commitment, epochs[i].has_parent ? 32 : 0);
        assert_memory_equal(one.commitment, epochs[i].commitment, 32);
    }
    assert_file(state, "", "one secret");
    assert_file(state, "key.pem", "");
    assert_int_equal(live_files(state), 3);
    rpl_secret_free(bytes);
    rpl_state_free(state);
    json_decref(v);
}

static void genesis_and_files_make_the_foreign_bytes(void **unused)
{
    (void)unused;
    json_t *v = vector("state");
    uint8_t seed[32], root[32];
    rpl_state *state = NULL;
    copy_hex(v, "seed", seed, 32);
    copy_hex(v, "genesis_root", root, 32);
    assert_ok(rpl_state_genesis(seed, root, &state));
    rpl_secret *bytes = encoded(state);
    same(v, "genesis", rpl_secret_expose(bytes).data, rpl_secret_len(bytes));
    rpl_secret_free(bytes);
    rpl_state_free(state);
    json_decref(v);
}

static void check_key(const rpl_state *state, const json_t *c)
{
    rpl_derived_key key;
    rpl_key_request request = {.service = text_of(c, "service"),
                               .path = text_of(c, "path"),
                               .purpose = text_of(c, "purpose"),
                               .epoch = number_of(c, "epoch")};
    assert_true(rpl_key_algorithm_parse(text_of(c, "algorithm"), &request.algorithm));
    assert_ok(rpl_derived_key_at(state, &request, &key));
    assert_int_equal(key.epoch, request.epoch);
    same(c, "key", key.key, sizeof(key.key));
    same(c, "public_key", key.public_key, key.public_key_len);
    same(c, "attested_key", key.attested_key, key.attested_key_len);
    same(c, "commitment", key.commitment, sizeof(key.commitment));
    same(c, "epoch_pub", key.epoch_pub, sizeof(key.epoch_pub));
    same(c, "service_pub", key.service_pub, sizeof(key.service_pub));
    same(c, "epoch_signature", key.epoch_signature, sizeof(key.epoch_signature));
    same(c, "service_signature", key.service_signature, sizeof(key.service_signature));
    same(c, "key_signature", key.key_signature, sizeof(key.key_signature));
    rpl_derived_key_wipe(&key);
    assert_true(sodium_is_zero((const uint8_t *)&key, sizeof(key)));
}

static void derived_keys_and_their_chains_are_known(void **unused)
{
    (void)unused;
    json_t *v = vector("derived_key");
    rpl_state *state = decoded(v, "state");
    const json_t *keys = rpl_json_get_array(v, "keys");
    assert_int_equal(json_array_size(keys), 2 * 8 * 5);
    for (size_t i = 0; i < json_array_size(keys); i++)
        check_key(state, json_array_get(keys, i));
    rpl_state_free(state);
    json_decref(v);
}

/* The tag of this build: rplT in builds that know other roots. */
static const json_t *our_transcripts(const json_t *v)
{
#ifdef RPL_TEST_ROOTS
    const char *tag = "rplT/v1/";
#else
    const char *tag = "rpl/v1/";
#endif
    for (size_t i = 0; i < json_array_size(v); i++) {
        const json_t *c = json_array_get(v, i);
        if (rpl_bytes_equal(text_of(c, "tag"), rpl_bytes_of_text(tag)))
            return c;
    }
    fail();
    return NULL;
}

static void request_transcripts_are_known(void **unused)
{
    (void)unused;
    json_t *v = vector("transcript");
    const json_t *c = our_transcripts(v);
    rpl_request_fields f;
    rpl_report_data data;
    uint8_t digest[32];
    copy_hex(c, "pubk", f.pubk, 32);
    copy_hex(c, "challenge", f.challenge, 32);
    copy_hex(c, "config_digest", f.config_digest, 32);
    rpl_transcript_request(&f, &data);
    same(c, "request", data.b, sizeof(data.b));
    assert_true(rpl_report_data_is_ours(rpl_bytes_of(data.b, sizeof(data.b))));
    rpl_request_digest(&f, digest);
    same(c, "request_digest", digest, sizeof(digest));
    memset(f.challenge, 0, sizeof(f.challenge));
    rpl_transcript_request(&f, &data);
    same(c, "no_challenge_request", data.b, sizeof(data.b));
    rpl_request_digest(&f, digest);
    same(c, "no_challenge_request_digest", digest, sizeof(digest));
    json_decref(v);
}

static void onboard_transcript_and_message_are_known(void **unused)
{
    (void)unused;
    json_t *v = vector("transcript");
    const json_t *c = our_transcripts(v);
    rpl_onboard_fields f = {.highest_epoch = number_of(c, "highest_epoch")};
    rpl_report_data data;
    uint8_t message[RPL_ONBOARD_MESSAGE_MAX];
    copy_hex(c, "request_digest", f.request_digest, 32);
    copy_hex(c, "state_digest", f.state_digest, 32);
    copy_hex(c, "identity", f.identity.b, sizeof(f.identity.b));
    copy_hex(c, "holder_config_digest", f.config_digest, 32);
    rpl_transcript_onboard(&f, &data);
    same(c, "onboard", data.b, sizeof(data.b));
    same(c, "onboard_message", message, rpl_onboard_message(&f, message));
    json_decref(v);
}

static void status_transcripts_are_known(void **unused)
{
    (void)unused;
    json_t *v = vector("transcript");
    const json_t *c = our_transcripts(v);
    rpl_status_fields f = {.highest_epoch = number_of(c, "highest_epoch"),
                           .phase = (uint32_t)number_of(c, "phase")};
    rpl_report_data data;
    copy_hex(c, "nonce", f.nonce, 32);
    copy_hex(c, "identity", f.identity.b, sizeof(f.identity.b));
    copy_hex(c, "config_digest", f.config_digest, 32);
    rpl_transcript_status(&f, &data);
    same(c, "status", data.b, sizeof(data.b));
    rpl_status_fields empty = {0};
    copy_hex(c, "config_digest", empty.config_digest, 32);
    rpl_transcript_status(&empty, &data);
    same(c, "empty_status", data.b, sizeof(data.b));
    json_decref(v);
}

static void only_report_data_with_our_tag_is_ours(void **unused)
{
    (void)unused;
    assert_true(rpl_report_data_is_ours(rpl_bytes_of_text("rpl")));
    assert_true(rpl_report_data_is_ours(rpl_bytes_of_text("rplX")));
    assert_false(rpl_report_data_is_ours(rpl_bytes_of_text("rp")));
    assert_false(rpl_report_data_is_ours(rpl_bytes_of_text("")));
    assert_false(rpl_report_data_is_ours(rpl_bytes_of_text("RPL")));
    assert_false(rpl_report_data_is_ours(rpl_bytes_of_text(" rpl")));
}

static void take_draft(const json_t *c, rpl_receipt *draft)
{
    *draft = (rpl_receipt){.kind = (uint32_t)number_of(c, "kind")};
    copy_hex(c, "handover_id", draft->handover_id, 32);
    copy_hex(c, "state_digest", draft->state_digest, 32);
    copy_hex(c, "joiner_quote", draft->joiner_quote, 32);
    copy_hex(c, "holder_quote", draft->holder_quote, 32);
    copy_hex(c, "release", draft->release, 32);
    copy_hex(c, "config_digest", draft->config_digest, 32);
    draft->at = json_integer_value(json_object_get(c, "at"));
}

static const rpl_receipt *receipt_with(const rpl_custody *custody, rpl_bytes digest)
{
    for (size_t i = 0; i < custody->count; i++) {
        if (rpl_bytes_equal(rpl_bytes_of(custody->receipts[i].digest, 32), digest))
            return &custody->receipts[i];
    }
    return NULL;
}

static void receipts_are_known(void **unused)
{
    (void)unused;
    json_t *v = vector("custody");
    const json_t *receipts = rpl_json_get_array(v, "receipts");
    rpl_identity *identity = rpl_identity_from_seed(hex_of(v, "seed").data);
    rpl_custody custody = {0};
    for (size_t i = 0; i < json_array_size(receipts); i++) {
        const json_t *c = json_array_get(receipts, i);
        rpl_receipt draft;
        take_draft(c, &draft);
        assert_ok(rpl_custody_add(&custody, identity, &draft));
        const rpl_receipt *made = receipt_with(&custody, hex_of(c, "digest"));
        assert_non_null(made);
        same(c, "signature", made->signature, sizeof(made->signature));
        assert_int_equal(made->n_parents, i ? 1 : 0);
    }
    rpl_custody_free(&custody);
    rpl_identity_free(identity);
    json_decref(v);
}

static void the_config_digest_is_known(void **unused)
{
    (void)unused;
    json_t *v = vector("config");
    static const rpl_config_line lines[] = {
        {{(const uint8_t *)"SECURE_FILE", 11}, {(const uint8_t *)"/app/secret=1", 13}},
        {{(const uint8_t *)"REPLICATOOR_POLICY", 18}, {(const uint8_t *)"self", 4}},
        {{(const uint8_t *)"CHAIN_ID", 8}, {0}},
    };
    uint8_t preimage[RPL_CONFIG_PREIMAGE_MAX], digest[32];
    size_t len = 0;
    assert_ok(rpl_config_preimage_build(lines, 3, preimage, &len));
    same(v, "preimage", preimage, len);
    rpl_config_digest(rpl_bytes_of(preimage, len), digest);
    same(v, "digest", digest, sizeof(digest));
    json_decref(v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_identity_follows_from_its_seed),
        cmocka_unit_test(an_identity_without_a_point_has_no_address),
        cmocka_unit_test(a_foreign_state_is_read_and_written_alike),
        cmocka_unit_test(genesis_and_files_make_the_foreign_bytes),
        cmocka_unit_test(derived_keys_and_their_chains_are_known),
        cmocka_unit_test(request_transcripts_are_known),
        cmocka_unit_test(onboard_transcript_and_message_are_known),
        cmocka_unit_test(status_transcripts_are_known),
        cmocka_unit_test(only_report_data_with_our_tag_is_ours),
        cmocka_unit_test(receipts_are_known),
        cmocka_unit_test(the_config_digest_is_known),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
