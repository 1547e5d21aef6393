/* roots.h - which root keys are believed: Intel's SGX Root CA and nothing else.
 *
 * rpl_roots_intel IS THE ONLY ROOT OF PRODUCTION. rpl_roots is a plain struct, and the verifier believes
 * whichever it is given: to fill one in by hand, or to copy a key into one, is to believe quotes that
 * anybody can forge. Nothing but a test may do so.
 *
 * The release library has exactly one constructor, rpl_roots_intel. A library built with
 * RPL_TEST_ROOTS has a second one that replaces Intel's key (never adds to it); it lives in
 * attestation/roots_testing.c, which a release does not compile.
 */
#ifndef RPL_ATTESTATION_ROOTS_H
#define RPL_ATTESTATION_ROOTS_H

#include "attestation/tdx/trust_anchor.h"
#include "base/reader.h"
#include "base/status.h"

rpl_roots rpl_roots_intel(void);
#ifdef RPL_TEST_ROOTS
/* From one PEM certificate. RPL_MALFORMED when it is not that of a P-256 key that signed itself. */
RPL_CHECKED rpl_status rpl_roots_test_from_pem(rpl_bytes pem, rpl_roots *out);
#endif

#endif
