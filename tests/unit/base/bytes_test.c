/* reader and writer */
#include "base/reader.h"
#include "base/writer.h"
#include "tests/support/check.h"

static void numbers_are_little_endian_both_ways(void **state)
{
    (void)state;
    uint8_t buf[15];
    rpl_writer w = rpl_writer_over(buf, sizeof(buf));
    rpl_write_u8(&w, 0xfe);
    rpl_write_u16le(&w, 0x0102);
    rpl_write_u32le(&w, 0xf1020304);
    rpl_write_u64le(&w, 0xf102030405060708);
    assert_true(rpl_writer_done(&w));
    assert_memory_equal(buf, "\xfe\x02\x01\x04\x03\x02\xf1\x08\x07\x06\x05\x04\x03\x02\xf1", 15);
    rpl_reader r = rpl_reader_over(rpl_writer_bytes(&w));
    uint8_t a = 0;
    uint16_t b = 0;
    uint32_t c = 0;
    uint64_t d = 0;
    assert_true(rpl_read_u8(&r, &a) && a == 0xfe);
    assert_true(rpl_read_u16le(&r, &b) && b == 0x0102);
    assert_true(rpl_read_u32le(&r, &c) && c == 0xf1020304);
    assert_true(rpl_read_u64le(&r, &d) && d == 0xf102030405060708);
    assert_true(rpl_read_done(&r));
}

static void a_read_past_the_end_moves_nothing(void **state)
{
    (void)state;
    uint8_t *exact = exact_copy("1234567", 7);
    rpl_reader r = rpl_reader_over(rpl_bytes_of(exact, 7)), block;
    uint64_t number;
    rpl_bytes bytes;
    assert_false(rpl_read_u64le(&r, &number));
    assert_false(rpl_read_bytes(&r, 8, &bytes));
    assert_false(rpl_read_bytes(&r, SIZE_MAX, &bytes));
    assert_false(rpl_read_block(&r, 8, &block));
    assert_int_equal(r.at, 0);
    assert_true(rpl_read_bytes(&r, 7, &bytes));
    assert_true(rpl_read_done(&r));
    free(exact);
}

static void a_block_counts_offsets_in_the_whole_input(void **state)
{
    (void)state;
    rpl_reader r = rpl_reader_over(rpl_bytes_of_text("abcdef")), block;
    uint8_t first = 0, inside = 0;
    assert_true(rpl_read_u8(&r, &first) && rpl_read_block(&r, 2, &block));
    assert_true(rpl_read_u8(&block, &inside) && inside == 'b');
    assert_int_equal(rpl_malformed(&block, "x").at, 2);
    assert_int_equal(r.at, 3);
    assert_false(rpl_read_done(&block));
}

static void zeros_to_the_end_are_zeros(void **state)
{
    (void)state;
    const rpl_reader zeros = rpl_reader_over(rpl_bytes_of("\0\0", 2));
    const rpl_reader other = rpl_reader_over(rpl_bytes_of("\0\0\1", 3));
    assert_true(rpl_read_zeros_to_end(&zeros));
    assert_false(rpl_read_zeros_to_end(&other));
}

static void a_write_past_the_ceiling_latches(void **state)
{
    (void)state;
    uint8_t *buf = exact_copy("....", 4);
    rpl_writer w = rpl_writer_over(buf, 4);
    rpl_write_text(&w, "abc");
    rpl_write_text(&w, "de");
    rpl_write_text(&w, "f");
    rpl_write_bytes(&w, (rpl_bytes){0});
    assert_false(rpl_writer_done(&w));
    assert_memory_equal(buf, "abc.", 4);
    free(buf);
}

static void a_length_prefix_is_four_bytes(void **state)
{
    (void)state;
    uint8_t buf[16];
    rpl_writer w = rpl_writer_over(buf, sizeof(buf));
    rpl_write_lp_text(&w, "ab");
    rpl_write_lp(&w, (rpl_bytes){0});
    assert_true(rpl_writer_done(&w));
    assert_int_equal(w.len, 10);
    assert_memory_equal(buf, "\2\0\0\0ab\0\0\0\0", 10);
}

static void a_length_over_the_prefix_is_refused(void **state)
{
    (void)state;
    uint8_t buf[16];
    rpl_writer w = rpl_writer_over(buf, sizeof(buf));
    rpl_write_lp(&w, (rpl_bytes){buf, (size_t)UINT32_MAX + 1});
    assert_false(rpl_writer_done(&w));
    assert_int_equal(w.len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_little_endian_both_ways),
        cmocka_unit_test(a_read_past_the_end_moves_nothing),
        cmocka_unit_test(a_block_counts_offsets_in_the_whole_input),
        cmocka_unit_test(zeros_to_the_end_are_zeros),
        cmocka_unit_test(a_write_past_the_ceiling_latches),
        cmocka_unit_test(a_length_prefix_is_four_bytes),
        cmocka_unit_test(a_length_over_the_prefix_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
