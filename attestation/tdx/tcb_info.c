#include "attestation/tdx/tcb_info.h"

#include "base/hex.h"

enum {
    STATUSES = 1u << RPL_TCB_UP_TO_DATE | 1u << RPL_TCB_SW_HARDENING_NEEDED |
               1u << RPL_TCB_CONFIGURATION_NEEDED |
               1u << RPL_TCB_CONFIGURATION_AND_SW_HARDENING_NEEDED | 1u << RPL_TCB_OUT_OF_DATE |
               1u << RPL_TCB_OUT_OF_DATE_CONFIGURATION_NEEDED | 1u << RPL_TCB_REVOKED,
    COMPONENTS = 16,
};

/* Exactly 16: a shorter list must not be compared with the shorter half of a platform's. */
static void read_components(rpl_document_reader *r, const json_t *tcb, const char *key,
                            uint8_t out[static COMPONENTS])
{
    const json_t *list = rpl_document_array(r, tcb, key, COMPONENTS);
    if (!list)
        return;
    if (json_array_size(list) != COMPONENTS) {
        rpl_document_reject(r, r->type->format, key, "16 components");
        return;
    }
    for (size_t i = 0; i < COMPONENTS; i++)
        out[i] = (uint8_t)rpl_document_uint(r, json_array_get(list, i), "svn", UINT8_MAX);
}

static rpl_tcb_level read_level(rpl_document_reader *r, const json_t *object)
{
    rpl_tcb_level level = {0};
    const json_t *tcb = rpl_document_object(r, object, "tcb");
    if (tcb) {
        read_components(r, tcb, "sgxtcbcomponents", level.sgx);
        read_components(r, tcb, "tdxtcbcomponents", level.tdx);
        level.tcb = tcb;
        level.pcesvn = (uint16_t)rpl_document_uint(r, tcb, "pcesvn", UINT16_MAX);
    }
    level.date = rpl_document_date(r, object, "tcbDate");
    level.status = rpl_document_status(r, object, STATUSES);
    level.advisories = rpl_document_advisories(r, object);
    return level;
}

/* The order of levels; it says nothing on whether a platform reaches one. */
static int compare(const rpl_tcb_level *a, const rpl_tcb_level *b)
{
    for (size_t i = 0; i < COMPONENTS; i++) {
        if (a->sgx[i] != b->sgx[i])
            return a->sgx[i] < b->sgx[i] ? -1 : 1;
    }
    if (a->pcesvn != b->pcesvn)
        return a->pcesvn < b->pcesvn ? -1 : 1;
    for (size_t i = 0; i < COMPONENTS; i++) {
        if (a->tdx[i] != b->tdx[i])
            return a->tdx[i] < b->tdx[i] ? -1 : 1;
    }
    return 0;
}

/* False when there is an equal level already. */
static bool insert(rpl_tcb_level *levels, size_t count, const rpl_tcb_level *level)
{
    size_t at = count;
    for (; at > 0 && compare(&levels[at - 1], level) < 0; at--)
        levels[at] = levels[at - 1];
    levels[at] = *level;
    return at == 0 || compare(&levels[at - 1], level) != 0;
}

static void read_levels(rpl_document_reader *r, const json_t *document, rpl_tcb_info *info)
{
    const json_t *list = rpl_document_array(r, document, "tcbLevels", RPL_LEVELS_MAX);
    info->n_levels = json_array_size(list);
    for (size_t i = 0; i < info->n_levels; i++) {
        const bool was_sound = !r->failed;
        const rpl_tcb_level level = read_level(r, json_array_get(list, i));
        if (!insert(info->levels, i, &level) && was_sound && !r->failed)
            rpl_document_reject(r, "TCB_INFO_DUPLICATE_LEVEL", "two levels of the same versions",
                                "one status for each");
    }
}

