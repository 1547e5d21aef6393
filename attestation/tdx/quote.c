#include "attestation/tdx/quote.h"

enum { VERSION_4 = 4, VERSION_5 = 5, KEY_ECDSA_P256 = 2, TEE_TDX = 0x81 };
enum { BODY_TD10 = 2, BODY_TD15 = 3, BODY_TD10_LEN = 584, BODY_TD15_LEN = 648 };
enum { HEADER_REST_LEN = 46, USER_DATA_LEN = 20, QE_REPORT_LEN = 384 };
enum { CERTIFICATION_QE_REPORT = 6, CERTIFICATION_PCK_CHAIN = 5 };

static const uint8_t intel_qe_vendor[16] = {0x93, 0x9a, 0x72, 0x33, 0xf7, 0x9c, 0x4c, 0xa9,
                                            0x94, 0x0a, 0x0d, 0xb3, 0x95, 0x7f, 0x06, 0x07};

/* A reader with the code of the rule that was broken, and where those go that stop nothing. */
typedef struct {
    rpl_reader r;
    const char *code;
    rpl_quote_faults *faults;
} source;

static rpl_status broken(source *s, const char *code, const char *what)
{
    s->code = code;
    return rpl_malformed(&s->r, what);
}

static rpl_status bad_length(source *s, const char *what)
{
    return broken(s, "QUOTE_FORMAT", what);
}

/* A value that must not be, in a layout that is known all the same. */
static void note(source *s, const char *code, const char *what)
{
    rpl_quote_faults *f = s->faults;
    f->list[f->count++] = (rpl_quote_fault){code, rpl_malformed(&s->r, what)};
}

static rpl_status read_header(source *s, rpl_quote *q)
{
    uint16_t key_type;
    uint32_t tee_type, reserved;
    rpl_bytes vendor, user_data;
    if (!rpl_read_u16le(&s->r, &q->version))
        return bad_length(s, "quote: expected a version");
    if (q->version != VERSION_4 && q->version != VERSION_5)
        return broken(s, "QUOTE_VERSION", "quote version: expected 4 or 5");
    if (!rpl_read_u16le(&s->r, &key_type) || !rpl_read_u32le(&s->r, &tee_type) ||
        !rpl_read_u32le(&s->r, &reserved) ||
        !rpl_read_bytes(&s->r, sizeof(intel_qe_vendor), &vendor) ||
        !rpl_read_bytes(&s->r, USER_DATA_LEN, &user_data))
        return bad_length(s, "quote header: expected 48 bytes");
    if (reserved != 0)
        note(s, "HEADER_RESERVED", "reserved bytes of the header: expected zeros");
    if (!rpl_bytes_equal(vendor, rpl_bytes_of(intel_qe_vendor, sizeof(intel_qe_vendor))))
        note(s, "QE_VENDOR", "vendor of the quoting enclave: expected Intel's");
    if (key_type != KEY_ECDSA_P256)
        return broken(s, "ATT_KEY_TYPE", "attestation key type: expected 2, ECDSA P-256");
    if (tee_type != TEE_TDX)
        return broken(s, "TEE_TYPE", "TEE type: expected 0x81, TDX");
    return rpl_ok();
}

static bool read_td10(rpl_reader *r, rpl_quote *q)
{
    return rpl_read_copy(r, q->tee_tcb_svn, sizeof(q->tee_tcb_svn)) &&
           rpl_read_copy(r, q->mr_seam, sizeof(q->mr_seam)) &&
           rpl_read_copy(r, q->mrsigner_seam, sizeof(q->mrsigner_seam)) &&
           rpl_read_copy(r, q->seam_attributes, sizeof(q->seam_attributes)) &&
           rpl_read_u64le(r, &q->td_attributes) && rpl_read_u64le(r, &q->xfam) &&
           rpl_read_copy(r, q->measurement.mrtd, sizeof(q->measurement.mrtd)) &&
           rpl_read_copy(r, q->mr_config_id, sizeof(q->mr_config_id)) &&
           rpl_read_copy(r, q->mr_owner, sizeof(q->mr_owner)) &&
           rpl_read_copy(r, q->mr_owner_config, sizeof(q->mr_owner_config)) &&
           rpl_read_copy(r, q->measurement.rtmr[0], sizeof(q->measurement.rtmr)) &&
           rpl_read_copy(r, q->report_data, sizeof(q->report_data));
}

