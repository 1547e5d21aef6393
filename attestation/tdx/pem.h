/* pem.h - the strict PEM of certificate chains: an exact number of CERTIFICATE blocks and nothing
 * else, so that a chain has one spelling.
 *
 *   ("-----BEGIN CERTIFICATE-----" EOL (1..76 base64 characters EOL)+ "-----END CERTIFICATE-----" EOL?)
 *   exactly `count` times, EOL = LF or CRLF, then at most one zero byte where `zero_allowed`.
 * Base64 with padding at the end only and unused bits zero. A certificate has at most
 * RPL_CERTIFICATE_MAX bytes.
 */
#ifndef RPL_ATTESTATION_TDX_PEM_H
#define RPL_ATTESTATION_TDX_PEM_H

#include "base/reader.h"
#include "base/status.h"

enum { RPL_CERTIFICATE_MAX = 4096, RPL_CHAIN_MAX = 3 };

/* Decoded DER of up to three certificates. */
typedef struct {
    size_t count;
    size_t len[RPL_CHAIN_MAX];
    uint8_t der[RPL_CHAIN_MAX][RPL_CERTIFICATE_MAX];
} rpl_pem_chain;

/* `*code` is set on failure: PEM_FORMAT, or CHAIN_LEN for well-formed blocks of another number. *out then
 * holds what was read until the failure: when that is all `count` certificates (an empty line between
 * them, something behind them), what else is wrong with them can still be said.
 * RPL_MALFORMED  `at` says where in the text */
RPL_CHECKED rpl_status rpl_pem_decode(rpl_bytes pem, size_t count, bool zero_allowed,
                                      rpl_pem_chain *out, const char **code);

/* One block of `label` ("X509 CRL"), alone in the text. `scratch` needs text.len bytes twice; *der
 * is a view into it. RPL_MALFORMED: `at` says where. */
RPL_CHECKED rpl_status rpl_pem_decode_one(rpl_bytes text, const char *label, uint8_t *scratch,
                                          rpl_bytes *der);

#endif
