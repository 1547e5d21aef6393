#include "server/core/collateral_cache.h"

#include "tests/support/check.h"

enum { DAY = 86400, ISSUED = 1790000000, LIFE = 28 * DAY, BOOT = 5000000 };

static rpl_cache_state kept(void)
{
    const rpl_collateral_stamp stamp = {.issued_s = ISSUED,
                                        .next_update_s = ISSUED + LIFE,
                                        .valid_until_s = ISSUED + LIFE,
                                        .number = 17};
    rpl_cache_state state = {0};
    rpl_cache_note_answer(&state, &stamp, BOOT);
    return state;
}

static void with_nothing_the_sources_are_asked(void **state)
{
    (void)state;
    const rpl_cache_state nothing = {0};
    assert_int_equal(rpl_cache_decide(&nothing, ISSUED, 0), RPL_CACHE_FETCH);
}

static void what_is_in_force_is_used_on_both_its_ends(void **state)
{
    (void)state;
    const rpl_cache_state one = kept();
    assert_int_equal(rpl_cache_decide(&one, ISSUED, BOOT), RPL_CACHE_USE);
    assert_int_equal(rpl_cache_decide(&one, ISSUED + LIFE, BOOT), RPL_CACHE_USE);
    assert_int_equal(rpl_cache_decide(&one, ISSUED - 1, BOOT + RPL_CACHE_REST_MS), RPL_CACHE_FETCH);
    assert_int_equal(rpl_cache_decide(&one, ISSUED + LIFE + 1, BOOT + RPL_CACHE_REST_MS),
                     RPL_CACHE_FETCH);
    assert_int_equal(rpl_cache_decide(&one, ISSUED + LIFE + 1, BOOT + RPL_CACHE_REST_MS - 1),
                     RPL_CACHE_NOT_NOW);
}

static void it_is_renewed_with_age(void **state)
{
    (void)state;
    const rpl_cache_state one = kept();
    assert_int_equal(rpl_cache_decide(&one, ISSUED, BOOT + RPL_CACHE_RENEW_MS - 1), RPL_CACHE_USE);
    assert_int_equal(rpl_cache_decide(&one, ISSUED, BOOT + RPL_CACHE_RENEW_MS),
                     RPL_CACHE_USE_AND_RENEW);
    assert_int_equal(rpl_cache_decide(&one, ISSUED, BOOT + RPL_CACHE_STALE_MS - 1),
                     RPL_CACHE_USE_AND_RENEW);
    assert_int_equal(rpl_cache_decide(&one, ISSUED, BOOT + RPL_CACHE_STALE_MS), RPL_CACHE_FETCH);
}

static void it_is_renewed_before_its_end(void **state)
{
    (void)state;
    rpl_cache_state one = kept();
    const int64_t boot = BOOT + RPL_CACHE_REST_MS;
    assert_int_equal(rpl_cache_decide(&one, ISSUED + LIFE - 7 * DAY, boot), RPL_CACHE_USE);
    assert_int_equal(rpl_cache_decide(&one, ISSUED + LIFE - 7 * DAY + 1, boot),
                     RPL_CACHE_USE_AND_RENEW);
    one.stamp.valid_until_s = ISSUED + 4 * DAY; /* a short life: its last quarter */
    assert_int_equal(rpl_cache_decide(&one, ISSUED + 3 * DAY, boot), RPL_CACHE_USE);
    assert_int_equal(rpl_cache_decide(&one, ISSUED + 3 * DAY + 1, boot), RPL_CACHE_USE_AND_RENEW);
}

static void what_the_store_had_is_used_only_when_the_sources_fail(void **state)
{
    (void)state;
    rpl_cache_state one = kept();
    one.fetched = false;
    one.not_before_ms = 0;
    assert_int_equal(rpl_cache_decide(&one, ISSUED, 0), RPL_CACHE_FETCH);
    rpl_cache_note_failure(&one, 0, 0);
    assert_int_equal(rpl_cache_decide(&one, ISSUED, 0), RPL_CACHE_USE);
}

