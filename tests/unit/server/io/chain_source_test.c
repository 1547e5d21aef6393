#include "server/io/chain_source.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/log.h"
#include "base/net/http_client.h"
#include "tests/support/evm.h"

/* As tests/support/rpc_peer.py has them. */
enum { PROVIDERS = 3, LATEST = 100, FINALIZED = 90, SHORT_MS = 1500 };

static struct {
    char folder[64], ca[128], asked[128];
    int ports[PROVIDERS];
    int stdin_of_peer;
    pid_t pid;
    json_t *recorded;
} peer;

static int start_peer(void **state)
{
    (void)state;
    int in[2], out[2];
    char line[128] = "";
    snprintf(peer.folder, sizeof(peer.folder), "/tmp/rpc-peer.XXXXXX");
    if (!mkdtemp(peer.folder) || pipe(in) != 0 || pipe(out) != 0)
        return -1;
    peer.pid = fork();
    if (peer.pid == 0) {
        dup2(in[0], 0);
        dup2(out[1], 1);
        close(in[1]);
        execl("/usr/bin/python3", "python3", RPL_SOURCE_DIR "/tests/support/rpc_peer.py",
              peer.folder, RPL_VECTORS "/evm/osaka.json", (char *)NULL);
        _exit(127);
    }
    close(in[0]);
    close(out[1]);
    peer.stdin_of_peer = in[1];
    FILE *ports = fdopen(out[0], "r");
    const bool told = ports && fgets(line, sizeof(line), ports);
    if (ports)
        fclose(ports);
    snprintf(peer.ca, sizeof(peer.ca), "%s/ca.pem", peer.folder);
    snprintf(peer.asked, sizeof(peer.asked), "%s/asked", peer.folder);
    peer.recorded = load_evm("osaka");
    int *p = peer.ports;
    return told && sscanf(line, "%d %d %d", p, p + 1, p + 2) == PROVIDERS ? 0 : -1;
}

static int stop_peer(void **state)
{
    (void)state;
    int status;
    json_decref(peer.recorded);
    close(peer.stdin_of_peer);
    return waitpid(peer.pid, &status, 0) == peer.pid && status == 0 ? 0 : -1;
}

/* The code that eth_getCode tells of, where it is not proven. */
static const uint8_t code[] = {0x60, 0x01, 0x60, 0x02, 0x55};

static rpl_rpc_prefixes prefixes_of(size_t count)
{
    rpl_rpc_prefixes prefixes;
    char text[256] = "";
    for (size_t i = 0; i < count; i++)
        snprintf(text + strlen(text), sizeof(text) - strlen(text), "%shttps://127.0.0.%zu:%d/v2/",
                 i ? "," : "", 21 + i, peer.ports[i]);
    assert_ok(rpl_rpc_prefixes_parse(rpl_bytes_of_text(text), &prefixes));
    return prefixes;
}

/* Asks providers that behave as the keys say ("": no key), `quorum` of whom must agree. */
static rpl_chain_facts facts_of(const char *const *keys, size_t count, size_t quorum,
                                int64_t request_ms)
{
    const rpl_rpc_prefixes prefixes = prefixes_of(count);
    const evm_case one = evm_case_of(peer.recorded, "approved");
    rpl_chain_source_config config = {
        .pin = {.is_set = true, .chain_id = 8453, .n_providers = count, .quorum = quorum},
        .prefixes = &prefixes,
        .ca_file = peer.ca,
        .pace = {request_ms, SHORT_MS, 10, 20},
    };
    rpl_rpc_keys given = {{{0}}};
    rpl_chain_facts facts;

    memcpy(config.pin.address, one.address, sizeof(one.address));
    for (size_t i = 0; i < count; i++)
        snprintf(given.text[i], sizeof(given.text[i]), "%s", keys[i]);
    (void)unlink(peer.asked);
    rpl_chain_source *source = rpl_chain_source_new(&config);
    assert_non_null(source);
    rpl_chain_source_keys(source, &given);
    rpl_chain_source_ask(source, &one.question, &facts);
    rpl_chain_source_free(source);
    assert_int_equal(facts.count, count);
    return facts;
}

/* How often the peer was asked by lines that contain both. */
static size_t asked(const char *key, const char *method)
{
    char line[256];
    size_t n = 0;
    FILE *f = fopen(peer.asked, "r");
    while (f && fgets(line, sizeof(line), f))
        n += strstr(line, key) && strstr(line, method);
    if (f)
        fclose(f);
    return n;
}

