#include "attestation/tdx/certificate.h"

#include "attestation/tdx/x509.h"

enum { VERSION_3 = 2, NAME_PARTS_MAX = 32, PATH_LEN_MAX = 255, KEY_USAGE_BITS = 9 };

static const uint8_t oid_common_name[] = {0x55, 0x04, 0x03};
static const uint8_t oid_sgx[] = {0x2a, 0x86, 0x48, 0x86, 0xf8, 0x4d, 0x01, 0x0d, 0x01};
/* ecPublicKey, prime256v1 by name, a BIT STRING with an uncompressed point: the 64 bytes follow. A key
 * that brings parameters of its own is another key (CVE-2020-0601). */
static const uint8_t spki_prefix[] = {0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48,
                                      0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48,
                                      0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00};

static bool is_text(uint8_t tag, rpl_bytes value)
{
    uint8_t lowest = 0xff;
    for (size_t i = 0; i < value.len; i++)
        lowest = value.data[i] < lowest ? value.data[i] : lowest;
    return (tag == RPL_DER_UTF8 || tag == RPL_DER_PRINTABLE) && value.len <= RPL_COMMON_NAME_MAX &&
           lowest >= 0x20;
}

/* One AttributeTypeAndValue; counts common names and keeps the last. */
static bool read_attribute(rpl_reader *r, rpl_bytes *common_name, size_t *n_common_names)
{
    rpl_reader in;
    rpl_bytes id, whole, value;
    uint8_t tag;
    if (!rpl_der_enter(r, RPL_DER_SEQUENCE, &in) || !rpl_der_take(&in, RPL_DER_OID, &id) ||
        !rpl_der_any(&in, &tag, &whole, &value) || !rpl_read_done(&in))
        return false;
    if (rpl_bytes_equal(id, rpl_bytes_of(oid_common_name, sizeof(oid_common_name)))) {
        *common_name = is_text(tag, value) ? value : (rpl_bytes){0};
        *n_common_names += 1;
    }
    return true;
}

/* RDNSequence: SEQUENCE OF SET OF attribute. The name stays empty unless there is exactly one. */
static bool read_common_name(rpl_bytes name, rpl_certificate *c)
{
    rpl_reader r = rpl_reader_over(name), sequence, set;
    rpl_bytes found = {0};
    size_t n = 0;
    if (!rpl_der_enter(&r, RPL_DER_SEQUENCE, &sequence))
        return false;
    for (size_t parts = 0; !rpl_read_done(&sequence); parts++) {
        if (parts == NAME_PARTS_MAX || !rpl_der_enter(&sequence, RPL_DER_SET, &set) ||
            rpl_read_done(&set))
            return false;
        while (!rpl_read_done(&set)) {
            if (!read_attribute(&set, &found, &n))
                return false;
        }
    }
    if (n != 1 || found.len == 0)
        return true;
    rpl_reader text = rpl_reader_over(found);
    return rpl_read_copy(&text, (uint8_t *)c->common_name, found.len);
}

static bool read_serial(rpl_reader *r, rpl_certificate *c)
{
    rpl_bytes magnitude;
    if (!rpl_der_positive(r, &magnitude) || magnitude.len > sizeof(c->serial))
        return false;
    rpl_reader in = rpl_reader_over(magnitude);
    c->serial_len = magnitude.len;
    return rpl_read_copy(&in, c->serial, magnitude.len);
}

static bool read_validity(rpl_reader *r, rpl_certificate *c)
{
    rpl_reader in;
    return rpl_der_enter(r, RPL_DER_SEQUENCE, &in) && rpl_der_time(&in, &c->not_before) &&
           rpl_der_time(&in, &c->not_after) && rpl_read_done(&in);
}

/* Any key may stand here; only one of ours is taken out. */
static bool read_key(rpl_reader *r, rpl_certificate *c)
{
    rpl_bytes spki, prefix;
    if (!rpl_der_whole(r, RPL_DER_SEQUENCE, &spki))
        return false;
    rpl_reader in = rpl_reader_over(spki);
    if (spki.len != sizeof(spki_prefix) + sizeof(c->key) ||
        !rpl_read_bytes(&in, sizeof(spki_prefix), &prefix) ||
        !rpl_bytes_equal(prefix, rpl_bytes_of(spki_prefix, sizeof(spki_prefix))) ||
        in.rest.data[0] != 0x04)
        return true;
    c->is_p256 = rpl_read_copy(&in, c->key, sizeof(c->key));
    return c->is_p256;
}

static bool read_basic_constraints(rpl_bytes value, rpl_certificate *c)
{
    rpl_reader r = rpl_reader_over(value), in;
    if (!rpl_der_enter(&r, RPL_DER_SEQUENCE, &in) || !rpl_read_done(&r))
        return false;
    if (rpl_der_peek(&in, RPL_DER_BOOLEAN) && (!rpl_der_bool(&in, &c->is_ca) || !c->is_ca))
        return false;
    c->has_path_len = rpl_der_peek(&in, RPL_DER_INTEGER);
    if (c->has_path_len &&
        (!c->is_ca || !rpl_der_uint(&in, RPL_DER_INTEGER, PATH_LEN_MAX, &c->path_len)))
        return false;
    return rpl_read_done(&in);
}

