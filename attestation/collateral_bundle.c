#include "attestation/collateral_bundle.h"

#include "attestation/tdx/crl.h"
#include "base/json.h"

/* Where each owned part is seen, and what the bundle calls it. */
static const struct {
    size_t view;
    const char *member;
} parts[] = {
    {offsetof(rpl_collateral, root_crl), "root_ca_crl"},
    {offsetof(rpl_collateral, pck_crl), "pck_crl"},
    {offsetof(rpl_collateral, tcb_info_chain), "tcb_info_issuer_chain"},
    {offsetof(rpl_collateral, tcb_info), "tcb_info"},
    {offsetof(rpl_collateral, tcb_info_signature), "tcb_info_signature"},
    {offsetof(rpl_collateral, qe_identity_chain), "qe_identity_issuer_chain"},
    {offsetof(rpl_collateral, qe_identity), "qe_identity"},
    {offsetof(rpl_collateral, qe_identity_signature), "qe_identity_signature"},
    {offsetof(rpl_collateral_set, pck_crl_chain), "pck_crl_issuer_chain"},
};
_Static_assert(offsetof(rpl_collateral_set, view) == 0, "both kinds of offsets start at one place");

enum {
    ROOT_CRL,
    PCK_CRL,
    TCB_INFO_CHAIN,
    TCB_INFO,
    TCB_INFO_SIGNATURE,
    QE_IDENTITY_CHAIN,
    QE_IDENTITY,
    QE_IDENTITY_SIGNATURE,
    PCK_CRL_CHAIN,
    PARTS
};
_Static_assert(sizeof(parts) / sizeof(parts[0]) == PARTS, "one row per part");
_Static_assert(sizeof(((rpl_collateral_set *)0)->part) / sizeof(uint8_t *) == PARTS,
               "one buffer each");

RPL_DEFINE_AUTO(uint8_t *, bytes, free)

static rpl_bytes *view_of(rpl_collateral_set *set, size_t part)
{
    return (rpl_bytes *)(void *)((uint8_t *)set + parts[part].view);
}

/* `owned` moves into the set. */
static void put(rpl_collateral_set *set, size_t part, uint8_t *owned, size_t len)
{
    free(set->part[part]);
    set->part[part] = owned;
    *view_of(set, part) = rpl_bytes_of(owned, len);
}

static uint8_t *copy_of(rpl_bytes bytes)
{
    uint8_t *copy = malloc(bytes.len ? bytes.len : 1);
    rpl_reader r = rpl_reader_over(bytes);
    if (copy && !rpl_read_copy(&r, copy, bytes.len)) {
        free(copy);
        return NULL;
    }
    return copy;
}

static rpl_status put_copy(rpl_collateral_set *set, size_t part, rpl_bytes bytes)
{
    uint8_t *copy = copy_of(bytes);
    if (!copy)
        return rpl_fail(RPL_INTERNAL, "collateral: memory");
    put(set, part, copy, bytes.len);
    return rpl_ok();
}

static rpl_status read_members(const json_t *bundle, rpl_collateral_set *set)
{
    rpl_bytes text;
    for (size_t i = 0; i < PARTS; i++) {
        if (!rpl_json_get_text(bundle, parts[i].member, &text))
            return rpl_fail(RPL_MALFORMED, "collateral bundle: a member is missing or no string");
        RPL_TRY(put_copy(set, i, text));
    }
    if (set->pck_crl_chain.len == 0)
        return rpl_fail(RPL_MALFORMED, "collateral bundle: pck_crl_issuer_chain is missing");
    return rpl_ok();
}

rpl_status rpl_collateral_bundle_read(rpl_bytes json_text, rpl_collateral_set *out)
{
    RPL_AUTO(json) json_t *bundle = NULL;
    rpl_collateral_set set = {0};
    RPL_TRY(rpl_json_parse(json_text, RPL_COLLATERAL_BUNDLE_MAX, &bundle));
    if (!json_is_object(bundle))
        return rpl_fail(RPL_MALFORMED, "collateral bundle: must be a JSON object");
    const rpl_status s = read_members(bundle, &set);
    if (s.code != RPL_OK) {
        rpl_collateral_set_free(&set);
        return s;
    }
    *out = set;
    return rpl_ok();
}

