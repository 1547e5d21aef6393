/* trust_anchor.h - the one root key that a chain of certificates must end in, as a value. Which key that
 * is, is said by attestation/roots.h and nowhere else: in production take rpl_roots_intel, and never fill
 * in this struct.
 */
#ifndef RPL_ATTESTATION_TDX_TRUST_ANCHOR_H
#define RPL_ATTESTATION_TDX_TRUST_ANCHOR_H

#include <stdbool.h>
#include <stdint.h>

typedef struct {
    uint8_t key[65];         /* uncompressed P-256 point: 04 || x || y */
    uint8_t cert_digest[32]; /* SHA-256 of the root certificate's DER whose self-signature was
                                  verified beforehand; all zero when none was */
    bool is_test;
} rpl_roots;

#endif
