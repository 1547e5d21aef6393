#include "server/core/requests.h"

#include <sodium.h>

#include "tests/support/check.h"

enum { BOOT = 5000, LIFE_MS = RPL_REQUEST_LIFE_S * 1000 };
static const uint8_t config[32] = {'c', 'f', 'g'};

static rpl_secret *key_of(uint8_t byte)
{
    rpl_secret *key = rpl_secret_new(32);
    assert_non_null(key);
    memset(rpl_secret_fill(key), byte, 32);
    return key;
}

static const uint8_t *challenge_of(uint8_t byte)
{
    static uint8_t challenge[32];
    memset(challenge, byte, sizeof(challenge));
    return challenge;
}

/* Adds a request with the key of 32 times `byte`; the shared one without a challenge. */
static rpl_request *add(rpl_requests *r, const uint8_t *challenge, uint8_t byte, int64_t boot_ms)
{
    rpl_request *request = NULL;
    assert_ok(rpl_requests_add(r, challenge, config, key_of(byte), boot_ms, &request));
    return request;
}

static void calls_without_a_challenge_share_one(void **state)
{
    (void)state;
    rpl_requests r = {0};
    assert_null(rpl_requests_find(&r, NULL));
    rpl_request *shared = add(&r, NULL, 1, BOOT);
    assert_ptr_equal(rpl_requests_find(&r, NULL), shared);
    assert_false(shared->challenged);
    assert_int_equal(rpl_requests_count(&r), 1);
    rpl_requests_free(&r);
}

static void challenged_ones_stand_beside_it(void **state)
{
    (void)state;
    rpl_requests r = {0};
    rpl_request *shared = add(&r, NULL, 1, BOOT), *first = add(&r, challenge_of(7), 2, BOOT),
                *second = add(&r, challenge_of(8), 3, BOOT);
    assert_ptr_equal(rpl_requests_find(&r, challenge_of(7)), first);
    assert_ptr_equal(rpl_requests_find(&r, challenge_of(8)), second);
    assert_ptr_equal(rpl_requests_find(&r, NULL), shared);
    assert_null(rpl_requests_find(&r, challenge_of(9)));
    assert_true(first->challenged);
    assert_memory_equal(first->fields.challenge, challenge_of(7), 32);
    assert_int_equal(rpl_requests_count(&r), 3);
    rpl_requests_free(&r);
}

/* A shared request has zeros for a challenge, and is still not the one challenged with zeros. */
static void a_challenge_of_zeros_is_not_the_shared_request(void **state)
{
    (void)state;
    rpl_requests r = {0};
    add(&r, NULL, 1, BOOT);
    assert_null(rpl_requests_find(&r, challenge_of(0)));
    rpl_requests_free(&r);
}

static void its_fields_are_those_of_the_transcript(void **state)
{
    (void)state;
    rpl_requests r = {0};
    uint8_t key[32], pubk[32];
    const rpl_request *request = add(&r, NULL, 0x42, BOOT);
    memset(key, 0x42, sizeof(key));
    assert_int_equal(crypto_scalarmult_base(pubk, key), 0);
    assert_memory_equal(request->fields.pubk, pubk, 32);
    assert_memory_equal(request->fields.config_digest, config, 32);
    assert_true(sodium_is_zero(request->fields.challenge, 32));
    assert_false(request->quoted);
    rpl_requests_free(&r);
}

static void sixteen_fit_and_the_next_is_refused_not_swapped(void **state)
{
    (void)state;
    rpl_requests r = {0};
    rpl_request *refused = NULL;
    rpl_secret *key = key_of(99);
    for (uint8_t i = 0; i < RPL_REQUESTS_MAX; i++)
        add(&r, challenge_of((uint8_t)(i + 1)), (uint8_t)(i + 1), BOOT);
    assert_code(rpl_requests_add(&r, challenge_of(200), config, key, BOOT, &refused),
                RPL_UNAVAILABLE);
    assert_null(refused);
    assert_int_equal(rpl_secret_expose(key).data[0], 99);
    for (uint8_t i = 0; i < RPL_REQUESTS_MAX; i++)
        assert_non_null(rpl_requests_find(&r, challenge_of((uint8_t)(i + 1))));
    add(&r, NULL, 100, BOOT);
    assert_int_equal(rpl_requests_count(&r), RPL_REQUESTS_MAX + 1);
    assert_code(rpl_requests_add(&r, NULL, config, key, BOOT, &refused), RPL_UNAVAILABLE);
    rpl_secret_free(key);
    rpl_requests_free(&r);
}