static rpl_status set_crl(json_t *bundle, const char *member, rpl_bytes list)
{
    RPL_AUTO(bytes) uint8_t *storage = NULL;
    rpl_bytes der;
    RPL_TRY(rpl_crl_decode(list, &storage, &der));
    rpl_json_set_hex(bundle, member, der);
    return rpl_ok();
}

static rpl_status set_text(json_t *bundle, const char *member, rpl_bytes text)
{
    json_t *value = json_stringn((const char *)text.data, text.len);
    if (!value)
        return rpl_fail(RPL_MALFORMED, "collateral bundle: a document is not UTF-8");
    return json_object_set_new(bundle, member, value) == 0
               ? rpl_ok()
               : rpl_fail(RPL_INTERNAL, "collateral: memory");
}

rpl_status rpl_collateral_bundle_write(const rpl_collateral *collateral, rpl_bytes pck_crl_chain,
                                       char **out)
{
    RPL_AUTO(json) json_t *bundle = json_object();
    const rpl_collateral_set set = {.view = *collateral, .pck_crl_chain = pck_crl_chain};
    for (size_t i = 0; i < PARTS; i++) {
        const rpl_bytes *part =
            (const rpl_bytes *)(const void *)((const uint8_t *)&set + parts[i].view);
        RPL_TRY(i == ROOT_CRL || i == PCK_CRL ? set_crl(bundle, parts[i].member, *part)
                                              : set_text(bundle, parts[i].member, *part));
    }
    return rpl_json_dump(bundle, out);
}

static rpl_status add_crl(rpl_collateral_set *set, size_t part, rpl_bytes body)
{
    if (body.len > RPL_PCS_CRL_MAX)
        return rpl_fail(RPL_TOO_LARGE, "CRL: body too long");
    return put_copy(set, part, body);
}

/* chain, document and signature stand in this order, from `first` on. */
static rpl_status add_document(rpl_collateral_set *set, size_t first, rpl_pcs_kind kind,
                               rpl_bytes body, rpl_bytes chain_header)
{
    rpl_bytes document, signature;
    size_t chain_len = 0;
    RPL_TRY(rpl_pcs_json_split(kind, body, &document, &signature));
    RPL_AUTO(bytes) uint8_t *chain = malloc(chain_header.len ? chain_header.len : 1);
    RPL_AUTO(bytes) uint8_t *document_copy = copy_of(document);
    RPL_AUTO(bytes) uint8_t *signature_copy = copy_of(signature);
    if (!chain || !document_copy || !signature_copy)
        return rpl_fail(RPL_INTERNAL, "collateral: memory");
    RPL_TRY(rpl_pcs_chain_decode(chain_header, chain, &chain_len));
    put(set, first, RPL_TAKE(chain), chain_len);
    put(set, first + 1, RPL_TAKE(document_copy), document.len);
    put(set, first + 2, RPL_TAKE(signature_copy), signature.len);
    return rpl_ok();
}

rpl_status rpl_collateral_set_add(rpl_collateral_set *set, rpl_pcs_kind kind, rpl_bytes body,
                                  rpl_bytes chain_header)
{
    switch (kind) {
    case RPL_PCS_TCB_INFO:
        return add_document(set, TCB_INFO_CHAIN, kind, body, chain_header);
    case RPL_PCS_QE_IDENTITY:
        return add_document(set, QE_IDENTITY_CHAIN, kind, body, chain_header);
    case RPL_PCS_PCK_CRL:
        return add_crl(set, PCK_CRL, body);
    case RPL_PCS_ROOT_CRL:
        return add_crl(set, ROOT_CRL, body);
    case RPL_PCS_KIND_COUNT:
        break;
    }
    return rpl_fail(RPL_INTERNAL, "collateral: no such kind of answer");
}

void rpl_collateral_set_free(rpl_collateral_set *set)
{
    for (size_t i = 0; i < PARTS; i++)
        free(set->part[i]);
    *set = (rpl_collateral_set){0};
}
