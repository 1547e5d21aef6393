#include "attestation/tdx/pcs_answer.h"
#include "base/hash.h"
#include "base/hex.h"
#include "tests/support/check.h"
#include "tests/support/file.h"

static void paths_are_those_of_the_service(void **state)
{
    (void)state;
    static const struct {
        rpl_pcs_ask ask;
        const char *path;
    } rows[] = {
        {{.kind = RPL_PCS_TCB_INFO, .fmspc = {0x90, 0xc0, 0x6f}},
         "/tdx/certification/v4/tcb?fmspc=90c06f000000"},
        {{.kind = RPL_PCS_TCB_INFO, .fmspc = {0x90, 0xc0, 0x6f}, .early = true},
         "/tdx/certification/v4/tcb?fmspc=90c06f000000&update=early"},
        {{.kind = RPL_PCS_QE_IDENTITY}, "/tdx/certification/v4/qe/identity"},
        {{.kind = RPL_PCS_QE_IDENTITY, .early = true},
         "/tdx/certification/v4/qe/identity?update=early"},
        {{.kind = RPL_PCS_PCK_CRL}, "/sgx/certification/v4/pckcrl?ca=platform&encoding=der"},
        {{.kind = RPL_PCS_PCK_CRL, .processor_ca = true},
         "/sgx/certification/v4/pckcrl?ca=processor&encoding=der"},
        {{.kind = RPL_PCS_ROOT_CRL}, "/sgx/certification/v4/rootcacrl"},
        {{.kind = RPL_PCS_KIND_COUNT}, ""},
    };
    char path[RPL_PCS_PATH_MAX];
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        rpl_pcs_path(&rows[i].ask, path);
        assert_string_equal(path, rows[i].path);
    }
}

static void only_intel_has_the_root_crl_elsewhere(void **state)
{
    (void)state;
    const rpl_pcs_ask list = {.kind = RPL_PCS_ROOT_CRL}, qe = {.kind = RPL_PCS_QE_IDENTITY};
    char url[RPL_PCS_URL_MAX];
    rpl_pcs_url(&list, RPL_PCS_INTEL, url);
    assert_string_equal(url, "https://certificates.trustedservices.intel.com/IntelSGXRootCA.der");
    rpl_pcs_url(&list, "http://127.0.0.1:8081", url);
    assert_string_equal(url, "http://127.0.0.1:8081/sgx/certification/v4/rootcacrl");
    rpl_pcs_url(&qe, RPL_PCS_INTEL, url);
    assert_string_equal(url,
                        "https://api.trustedservices.intel.com/tdx/certification/v4/qe/identity");
}

static void an_address_is_scheme_and_host(void **state)
{
    (void)state;
    static const struct {
        const char *text, *base; /* NULL: refused */
    } rows[] = {
        {"https://pccs.example:8081", "https://pccs.example:8081"},
        {"https://pccs.example:8081/", "https://pccs.example:8081"},
        {"https://pccs.example/sgx/certification/v4", "https://pccs.example"},
        {"https://pccs.example/sgx/certification/v4/", "https://pccs.example"},
        {"http://[::1]:1/tdx/certification/v4/", "http://[::1]:1"},
        {"https://", NULL},
        {"https:///", NULL},
        {"https:///sgx/certification/v4", NULL},
        {"ftp://host", NULL},
        {"host", NULL},
        {"", NULL},
        {"/", NULL},
        {"https://host/path", NULL},
        {"https://host//", NULL},
        {"https://host/sgx/certification/v3/", NULL},
        {"https://host/tdx/certification/v4/sgx/certification/v4", NULL},
        {"https://a b", NULL},
        {"https://user@host", NULL},
        {"https://host?x", NULL},
        {"https://host#x", NULL},
        {"https://host\r\nx", NULL},
    };
    char base[RPL_PCS_BASE_MAX];
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (rpl_pcs_base_parse(rpl_bytes_of_text(rows[i].text), base) != (rows[i].base != NULL))
            fail_msg("%s", rows[i].text);
        if (rows[i].base)
            assert_string_equal(base, rows[i].base);
    }
}

static void an_address_has_a_limit(void **state)
{
    (void)state;
    char text[RPL_PCS_BASE_MAX + 1] = "http://", base[RPL_PCS_BASE_MAX];
    memset(text + 7, 'a', sizeof(text) - 7);
    assert_true(rpl_pcs_base_parse(rpl_bytes_of(text, RPL_PCS_BASE_MAX - 1), base));
    assert_int_equal(strlen(base), RPL_PCS_BASE_MAX - 1);
    assert_false(rpl_pcs_base_parse(rpl_bytes_of(text, RPL_PCS_BASE_MAX), base));
}

