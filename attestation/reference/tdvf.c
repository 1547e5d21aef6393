#include "attestation/reference/tdvf.h"

#include "base/hash.h"
#include "base/writer.h"

enum {
    PAGE = 4096,
    CHUNK = 256,
    RECORD_LEN = 128,
    TABLE_END = 32, /* bytes of reset vector behind the table */
    GUID_LEN = 16,
    ENTRY_TAIL = 18, /* u16 length, GUID: each entry ends with them */
    ATTRIBUTE_EXTEND = 1,
    ATTRIBUTE_LATER = 2,
};

/* 96b582de-1fb2-45f7-baea-a366c55a082d and e47a6535-984a-4798-865e-4685a7bf8ec2 as stored */
static const uint8_t table_guid[GUID_LEN] = {0xde, 0x82, 0xb5, 0x96, 0xb2, 0x1f, 0xf7, 0x45,
                                             0xba, 0xea, 0xa3, 0x66, 0xc5, 0x5a, 0x08, 0x2d};
static const uint8_t metadata_guid[GUID_LEN] = {0x35, 0x65, 0x7a, 0xe4, 0x4a, 0x98, 0x98, 0x47,
                                                0x86, 0x5e, 0x46, 0x85, 0xa7, 0xbf, 0x8e, 0xc2};

static rpl_status malformed(size_t at, const char *what)
{
    return (rpl_status){.code = RPL_MALFORMED, .at = (uint32_t)at, .what = what};
}

static rpl_bytes slice(rpl_bytes in, size_t at, size_t len)
{
    return rpl_bytes_of(in.data + at, len);
}

/* The entry that ends at `end`: its length with the tail, and whether its GUID is the wanted one. */
static rpl_status read_entry(rpl_bytes table, size_t end, const uint8_t guid[static GUID_LEN],
                             size_t *len, bool *is_it)
{
    uint16_t total;
    rpl_bytes name;

    if (end < ENTRY_TAIL)
        return malformed(end, "firmware: the table of GUIDs is cut off");
    rpl_reader r = rpl_reader_over(slice(table, end - ENTRY_TAIL, ENTRY_TAIL));
    if (!rpl_read_u16le(&r, &total) || !rpl_read_bytes(&r, GUID_LEN, &name))
        return malformed(end, "firmware: the table of GUIDs is cut off");
    if (total < ENTRY_TAIL || total > end)
        return malformed(end - ENTRY_TAIL,
                         "firmware: an entry of the table of GUIDs has a wrong length");
    *len = total;
    *is_it = rpl_bytes_equal(name, rpl_bytes_of(guid, GUID_LEN));
    return rpl_ok();
}

/* The data of the metadata entry is u32: how far before the end of the image the descriptor is. */
static rpl_status find_descriptor(rpl_bytes firmware, size_t *at)
{
    size_t len, end;
    bool is_it = false;
    uint32_t distance;

    if (firmware.len < TABLE_END + ENTRY_TAIL)
        return malformed(0, "firmware: shorter than the table of GUIDs that OVMF ends with");
    const size_t table_end = firmware.len - TABLE_END;
    RPL_TRY(read_entry(firmware, table_end, table_guid, &len, &is_it));
    if (!is_it)
        return malformed(table_end - GUID_LEN,
                         "firmware: no table of GUIDs 32 bytes before the end");
    const rpl_bytes table = slice(firmware, table_end - len, len - ENTRY_TAIL);
    is_it = false;
    for (end = table.len; end > 0 && !is_it; end -= is_it ? 0 : len)
        RPL_TRY(read_entry(table, end, metadata_guid, &len, &is_it));
    if (!is_it || len != ENTRY_TAIL + sizeof(distance))
        return malformed(table_end - len, "firmware: no TDX metadata: it was not built for TDX");
    rpl_reader r = rpl_reader_over(slice(table, end - len, sizeof(distance)));
    if (!rpl_read_u32le(&r, &distance) || distance > firmware.len)
        return malformed(table_end, "firmware: the TDX metadata is outside the image");
    *at = firmware.len - distance;
    return rpl_ok();
}

static const char *what_is_wrong(const rpl_tdvf_section *s, size_t firmware_len)
{
    const uint64_t taken = s->is_extended ? s->size : s->raw_size;

    if (s->address % PAGE || s->size % PAGE)
        return "firmware: a TDX section is not a whole number of pages";
    if (s->size < s->raw_size)
        return "firmware: a TDX section is smaller in the guest than in the image";
    if (s->address > UINT64_MAX - s->size)
        return "firmware: a TDX section ends past the last address";
    if (taken > firmware_len || s->offset > firmware_len - taken)
        return "firmware: a TDX section is outside the image";
    return NULL;
}

