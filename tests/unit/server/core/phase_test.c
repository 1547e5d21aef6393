#include "server/core/phase.h"
#include "tests/support/check.h"

static const rpl_phase_row *row_of(rpl_phase phase, rpl_event_kind event)
{
    size_t count;
    const rpl_phase_row *rows = rpl_phase_rows(&count);
    for (size_t i = 0; i < count; i++)
        if (rows[i].from == phase && rows[i].event == event)
            return &rows[i];
    return NULL;
}

static void every_pair_is_a_row_or_a_refusal_with_a_reason(void **state)
{
    (void)state;
    for (int p = 0; p < RPL_PHASE_COUNT; p++) {
        for (int e = 0; e < RPL_EVENT_COUNT; e++) {
            const rpl_phase_row *want = row_of((rpl_phase)p, (rpl_event_kind)e), *row = NULL;
            const rpl_status s = rpl_phase_step((rpl_phase)p, (rpl_event_kind)e, &row);
            assert_ptr_equal(row, want);
            if (want) {
                assert_ok(s);
                continue;
            }
            assert_true(s.code == RPL_NOT_READY || s.code == RPL_CONFLICT);
            assert_true(strlen(s.what) > 10);
        }
    }
}

static void no_pair_has_two_rows(void **state)
{
    (void)state;
    size_t count;
    const rpl_phase_row *rows = rpl_phase_rows(&count);
    for (size_t i = 0; i < count; i++)
        assert_ptr_equal(row_of(rows[i].from, rows[i].event), &rows[i]);
}

static void names_are_unique_and_fit_for_a_setting(void **state)
{
    (void)state;
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz.-";
    size_t count;
    const rpl_phase_row *rows = rpl_phase_rows(&count);
    assert_true(count > 0);
    for (size_t i = 0; i < count; i++) {
        assert_true(rows[i].name[0]);
        assert_int_equal(strspn(rows[i].name, allowed), strlen(rows[i].name));
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(rows[i].name, rows[k].name);
    }
}

static void nothing_leads_into_or_out_of_phases_of_later_versions(void **state)
{
    (void)state;
    static const rpl_phase later[] = {RPL_PHASE_STALE, RPL_PHASE_RETIRED};
    size_t count;
    const rpl_phase_row *rows = rpl_phase_rows(&count);
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < sizeof(later) / sizeof(*later); k++) {
            assert_int_not_equal(rows[i].to, later[k]);
            assert_int_not_equal(rows[i].from, later[k]);
        }
    }
}

static void only_three_events_make_a_holder_and_nothing_ends_one(void **state)
{
    (void)state;
    size_t count;
    const rpl_phase_row *rows = rpl_phase_rows(&count);
    for (size_t i = 0; i < count; i++) {
        if (rows[i].from == RPL_PHASE_HOLDING)
            assert_int_equal(rows[i].to, RPL_PHASE_HOLDING);
        else if (rows[i].to == RPL_PHASE_HOLDING)
            assert_true(rows[i].event == RPL_EVENT_BOOTSTRAPPED ||
                        rows[i].event == RPL_EVENT_PINNED ||
                        rows[i].event == RPL_EVENT_RECEIVE_INSTALLED);
    }
}

static void who_awaits_a_pin_does_nothing_but_wait(void **state)
{
    (void)state;
    for (int e = 0; e < RPL_EVENT_COUNT; e++)
        assert_int_equal(row_of(RPL_PHASE_AWAITING_PIN, (rpl_event_kind)e) != NULL,
                         e == RPL_EVENT_PINNED);
    const rpl_phase_row *row;
    const rpl_status s = rpl_phase_step(RPL_PHASE_AWAITING_PIN, RPL_EVENT_ONBOARD_ADMITTED, &row);
    assert_int_equal(s.code, RPL_NOT_READY);
    assert_non_null(strstr(s.what, "setIdentity"));
}

static void only_a_holder_gives(void **state)
{
    (void)state;
    static const rpl_event_kind giving[] = {RPL_EVENT_ONBOARD_QUOTED, RPL_EVENT_ONBOARD_RECORDED,
                                            RPL_EVENT_ONBOARD_SEALED};
    for (size_t e = 0; e < sizeof(giving) / sizeof(*giving); e++)
        for (int p = 0; p < RPL_PHASE_COUNT; p++)
            assert_int_equal(row_of((rpl_phase)p, giving[e]) != NULL, p == RPL_PHASE_HOLDING);
}

