/* signed_document.h - what TCB info and QE identity have in common: a JSON value signed by Intel's
 * TCB signing key, of one kind and version, in force between two dates.
 *
 * Source: Intel PCS API v4, "Get TDX TCB Info" and "Get TD QE Identity". The signature covers the
 * bytes of the member's value exactly as received and is checked before anything is parsed; nothing
 * is ever serialised again to be verified.
 */
#ifndef RPL_ATTESTATION_TDX_SIGNED_DOCUMENT_H
#define RPL_ATTESTATION_TDX_SIGNED_DOCUMENT_H

#include "attestation/tdx/ossl.h"
#include "attestation/tdx/tcb_status.h"
#include "attestation/tdx/verdict.h"
#include "base/json.h"

enum {
    RPL_DOCUMENT_MAX = 256 * 1024, /* bytes of JSON */
    RPL_ADVISORIES_PER_LEVEL_MAX = 64,
    RPL_LEVELS_MAX = 256,
};

/* One kind of document, and how the verdict speaks of it. All texts are static. */
typedef struct {
    const char *id; /* member "id" */
    uint64_t version;
    rpl_check check, validity;
    const char *format, *kind, *signature, *depth, *duplicate, *expired, *not_yet_valid; /* codes */
} rpl_document_type;

extern const rpl_document_type rpl_document_tcb_info, rpl_document_qe_identity;

typedef struct {
    int64_t issue_date, next_update; /* unix seconds; both ends are inside */
    uint32_t evaluation_number;      /* tcbEvaluationDataNumber */
} rpl_document_head;

/* True when `signature` (128 hex characters) by `key` over the bytes of `text` holds; else the
 * document's check fails with its signature code. */
RPL_CHECKED bool rpl_document_verify(const rpl_document_type *type, rpl_bytes text,
                                     rpl_bytes signature, EVP_PKEY *key, rpl_verdict *verdict);

/* Reads members one by one and collects what is wrong with them into `verdict`: each code once, so
 * that a hundred bad levels do not crowd out another finding. `failed` says whether any was. */
typedef struct {
    const rpl_document_type *type;
    rpl_verdict *verdict;
    bool failed;
} rpl_document_reader;

/* Strict JSON. NULL after a finding (format, depth, duplicate); else owned by the caller. */
json_t *rpl_document_parse(rpl_document_reader *r, rpl_bytes text);
/* id, version, dates and evaluation number. False when it is a document of another kind, whose
 * members must then not be read. */
RPL_CHECKED bool rpl_document_read_head(rpl_document_reader *r, const json_t *document,
                                        rpl_document_head *head);
/* Passes or fails the document's validity check. */
void rpl_document_check_validity(const rpl_document_type *type, const rpl_document_head *head,
                                 int64_t now, rpl_verdict *verdict);

void rpl_document_reject(rpl_document_reader *r, const char *code, const char *got,
                         const char *want);
/* Each reads one member of `object`; after a finding the value is zero, empty or NULL. */
uint64_t rpl_document_uint(rpl_document_reader *r, const json_t *object, const char *key,
                           uint64_t max);
void rpl_document_hex(rpl_document_reader *r, const json_t *object, const char *key, uint8_t *out,
                      size_t len);
const json_t *rpl_document_object(rpl_document_reader *r, const json_t *object, const char *key);
/* With 1 to `max` elements, all of them objects. */
const json_t *rpl_document_array(rpl_document_reader *r, const json_t *object, const char *key,
                                 size_t max);
int64_t rpl_document_date(rpl_document_reader *r, const json_t *object, const char *key);
/* Member "tcbStatus", one of the set `allowed` (1u << rpl_tcb_status, or-ed). */
rpl_tcb_status rpl_document_status(rpl_document_reader *r, const json_t *object, unsigned allowed);
/* Member "advisoryIDs": an array of short printable texts, or NULL when absent. Borrowed. */
const json_t *rpl_document_advisories(rpl_document_reader *r, const json_t *object);

/* Exactly YYYY-MM-DDThh:mm:ssZ and a day of the calendar. */
RPL_CHECKED bool rpl_document_date_parse(rpl_bytes text, int64_t *out);

#endif