static void documents_are_told_apart(void **state)
{
    (void)state;
    const rpl_pcs_ask a = {.kind = RPL_PCS_TCB_INFO, .fmspc = {1}};
    rpl_pcs_ask b = a;
    assert_true(rpl_pcs_same(&a, &b));
    b.early = true;
    assert_false(rpl_pcs_same(&a, &b));
    b = a;
    b.fmspc[5] = 1;
    assert_false(rpl_pcs_same(&a, &b));
    b = a;
    b.kind = RPL_PCS_QE_IDENTITY;
    assert_false(rpl_pcs_same(&a, &b));
    b = a;
    b.processor_ca = true;
    assert_false(rpl_pcs_same(&a, &b));
}

static void only_200_brings_a_document(void **state)
{
    (void)state;
    static const long others[] = {0,   100, 201, 204, 301, 302, 400,
                                  401, 404, 410, 418, 429, 500, 503};
    assert_ok(rpl_pcs_status(200));
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        assert_code(rpl_pcs_status(others[i]), RPL_UNAVAILABLE);
    assert_non_null(strstr(rpl_pcs_status(404).what, "FMSPC"));
    assert_non_null(strstr(rpl_pcs_status(410).what, "evaluation number"));
    assert_non_null(strstr(rpl_pcs_status(302).what, "redirects"));
}

static void a_wish_for_rest_has_a_limit(void **state)
{
    (void)state;
    assert_int_equal(rpl_pcs_retry_after(rpl_bytes_of_text("7")), 7);
    assert_int_equal(rpl_pcs_retry_after(rpl_bytes_of_text("3600")), 3600);
    assert_int_equal(rpl_pcs_retry_after(rpl_bytes_of_text("3601")), 3600);
    assert_int_equal(rpl_pcs_retry_after(rpl_bytes_of_text("99999999999999999999")), 3600);
    assert_int_equal(rpl_pcs_retry_after(rpl_bytes_of_text("")), 0);
    assert_int_equal(rpl_pcs_retry_after(rpl_bytes_of_text("-1")), 0);
    assert_int_equal(rpl_pcs_retry_after(rpl_bytes_of_text("Wed, 21 Oct 2026 07:28:00 GMT")), 0);
}

static void chains_stand_in_a_header_of_either_name(void **state)
{
    (void)state;
    assert_string_equal(rpl_pcs_chain_header(RPL_PCS_TCB_INFO, 0), "TCB-Info-Issuer-Chain");
    assert_string_equal(rpl_pcs_chain_header(RPL_PCS_TCB_INFO, 1), "SGX-TCB-Info-Issuer-Chain");
    assert_null(rpl_pcs_chain_header(RPL_PCS_TCB_INFO, 2));
    assert_string_equal(rpl_pcs_chain_header(RPL_PCS_QE_IDENTITY, 0),
                        "SGX-Enclave-Identity-Issuer-Chain");
    assert_null(rpl_pcs_chain_header(RPL_PCS_QE_IDENTITY, 1));
    assert_string_equal(rpl_pcs_chain_header(RPL_PCS_PCK_CRL, 0), "SGX-PCK-CRL-Issuer-Chain");
    assert_null(rpl_pcs_chain_header(RPL_PCS_ROOT_CRL, 0));
    assert_null(rpl_pcs_chain_header(RPL_PCS_KIND_COUNT, 0));
}

static rpl_status decode(const char *text, char *out, size_t *len)
{
    const size_t text_len = strlen(text);
    uint8_t *in = exact_copy(text, text_len), *room = exact_copy(text, text_len);
    const rpl_status s = rpl_pcs_chain_decode(rpl_bytes_of(in, text_len), room, len);
    if (s.code == RPL_OK) {
        memcpy(out, room, *len);
        out[*len] = '\0';
    }
    free(in);
    free(room);
    return s;
}

static void only_percent_is_decoded(void **state)
{
    (void)state;
    char out[64];
    size_t len = 0;
    assert_ok(decode("a+b%20c%0A%2b%2B", out, &len));
    assert_string_equal(out, "a+b c\n++");
    assert_ok(decode("", out, &len));
    assert_int_equal(len, 0);
    assert_code(decode("%", out, &len), RPL_MALFORMED);
    assert_code(decode("%0", out, &len), RPL_MALFORMED);
    assert_code(decode("abc%0g", out, &len), RPL_MALFORMED);
    assert_code(decode("%0x41", out, &len), RPL_MALFORMED);
    assert_code(decode("%%41", out, &len), RPL_MALFORMED);
}