static rpl_status read_section(rpl_reader *r, size_t firmware_len, rpl_tdvf_section *out)
{
    uint32_t attributes;
    rpl_tdvf_section s = {0};
    const rpl_reader start = *r;

    if (!rpl_read_u32le(r, &s.offset) || !rpl_read_u32le(r, &s.raw_size) ||
        !rpl_read_u64le(r, &s.address) || !rpl_read_u64le(r, &s.size) ||
        !rpl_read_u32le(r, &s.type) || !rpl_read_u32le(r, &attributes))
        return rpl_malformed(r, "firmware: the TDX metadata is cut off");
    s.is_extended = attributes & ATTRIBUTE_EXTEND;
    s.is_later = attributes & ATTRIBUTE_LATER;
    const char *wrong = what_is_wrong(&s, firmware_len);
    if (wrong)
        return rpl_malformed(&start, wrong);
    *out = s;
    return rpl_ok();
}

static rpl_status read_descriptor(rpl_reader *r, uint32_t *count)
{
    rpl_bytes signature;
    uint32_t length, version;

    if (!rpl_read_bytes(r, 4, &signature) || !rpl_read_u32le(r, &length) ||
        !rpl_read_u32le(r, &version) || !rpl_read_u32le(r, count))
        return rpl_malformed(r, "firmware: the TDX metadata is cut off");
    if (!rpl_bytes_equal(signature, rpl_bytes_of_text("TDVF")) || version != 1)
        return rpl_malformed(r, "firmware: the TDX metadata is not TDVF version 1");
    if (*count > RPL_TDVF_SECTIONS_MAX)
        return rpl_fail(RPL_TOO_LARGE, "firmware: more than 64 TDX sections");
    return rpl_ok();
}

rpl_status rpl_tdvf_parse(rpl_bytes firmware, rpl_tdvf *out)
{
    rpl_tdvf tdvf = {.firmware = firmware};
    uint64_t pages = 0;
    uint32_t count;
    size_t at;

    if (firmware.len > RPL_FIRMWARE_MAX)
        return rpl_fail(RPL_TOO_LARGE, "firmware: longer than 64 MiB");
    RPL_TRY(find_descriptor(firmware, &at));
    rpl_reader r = {.rest = slice(firmware, at, firmware.len - at), .at = at};
    RPL_TRY(read_descriptor(&r, &count));
    for (; tdvf.count < count; tdvf.count++) {
        RPL_TRY(read_section(&r, firmware.len, &tdvf.sections[tdvf.count]));
        pages += tdvf.sections[tdvf.count].size / PAGE;
        if (pages > RPL_TDVF_PAGES_MAX)
            return rpl_fail(RPL_TOO_LARGE, "firmware: TDX sections of more than 128 MiB");
    }
    *out = tdvf;
    return rpl_ok();
}

static void hash_record(rpl_sha384_stream *hash, const char *name, uint64_t address)
{
    uint8_t record[RECORD_LEN] = {0};
    rpl_writer w = rpl_writer_over(record, sizeof(record));

    rpl_write_text(&w, name);
    w.len = 16; /* the address stands there in both records */
    rpl_write_u64le(&w, address);
    rpl_sha384_add(hash, rpl_bytes_of(record, sizeof(record)));
}

static void add_page(rpl_sha384_stream *hash, const rpl_tdvf_section *s, uint64_t page)
{
    if (!s->is_later)
        hash_record(hash, "MEM.PAGE.ADD", s->address + page * PAGE);
}

static void extend_page(rpl_sha384_stream *hash, const rpl_tdvf *tdvf, const rpl_tdvf_section *s,
                        uint64_t page)
{
    for (size_t at = 0; s->is_extended && at < PAGE; at += CHUNK) {
        hash_record(hash, "MR.EXTEND", s->address + page * PAGE + at);
        rpl_sha384_add(hash, slice(tdvf->firmware, s->offset + page * PAGE + at, CHUNK));
    }
}

void rpl_tdvf_mrtd(const rpl_tdvf *tdvf, rpl_page_order order, uint8_t mrtd[static 48])
{
    rpl_sha384_stream *hash = rpl_sha384_start();

    for (size_t i = 0; i < tdvf->count; i++) {
        const rpl_tdvf_section *s = &tdvf->sections[i];
        for (uint64_t page = 0; page < s->size / PAGE; page++) {
            add_page(hash, s, page);
            if (order == RPL_PAGES_SINGLE_PASS)
                extend_page(hash, tdvf, s, page);
        }
        for (uint64_t page = 0; order == RPL_PAGES_TWO_PASS && page < s->size / PAGE; page++)
            extend_page(hash, tdvf, s, page);
    }
    rpl_sha384_finish(hash, mrtd);
}

bool rpl_tdvf_variables_digest(const rpl_tdvf *tdvf, uint8_t digest[static 48])
{
    for (size_t i = 0; i < tdvf->count; i++) {
        const rpl_tdvf_section *s = &tdvf->sections[i];
        if (s->type != RPL_TDVF_CFV)
            continue;
        rpl_sha384(slice(tdvf->firmware, s->offset, s->raw_size), digest);
        return true;
    }
    return false;
}
