#include "server/core/trusted_time.h"

#include "tests/support/check.h"

enum { FLOOR_S = 1000000, T = 2000000, BOOT_MS = 5000, DAY_MS = 24 * 3600 * 1000 };

static rpl_time_rules rules_for(size_t n_origins)
{
    return (rpl_time_rules){n_origins, FLOOR_S, RPL_TIME_ROUND_TRIP_MAX_MS, RPL_TIME_SPREAD_MAX_S};
}

/* Sent at BOOT_MS, answered at once, by certificates that are valid from 0 to 9000000. */
static rpl_time_sample sample_of(int64_t date_s)
{
    return (rpl_time_sample){date_s, BOOT_MS, BOOT_MS, 0, 9000000};
}

/* Dates of the samples as seconds from T; what comes out, as seconds from T. */
static const struct {
    const char *name;
    size_t n_origins, count;
    int64_t dates[RPL_TIME_ORIGINS_MAX];
    bool agreed;
    int64_t now;
    size_t agreeing;
} cases[] = {
    {"one of one is not enough", 1, 1, {0}, false, 0, 0},
    {"one honest origin of two is not enough", 2, 1, {0}, false, 0, 0},
    {"two that say the same", 2, 2, {0, 0}, true, 0, 2},
    {"of two the later", 2, 2, {7, 0}, true, 7, 2},
    {"of two the later, in the other order", 2, 2, {0, 7}, true, 7, 2},
    {"a minute apart", 2, 2, {0, 60}, true, 60, 2},
    {"more than a minute apart", 2, 2, {0, 61}, false, 0, 0},
    {"one in the past", 2, 2, {-100000, 0}, false, 0, 0},
    {"one in the future", 2, 2, {0, 100000}, false, 0, 0},
    {"one below the floor", 2, 2, {FLOOR_S - T - 1, 0}, false, 0, 0},
    {"both below the floor, in agreement", 2, 2, {FLOOR_S - T - 1, FLOOR_S - T - 1}, false, 0, 0},
    {"both at the floor", 2, 2, {FLOOR_S - T, FLOOR_S - T}, true, FLOOR_S - T, 2},
    {"two of three answered", 3, 2, {0, 3}, true, 3, 2},
    {"the middle of three", 3, 3, {10, 0, 20}, true, 10, 3},
    {"one of three lies about the past", 3, 3, {0, -500, 4}, true, 4, 2},
    {"one of three lies about the future", 3, 3, {500, 1, 0}, true, 1, 2},
    {"one of three below the floor", 3, 3, {FLOOR_S - T - 9, 2, 0}, true, 2, 2},
    {"three that all disagree", 3, 3, {0, 100, 200}, false, 0, 0},
    {"two sets that overlap: the later one", 3, 3, {0, 40, 80}, true, 80, 2},
    {"two of four is no majority", 4, 4, {0, 1, 500, 501}, false, 0, 0},
    {"three of four", 4, 4, {0, 1, 2, 500}, true, 1, 3},
    {"four of four: the later middle", 4, 4, {0, 1, 2, 3}, true, 2, 4},
    {"two of five answered", 5, 2, {0, 0}, false, 0, 0},
    {"three of five", 5, 5, {900, 0, 0, -900, 0}, true, 0, 3},
    {"five of eight", 8, 8, {1, 2, 3, 4, 5, 600, 700, 800}, true, 3, 5},
    {"four of eight", 8, 8, {1, 2, 3, 4, 600, 700, 800, 900}, false, 0, 0},
    {"nobody", 2, 0, {0}, false, 0, 0},
};

