/* The spellings are those of the yellow paper's appendix B and of ethereum/tests' RLPTests. */
#include "attestation/policy/rlp.h"

#include "base/hex.h"
#include "tests/support/check.h"

static size_t unhex(const char *hex, uint8_t out[static 1024])
{
    size_t len;
    assert_ok(rpl_hex_decode(rpl_bytes_of_text(hex), out, 1024, &len));
    return len;
}

/* The code of reading one item from exactly these bytes, and how much of them it took. */
static rpl_code read_one(const uint8_t *bytes, size_t len, size_t *taken)
{
    uint8_t *exact = exact_copy(bytes, len);
    rpl_reader r = rpl_reader_over(rpl_bytes_of(exact, len));
    rpl_rlp_item item;
    const rpl_status s = rpl_rlp_read(&r, &item);
    if (s.code == RPL_OK) {
        assert_int_equal(item.whole.len, r.at);
        assert_true(item.whole.data == exact);
        *taken = r.at;
    }
    free(exact);
    return s.code;
}

static void strings_have_the_known_spellings(void **state)
{
    (void)state;
    static const struct {
        const char *text, *hex;
    } cases[] = {
        {"", "80"},
        {"dog", "83646f67"},
        {"a", "61"},
        {"\x7f", "7f"},
        {"Lorem ipsum dolor sit amet, consectetur adipisicing eli",
         "b74c6f72656d20697073756d20646f6c6f722073697420616d65742c20636f6e7365637465747572206164697"
         "0697369"
         "63696e6720656c69"},
        {"Lorem ipsum dolor sit amet, consectetur adipisicing elit",
         "b8384c6f72656d20697073756d20646f6c6f722073697420616d65742c20636f6e73656374657475722061646"
         "9706973"
         "6963696e6720656c6974"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        uint8_t want[1024], got[1024];
        const size_t len = unhex(cases[i].hex, want);
        rpl_writer w = rpl_writer_over(got, sizeof(got));
        rpl_rlp_write_string(&w, rpl_bytes_of_text(cases[i].text));
        assert_true(rpl_bytes_equal(rpl_writer_bytes(&w), rpl_bytes_of(want, len)));
        rpl_reader r = rpl_reader_over(rpl_bytes_of(want, len));
        rpl_bytes string;
        assert_ok(rpl_rlp_read_string(&r, &string));
        assert_true(rpl_bytes_equal(string, rpl_bytes_of_text(cases[i].text)));
        assert_true(rpl_read_done(&r));
    }
}

/* [ [], [[]], [ [], [[]] ] ] of the yellow paper: c7c0c1c0c3c0c1c0 */
static void lists_are_read_level_by_level(void **state)
{
    (void)state;
    uint8_t bytes[1024];
    rpl_reader outer, inner, innermost;
    const size_t len = unhex("c7c0c1c0c3c0c1c0", bytes);
    assert_ok(rpl_rlp_open_list(rpl_bytes_of(bytes, len), &outer));
    assert_ok(rpl_rlp_read_list(&outer, &inner));
    assert_true(rpl_read_done(&inner));
    assert_ok(rpl_rlp_read_list(&outer, &inner));
    assert_ok(rpl_rlp_read_list(&inner, &innermost));
    assert_true(rpl_read_done(&inner) && rpl_read_done(&innermost));
    assert_ok(rpl_rlp_read_list(&outer, &inner));
    assert_int_equal(inner.at, 5);
    assert_true(rpl_read_done(&outer));
    rpl_writer w = rpl_writer_over(bytes, sizeof(bytes));
    rpl_rlp_write_list(&w, rpl_bytes_of("\xc0\xc1\xc0\xc3\xc0\xc1\xc0", 7));
    assert_true(
        rpl_bytes_equal(rpl_writer_bytes(&w), rpl_bytes_of("\xc7\xc0\xc1\xc0\xc3\xc0\xc1\xc0", 8)));
}

static void numbers_are_minimal_and_fit(void **state)
{
    (void)state;
    static const struct {
        const char *hex;
        rpl_code code;
        uint64_t value;
    } cases[] = {
        {"80", RPL_OK, 0},
        {"0f", RPL_OK, 15},
        {"820400", RPL_OK, 1024},
        {"88ffffffffffffffff", RPL_OK, UINT64_MAX},
        {"00", RPL_MALFORMED, 0},
        {"820001", RPL_MALFORMED, 0},
        {"89010000000000000000", RPL_MALFORMED, 0},
        {"c0", RPL_MALFORMED, 0},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        uint8_t bytes[1024];
        uint64_t value = 0;
        rpl_reader r = rpl_reader_over(rpl_bytes_of(bytes, unhex(cases[i].hex, bytes)));
        assert_code(rpl_rlp_read_uint(&r, &value), cases[i].code);
        assert_true(value == cases[i].value);
    }
}

static void other_spellings_are_refused(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "8100",   /* a byte below 0x80 stands for itself */
        "817f",   /* the same */
        "b800",   /* a long form of a short length */
        "b80100", /* the same */
        "b90038", /* a length with a leading zero */
        "bf0f000000000000021111",
        "bc0000000000", /* five bytes of length, and zeros */
        "f800",
        "f90000",
        "ff0f000000000000021111",
        "c4", /* shorter than it says */
        "83646f",
        "b838",
        "b8",
        "",
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        uint8_t bytes[1024];
        size_t taken;
        if (read_one(bytes, unhex(cases[i], bytes), &taken) != RPL_MALFORMED)
            fail_msg("%s is read", cases[i]);
    }
}

