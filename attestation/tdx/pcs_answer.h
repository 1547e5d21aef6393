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
    RPL_PCS_BASE_MAX = 256, /* characters of an address with the terminating zero */
    RPL_PCS_PATH_MAX = 96,  /* the same of a path */
    RPL_PCS_URL_MAX = RPL_PCS_BASE_MAX + RPL_PCS_PATH_MAX,
    RPL_PCS_CHAIN_MAX = 16384,     /* bytes of a decoded issuer chain; two certificates */
    RPL_PCS_JSON_MAX = 256 * 1024, /* bytes of a JSON body */
    RPL_PCS_CRL_MAX = 2 << 20,     /* bytes of a CRL's body: DER, PEM, or hex of DER */
    RPL_PCS_RETRY_MAX_S = 3600,    /* no service is believed when it wants more rest than this */
};

/* Intel's own service, and where it publishes the root CRL: on another host than the rest. A PCCS
 * has the list at its own path. */
#define RPL_PCS_INTEL        "https://api.trustedservices.intel.com"
#define RPL_PCS_ROOT_CRL_URL "https://certificates.trustedservices.intel.com/IntelSGXRootCA.der"

/* One document. What does not tell documents of its kind apart is zero. */
typedef struct {
    rpl_pcs_kind kind;
    uint8_t fmspc[6]; /* TCB info */
    bool early; /* TCB info, QE identity: the view that Intel publishes first (update=early) */
    bool processor_ca; /* PCK CRL: of the Processor CA, else of the Platform CA */
} rpl_pcs_ask;

/* The same document, at another time perhaps. */
RPL_CHECKED bool rpl_pcs_same(const rpl_pcs_ask *a, const rpl_pcs_ask *b);
/* "TCB info", .. : for logs and findings. */
const char *rpl_pcs_name(const rpl_pcs_ask *ask);
/* Bytes that the answer's body may have. */
size_t rpl_pcs_body_max(const rpl_pcs_ask *ask);

/* An address as people write it becomes scheme, host and port: one slash at its end and the folder
 * that Intel's configurations name (/sgx/certification/v4, /tdx/certification/v4) are left out.
 * False: not http(s), another path, a query, a user name, or too long. */
RPL_CHECKED bool rpl_pcs_base_parse(rpl_bytes text, char base[static RPL_PCS_BASE_MAX]);
/* Path and query of the request; for RPL_PCS_ROOT_CRL that of a PCCS. */
void rpl_pcs_path(const rpl_pcs_ask *ask, char path[static RPL_PCS_PATH_MAX]);
/* The whole address at the service `base`. */
void rpl_pcs_url(const rpl_pcs_ask *ask, const char *base, char url[static RPL_PCS_URL_MAX]);

/* What an HTTP status means here. RPL_OK for 200 alone; else RPL_UNAVAILABLE and why. */
RPL_CHECKED rpl_status rpl_pcs_status(long http_status);
/* Seconds of a Retry-After header: digits, at most RPL_PCS_RETRY_MAX_S; 0 for anything else (a date
 * is no use without a clock that the service shares). */
uint32_t rpl_pcs_retry_after(rpl_bytes value);

/* The response header that holds the issuer chain, compared without case; `i` counts the names it
 * goes by, most usual first. NULL behind the last, and for the root CRL. That of a PCK CRL is good
 * for bundles alone: the list is verified with the CA of the quote's own chain. */
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
