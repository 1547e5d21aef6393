#include "attestation/tdx/crl.h"

#include <stdio.h>
#include <stdlib.h>

#include "attestation/tdx/calendar.h"
#include "attestation/tdx/pem.h"
#include "attestation/tdx/x509.h"
#include "base/hex.h"

enum { CRL_MAX = 1 << 20 /* bytes of DER */, VERSION_2 = 1, REASON_MAX = 10, REMOVE_FROM_CRL = 8 };

#define GATHER_AGAIN "gather the list again, from Intel's provisioning service or a cache of it"
#define WRONG_TIME   "check this machine's clock; if it is right, gather newer lists"

RPL_DEFINE_AUTO(uint8_t *, storage, free)

/* As read, before anything is believed. */
typedef struct {
    rpl_x509_envelope envelope;
    rpl_bytes algorithm, issuer;
    rpl_crl list;
    rpl_x509_extensions extensions;
    bool entries_plain; /* no extension of an entry but a reasonCode, and none removes one */
} parsed_crl;

static bool is_plain_reason(const rpl_x509_extension *e)
{
    rpl_reader r = rpl_reader_over(e->value);
    uint32_t reason;
    return rpl_x509_is_id_ce(e->id, RPL_ID_CE_CRL_REASON) && !e->critical &&
           rpl_der_uint(&r, RPL_DER_ENUMERATED, REASON_MAX, &reason) && rpl_read_done(&r) &&
           reason != REMOVE_FROM_CRL;
}

/* SEQUENCE { serial, revocationDate, SEQUENCE OF Extension OPTIONAL } */
static bool read_entry(rpl_reader *r, rpl_bytes *serial, bool *plain)
{
    rpl_reader in, extensions;
    rpl_x509_extension e;
    int64_t date;
    if (!rpl_der_enter(r, RPL_DER_SEQUENCE, &in) || !rpl_der_positive(&in, serial) ||
        !rpl_der_time(&in, &date))
        return false;
    *plain = true;
    if (rpl_read_done(&in))
        return true;
    if (!rpl_der_enter(&in, RPL_DER_SEQUENCE, &extensions) || !rpl_read_done(&in) ||
        !rpl_x509_read_extension(&extensions, &e))
        return false;
    *plain = is_plain_reason(&e) && rpl_read_done(&extensions);
    return true;
}

static bool read_entries(rpl_reader *r, parsed_crl *crl)
{
    crl->entries_plain = true;
    if (!rpl_der_peek(r, RPL_DER_SEQUENCE))
        return true; /* an empty list is left out */
    if (!rpl_der_take(r, RPL_DER_SEQUENCE, &crl->list.entries))
        return false;
    rpl_reader in = rpl_reader_over(crl->list.entries);
    while (!rpl_read_done(&in)) {
        rpl_bytes serial;
        bool plain;
        if (!read_entry(&in, &serial, &plain))
            return false;
        crl->entries_plain &= plain;
    }
    return true;
}

static bool parse(rpl_bytes der, parsed_crl *crl)
{
    rpl_reader r;
    uint32_t version;
    *crl = (parsed_crl){0};
    return rpl_x509_open(der, &crl->envelope, &r) &&
           rpl_der_uint(&r, RPL_DER_INTEGER, VERSION_2, &version) && version == VERSION_2 &&
           rpl_der_whole(&r, RPL_DER_SEQUENCE, &crl->algorithm) &&
           rpl_der_whole(&r, RPL_DER_SEQUENCE, &crl->issuer) &&
           rpl_der_time(&r, &crl->list.this_update) && rpl_der_time(&r, &crl->list.next_update) &&
           read_entries(&r, crl) &&
           (rpl_read_done(&r) ||
            rpl_x509_read_extensions(&r, RPL_DER_CONTEXT_0, &crl->extensions)) &&
           rpl_read_done(&r);
}

/* Where findings go, and about which list. */
typedef struct {
    rpl_verdict *verdict;
    rpl_check check;
    const char *name;
} report;

static void fail(const report *to, const char *code, const char *what, const char *want)
{
    char got[160];
    snprintf(got, sizeof(got), "%s: %s", to->name, what);
    rpl_verdict_fail(to->verdict, to->check, code, got, want, GATHER_AGAIN);
}

static bool is_hex_digit(uint8_t c)
{
    const uint8_t lower = c | 0x20;
    return (c >= '0' && c <= '9') || (lower >= 'a' && lower <= 'f');
}

/* DER of a list begins with 30 81 or 30 82, whose second byte is no hex digit. */
static bool looks_like_hex(rpl_bytes input)
{
    return input.len >= 2 && is_hex_digit(input.data[0]) && is_hex_digit(input.data[1]);
}

