/* measurement.tdx.cbor of the captured 0.6.0 image: read, and with every way to break it. */
#include "attestation/reference/published.h"

#include "tests/support/check.h"
#include "tests/support/file.h"

static uint8_t *file;
static size_t len;

static int read_real(void **state)
{
    (void)state;
    file = read_vector("dstack/v06-tdx-lite-getquote/measurement.tdx.cbor", &len);
    return 0;
}

static int free_real(void **state)
{
    (void)state;
    free(file);
    return 0;
}

static rpl_status parse(const uint8_t *data, size_t data_len, rpl_published *out)
{
    uint8_t *copy = exact_copy(data, data_len);
    const rpl_status s = rpl_published_parse(rpl_bytes_of(copy, data_len), out);
    free(copy);
    return s;
}

static void the_real_one_is_read(void **state)
{
    (void)state;
    rpl_published p;
    assert_ok(parse(file, len, &p));
    assert_memory_equal(p.mrtd[RPL_PAGES_TWO_PASS], "\xfd\x68\x55\x22", 4);
    assert_memory_equal(p.mrtd[RPL_PAGES_SINGLE_PASS], "\xa6\xf2\xac\x94", 4);
    assert_memory_equal(p.kernel, "\xac\x7e\x63\x2d", 4);
    assert_memory_equal(p.command_line, "\x78\x62\x80\x84", 4);
    assert_memory_equal(p.initrd, "\x4f\xe4\xf7\x71", 4);
    assert_int_equal(p.layout.hob_address, 0x809000);
    assert_int_equal(p.layout.count, 4);
    assert_int_equal(p.layout.ranges[3].start, 0x810000);
    assert_int_equal(p.layout.ranges[3].size, 0x10000);
}

static void every_prefix_and_every_addition_is_refused(void **state)
{
    (void)state;
    rpl_published p;
    uint8_t *longer = malloc(len + 1);
    for (size_t n = 0; n < len; n++)
        assert_code(parse(file, n, &p), RPL_MALFORMED);
    memcpy(longer, file, len);
    longer[len] = 0;
    assert_code(parse(longer, len + 1, &p), RPL_MALFORMED);
    free(longer);
}

static bool same(const rpl_published *a, const rpl_published *b)
{
    return memcmp(a, b, sizeof(*a)) == 0;
}

static void a_changed_bit_is_refused_or_read(void **state)
{
    (void)state;
    static rpl_published want, got;
    memset(&want, 0, sizeof(want));
    assert_ok(parse(file, len, &want));
    for (size_t bit = 0; bit < 8 * len; bit++) {
        file[bit / 8] ^= (uint8_t)(1 << bit % 8);
        if (parse(file, len, &got).code == RPL_OK && same(&want, &got))
            fail_msg("bit %zu of byte %zu", bit % 8, bit / 8);
        file[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}

static void numbers_of_the_layout_are_bounded(void **state)
{
    (void)state;
    const struct {
        const char *list;
        size_t list_len;
        rpl_code code;
    } cases[] = {
        {"\x00\x00\x00", 3, RPL_OK},
        {"\x00\x00\x01\x00\x01", 5, RPL_OK},
        {"\x00\x00\x01\x00\x00", 5, RPL_MALFORMED},             /* empty */
        {"\x80\x00\x00\x00", 4, RPL_MALFORMED},                 /* not the shortest form */
        {"\x00\x00\x41", 3, RPL_TOO_LARGE},                     /* 65 ranges */
        {"\x00\x00\x01\x00", 4, RPL_MALFORMED},                 /* cut off */
        {"\x00\x00\x00\x00", 4, RPL_MALFORMED},                 /* more than its ranges */
        {"\xff\xff\xff\xff\xff\x0f\x00\x00", 8, RPL_MALFORMED}, /* over 64 TiB */
        {"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x00\x00", 12, RPL_MALFORMED},
    };
    const size_t at = len - 13; /* the head of the list of 12 bytes */
    rpl_published p;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        uint8_t *copy = exact_copy(file, len);
        copy[at] = (uint8_t)(0x40 + cases[i].list_len);
        memcpy(copy + at + 1, cases[i].list, cases[i].list_len);
        if (parse(copy, at + 1 + cases[i].list_len, &p).code != cases[i].code)
            fail_msg("case %zu", i);
        free(copy);
    }
}

static void too_long_is_too_large(void **state)
{
    (void)state;
    static uint8_t many[RPL_PUBLISHED_MAX + 1];
    rpl_published p;
    assert_code(parse(many, sizeof(many), &p), RPL_TOO_LARGE);
    assert_code(parse(many, sizeof(many) - 1, &p), RPL_MALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_real_one_is_read),
        cmocka_unit_test(every_prefix_and_every_addition_is_refused),
        cmocka_unit_test(a_changed_bit_is_refused_or_read),
        cmocka_unit_test(numbers_of_the_layout_are_bounded),
        cmocka_unit_test(too_long_is_too_large),
    };
    return cmocka_run_group_tests(tests, read_real, free_real);
}
