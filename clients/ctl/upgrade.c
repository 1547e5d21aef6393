#include "clients/ctl/upgrade.h"

#include <ctype.h>
#include <time.h>

#include "base/hash.h"
#include "base/hex.h"

typedef struct {
    const char *name;
    rpl_ctl_action action;
} call_command;

static const call_command calls[] = {
    {"propose", RPL_ACTION_PROPOSE}, {"revoke", RPL_ACTION_REVOKE}, {"sunset", RPL_ACTION_SUNSET}};

static int run_call(rpl_ctl_action action, int argc, char **argv)
{
    rpl_ctl_upgrade_arguments a = {0};
    const rpl_ctl_option options[] = {{"--contract", &a.contract, NULL},
                                      {"--rpc", &a.rpc, NULL},
                                      {"--from", &a.from, NULL},
                                      {"--chain-id", &a.chain_id, NULL},
                                      {"--kind", &a.kind, NULL},
                                      {"--value", &a.value, NULL},
                                      {"--compose", &a.compose, NULL},
                                      {"--service", &a.service, NULL},
                                      {"--compose-hash", &a.compose_hash, NULL},
                                      {"--image-hash", &a.image_hash, NULL},
                                      {"--quote", &a.quote, NULL},
                                      {"--event-log", &a.event_log, NULL},
                                      {"--trust-quote", NULL, &a.trust_quote},
                                      {"--not-before", &a.not_before, NULL},
                                      {"--not-after", &a.not_after, NULL},
                                      {"--info", &a.info, NULL},
                                      {"--reason", &a.reason, NULL},
                                      {"--json", NULL, &a.json},
                                      {"--safe", NULL, &a.safe},
                                      {0}};
    if (!rpl_ctl_arguments(argc, argv, options, NULL, 0))
        return RPL_CTL_USAGE;
    return rpl_ctl_upgrade_call(action, &a);
}

int rpl_ctl_upgrade(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "";
    for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++)
        if (strcmp(name, calls[i].name) == 0)
            return run_call(calls[i].action, argc - 1, argv + 1);
    if (strcmp(name, "list") == 0)
        return rpl_ctl_upgrade_list(argc - 1, argv + 1);
    if (strcmp(name, "watch") == 0)
        return rpl_ctl_upgrade_watch(argc - 1, argv + 1);
    fprintf(stderr,
            "replicatoorctl upgrade: propose, revoke, sunset, list or watch was expected\n");
    return RPL_CTL_USAGE;
}

static bool complain(const char *option, const char *text, const char *expected)
{
    fprintf(stderr, "replicatoorctl upgrade: %s ", option);
    rpl_ctl_print(stderr, rpl_bytes_of_text(text));
    fprintf(stderr, ": %s was expected\n", expected);
    return false;
}

bool rpl_ctl_number(const char *option, const char *text, uint64_t max, uint64_t *out)
{
    uint64_t value = 0;
    bool ok = *text != 0;
    for (const char *c = text; ok && *c; c++) {
        const uint64_t digit = (uint64_t)(*c - '0');
        ok = isdigit((unsigned char)*c) && digit <= max && value <= (max - digit) / 10;
        value = value * 10 + digit;
    }
    *out = value;
    return ok || complain(option, text, "a number in range");
}

bool rpl_ctl_address(const char *option, const char *text, uint8_t out[static 20])
{
    return rpl_hex_decode_exact(rpl_bytes_of_text(text), out, 20).code == RPL_OK ||
           complain(option, text, "an address, 20 bytes in hex,");
}

bool rpl_ctl_word(const char *option, const char *text, uint8_t out[static 32])
{
    return rpl_hex_decode_exact(rpl_bytes_of_text(text), out, 32).code == RPL_OK ||
           complain(option, text, "32 bytes in hex");
}

int rpl_ctl_chain_read(const rpl_ctl_upgrade_arguments *a, rpl_ctl_chain *out)
{
    *out = (rpl_ctl_chain){.rpc = a->rpc};
    if (!a->contract) {
        fprintf(stderr, "replicatoorctl upgrade: --contract ADDRESS was expected\n");
        return RPL_CTL_USAGE;
    }
    if (!rpl_ctl_address("--contract", a->contract, out->contract))
        return RPL_CTL_USAGE;
    const rpl_status s = a->rpc ? rpl_ctl_rpc_check(a->rpc) : rpl_ok();
    return s.code == RPL_OK ? 0 : rpl_ctl_fail("--rpc", s);
}

void rpl_ctl_kind_text(const uint8_t kind[static 32], char out[static RPL_CTL_NAME_MAX])
{
    static const char *const others[] = {"identity", "owner"};
    rpl_contract_kind known;
    rpl_ctl_hex(rpl_bytes_of(kind, 32), out);
    if (rpl_contract_kind_of(kind, &known))
        snprintf(out, RPL_CTL_NAME_MAX, "%s", rpl_contract_kind_name(known));
    for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
        uint8_t hash[32];
        rpl_keccak256(rpl_bytes_of_text(others[i]), hash);
        if (rpl_bytes_equal(rpl_bytes_of(hash, 32), rpl_bytes_of(kind, 32)))
            snprintf(out, RPL_CTL_NAME_MAX, "%s", others[i]);
    }
}

void rpl_ctl_hex(rpl_bytes bytes, char *out)
{
    out[0] = '0';
    out[1] = 'x';
    rpl_hex_encode(bytes, out + 2);
}

void rpl_ctl_origin(const char *url, char out[static RPL_CTL_ORIGIN_MAX])
{
    const char *colon = strstr(url, "://");
    const char *host = colon ? colon + 3 : url;
    size_t len = strcspn(host, "/?#\\");
    for (size_t i = len; i-- > 0;) {
        if (host[i] == '@') {
            host += i + 1;
            len -= i + 1;
            break;
        }
    }
    snprintf(out, RPL_CTL_ORIGIN_MAX, "%.*s%.*s", colon ? (int)(colon + 3 - url) : 0, url, (int)len,
             host);
}

int rpl_ctl_fail_at(const char *url, rpl_status s)
{
    char origin[RPL_CTL_ORIGIN_MAX];
    rpl_ctl_origin(url, origin);
    return rpl_ctl_fail(origin, s);
}

void rpl_ctl_time_text(int64_t time_s, char out[static 32])
{
    struct tm tm;
    const time_t t = (time_t)time_s;
    if (!gmtime_r(&t, &tm) || strftime(out, 32, "%Y-%m-%d %H:%M:%S UTC", &tm) == 0)
        snprintf(out, 32, "%lld", (long long)time_s);
}

void rpl_ctl_span_text(int64_t seconds, char out[static 32])
{
    const int64_t minutes = (seconds + 59) / 60;
    snprintf(out, 32, "%lld h %lld min", (long long)(minutes / 60), (long long)(minutes % 60));
}

const char *rpl_ctl_state_text(rpl_entry_state state)
{
    static const char *const texts[] = {
        [RPL_ENTRY_NONE] = "never proposed", [RPL_ENTRY_PENDING] = "pending",
        [RPL_ENTRY_ACTIVE] = "active",       [RPL_ENTRY_ENDED] = "ended",
        [RPL_ENTRY_CANCELLED] = "cancelled",
    };
    return texts[state];
}
