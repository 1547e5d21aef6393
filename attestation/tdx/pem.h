/* pem.h - a chain of certificates as PEM text, read strictly.
 *
 *   ("-----BEGIN CERTIFICATE-----" EOL (1..76 base64 characters EOL)+ "-----END CERTIFICATE-----" EOL?)
 * exactly `count` times, EOL being LF or CRLF, and nothing between, before or behind. RFC 7468 lets
 * readers be lenient; a verifier that ignores text lets others put text there.
 */
#ifndef RPL_ATTESTATION_TDX_PEM_H
#define RPL_ATTESTATION_TDX_PEM_H

#include "base/reader.h"
#include "base/status.h"

enum {
    RPL_CERTIFICATE_MAX = 4096, /* bytes of DER; Intel's have 659 to 1,269 */
    RPL_CERTIFICATES_MAX = 3,   /* in one chain */
};

/* The codes of a refusal. */
extern const char rpl_pem_format[];    /* "PEM_FORMAT": not such text */
extern const char rpl_pem_chain_len[]; /* "CHAIN_LEN": such text, but more or fewer certificates */

/* The certificates of one chain as DER. */
typedef struct {
    size_t len[RPL_CERTIFICATES_MAX];
    uint8_t der[RPL_CERTIFICATES_MAX][RPL_CERTIFICATE_MAX];
} rpl_pem_chain;

typedef enum { RPL_PEM_NO_NUL, RPL_PEM_MAY_END_IN_NUL } rpl_pem_end; /* quotes have one zero byte */

/* Decodes exactly `count` certificates (1..RPL_CERTIFICATES_MAX); what is in them is not looked at.
 *   out   unspecified after a failure
 *   code  set on failure to one of the two above
 * RPL_MALFORMED  `at` says where in the text */
RPL_CHECKED rpl_status rpl_pem_decode_chain(rpl_bytes text, size_t count, rpl_pem_end end,
                                            rpl_pem_chain *out, const char **code);

/* One block of another `label` ("X509 CRL"), alone in the text, into `cap` bytes.
 * RPL_MALFORMED, RPL_TOO_LARGE */
RPL_CHECKED rpl_status rpl_pem_decode_one(rpl_bytes text, const char *label, uint8_t *out,
                                          size_t cap, size_t *len);

#endif
