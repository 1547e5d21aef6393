#include "attestation/tdx/der.h"
#include "tests/support/check.h"

typedef struct {
    const char *bytes;
    size_t len;
    int64_t want; /* -1: refused */
} sample;

#define S(text, want)                                                                              \
    {                                                                                              \
        (text), sizeof(text) - 1, (want)                                                           \
    }

static void lengths_are_the_shortest_or_refused(void **state)
{
    (void)state;
    static uint8_t room[70000];
    static const struct {
        uint8_t head[6];
        size_t head_len, content;
        bool good;
    } samples[] = {
        {{0x04, 0x00}, 2, 0, true},
        {{0x04, 0x7f}, 2, 127, true},
        {{0x04, 0x81, 0x80}, 3, 128, true},
        {{0x04, 0x82, 0x01, 0x00}, 4, 256, true},
        {{0x04, 0x83, 0x01, 0x00, 0x00}, 5, 65536, true},
        {{0x04, 0x81, 0x7f}, 3, 127, false},
        {{0x04, 0x82, 0x00, 0x80}, 4, 128, false},
        {{0x04, 0x83, 0x00, 0xff, 0xff}, 5, 65535, false},
        {{0x04, 0x84, 0x00, 0x00, 0x00, 0x80}, 6, 128, false},
        {{0x04, 0x80}, 2, 0, false},
        {{0x04, 0x80}, 2, 128, false},
        {{0x04, 0xff}, 2, 127, false},
        {{0x1f, 0x00}, 2, 0, false}, /* a tag of several bytes */
    };
    for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
        uint8_t tag;
        rpl_bytes whole, content;
        memcpy(room, samples[i].head, samples[i].head_len);
        const size_t len = samples[i].head_len + samples[i].content;
        rpl_reader r = rpl_reader_over(rpl_bytes_of(room, len));
        assert_int_equal(rpl_der_any(&r, &tag, &whole, &content), samples[i].good);
        assert_int_equal(r.at, samples[i].good ? len : 0);
        if (samples[i].good)
            assert_true(whole.len == len && content.len == samples[i].content);
        rpl_reader shorter = rpl_reader_over(rpl_bytes_of(room, len - 1));
        assert_false(rpl_der_any(&shorter, &tag, &whole, &content));
    }
}

static void integers_are_the_shortest_and_in_range(void **state)
{
    (void)state;
    static const sample samples[] = {
        S("\x02\x01\x00", 0),
        S("\x02\x01\x7f", 127),
        S("\x02\x02\x00\x80", 128),
        S("\x02\x02\x00\xff", 255),
        S("\x02\x03\x00\xff\xff", 65535),
        S("\x02\x00", -1),
        S("\x02\x01\x80", -1),
        S("\x02\x01\xff", -1),
        S("\x02\x02\x00\x7f", -1),
        S("\x02\x02\x00\x00", -1),
        S("\x02\x03\x01\x00\x00", -1),
        S("\x02\x09\x01\0\0\0\0\0\0\0\0", -1),
        S("\x0a\x01\x01", -1),
    };
    for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
        rpl_reader r = rpl_reader_over(rpl_bytes_of(samples[i].bytes, samples[i].len));
        uint32_t value = 77;
        const bool good = rpl_der_uint(&r, RPL_DER_INTEGER, 65535, &value);
        assert_int_equal(good, samples[i].want >= 0);
        assert_int_equal(value, good ? samples[i].want : 77);
    }
}

static void positive_integers_come_without_their_sign(void **state)
{
    (void)state;
    static const sample samples[] = {S("\x02\x01\x05", 5), S("\x02\x02\x00\x95", 0x95),
                                     S("\x02\x01\x00", -1), S("\x02\x01\x95", -1)};
    for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
        rpl_reader r = rpl_reader_over(rpl_bytes_of(samples[i].bytes, samples[i].len));
        rpl_bytes magnitude;
        const bool good = rpl_der_positive(&r, &magnitude);
        assert_int_equal(good, samples[i].want >= 0);
        if (good)
            assert_true(magnitude.len == 1 && magnitude.data[0] == samples[i].want);
    }
}