static void assert_block(const rpl_chain_view *view, uint64_t number)
{
    assert_int_equal(view->block.number, number);
    assert_int_equal(view->block.timestamp, 1800000000 + 12 * (int64_t)number);
    assert_int_equal(rpl_contract_entry_state(&view->release, 1700300000), RPL_ENTRY_ACTIVE);
    assert_int_equal(view->min_epoch, 3);
}

static void assert_known(const rpl_chain_report *report, uint64_t latest, uint64_t finalized)
{
    if (report->standing != RPL_CHAIN_KNOWN)
        fail_msg("a provider that %s", rpl_chain_standing_text(report->standing));
    assert_int_equal(report->chain_id, 8453);
    assert_block(&report->latest, latest);
    assert_block(&report->finalized, finalized);
}

static void one_honest_provider_is_read_at_both_blocks(void **state)
{
    (void)state;
    const rpl_chain_facts f = facts_of((const char *const[]){"honest"}, 1, 1, SHORT_MS);
    uint8_t want[32];
    assert_known(&f.reports[0], LATEST, FINALIZED);
    const evm_case one = evm_case_of(peer.recorded, "approved");
    evm_hex(one.expected, "code_hash", want, 32);
    assert_memory_equal(f.reports[0].latest.code_hash, want, 32);
    assert_int_equal(asked("honest", "eth_getStorageAt"), 0);
    assert_int_equal(asked("honest", "eth_getProof"), 2);
}

static void three_that_agree_name_the_same_blocks(void **state)
{
    (void)state;
    const rpl_chain_facts f =
        facts_of((const char *const[]){"honest", "reversed", "claims"}, 3, 2, SHORT_MS);
    for (size_t i = 0; i < 3; i++) {
        assert_known(&f.reports[i], LATEST, FINALIZED);
        assert_memory_equal(f.reports[i].latest.block.hash, f.reports[0].latest.block.hash, 32);
        assert_memory_equal(f.reports[i].finalized.block.hash, f.reports[0].finalized.block.hash,
                            32);
    }
}

static void assert_newest(const rpl_chain_report *report, uint64_t number)
{
    assert_int_equal(report->has_newest, number > 0);
    if (number > 0)
        assert_block(&report->newest, number);
}

/* What is asked about is what a quorum has reached, whoever is ahead, behind or makes numbers up; who
 * is ahead is heard there as well. */
static void one_that_is_elsewhere_moves_nobody(void **state)
{
    (void)state;
    static const struct {
        const char *key;
        uint64_t latest, finalized; /* at which it is read itself */
        uint64_t newest;            /* and there; 0: nowhere else */
    } others[] = {{"ahead", LATEST, FINALIZED, 103},
                  {"far", LATEST, FINALIZED, UINT64_C(1000000000000000)},
                  {"behind", 98, 88, 0},
                  {"ancient", 3, 2, 0}};
    for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
        const rpl_chain_facts f =
            facts_of((const char *const[]){"honest", others[i].key, "slow"}, 3, 2, SHORT_MS);
        assert_known(&f.reports[0], LATEST, FINALIZED);
        assert_known(&f.reports[1], others[i].latest, others[i].finalized);
        assert_known(&f.reports[2], LATEST, FINALIZED);
        assert_newest(&f.reports[0], 0);
        assert_newest(&f.reports[1], others[i].newest);
        assert_newest(&f.reports[2], 0);
    }
}

/* It says that it has a newer block, and does not show it: its word is not known. */
static void one_that_cannot_show_its_own_newest_block_is_unknown(void **state)
{
    (void)state;
    const rpl_chain_facts f =
        facts_of((const char *const[]){"honest", "boast", "slow"}, 3, 2, SHORT_MS);
    assert_int_equal(f.reports[1].standing, RPL_CHAIN_REFUSED);
    assert_known(&f.reports[0], LATEST, FINALIZED);
    assert_known(&f.reports[2], LATEST, FINALIZED);
}

static void a_quorum_of_all_is_asked_about_what_all_have(void **state)
{
    (void)state;
    const rpl_chain_facts f =
        facts_of((const char *const[]){"honest", "behind", "ahead"}, 3, 3, SHORT_MS);
    static const uint64_t newest[] = {LATEST, 0, 103};
    for (size_t i = 0; i < 3; i++) {
        assert_known(&f.reports[i], 98, 88);
        assert_newest(&f.reports[i], newest[i]);
    }
}