static void an_outage_stops_nothing_before_the_end(void **state)
{
    (void)state;
    rpl_cache_state one = kept();
    int64_t boot = BOOT + RPL_CACHE_STALE_MS;
    for (int i = 0; i < 40; i++) {
        assert_int_equal(rpl_cache_decide(&one, ISSUED + LIFE, boot), RPL_CACHE_FETCH);
        rpl_cache_note_failure(&one, 0, boot);
        assert_int_equal(rpl_cache_decide(&one, ISSUED + LIFE, boot), RPL_CACHE_USE);
        boot = one.not_before_ms;
    }
    assert_int_equal(rpl_cache_decide(&one, ISSUED + LIFE + 1, boot), RPL_CACHE_FETCH);
}

static void failures_are_remembered_longer_and_longer(void **state)
{
    (void)state;
    static const int64_t waits[] = {2000, 4000, 8000, 16000, 32000, 64000, 64000, 64000};
    rpl_cache_state none = {0};
    int64_t boot = BOOT;
    for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++) {
        rpl_cache_note_failure(&none, 0, boot);
        assert_int_equal(none.not_before_ms - boot, waits[i]);
        assert_int_equal(rpl_cache_decide(&none, ISSUED, none.not_before_ms - 1),
                         RPL_CACHE_NOT_NOW);
        boot = none.not_before_ms;
        assert_int_equal(rpl_cache_decide(&none, ISSUED, boot), RPL_CACHE_FETCH);
    }
    rpl_cache_note_failure(&none, 3600 * 1000, boot); /* Retry-After */
    assert_int_equal(none.not_before_ms - boot, 3600 * 1000);
    rpl_cache_note_answer(&none, NULL, boot);
    rpl_cache_note_failure(&none, 0, boot);
    assert_int_equal(none.not_before_ms - boot, 2000);
}

static void a_quote_may_force_a_renewal_now_and_then(void **state)
{
    (void)state;
    rpl_cache_state one = kept();
    assert_false(rpl_cache_may_force(&one, BOOT + RPL_CACHE_REST_MS - 1)); /* it is fresh */
    assert_true(rpl_cache_may_force(&one, BOOT + RPL_CACHE_REST_MS));
    const int64_t forced = BOOT + RPL_CACHE_REST_MS;
    rpl_cache_note_forced(&one, forced);
    assert_false(rpl_cache_may_force(&one, forced + RPL_CACHE_FORCED_MS - 1));
    assert_true(rpl_cache_may_force(&one, forced + RPL_CACHE_FORCED_MS));
    rpl_cache_note_failure(&one, 0, forced + RPL_CACHE_FORCED_MS);
    assert_false(rpl_cache_may_force(&one, one.not_before_ms - 1));
    assert_true(rpl_cache_may_force(&one, one.not_before_ms));
}

static void an_older_document_never_replaces_a_newer_one(void **state)
{
    (void)state;
    const rpl_cache_state one = kept(), nothing = {0};
    static const struct {
        int64_t issued, until;
        uint64_t number;
        rpl_cache_offer answer;
    } rows[] = {
        {0, LIFE, 17, RPL_CACHE_KEEP},          {1, LIFE, 17, RPL_CACHE_TAKE},
        {0, LIFE, 18, RPL_CACHE_TAKE},          {-1, LIFE + DAY, 18, RPL_CACHE_OLDER},
        {DAY, LIFE + DAY, 16, RPL_CACHE_OLDER}, {0, LIFE + 1, 17, RPL_CACHE_TAKE},
        {0, LIFE - 1, 17, RPL_CACHE_KEEP},      {-DAY, LIFE, 16, RPL_CACHE_OLDER},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const rpl_collateral_stamp offered = {.issued_s = ISSUED + rows[i].issued,
                                              .valid_until_s = ISSUED + rows[i].until,
                                              .number = rows[i].number};
        assert_int_equal(rpl_cache_judge(&one, &offered), rows[i].answer);
        assert_int_equal(rpl_cache_judge(&nothing, &offered), RPL_CACHE_TAKE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(with_nothing_the_sources_are_asked),
        cmocka_unit_test(what_is_in_force_is_used_on_both_its_ends),
        cmocka_unit_test(it_is_renewed_with_age),
        cmocka_unit_test(it_is_renewed_before_its_end),
        cmocka_unit_test(what_the_store_had_is_used_only_when_the_sources_fail),
        cmocka_unit_test(an_outage_stops_nothing_before_the_end),
        cmocka_unit_test(failures_are_remembered_longer_and_longer),
        cmocka_unit_test(a_quote_may_force_a_renewal_now_and_then),
        cmocka_unit_test(an_older_document_never_replaces_a_newer_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