static void agreement_is_what_the_table_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        rpl_time_sample samples[RPL_TIME_ORIGINS_MAX];
        rpl_time_agreement out = {0};
        const rpl_time_rules rules = rules_for(cases[i].n_origins);
        for (size_t k = 0; k < cases[i].count; k++)
            samples[k] = sample_of(T + cases[i].dates[k]);
        const rpl_status s = rpl_time_agree(samples, cases[i].count, &rules, &out);
        if ((s.code == RPL_OK) != cases[i].agreed)
            fail_msg("%s: %s", cases[i].name, s.what ? s.what : "agreed");
        assert_int_equal(s.code, cases[i].agreed ? RPL_OK : RPL_UNAVAILABLE);
        if (!cases[i].agreed)
            continue;
        if ((out.offset_ms + BOOT_MS) / 1000 != T + cases[i].now || out.count != cases[i].agreeing)
            fail_msg("%s: %ld by %zu", cases[i].name, (long)((out.offset_ms + BOOT_MS) / 1000 - T),
                     out.count);
    }
}

static void those_that_agree_are_named(void **state)
{
    (void)state;
    const rpl_time_rules rules = rules_for(3);
    const rpl_time_sample samples[] = {sample_of(T + 500), sample_of(T), sample_of(T + 9)};
    rpl_time_agreement out;
    assert_ok(rpl_time_agree(samples, 3, &rules, &out));
    assert_false(out.agrees[0]);
    assert_true(out.agrees[1]);
    assert_true(out.agrees[2]);
}

/* Holding an answer back does not make it earlier: the date counts for when the request was sent. */
static void a_date_counts_for_the_moment_of_the_request(void **state)
{
    (void)state;
    const rpl_time_rules rules = rules_for(2);
    rpl_time_sample samples[] = {sample_of(T), sample_of(T + 30)};
    rpl_time_agreement out;
    samples[0].received_ms += 9999;
    samples[1].sent_ms += 30000;
    samples[1].received_ms += 30000 + 9999;
    assert_ok(rpl_time_agree(samples, 2, &rules, &out));
    assert_int_equal(out.offset_ms, (int64_t)T * 1000 - BOOT_MS);
    assert_int_equal(out.boot_ms, BOOT_MS);
}

static void assert_problem(rpl_time_sample sample, const char *word)
{
    const rpl_time_rules rules = rules_for(2);
    const rpl_time_sample both[] = {sample, sample_of(sample.date_s)};
    rpl_time_agreement out;
    const char *problem = rpl_time_sample_problem(&sample, &rules);
    if (!word) {
        assert_null(problem);
        assert_ok(rpl_time_agree(both, 2, &rules, &out));
        return;
    }
    assert_non_null(problem);
    assert_non_null(strstr(problem, word));
    assert_code(rpl_time_agree(both, 2, &rules, &out), RPL_UNAVAILABLE);
}

static void slow_answers_do_not_count(void **state)
{
    (void)state;
    rpl_time_sample s = sample_of(T);
    s.received_ms = BOOT_MS + 9999;
    assert_problem(s, NULL);
    s.received_ms = BOOT_MS + 10000;
    assert_problem(s, "too long");
    s.received_ms = BOOT_MS - 1;
    assert_problem(s, "too long");
}

static void certificates_are_judged_at_the_date_they_came_with(void **state)
{
    (void)state;
    rpl_time_sample s = sample_of(T);
    s.certificates_from_s = s.certificates_until_s = T;
    assert_problem(s, NULL);
    s.certificates_from_s = T + 1;
    s.certificates_until_s = T + 2;
    assert_problem(s, "certificates");
    s.certificates_from_s = T - 2;
    s.certificates_until_s = T - 1;
    assert_problem(s, "certificates");
    s.certificates_from_s = s.certificates_until_s = 0; /* none were seen */
    assert_problem(s, "certificates");
}

static void more_samples_than_origins_is_a_mistake_of_ours(void **state)
{
    (void)state;
    rpl_time_agreement out;
    const rpl_time_sample samples[] = {sample_of(T), sample_of(T)};
    rpl_time_rules rules = rules_for(1);
    assert_code(rpl_time_agree(samples, 2, &rules, &out), RPL_INTERNAL);
    rules.n_origins = RPL_TIME_ORIGINS_MAX + 1;
    assert_code(rpl_time_agree(samples, 2, &rules, &out), RPL_INTERNAL);
}

