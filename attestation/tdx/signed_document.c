#include "attestation/tdx/signed_document.h"

#include <stdio.h>

#include "attestation/tdx/calendar.h"
#include "base/hex.h"

#define FRESHEN "fetch the collateral again, and look at the clock"
#define REFETCH "fetch the document again from Intel's provisioning service"

const rpl_document_type rpl_document_tcb_info = {
    .id = "TDX",
    .version = 3,
    .check = RPL_CHECK_TCB_INFO,
    .validity = RPL_CHECK_TCB_VALIDITY,
    .format = "TCB_INFO_FORMAT",
    .kind = "TCB_INFO_KIND",
    .signature = "TCB_INFO_SIGNATURE",
    .depth = "TCB_INFO_DEPTH",
    .duplicate = "TCB_INFO_DUP_KEY",
    .expired = "TCB_INFO_EXPIRED",
    .not_yet_valid = "TCB_INFO_NOT_YET_VALID",
};

const rpl_document_type rpl_document_qe_identity = {
    .id = "TD_QE",
    .version = 2,
    .check = RPL_CHECK_QE_IDENTITY,
    .validity = RPL_CHECK_QE_VALIDITY,
    .format = "QE_IDENTITY_FORMAT",
    .kind = "QE_IDENTITY_KIND",
    .signature = "QE_IDENTITY_SIGNATURE",
    .depth = "QE_IDENTITY_FORMAT",
    .duplicate = "QE_IDENTITY_FORMAT",
    .expired = "QE_IDENTITY_EXPIRED",
    .not_yet_valid = "QE_IDENTITY_NOT_YET_VALID",
};

bool rpl_document_verify(const rpl_document_type *type, rpl_bytes text, rpl_bytes signature,
                         EVP_PKEY *key, rpl_verdict *verdict)
{
    uint8_t raw[RPL_P256_SIGNATURE_LEN];
    if (signature.len == 2 * sizeof(raw) &&
        rpl_hex_decode_exact(signature, raw, sizeof(raw)).code == RPL_OK &&
        rpl_p256_verify(key, text, rpl_bytes_of(raw, sizeof(raw))))
        return true;
    rpl_verdict_fail(verdict, type->check, type->signature, "a signature that does not hold",
                     "128 hex digits: ECDSA by Intel's TCB signing key over the exact bytes",
                     REFETCH);
    return false;
}

static bool already_said(const rpl_document_reader *r, const char *code)
{
    for (size_t i = 0; i < r->verdict->n_findings; i++) {
        const rpl_finding *f = &r->verdict->findings[i];
        if (f->check == r->type->check && strcmp(f->code, code) == 0)
            return true;
    }
    return false;
}

void rpl_document_reject(rpl_document_reader *r, const char *code, const char *got,
                         const char *want)
{
    r->failed = true;
    if (!already_said(r, code))
        rpl_verdict_fail(r->verdict, r->type->check, code, got, want, REFETCH);
}

static void reject_member(rpl_document_reader *r, const char *key, const char *want)
{
    rpl_document_reject(r, r->type->format, key, want);
}

/* For a finding: printable, and never longer than its field. */
static const char *printable(rpl_bytes text, char out[static 64])
{
    size_t n = 0;
    for (; n < text.len && n < 63; n++)
        out[n] = text.data[n] >= 0x20 && text.data[n] < 0x7f ? (char)text.data[n] : '?';
    out[n] = '\0';
    return out;
}

json_t *rpl_document_parse(rpl_document_reader *r, rpl_bytes text)
{
    json_t *parsed = NULL;
    const rpl_status s = rpl_json_parse(text, RPL_DOCUMENT_MAX, &parsed);
    if (s.code == RPL_INTERNAL) {
        r->failed = true;
        rpl_verdict_starve(r->verdict);
        return NULL;
    }
    if (s.code != RPL_OK) {
        const char *code = r->type->format;
        if (s.what == rpl_json_too_deep)
            code = r->type->depth;
        if (s.what == rpl_json_duplicate)
            code = r->type->duplicate;
        rpl_document_reject(r, code, s.what, "one strict JSON object");
        return NULL;
    }
    if (!json_is_object(parsed)) {
        rpl_document_reject(r, r->type->format, "another JSON value", "one strict JSON object");
        json_decref(parsed);
        return NULL;
    }
    return parsed;
}

/* A document of another version is of another kind, and in a format that nobody here can read. */
static void read_version(rpl_document_reader *r, const json_t *document)
{
    const uint64_t version = rpl_document_uint(r, document, "version", UINT32_MAX);
    if (r->failed || version == r->type->version)
        return;
    char got[32], want[32];
    snprintf(got, sizeof(got), "version %u", (unsigned)version);
    snprintf(want, sizeof(want), "version %u", (unsigned)r->type->version);
    rpl_document_reject(r, r->type->kind, got, want);
    rpl_document_reject(r, r->type->format, got, want);
}

bool rpl_document_read_head(rpl_document_reader *r, const json_t *document, rpl_document_head *head)
{
    rpl_bytes id;
    char got[64];
    const bool has_id = rpl_json_get_text(document, "id", &id);
    if (!has_id) { /* as before version 3 */
        rpl_document_reject(r, r->type->kind, "a document that does not say its kind", r->type->id);
        reject_member(r, "id", "the kind of the document");
    } else if (!rpl_bytes_equal(id, rpl_bytes_of_text(r->type->id)))
        rpl_document_reject(r, r->type->kind, printable(id, got), r->type->id);
    read_version(r, document);
    if (r->failed)
        return false;
    head->issue_date = rpl_document_date(r, document, "issueDate");
    head->next_update = rpl_document_date(r, document, "nextUpdate");
    if (!r->failed && head->issue_date >= head->next_update)
        reject_member(r, "issueDate not before nextUpdate", "a period");
    head->evaluation_number =
        (uint32_t)rpl_document_uint(r, document, "tcbEvaluationDataNumber", UINT32_MAX);
    return true;
}

