/* quote.h - the TDX quote as bytes and as fields. Reading only: nothing here decides whether to
 * believe it.
 *
 * Source: Intel TDX DCAP Quoting Library API, appendix A (quote formats, versions 4 and 5). All
 * integers little-endian, signatures r || s and keys x || y big-endian.
 */
#ifndef RPL_ATTESTATION_TDX_QUOTE_H
#define RPL_ATTESTATION_TDX_QUOTE_H

#include "base/reader.h"
#include "base/status.h"

#define RPL_QUOTE_MAX 65536 /* bytes; real ones are 5,006 or 8,000 with their padding */

/* What the TDX module measured, SHA-384 each. */
typedef struct {
    uint8_t mrtd[48];    /* build-time contents of the TD */
    uint8_t rtmr[4][48]; /* run-time registers; which event goes where is the image's business */
} rpl_measurement;

/* The Intel SGX enclave report (384 bytes) by which the quoting enclave vouches for its key. */
typedef struct {
    uint8_t cpu_svn[16], misc_select[4], attributes[16];
    uint8_t mrenclave[32], mrsigner[32];
    uint16_t isv_prod_id, isv_svn;
    uint8_t report_data[64];
} rpl_qe_report;

typedef struct {
    uint16_t version, body_type; /* body_type: 2 TD report 1.0, 3 TD report 1.5 (2 for version 4) */
    uint8_t tee_tcb_svn[16];
    uint8_t mr_seam[48], mrsigner_seam[48], seam_attributes[8];
    uint64_t td_attributes, xfam;
    rpl_measurement measurement;
    uint8_t mr_config_id[48], mr_owner[48], mr_owner_config[48];
    uint8_t report_data[64];                    /* the caller's 64 bytes, bound into the quote */
    uint8_t tee_tcb_svn2[16], mr_servicetd[48]; /* TD report 1.5 only, else zero */
    rpl_bytes canonical;                        /* the quote without its unsigned padding */
    rpl_bytes signed_part;                /* header and body: what the attestation key signed */
    rpl_bytes signature, attestation_key; /* 64 bytes each */
    rpl_bytes qe_report_bytes;            /* 384 bytes, signed by the PCK key */
    rpl_qe_report qe_report;
    rpl_bytes qe_report_signature; /* 64 bytes */
    rpl_bytes qe_auth_data;
    rpl_bytes pck_pem; /* PEM: leaf, intermediate, root */
} rpl_quote;

/* What is wrong with a quote that can be read all the same: HEADER_RESERVED QE_VENDOR TRAILING. */
enum { RPL_QUOTE_FAULTS_MAX = 3 };
typedef struct {
    const char *code;  /* static */
    rpl_status status; /* RPL_MALFORMED, with what and where */
} rpl_quote_fault;
typedef struct {
    size_t count;
    rpl_quote_fault list[RPL_QUOTE_FAULTS_MAX];
} rpl_quote_faults;

/* Reads `input` into `*quote`; checks no signature and judges no value beyond the format.
 *   input   one whole quote, at most RPL_QUOTE_MAX bytes; borrowed: the views in *quote point into it
 *   quote   written only on success
 *   code    on failure the static code of the broken rule: QUOTE_VERSION QUOTE_FORMAT ATT_KEY_TYPE
 *           TEE_TYPE HEADER_RESERVED QE_VENDOR BODY_TYPE CERT_TYPE_OUTER CERT_TYPE_INNER
 *           INNER_TRAILING TRAILING
 * RPL_TOO_LARGE  longer than RPL_QUOTE_MAX
 * RPL_MALFORMED  anything else; `at` is the offset */
RPL_CHECKED rpl_status rpl_quote_parse(rpl_bytes input, rpl_quote *quote, const char **code);
/* The same for whoever wants to know everything that is wrong: what is in `*faults`, also when the rest
 * does not read, has broken a rule, and a quote with any is never good. */
RPL_CHECKED rpl_status rpl_quote_read(rpl_bytes input, rpl_quote *quote, rpl_quote_faults *faults,
                                      const char **code);

/* How many of the first bytes of `input` are the quote (its canonical length), looking at nothing
 * but the header's version and the length fields; what follows is padding or a trailer. */
RPL_CHECKED rpl_status rpl_quote_canonical_len(rpl_bytes input, size_t *len);

#endif
