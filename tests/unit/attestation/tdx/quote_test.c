/* Real quotes against tests/vectors/dcap/KAT.json, and what their bytes become when they are bent. */
#include "attestation/tdx/quote.h"
#include "base/hash.h"
#include "tests/support/pki.h"

#define V4 "phala-dcap-qvl/tdx_v4_b0c06f"
#define V5 "google-go-tdx-guest/tdx_v5_90c06f"

enum { KNOWN_MIN = 2, V4_BODY_AT = 48, V5_BODY_AT = 54 };

static uint8_t *read_quote(const char *name, size_t *len)
{
    char path[256];
    snprintf(path, sizeof(path), "dcap/real/%s/quote.bin", name);
    return read_vector(path, len);
}

static void assert_hex(const json_t *known, const char *key, rpl_bytes bytes)
{
    size_t len;
    uint8_t *want = bytes_of(known, key, &len);
    if (!want || !rpl_bytes_equal(bytes, rpl_bytes_of(want, len)))
        fail_msg("%s differs", key);
    free(want);
}

static void assert_digest(const json_t *known, const char *key, rpl_bytes bytes)
{
    uint8_t digest[RPL_SHA256_LEN];
    rpl_sha256(bytes, digest);
    assert_hex(known, key, rpl_bytes_of(digest, sizeof(digest)));
}

static void assert_number(const json_t *known, const char *key, size_t value)
{
    const json_t *want = json_object_get(known, key);
    if (!json_is_integer(want) || (size_t)json_integer_value(want) != value)
        fail_msg("%s: %zu", key, value);
}

static void assert_number_le(const json_t *known, const char *key, uint64_t value)
{
    uint8_t le[8];
    for (int i = 0; i < 8; i++)
        le[i] = (uint8_t)(value >> 8 * i);
    assert_hex(known, key, rpl_bytes_of(le, sizeof(le)));
}

#define ASSERT_FIELD(known, key, field)                                                            \
    assert_hex((known), (key), rpl_bytes_of((field), sizeof(field)))

static void check_td(const json_t *td, const rpl_quote *q)
{
    ASSERT_FIELD(td, "tee_tcb_svn", q->tee_tcb_svn);
    ASSERT_FIELD(td, "mr_seam", q->mr_seam);
    ASSERT_FIELD(td, "mrsigner_seam", q->mrsigner_seam);
    ASSERT_FIELD(td, "seam_attributes", q->seam_attributes);
    assert_number_le(td, "td_attributes", q->td_attributes);
    assert_number_le(td, "xfam", q->xfam);
    ASSERT_FIELD(td, "mr_td", q->measurement.mrtd);
    ASSERT_FIELD(td, "mr_config_id", q->mr_config_id);
    ASSERT_FIELD(td, "mr_owner", q->mr_owner);
    ASSERT_FIELD(td, "mr_owner_config", q->mr_owner_config);
    ASSERT_FIELD(td, "rtmr0", q->measurement.rtmr[0]);
    ASSERT_FIELD(td, "rtmr1", q->measurement.rtmr[1]);
    ASSERT_FIELD(td, "rtmr2", q->measurement.rtmr[2]);
    ASSERT_FIELD(td, "rtmr3", q->measurement.rtmr[3]);
    ASSERT_FIELD(td, "report_data", q->report_data);
    if (q->body_type == 3) {
        ASSERT_FIELD(td, "tee_tcb_svn2", q->tee_tcb_svn2);
        ASSERT_FIELD(td, "mr_servicetd", q->mr_servicetd);
    }
}

static void check_qe(const json_t *known, const rpl_quote *q)
{
    const json_t *qe = json_object_get(known, "qe");
    ASSERT_FIELD(qe, "mrenclave", q->qe_report.mrenclave);
    ASSERT_FIELD(qe, "mrsigner", q->qe_report.mrsigner);
    ASSERT_FIELD(qe, "attributes", q->qe_report.attributes);
    ASSERT_FIELD(qe, "misc", q->qe_report.misc_select);
    ASSERT_FIELD(qe, "cpu_svn", q->qe_report.cpu_svn);
    assert_number(qe, "isv_prod_id", q->qe_report.isv_prod_id);
    assert_number(qe, "isv_svn", q->qe_report.isv_svn);
    ASSERT_FIELD(known, "qe_report_data", q->qe_report.report_data);
    assert_digest(known, "sha256_qe_report", q->qe_report_bytes);
    assert_hex(known, "qe_report_sig", q->qe_report_signature);
    assert_hex(known, "auth_data", q->qe_auth_data);
}

