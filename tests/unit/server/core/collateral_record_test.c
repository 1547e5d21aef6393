#include "server/core/collateral_record.h"

#include "tests/support/check.h"

static rpl_collateral_document *made(const rpl_pcs_ask *ask, const char *text)
{
    rpl_collateral_document *d = NULL;
    assert_ok(rpl_collateral_document_new(ask, rpl_bytes_of_text(text), rpl_bytes_of_text("sig"),
                                          rpl_bytes_of_text("chain"), &d));
    return d;
}

static const struct {
    rpl_pcs_ask ask;
    const char *text, *name;
} rows[] = {
    {{.kind = RPL_PCS_TCB_INFO, .fmspc = {0x90, 0xc0, 0x6f}}, "{}", "tcb-90c06f000000.rpl"},
    {{.kind = RPL_PCS_TCB_INFO, .fmspc = {0x90, 0xc0, 0x6f}, .early = true},
     "{}",
     "tcb-90c06f000000-early.rpl"},
    {{.kind = RPL_PCS_QE_IDENTITY}, "", "qe.rpl"},
    {{.kind = RPL_PCS_QE_IDENTITY, .early = true}, "", "qe-early.rpl"},
    {{.kind = RPL_PCS_PCK_CRL}, "3000", "pckcrl-platform.rpl"},
    {{.kind = RPL_PCS_PCK_CRL, .processor_ca = true}, "3000", "pckcrl-processor.rpl"},
    {{.kind = RPL_PCS_ROOT_CRL}, "3000", "rootcrl.rpl"},
};
enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

static void what_is_written_is_read_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS; i++) {
        rpl_collateral_document *d = made(&rows[i].ask, rows[i].text), *back = NULL;
        uint8_t *record;
        size_t len;
        char name[RPL_COLLATERAL_NAME_MAX];
        assert_ok(rpl_collateral_record_write(d, &record, &len));
        assert_ok(rpl_collateral_record_read(rpl_bytes_of(record, len), &back));
        assert_true(rpl_pcs_same(&back->ask, &d->ask));
        assert_memory_equal(back->digest, d->digest, sizeof(d->digest));
        rpl_collateral_record_name(&d->ask, name);
        assert_string_equal(name, rows[i].name);
        free(record);
        free(back);
        free(d);
    }
}

static void a_record_is_whole_or_refused(void **state)
{
    (void)state;
    rpl_collateral_document *d = made(&rows[0].ask, "{}"), *back = NULL;
    uint8_t *record;
    size_t len;
    assert_ok(rpl_collateral_record_write(d, &record, &len));
    for (size_t n = 0; n < len; n++) {
        uint8_t *copy = exact_copy(record, n);
        assert_code(rpl_collateral_record_read(rpl_bytes_of(copy, n), &back), RPL_MALFORMED);
        free(copy);
    }
    for (size_t bit = 0; bit < 8 * len; bit++) {
        record[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_code(rpl_collateral_record_read(rpl_bytes_of(record, len), &back), RPL_MALFORMED);
        record[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    assert_null(back);
    free(record);
    free(d);
}

/* With the digest made to fit: what is inside is judged as well. */
static void assert_refused(uint8_t *record, size_t len, size_t at, uint8_t value)
{
    rpl_collateral_document *back = NULL;
    const uint8_t before = record[at];
    record[at] = value;
    rpl_sha256(rpl_bytes_of(record, len - 32), record + len - 32);
    if (rpl_collateral_record_read(rpl_bytes_of(record, len), &back).code != RPL_MALFORMED)
        fail_msg("byte %zu may be %u", at, value);
    record[at] = before;
}

static void each_field_counts_whatever_the_digest(void **state)
{
    (void)state;
    enum { KIND = 8, FLAGS = 9, FMSPC = 10, TEXT_LEN = 16, SIGNATURE_LEN = 22, CHAIN_LEN = 29 };
    rpl_collateral_document *d = made(&rows[0].ask, "{}");
    uint8_t *record;
    size_t len;
    assert_ok(rpl_collateral_record_write(d, &record, &len));
    assert_refused(record, len, 6, '2'); /* another version */
    assert_refused(record, len, KIND, RPL_PCS_KIND_COUNT);
    assert_refused(record, len, KIND, RPL_PCS_QE_IDENTITY); /* which has no FMSPC */
    assert_refused(record, len, FLAGS, 2);                  /* TCB info of a CA */
    assert_refused(record, len, FLAGS, 4);
    const size_t lengths[] = {TEXT_LEN, SIGNATURE_LEN, CHAIN_LEN};
    for (size_t i = 0; i < 3; i++) {
        assert_refused(record, len, lengths[i], (uint8_t)(record[lengths[i]] + 1));
        assert_refused(record, len, lengths[i], (uint8_t)(record[lengths[i]] - 1));
        assert_refused(record, len, lengths[i] + 3, 0xff);
    }
    free(record);
    free(d);
}

static void a_list_has_no_early_view(void **state)
{
    (void)state;
    const rpl_pcs_ask list = {.kind = RPL_PCS_ROOT_CRL};
    rpl_collateral_document *d = made(&list, "3000");
    uint8_t *record;
    size_t len;
    assert_ok(rpl_collateral_record_write(d, &record, &len));
    assert_refused(record, len, 9, 1);
    free(record);
    free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read_back),
        cmocka_unit_test(a_record_is_whole_or_refused),
        cmocka_unit_test(a_list_has_no_early_view),
        cmocka_unit_test(each_field_counts_whatever_the_digest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
