#include "server/core/collateral_record.h"

#include <stdio.h>

#include "base/hex.h"
#include "base/writer.h"

enum { FLAG_EARLY = 1, FLAG_PROCESSOR = 2, FIXED_LEN = 8 + 1 + 1 + 6 + 3 * 4 + RPL_SHA256_LEN };
static const char magic[] = "RPLCOL1\n";

RPL_DEFINE_AUTO(uint8_t *, bytes, free)

rpl_status rpl_collateral_record_write(const rpl_collateral_document *d, uint8_t **out, size_t *len)
{
    const size_t cap = FIXED_LEN + d->text.len + d->signature.len + d->chain.len;
    RPL_AUTO(bytes) uint8_t *record = malloc(cap);
    rpl_writer w = rpl_writer_over(record, cap);
    uint8_t digest[RPL_SHA256_LEN];
    if (!record)
        return rpl_fail(RPL_INTERNAL, "collateral record: memory");
    rpl_write_text(&w, magic);
    rpl_write_u8(&w, (uint8_t)d->ask.kind);
    rpl_write_u8(&w, (uint8_t)((d->ask.early ? FLAG_EARLY : 0) |
                               (d->ask.processor_ca ? FLAG_PROCESSOR : 0)));
    rpl_write_bytes(&w, rpl_bytes_of(d->ask.fmspc, sizeof(d->ask.fmspc)));
    rpl_write_lp(&w, d->text);
    rpl_write_lp(&w, d->signature);
    rpl_write_lp(&w, d->chain);
    rpl_sha256(rpl_writer_bytes(&w), digest);
    rpl_write_bytes(&w, rpl_bytes_of(digest, sizeof(digest)));
    if (!rpl_writer_done(&w))
        return rpl_fail(RPL_INTERNAL, "collateral record: length");
    *len = w.len;
    *out = RPL_TAKE(record);
    return rpl_ok();
}

/* What does not tell documents of a kind apart is zero, so that one document has one record. */
static bool is_canonical(const rpl_pcs_ask *ask)
{
    static const uint8_t none[6] = {0};
    const bool no_fmspc = rpl_bytes_equal(rpl_bytes_of(ask->fmspc, 6), rpl_bytes_of(none, 6));
    return (ask->kind == RPL_PCS_TCB_INFO || no_fmspc) &&
           (ask->kind == RPL_PCS_TCB_INFO || ask->kind == RPL_PCS_QE_IDENTITY || !ask->early) &&
           (ask->kind == RPL_PCS_PCK_CRL || !ask->processor_ca);
}

static bool read_ask(rpl_reader *r, rpl_pcs_ask *ask)
{
    uint8_t kind, flags;
    if (!rpl_read_u8(r, &kind) || !rpl_read_u8(r, &flags) || kind >= RPL_PCS_KIND_COUNT ||
        flags > (FLAG_EARLY | FLAG_PROCESSOR) || !rpl_read_copy(r, ask->fmspc, sizeof(ask->fmspc)))
        return false;
    ask->kind = (rpl_pcs_kind)kind;
    ask->early = flags & FLAG_EARLY;
    ask->processor_ca = flags & FLAG_PROCESSOR;
    return is_canonical(ask);
}

static bool read_lp(rpl_reader *r, rpl_bytes *out)
{
    uint32_t len;
    return rpl_read_u32le(r, &len) && rpl_read_bytes(r, len, out);
}

/* The digest is at the end, so what it covers is known before anything else is. */
static bool is_whole(rpl_bytes record, rpl_bytes *body)
{
    uint8_t digest[RPL_SHA256_LEN];
    if (record.len < FIXED_LEN || record.len > RPL_COLLATERAL_RECORD_MAX)
        return false;
    *body = rpl_bytes_of(record.data, record.len - sizeof(digest));
    rpl_sha256(*body, digest);
    return rpl_bytes_equal(rpl_bytes_of(digest, sizeof(digest)),
                           rpl_bytes_of(record.data + body->len, sizeof(digest)));
}

rpl_status rpl_collateral_record_read(rpl_bytes record, rpl_collateral_document **out)
{
    rpl_bytes body, start, text, signature, chain;
    rpl_pcs_ask ask = {0};
    if (!is_whole(record, &body))
        return rpl_fail(RPL_MALFORMED, "no whole collateral record");
    rpl_reader r = rpl_reader_over(body);
    if (!rpl_read_bytes(&r, strlen(magic), &start) ||
        !rpl_bytes_equal(start, rpl_bytes_of_text(magic)) || !read_ask(&r, &ask) ||
        !read_lp(&r, &text) || !read_lp(&r, &signature) || !read_lp(&r, &chain) ||
        !rpl_read_done(&r))
        return rpl_malformed(&r, "collateral record");
    return rpl_collateral_document_new(&ask, text, signature, chain, out);
}

void rpl_collateral_record_name(const rpl_pcs_ask *ask, char name[static RPL_COLLATERAL_NAME_MAX])
{
    static const char *const stems[RPL_PCS_KIND_COUNT] = {
        [RPL_PCS_TCB_INFO] = "tcb-",
        [RPL_PCS_QE_IDENTITY] = "qe",
        [RPL_PCS_PCK_CRL] = "pckcrl-platform",
        [RPL_PCS_ROOT_CRL] = "rootcrl",
    };
    char fmspc[13] = "";
    if (ask->kind == RPL_PCS_TCB_INFO)
        rpl_hex_encode(rpl_bytes_of(ask->fmspc, sizeof(ask->fmspc)), fmspc);
    snprintf(name, RPL_COLLATERAL_NAME_MAX, "%s%s%s.rpl",
             ask->processor_ca                ? "pckcrl-processor"
             : ask->kind < RPL_PCS_KIND_COUNT ? stems[ask->kind]
                                              : "",
             fmspc, ask->early ? "-early" : "");
}
