/* Kernels that are not what they claim, and the header that QEMU fills. */
#include "attestation/reference/linux_setup.h"
#include "attestation/reference/pe_image.h"
#include "base/writer.h"
#include "tests/support/check.h"

enum {
    LEN = 0x2000,
    PE = 0x40,
    OPTIONAL = PE + 24,
    SECURITY = OPTIONAL + 112 + 32,
    TABLE = OPTIONAL + 240,
    CERTIFICATES = 64,
};

static uint8_t image[LEN];
static const uint64_t gib = UINT64_C(1) << 30;

static void put(size_t at, uint32_t value, size_t len)
{
    for (size_t i = 0; i < len; i++)
        image[at + i] = (uint8_t)(value >> 8 * i);
}

static int make_image(void **state)
{
    (void)state;
    for (size_t i = 0; i < LEN; i++)
        image[i] = (uint8_t)(i * 31 + i / 256);
    put(0, 0x5a4d, 2);
    put(0x3c, PE, 4);
    put(PE, 0x4550, 4);
    put(PE + 6, 2, 2);
    put(PE + 20, 240, 2);
    put(OPTIONAL, 0x20b, 2);
    put(OPTIONAL + 60, 0x1000, 4);
    put(OPTIONAL + 108, 16, 4);
    put(SECURITY, LEN - CERTIFICATES, 4);
    put(SECURITY + 4, CERTIFICATES, 4);
    put(TABLE + 16, 0x800, 4);
    put(TABLE + 20, 0x1000, 4);
    put(TABLE + 56, 0x780, 4);
    put(TABLE + 60, 0x1800, 4);
    memcpy(image + 0x202, "HdrS", 4);
    put(0x206, 0x20f, 2);
    put(0x211, 1, 1);
    put(0x22c, 0x7fffffff, 4);
    put(0x236, 0x7f, 2);
    return 0;
}

static rpl_status digest_of(size_t len, uint8_t digest[static 48])
{
    uint8_t *copy = exact_copy(image, len);
    const rpl_status s = rpl_pe_image_digest(rpl_bytes_of(copy, len), digest);
    free(copy);
    return s;
}

static void every_prefix_is_refused(void **state)
{
    (void)state;
    uint8_t digest[48];
    assert_ok(digest_of(LEN, digest));
    for (size_t len = 0; len < LEN; len++) {
        if (len ==
            LEN - 128) /* exactly the hashed part: no tail, so no certificates are looked for */
            continue;
        assert_code(digest_of(len, digest), RPL_MALFORMED);
    }
}

static void wrong_lengths_are_refused(void **state)
{
    (void)state;
    const struct {
        size_t at, len;
        uint32_t value, original;
        rpl_code code;
    } cases[] = {
        {0x3c, 4, LEN, PE, RPL_MALFORMED},
        {0x3c, 4, UINT32_MAX, PE, RPL_MALFORMED},
        {PE + 6, 2, 97, 2, RPL_TOO_LARGE},
        {PE + 20, 2, 111, 240, RPL_MALFORMED},
        {PE + 20, 2, 0xffff, 240, RPL_MALFORMED},
        {OPTIONAL, 2, 0x30b, 0x20b, RPL_MALFORMED},
        {OPTIONAL + 60, 4, LEN + 1, 0x1000, RPL_MALFORMED},
        {OPTIONAL + 60, 4, SECURITY + 7, 0x1000, RPL_MALFORMED},
        {OPTIONAL + 60, 4, 0x1001, 0x1000, RPL_MALFORMED},
        {OPTIONAL + 60, 4, UINT32_MAX, 0x1000, RPL_MALFORMED},
        {SECURITY + 4, 4, CERTIFICATES - 1, CERTIFICATES, RPL_MALFORMED},
        {SECURITY, 4, 0, LEN - CERTIFICATES, RPL_MALFORMED},
        {SECURITY + 4, 4, UINT32_MAX, CERTIFICATES, RPL_MALFORMED},
        {TABLE + 16, 4, LEN - 0x1000 + 1, 0x800, RPL_MALFORMED},
        {TABLE + 16, 4, UINT32_MAX, 0x800, RPL_MALFORMED},
        {TABLE + 20, 4, 0xfff, 0x1000, RPL_MALFORMED},
        {TABLE + 20, 4, UINT32_MAX, 0x1000, RPL_MALFORMED},
    };
    uint8_t digest[48];
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        put(cases[i].at, cases[i].value, cases[i].len);
        if (digest_of(LEN, digest).code != cases[i].code)
            fail_msg("case %zu", i);
        put(cases[i].at, cases[i].original, cases[i].len);
    }
    assert_ok(digest_of(LEN, digest));
}