static void check_known(const char *name, const json_t *known)
{
    size_t len, canonical;
    uint8_t *bytes = read_quote(name, &len);
    const char *code = NULL;
    rpl_quote q;
    assert_ok(rpl_quote_parse(rpl_bytes_of(bytes, len), &q, &code));
    assert_ok(rpl_quote_canonical_len(rpl_bytes_of(bytes, len), &canonical));
    assert_number(known, "quote_len", len);
    assert_number(known, "version", q.version);
    assert_number(known, "body_type", q.body_type);
    assert_number(known, "canonical_end", q.canonical.len);
    assert_number(known, "canonical_end", canonical);
    assert_number(known, "signed_len", q.signed_part.len);
    assert_number(known, "pem_off", (size_t)(q.pck_pem.data - bytes));
    assert_number(known, "cert_data_len", q.pck_pem.len);
    assert_digest(known, "sha256_signed", q.signed_part);
    assert_hex(known, "quote_sig", q.signature);
    assert_hex(known, "attestation_key", q.attestation_key);
    check_qe(known, &q);
    check_td(json_object_get(known, "td"), &q);
    free(bytes);
}

static void known_quotes_read_as_known(void **state)
{
    (void)state;
    json_t *all = read_cases("dcap/KAT.json");
    const char *name;
    json_t *known;
    assert_true(json_object_size(all) >= KNOWN_MIN);
    json_object_foreach(all, name, known) check_known(name, known);
    json_decref(all);
}

static void the_key_is_bound_in_the_qe_report(void **state)
{
    (void)state;
    static const char *const names[] = {V4, V5};
    for (size_t i = 0; i < 2; i++) {
        size_t len;
        uint8_t *bytes = read_quote(names[i], &len), digest[RPL_SHA256_LEN];
        const char *code;
        rpl_quote q;
        assert_ok(rpl_quote_parse(rpl_bytes_of(bytes, len), &q, &code));
        rpl_sha256_parts((const rpl_bytes[]){q.attestation_key, q.qe_auth_data}, 2, digest);
        assert_memory_equal(digest, q.qe_report.report_data, sizeof(digest));
        free(bytes);
    }
}

static void every_prefix_is_refused(void **state)
{
    (void)state;
    static const char *const names[] = {V4, V5};
    for (size_t i = 0; i < 2; i++) {
        size_t len, canonical, found;
        uint8_t *bytes = read_quote(names[i], &len);
        assert_ok(rpl_quote_canonical_len(rpl_bytes_of(bytes, len), &canonical));
        for (size_t n = 0; n < canonical; n++) {
            uint8_t *exact = exact_copy(bytes, n);
            const char *code = NULL;
            rpl_quote q;
            assert_code(rpl_quote_parse(rpl_bytes_of(exact, n), &q, &code), RPL_MALFORMED);
            assert_string_equal(code, "QUOTE_FORMAT");
            assert_code(rpl_quote_canonical_len(rpl_bytes_of(exact, n), &found), RPL_MALFORMED);
            free(exact);
        }
        free(bytes);
    }
}

static bool within(const uint8_t *at, rpl_bytes part)
{
    return at >= part.data && at < part.data + part.len;
}

/* A flipped bit is refused here, or it lies in bytes that a signature, a hash or the reader of PEM
 * looks at: there is no third kind of byte in a quote. */
