#include "attestation/collateral_bundle.h"
#include "base/json.h"
#include "tests/support/check.h"
#include "tests/support/file.h"

static const char control[] = "dcap/derived/ok_control/collateral.json";

static void a_bundle_becomes_collateral(void **state)
{
    (void)state;
    size_t len;
    RPL_AUTO(json) json_t *json = NULL;
    rpl_collateral_set set = {0};
    uint8_t *text = read_vector(control, &len);
    assert_ok(rpl_json_parse(rpl_bytes_of(text, len), len, &json));
    assert_ok(rpl_collateral_bundle_read(rpl_bytes_of(text, len), &set));
    free(text);
    const struct {
        const char *name;
        rpl_bytes got;
    } parts[] = {{"root_ca_crl", set.view.root_crl},
                 {"pck_crl", set.view.pck_crl},
                 {"tcb_info_issuer_chain", set.view.tcb_info_chain},
                 {"tcb_info", set.view.tcb_info},
                 {"tcb_info_signature", set.view.tcb_info_signature},
                 {"qe_identity_issuer_chain", set.view.qe_identity_chain},
                 {"qe_identity", set.view.qe_identity},
                 {"qe_identity_signature", set.view.qe_identity_signature}};
    for (size_t i = 0; i < 8; i++) {
        rpl_bytes want;
        assert_true(rpl_json_get_text(json, parts[i].name, &want));
        assert_true(rpl_bytes_equal(parts[i].got, want));
    }
    rpl_collateral_set_free(&set);
    assert_null(set.view.tcb_info.data);
}

/* The control bundle with one member changed; NULL drops it. */
static rpl_code read_with(const char *member, json_t *value)
{
    size_t len;
    json_t *json = NULL;
    rpl_collateral_set set = {0};
    uint8_t *text = read_vector(control, &len);
    assert_ok(rpl_json_parse(rpl_bytes_of(text, len), len, &json));
    free(text);
    if (value)
        json_object_set_new(json, member, value);
    else
        json_object_del(json, member);
    char *changed = json_dumps(json, JSON_COMPACT);
    const rpl_code code = rpl_collateral_bundle_read(rpl_bytes_of_text(changed), &set).code;
    if (code != RPL_OK)
        assert_null(set.part[0]);
    rpl_collateral_set_free(&set);
    free(changed);
    json_decref(json);
    return code;
}

static void all_nine_strings_are_required(void **state)
{
    (void)state;
    static const char *const members[] = {
        "pck_crl_issuer_chain",     "root_ca_crl", "pck_crl",
        "tcb_info_issuer_chain",    "tcb_info",    "tcb_info_signature",
        "qe_identity_issuer_chain", "qe_identity", "qe_identity_signature"};
    for (size_t i = 0; i < 9; i++) {
        assert_int_equal(read_with(members[i], NULL), RPL_MALFORMED);
        assert_int_equal(read_with(members[i], json_null()), RPL_MALFORMED);
        assert_int_equal(read_with(members[i], json_integer(1)), RPL_MALFORMED);
        assert_int_equal(read_with(members[i], json_object()), RPL_MALFORMED);
    }
    assert_int_equal(read_with("something", json_integer(1)), RPL_OK);
    assert_int_equal(read_with("pck_certificate_chain", json_string("x")), RPL_OK);
}

static void other_texts_are_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "", "{}", "[]", "null", "{\"tcb_info\":\"\"", "\xef\xbb\xbf{}"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        rpl_collateral_set set = {0};
        assert_code(rpl_collateral_bundle_read(rpl_bytes_of_text(texts[i]), &set), RPL_MALFORMED);
    }
    uint8_t *big = calloc(1, RPL_COLLATERAL_BUNDLE_MAX + 1);
    rpl_collateral_set set = {0};
    assert_code(rpl_collateral_bundle_read(rpl_bytes_of(big, RPL_COLLATERAL_BUNDLE_MAX + 1), &set),
                RPL_TOO_LARGE);
    free(big);
}

static rpl_bytes text(const char *t)
{
    return rpl_bytes_of_text(t);
}

