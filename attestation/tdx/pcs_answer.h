/* pcs_answer.h - what to ask Intel's provisioning service (or a caching PCCS) for, and how to take its
 * answers apart. Bytes only: who sends the requests is elsewhere, and nothing here is believed before
 * its signature has been verified. The answer to a request for a CRL is the CRL, in one of the forms
 * that crl.h tells apart.
 *
 * Source: Intel PCS API v4; the PCCS of Intel's DCAP has the same paths.
 */
#ifndef RPL_ATTESTATION_TDX_PCS_ANSWER_H
#define RPL_ATTESTATION_TDX_PCS_ANSWER_H

#include "base/reader.h"
#include "base/status.h"

typedef enum {
    RPL_PCS_TCB_INFO = 0,
    RPL_PCS_QE_IDENTITY,
    RPL_PCS_PCK_CRL,
    RPL_PCS_ROOT_CRL,
    RPL_PCS_KIND_COUNT
} rpl_pcs_kind;

enum {
    RPL_PCS_PATH_MAX = 96,         /* characters with the terminating zero */
    RPL_PCS_CHAIN_MAX = 16384,     /* bytes of a decoded issuer chain; two certificates */
    RPL_PCS_JSON_MAX = 256 * 1024, /* bytes of a JSON body */
    RPL_PCS_CRL_MAX = 2 << 20,     /* bytes of a CRL's body: DER, PEM, or hex of DER */
};

/* Intel publishes the root CRL on another host than the rest; a PCCS has it at its own path. */
#define RPL_PCS_ROOT_CRL_URL "https://certificates.trustedservices.intel.com/IntelSGXRootCA.der"

/* Path and query of the request. `fmspc` counts for the TCB info only, `processor_ca` for the PCK CRL
 * only. RPL_PCS_ROOT_CRL is the path of a PCCS. */
void rpl_pcs_path(rpl_pcs_kind kind, const uint8_t fmspc[static 6], bool processor_ca,
                  char path[static RPL_PCS_PATH_MAX]);

/* The response header that holds the issuer chain, compared without case; `i` counts the names it
 * goes by, most usual first. NULL behind the last, and for CRLs, whose chain nobody needs. */
const char *rpl_pcs_chain_header(rpl_pcs_kind kind, size_t i);

/* The PEM text of such a header's value: %XX becomes a byte, everything else stays ('+' is a
 * character of base64, not a space).
 *   out   room for value.len bytes; never grows
 * RPL_MALFORMED  a % without two hex digits; RPL_TOO_LARGE  over RPL_PCS_CHAIN_MAX */
RPL_CHECKED rpl_status rpl_pcs_chain_decode(rpl_bytes value, uint8_t *out, size_t *len);

/* The two members of a JSON body: `value` is the exact bytes that the signature covers, `signature`
 * its hex characters. Both borrow `body`.
 * RPL_MALFORMED  not one strict JSON object with both; RPL_TOO_LARGE */
RPL_CHECKED rpl_status rpl_pcs_json_split(rpl_pcs_kind kind, rpl_bytes body, rpl_bytes *value,
                                          rpl_bytes *signature);

#endif