static void read_signer(rpl_document_reader *r, const json_t *object, rpl_module_signer *out)
{
    uint8_t mask[8];
    rpl_document_hex(r, object, "mrsigner", out->mrsigner, sizeof(out->mrsigner));
    rpl_document_hex(r, object, "attributes", out->attributes, sizeof(out->attributes));
    rpl_document_hex(r, object, "attributesMask", mask, sizeof(mask));
}

/* "TDX_01", in either case. */
static bool read_module_id(const json_t *object, uint8_t *version)
{
    rpl_bytes id;
    return rpl_json_get_text(object, "id", &id) && id.len == 6 &&
           strncasecmp((const char *)id.data, "TDX_", 4) == 0 &&
           rpl_hex_decode_exact(rpl_bytes_of(id.data + 4, 2), version, 1).code == RPL_OK;
}

static void read_module(rpl_document_reader *r, const json_t *object, rpl_tcb_info *info)
{
    rpl_tdx_module *module = &info->modules[info->n_modules];
    if (!read_module_id(object, &module->version))
        rpl_document_reject(r, r->type->format, "id of a TDX module", "TDX_ and two hex digits");
    else if (rpl_tcb_info_module(info, module->version))
        rpl_document_reject(r, "TDX_MODULE_DUP_ID", "two modules of one id", "one of each");
    read_signer(r, object, &module->signer);
    module->levels = &info->module_levels[info->n_module_levels];
    rpl_svn_levels_read(r, object, UINT8_MAX, &info->module_levels[info->n_module_levels],
                        RPL_LEVELS_MAX - info->n_module_levels, &module->n_levels);
    info->n_module_levels += module->n_levels;
    info->n_modules++;
}

static void read_modules(rpl_document_reader *r, const json_t *document, rpl_tcb_info *info)
{
    const json_t *signer = rpl_document_object(r, document, "tdxModule");
    if (signer)
        read_signer(r, signer, &info->module);
    const json_t *member = json_object_get(document, "tdxModuleIdentities");
    if (!member || (json_is_array(member) && json_array_size(member) == 0))
        return;
    const json_t *list =
        rpl_document_array(r, document, "tdxModuleIdentities", RPL_TDX_MODULES_MAX);
    for (size_t i = 0; i < json_array_size(list); i++)
        read_module(r, json_array_get(list, i), info);
}

static void read_type(rpl_document_reader *r, const json_t *document)
{
    uint64_t type = 0;
    const bool is_number = rpl_json_get_uint(document, "tcbType", UINT32_MAX, &type);
    if (!is_number)
        rpl_document_reject(r, r->type->format, "tcbType", "a plain integer in range");
    if (!is_number || type != 0)
        rpl_document_reject(r, "TCB_TYPE", "a tcbType other than 0", "0");
}

bool rpl_tcb_info_read(rpl_bytes text, rpl_verdict *verdict, rpl_tcb_info *info)
{
    rpl_document_reader r = {.type = &rpl_document_tcb_info, .verdict = verdict};
    *info = (rpl_tcb_info){0};
    info->document = rpl_document_parse(&r, text);
    if (!info->document || !rpl_document_read_head(&r, info->document, &info->head))
        return false;
    read_type(&r, info->document);
    rpl_document_hex(&r, info->document, "fmspc", info->fmspc, sizeof(info->fmspc));
    rpl_document_hex(&r, info->document, "pceId", info->pceid, sizeof(info->pceid));
    read_modules(&r, info->document, info);
    read_levels(&r, info->document, info);
    if (!r.failed)
        rpl_verdict_pass(verdict, RPL_CHECK_TCB_INFO);
    return !r.failed;
}

void rpl_tcb_info_free(rpl_tcb_info *info)
{
    json_decref(info->document);
    info->document = NULL;
}

const rpl_tdx_module *rpl_tcb_info_module(const rpl_tcb_info *info, uint8_t version)
{
    for (size_t i = 0; i < info->n_modules; i++) {
        if (info->modules[i].version == version)
            return &info->modules[i];
    }
    return NULL;
}
