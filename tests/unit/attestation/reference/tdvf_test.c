/* Firmware that is not what it claims: cut off, with wrong lengths, with single bits changed. */
#include "attestation/reference/tdvf.h"

#include "attestation/reference/td_hob.h"
#include "base/hash.h"
#include "base/writer.h"
#include "tests/support/check.h"

enum {
    PAGE = 4096,
    LEN = 4 * PAGE,
    TABLE_LEN = 22 + 18,
    TABLE_AT = LEN - 32 - TABLE_LEN,
    DESCRIPTOR_AT = 3 * PAGE,
    SECTION_AT = DESCRIPTOR_AT + 16,
    SECTION_LEN = 32,
    SECTIONS = 3,
};

static uint8_t image[LEN];

static const uint8_t footer[] = {0xde, 0x82, 0xb5, 0x96, 0xb2, 0x1f, 0xf7, 0x45,
                                 0xba, 0xea, 0xa3, 0x66, 0xc5, 0x5a, 0x08, 0x2d};
static const uint8_t offset[] = {0x35, 0x65, 0x7a, 0xe4, 0x4a, 0x98, 0x98, 0x47,
                                 0x86, 0x5e, 0x46, 0x85, 0xa7, 0xbf, 0x8e, 0xc2};

static void section(rpl_writer *w, uint32_t at, uint32_t raw, uint64_t address, uint64_t size,
                    uint32_t type, uint32_t attributes)
{
    rpl_write_u32le(w, at);
    rpl_write_u32le(w, raw);
    rpl_write_u64le(w, address);
    rpl_write_u64le(w, size);
    rpl_write_u32le(w, type);
    rpl_write_u32le(w, attributes);
}

static int make_image(void **state)
{
    (void)state;
    rpl_writer w = rpl_writer_over(image + DESCRIPTOR_AT, LEN - DESCRIPTOR_AT);
    for (size_t i = 0; i < LEN; i++)
        image[i] = (uint8_t)(i * 31 + i / 256);
    rpl_write_text(&w, "TDVF");
    rpl_write_u32le(&w, 16 + SECTIONS * SECTION_LEN);
    rpl_write_u32le(&w, 1);
    rpl_write_u32le(&w, SECTIONS);
    section(&w, PAGE, PAGE, 0xfffff000, PAGE, RPL_TDVF_BFV, 1);
    section(&w, 0, PAGE, 0xffffe000, PAGE, RPL_TDVF_CFV, 0);
    section(&w, 0, 0, 0x800000, PAGE, RPL_TDVF_TD_HOB, 0);
    w = rpl_writer_over(image + TABLE_AT, TABLE_LEN);
    rpl_write_u32le(&w, LEN - DESCRIPTOR_AT);
    rpl_write_u16le(&w, 22);
    rpl_write_bytes(&w, rpl_bytes_of(offset, sizeof(offset)));
    rpl_write_u16le(&w, TABLE_LEN);
    rpl_write_bytes(&w, rpl_bytes_of(footer, sizeof(footer)));
    assert_true(rpl_writer_done(&w));
    return 0;
}

static rpl_status parse(const uint8_t *data, size_t len, rpl_tdvf *out)
{
    uint8_t *copy = exact_copy(data, len);
    const rpl_status s = rpl_tdvf_parse(rpl_bytes_of(copy, len), out);
    free(copy);
    return s;
}

static rpl_code parse_with_u32(size_t at, uint32_t value)
{
    rpl_tdvf tdvf;
    uint8_t *copy = exact_copy(image, LEN);
    rpl_writer w = rpl_writer_over(copy + at, 4);
    rpl_write_u32le(&w, value);
    const rpl_code code = parse(copy, LEN, &tdvf).code;
    free(copy);
    return code;
}