void rpl_document_check_validity(const rpl_document_type *type, const rpl_document_head *head,
                                 int64_t now, rpl_verdict *verdict)
{
    char got[64], want[64], at[RPL_TIME_TEXT_SIZE], from[RPL_TIME_TEXT_SIZE];
    char until[RPL_TIME_TEXT_SIZE];
    rpl_time_text(now, at);
    rpl_time_text(head->issue_date, from);
    rpl_time_text(head->next_update, until);
    snprintf(got, sizeof(got), "now is %s", at);
    snprintf(want, sizeof(want), "%s to %s", from, until);
    if (now < head->issue_date)
        rpl_verdict_fail(verdict, type->validity, type->not_yet_valid, got, want, FRESHEN);
    if (now > head->next_update)
        rpl_verdict_fail(verdict, type->validity, type->expired, got, want, FRESHEN);
    rpl_verdict_pass(verdict, type->validity);
}

uint64_t rpl_document_uint(rpl_document_reader *r, const json_t *object, const char *key,
                           uint64_t max)
{
    uint64_t value = 0;
    if (!rpl_json_get_uint(object, key, max, &value))
        reject_member(r, key, "a plain integer in range");
    return value;
}

void rpl_document_hex(rpl_document_reader *r, const json_t *object, const char *key, uint8_t *out,
                      size_t len)
{
    if (!rpl_json_get_hex(object, key, out, len))
        reject_member(r, key, "hex of the exact length");
}

const json_t *rpl_document_object(rpl_document_reader *r, const json_t *object, const char *key)
{
    const json_t *member = rpl_json_get_object(object, key);
    if (!member)
        reject_member(r, key, "an object");
    return member;
}

const json_t *rpl_document_array(rpl_document_reader *r, const json_t *object, const char *key,
                                 size_t max)
{
    const json_t *member = rpl_json_get_array(object, key);
    const size_t count = json_array_size(member);
    bool good = member && count > 0 && count <= max;
    for (size_t i = 0; good && i < count; i++)
        good = json_is_object(json_array_get(member, i));
    if (!good)
        reject_member(r, key, "a non-empty array of objects, not too long");
    return good ? member : NULL;
}

static bool digits(rpl_bytes text, size_t at, size_t n, uint32_t *out)
{
    uint32_t value = 0;
    for (size_t i = at; i < at + n; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return false;
        value = value * 10 + (uint32_t)(text.data[i] - '0');
    }
    *out = value;
    return true;
}

bool rpl_document_date_parse(rpl_bytes text, int64_t *out)
{
    static const char shape[] = "dddd-dd-ddTdd:dd:ddZ";
    rpl_calendar_time t = {0};
    if (text.len != sizeof(shape) - 1)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        if (shape[i] != 'd' && text.data[i] != (uint8_t)shape[i])
            return false;
    }
    return digits(text, 0, 4, &t.year) && digits(text, 5, 2, &t.month) &&
           digits(text, 8, 2, &t.day) && digits(text, 11, 2, &t.hour) &&
           digits(text, 14, 2, &t.minute) && digits(text, 17, 2, &t.second) &&
           rpl_calendar_to_unix(&t, out);
}

int64_t rpl_document_date(rpl_document_reader *r, const json_t *object, const char *key)
{
    rpl_bytes text;
    int64_t date = 0;
    char got[64];
    if (!rpl_json_get_text(object, key, &text)) {
        reject_member(r, key, "a date");
        if (json_object_get(object, key))
            rpl_document_reject(r, "DATE_FORMAT", key, "a text: YYYY-MM-DDThh:mm:ssZ");
    } else if (!rpl_document_date_parse(text, &date))
        rpl_document_reject(r, "DATE_FORMAT", printable(text, got), "YYYY-MM-DDThh:mm:ssZ");
    return date;
}

rpl_tcb_status rpl_document_status(rpl_document_reader *r, const json_t *object, unsigned allowed)
{
    rpl_bytes text;
    char got[64];
    if (!rpl_json_get_text(object, "tcbStatus", &text)) {
        reject_member(r, "tcbStatus", "the name of a status");
        rpl_document_reject(r, "TCB_STATUS_UNKNOWN", "a level without one", "a status");
        return RPL_TCB_UNKNOWN;
    }
    const rpl_tcb_status status = rpl_tcb_status_parse(text);
    if (status == RPL_TCB_UNKNOWN || !(allowed & 1u << status)) {
        rpl_document_reject(r, "TCB_STATUS_UNKNOWN", printable(text, got),
                            "a status that Intel publishes at this place");
        return RPL_TCB_UNKNOWN;
    }
    return status;
}

static bool is_advisory(const json_t *value)
{
    const char *text = json_string_value(value);
    const size_t len = json_string_length(value);
    if (!text || len == 0 || len > RPL_ADVISORY_LEN_MAX)
        return false;
    for (size_t i = 0; i < len; i++) {
        if (text[i] < 0x21 || text[i] > 0x7e)
            return false;
    }
    return true;
}

const json_t *rpl_document_advisories(rpl_document_reader *r, const json_t *object)
{
    const json_t *list = json_object_get(object, "advisoryIDs");
    if (!list)
        return NULL;
    const size_t count = json_array_size(list);
    bool good = json_is_array(list) && count <= RPL_ADVISORIES_PER_LEVEL_MAX;
    for (size_t i = 0; good && i < count; i++)
        good = is_advisory(json_array_get(list, i));
    if (!good)
        reject_member(r, "advisoryIDs", "an array of advisory names");
    return good ? list : NULL;
}