static void it_expires_after_ten_minutes_and_makes_room(void **state)
{
    (void)state;
    rpl_requests r = {0};
    add(&r, NULL, 1, BOOT);
    add(&r, challenge_of(7), 2, BOOT + 1);
    assert_int_equal(rpl_requests_expire(&r, BOOT + LIFE_MS - 1), 2);
    assert_int_equal(rpl_requests_expire(&r, BOOT + LIFE_MS), 1);
    assert_null(rpl_requests_find(&r, NULL));
    assert_non_null(rpl_requests_find(&r, challenge_of(7)));
    assert_int_equal(rpl_requests_expire(&r, BOOT + LIFE_MS + 1), 0);
    add(&r, NULL, 3, BOOT + LIFE_MS);
    assert_int_equal(rpl_requests_count(&r), 1);
    rpl_requests_free(&r);
}

/* Freed secrets are wiped by base/secret; here: nothing of the request is left where it stood. */
static void nothing_is_left_of_a_removed_one(void **state)
{
    (void)state;
    static const rpl_request empty;
    rpl_requests r = {0};
    rpl_request *request = add(&r, challenge_of(7), 1, BOOT);
    request->quote = exact_copy("quote", 5);
    request->quote_raw = exact_copy("raw", 3);
    request->event_log = strdup("[]");
    rpl_requests_remove(request);
    assert_memory_equal(request, &empty, sizeof(empty));
    assert_int_equal(rpl_requests_count(&r), 0);
    rpl_requests_free(&r);
}

static void the_public_key_finds_it_while_it_lives(void **state)
{
    (void)state;
    rpl_requests r = {0};
    uint8_t pubk[32];
    static const uint8_t zeros[32];
    rpl_request *request = add(&r, challenge_of(7), 1, BOOT);
    add(&r, NULL, 2, BOOT);
    memcpy(pubk, request->fields.pubk, sizeof(pubk));
    assert_ptr_equal(rpl_requests_by_pubk(&r, pubk), request);
    assert_null(rpl_requests_by_pubk(&r, zeros));
    rpl_requests_remove(request);
    assert_null(rpl_requests_by_pubk(&r, pubk));
    rpl_requests_free(&r);
}

/* A message for the request's key. */
static uint8_t *seal_to(const rpl_request *request, size_t *len)
{
    uint8_t *sealed = NULL;
    static const uint8_t digest[32] = {'d'};
    assert_ok(rpl_sealed_box_seal(request->fields.pubk, rpl_bytes_of_text("the state"), digest,
                                  &sealed, len));
    return sealed;
}

static void a_message_opens_with_the_request_it_was_made_for(void **state)
{
    (void)state;
    rpl_requests r = {0};
    rpl_request *made[4] = {add(&r, NULL, 1, BOOT), add(&r, challenge_of(7), 2, BOOT),
                            add(&r, challenge_of(8), 3, BOOT), add(&r, challenge_of(9), 4, BOOT)};
    for (size_t i = 0; i < 4; i++) {
        rpl_request *found = NULL;
        rpl_sealed_header header;
        size_t len;
        uint8_t *sealed = seal_to(made[i], &len);
        assert_ok(rpl_requests_open(&r, rpl_bytes_of(sealed, len), &found, &header));
        assert_ptr_equal(found, made[i]);
        assert_int_equal(header.length, strlen("the state"));
        rpl_sealed_header_wipe(&header);
        free(sealed);
    }
    rpl_requests_free(&r);
}

static void a_message_for_none_of_them_opens_with_none(void **state)
{
    (void)state;
    rpl_requests r = {0}, other = {0};
    rpl_request *found = NULL;
    rpl_sealed_header header;
    size_t len;
    uint8_t *sealed = seal_to(add(&other, NULL, 1, BOOT), &len);
    const rpl_bytes message = rpl_bytes_of(sealed, len);
    assert_code(rpl_requests_open(&r, message, &found, &header), RPL_NOT_READY);
    rpl_request *ended = add(&r, NULL, 1, BOOT);
    assert_ok(rpl_requests_open(&r, message, &found, &header));
    rpl_sealed_header_wipe(&header);
    found = NULL;
    rpl_requests_remove(ended);
    assert_code(rpl_requests_open(&r, message, &found, &header), RPL_NOT_READY);
    add(&r, NULL, 2, BOOT);
    assert_code(rpl_requests_open(&r, message, &found, &header), RPL_NOT_READY);
    assert_null(found);
    free(sealed);
    rpl_requests_free(&r);
    rpl_requests_free(&other);
}