static bool is_one_element(rpl_bytes input)
{
    rpl_reader r = rpl_reader_over(input);
    rpl_bytes whole;
    return rpl_der_whole(&r, RPL_DER_SEQUENCE, &whole) && rpl_read_done(&r);
}

static rpl_status copy_der(rpl_bytes input, uint8_t *out, size_t *len)
{
    rpl_reader r = rpl_reader_over(input);
    *len = input.len;
    return rpl_read_copy(&r, out, input.len) ? rpl_ok() : rpl_malformed(&r, "another length");
}

rpl_status rpl_crl_decode(rpl_bytes input, uint8_t **storage, rpl_bytes *der)
{
    size_t len = 0;
    if (input.len == 0)
        return rpl_fail(RPL_MALFORMED, "nothing");
    if (input.len > (size_t)2 * CRL_MAX)
        return rpl_fail(RPL_TOO_LARGE, "longer than 1 MiB");
    *storage = malloc(2 * input.len); /* PEM is gathered in one half and decoded into the other */
    if (!*storage)
        return rpl_fail(RPL_INTERNAL, "no memory to read it");
    if (input.data[0] == '-') {
        RPL_TRY(rpl_pem_decode_one(input, "X509 CRL", *storage, der));
    } else {
        RPL_TRY(looks_like_hex(input) ? rpl_hex_decode(input, *storage, input.len, &len)
                                      : copy_der(input, *storage, &len));
        *der = rpl_bytes_of(*storage, len);
    }
    return is_one_element(*der)
               ? rpl_ok()
               : rpl_fail(RPL_MALFORMED, "bytes that are not exactly one DER element");
}

/* Saturates: such numbers are compared, not counted with. */
static bool read_number(rpl_bytes extension, uint64_t *out)
{
    rpl_reader r = rpl_reader_over(extension), again = r;
    rpl_bytes magnitude;
    uint32_t zero;
    *out = 0;
    if (rpl_der_uint(&again, RPL_DER_INTEGER, 0, &zero))
        return rpl_read_done(&again);
    if (!rpl_der_positive(&r, &magnitude) || !rpl_read_done(&r))
        return false;
    for (size_t i = 0; i < magnitude.len; i++)
        *out = *out << 8 | magnitude.data[i];
    if (magnitude.len > sizeof(*out))
        *out = UINT64_MAX;
    return true;
}

static bool read_list(rpl_bytes input, const report *to, uint8_t **storage, parsed_crl *crl)
{
    static const char want[] = "an X.509 CRL of version 2 with nextUpdate: DER, PEM or hex of DER";
    rpl_bytes der;
    const rpl_status s = rpl_crl_decode(input, storage, &der);
    if (s.code == RPL_INTERNAL)
        rpl_verdict_starve(to->verdict);
    else if (s.code != RPL_OK)
        fail(to, "CRL_FORMAT", s.what, want);
    else if (der.len > CRL_MAX || !parse(der, crl))
        fail(to, "CRL_FORMAT", "bytes that are not exactly such a list", want);
    else if (!rpl_x509_is_ecdsa_sha256(crl->algorithm, crl->envelope.algorithm))
        fail(to, "CRL_FORMAT", "another signature algorithm", "ecdsa-with-SHA256, both times");
    else
        return true;
    return false;
}

/* Exactly CRLNumber and AuthorityKeyIdentifier: a delta or a partial list has others. */
static bool has_full_list_extensions(parsed_crl *crl)
{
    bool number = false, authority = false;
    for (size_t i = 0; i < crl->extensions.count; i++) {
        const rpl_x509_extension *e = &crl->extensions.all[i];
        if (e->critical)
            return false;
        number |= rpl_x509_is_id_ce(e->id, RPL_ID_CE_CRL_NUMBER) &&
                  read_number(e->value, &crl->list.number);
        authority |= rpl_x509_is_id_ce(e->id, RPL_ID_CE_AUTHORITY_KEY_ID);
    }
    return number && authority && crl->extensions.count == 2;
}

static bool judge_extensions(parsed_crl *crl, const report *to)
{
    const bool list = has_full_list_extensions(crl);
    if (!list)
        fail(to, "CRL_EXTENSION", "other extensions of the list",
             "CRLNumber and AuthorityKeyIdentifier, not critical: a complete list, no delta");
    if (!crl->entries_plain)
        fail(to, "CRL_EXTENSION", "other extensions of an entry", "a reasonCode or nothing");
    return list && crl->entries_plain;
}

/* The name first: a list of another CA is not a bad signature. */
static bool judge_issuer(const parsed_crl *crl, const rpl_crl_issuer *issuer, const report *to)
{
    const rpl_certificate *ca = issuer->certificate;
    if (!rpl_bytes_equal(crl->issuer, ca->subject))
        fail(to, "CRL_UNKNOWN_ISSUER", "a list of another CA", ca->common_name);
    else if (!rpl_p256_verify_der(issuer->key, crl->envelope.tbs, crl->envelope.signature))
        fail(to, "CRL_BAD_SIGNATURE", "a signature that does not hold", ca->common_name);
    else
        return true;
    return false;
}