static bool read_td15(rpl_reader *r, rpl_quote *q)
{
    return rpl_read_copy(r, q->tee_tcb_svn2, sizeof(q->tee_tcb_svn2)) &&
           rpl_read_copy(r, q->mr_servicetd, sizeof(q->mr_servicetd));
}

/* Version 4 has one body; version 5 names its type and length first. */
static rpl_status read_body(source *s, rpl_quote *q)
{
    uint32_t len = BODY_TD10_LEN;
    rpl_reader in;
    q->body_type = BODY_TD10;
    if (q->version == VERSION_5 &&
        (!rpl_read_u16le(&s->r, &q->body_type) || !rpl_read_u32le(&s->r, &len)))
        return bad_length(s, "quote: expected type and length of the body");
    if (q->body_type != BODY_TD10 && q->body_type != BODY_TD15)
        return broken(s, "BODY_TYPE", "body type: expected 2 or 3, a TD report 1.0 or 1.5");
    if (len != (q->body_type == BODY_TD10 ? BODY_TD10_LEN : BODY_TD15_LEN))
        return bad_length(s, "body length: expected 584 for a TD report 1.0, 648 for 1.5");
    if (!rpl_read_block(&s->r, len, &in) || !read_td10(&in, q) ||
        (q->body_type == BODY_TD15 && !read_td15(&in, q)) || !rpl_read_done(&in))
        return bad_length(s, "quote: expected the whole TD report");
    return rpl_ok();
}

/* Intel SGX enclave report; what is reserved is signed, and nothing of ours. */
static bool read_qe_report(rpl_reader *r, rpl_quote *q)
{
    rpl_qe_report *e = &q->qe_report;
    rpl_reader in;
    rpl_bytes reserved;
    if (!rpl_read_bytes(r, QE_REPORT_LEN, &q->qe_report_bytes))
        return false;
    in = rpl_reader_over(q->qe_report_bytes);
    return rpl_read_copy(&in, e->cpu_svn, sizeof(e->cpu_svn)) &&
           rpl_read_copy(&in, e->misc_select, sizeof(e->misc_select)) &&
           rpl_read_bytes(&in, 28, &reserved) &&
           rpl_read_copy(&in, e->attributes, sizeof(e->attributes)) &&
           rpl_read_copy(&in, e->mrenclave, sizeof(e->mrenclave)) &&
           rpl_read_bytes(&in, 32, &reserved) &&
           rpl_read_copy(&in, e->mrsigner, sizeof(e->mrsigner)) &&
           rpl_read_bytes(&in, 96, &reserved) && rpl_read_u16le(&in, &e->isv_prod_id) &&
           rpl_read_u16le(&in, &e->isv_svn) && rpl_read_bytes(&in, 60, &reserved) &&
           rpl_read_copy(&in, e->report_data, sizeof(e->report_data)) && rpl_read_done(&in);
}

/* What certifies the attestation key: the QE report, and the PCK chain that signed it. */
static rpl_status read_certification(source *s, rpl_quote *q)
{
    uint16_t auth_len, type;
    uint32_t len;
    if (!read_qe_report(&s->r, q) || !rpl_read_bytes(&s->r, 64, &q->qe_report_signature) ||
        !rpl_read_u16le(&s->r, &auth_len) || !rpl_read_bytes(&s->r, auth_len, &q->qe_auth_data) ||
        !rpl_read_u16le(&s->r, &type) || !rpl_read_u32le(&s->r, &len))
        return bad_length(s, "certification data: expected QE report, signature, auth data");
    if (type != CERTIFICATION_PCK_CHAIN)
        return broken(s, "CERT_TYPE_INNER", "inner certification data: expected type 5, PCK chain");
    if (len == 0 || !rpl_read_bytes(&s->r, len, &q->pck_pem))
        return bad_length(s, "PCK chain: expected as many bytes as its length says");
    if (!rpl_read_done(&s->r))
        return broken(s, "INNER_TRAILING", "certification data: expected nothing behind the chain");
    return rpl_ok();
}

