/* verify_bytes.h - the verifier in one call, in types that C++ and foreign function interfaces know.
 * It has the default policy and Intel's root, always: no parameter and no setting of a production build
 * makes it believe another. Whoever needs another policy, or the two steps of a verification apart, takes
 * verify.h (with rpl_roots_intel, the only root of production: roots.h). No I/O, no clock.
 *
 * WARNING: a quote by itself proves nothing about whoever sent it. It says that some genuine TD, anybody's,
 * had some 64 bytes put into it; a recorded quote of a stranger's TD verifies as well as a fresh one of
 * yours. "Admitted" means that this is the peer you speak to, and now, only if those 64 bytes were derived
 * from what is yours to know: a nonce that you chose, and the key or channel that the peer uses. Give them
 * as `report_data`. And that the right code runs in it is said by measurements and event log alone: compare
 * them with what you expect.
 */
#ifndef RPL_ATTESTATION_VERIFY_BYTES_H
#define RPL_ATTESTATION_VERIFY_BYTES_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define RPL_VERIFY_REPORT_DATA_LEN 64

/* All borrowed for the length of the call. */
typedef struct {
    const void *quote; /* raw, with or without zeros behind it */
    size_t quote_len;
    const void *collateral; /* a bundle: one JSON object of nine strings, collateral_bundle.h */
    size_t collateral_len;
    const void *event_log; /* JSON as the guest agent gives it; NULL: what ran is not looked at */
    size_t event_log_len;
    int64_t now; /* unix seconds at which it must hold */
    /* The 64 bytes that must stand in the quote (RPL_VERIFY_REPORT_DATA_LEN); any other length refuses.
     * NULL refuses, too, unless any_report_data is not 0: then the caller compares by itself what the
     * report says ("report_data"), and an admission holds for every genuine TD. */
    const void *report_data;
    size_t report_data_len;
    int any_report_data;
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