static void booleans_are_all_ones_or_zero(void **state)
{
    (void)state;
    static const sample samples[] = {S("\x01\x01\xff", 1), S("\x01\x01\x00", 0),
                                     S("\x01\x01\x01", -1), S("\x01\x02\xff\xff", -1),
                                     S("\x01\x00", -1)};
    for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
        rpl_reader r = rpl_reader_over(rpl_bytes_of(samples[i].bytes, samples[i].len));
        bool value = false;
        const bool good = rpl_der_bool(&r, &value);
        assert_int_equal(good, samples[i].want >= 0);
        assert_true(!good || value == (samples[i].want == 1));
    }
}

/* Numbers by GNU date. */
static void times_are_those_of_the_profile(void **state)
{
    (void)state;
    static const sample samples[] = {
        S("\x17\x0d"
          "180521104510Z",
          1526899510),
        S("\x17\x0d"
          "491231235959Z",
          2524607999),
        S("\x17\x0d"
          "500101000000Z",
          -631152000),
        S("\x18\x0f"
          "20491231235959Z",
          2524607999),
        S("\x18\x0f"
          "20000229000000Z",
          951782400),
        S("\x17\x0d"
          "180521104510z",
          -1),
        S("\x17\x0c"
          "18052110451Z",
          -1),
        S("\x17\x0d"
          "18052110451 Z",
          -1),
        S("\x18\x0f"
          "19000229000000Z",
          -1),
        S("\x18\x0f"
          "00000101000000Z",
          -1),
        S("\x17\x0f"
          "20491231235959Z",
          -1),
        S("\x17\x0e"
          "180521104510ZZ",
          -1),
    };
    for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
        rpl_reader r = rpl_reader_over(rpl_bytes_of(samples[i].bytes, samples[i].len));
        int64_t value = -1;
        const bool good = rpl_der_time(&r, &value);
        assert_int_equal(good, samples[i].want != -1);
        assert_int_equal(value, samples[i].want);
    }
}

static void bit_strings_are_whole_bytes(void **state)
{
    (void)state;
    static const sample samples[] = {S("\x03\x02\x00\x41", 1), S("\x03\x01\x00", 0),
                                     S("\x03\x02\x01\x40", -1), S("\x03\x00", -1)};
    for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
        rpl_reader r = rpl_reader_over(rpl_bytes_of(samples[i].bytes, samples[i].len));
        rpl_bytes bits = {0};
        const bool good = rpl_der_bits(&r, &bits);
        assert_int_equal(good, samples[i].want >= 0);
        assert_true(!good || (int64_t)bits.len == samples[i].want);
    }
}

static void offsets_count_in_the_whole_input(void **state)
{
    (void)state;
    static const char nested[] = "\x30\x06\x30\x04\x04\x02\x07\x08";
    rpl_reader r = rpl_reader_over(rpl_bytes_of(nested, 8)), outer, inner;
    uint8_t two[2], three[3];
    assert_true(rpl_der_enter(&r, RPL_DER_SEQUENCE, &outer));
    assert_int_equal(outer.at, 2);
    assert_true(rpl_der_enter(&outer, RPL_DER_SEQUENCE, &inner));
    assert_int_equal(inner.at, 4);
    rpl_reader again = inner;
    assert_false(rpl_der_octets(&again, three, 3));
    assert_true(rpl_der_octets(&inner, two, 2) && two[1] == 8);
    assert_true(rpl_read_done(&inner) && rpl_read_done(&outer) && rpl_read_done(&r));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lengths_are_the_shortest_or_refused),
        cmocka_unit_test(integers_are_the_shortest_and_in_range),
        cmocka_unit_test(positive_integers_come_without_their_sign),
        cmocka_unit_test(booleans_are_all_ones_or_zero),
        cmocka_unit_test(times_are_those_of_the_profile),
        cmocka_unit_test(bit_strings_are_whole_bytes),
        cmocka_unit_test(offsets_count_in_the_whole_input),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