static void every_prefix_is_refused(void **state)
{
    (void)state;
    uint8_t content[700] = {1}, item[1024];
    size_t taken;
    static const size_t lens[] = {2, 55, 56, 255, 256, 700};
    for (size_t i = 0; i < 2 * sizeof(lens) / sizeof(*lens); i++) {
        rpl_writer w = rpl_writer_over(item, sizeof(item));
        (i % 2 ? rpl_rlp_write_list : rpl_rlp_write_string)(&w, rpl_bytes_of(content, lens[i / 2]));
        for (size_t len = 0; len < w.len; len++)
            assert_int_equal(read_one(item, len, &taken), RPL_MALFORMED);
        assert_int_equal(read_one(item, w.len, &taken), RPL_OK);
        assert_int_equal(taken, w.len);
    }
}

/* A longer length runs past the end, a shorter one leaves bytes behind. */
static void every_other_length_is_refused(void **state)
{
    (void)state;
    uint8_t content[300] = {1}, item[1024];
    static const size_t lens[] = {2, 30, 55, 56, 100, 256, 300};
    for (size_t i = 0; i < sizeof(lens) / sizeof(*lens); i++) {
        rpl_writer w = rpl_writer_over(item, sizeof(item));
        rpl_rlp_write_list(&w, rpl_bytes_of(content, lens[i]));
        const size_t length_at = w.len - lens[i] - 1;
        for (int delta = -128; delta < 128; delta++) {
            rpl_reader inside;
            const uint8_t was = item[length_at];
            item[length_at] = (uint8_t)(was + delta);
            if (delta != 0)
                assert_code(rpl_rlp_open_list(rpl_bytes_of(item, w.len), &inside), RPL_MALFORMED);
            item[length_at] = was;
        }
    }
}

static void a_writer_without_room_says_so(void **state)
{
    (void)state;
    uint8_t out[4];
    rpl_writer w = rpl_writer_over(out, sizeof(out));
    rpl_rlp_write_string(&w, rpl_bytes_of_text("dogs"));
    assert_false(rpl_writer_done(&w));
}

static void kinds_are_not_mixed_up(void **state)
{
    (void)state;
    uint8_t out[3];
    rpl_bytes string;
    rpl_reader r = rpl_reader_over(rpl_bytes_of("\xc0", 1)), inside;
    assert_code(rpl_rlp_read_string(&r, &string), RPL_MALFORMED);
    r = rpl_reader_over(rpl_bytes_of("\x80", 1));
    assert_code(rpl_rlp_read_list(&r, &inside), RPL_MALFORMED);
    r = rpl_reader_over(rpl_bytes_of("\x83"
                                     "dog",
                                     4));
    assert_code(rpl_rlp_read_exact(&r, out, 2), RPL_MALFORMED);
    assert_code(rpl_rlp_open_list(rpl_bytes_of("\xc0\x80", 2), &inside), RPL_MALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strings_have_the_known_spellings),
        cmocka_unit_test(lists_are_read_level_by_level),
        cmocka_unit_test(numbers_are_minimal_and_fit),
        cmocka_unit_test(other_spellings_are_refused),
        cmocka_unit_test(every_prefix_is_refused),
        cmocka_unit_test(every_other_length_is_refused),
        cmocka_unit_test(a_writer_without_room_says_so),
        cmocka_unit_test(kinds_are_not_mixed_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
