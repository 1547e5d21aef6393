#include "server/core/measured_config.h"

#include "base/hash.h"
#include "tests/support/check.h"

#define DIGEST "@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define OURS   "services:\n  replicatoor:\n    image: replicatoor" DIGEST "\n"
#define ENV    OURS "    environment:\n"

static const rpl_setting defaults[] = {
    {"REPLICATOOR_GUESTS", "", true, "", ""},
    {"REPLICATOOR_LOG", "debug", false, "debug", "info"},
    {"REPLICATOOR_MIN_EPOCH", "1", true, "1", "1"},
    {"REPLICATOOR_POLICY", "sha256:00", true, "/etc/policy$1.json", "self"},
};
enum { COUNT = sizeof(defaults) / sizeof(*defaults) };

static rpl_measured_config found;

static void check(const char *text, const char *guests, bool agent_shared)
{
    uint8_t digest[RPL_SHA256_LEN];
    rpl_setting settings[COUNT];
    uint8_t *exact = exact_copy(text, strlen(text));

    memcpy(settings, defaults, sizeof(settings));
    settings[0].given = guests;
    rpl_sha256(rpl_bytes_of_text(text), digest);
    const rpl_measured_question question = {
        .text = rpl_bytes_of(exact, strlen(text)),
        .compose_hash = rpl_bytes_of(digest, sizeof(digest)),
        .agent_shared = agent_shared,
        .settings = settings,
        .n_settings = COUNT,
    };
    rpl_measured_config_check(&question, &found);
    free(exact);
}

static void assert_contradicted(const char *text, const char *guests, const char *why)
{
    check(text, guests, false);
    assert_int_equal(found.outcome, RPL_CONFIG_CONTRADICTED);
    if (!strstr(found.why, why))
        fail_msg("\"%s\" does not say \"%s\"", found.why, why);
}

static void what_the_text_says_is_measured(void **state)
{
    (void)state;
    check(ENV "      REPLICATOOR_GUESTS: a,b\n"
              "      REPLICATOOR_POLICY: /etc/policy$$1.json\n"
              "      OTHER: anything\n",
          "a,b", false);
    assert_string_equal(found.why, "");
    assert_int_equal(found.outcome, RPL_CONFIG_MEASURED);
}

static void a_local_setting_may_differ(void **state)
{
    (void)state;
    check(ENV "      - REPLICATOOR_LOG=error\n      - REPLICATOOR_POLICY=/etc/policy$$1.json\n", "",
          false);
    assert_int_equal(found.outcome, RPL_CONFIG_MEASURED);
}

static void every_difference_contradicts(void **state)
{
    static const char policy[] = "      - REPLICATOOR_POLICY=/etc/policy$$1.json\n";
    char text[1024];
    (void)state;
    assert_contradicted(OURS, "", "REPLICATOOR_POLICY is /etc/policy$1.json here and self in");
    snprintf(text, sizeof(text), ENV "%s", policy);
    assert_contradicted(text, "a", "REPLICATOOR_GUESTS is a here and unset in");
    snprintf(text, sizeof(text), ENV "%s      - REPLICATOOR_GUESTS=a\n", policy);
    assert_contradicted(text, "", "REPLICATOOR_GUESTS is unset here and a in");
    assert_contradicted(text, "aa", "REPLICATOOR_GUESTS is aa here and a in");
    assert_contradicted(text, "b", "REPLICATOOR_GUESTS is b here and a in");
    snprintf(text, sizeof(text), ENV "%s      - REPLICATOOR_NEW=1\n", policy);
    assert_contradicted(text, "", "REPLICATOOR_NEW is unset here and 1 in");
    assert_contradicted(ENV "      - REPLICATOOR_POLICY=/etc/policy$$1.jso\n", "",
                        "REPLICATOOR_POLICY");
    assert_contradicted(ENV "      - REPLICATOOR_POLICY=/etc/policy$$1.json$$\n", "",
                        "REPLICATOOR_POLICY");
}

/* Compose takes the last of several; a text in which another one stands as well is not clear. */
static void each_of_several_counts(void **state)
{
    (void)state;
    assert_contradicted(ENV "      - REPLICATOOR_POLICY=/etc/policy$$1.json\n"
                            "      - REPLICATOOR_GUESTS=b\n      - REPLICATOOR_GUESTS=a\n",
                        "a", "REPLICATOOR_GUESTS");
}

static void long_and_unprintable_values_are_cut_and_escaped(void **state)
{
    (void)state;
    assert_contradicted(
        ENV "      - "
            "\"REPLICATOOR_GUESTS=\\x01aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"\n",
        "a", "?aaaaaaaaaa");
    assert_null(strstr(found.why, "\x01"));
}

static void a_finding_contradicts_unless_it_is_accepted(void **state)
{
    static const char shared[] = ENV "      - REPLICATOOR_POLICY=/etc/policy$$1.json\n"
                                     "  app:\n    image: app" DIGEST "\n    privileged: true\n";
    (void)state;
    assert_contradicted(shared, "", "service.privileged at services.app.privileged");
    check(shared, "", true);
    assert_int_equal(found.outcome, RPL_CONFIG_MEASURED);
    check("services:\n  replicatoor:\n    image: replicatoor:latest\n", "", true);
    assert_int_equal(found.outcome, RPL_CONFIG_CONTRADICTED);
    assert_contradicted("services:\n  web:\n    image: web" DIGEST "\n", "", "service.missing");
    assert_contradicted("services: [\n", "", "cannot be read");
}

static void more_findings_than_fit_are_not_accepted(void **state)
{
    char text[16384];
    size_t n = (size_t)snprintf(text, sizeof(text), OURS);
    (void)state;
    for (int i = 0; i < 70; i++)
        n += (size_t)snprintf(text + n, sizeof(text) - n,
                              "  s%d:\n    image: app" DIGEST "\n    privileged: true\n", i);
    check(text, "", true);
    assert_int_equal(found.outcome, RPL_CONFIG_CONTRADICTED);
}

static void without_the_measured_text_nothing_is_known(void **state)
{
    uint8_t digest[RPL_SHA256_LEN] = {1};
    rpl_measured_question question = {.compose_hash = rpl_bytes_of(digest, sizeof(digest))};
    (void)state;
    rpl_measured_config_check(&question, &found);
    assert_int_equal(found.outcome, RPL_CONFIG_UNMEASURED);
    assert_non_null(strstr(found.why, "does not tell"));

    question.text = rpl_bytes_of_text(OURS);
    rpl_measured_config_check(&question, &found);
    assert_int_equal(found.outcome, RPL_CONFIG_UNMEASURED);
    assert_non_null(strstr(found.why, "hashes to"));

    question.compose_hash = (rpl_bytes){0};
    rpl_measured_config_check(&question, &found);
    assert_int_equal(found.outcome, RPL_CONFIG_UNMEASURED);
    assert_non_null(strstr(found.why, "no compose hash"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_text_says_is_measured),
        cmocka_unit_test(a_local_setting_may_differ),
        cmocka_unit_test(every_difference_contradicts),
        cmocka_unit_test(each_of_several_counts),
        cmocka_unit_test(long_and_unprintable_values_are_cut_and_escaped),
        cmocka_unit_test(a_finding_contradicts_unless_it_is_accepted),
        cmocka_unit_test(more_findings_than_fit_are_not_accepted),
        cmocka_unit_test(without_the_measured_text_nothing_is_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
