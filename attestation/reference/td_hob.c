#include "attestation/reference/td_hob.h"

#include "base/hash.h"
#include "base/writer.h"

enum {
    HANDOFF = 1,
    RESOURCE = 3,
    HANDOFF_LEN = 56,
    RESOURCE_LEN = 48,
    END_LEN = 8,
    HANDOFF_VERSION = 9,
    OWNER_LEN = 16,
    ATTRIBUTES = 7, /* present, initialized, tested */
    ACCEPTED = 0,
    UNACCEPTED = 7,
    /* each range, the gap before it, and what is behind the last one, split at 2 GiB */
    LIST_MAX = HANDOFF_LEN + RESOURCE_LEN * (2 * RPL_TDVF_SECTIONS_MAX + 2),
};

static const uint64_t low_memory = UINT64_C(0x80000000), four_gib = UINT64_C(1) << 32;

static void insert_sorted(rpl_td_hob_layout *layout, rpl_memory_range range)
{
    size_t at = layout->count++;
    for (; at > 0 && layout->ranges[at - 1].start > range.start; at--)
        layout->ranges[at] = layout->ranges[at - 1];
    layout->ranges[at] = range;
}

rpl_status rpl_td_hob_layout_of(const rpl_tdvf *tdvf, rpl_td_hob_layout *out)
{
    rpl_td_hob_layout layout = {0};
    bool has_hob = false;

    for (size_t i = 0; i < tdvf->count; i++) {
        const rpl_tdvf_section *s = &tdvf->sections[i];
        if (s->type != RPL_TDVF_TD_HOB && s->type != RPL_TDVF_TEMP_MEM)
            continue;
        if (s->type == RPL_TDVF_TD_HOB) {
            has_hob = true;
            layout.hob_address = s->address;
        }
        if (s->size > 0)
            insert_sorted(&layout, (rpl_memory_range){s->address, s->size});
    }
    if (!has_hob)
        return rpl_fail(RPL_MALFORMED, "firmware: no TD_HOB section");
    *out = layout;
    return rpl_ok();
}

static void write_header(rpl_writer *w, uint16_t type, uint16_t len)
{
    rpl_write_u16le(w, type);
    rpl_write_u16le(w, len);
    rpl_write_u32le(w, 0);
}

static void write_resource(rpl_writer *w, uint32_t type, uint64_t start, uint64_t size)
{
    static const uint8_t no_owner[OWNER_LEN];

    write_header(w, RESOURCE, RESOURCE_LEN);
    rpl_write_bytes(w, rpl_bytes_of(no_owner, sizeof(no_owner)));
    rpl_write_u32le(w, type);
    rpl_write_u32le(w, ATTRIBUTES);
    rpl_write_u64le(w, start);
    rpl_write_u64le(w, size);
}

static void write_rest(rpl_writer *w, uint64_t start, uint64_t memory)
{
    if (memory < RPL_MEMORY_SPLIT) {
        write_resource(w, UNACCEPTED, start, memory - start);
        return;
    }
    if (start < low_memory)
        write_resource(w, UNACCEPTED, start, low_memory - start);
    write_resource(w, UNACCEPTED, four_gib, memory - low_memory);
}

static rpl_status write_memory(rpl_writer *w, const rpl_td_hob_layout *layout, uint64_t memory)
{
    const uint64_t low_end = memory < RPL_MEMORY_SPLIT ? memory : low_memory;
    uint64_t end = 0;

    for (size_t i = 0; i < layout->count; i++) {
        const rpl_memory_range *range = &layout->ranges[i];
        if (range->start < end)
            return rpl_fail(RPL_MALFORMED, "firmware: TD_HOB and TEMP_MEM sections overlap");
        if (range->start >= low_end || range->size >= low_end - range->start)
            return rpl_fail(RPL_MALFORMED,
                            "memory: it ends before the firmware's TEMP_MEM sections do");
        if (range->start > end)
            write_resource(w, UNACCEPTED, end, range->start - end);
        write_resource(w, ACCEPTED, range->start, range->size);
        end = range->start + range->size;
    }
    if (memory <= end)
        return rpl_fail(RPL_MALFORMED, "memory: none");
    write_rest(w, end, memory);
    return rpl_ok();
}

static void write_handoff(rpl_writer *w, uint64_t end_of_list)
{
    write_header(w, HANDOFF, HANDOFF_LEN);
    rpl_write_u32le(w, HANDOFF_VERSION);
    rpl_write_u32le(w, 0);
    for (size_t unused = 0; unused < 4; unused++)
        rpl_write_u64le(w, 0);
    rpl_write_u64le(w, end_of_list);
}

rpl_status rpl_td_hob_digest(const rpl_td_hob_layout *layout, uint64_t memory,
                             uint8_t digest[static 48])
{
    uint8_t handoff[HANDOFF_LEN], resources[LIST_MAX];
    rpl_writer head = rpl_writer_over(handoff, sizeof(handoff));
    rpl_writer body = rpl_writer_over(resources, sizeof(resources));

    if (memory > RPL_MEMORY_MAX)
        return rpl_fail(RPL_TOO_LARGE, "memory: more than 64 TiB");
    RPL_TRY(write_memory(&body, layout, memory));
    write_handoff(&head, layout->hob_address + HANDOFF_LEN + body.len + END_LEN);
    if (!rpl_writer_done(&head) || !rpl_writer_done(&body))
        return rpl_fail(RPL_INTERNAL, "TD HOB: longer than its bound");
    const rpl_bytes parts[] = {rpl_writer_bytes(&head), rpl_writer_bytes(&body)};
    rpl_sha384_parts(parts, 2, digest);
    return rpl_ok();
}