static void garbage_opens_nothing_and_ends_nothing(void **state)
{
    (void)state;
    rpl_requests r = {0};
    rpl_request *request = add(&r, NULL, 1, BOOT), *found = NULL;
    rpl_sealed_header header;
    size_t len;
    uint8_t *sealed = seal_to(request, &len);
    for (size_t cut = 0; cut < len; cut++) {
        uint8_t *copy = exact_copy(sealed, cut);
        const rpl_status s = rpl_requests_open(&r, rpl_bytes_of(copy, cut), &found, &header);
        if (s.code == RPL_OK) /* the header is whole; the body is judged when it is opened */
            rpl_sealed_header_wipe(&header);
        else
            assert_true(s.code == RPL_MALFORMED || s.code == RPL_NOT_READY);
        free(copy);
    }
    sealed[0] ^= 1;
    assert_code(rpl_requests_open(&r, rpl_bytes_of(sealed, len), &found, &header), RPL_MALFORMED);
    sealed[0] ^= 1;
    sealed[40] ^= 1;
    assert_code(rpl_requests_open(&r, rpl_bytes_of(sealed, len), &found, &header), RPL_NOT_READY);
    assert_int_equal(rpl_requests_count(&r), 1);
    assert_non_null(rpl_requests_find(&r, NULL)->private_key);
    free(sealed);
    rpl_requests_free(&r);
}

static void digest_of(size_t n, uint8_t out[static 32])
{
    memset(out, 0xee, 32);
    memcpy(out, &n, sizeof(n));
}

static void accepted_messages_are_remembered(void **state)
{
    (void)state;
    rpl_requests r = {0};
    uint8_t digest[32];
    static const uint8_t zeros[32];
    digest_of(1, digest);
    assert_false(rpl_requests_remembers(&r, digest));
    assert_false(rpl_requests_remembers(&r, zeros));
    rpl_requests_remember(&r, digest);
    assert_true(rpl_requests_remembers(&r, digest));
    assert_false(rpl_requests_remembers(&r, zeros));
    digest[31] ^= 1;
    assert_false(rpl_requests_remembers(&r, digest));
    rpl_requests_free(&r);
}

static void the_last_sixty_four_are_remembered_and_older_ones_forgotten(void **state)
{
    (void)state;
    rpl_requests r = {0};
    uint8_t digest[32];
    const size_t count = 3 * RPL_ACCEPTED_MAX + 5;
    for (size_t i = 0; i < count; i++) {
        digest_of(i, digest);
        rpl_requests_remember(&r, digest);
    }
    for (size_t i = 0; i < count; i++) {
        digest_of(i, digest);
        assert_int_equal(rpl_requests_remembers(&r, digest), i >= count - RPL_ACCEPTED_MAX);
    }
    rpl_requests_free(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calls_without_a_challenge_share_one),
        cmocka_unit_test(challenged_ones_stand_beside_it),
        cmocka_unit_test(a_challenge_of_zeros_is_not_the_shared_request),
        cmocka_unit_test(its_fields_are_those_of_the_transcript),
        cmocka_unit_test(sixteen_fit_and_the_next_is_refused_not_swapped),
        cmocka_unit_test(it_expires_after_ten_minutes_and_makes_room),
        cmocka_unit_test(nothing_is_left_of_a_removed_one),
        cmocka_unit_test(the_public_key_finds_it_while_it_lives),
        cmocka_unit_test(a_message_opens_with_the_request_it_was_made_for),
        cmocka_unit_test(a_message_for_none_of_them_opens_with_none),
        cmocka_unit_test(garbage_opens_nothing_and_ends_nothing),
        cmocka_unit_test(accepted_messages_are_remembered),
        cmocka_unit_test(the_last_sixty_four_are_remembered_and_older_ones_forgotten),
    };
    return sodium_init() < 0 || cmocka_run_group_tests(tests, NULL, NULL);
}