static void another_fork_is_told_as_it_is(void **state)
{
    (void)state;
    const rpl_chain_facts f =
        facts_of((const char *const[]){"honest", "fork", "slow"}, 3, 2, SHORT_MS);
    assert_known(&f.reports[0], LATEST, FINALIZED);
    assert_known(&f.reports[1], LATEST, FINALIZED);
    assert_memory_not_equal(f.reports[1].latest.block.hash, f.reports[0].latest.block.hash, 32);
    assert_memory_equal(f.reports[2].latest.block.hash, f.reports[0].latest.block.hash, 32);
}

/* Each way of not giving the answer, and what it is called. */
static const struct {
    const char *key;
    rpl_chain_standing standing;
} liars[] = {
    {"", RPL_CHAIN_NO_URL},
    {"otherchain", RPL_CHAIN_OTHER_CHAIN},
    {"upside", RPL_CHAIN_ORDER},
    {"silent", RPL_CHAIN_UNREACHABLE},
    {"limited", RPL_CHAIN_REFUSED},
    {"unauthorized", RPL_CHAIN_REFUSED},
    {"redirect", RPL_CHAIN_REFUSED},
    {"text", RPL_CHAIN_MALFORMED},
    {"large", RPL_CHAIN_MALFORMED},
    {"single", RPL_CHAIN_MALFORMED},
    {"missing", RPL_CHAIN_MALFORMED},
    {"twice", RPL_CHAIN_MALFORMED},
    {"trailing", RPL_CHAIN_MALFORMED},
    {"otherid", RPL_CHAIN_MALFORMED},
    {"textid", RPL_CHAIN_MALFORMED},
    {"noversion", RPL_CHAIN_MALFORMED},
    {"both", RPL_CHAIN_MALFORMED},
    {"nullblock", RPL_CHAIN_MALFORMED},
    {"othernumber", RPL_CHAIN_MALFORMED},
    {"leadingzero", RPL_CHAIN_MALFORMED},
    {"badhash", RPL_CHAIN_UNPROVEN},
    {"badtime", RPL_CHAIN_UNPROVEN},
    {"badproof", RPL_CHAIN_UNPROVEN},
    {"badslot", RPL_CHAIN_UNPROVEN},
    {"shortword", RPL_CHAIN_MALFORMED},
};

static void what_is_no_answer_is_unknown_and_says_why(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(liars) / sizeof(*liars); i++) {
        const rpl_chain_facts f =
            facts_of((const char *const[]){"honest", liars[i].key, "slow"}, 3, 2, 600);
        if (f.reports[1].standing != liars[i].standing)
            fail_msg("%s: a provider that %s", liars[i].key,
                     rpl_chain_standing_text(f.reports[1].standing));
        assert_known(&f.reports[0], LATEST, FINALIZED);
        assert_known(&f.reports[2], LATEST, FINALIZED);
        assert_int_equal(asked(liars[i].key, "eth_chainId") > 0, 1);
    }
}

static void a_redirect_is_not_followed(void **state)
{
    (void)state;
    (void)facts_of((const char *const[]){"redirect"}, 1, 1, SHORT_MS);
    assert_true(asked("redirect", "eth_chainId") > 0);
    assert_int_equal(asked("honest", "eth_"), 0);
}

static void without_proofs_the_words_are_asked_for_by_block_hash(void **state)
{
    (void)state;
    static const char *const keys[] = {"noproof", "pruned"};
    uint8_t want[32];
    rpl_keccak256(rpl_bytes_of(code, sizeof(code)), want);
    for (size_t i = 0; i < 2; i++) {
        const rpl_chain_facts f =
            facts_of((const char *const[]){keys[i], "honest"}, 2, 2, SHORT_MS);
        assert_known(&f.reports[0], LATEST, FINALIZED);
        assert_memory_equal(f.reports[0].latest.block.hash, f.reports[1].latest.block.hash, 32);
        assert_memory_equal(f.reports[0].latest.code_hash, want, 32);
        assert_memory_equal(&f.reports[0].latest.identity, &f.reports[1].latest.identity,
                            sizeof(rpl_contract_identity));
        assert_true(asked(keys[i], "eth_getStorageAt") >= 4);
    }
    const rpl_chain_facts f = facts_of((const char *const[]){"othercode"}, 1, 1, SHORT_MS);
    assert_int_equal(f.reports[0].standing, RPL_CHAIN_KNOWN);
    assert_memory_not_equal(f.reports[0].latest.code_hash, want, 32);
}

