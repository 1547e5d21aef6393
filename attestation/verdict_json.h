/* verdict_json.h - a verdict, and what a quote states, as JSON: the same text in a refusal's body, in
 * the output of `replicatoorctl verify` and in a custody record.
 *
 * All texts are ours or hex of public bytes. Each result is owned by the caller; NULL when memory ran
 * out.
 */
#ifndef RPL_ATTESTATION_VERDICT_JSON_H
#define RPL_ATTESTATION_VERDICT_JSON_H

#include "attestation/verify.h"
#include "base/json.h"

/* {"admitted": bool, "failed": ["CODE", ..], "checks": [{"id", "ok", "code", "got", "want", "fix"}]}.
 * One entry for each required check, and one for each further finding of the same check; "ok" is null
 * for a check that could not run, the four texts are null where there is nothing to say. */
json_t *rpl_verdict_json(const rpl_verdict *verdict);

/* The fields of the quote: integers as numbers, all else as hex of the bytes in the quote's order. */
json_t *rpl_quote_json(const rpl_quote *quote);

/* Where the TCB status comes from: statuses by part, date, evaluation numbers, the window in which all
 * that was used is valid, the platform ("device" is the SHA-256 of its PPID). */
json_t *rpl_facts_json(const rpl_quote_facts *facts);

/* All in one: the members of rpl_verdict_json, "status" and "advisories" (null and empty until
 * evaluated), "quote" (null when it could not be read) and "tcb". */
json_t *rpl_verification_json(const rpl_verdict *verdict, const rpl_quote_facts *facts);

#endif
