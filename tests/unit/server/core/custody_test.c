#include "server/core/custody.h"

#include <sodium.h>

#include "tests/support/check.h"

static rpl_identity *identity, *stranger;
static rpl_custody empty;

static void setup(void)
{
    uint8_t seed[RPL_SEED_LEN] = {1};
    identity = rpl_identity_from_seed(seed);
    seed[0] = 2;
    stranger = rpl_identity_from_seed(seed);
    if (!identity || !stranger)
        abort();
}

static void add(rpl_custody *custody, rpl_receipt_kind kind, uint32_t id)
{
    rpl_receipt draft = {.kind = kind, .at = 1700000000 + id};
    memcpy(draft.handover_id, &id, sizeof(id));
    assert_ok(rpl_custody_add(custody, identity, &draft));
}

static const rpl_receipt *found(const rpl_custody *custody, uint32_t id)
{
    uint8_t handover_id[32] = {0};
    memcpy(handover_id, &id, sizeof(id));
    return rpl_custody_find(custody, handover_id);
}

static rpl_code merged(rpl_custody *into, const rpl_custody *from)
{
    return rpl_custody_merge(into, from, rpl_identity_public(identity)).code;
}

static void one_request_makes_one_receipt(void **unused)
{
    (void)unused;
    rpl_custody custody = {0};
    add(&custody, RPL_RECEIPT_GENESIS, 0);
    add(&custody, RPL_RECEIPT_HANDOVER, 7);
    const rpl_receipt first = *found(&custody, 7);
    add(&custody, RPL_RECEIPT_HANDOVER, 8);
    rpl_receipt again = {.kind = RPL_RECEIPT_HANDOVER, .handover_id = {7}, .at = 5};
    assert_ok(rpl_custody_add(&custody, identity, &again));
    assert_int_equal(custody.count, 3);
    assert_memory_equal(found(&custody, 7), &first, sizeof(first));
    assert_null(found(&custody, 9));
    assert_null(found(&custody, 0)); /* genesis is no handover */
    rpl_custody_free(&custody);
}

static void a_receipt_follows_the_one_before(void **unused)
{
    (void)unused;
    rpl_custody custody = {0};
    uint8_t last[32];
    add(&custody, RPL_RECEIPT_HANDOVER, 1);
    assert_int_equal(custody.receipts[0].n_parents, 0);
    for (uint32_t id = 2; id < 20; id++) {
        memcpy(last, found(&custody, id - 1)->digest, 32);
        add(&custody, RPL_RECEIPT_HANDOVER, id);
        assert_int_equal(found(&custody, id)->n_parents, 1);
        assert_memory_equal(found(&custody, id)->parents[0], last, 32);
    }
    for (size_t i = 1; i < custody.count; i++)
        assert_true(memcmp(custody.receipts[i - 1].digest, custody.receipts[i].digest, 32) < 0);
    rpl_custody_free(&custody);
}

static void a_receipt_after_a_fork_follows_all_heads_in_order(void **unused)
{
    (void)unused;
    enum { FORKS = 20 };
    rpl_custody trunk = {0}, all = {0};
    add(&trunk, RPL_RECEIPT_HANDOVER, 1);
    for (uint32_t id = 2; id < 2 + FORKS; id++) {
        rpl_custody fork;
        assert_ok(rpl_custody_copy(&trunk, &fork));
        add(&fork, RPL_RECEIPT_HANDOVER, id);
        assert_int_equal(merged(&all, &fork), RPL_OK);
        rpl_custody_free(&fork);
    }
    assert_int_equal(all.count, 1 + FORKS);
    add(&all, RPL_RECEIPT_HANDOVER, 100);
    const rpl_receipt *joined = found(&all, 100);
    assert_int_equal(joined->n_parents, RPL_RECEIPT_PARENTS_MAX);
    for (size_t i = 1; i < joined->n_parents; i++)
        assert_true(memcmp(joined->parents[i - 1], joined->parents[i], 32) < 0);
    add(&all, RPL_RECEIPT_HANDOVER, 101); /* what was left over, and the one before */
    assert_int_equal(found(&all, 101)->n_parents, FORKS - RPL_RECEIPT_PARENTS_MAX + 1);
    assert_int_equal(merged(&trunk, &all), RPL_OK);
    assert_int_equal(trunk.count, all.count);
    rpl_custody_free(&trunk);
    rpl_custody_free(&all);
}

static void union_commutes_and_repeats(void **unused)
{
    (void)unused;
    rpl_custody a = {0}, b, ab, ba;
    add(&a, RPL_RECEIPT_GENESIS, 0);
    assert_ok(rpl_custody_copy(&a, &b));
    add(&a, RPL_RECEIPT_HANDOVER, 1);
    add(&b, RPL_RECEIPT_HANDOVER, 2);
    add(&b, RPL_RECEIPT_HANDOVER, 3);
    assert_ok(rpl_custody_copy(&a, &ab));
    assert_ok(rpl_custody_copy(&b, &ba));
    for (int i = 0; i < 2; i++) {
        assert_int_equal(merged(&ab, &b), RPL_OK);
        assert_int_equal(merged(&ba, &a), RPL_OK);
        assert_int_equal(ab.count, 4);
        assert_int_equal(ba.count, 4);
        for (size_t k = 0; k < 4; k++)
            assert_memory_equal(ab.receipts[k].digest, ba.receipts[k].digest, 32);
    }
    rpl_custody_free(&a);
    rpl_custody_free(&b);
    rpl_custody_free(&ab);
    rpl_custody_free(&ba);
}

