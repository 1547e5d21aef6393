/* roots.h - which root keys are believed: Intel's SGX Root CA and nothing else.
 *
 * The release library has exactly one constructor, rpl_roots_intel. A library built with
 * RPL_TEST_ROOTS has a second one that replaces Intel's key (never adds to it); it lives in
 * attestation/roots_test.c, which a release does not compile.
 */
#ifndef RPL_ATTESTATION_ROOTS_H
#define RPL_ATTESTATION_ROOTS_H

#include "base/reader.h"
#include "base/status.h"

typedef struct {
    uint8_t key[65];         /* uncompressed P-256 point: 04 || x || y */
    uint8_t cert_digest[32]; /* SHA-256 of the root certificate's DER whose self-signature was
                                  verified beforehand; all zero when none was */
    bool is_test;
} rpl_roots;

rpl_roots rpl_roots_intel(void);
#ifdef RPL_TEST_ROOTS
/* From one PEM certificate. RPL_MALFORMED when it is not an EC P-256 certificate. */
RPL_CHECKED rpl_status rpl_roots_test_from_pem(rpl_bytes pem, rpl_roots *out);
#endif

#endif
