/* Addresses with checksums are EIP-55's own examples. */
#include "tests/support/configuration.h"

#define CONTRACT "CONTRACT=0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
#define CODE     "CONTRACT_CODE=" HEX32
#define PREFIXES "ETH_RPC_PREFIX=https://a.example/,https://b.example/,https://c.example/v2/"

static char error[RPL_CONFIG_ERROR_MAX];

/* `extra` may be NULL. */
static rpl_status load_with(rpl_config *c, const char *contract, const char *prefixes,
                            const char *devices, const char *extra)
{
    const char *const environment[] = {contract, CODE,  prefixes, "CHAIN_ID=1",
                                       devices,  extra, NULL};
    memset(c, 0x5a, sizeof(*c));
    return rpl_config_load(environment, c, error);
}

static void a_contract_is_pinned_as_a_whole(void **state)
{
    (void)state;
    rpl_config c;
    assert_ok(load_with(&c, CONTRACT, PREFIXES, "REPLICATOOR_DEVICES=any", NULL));
    assert_true(c.chain.is_set && c.chain.chain_id == 1);
    assert_true(c.chain.address[0] == 0x5a && c.chain.address[19] == 0xed);
    assert_true(c.chain.code_hash[1] == 0x11);
    assert_int_equal(c.chain.n_providers, 3);
    assert_int_equal(c.chain.quorum, 2);
    assert_string_equal(shown(&c, "CONTRACT"), "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed");
    assert_string_equal(shown(&c, "CONTRACT_CODE"), "0x" HEX32);
    assert_string_equal(shown(&c, "REPLICATOOR_RPC_QUORUM"), "majority");
    rpl_config_free(&c);
}

static void however_it_is_spelled_the_digest_is_the_same(void **state)
{
    (void)state;
    rpl_config a, b;
    assert_ok(load_with(&a, CONTRACT, PREFIXES, "REPLICATOOR_DEVICES=any", NULL));
    assert_ok(load_with(&b, "CONTRACT=0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed", PREFIXES,
                        "REPLICATOOR_DEVICES=any", NULL));
    assert_memory_equal(a.digest, b.digest, 32);
    rpl_config_free(&a);
    rpl_config_free(&b);
    assert_ok(load_with(&b, "CONTRACT=0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359", PREFIXES,
                        "REPLICATOOR_DEVICES=any", NULL));
    assert_memory_not_equal(a.digest, b.digest, 32);
    rpl_config_free(&b);
}

static void without_a_contract_there_is_no_pin(void **state)
{
    (void)state;
    rpl_config c;
    assert_loads(NULL, &c);
    assert_false(c.chain.is_set);
    rpl_config_free(&c);
}

static void some_of_the_four_are_refused(void **state)
{
    (void)state;
    static const char *const all[] = {CONTRACT, CODE, PREFIXES, "CHAIN_ID=1"};
    for (unsigned set = 1; set < 15; set++) {
        const char *environment[6] = {"REPLICATOOR_DEVICES=any"};
        size_t n = 1;
        rpl_config c;
        for (unsigned i = 0; i < 4; i++) {
            if (set >> i & 1)
                environment[n++] = all[i];
        }
        assert_code(rpl_config_load(environment, &c, error), RPL_MALFORMED);
        assert_non_null(strstr(error, "all of them or none"));
    }
}

static void devices_are_named_beside_a_contract(void **state)
{
    (void)state;
    rpl_config c;
    assert_code(load_with(&c, CONTRACT, PREFIXES, NULL, NULL), RPL_MALFORMED);
    assert_non_null(strstr(error, "REPLICATOOR_DEVICES: expected beside a contract"));
    assert_ok(load_with(&c, CONTRACT, PREFIXES, "REPLICATOOR_DEVICES=" HEX32, NULL));
    assert_int_equal(c.policy.devices.count, 1);
    rpl_config_free(&c);
}