static rpl_status read_signature_data(source *s, rpl_quote *q)
{
    uint32_t len, certification_len;
    uint16_t type;
    source in = {.code = s->code, .faults = s->faults};
    if (!rpl_read_u32le(&s->r, &len) || !rpl_read_block(&s->r, len, &in.r))
        return bad_length(s, "quote: expected as much signature data as its length says");
    if (!rpl_read_bytes(&in.r, 64, &q->signature) ||
        !rpl_read_bytes(&in.r, 64, &q->attestation_key) || !rpl_read_u16le(&in.r, &type) ||
        !rpl_read_u32le(&in.r, &certification_len))
        return bad_length(s, "signature data: expected signature, key, certification data");
    if (type != CERTIFICATION_QE_REPORT)
        return broken(s, "CERT_TYPE_OUTER", "certification data: expected type 6, QE report");
    if (certification_len != in.r.rest.len)
        return bad_length(s, "certification data: expected it to end with the signature data");
    const rpl_status status = read_certification(&in, q);
    s->code = in.code;
    return status;
}

static rpl_status read_quote(source *s, rpl_bytes input, rpl_quote *q)
{
    if (input.len > RPL_QUOTE_MAX) {
        s->code = "QUOTE_FORMAT";
        return rpl_fail(RPL_TOO_LARGE, "quote: longer than 65536 bytes");
    }
    RPL_TRY(read_header(s, q));
    RPL_TRY(read_body(s, q));
    q->signed_part = (rpl_bytes){input.data, s->r.at};
    RPL_TRY(read_signature_data(s, q));
    q->canonical = (rpl_bytes){input.data, s->r.at};
    if (!rpl_read_zeros_to_end(&s->r))
        note(s, "TRAILING", "quote: expected nothing but zeros behind the signature data");
    return rpl_ok();
}

rpl_status rpl_quote_read(rpl_bytes input, rpl_quote *quote, rpl_quote_faults *faults,
                          const char **code)
{
    faults->count = 0;
    source s = {.r = rpl_reader_over(input), .faults = faults};
    rpl_quote q = {0};
    const rpl_status status = read_quote(&s, input, &q);
    if (status.code == RPL_OK)
        *quote = q;
    else
        *code = s.code;
    return status;
}

rpl_status rpl_quote_parse(rpl_bytes input, rpl_quote *quote, const char **code)
{
    rpl_quote_faults faults;
    rpl_quote q;
    const rpl_status status = rpl_quote_read(input, &q, &faults, code);
    if (status.code != RPL_OK)
        return status;
    if (faults.count > 0) {
        *code = faults.list[0].code;
        return faults.list[0].status;
    }
    *quote = q;
    return rpl_ok();
}

rpl_status rpl_quote_canonical_len(rpl_bytes input, size_t *len)
{
    rpl_reader r = rpl_reader_over(input);
    uint16_t version, body_type;
    uint32_t body_len = BODY_TD10_LEN, data_len;
    rpl_bytes skipped;
    if (!rpl_read_u16le(&r, &version) || (version != VERSION_4 && version != VERSION_5))
        return rpl_malformed(&r, "quote version: expected 4 or 5");
    if (!rpl_read_bytes(&r, HEADER_REST_LEN, &skipped) ||
        (version == VERSION_5 &&
         (!rpl_read_u16le(&r, &body_type) || !rpl_read_u32le(&r, &body_len))) ||
        !rpl_read_bytes(&r, body_len, &skipped) || !rpl_read_u32le(&r, &data_len) ||
        !rpl_read_bytes(&r, data_len, &skipped))
        return rpl_malformed(&r, "quote: shorter than its length fields say");
    *len = r.at;
    return rpl_ok();
}