static void every_flipped_bit_is_refused_or_covered(void **state)
{
    (void)state;
    static const char *const names[] = {V4, V5};
    for (size_t i = 0; i < 2; i++) {
        size_t len;
        uint8_t *bytes = read_quote(names[i], &len);
        for (size_t bit = 0; bit < 8 * len; bit++) {
            const char *code = NULL;
            rpl_quote q;
            bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
            const rpl_status s = rpl_quote_parse(rpl_bytes_of(bytes, len), &q, &code);
            const uint8_t *at = bytes + bit / 8;
            if (s.code == RPL_OK)
                assert_true(within(at, q.signed_part) || within(at, q.signature) ||
                            within(at, q.attestation_key) || within(at, q.qe_report_bytes) ||
                            within(at, q.qe_report_signature) || within(at, q.qe_auth_data) ||
                            within(at, q.pck_pem));
            else
                assert_non_null(code);
            bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
        free(bytes);
    }
}

typedef struct {
    const char *quote;
    size_t at, len; /* where the field lies */
    uint64_t value; /* what is put there instead */
    const char *code;
} bend;

static void assert_refused(const bend *b)
{
    size_t len;
    uint8_t *bytes = read_quote(b->quote, &len);
    const char *code = NULL;
    rpl_quote q = {.version = 77};
    for (size_t i = 0; i < b->len; i++)
        bytes[b->at + i] = (uint8_t)(b->value >> 8 * i);
    assert_code(rpl_quote_parse(rpl_bytes_of(bytes, len), &q, &code), RPL_MALFORMED);
    if (strcmp(code, b->code) != 0)
        fail_msg("%llx at %zu: %s, wanted %s", (unsigned long long)b->value, b->at, code, b->code);
    assert_int_equal(q.version, 77);
    free(bytes);
}

/* Offsets of section 1 of the format: v4 with its signature data at 636, v5 at 706. */
static void each_rule_of_the_header_and_body_refuses(void **state)
{
    (void)state;
    static const bend bends[] = {
        {V4, 0, 2, 0, "QUOTE_VERSION"},
        {V4, 0, 2, 3, "QUOTE_VERSION"},
        {V4, 0, 2, 6, "QUOTE_VERSION"},
        {V4, 0, 2, 0x0104, "QUOTE_VERSION"},
        {V4, 2, 2, 3, "ATT_KEY_TYPE"},
        {V4, 2, 2, 0, "ATT_KEY_TYPE"},
        {V4, 2, 2, 0x0102, "ATT_KEY_TYPE"},
        {V4, 4, 4, 0, "TEE_TYPE"},
        {V4, 4, 4, 0x01000081, "TEE_TYPE"},
        {V4, 8, 4, 1, "HEADER_RESERVED"},
        {V4, 8, 4, 1u << 31, "HEADER_RESERVED"},
        {V4, 12, 1, 0, "QE_VENDOR"},
        {V4, 27, 1, 0, "QE_VENDOR"},
        {V5, V4_BODY_AT, 2, 1, "BODY_TYPE"},
        {V5, V4_BODY_AT, 2, 0, "BODY_TYPE"},
        {V5, V4_BODY_AT, 2, 4, "BODY_TYPE"},
        {V5, V4_BODY_AT, 2, 0x0103, "BODY_TYPE"},
        {V5, V4_BODY_AT, 2, 2, "QUOTE_FORMAT"},
        {V4, 0, 2, 5, "BODY_TYPE"},
        {V5, 0, 2, 4, "QUOTE_FORMAT"},
    };
    for (size_t i = 0; i < sizeof(bends) / sizeof(bends[0]); i++)
        assert_refused(&bends[i]);
}

/* What is wrong in a layout that is known stops nothing: all of it is found, and the rest is read. */
static void every_fault_of_a_readable_quote_is_found(void **state)
{
    (void)state;
    static const char *const codes[] = {"HEADER_RESERVED", "QE_VENDOR", "TRAILING"};
    static const size_t at[] = {8, 12, 4936};
    for (unsigned set = 0; set < 8; set++) {
        size_t len, found = 0;
        uint8_t *bytes = read_quote(V4, &len);
        const char *code = NULL;
        rpl_quote_faults faults;
        rpl_quote q = {0};
        for (size_t i = 0; i < 3; i++)
            bytes[at[i]] ^= set >> i & 1;
        assert_ok(rpl_quote_read(rpl_bytes_of(bytes, len), &q, &faults, &code));
        assert_int_equal(q.pck_pem.len, 3678);
        for (size_t i = 0; i < 3; i++) {
            if (set >> i & 1)
                assert_string_equal(faults.list[found++].code, codes[i]);
        }
        assert_int_equal(faults.count, found);
        assert_int_equal(rpl_quote_parse(rpl_bytes_of(bytes, len), &q, &code).code,
                         found ? RPL_MALFORMED : RPL_OK);
        bytes[4] = 0; /* and when it cannot be read */
        assert_code(rpl_quote_read(rpl_bytes_of(bytes, len), &q, &faults, &code), RPL_MALFORMED);
        assert_string_equal(code, "TEE_TYPE");
        assert_int_equal(faults.count, (set & 1) + (set >> 1 & 1));
        free(bytes);
    }
}

static void each_type_of_certification_data_but_one_is_refused(void **state)
{
    (void)state;
    for (uint64_t type = 0; type < 16; type++) {
        if (type != 6)
            assert_refused(&(bend){V4, 636 + 128, 2, type, "CERT_TYPE_OUTER"});
        if (type != 5)
            assert_refused(&(bend){V4, 1252, 2, type, "CERT_TYPE_INNER"});
    }
    assert_refused(&(bend){V4, 636 + 128, 2, 0x0106, "CERT_TYPE_OUTER"});
    assert_refused(&(bend){V4, 1252, 2, 0x0105, "CERT_TYPE_INNER"});
}

static void assert_wrong_length_refused(const bend *field, uint64_t right)
{
    static const int64_t deltas[] = {-584, -64, -2, -1, 1, 2, 64, 584};
    static const uint64_t extremes[] = {0, 1, 590, 0x7fffffff, 0xfffffffc, 0xffffffff};
    size_t len;
    uint8_t *bytes = read_quote(field->quote, &len);
    for (size_t i = 0; i < 14; i++) {
        const uint64_t value = (i < 8 ? right + (uint64_t)deltas[i] : extremes[i - 8]) &
                               ((1ull << 8 * field->len) - 1);
        const char *code = NULL;
        rpl_quote q;
        if (value == right)
            continue;
        for (size_t k = 0; k < field->len; k++)
            bytes[field->at + k] = (uint8_t)(value >> 8 * k);
        assert_code(rpl_quote_parse(rpl_bytes_of(bytes, len), &q, &code), RPL_MALFORMED);
    }
    free(bytes);
}

static void every_wrong_length_is_refused(void **state)
{
    (void)state;
    assert_wrong_length_refused(&(bend){.quote = V5, .at = 50, .len = 4}, 648);
    assert_wrong_length_refused(&(bend){.quote = V4, .at = 632, .len = 4}, 4300);
    assert_wrong_length_refused(&(bend){.quote = V5, .at = 702, .len = 4}, 4300);
    assert_wrong_length_refused(&(bend){.quote = V4, .at = 636 + 130, .len = 4}, 4166);
    assert_wrong_length_refused(&(bend){.quote = V4, .at = 636 + 582, .len = 2}, 32);
    assert_wrong_length_refused(&(bend){.quote = V4, .at = 1254, .len = 4}, 3678);
    assert_refused(&(bend){V4, 1254, 4, 3677, "INNER_TRAILING"});
    assert_refused(&(bend){V4, 1254, 4, 3679, "QUOTE_FORMAT"});
    assert_refused(&(bend){V4, 1254, 4, 0, "QUOTE_FORMAT"});
}

static void only_zeros_may_follow(void **state)
{
    (void)state;
    assert_refused(&(bend){V4, 4936, 1, 1, "TRAILING"});
    assert_refused(&(bend){V4, 5005, 1, 0x80, "TRAILING"});
}

static void more_than_the_limit_is_refused_unread(void **state)
{
    (void)state;
    size_t len;
    uint8_t *bytes = read_quote(V4, &len), *big = calloc(1, RPL_QUOTE_MAX + 1);
    const char *code = NULL;
    rpl_quote q;
    assert_non_null(big);
    memcpy(big, bytes, len);
    assert_ok(rpl_quote_parse(rpl_bytes_of(big, RPL_QUOTE_MAX), &q, &code));
    assert_code(rpl_quote_parse(rpl_bytes_of(big, RPL_QUOTE_MAX + 1), &q, &code), RPL_TOO_LARGE);
    assert_string_equal(code, "QUOTE_FORMAT");
    free(big);
    free(bytes);
}

static void the_canonical_length_ignores_what_follows(void **state)
{
    (void)state;
    size_t len, canonical = 0;
    uint8_t *bytes = read_quote(V5, &len), *longer = calloc(1, len + 9);
    assert_non_null(longer);
    memcpy(longer, bytes, len);
    memcpy(longer + len, "RPLEVID1", 8);
    assert_ok(rpl_quote_canonical_len(rpl_bytes_of(longer, len + 9), &canonical));
    assert_int_equal(canonical, len);
    longer[0] = 3;
    assert_code(rpl_quote_canonical_len(rpl_bytes_of(longer, len), &canonical), RPL_MALFORMED);
    free(longer);
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_quotes_read_as_known),
        cmocka_unit_test(the_key_is_bound_in_the_qe_report),
        cmocka_unit_test(every_prefix_is_refused),
        cmocka_unit_test(every_flipped_bit_is_refused_or_covered),
        cmocka_unit_test(each_rule_of_the_header_and_body_refuses),
        cmocka_unit_test(every_fault_of_a_readable_quote_is_found),
        cmocka_unit_test(each_type_of_certification_data_but_one_is_refused),
        cmocka_unit_test(every_wrong_length_is_refused),
        cmocka_unit_test(only_zeros_may_follow),
        cmocka_unit_test(more_than_the_limit_is_refused_unread),
        cmocka_unit_test(the_canonical_length_ignores_what_follows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