static void what_fails_once_is_asked_again(void **state)
{
    (void)state;
    const rpl_chain_facts f =
        facts_of((const char *const[]){"once1", "once2", "limited"}, 3, 2, SHORT_MS);
    assert_known(&f.reports[0], LATEST, FINALIZED);
    assert_known(&f.reports[1], LATEST, FINALIZED);
    assert_int_equal(f.reports[2].standing, RPL_CHAIN_REFUSED);
}

static void what_goes_on_failing_ends_at_the_deadline(void **state)
{
    (void)state;
    const rpl_chain_facts f = facts_of((const char *const[]){"limited", "silent", ""}, 3, 2, 300);
    assert_int_equal(f.reports[0].standing, RPL_CHAIN_REFUSED);
    assert_int_equal(f.reports[1].standing, RPL_CHAIN_UNREACHABLE);
    assert_int_equal(f.reports[2].standing, RPL_CHAIN_NO_URL);
    assert_true(asked("limited", "eth_chainId") > 1);
}

static void without_keys_nobody_is_asked(void **state)
{
    (void)state;
    const rpl_chain_facts f = facts_of((const char *const[]){"", ""}, 2, 1, SHORT_MS);
    assert_int_equal(f.reports[0].standing, RPL_CHAIN_NO_URL);
    assert_int_equal(f.reports[1].standing, RPL_CHAIN_NO_URL);
    assert_int_equal(asked("", ""), 0);
}

/* Whatever goes wrong: the log names the provider by its place alone. */
static void keys_and_addresses_are_in_no_log(void **state)
{
    (void)state;
    char path[128], text[16384], key[64];
    snprintf(path, sizeof(path), "%s/log", peer.folder);
    const int before = dup(2), log = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    assert_true(log >= 0 && dup2(log, 2) == 2);
    rpl_log_set_level(RPL_LOG_DEBUG);
    for (size_t i = 1; i < sizeof(liars) / sizeof(*liars); i += 3) {
        snprintf(key, sizeof(key), "%s-KEY_OF_AN_ACCOUNT", liars[i].key);
        (void)facts_of((const char *const[]){key, "limited-KEY_OF_ANOTHER", "honest"}, 3, 1, 300);
    }
    rpl_log_set_level(RPL_LOG_ERROR);
    assert_int_equal(dup2(before, 2), 2);
    close(before);
    const ssize_t len = pread(log, text, sizeof(text) - 1, 0);
    close(log);
    assert_true(len > 0);
    text[len] = 0;
    assert_non_null(strstr(text, "RPC provider"));
    assert_null(strstr(text, "127.0.0"));
    assert_null(strstr(text, "https"));
    assert_null(strstr(text, "KEY_OF"));
}

/* --- single questions --- */

static rpl_chain_source *source_of(const rpl_rpc_prefixes *prefixes, const char *const keys[2])
{
    const evm_case one = evm_case_of(peer.recorded, "approved");
    rpl_chain_source_config config = {
        .pin = {.is_set = true, .chain_id = 8453, .n_providers = 2, .quorum = 2},
        .prefixes = prefixes,
        .ca_file = peer.ca,
        .pace = {SHORT_MS, SHORT_MS, 10, 20},
    };
    rpl_rpc_keys given = {{{0}}};
    memcpy(config.pin.address, one.address, sizeof(one.address));
    for (size_t i = 0; i < 2; i++)
        snprintf(given.text[i], sizeof(given.text[i]), "%s", keys[i]);
    rpl_chain_source *source = rpl_chain_source_new(&config);
    assert_non_null(source);
    rpl_chain_source_keys(source, &given);
    return source;
}

static void witnesses_say_which_blocks_they_know(void **state)
{
    (void)state;
    static const struct {
        const char *key;
        rpl_chain_standing standing;
    } cases[] = {{"honest", RPL_CHAIN_KNOWN},     {"fork", RPL_CHAIN_KNOWN},
                 {"badhash", RPL_CHAIN_UNPROVEN}, {"othernumber", RPL_CHAIN_MALFORMED},
                 {"limited", RPL_CHAIN_REFUSED},  {"nullblock", RPL_CHAIN_MALFORMED},
                 {"", RPL_CHAIN_NO_URL}};
    const rpl_rpc_prefixes prefixes = prefixes_of(2);
    const rpl_chain_facts facts = facts_of((const char *const[]){"honest"}, 1, 1, SHORT_MS);
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        rpl_chain_witnesses w;
        rpl_chain_source *source =
            source_of(&prefixes, (const char *const[]){"honest", cases[i].key});
        rpl_chain_source_witness(source, FINALIZED, LATEST, &w);
        rpl_chain_source_free(source);
        assert_int_equal(w.count, 2);
        if (w.witnesses[1].standing != cases[i].standing)
            fail_msg("\"%s\": one that %s", cases[i].key,
                     rpl_chain_standing_text(w.witnesses[1].standing));
        const rpl_chain_witness *honest = &w.witnesses[0];
        assert_true(honest->chain_id == 8453 && honest->finalized_number == FINALIZED);
        assert_true(honest->latest_number == LATEST);
        assert_memory_equal(honest->latest_hash, facts.reports[0].latest.block.hash, 32);
        assert_memory_equal(honest->finalized_hash, facts.reports[0].finalized.block.hash, 32);
        if (strcmp(cases[i].key, "fork") == 0)
            assert_memory_not_equal(w.witnesses[1].latest_hash, honest->latest_hash, 32);
    }
}

