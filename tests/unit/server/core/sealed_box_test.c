#include "server/core/sealed_box.h"

#include <sodium.h>

#include "tests/support/check.h"
#include "tests/support/file.h"

enum { FRAME_LEN = 1 + 48 + 72 + 24, CHUNK_EXTRA = 17 };

typedef struct {
    uint8_t pubk[32];
    rpl_secret *private_key;
} key_pair;

static uint8_t digest[32];

static key_pair new_key(void)
{
    key_pair key = {.private_key = rpl_secret_new(32)};
    assert_non_null(key.private_key);
    assert_int_equal(crypto_box_keypair(key.pubk, rpl_secret_fill(key.private_key)), 0);
    return key;
}

static rpl_bytes sealed_to(const key_pair *key, size_t len, uint8_t **plaintext)
{
    uint8_t *sealed = NULL;
    size_t sealed_len = 0;
    *plaintext = malloc(len);
    assert_non_null(*plaintext);
    randombytes_buf(*plaintext, len);
    assert_ok(rpl_sealed_box_seal(key->pubk, rpl_bytes_of(*plaintext, len), digest, &sealed,
                                  &sealed_len));
    return rpl_bytes_of(sealed, sealed_len);
}

static rpl_status open_all(rpl_bytes sealed, const key_pair *key, rpl_secret **out)
{
    rpl_sealed_header header;
    RPL_TRY(rpl_sealed_box_open_header(sealed, key->pubk, key->private_key, &header));
    return rpl_sealed_box_open(sealed, &header, RPL_SECRET_MAX, out);
}

static void free_sealed(rpl_bytes sealed, uint8_t *plaintext)
{
    free((void *)(uintptr_t)sealed.data);
    free(plaintext);
}

static void comes_back(const key_pair *key, size_t len)
{
    uint8_t *plaintext;
    rpl_secret *opened = NULL;
    const rpl_bytes sealed = sealed_to(key, len, &plaintext);
    assert_int_equal(sealed.len, rpl_sealed_len(len));
    assert_ok(open_all(sealed, key, &opened));
    assert_int_equal(rpl_secret_len(opened), len);
    assert_memory_equal(rpl_secret_expose(opened).data, plaintext, len);
    rpl_secret_free(opened);
    free_sealed(sealed, plaintext);
}

static void what_is_sealed_comes_back(void **state)
{
    (void)state;
    static const size_t lengths[] = {1,
                                     2,
                                     1000,
                                     RPL_SEALED_CHUNK - 1,
                                     RPL_SEALED_CHUNK,
                                     RPL_SEALED_CHUNK + 1,
                                     2 * RPL_SEALED_CHUNK,
                                     3 * RPL_SEALED_CHUNK + 5,
                                     (8 << 20) + 1};
    key_pair key = new_key();
    for (size_t i = 0; i < sizeof(lengths) / sizeof(*lengths); i++)
        comes_back(&key, lengths[i]);
    rpl_secret_free(key.private_key);
}

static void lengths_are_those_of_the_format(void **state)
{
    (void)state;
    assert_int_equal(rpl_sealed_len(1), FRAME_LEN + 1 + CHUNK_EXTRA);
    assert_int_equal(rpl_sealed_len(65536), FRAME_LEN + 65536 + CHUNK_EXTRA);
    assert_int_equal(rpl_sealed_len(65537), FRAME_LEN + 65537 + 2 * CHUNK_EXTRA);
    assert_int_equal(rpl_sealed_len(8 << 20), FRAME_LEN + (8 << 20) + 128 * CHUNK_EXTRA);
}

/* The frame, read with libsodium alone. */
static void header_is_a_sealed_box_of_key_digest_and_length(void **state)
{
    (void)state;
    key_pair key = new_key();
    uint8_t *plaintext, inside[72], tag, out[100];
    const rpl_bytes sealed = sealed_to(&key, 100, &plaintext);
    const uint8_t *stream_header = sealed.data + 1 + 48 + 72;
    crypto_secretstream_xchacha20poly1305_state stream;
    assert_int_equal(sealed.data[0], 1);
    assert_int_equal(crypto_box_seal_open(inside, sealed.data + 1, 48 + 72, key.pubk,
                                          rpl_secret_expose(key.private_key).data),
                     0);
    assert_memory_equal(inside + 32, digest, 32);
    static const uint8_t length[8] = {100};
    assert_memory_equal(inside + 64, length, 8);
    assert_int_equal(
        crypto_secretstream_xchacha20poly1305_init_pull(&stream, stream_header, inside), 0);
    assert_int_equal(crypto_secretstream_xchacha20poly1305_pull(
                         &stream, out, NULL, &tag, sealed.data + FRAME_LEN, 117, NULL, 0),
                     0);
    assert_int_equal(tag, crypto_secretstream_xchacha20poly1305_TAG_FINAL);
    assert_memory_equal(out, plaintext, 100);
    free_sealed(sealed, plaintext);
    rpl_secret_free(key.private_key);
}

