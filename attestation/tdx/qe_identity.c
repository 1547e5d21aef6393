#include "attestation/tdx/qe_identity.h"

#include <stdio.h>

enum { ATTRIBUTE_INIT = 1, ATTRIBUTE_DEBUG = 2 };

#define GENUINE_QE "quotes must come from Intel's TD quoting enclave: ask the host's operator"

bool rpl_qe_identity_read(rpl_bytes text, rpl_verdict *verdict, rpl_qe_identity *identity)
{
    rpl_document_reader r = {.type = &rpl_document_qe_identity, .verdict = verdict};
    rpl_qe_identity *id = identity;
    *id = (rpl_qe_identity){0};
    id->document = rpl_document_parse(&r, text);
    if (!id->document || !rpl_document_read_head(&r, id->document, &id->head))
        return false;
    const json_t *d = id->document;
    rpl_document_hex(&r, d, "miscselect", id->misc_select, sizeof(id->misc_select));
    rpl_document_hex(&r, d, "miscselectMask", id->misc_select_mask, sizeof(id->misc_select_mask));
    rpl_document_hex(&r, d, "attributes", id->attributes, sizeof(id->attributes));
    rpl_document_hex(&r, d, "attributesMask", id->attributes_mask, sizeof(id->attributes_mask));
    rpl_document_hex(&r, d, "mrsigner", id->mrsigner, sizeof(id->mrsigner));
    id->isv_prod_id = (uint16_t)rpl_document_uint(&r, d, "isvprodid", UINT16_MAX);
    rpl_svn_levels_read(&r, d, UINT16_MAX, id->levels, RPL_LEVELS_MAX, &id->n_levels);
    if (!r.failed)
        rpl_verdict_pass(verdict, RPL_CHECK_QE_IDENTITY);
    return !r.failed;
}

void rpl_qe_identity_free(rpl_qe_identity *identity)
{
    json_decref(identity->document);
    identity->document = NULL;
}

/* The expected value is not masked: what it demands outside the mask can never be met. */
static bool masked_equal(const uint8_t *got, const uint8_t *mask, const uint8_t *want, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if ((got[i] & mask[i]) != want[i])
            return false;
    }
    return true;
}

static void check_attributes(const rpl_qe_identity *id, const rpl_qe_report *report,
                             rpl_verdict *verdict)
{
    const rpl_bytes got = rpl_bytes_of(report->attributes, sizeof(report->attributes));
    const uint8_t flags = report->attributes[0];
    if (!masked_equal(report->attributes, id->attributes_mask, id->attributes, got.len))
        rpl_verdict_fail_bytes(verdict, RPL_CHECK_QE_REPORT, "QE_ATTRIBUTES", got,
                               rpl_bytes_of(id->attributes, sizeof(id->attributes)), GENUINE_QE);
    else if (!(flags & ATTRIBUTE_INIT))
        rpl_verdict_fail(verdict, RPL_CHECK_QE_REPORT, "QE_ATTRIBUTES", "INIT is clear",
                         "an initialised enclave", GENUINE_QE);
    if (flags & ATTRIBUTE_DEBUG)
        rpl_verdict_fail(verdict, RPL_CHECK_QE_REPORT, "QE_DEBUG", "DEBUG is set",
                         "a production enclave", GENUINE_QE);
}

static void check_product(const rpl_qe_identity *id, const rpl_qe_report *report,
                          rpl_verdict *verdict)
{
    if (!masked_equal(report->misc_select, id->misc_select_mask, id->misc_select,
                      sizeof(id->misc_select)))
        rpl_verdict_fail_bytes(verdict, RPL_CHECK_QE_REPORT, "QE_MISCSELECT",
                               rpl_bytes_of(report->misc_select, sizeof(report->misc_select)),
                               rpl_bytes_of(id->misc_select, sizeof(id->misc_select)), GENUINE_QE);
    const rpl_bytes got = rpl_bytes_of(report->mrsigner, sizeof(report->mrsigner));
    const rpl_bytes want = rpl_bytes_of(id->mrsigner, sizeof(id->mrsigner));
    if (!rpl_bytes_equal(got, want))
        rpl_verdict_fail_bytes(verdict, RPL_CHECK_QE_REPORT, "QE_MRSIGNER", got, want, GENUINE_QE);
    if (report->isv_prod_id != id->isv_prod_id) {
        char got_id[16], want_id[16];
        snprintf(got_id, sizeof(got_id), "%u", report->isv_prod_id);
        snprintf(want_id, sizeof(want_id), "%u", id->isv_prod_id);
        rpl_verdict_fail(verdict, RPL_CHECK_QE_REPORT, "QE_ISVPRODID", got_id, want_id, GENUINE_QE);
    }
}

const rpl_svn_level *rpl_qe_identity_check(const rpl_qe_identity *identity,
                                           const rpl_qe_report *report, rpl_verdict *verdict)
{
    char got[32], want[RPL_LOWEST_TEXT_SIZE];
    check_product(identity, report, verdict);
    check_attributes(identity, report, verdict);
    const rpl_svn_level *level =
        rpl_svn_levels_match(identity->levels, identity->n_levels, report->isv_svn);
    snprintf(got, sizeof(got), "isvsvn is %u", report->isv_svn);
    rpl_svn_levels_lowest_text(identity->levels, identity->n_levels, want);
    if (!level)
        rpl_verdict_fail(verdict, RPL_CHECK_QE_REPORT, "QE_TCB_NOT_SUPPORTED", got, want,
                         "the host must install a current quoting enclave");
    else if (level->status == RPL_TCB_REVOKED)
        rpl_verdict_fail(verdict, RPL_CHECK_QE_REPORT, "TCB_REVOKED", got, want,
                         "the host must install a current quoting enclave");
    rpl_verdict_pass(verdict, RPL_CHECK_QE_REPORT);
    return level;
}