static void a_changed_bit_is_refused_or_measured(void **state)
{
    (void)state;
    uint8_t want[48], got[48];
    assert_ok(digest_of(LEN, want));
    for (size_t bit = 0; bit < 8 * LEN; bit += bit / 8 < 0x300 ? 1 : 37) {
        const size_t at = bit / 8;
        const bool is_left_out =
            (at >= OPTIONAL + 64 && at < OPTIONAL + 68) || at >= LEN - CERTIFICATES;
        image[at] ^= (uint8_t)(1 << bit % 8);
        const bool is_same = digest_of(LEN, got).code == RPL_OK && memcmp(want, got, 48) == 0;
        image[at] ^= (uint8_t)(1 << bit % 8);
        if (is_same != is_left_out)
            fail_msg("bit %zu of byte %zu", bit % 8, at);
    }
}

static uint32_t initrd_address(uint64_t initrd_len, uint64_t memory)
{
    uint32_t address;
    uint8_t *copy = exact_copy(image, LEN);
    assert_ok(rpl_linux_setup_patch(copy, LEN, initrd_len, memory));
    rpl_reader r = rpl_reader_over(rpl_bytes_of(copy + 0x218, 4));
    assert_true(rpl_read_u32le(&r, &address));
    free(copy);
    return address;
}

static void the_initrd_goes_as_high_as_it_may(void **state)
{
    (void)state;
    assert_int_equal(initrd_address(0x1000, 2 * gib), 0x7ffd6000);
    assert_int_equal(initrd_address(0x1000, 16 * gib), 0x7ffd6000);
    assert_int_equal(initrd_address(0x1000, UINT64_C(0xb0000000)), 0x7ffd6000);
    assert_int_equal(initrd_address(0x1000, UINT64_C(0xaffff000)), 0xaffd5000);
    put(0x236, 0, 2); /* a kernel that says how high */
    assert_int_equal(initrd_address(0x1000, UINT64_C(0xaffff000)), 0x7fffe000);
    put(0x236, 0x7f, 2);
}

static void only_the_fields_of_a_loader_change(void **state)
{
    (void)state;
    uint8_t *copy = exact_copy(image, LEN);
    assert_ok(rpl_linux_setup_patch(copy, LEN, 0x1234, 2 * gib));
    for (size_t i = 0; i < LEN; i++) {
        const bool may = i == 0x210 || i == 0x211 || (i >= 0x218 && i < 0x220) ||
                         (i >= 0x224 && i < 0x226) || (i >= 0x228 && i < 0x22c);
        if (!may)
            assert_int_equal(copy[i], image[i]);
    }
    assert_int_equal(copy[0x210], 0xb0);
    assert_int_equal(copy[0x211], 0x81);
    assert_memory_equal(copy + 0x21c, "\x34\x12\0\0", 4);
    assert_memory_equal(copy + 0x224, "\0\xfe", 2);
    assert_memory_equal(copy + 0x228, "\0\0\2\0", 4);
    free(copy);
}

static void what_cannot_be_booted_is_refused(void **state)
{
    (void)state;
    assert_code(rpl_linux_setup_patch(image, 0xfff, 1, 2 * gib), RPL_MALFORMED);
    assert_code(rpl_linux_setup_patch(image, LEN, 0, 2 * gib), RPL_MALFORMED);
    assert_code(rpl_linux_setup_patch(image, LEN, 2 * gib, 2 * gib), RPL_MALFORMED);
    assert_code(rpl_linux_setup_patch(image, LEN, UINT64_MAX, 2 * gib), RPL_MALFORMED);
    assert_code(rpl_linux_setup_patch(image, LEN, 1, 0x28000), RPL_MALFORMED);
    put(0x206, 0x202, 2);
    assert_code(rpl_linux_setup_patch(image, LEN, 1, 2 * gib), RPL_MALFORMED);
    put(0x206, 0x20f, 2);
    put(0x211, 0, 1);
    assert_code(rpl_linux_setup_patch(image, LEN, 1, 2 * gib), RPL_MALFORMED);
    put(0x211, 1, 1);
    image[0x202] = 'h';
    assert_code(rpl_linux_setup_patch(image, LEN, 1, 2 * gib), RPL_MALFORMED);
    image[0x202] = 'H';
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_prefix_is_refused),
        cmocka_unit_test(wrong_lengths_are_refused),
        cmocka_unit_test(a_changed_bit_is_refused_or_measured),
        cmocka_unit_test(the_initrd_goes_as_high_as_it_may),
        cmocka_unit_test(only_the_fields_of_a_loader_change),
        cmocka_unit_test(what_cannot_be_booted_is_refused),
    };
    return cmocka_run_group_tests(tests, make_image, NULL);
}
