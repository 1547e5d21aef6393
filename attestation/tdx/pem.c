#include "attestation/tdx/pem.h"

#include "base/hex.h"
#include "base/writer.h"

enum { LINE_MAX_LEN = 76, BASE64_MAX = (RPL_CERTIFICATE_MAX + 2) / 3 * 4 };

#define BEGIN_CERTIFICATE "-----BEGIN CERTIFICATE-----"

static const char format_code[] = "PEM_FORMAT", chain_len_code[] = "CHAIN_LEN";

static bool starts_with(const rpl_reader *r, const char *text)
{
    const rpl_bytes want = rpl_bytes_of_text(text);
    return r->rest.len >= want.len && rpl_bytes_equal((rpl_bytes){r->rest.data, want.len}, want);
}

static bool read_text(rpl_reader *r, const char *text)
{
    rpl_bytes skipped;
    return starts_with(r, text) && rpl_read_bytes(r, strlen(text), &skipped);
}

static bool read_eol(rpl_reader *r)
{
    return read_text(r, "\n") || read_text(r, "\r\n");
}

static bool read_line(rpl_reader *r, rpl_writer *base64)
{
    rpl_bytes line;
    size_t n = 0;
    while (n < r->rest.len && n <= LINE_MAX_LEN && r->rest.data[n] != '\n' &&
           r->rest.data[n] != '\r')
        n++;
    if (n == 0 || n > LINE_MAX_LEN || !rpl_read_bytes(r, n, &line) || !read_eol(r))
        return false;
    rpl_write_bytes(base64, line);
    return rpl_writer_done(base64);
}

static bool read_boundary(rpl_reader *r, const char *word, const char *label)
{
    return read_text(r, word) && read_text(r, label) && read_text(r, "-----");
}

static rpl_status read_block(rpl_reader *r, const char *label, rpl_writer *base64)
{
    if (!read_boundary(r, "-----BEGIN ", label) || !read_eol(r))
        return rpl_malformed(r, "PEM: expected a BEGIN line and nothing before it");
    do {
        if (!read_line(r, base64))
            return rpl_malformed(r,
                                 "PEM: expected lines of 1 to 76 base64 characters, not too many");
    } while (!starts_with(r, "-"));
    if (!read_boundary(r, "-----END ", label))
        return rpl_malformed(r, "PEM: expected the END line of the block");
    (void)read_eol(r); /* the last line may do without */
    return rpl_ok();
}

static rpl_status read_certificate(rpl_reader *r, uint8_t *der, size_t *len)
{
    char text[BASE64_MAX];
    rpl_writer base64 = rpl_writer_over(text, sizeof(text));
    const rpl_reader start = *r;
    RPL_TRY(read_block(r, "CERTIFICATE", &base64));
    if (rpl_base64_decode(rpl_writer_bytes(&base64), der, RPL_CERTIFICATE_MAX, len).code != RPL_OK)
        return rpl_malformed(&start, "PEM: base64 that does not decode exactly");
    return rpl_ok();
}

static bool at_end(const rpl_reader *r, bool zero_allowed)
{
    return r->rest.len == 0 || (zero_allowed && r->rest.len == 1 && r->rest.data[0] == 0);
}

/* Certificates one behind the other, at most `max`; stops where no other begins. */
static rpl_status read_certificates(rpl_reader *r, size_t max, rpl_pem_chain *out)
{
    rpl_status first = rpl_ok();
    while (out->count < max && (out->count == 0 || starts_with(r, BEGIN_CERTIFICATE))) {
        RPL_TRY(read_certificate(r, out->der[out->count], &out->len[out->count]));
        out->count++;
        while (starts_with(r, "\n") || starts_with(r, "\r\n")) {
            if (first.code == RPL_OK)
                first = rpl_malformed(r, "PEM: expected no empty line");
            (void)read_eol(r);
        }
    }
    return first;
}

rpl_status rpl_pem_decode(rpl_bytes pem, size_t count, bool zero_allowed, rpl_pem_chain *out,
                          const char **code)
{
    rpl_reader r = rpl_reader_over(pem);
    *code = format_code;
    out->count = 0;
    if (count > RPL_CHAIN_MAX)
        return rpl_fail(RPL_INTERNAL, "PEM: more certificates than any chain has");
    if (pem.len > 0) {
        const rpl_status s = read_certificates(&r, count, out);
        if (s.code != RPL_OK)
            return s;
    }
    if (starts_with(&r, BEGIN_CERTIFICATE) || (at_end(&r, zero_allowed) && out->count < count)) {
        *code = chain_len_code;
        return rpl_malformed(&r, out->count < count ? "PEM: fewer certificates than the chain has"
                                                    : "PEM: more certificates than the chain has");
    }
    return at_end(&r, zero_allowed)
               ? rpl_ok()
               : rpl_malformed(&r, "PEM: expected nothing between certificates or behind the last");
}

rpl_status rpl_pem_decode_one(rpl_bytes text, const char *label, uint8_t *scratch, rpl_bytes *der)
{
    rpl_reader r = rpl_reader_over(text);
    rpl_writer base64 = rpl_writer_over(scratch, text.len);
    size_t len;
    RPL_TRY(read_block(&r, label, &base64));
    if (!rpl_read_done(&r))
        return rpl_malformed(&r, "PEM: expected nothing behind the block");
    RPL_TRY(rpl_base64_decode(rpl_writer_bytes(&base64), scratch + text.len, text.len, &len));
    *der = rpl_bytes_of(scratch + text.len, len);
    return rpl_ok();
}
