/* verify_bytes.h - the verifier in one call, in types that C++ and foreign function interfaces know.
 * It has the default policy and Intel's root; whoever needs another policy, or the two steps of a
 * verification apart, takes verify.h. No I/O, no clock.
 */
#ifndef RPL_ATTESTATION_VERIFY_BYTES_H
#define RPL_ATTESTATION_VERIFY_BYTES_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* All borrowed for the length of the call. */
typedef struct {
    const void *quote; /* raw, with or without zeros behind it */
    size_t quote_len;
    const void *collateral; /* a bundle: one JSON object of nine strings, collateral_bundle.h */
    size_t collateral_len;
    const void *event_log; /* JSON as the guest agent gives it; NULL: what ran is not looked at */
    size_t event_log_len;
    int64_t now; /* unix seconds at which it must hold */
} rpl_verify_request;

typedef enum {
    RPL_VERIFY_ADMITTED = 0,
    RPL_VERIFY_REFUSED = 1,      /* the report says why */
    RPL_VERIFY_NOT_EVALUATED = 2 /* no memory; no report */
} rpl_verify_outcome;

/* `*report` receives the verdict and what the quote states as JSON (verdict_json.h), zero-terminated and
 * owned by the caller (free); NULL when there is none. `report` itself may be NULL. */
rpl_verify_outcome rpl_verify_bytes(const rpl_verify_request *request, char **report);

#ifdef __cplusplus
}
#endif

#endif
