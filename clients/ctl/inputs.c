#include <ctype.h>

#include "attestation/tdx/quote.h"
#include "base/hex.h"
#include "clients/ctl/inputs.h"

enum { ROOT_FILE_MAX = 16384 };

static bool complain(const char *command, const char *what, const char *value)
{
    fprintf(stderr, "replicatoorctl %s: %s: ", command, what);
    rpl_ctl_print(stderr, rpl_bytes_of_text(value));
    fputc('\n', stderr);
    return false;
}

bool rpl_ctl_read_time(const char *command, const char *text, int64_t *out)
{
    int64_t value = 0;
    for (const char *c = text; *c; c++) {
        if (*c < '0' || *c > '9' || value > INT64_C(1) << 40)
            return complain(command, "--at wants unix seconds", text);
        value = value * 10 + (*c - '0');
    }
    *out = value;
    return *text != '\0' || complain(command, "--at wants unix seconds", text);
}

#ifdef RPL_TEST_ROOTS
/* A certificate in PEM, or in DER that is put into PEM first. */
bool rpl_ctl_read_root(const char *command, const char *path, rpl_roots *roots)
{
    size_t len = 0;
    char pem[2 * ROOT_FILE_MAX];
    RPL_AUTO(bytes) uint8_t *file = rpl_ctl_read(path, ROOT_FILE_MAX, &len);
    if (!file)
        return false;
    rpl_bytes text = rpl_bytes_of(file, len);
    if (len > 0 && file[0] == 0x30) {
        char base64[4 * (ROOT_FILE_MAX + 2) / 3 + 1];
        rpl_base64_encode(text, base64);
        size_t n = (size_t)snprintf(pem, sizeof(pem), "-----BEGIN CERTIFICATE-----\n");
        for (size_t i = 0; i < strlen(base64); i += 64)
            n += (size_t)snprintf(pem + n, sizeof(pem) - n, "%.64s\n", base64 + i);
        snprintf(pem + n, sizeof(pem) - n, "-----END CERTIFICATE-----\n");
        text = rpl_bytes_of_text(pem);
    }
    if (rpl_roots_test_from_pem(text, roots).code != RPL_OK)
        return complain(command, "--root wants one P-256 certificate in PEM or DER", path);
    return true;
}
#else
bool rpl_ctl_read_root(const char *command, const char *path, rpl_roots *roots)
{
    (void)roots;
    return complain(command, "this program believes Intel's root alone, --root is refused", path);
}
#endif

typedef struct {
    uint8_t *data; /* owned */
    size_t len;
} quote_file;

static bool is_text(rpl_bytes bytes)
{
    for (size_t i = 0; i < bytes.len; i++) {
        if (!isxdigit(bytes.data[i]) && !isspace(bytes.data[i]) && bytes.data[i] != 'x')
            return false;
    }
    return true;
}

static void drop_spaces(uint8_t *text, size_t *len)
{
    size_t kept = 0;
    for (size_t i = 0; i < *len; i++) {
        if (!isspace(text[i]))
            text[kept++] = text[i];
    }
    *len = kept;
}

/* A quote written as hex, on one line or many, becomes bytes; anything else is left for the verifier
 * to refuse. */
static void decode_hex(quote_file *t)
{
    size_t decoded = 0;
    if (t->len == 0 || !is_text(rpl_bytes_of(t->data, t->len)))
        return;
    drop_spaces(t->data, &t->len);
    RPL_AUTO(bytes) uint8_t *raw = malloc(t->len / 2 + 1);
    if (!raw ||
        rpl_hex_decode(rpl_bytes_of(t->data, t->len), raw, t->len / 2, &decoded).code != RPL_OK)
        return;
    free(t->data);
    t->data = RPL_TAKE(raw);
    t->len = decoded;
}

/* A node sends its evidence behind the quote (docs/protocol.md). It is no part of the quote and is
 * not judged here; any other tail is left for the verifier to refuse. */
static void cut_evidence(const char *command, quote_file *t)
{
    const rpl_bytes magic = rpl_bytes_of_text("RPLEVID1");
    size_t len = 0;
    if (rpl_quote_canonical_len(rpl_bytes_of(t->data, t->len), &len).code != RPL_OK ||
        t->len - len < magic.len || !rpl_bytes_equal(rpl_bytes_of(t->data + len, magic.len), magic))
        return;
    fprintf(stderr, "replicatoorctl %s: %zu bytes of evidence behind the quote are left out\n",
            command, t->len - len);
    t->len = len;
}

uint8_t *rpl_ctl_read_quote(const char *command, const char *path, size_t *len)
{
    quote_file file = {0};
    file.data = rpl_ctl_read_start(path, RPL_CTL_INPUT_MAX, &file.len);
    if (!file.data)
        return NULL;
    decode_hex(&file);
    cut_evidence(command, &file);
    *len = file.len;
    return file.data;
}