static void the_image_is_read(void **state)
{
    (void)state;
    rpl_tdvf tdvf;
    assert_ok(parse(image, LEN, &tdvf));
    assert_int_equal(tdvf.count, SECTIONS);
    assert_int_equal(tdvf.sections[0].address, 0xfffff000);
    assert_true(tdvf.sections[0].is_extended && !tdvf.sections[1].is_extended);
}

static void every_prefix_is_refused(void **state)
{
    (void)state;
    rpl_tdvf tdvf;
    for (size_t len = 0; len < LEN; len++)
        assert_code(parse(image, len, &tdvf), RPL_MALFORMED);
}

static void wrong_lengths_are_refused(void **state)
{
    (void)state;
    const struct {
        size_t at;
        uint32_t value;
        rpl_code code;
    } cases[] = {
        {TABLE_AT, LEN + 1, RPL_MALFORMED},      /* descriptor before the image */
        {TABLE_AT, 15, RPL_MALFORMED},           /* descriptor cut off */
        {DESCRIPTOR_AT + 8, 2, RPL_MALFORMED},   /* version */
        {DESCRIPTOR_AT + 12, 65, RPL_TOO_LARGE}, /* sections */
        {DESCRIPTOR_AT + 12, UINT32_MAX, RPL_TOO_LARGE},
        {SECTION_AT, LEN - PAGE + 1, RPL_MALFORMED}, /* offset */
        {SECTION_AT, UINT32_MAX, RPL_MALFORMED},
        {SECTION_AT + 4, PAGE + 1, RPL_MALFORMED},   /* longer than in the guest */
        {SECTION_AT + 8, 0xfffff001, RPL_MALFORMED}, /* address */
        {SECTION_AT + 16, PAGE - 1, RPL_MALFORMED},  /* size in the guest */
        {SECTION_AT + 16, 4 * PAGE, RPL_MALFORMED},  /* measured, but not in the image */
        {SECTION_AT + 20, 1, RPL_MALFORMED},
        {SECTION_AT + 2 * SECTION_LEN + 20, 1, RPL_TOO_LARGE}, /* 4 GiB of pages */
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
        if (parse_with_u32(cases[i].at, cases[i].value) != cases[i].code)
            fail_msg("case %zu", i);
}

static void a_wrong_entry_length_is_refused(void **state)
{
    (void)state;
    const uint16_t lengths[] = {0, 17, 18, 21, 23, TABLE_LEN, UINT16_MAX};
    rpl_tdvf tdvf;
    for (size_t i = 0; i < sizeof(lengths) / sizeof(*lengths); i++) {
        uint8_t *copy = exact_copy(image, LEN);
        copy[TABLE_AT + 4] = (uint8_t)lengths[i];
        copy[TABLE_AT + 5] = (uint8_t)(lengths[i] >> 8);
        assert_code(parse(copy, LEN, &tdvf), RPL_MALFORMED);
        copy[TABLE_AT + 4] = 22;
        copy[TABLE_AT + 5] = 0;
        if (lengths[i] != TABLE_LEN) {
            copy[TABLE_AT + 22] = (uint8_t)lengths[i];
            copy[TABLE_AT + 23] = (uint8_t)(lengths[i] >> 8);
            assert_code(parse(copy, LEN, &tdvf), RPL_MALFORMED);
        }
        free(copy);
    }
}

/* Everything that is computed from a firmware, in one digest. */
static bool fingerprint(const uint8_t *data, uint8_t out[static 48])
{
    rpl_tdvf tdvf;
    rpl_td_hob_layout layout = {0};
    uint8_t parts[4][48] = {{0}};
    if (rpl_tdvf_parse(rpl_bytes_of(data, LEN), &tdvf).code != RPL_OK)
        return false;
    rpl_tdvf_mrtd(&tdvf, RPL_PAGES_SINGLE_PASS, parts[0]);
    rpl_tdvf_mrtd(&tdvf, RPL_PAGES_TWO_PASS, parts[1]);
    (void)!rpl_tdvf_variables_digest(&tdvf, parts[2]);
    if (rpl_td_hob_layout_of(&tdvf, &layout).code == RPL_OK)
        (void)!rpl_td_hob_digest(&layout, UINT64_C(2) << 30, parts[3]).code;
    rpl_sha384(rpl_bytes_of(parts, sizeof(parts)), out);
    return true;
}

static void a_changed_bit_is_refused_or_measured(void **state)
{
    (void)state;
    uint8_t want[48], got[48];
    assert_true(fingerprint(image, want));
    for (size_t bit = 0; bit < 8 * LEN; bit += bit / 8 < DESCRIPTOR_AT ? 77 : 1) {
        const size_t at = bit / 8;
        const bool is_unused = (at >= 2 * PAGE && at < DESCRIPTOR_AT) || /* in no section */
                               (at >= DESCRIPTOR_AT + 4 && at < DESCRIPTOR_AT + 8) || /* length */
                               (at >= SECTION_AT + SECTIONS * SECTION_LEN && at < TABLE_AT) ||
                               at >= LEN - 32 ||
                               at - (LEN - 50) < 2; /* the table's length: more before it */
        if (is_unused)
            continue;
        image[at] ^= (uint8_t)(1 << bit % 8);
        const bool is_same = fingerprint(image, got) && memcmp(want, got, 48) == 0;
        image[at] ^= (uint8_t)(1 << bit % 8);
        /* unknown types and attributes, and the offset and the raw size of what is only added, change
         * nothing */
        const size_t in_section = (at - SECTION_AT) % SECTION_LEN;
        const bool is_section = at >= SECTION_AT && at < SECTION_AT + SECTIONS * SECTION_LEN;
        if (is_same && !(is_section && (in_section >= 24 || in_section < 8)))
            fail_msg("bit %zu of byte %zu", bit % 8, at);
    }
}

static void memory_must_hold_the_sections(void **state)
{
    (void)state;
    uint8_t digest[48];
    rpl_td_hob_layout layout = {.hob_address = 0x809000, .count = 1, .ranges = {{0x809000, PAGE}}};
    assert_ok(rpl_td_hob_digest(&layout, 0x80b000, digest));
    assert_code(rpl_td_hob_digest(&layout, 0x80a000, digest), RPL_MALFORMED);
    assert_code(rpl_td_hob_digest(&layout, 0, digest), RPL_MALFORMED);
    assert_code(rpl_td_hob_digest(&layout, RPL_MEMORY_MAX + 1, digest), RPL_TOO_LARGE);
    layout.ranges[0] = (rpl_memory_range){UINT64_MAX, UINT64_MAX};
    assert_code(rpl_td_hob_digest(&layout, UINT64_C(4) << 30, digest), RPL_MALFORMED);
    layout = (rpl_td_hob_layout){.count = 2, .ranges = {{0x800000, 2 * PAGE}, {0x801000, PAGE}}};
    assert_code(rpl_td_hob_digest(&layout, UINT64_C(4) << 30, digest), RPL_MALFORMED);
}

static void a_firmware_without_hob_has_no_layout(void **state)
{
    (void)state;
    const rpl_tdvf tdvf = {.count = 1, .sections = {{.type = RPL_TDVF_TEMP_MEM, .size = PAGE}}};
    rpl_td_hob_layout layout;
    uint8_t digest[48];
    assert_code(rpl_td_hob_layout_of(&tdvf, &layout), RPL_MALFORMED);
    assert_false(rpl_tdvf_variables_digest(&tdvf, digest));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_image_is_read),
        cmocka_unit_test(every_prefix_is_refused),
        cmocka_unit_test(wrong_lengths_are_refused),
        cmocka_unit_test(a_wrong_entry_length_is_refused),
        cmocka_unit_test(a_changed_bit_is_refused_or_measured),
        cmocka_unit_test(memory_must_hold_the_sections),
        cmocka_unit_test(a_firmware_without_hob_has_no_layout),
    };
    return cmocka_run_group_tests(tests, make_image, NULL);
}
