#include "server/core/derived_key.h"

#include <sodium.h>

#include "server/core/curve.h"
#include "tests/support/core.h"

static rpl_state *state;

static rpl_derived_key key_for(rpl_key_request request)
{
    rpl_derived_key key;
    assert_ok(rpl_derived_key_at(state, &request, &key));
    return key;
}

static rpl_key_request request_of(const char *service, const char *path, const char *purpose,
                                  rpl_key_algorithm algorithm)
{
    return (rpl_key_request){.service = rpl_bytes_of_text(service),
                             .path = rpl_bytes_of_text(path),
                             .purpose = rpl_bytes_of_text(purpose),
                             .algorithm = algorithm};
}

static void names_lead_to_algorithms_and_back(void **unused)
{
    (void)unused;
    rpl_key_algorithm algorithm = RPL_KEY_P256;
    for (int i = 0; i < RPL_KEY_ALGORITHM_COUNT; i++) {
        const char *name = rpl_key_algorithm_name((rpl_key_algorithm)i);
        assert_true(rpl_key_algorithm_parse(rpl_bytes_of_text(name), &algorithm));
        assert_int_equal(algorithm, i);
    }
    assert_true(rpl_key_algorithm_parse(rpl_bytes_of_text(""), &algorithm));
    assert_int_equal(algorithm, RPL_KEY_RAW);
    static const char *const bad[] = {"RAW", "raw ", "rsa", "ed2551", "ed255199", "p-256"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        assert_false(rpl_key_algorithm_parse(rpl_bytes_of_text(bad[i]), &algorithm));
    assert_false(rpl_key_algorithm_parse(rpl_bytes_of("raw\0", 4), &algorithm));
}

/* Bytes that move between labels, or from one algorithm to another, make another key. */
static void no_two_labels_share_a_key(void **unused)
{
    (void)unused;
    static const char *const labels[][3] = {
        {"", "", ""},    {"a", "", ""},   {"", "a", ""},   {"", "", "a"},   {"ab", "", ""},
        {"a", "b", ""},  {"a", "", "b"},  {"", "ab", ""},  {"", "a", "b"},  {"", "b", "a"},
        {"b", "a", ""},  {"a", "a", "a"}, {"a", "aa", ""}, {"aa", "a", ""}, {"aaa", "", ""},
        {"raw", "", ""}, {"", "raw", ""}, {"", "", "raw"}};
    enum { LABELS = sizeof(labels) / sizeof(*labels), KEYS = LABELS * RPL_KEY_ALGORITHM_COUNT };
    uint8_t keys[KEYS][32];
    size_t count = 0;
    for (size_t i = 0; i < LABELS; i++) {
        for (int a = 0; a < RPL_KEY_ALGORITHM_COUNT; a++) {
            rpl_derived_key key =
                key_for(request_of(labels[i][0], labels[i][1], labels[i][2], (rpl_key_algorithm)a));
            memcpy(keys[count++], key.key, 32);
        }
    }
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < i; k++)
            assert_memory_not_equal(keys[i], keys[k], 32);
    }
}

static void labels_over_255_bytes_are_refused(void **unused)
{
    (void)unused;
    char label[257];
    memset(label, 'x', sizeof(label));
    rpl_derived_key key = {.epoch = 99};
    for (size_t which = 0; which < 3; which++) {
        rpl_key_request request = request_of("s", "p", "u", RPL_KEY_RAW);
        rpl_bytes *const fields[] = {&request.service, &request.path, &request.purpose};
        *fields[which] = rpl_bytes_of(label, 255);
        rpl_derived_key longest;
        assert_ok(rpl_derived_key_at(state, &request, &longest));
        *fields[which] = rpl_bytes_of(label, 256);
        assert_code(rpl_derived_key_at(state, &request, &key), RPL_MALFORMED);
        *fields[which] = rpl_bytes_of(label, SIZE_MAX);
        assert_code(rpl_derived_key_at(state, &request, &key), RPL_MALFORMED);
    }
    assert_int_equal(key.epoch, 99);
}

static void an_unknown_epoch_is_not_ready(void **unused)
{
    (void)unused;
    rpl_key_request request = request_of("s", "", "", RPL_KEY_RAW);
    rpl_derived_key key = {.epoch = 99};
    request.epoch = 2;
    assert_code(rpl_derived_key_at(state, &request, &key), RPL_NOT_READY);
    request.epoch = UINT64_MAX;
    assert_code(rpl_derived_key_at(state, &request, &key), RPL_NOT_READY);
    assert_int_equal(key.epoch, 99);
    request.epoch = 0;
    const rpl_derived_key stable = key_for(request);
    request.epoch = 1;
    const rpl_derived_key first = key_for(request);
    assert_memory_equal(stable.key, first.key, 32);
    assert_int_equal(stable.epoch, 1);
}

static void an_unknown_algorithm_is_refused(void **unused)
{
    (void)unused;
    const rpl_key_request request = request_of("s", "", "", RPL_KEY_ALGORITHM_COUNT);
    rpl_derived_key key;
    assert_code(rpl_derived_key_at(state, &request, &key), RPL_MALFORMED);
}

static void the_same_request_gives_the_same_answer(void **unused)
{
    (void)unused;
    for (int a = 0; a < RPL_KEY_ALGORITHM_COUNT; a++) {
        const rpl_key_request request = request_of("s", "p", "u", (rpl_key_algorithm)a);
        const rpl_derived_key one = key_for(request), two = key_for(request);
        assert_memory_equal(&one, &two, sizeof(one));
    }
}

static void scalars_out_of_range_are_known(void **unused)
{
    (void)unused;
    static const uint8_t p256_order[32] = {0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00,
                                           0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                           0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84,
                                           0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51};
    static const uint8_t secp256k1_order[32] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                                0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe,
                                                0xba, 0xae, 0xdc, 0xe6, 0xaf, 0x48, 0xa0, 0x3b,
                                                0xbf, 0xd2, 0x5e, 0x8c, 0xd0, 0x36, 0x41, 0x41};
    uint8_t scalar[32] = {0}, point[33];
    assert_false(rpl_p256_valid(scalar));
    assert_false(rpl_secp256k1_valid(scalar));
    scalar[31] = 1;
    assert_true(rpl_p256_valid(scalar) && rpl_secp256k1_valid(scalar));
    memcpy(scalar, p256_order, 32);
    assert_false(rpl_p256_valid(scalar));
    scalar[31]--;
    assert_true(rpl_p256_valid(scalar));
    assert_ok(rpl_p256_public(scalar, point));
    scalar[31] += 2;
    assert_false(rpl_p256_valid(scalar));
    memcpy(scalar, secp256k1_order, 32);
    assert_false(rpl_secp256k1_valid(scalar));
    scalar[31]--;
    assert_true(rpl_secp256k1_valid(scalar));
    memset(scalar, 0xff, sizeof(scalar));
    assert_false(rpl_p256_valid(scalar) || rpl_secp256k1_valid(scalar));
    assert_code(rpl_secp256k1_public(scalar, point), RPL_INTERNAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_lead_to_algorithms_and_back),
        cmocka_unit_test(no_two_labels_share_a_key),
        cmocka_unit_test(labels_over_255_bytes_are_refused),
        cmocka_unit_test(an_unknown_epoch_is_not_ready),
        cmocka_unit_test(an_unknown_algorithm_is_refused),
        cmocka_unit_test(the_same_request_gives_the_same_answer),
        cmocka_unit_test(scalars_out_of_range_are_known),
    };
    if (sodium_init() < 0)
        return 1;
    state = state_of(3, 4);
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    rpl_state_free(state);
    return failed;
}