static rpl_trusted_time agreed_at(int64_t boot_ms, int64_t now_s)
{
    rpl_trusted_time time = {.floor_s = FLOOR_S, .max_age_ms = DAY_MS};
    const rpl_time_agreement agreement = {.offset_ms = now_s * 1000 - boot_ms, .boot_ms = boot_ms};
    rpl_trusted_time_take(&time, &agreement);
    return time;
}

static void before_any_agreement_the_time_is_unknown_and_says_the_floor(void **state)
{
    (void)state;
    const rpl_trusted_time time = {.floor_s = FLOOR_S, .max_age_ms = DAY_MS};
    const rpl_time now = rpl_trusted_time_at(&time, BOOT_MS);
    assert_false(now.trusted);
    assert_int_equal(now.now_s, FLOOR_S);
    assert_int_equal(now.floor_s, FLOOR_S);
    assert_int_equal(now.boot_ms, BOOT_MS);
    assert_string_equal(now.source, "unknown");
}

static void an_agreement_is_carried_on_for_its_time(void **state)
{
    (void)state;
    const rpl_trusted_time time = agreed_at(BOOT_MS, T);
    rpl_time now = rpl_trusted_time_at(&time, BOOT_MS + 90999);
    assert_true(now.trusted);
    assert_int_equal(now.now_s, T + 90);
    assert_int_equal(now.age_s, 90);
    assert_string_equal(now.source, "trusted origins");
    now = rpl_trusted_time_at(&time, BOOT_MS + DAY_MS);
    assert_true(now.trusted);
    assert_int_equal(now.now_s, T + 24 * 3600);
    now = rpl_trusted_time_at(&time, BOOT_MS + DAY_MS + 1);
    assert_false(now.trusted);
    assert_int_equal(now.now_s, FLOOR_S);
    assert_int_equal(now.age_s, 0);
    assert_false(rpl_trusted_time_at(&time, BOOT_MS - 1).trusted);
}

static void the_floor_lifts_what_is_below_it_and_never_falls(void **state)
{
    (void)state;
    rpl_trusted_time time = agreed_at(BOOT_MS, T);
    rpl_trusted_time_raise_floor(&time, T + 1000);
    assert_int_equal(rpl_trusted_time_at(&time, BOOT_MS).now_s, T + 1000);
    assert_true(rpl_trusted_time_at(&time, BOOT_MS).trusted);
    assert_int_equal(rpl_trusted_time_at(&time, BOOT_MS + 2000000).now_s, T + 2000);
    rpl_trusted_time_raise_floor(&time, T);
    rpl_trusted_time_raise_floor(&time, INT64_MIN);
    assert_int_equal(rpl_trusted_time_at(&time, BOOT_MS).floor_s, T + 1000);
}

static void no_agreement_raises_the_floor(void **state)
{
    (void)state;
    rpl_trusted_time time = agreed_at(BOOT_MS, T + 5000000);
    assert_int_equal(rpl_trusted_time_at(&time, BOOT_MS).floor_s, FLOOR_S);
    time = agreed_at(BOOT_MS, T);
    assert_int_equal(rpl_trusted_time_at(&time, BOOT_MS).now_s, T);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agreement_is_what_the_table_says),
        cmocka_unit_test(those_that_agree_are_named),
        cmocka_unit_test(a_date_counts_for_the_moment_of_the_request),
        cmocka_unit_test(slow_answers_do_not_count),
        cmocka_unit_test(certificates_are_judged_at_the_date_they_came_with),
        cmocka_unit_test(more_samples_than_origins_is_a_mistake_of_ours),
        cmocka_unit_test(before_any_agreement_the_time_is_unknown_and_says_the_floor),
        cmocka_unit_test(an_agreement_is_carried_on_for_its_time),
        cmocka_unit_test(the_floor_lifts_what_is_below_it_and_never_falls),
        cmocka_unit_test(no_agreement_raises_the_floor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
