#include "attestation/reference/published.h"

enum { PAGE_SHIFT = 12, LIST_MAX = 23, GROUP = 7, NUMBER_MAX_SHIFT = 49 };

/* Text and heads of maps and strings as they must stand there. */
static bool expect(rpl_reader *r, const char *bytes)
{
    const rpl_bytes want = rpl_bytes_of_text(bytes);
    rpl_bytes got;
    return rpl_read_bytes(r, want.len, &got) && rpl_bytes_equal(got, want);
}

/* A member that is a byte string of 48 (58 30). */
static bool read_digest(rpl_reader *r, const char *name, uint8_t digest[static 48])
{
    return expect(r, name) && expect(r, "\x58\x30") && rpl_read_copy(r, digest, 48);
}

/* LEB128, in the shortest form, below 2^56. */
static bool read_number(rpl_reader *r, uint64_t *out)
{
    uint64_t value = 0;
    uint8_t byte = 0x80;
    unsigned shift = 0;

    for (; byte & 0x80; shift += GROUP) {
        if (shift > NUMBER_MAX_SHIFT || !rpl_read_u8(r, &byte))
            return false;
        value |= (uint64_t)(byte & 0x7f) << shift;
    }
    *out = value;
    return byte != 0 || shift == GROUP;
}

static bool read_range(rpl_reader *r, uint64_t base, rpl_memory_range *range)
{
    const uint64_t pages_max = RPL_MEMORY_MAX >> PAGE_SHIFT;
    uint64_t distance, pages;

    if (!read_number(r, &distance) || !read_number(r, &pages) || distance > pages_max ||
        pages > pages_max)
        return false;
    range->start = (base + distance) << PAGE_SHIFT;
    range->size = pages << PAGE_SHIFT;
    return pages > 0;
}

static rpl_status read_layout(rpl_reader *r, rpl_td_hob_layout *out)
{
    rpl_td_hob_layout layout = {0};
    uint64_t base, hob, count;

    if (!read_number(r, &base) || !read_number(r, &hob) || !read_number(r, &count) ||
        base > RPL_MEMORY_MAX >> PAGE_SHIFT || hob > RPL_MEMORY_MAX >> PAGE_SHIFT)
        return rpl_malformed(r, "measurement: td_hob is cut off, or a number in it is too large");
    if (count > RPL_TDVF_SECTIONS_MAX)
        return rpl_fail(RPL_TOO_LARGE, "measurement: more than 64 ranges");
    layout.hob_address = (base + hob) << PAGE_SHIFT;
    for (; layout.count < count; layout.count++)
        if (!read_range(r, base, &layout.ranges[layout.count]))
            return rpl_malformed(r, "measurement: a range of td_hob is empty or cut off");
    if (!rpl_read_done(r))
        return rpl_malformed(r, "measurement: td_hob is longer than its ranges");
    *out = layout;
    return rpl_ok();
}

static rpl_status read_witness(rpl_reader *r, rpl_td_hob_layout *out)
{
    uint8_t head;
    rpl_reader list;

    if (!expect(r, "ftd_hob") || !rpl_read_u8(r, &head) || head < 0x40 || head > 0x40 + LIST_MAX ||
        !rpl_read_block(r, head - 0x40u, &list))
        return rpl_malformed(r, "measurement: td_hob of at most 23 bytes was expected");
    RPL_TRY(read_layout(&list, out));
    if (!rpl_read_done(r))
        return rpl_malformed(r, "measurement: bytes behind its end");
    return rpl_ok();
}

rpl_status rpl_published_parse(rpl_bytes cbor, rpl_published *out)
{
    rpl_published p = {0};
    rpl_reader r = rpl_reader_over(cbor);

    if (cbor.len > RPL_PUBLISHED_MAX)
        return rpl_fail(RPL_TOO_LARGE, "measurement: longer than 1024 bytes");
    if (!expect(&r, "\xa3gversion\x03"))
        return rpl_malformed(&r, "measurement: not a measurement.tdx.cbor of version 3");
    if (!expect(&r, "eimage\xa3") || !read_digest(&r, "ncmdline_sha384", p.command_line) ||
        !read_digest(&r, "skernel_authenticode", p.kernel) ||
        !read_digest(&r, "minitrd_sha384", p.initrd))
        return rpl_malformed(&r, "measurement: image wants digests of cmdline, kernel and initrd");
    if (!expect(&r, "dtdvf\xa3"
                    "dovmfipre202505"
                    "dmrtd\xa2") ||
        !read_digest(&r, "ksingle_pass", p.mrtd[RPL_PAGES_SINGLE_PASS]) ||
        !read_digest(&r, "htwo_pass", p.mrtd[RPL_PAGES_TWO_PASS]))
        return rpl_malformed(&r, "measurement: tdvf wants ovmf \"pre202505\" and two mrtd");
    RPL_TRY(read_witness(&r, &p.layout));
    *out = p;
    return rpl_ok();
}
