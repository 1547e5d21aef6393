#include "server/rpc/metrics.h"

#include "tests/support/check.h"

static char *text_of(const rpl_metrics *metrics)
{
    size_t len = 0;
    char *text = rpl_metrics_text(metrics, &len);
    assert_non_null(text);
    assert_int_equal(strlen(text), len);
    return text;
}

static void assert_has(const rpl_metrics *metrics, const char *line)
{
    char *text = text_of(metrics);
    if (!strstr(text, line))
        print_error("missing %s in\n%s", line, text);
    assert_non_null(strstr(text, line));
    free(text);
}

static void assert_has_not(const rpl_metrics *metrics, const char *line)
{
    char *text = text_of(metrics);
    assert_null(strstr(text, line));
    free(text);
}

static void nothing_measured_is_an_empty_text(void **state)
{
    (void)state;
    RPL_AUTO(metrics) rpl_metrics *metrics = rpl_metrics_new();
    char *text = text_of(metrics);
    assert_string_equal(text, "");
    free(text);
}

static void a_counter_counts_per_labels(void **state)
{
    (void)state;
    RPL_AUTO(metrics) rpl_metrics *metrics = rpl_metrics_new();
    rpl_metrics_count(metrics, RPL_METRIC_VERIFICATIONS, "refused", "tcb.status");
    rpl_metrics_count(metrics, RPL_METRIC_VERIFICATIONS, "refused", "tcb.status");
    rpl_metrics_count(metrics, RPL_METRIC_VERIFICATIONS, "admitted", "");
    assert_has(metrics, "# TYPE rpl_verifications_total counter\n");
    assert_has(metrics, "rpl_verifications_total{outcome=\"refused\",check=\"tcb.status\"} 2\n");
    assert_has(metrics, "rpl_verifications_total{outcome=\"admitted\",check=\"\"} 1\n");
}

static void a_request_is_counted_and_timed(void **state)
{
    (void)state;
    RPL_AUTO(metrics) rpl_metrics *metrics = rpl_metrics_new();
    rpl_metrics_request(metrics, "/status", 200, 700);
    rpl_metrics_request(metrics, "/status", 200, 3 * 1000 * 1000);
    assert_has(metrics, "rpl_requests_total{route=\"/status\",code=\"200\"} 2\n");
    assert_has(metrics, "rpl_request_seconds_bucket{route=\"/status\",le=\"0.0005\"} 0\n");
    assert_has(metrics, "rpl_request_seconds_bucket{route=\"/status\",le=\"0.001\"} 1\n");
    assert_has(metrics, "rpl_request_seconds_bucket{route=\"/status\",le=\"5\"} 2\n");
    assert_has(metrics, "rpl_request_seconds_bucket{route=\"/status\",le=\"+Inf\"} 2\n");
    assert_has(metrics, "rpl_request_seconds_sum{route=\"/status\"} 3.000700\n");
    assert_has(metrics, "rpl_request_seconds_count{route=\"/status\"} 2\n");
}

static void only_the_present_phase_is_one(void **state)
{
    (void)state;
    RPL_AUTO(metrics) rpl_metrics *metrics = rpl_metrics_new();
    rpl_metrics_phase(metrics, "empty");
    rpl_metrics_phase(metrics, "holding");
    assert_has(metrics, "rpl_phase{phase=\"empty\"} 0\n");
    assert_has(metrics, "rpl_phase{phase=\"holding\"} 1\n");
}

static void a_gauge_without_labels_has_no_braces(void **state)
{
    (void)state;
    RPL_AUTO(metrics) rpl_metrics *metrics = rpl_metrics_new();
    rpl_metrics_set(metrics, RPL_METRIC_JOBS, NULL, 7);
    assert_has(metrics, "\nrpl_jobs_outstanding 7\n");
}

static void the_number_of_series_is_bounded(void **state)
{
    (void)state;
    RPL_AUTO(metrics) rpl_metrics *metrics = rpl_metrics_new();
    for (int i = 0; i < 2 * RPL_METRIC_SERIES_MAX; i++) {
        char route[16];
        snprintf(route, sizeof(route), "/%d", i);
        rpl_metrics_count(metrics, RPL_METRIC_REQUESTS, route, "200");
    }
    assert_has(metrics, "route=\"/254\"");
    assert_has_not(metrics, "route=\"/255\"");
    assert_has(metrics, "rpl_requests_total{route=\"other\",code=\"other\"} 257\n");
}

static void a_label_cannot_break_the_text(void **state)
{
    (void)state;
    RPL_AUTO(metrics) rpl_metrics *metrics = rpl_metrics_new();
    rpl_metrics_count(metrics, RPL_METRIC_REFUSED, "a\"b\\c\nd\xff", NULL);
    assert_has(metrics, "rpl_admission_refused_total{limit=\"a_b_c_d_\"} 1\n");
}

static void no_registry_means_no_metrics(void **state)
{
    (void)state;
    rpl_metrics_count(NULL, RPL_METRIC_REFUSED, "x", NULL);
    rpl_metrics_phase(NULL, "x");
}

static void what_is_forgotten_is_not_shown(void **state)
{
    (void)state;
    RPL_AUTO(metrics) rpl_metrics *metrics = rpl_metrics_new();
    rpl_metrics_set(metrics, RPL_METRIC_FALLS_OUT, NULL, 1);
    rpl_metrics_forget(metrics, RPL_METRIC_FALLS_OUT);
    rpl_metrics_forget(metrics, RPL_METRIC_TCB_NUMBER); /* there is nothing to forget */
    rpl_metrics_forget(NULL, RPL_METRIC_FALLS_OUT);
    assert_has_not(metrics, "rpl_tcb_falls_out");
    rpl_metrics_set(metrics, RPL_METRIC_FALLS_OUT, NULL, 0);
    assert_has(metrics, "rpl_tcb_falls_out 0\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_measured_is_an_empty_text),
        cmocka_unit_test(a_counter_counts_per_labels),
        cmocka_unit_test(a_request_is_counted_and_timed),
        cmocka_unit_test(only_the_present_phase_is_one),
        cmocka_unit_test(a_gauge_without_labels_has_no_braces),
        cmocka_unit_test(the_number_of_series_is_bounded),
        cmocka_unit_test(a_label_cannot_break_the_text),
        cmocka_unit_test(no_registry_means_no_metrics),
        cmocka_unit_test(what_is_forgotten_is_not_shown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