static void the_quorum_fits_the_prefixes(void **state)
{
    (void)state;
    static const struct {
        const char *quorum, *prefixes;
        size_t want; /* 0: refused */
    } cases[] = {
        {"REPLICATOOR_RPC_QUORUM=1", PREFIXES, 0}, /* fewer than a majority */
        {"REPLICATOOR_RPC_QUORUM=2", PREFIXES, 2},
        {"REPLICATOOR_RPC_QUORUM=1", "ETH_RPC_PREFIX=https://a.example/", 1},
        {"REPLICATOOR_RPC_QUORUM=1", "ETH_RPC_PREFIX=https://a.example/,https://b.example/", 0},
        {"REPLICATOOR_RPC_QUORUM=3", PREFIXES, 3},
        {"REPLICATOOR_RPC_QUORUM=4", PREFIXES, 0},
        {"REPLICATOOR_RPC_QUORUM=majority", "ETH_RPC_PREFIX=https://a.example/", 1},
        {"REPLICATOOR_RPC_QUORUM=majority", "ETH_RPC_PREFIX=https://a.example/,https://b.example/",
         2},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        rpl_config c;
        const rpl_status s =
            load_with(&c, CONTRACT, cases[i].prefixes, "REPLICATOOR_DEVICES=any", cases[i].quorum);
        if ((s.code == RPL_OK) != (cases[i].want != 0))
            fail_msg("%s, %s: %s", cases[i].quorum, cases[i].prefixes, error);
        if (cases[i].want) {
            assert_int_equal(c.chain.quorum, cases[i].want);
            rpl_config_free(&c);
        }
    }
    rpl_config c;
    assert_code(load("REPLICATOOR_RPC_QUORUM=2", &c, error), RPL_MALFORMED);
    assert_non_null(strstr(error, "expected a contract beside it"));
    assert_code(
        load_with(&c, CONTRACT, PREFIXES, "REPLICATOOR_DEVICES=any", "REPLICATOOR_RPC_QUORUM=1"),
        RPL_MALFORMED);
    assert_non_null(strstr(error, "expected more than half of the prefixes"));
}

static void the_providers_hosts_tell_the_time_too(void **state)
{
    (void)state;
    rpl_config c;
    assert_ok(load_with(&c, CONTRACT, PREFIXES, "REPLICATOOR_DEVICES=any", NULL));
    assert_int_equal(c.n_time_origins, 5);
    assert_string_equal(c.time_origins[4], "https://c.example/v2/");
    rpl_config_free(&c);
    assert_ok(load_with(&c, CONTRACT, PREFIXES, "REPLICATOOR_DEVICES=any",
                        "REPLICATOOR_TIME_ORIGINS=https://B.example:8443/x,https://d.example"));
    assert_int_equal(c.n_time_origins, 4);
    assert_string_equal(c.time_origins[2], "https://a.example/");
    assert_string_equal(c.time_origins[3], "https://c.example/v2/");
    rpl_config_free(&c);
    assert_ok(load_with(&c, CONTRACT, PREFIXES, "REPLICATOOR_DEVICES=any",
                        "REPLICATOOR_TIME_ORIGINS=https://1.x,https://2.x,https://3.x,https://4.x,"
                        "https://5.x,https://6.x,https://7.x"));
    assert_int_equal(c.n_time_origins, RPL_CONFIG_TIME_ORIGINS_MAX);
    rpl_config_free(&c);
}

static void malformed_values_stop_the_start(void **state)
{
    (void)state;
    static const struct {
        const char *assignment, *says;
    } cases[] = {
        {"CONTRACT=5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "0x and 40 hex digits"},
        {"CONTRACT=0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeA", "0x and 40 hex digits"},
        {"CONTRACT=0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeD", "checksum"},
        {"CHAIN_ID=0", "a decimal number"},
        {"CHAIN_ID=0x1", "a decimal number"},
        {"CHAIN_ID=01", "a decimal number"},
        {"CHAIN_ID=1 ", "a decimal number"},
        {"CHAIN_ID=9223372036854775808", "a decimal number"},
        {"CONTRACT_CODE=0x12", "64 hex digits"},
        {"ETH_RPC_PREFIX=http://a.example/", "https://HOST/"},
        {"ETH_RPC_PREFIX=https://a.example", "https://HOST/"},
        {"ETH_RPC_PREFIX=https://a.example/,https://a.example/b/", "each host once"},
        {"REPLICATOOR_RPC_QUORUM=0", "majority, or a number"},
        {"REPLICATOOR_RPC_QUORUM=9", "majority, or a number"},
        {"REPLICATOOR_RPC_QUORUM=2x", "majority, or a number"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
        assert_stops(cases[i].assignment, cases[i].says);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_contract_is_pinned_as_a_whole),
        cmocka_unit_test(however_it_is_spelled_the_digest_is_the_same),
        cmocka_unit_test(without_a_contract_there_is_no_pin),
        cmocka_unit_test(some_of_the_four_are_refused),
        cmocka_unit_test(devices_are_named_beside_a_contract),
        cmocka_unit_test(the_quorum_fits_the_prefixes),
        cmocka_unit_test(the_providers_hosts_tell_the_time_too),
        cmocka_unit_test(malformed_values_stop_the_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