static void only_who_asked_or_holds_receives(void **state)
{
    (void)state;
    for (int e = RPL_EVENT_RECEIVE_OPENED; e <= RPL_EVENT_RECEIVE_INSTALLED; e++)
        for (int p = 0; p < RPL_PHASE_COUNT; p++)
            assert_int_equal(row_of((rpl_phase)p, (rpl_event_kind)e) != NULL,
                             p == RPL_PHASE_REQUESTED || p == RPL_PHASE_HOLDING);
}

static void every_row_can_be_reached_from_the_start(void **state)
{
    (void)state;
    size_t count;
    const rpl_phase_row *rows = rpl_phase_rows(&count);
    bool reached[RPL_PHASE_COUNT] = {[RPL_PHASE_STARTING] = true};
    for (int round = 0; round < RPL_PHASE_COUNT; round++)
        for (size_t i = 0; i < count; i++)
            reached[rows[i].to] = reached[rows[i].to] || reached[rows[i].from];
    for (size_t i = 0; i < count; i++)
        assert_true(reached[rows[i].from]);
}

static void a_starting_node_waits_for_its_agent(void **state)
{
    (void)state;
    const rpl_phase_row *row;
    for (int e = 0; e < RPL_EVENT_COUNT; e++) {
        const rpl_status s = rpl_phase_step(RPL_PHASE_STARTING, (rpl_event_kind)e, &row);
        if (e == RPL_EVENT_AGENT_ANSWERED)
            continue;
        assert_int_equal(s.code, RPL_NOT_READY);
        assert_non_null(strstr(s.what, "guest agent"));
    }
}

static void a_second_bootstrap_is_a_conflict(void **state)
{
    (void)state;
    const rpl_phase_row *row;
    assert_code(rpl_phase_step(RPL_PHASE_HOLDING, RPL_EVENT_BOOTSTRAPPED, &row), RPL_CONFLICT);
}

static void a_node_that_did_not_ask_is_told_to_ask(void **state)
{
    (void)state;
    const rpl_phase_row *row;
    const rpl_status s = rpl_phase_step(RPL_PHASE_EMPTY, RPL_EVENT_RECEIVE_OPENED, &row);
    assert_int_equal(s.code, RPL_NOT_READY);
    assert_non_null(strstr(s.what, "/requestKey"));
}

/* They stand in signed report data: a change breaks every verifier out there. */
static void numbers_and_names_are_those_of_the_transcript(void **state)
{
    (void)state;
    static const char *const names[] = {"starting", "empty", "requested", "awaiting_pin",
                                        "holding",  "stale", "retired"};
    assert_int_equal(RPL_PHASE_COUNT, 7);
    for (int p = 0; p < RPL_PHASE_COUNT; p++)
        assert_string_equal(rpl_phase_name((rpl_phase)p), names[p]);
    assert_int_equal(RPL_PHASE_STARTING, 0);
    assert_int_equal(RPL_PHASE_EMPTY, 1);
    assert_int_equal(RPL_PHASE_REQUESTED, 2);
    assert_int_equal(RPL_PHASE_AWAITING_PIN, 3);
    assert_int_equal(RPL_PHASE_HOLDING, 4);
    assert_int_equal(RPL_PHASE_STALE, 5);
    assert_int_equal(RPL_PHASE_RETIRED, 6);
    assert_string_equal(rpl_phase_name(RPL_PHASE_COUNT), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_pair_is_a_row_or_a_refusal_with_a_reason),
        cmocka_unit_test(no_pair_has_two_rows),
        cmocka_unit_test(names_are_unique_and_fit_for_a_setting),
        cmocka_unit_test(nothing_leads_into_or_out_of_phases_of_later_versions),
        cmocka_unit_test(only_three_events_make_a_holder_and_nothing_ends_one),
        cmocka_unit_test(who_awaits_a_pin_does_nothing_but_wait),
        cmocka_unit_test(only_a_holder_gives),
        cmocka_unit_test(only_who_asked_or_holds_receives),
        cmocka_unit_test(every_row_can_be_reached_from_the_start),
        cmocka_unit_test(a_starting_node_waits_for_its_agent),
        cmocka_unit_test(a_second_bootstrap_is_a_conflict),
        cmocka_unit_test(a_node_that_did_not_ask_is_told_to_ask),
        cmocka_unit_test(numbers_and_names_are_those_of_the_transcript),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