static void answers_of_a_service_become_the_same(void **state)
{
    (void)state;
    char signature[129], body[512];
    rpl_collateral_set set = {0};
    memset(signature, 'a', 128);
    signature[128] = '\0';
    snprintf(body, sizeof(body), "{\"tcbInfo\":{\"id\": 1},\"signature\":\"%s\"}", signature);
    assert_ok(rpl_collateral_set_add(&set, RPL_PCS_TCB_INFO, text(body), text("a%0Ab+c")));
    assert_true(rpl_bytes_equal(set.view.tcb_info, text("{\"id\": 1}")));
    assert_true(rpl_bytes_equal(set.view.tcb_info_signature, text(signature)));
    assert_true(rpl_bytes_equal(set.view.tcb_info_chain, text("a\nb+c")));
    snprintf(body, sizeof(body), "{\"enclaveIdentity\":{},\"signature\":\"%s\"}", signature);
    assert_ok(rpl_collateral_set_add(&set, RPL_PCS_QE_IDENTITY, text(body), text("d")));
    assert_true(rpl_bytes_equal(set.view.qe_identity, text("{}")));
    assert_true(rpl_bytes_equal(set.view.qe_identity_chain, text("d")));
    assert_ok(rpl_collateral_set_add(&set, RPL_PCS_PCK_CRL, text("3000"), text("")));
    assert_ok(rpl_collateral_set_add(&set, RPL_PCS_ROOT_CRL, text("3001"), text("")));
    assert_true(rpl_bytes_equal(set.view.pck_crl, text("3000")));
    assert_true(rpl_bytes_equal(set.view.root_crl, text("3001")));
    rpl_collateral_set_free(&set);
}

static void a_bad_answer_leaves_the_set_as_it_was(void **state)
{
    (void)state;
    rpl_collateral_set set = {0};
    assert_ok(rpl_collateral_set_add(&set, RPL_PCS_ROOT_CRL, text("old"), text("")));
    char body[256];
    snprintf(body, sizeof(body), "{\"tcbInfo\":{},\"signature\":\"%0128d\"}", 0);
    assert_code(rpl_collateral_set_add(&set, RPL_PCS_TCB_INFO, text(body), text("a%0")),
                RPL_MALFORMED);
    assert_code(rpl_collateral_set_add(&set, RPL_PCS_TCB_INFO, text("{}"), text("")),
                RPL_MALFORMED);
    assert_null(set.view.tcb_info.data);
    uint8_t *big = calloc(1, RPL_PCS_CRL_MAX + 1);
    assert_code(rpl_collateral_set_add(&set, RPL_PCS_ROOT_CRL,
                                       rpl_bytes_of(big, RPL_PCS_CRL_MAX + 1), text("")),
                RPL_TOO_LARGE);
    free(big);
    assert_true(rpl_bytes_equal(set.view.root_crl, text("old")));
    assert_ok(rpl_collateral_set_add(&set, RPL_PCS_ROOT_CRL, text("new"), text("")));
    assert_true(rpl_bytes_equal(set.view.root_crl, text("new")));
    rpl_collateral_set_free(&set);
}

static void what_is_written_is_what_was_read(void **state)
{
    (void)state;
    size_t len;
    RPL_AUTO(json) json_t *json = NULL, *again = NULL;
    RPL_AUTO(json_text) char *written = NULL;
    rpl_collateral_set set = {0};
    uint8_t *text = read_vector(control, &len);
    assert_ok(rpl_json_parse(rpl_bytes_of(text, len), len, &json));
    assert_ok(rpl_collateral_bundle_read(rpl_bytes_of(text, len), &set));
    assert_ok(rpl_collateral_bundle_write(&set.view, set.pck_crl_chain, &written));
    assert_ok(rpl_json_parse(rpl_bytes_of_text(written), strlen(written), &again));
    json_object_del(json, "pck_certificate_chain");
    assert_true(json_equal(json, again));
    rpl_collateral_set_free(&set);
    free(text);
}

static void what_is_no_list_or_no_text_is_not_written(void **state)
{
    (void)state;
    static const uint8_t der[] = {0x30, 0x00};
    const rpl_bytes list = rpl_bytes_of(der, 2), text = rpl_bytes_of_text("{}");
    const rpl_bytes no_text = rpl_bytes_of("\xff", 1);
    rpl_collateral c = {.root_crl = list,
                        .pck_crl = list,
                        .tcb_info_chain = text,
                        .tcb_info = text,
                        .tcb_info_signature = text,
                        .qe_identity_chain = text,
                        .qe_identity = text,
                        .qe_identity_signature = text};
    char *written = NULL;
    assert_ok(rpl_collateral_bundle_write(&c, text, &written));
    assert_non_null(strstr(written, "\"root_ca_crl\":\"3000\""));
    free(written);
    written = NULL;
    c.pck_crl = text;
    assert_code(rpl_collateral_bundle_write(&c, text, &written), RPL_MALFORMED);
    c.pck_crl = list;
    c.qe_identity = no_text;
    assert_code(rpl_collateral_bundle_write(&c, text, &written), RPL_MALFORMED);
    assert_null(written);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bundle_becomes_collateral),
        cmocka_unit_test(all_nine_strings_are_required),
        cmocka_unit_test(other_texts_are_refused),
        cmocka_unit_test(answers_of_a_service_become_the_same),
        cmocka_unit_test(a_bad_answer_leaves_the_set_as_it_was),
        cmocka_unit_test(what_is_written_is_what_was_read),
        cmocka_unit_test(what_is_no_list_or_no_text_is_not_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