static void refused(rpl_bytes sealed, const key_pair *key)
{
    rpl_secret *opened = NULL;
    uint8_t *copy = exact_copy(sealed.data, sealed.len);
    const rpl_status status = open_all(rpl_bytes_of(copy, sealed.len), key, &opened);
    assert_true(status.code == RPL_MALFORMED || status.code == RPL_UNTRUSTED ||
                status.code == RPL_TOO_LARGE);
    assert_null(opened);
    free(copy);
}

static void every_prefix_is_refused(void **state)
{
    (void)state;
    key_pair key = new_key();
    uint8_t *plaintext;
    const rpl_bytes sealed = sealed_to(&key, RPL_SEALED_CHUNK + 10, &plaintext);
    for (size_t len = sealed.len; len-- > 0;) {
        if (len < 300 || len > sealed.len - 200 || len % 4099 == 0)
            refused(rpl_bytes_of(sealed.data, len), &key);
    }
    free_sealed(sealed, plaintext);
    rpl_secret_free(key.private_key);
}

static void every_bit_flip_is_refused(void **state)
{
    (void)state;
    key_pair key = new_key();
    uint8_t *plaintext;
    const rpl_bytes sealed = sealed_to(&key, 40, &plaintext);
    uint8_t *changed = exact_copy(sealed.data, sealed.len);
    for (size_t bit = 0; bit < 8 * sealed.len; bit++) {
        changed[bit / 8] ^= (uint8_t)(1 << bit % 8);
        refused(rpl_bytes_of(changed, sealed.len), &key);
        changed[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    free(changed);
    free_sealed(sealed, plaintext);
    rpl_secret_free(key.private_key);
}

static void chunks_cannot_be_exchanged_dropped_or_added(void **state)
{
    (void)state;
    enum { CHUNK = RPL_SEALED_CHUNK + CHUNK_EXTRA };
    key_pair key = new_key();
    uint8_t *plaintext;
    const rpl_bytes sealed = sealed_to(&key, 3 * RPL_SEALED_CHUNK, &plaintext);
    uint8_t *changed = malloc(sealed.len + CHUNK);
    assert_non_null(changed);
    memcpy(changed, sealed.data, sealed.len);
    memcpy(changed + FRAME_LEN, sealed.data + FRAME_LEN + CHUNK, CHUNK);
    memcpy(changed + FRAME_LEN + CHUNK, sealed.data + FRAME_LEN, CHUNK);
    refused(rpl_bytes_of(changed, sealed.len), &key);
    memcpy(changed, sealed.data, sealed.len);
    refused(rpl_bytes_of(changed, sealed.len - CHUNK), &key);
    memcpy(changed + sealed.len, sealed.data + sealed.len - CHUNK, CHUNK);
    refused(rpl_bytes_of(changed, sealed.len + CHUNK), &key);
    refused(rpl_bytes_of(changed, sealed.len + 1), &key);
    free(changed);
    free_sealed(sealed, plaintext);
    rpl_secret_free(key.private_key);
}

/* A stream that ends early, or is not tagged as ended, under a header that an attacker made. */
static void a_header_of_another_length_allocates_nothing(void **state)
{
    (void)state;
    key_pair key = new_key();
    uint8_t *plaintext;
    const rpl_bytes sealed = sealed_to(&key, 100, &plaintext);
    rpl_sealed_header header;
    rpl_secret *opened = NULL;
    assert_ok(rpl_sealed_box_open_header(sealed, key.pubk, key.private_key, &header));
    static const uint64_t wrong[] = {
        0, 99, 101, 65537, RPL_SECRET_MAX, UINT64_MAX, UINT64_MAX - 17};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        header.length = wrong[i];
        assert_true(rpl_sealed_box_open(sealed, &header, SIZE_MAX, &opened).code != RPL_OK);
        assert_null(opened);
    }
    header.length = 100;
    assert_code(rpl_sealed_box_open(sealed, &header, 99, &opened), RPL_TOO_LARGE);
    header.stream_key[0] ^= 1;
    assert_code(rpl_sealed_box_open(sealed, &header, 100, &opened), RPL_UNTRUSTED);
    rpl_sealed_header_wipe(&header);
    assert_true(sodium_is_zero((const uint8_t *)&header, sizeof(header)));
    free_sealed(sealed, plaintext);
    rpl_secret_free(key.private_key);
}

static void only_the_key_it_was_sealed_to_opens_it(void **state)
{
    (void)state;
    key_pair key = new_key(), other = new_key();
    uint8_t *plaintext;
    rpl_sealed_header header = {.length = 7};
    const rpl_bytes sealed = sealed_to(&key, 100, &plaintext);
    assert_code(rpl_sealed_box_open_header(sealed, other.pubk, other.private_key, &header),
                RPL_UNTRUSTED);
    assert_code(rpl_sealed_box_open_header(sealed, key.pubk, other.private_key, &header),
                RPL_UNTRUSTED);
    assert_code(rpl_sealed_box_open_header(sealed, other.pubk, key.private_key, &header),
                RPL_UNTRUSTED);
    assert_int_equal(header.length, 7);
    free_sealed(sealed, plaintext);
    rpl_secret_free(key.private_key);
    rpl_secret_free(other.private_key);
}

/* A message sealed once and kept: the format stays. */
static void a_kept_message_still_opens(void **state)
{
    (void)state;
    static const char text[] = "what was sealed";
    uint8_t seven[32], nine[32];
    size_t len;
    rpl_secret *opened = NULL;
    rpl_sealed_header header;
    memset(seven, 7, sizeof(seven));
    memset(nine, 9, sizeof(nine));
    key_pair key = {.private_key = rpl_secret_copy(rpl_bytes_of(seven, sizeof(seven)))};
    assert_int_equal(crypto_scalarmult_base(key.pubk, seven), 0);
    uint8_t *sealed = read_file(RPL_SOURCE_DIR "/tests/fuzz/corpus/sealed_message/whole", &len);
    const rpl_bytes message = rpl_bytes_of(sealed, len);
    assert_ok(rpl_sealed_box_open_header(message, key.pubk, key.private_key, &header));
    assert_memory_equal(header.state_digest, nine, sizeof(nine));
    assert_ok(rpl_sealed_box_open(message, &header, 100, &opened));
    assert_int_equal(rpl_secret_len(opened), strlen(text));
    assert_memory_equal(rpl_secret_expose(opened).data, text, strlen(text));
    rpl_secret_free(opened);
    rpl_secret_free(key.private_key);
    free(sealed);
}

static void nothing_and_a_low_order_key_are_refused(void **state)
{
    (void)state;
    const uint8_t zero[32] = {0}, byte = 1;
    uint8_t *sealed = NULL;
    size_t len = 0;
    assert_code(rpl_sealed_box_seal(zero, rpl_bytes_of(&byte, 1), digest, &sealed, &len),
                RPL_MALFORMED);
    assert_code(rpl_sealed_box_seal(digest, rpl_bytes_of(&byte, 0), digest, &sealed, &len),
                RPL_TOO_LARGE);
    assert_null(sealed);
}

static void sealing_twice_shares_no_bytes(void **state)
{
    (void)state;
    key_pair key = new_key();
    uint8_t *first, *second;
    const rpl_bytes a = sealed_to(&key, 40, &first), b = sealed_to(&key, 40, &second);
    assert_memory_not_equal(a.data + 1, b.data + 1, 32);
    assert_memory_not_equal(a.data + FRAME_LEN - 24, b.data + FRAME_LEN - 24, 24);
    free_sealed(a, first);
    free_sealed(b, second);
    rpl_secret_free(key.private_key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_sealed_comes_back),
        cmocka_unit_test(lengths_are_those_of_the_format),
        cmocka_unit_test(header_is_a_sealed_box_of_key_digest_and_length),
        cmocka_unit_test(every_prefix_is_refused),
        cmocka_unit_test(every_bit_flip_is_refused),
        cmocka_unit_test(chunks_cannot_be_exchanged_dropped_or_added),
        cmocka_unit_test(a_header_of_another_length_allocates_nothing),
        cmocka_unit_test(only_the_key_it_was_sealed_to_opens_it),
        cmocka_unit_test(a_kept_message_still_opens),
        cmocka_unit_test(nothing_and_a_low_order_key_are_refused),
        cmocka_unit_test(sealing_twice_shares_no_bytes),
    };
    if (sodium_init() < 0)
        return 1;
    randombytes_buf(digest, sizeof(digest));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