static bool judge_validity(const rpl_crl *list, int64_t now, const report *to)
{
    char got[160], want[64], at[RPL_TIME_TEXT_SIZE], from[RPL_TIME_TEXT_SIZE];
    char until[RPL_TIME_TEXT_SIZE];
    if (list->this_update <= now && now <= list->next_update)
        return true;
    rpl_time_text(now, at);
    rpl_time_text(list->this_update, from);
    rpl_time_text(list->next_update, until);
    snprintf(got, sizeof(got), "%s: now is %s", to->name, at);
    snprintf(want, sizeof(want), "%s to %s", from, until);
    rpl_verdict_fail(to->verdict, RPL_CHECK_CRL_VALIDITY,
                     now < list->this_update ? "CRL_NOT_YET_VALID" : "CRL_EXPIRED", got, want,
                     WRONG_TIME);
    return false;
}

bool rpl_crl_verify(rpl_bytes input, const rpl_crl_issuer *issuer, int64_t now, rpl_check check,
                    rpl_verdict *verdict, rpl_crl *out)
{
    const report to = {verdict, check, check == RPL_CHECK_CRL_ROOT ? "root CRL" : "PCK CRL"};
    RPL_AUTO(storage) uint8_t *storage = NULL;
    parsed_crl crl;
    if (!read_list(input, &to, &storage, &crl))
        return false;
    const bool plain = judge_extensions(&crl, &to);
    if (!judge_issuer(&crl, issuer, &to) || !judge_validity(&crl.list, now, &to) || !plain)
        return false;
    *out = crl.list;
    out->storage = RPL_TAKE(storage);
    return true;
}

void rpl_auto_crl(rpl_crl *crl)
{
    free(crl->serials);
    free(crl->storage);
}

bool rpl_crl_peek(rpl_bytes der, rpl_crl *out)
{
    parsed_crl crl;
    if (!parse(der, &crl))
        return false;
    (void)has_full_list_extensions(&crl); /* reads the number */
    *out = crl.list;
    return true;
}

size_t rpl_crl_count(const rpl_crl *crl)
{
    rpl_reader r = rpl_reader_over(crl->entries);
    rpl_bytes serial;
    bool plain;
    size_t count = 0;
    while (!rpl_read_done(&r) && read_entry(&r, &serial, &plain))
        count++;
    return count;
}

/* As numbers: without leading zeros the longer one is larger. */
static int compare_serials(const void *a, const void *b)
{
    const rpl_bytes *x = a, *y = b;
    if (x->len != y->len)
        return x->len < y->len ? -1 : 1;
    return memcmp(x->data, y->data, x->len);
}

/* A list is well formed once it is verified; what could not be read stops the count. */
static size_t take_serials(rpl_bytes entries, rpl_bytes *out, size_t room)
{
    rpl_reader r = rpl_reader_over(entries);
    rpl_bytes serial;
    bool plain;
    size_t n = 0;
    for (; !rpl_read_done(&r) && read_entry(&r, &serial, &plain); n++) {
        if (n < room)
            out[n] = serial;
    }
    return n;
}

rpl_status rpl_crl_index(rpl_crl *crl)
{
    const size_t n = take_serials(crl->entries, NULL, 0);
    rpl_bytes *serials = calloc(n + 1, sizeof(*serials));
    if (!serials)
        return rpl_fail(RPL_INTERNAL, "CRL: memory");
    (void)take_serials(crl->entries, serials, n);
    qsort(serials, n, sizeof(*serials), compare_serials);
    free(crl->serials);
    crl->serials = serials;
    crl->n_serials = n;
    return rpl_ok();
}

static bool is_listed(rpl_bytes entries, rpl_bytes wanted)
{
    rpl_reader r = rpl_reader_over(entries);
    while (!rpl_read_done(&r)) {
        rpl_bytes serial;
        bool plain;
        /* a list is well formed once it is verified; were it not, nothing on it is trusted */
        if (!read_entry(&r, &serial, &plain) || rpl_bytes_equal(serial, wanted))
            return true;
    }
    return false;
}

bool rpl_crl_revokes(const rpl_crl *crl, const rpl_certificate *certificate)
{
    const rpl_bytes wanted = rpl_bytes_of(certificate->serial, certificate->serial_len);
    if (!crl->serials)
        return is_listed(crl->entries, wanted);
    return bsearch(&wanted, crl->serials, crl->n_serials, sizeof(wanted), compare_serials) != NULL;
}
