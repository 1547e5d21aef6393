/* tcb_info.h - Intel's statement on one kind of platform (FMSPC): which versions of CPU, PCE and TDX
 * module are of which status. Reading only; tcb_level.h compares a platform with it.
 *
 * Source: Intel PCS API v4, "Get TDX TCB Info", TCB info version 3 with id "TDX".
 */
#ifndef RPL_ATTESTATION_TDX_TCB_INFO_H
#define RPL_ATTESTATION_TDX_TCB_INFO_H

#include "attestation/tdx/svn_levels.h"

enum { RPL_TDX_MODULES_MAX = 32 };

/* Who must have signed a TDX module. Intel publishes a mask and does not use it; nor do we. */
typedef struct {
    uint8_t mrsigner[48], attributes[8];
} rpl_module_signer;

/* Modules of one line: "TDX_01", "TDX_03", .. */
typedef struct {
    uint8_t version; /* 0x01: what tee_tcb_svn[1] of a quote names */
    rpl_module_signer signer;
    const rpl_svn_level *levels; /* highest first; points into the rpl_tcb_info */
    size_t n_levels;
} rpl_tdx_module;

typedef struct {
    uint8_t sgx[16], tdx[16];
    uint16_t pcesvn;
    rpl_tcb_status status;
    int64_t date;
    const json_t *advisories; /* texts, or NULL; borrowed from the document */
    const json_t *tcb;        /* member "tcb", for the names of its components; borrowed */
} rpl_tcb_level;

/* Large (about 30 KiB) and pointing into itself: never copied. */
typedef struct {
    json_t *document; /* owned */
    rpl_document_head head;
    uint8_t fmspc[6], pceid[2];
    rpl_module_signer module; /* of the modules of line 0 */
    size_t n_modules;
    rpl_tdx_module modules[RPL_TDX_MODULES_MAX];
    size_t n_levels;
    rpl_tcb_level levels[RPL_LEVELS_MAX]; /* highest first, whatever the order in the document */
    size_t n_module_levels;
    rpl_svn_level module_levels[RPL_LEVELS_MAX]; /* of all modules */
} rpl_tcb_info;

/* Reads a document whose signature holds. True and tcb.info passed, or false and tcb.info failed with
 * every reason: TCB_INFO_FORMAT, _DEPTH, _DUP_KEY, _KIND, _DUPLICATE_LEVEL, TCB_TYPE, DATE_FORMAT,
 * TCB_STATUS_UNKNOWN, TDX_MODULE_DUP_ID. `*info` is released with rpl_tcb_info_free in both cases. */
RPL_CHECKED bool rpl_tcb_info_read(rpl_bytes text, rpl_verdict *verdict, rpl_tcb_info *info);
void rpl_tcb_info_free(rpl_tcb_info *info);

/* NULL when there is none of this line. */
const rpl_tdx_module *rpl_tcb_info_module(const rpl_tcb_info *info, uint8_t version);

#endif