/* `from` has one bad receipt behind good ones: nothing of it is taken. */
static void is_refused(const rpl_custody *from, rpl_code code)
{
    rpl_custody into = {0};
    add(&into, RPL_RECEIPT_HANDOVER, 77);
    const rpl_receipt before = into.receipts[0];
    assert_int_equal(merged(&into, from), code);
    assert_int_equal(into.count, 1);
    assert_memory_equal(&into.receipts[0], &before, sizeof(before));
    rpl_custody_free(&into);
}

static void every_changed_field_is_a_forgery(void **unused)
{
    (void)unused;
    rpl_custody custody = {0};
    add(&custody, RPL_RECEIPT_GENESIS, 0);
    add(&custody, RPL_RECEIPT_HANDOVER, 1);
    rpl_receipt *r = &custody.receipts[1];
    if (r->kind == RPL_RECEIPT_GENESIS)
        r = &custody.receipts[0];
    const rpl_receipt genuine = *r;
    uint8_t *const fields[] = {r->handover_id,      r->state_digest, r->joiner_quote,
                               r->holder_quote,     r->release,      r->config_digest,
                               r->parents[0],       r->signature,    r->signature + 63,
                               r->state_digest + 31};
    for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            *fields[i] ^= (uint8_t)(1u << bit);
            is_refused(&custody, RPL_UNTRUSTED);
            *r = genuine;
        }
    }
    r->at++;
    is_refused(&custody, RPL_UNTRUSTED);
    *r = genuine;
    r->n_parents = 0;
    is_refused(&custody, RPL_UNTRUSTED);
    *r = genuine;
    r->kind = RPL_RECEIPT_GENESIS;
    is_refused(&custody, RPL_UNTRUSTED);
    rpl_custody_free(&custody);
}

static void kinds_and_parents_out_of_form_are_refused(void **unused)
{
    (void)unused;
    rpl_custody custody = {0};
    add(&custody, RPL_RECEIPT_HANDOVER, 1);
    rpl_receipt *r = custody.receipts;
    static const uint32_t kinds[] = {0, 3, 257, 258, UINT32_MAX};
    for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
        r->kind = kinds[i];
        is_refused(&custody, RPL_MALFORMED);
    }
    r->kind = RPL_RECEIPT_HANDOVER;
    r->n_parents = RPL_RECEIPT_PARENTS_MAX + 1;
    is_refused(&custody, RPL_MALFORMED);
    r->n_parents = 2; /* the same twice */
    is_refused(&custody, RPL_MALFORMED);
    r->parents[0][0] = 1; /* descending */
    is_refused(&custody, RPL_MALFORMED);
    rpl_custody_free(&custody);
}

static void a_receipt_of_another_identity_is_refused(void **unused)
{
    (void)unused;
    rpl_custody custody = {0};
    rpl_receipt draft = {.kind = RPL_RECEIPT_GENESIS};
    assert_ok(rpl_custody_add(&custody, stranger, &draft));
    is_refused(&custody, RPL_UNTRUSTED);
    rpl_custody_free(&custody);
}

/* A digest that came along is not believed. */
static void digests_are_derived(void **unused)
{
    (void)unused;
    rpl_custody custody = {0}, into = {0};
    add(&custody, RPL_RECEIPT_HANDOVER, 1);
    const rpl_receipt genuine = custody.receipts[0];
    memset(custody.receipts[0].digest, 0xee, 32);
    assert_int_equal(merged(&into, &custody), RPL_OK);
    assert_memory_equal(into.receipts[0].digest, genuine.digest, 32);
    rpl_custody_free(&custody);
    rpl_custody_free(&into);
}

static void the_log_is_bounded(void **unused)
{
    (void)unused;
    rpl_custody full = {0}, one = {0};
    full.receipts = calloc(RPL_RECEIPTS_MAX, sizeof(*full.receipts));
    assert_non_null(full.receipts);
    full.count = RPL_RECEIPTS_MAX;
    for (size_t i = 0; i < full.count; i++) {
        full.receipts[i].digest[0] = (uint8_t)(i >> 8);
        full.receipts[i].digest[1] = (uint8_t)i;
    }
    rpl_receipt draft = {.kind = RPL_RECEIPT_HANDOVER, .handover_id = {1}};
    assert_code(rpl_custody_add(&full, identity, &draft), RPL_TOO_LARGE);
    add(&one, RPL_RECEIPT_HANDOVER, 1);
    assert_int_equal(merged(&full, &one), RPL_TOO_LARGE);
    assert_int_equal(full.count, RPL_RECEIPTS_MAX);
    rpl_custody_free(&full);
    rpl_custody_free(&one);
}

static void nothing_merges_with_nothing(void **unused)
{
    (void)unused;
    rpl_custody into = {0}, copy;
    assert_int_equal(merged(&into, &empty), RPL_OK);
    assert_int_equal(into.count, 0);
    assert_ok(rpl_custody_copy(&empty, &copy));
    assert_int_equal(copy.count, 0);
    rpl_custody_free(&copy);
    rpl_custody_free(&into);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_request_makes_one_receipt),
        cmocka_unit_test(a_receipt_follows_the_one_before),
        cmocka_unit_test(a_receipt_after_a_fork_follows_all_heads_in_order),
        cmocka_unit_test(union_commutes_and_repeats),
        cmocka_unit_test(every_changed_field_is_a_forgery),
        cmocka_unit_test(kinds_and_parents_out_of_form_are_refused),
        cmocka_unit_test(a_receipt_of_another_identity_is_refused),
        cmocka_unit_test(digests_are_derived),
        cmocka_unit_test(the_log_is_bounded),
        cmocka_unit_test(nothing_merges_with_nothing),
    };
    if (sodium_init() < 0)
        return 1;
    setup();
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    rpl_identity_free(identity);
    rpl_identity_free(stranger);
    return failed;
}
