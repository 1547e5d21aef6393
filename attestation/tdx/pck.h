/* pck.h - what a PCK certificate says of its platform, in Intel's SGX extension.
 *
 * Source: Intel SGX PCK Certificate and CRL Profile Specification, OID 1.2.840.113741.1.13.1.
 */
#ifndef RPL_ATTESTATION_TDX_PCK_H
#define RPL_ATTESTATION_TDX_PCK_H

#include "attestation/tdx/chain.h"

typedef struct {
    uint8_t ppid[16];       /* the platform's identifier */
    uint8_t components[16]; /* SVNs: what TCB levels are compared with */
    uint16_t pcesvn;
    uint8_t cpusvn[16]; /* raw; informative: never compared */
    uint8_t pceid[2], fmspc[6];
    uint8_t sgx_type;           /* 0 standard, 1 scalable, 2 scalable with integrity */
    bool has_platform_instance; /* Platform CA only */
    uint8_t platform_instance_id[16];
    bool has_configuration;
    bool dynamic_platform, cached_keys, smt_enabled; /* false without configuration */
    bool processor_ca; /* issued by the Processor CA, else the Platform CA; set by rpl_pck_read */
} rpl_pck;

/* Reads the extension's value (exact DER); processor_ca stays false. Unknown members are ignored.
 * RPL_MALFORMED  a member missing, twice, of a wrong type, length or range, bytes left over; `what`
 *                says which */
RPL_CHECKED rpl_status rpl_pck_extension_parse(rpl_bytes der, rpl_pck *out);

/* The extension of the leaf of a PCK chain; runs pck.extension (PCK_EXTENSION). False, with *out
 * untouched, when it failed. */
RPL_CHECKED bool rpl_pck_read(const rpl_chain *chain, rpl_verdict *verdict, rpl_pck *out);

#endif