/* A named bit list: in DER its last bit is set (X.690 11.2.2). */
static bool read_key_usage(rpl_bytes value, rpl_certificate *c)
{
    rpl_reader r = rpl_reader_over(value), in;
    uint8_t unused, bytes[2] = {0};
    if (!rpl_der_enter(&r, RPL_DER_BIT_STRING, &in) || !rpl_read_done(&r) ||
        !rpl_read_u8(&in, &unused) || unused > 7 || in.rest.len < 1 || in.rest.len > 2)
        return false;
    const uint8_t last = in.rest.data[in.rest.len - 1];
    if ((last & ((2u << unused) - 1)) != 1u << unused || !rpl_read_copy(&in, bytes, in.rest.len))
        return false;
    for (int bit = 0; bit < KEY_USAGE_BITS; bit++) {
        if (bytes[bit / 8] & 0x80 >> bit % 8)
            c->key_usage = (uint16_t)(c->key_usage | 1u << bit);
    }
    return true;
}

/* Extensions that do not read as they should count as absent, which the profile then refuses. */
static void take_extension(const rpl_x509_extension *e, rpl_certificate *c)
{
    if (rpl_x509_is_id_ce(e->id, RPL_ID_CE_BASIC_CONSTRAINTS))
        c->has_basic_constraints = read_basic_constraints(e->value, c);
    else if (rpl_x509_is_id_ce(e->id, RPL_ID_CE_KEY_USAGE))
        c->has_key_usage = read_key_usage(e->value, c);
    else
        c->has_unknown_critical |= e->critical;
    if (rpl_bytes_equal(e->id, rpl_bytes_of(oid_sgx, sizeof(oid_sgx))))
        c->sgx_extension = e->value;
}

static bool stands_alone(const rpl_x509_extensions *list, size_t index)
{
    size_t n = 0;
    for (size_t i = 0; i < list->count; i++)
        n += rpl_bytes_equal(list->all[i].id, list->all[index].id);
    return n == 1;
}

/* Of two with one id neither counts. A certificate without any is refused for what it lacks. */
static bool read_extensions(rpl_reader *r, rpl_certificate *c)
{
    rpl_x509_extensions list = {0};
    if (!rpl_read_done(r) && !rpl_x509_read_extensions(r, RPL_DER_CONTEXT_3, &list))
        return false;
    c->has_duplicate_extension = list.has_duplicate;
    for (size_t i = 0; i < list.count; i++) {
        if (stands_alone(&list, i))
            take_extension(&list.all[i], c);
    }
    return true;
}

static bool read_version(rpl_reader *r)
{
    rpl_reader in;
    uint32_t version;
    return rpl_der_enter(r, RPL_DER_CONTEXT_0, &in) &&
           rpl_der_uint(&in, RPL_DER_INTEGER, VERSION_3, &version) && version == VERSION_3 &&
           rpl_read_done(&in);
}

bool rpl_certificate_parse(rpl_bytes der, rpl_certificate *out)
{
    rpl_certificate c = {.der = der};
    rpl_x509_envelope envelope;
    rpl_reader r;
    rpl_bytes algorithm;
    if (!rpl_x509_open(der, &envelope, &r) || !read_version(&r) || !read_serial(&r, &c) ||
        !rpl_der_whole(&r, RPL_DER_SEQUENCE, &algorithm) ||
        !rpl_der_whole(&r, RPL_DER_SEQUENCE, &c.issuer) || !read_validity(&r, &c) ||
        !rpl_der_whole(&r, RPL_DER_SEQUENCE, &c.subject) || !read_key(&r, &c) ||
        !read_extensions(&r, &c) || !rpl_read_done(&r) || !read_common_name(c.subject, &c))
        return false;
    c.tbs = envelope.tbs;
    c.signature = envelope.signature;
    c.is_ecdsa_sha256 = rpl_x509_is_ecdsa_sha256(algorithm, envelope.algorithm);
    *out = c;
    return true;
}

bool rpl_certificate_issued_by(const rpl_certificate *child, const rpl_certificate *parent)
{
    return rpl_bytes_equal(child->issuer, parent->subject);
}

bool rpl_certificate_signed_by(const rpl_certificate *child, EVP_PKEY *parent_key)
{
    return child->is_ecdsa_sha256 && rpl_p256_verify_der(parent_key, child->tbs, child->signature);
}

EVP_PKEY *rpl_certificate_key(const rpl_certificate *c)
{
    return c->is_p256 ? rpl_p256_key(c->key + 1) : NULL;
}