static void a_chain_has_a_limit(void **state)
{
    (void)state;
    size_t len = 0;
    uint8_t *text = calloc(4, RPL_PCS_CHAIN_MAX), *out = calloc(4, RPL_PCS_CHAIN_MAX);
    assert_ok(rpl_pcs_chain_decode(rpl_bytes_of(text, RPL_PCS_CHAIN_MAX), out, &len));
    assert_code(rpl_pcs_chain_decode(rpl_bytes_of(text, RPL_PCS_CHAIN_MAX + 1), out, &len),
                RPL_TOO_LARGE);
    assert_code(rpl_pcs_chain_decode(rpl_bytes_of(text, 4 * RPL_PCS_CHAIN_MAX), out, &len),
                RPL_TOO_LARGE);
    free(text);
    free(out);
}

static void the_signed_bytes_are_cut_out_as_they_came(void **state)
{
    (void)state;
    size_t len;
    rpl_bytes value, signature;
    uint8_t *body = read_vector("dcap/raw/automata-dcap-attestation/1025/tcb_info.json", &len);
    assert_ok(rpl_pcs_json_split(RPL_PCS_TCB_INFO, rpl_bytes_of(body, len), &value, &signature));
    assert_int_equal(signature.len, 128);
    assert_int_equal(value.data[0], '{');
    assert_int_equal(value.data[value.len - 1], '}');
    assert_memory_equal(value.data + value.len, ",\"signature\"", 12);
    for (size_t n = 0; n < len; n++) {
        uint8_t *copy = exact_copy(body, n);
        const bool whole =
            rpl_pcs_json_split(RPL_PCS_TCB_INFO, rpl_bytes_of(copy, n), &value, &signature).code ==
            RPL_OK;
        free(copy);
        if (whole && memchr("\n\r\t ", body[n], 4) == NULL)
            fail_msg("%zu bytes of %zu are enough", n, len);
    }
    free(body);
}

static void other_bodies_are_refused(void **state)
{
    (void)state;
    static const char sig[] =
        "\"signature\":\"00000000000000000000000000000000000000000000000000000000000000000000000000"
        "000000000000000000000000000000000000000000000000000000\"";
    static const char *const forms[] = {
        "%s",
        "{%s}",
        "{\"tcbInfo\":[],%s}",
        "{\"tcbInfo\":\"{}\",%s}",
        "{\"tcbInfo\":{}}",
        "{\"tcbInfo\":{},\"tcbInfo\":{},%s}",
        "{\"enclaveIdentity\":{},%s}",
        "[{\"tcbInfo\":{},%s}]",
        "{\"tcbInfo\":{},%s}x",
        "{\"tcbInfo\":{},\"signature\":\"00\"}",
        "{\"tcbInfo\":{},\"signature\":7}",
    };
    rpl_bytes value, signature;
    char body[512];
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        snprintf(body, sizeof(body), forms[i], sig);
#pragma GCC diagnostic pop
        if (rpl_pcs_json_split(RPL_PCS_TCB_INFO, rpl_bytes_of_text(body), &value, &signature)
                .code != RPL_MALFORMED)
            fail_msg("%s", body);
    }
    snprintf(body, sizeof(body), "{%s, \"x\" : 1, \"tcbInfo\" : {\"a\":\"}\"} }", sig);
    assert_ok(rpl_pcs_json_split(RPL_PCS_TCB_INFO, rpl_bytes_of_text(body), &value, &signature));
    assert_true(rpl_bytes_equal(value, rpl_bytes_of_text("{\"a\":\"}\"}")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_are_those_of_the_service),
        cmocka_unit_test(only_intel_has_the_root_crl_elsewhere),
        cmocka_unit_test(an_address_is_scheme_and_host),
        cmocka_unit_test(an_address_has_a_limit),
        cmocka_unit_test(documents_are_told_apart),
        cmocka_unit_test(only_200_brings_a_document),
        cmocka_unit_test(a_wish_for_rest_has_a_limit),
        cmocka_unit_test(chains_stand_in_a_header_of_either_name),
        cmocka_unit_test(only_percent_is_decoded),
        cmocka_unit_test(a_chain_has_a_limit),
        cmocka_unit_test(the_signed_bytes_are_cut_out_as_they_came),
        cmocka_unit_test(other_bodies_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