/* All are asked at once, and none for longer than the deadline of all of it. */
static void witnesses_are_asked_side_by_side(void **state)
{
    (void)state;
    const rpl_rpc_prefixes prefixes = prefixes_of(2);
    rpl_chain_witnesses w;
    rpl_chain_source *source = source_of(&prefixes, (const char *const[]){"meet", "meet"});
    rpl_chain_source_witness(source, FINALIZED, LATEST, &w);
    rpl_chain_source_free(source);
    for (size_t i = 0; i < 2; i++)
        if (w.witnesses[i].standing != RPL_CHAIN_KNOWN)
            fail_msg("one that %s", rpl_chain_standing_text(w.witnesses[i].standing));
}

static void the_list_is_read_page_by_page(void **state)
{
    (void)state;
    enum { LIST = 300 /* as the peer has it */, CAP = 512, FEWER = 270 };
    static rpl_contract_item items[CAP];
    static const uint8_t block[32] = {1};
    const rpl_rpc_prefixes prefixes = prefixes_of(2);
    size_t count = 0;
    rpl_chain_source *source = source_of(&prefixes, (const char *const[]){"honest", "shortlist"});
    assert_ok(rpl_chain_source_list(source, 0, block, items, CAP, &count));
    assert_int_equal(count, LIST);
    assert_true(items[0].key.kind[31] == 7 && items[200].key.value[31] == 200);
    assert_true(items[0].entry.not_before == 100 && items[0].entry.not_after == 200);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(items[i].entry.position, i + 1);
    assert_ok(rpl_chain_source_list(source, 0, block, items, FEWER, &count));
    assert_int_equal(count, FEWER); /* the last ones, and the first says how many are before it */
    assert_int_equal(items[0].entry.position, LIST - FEWER + 1);
    assert_code(rpl_chain_source_list(source, 1, block, items, CAP, &count), RPL_MALFORMED);
    assert_code(rpl_chain_source_list(source, 2, block, items, CAP, &count), RPL_UNAVAILABLE);
    rpl_chain_source_free(source);
    source = source_of(&prefixes, (const char *const[]){"stingy", "shifted"});
    for (size_t i = 0; i < 2; i++)
        assert_code(rpl_chain_source_list(source, i, block, items, CAP, &count), RPL_MALFORMED);
    rpl_chain_source_free(source);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_honest_provider_is_read_at_both_blocks),
        cmocka_unit_test(three_that_agree_name_the_same_blocks),
        cmocka_unit_test(one_that_is_elsewhere_moves_nobody),
        cmocka_unit_test(one_that_cannot_show_its_own_newest_block_is_unknown),
        cmocka_unit_test(a_quorum_of_all_is_asked_about_what_all_have),
        cmocka_unit_test(another_fork_is_told_as_it_is),
        cmocka_unit_test(what_is_no_answer_is_unknown_and_says_why),
        cmocka_unit_test(a_redirect_is_not_followed),
        cmocka_unit_test(without_proofs_the_words_are_asked_for_by_block_hash),
        cmocka_unit_test(what_fails_once_is_asked_again),
        cmocka_unit_test(what_goes_on_failing_ends_at_the_deadline),
        cmocka_unit_test(without_keys_nobody_is_asked),
        cmocka_unit_test(keys_and_addresses_are_in_no_log),
        cmocka_unit_test(witnesses_say_which_blocks_they_know),
        cmocka_unit_test(witnesses_are_asked_side_by_side),
        cmocka_unit_test(the_list_is_read_page_by_page),
    };
    if (rpl_http_global_init().code != RPL_OK)
        return 1;
    rpl_log_set_level(RPL_LOG_ERROR);
    return cmocka_run_group_tests(tests, start_peer, stop_peer);
}
