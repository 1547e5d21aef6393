#include <time.h>

#include "base/hash.h"
#include "base/hex.h"
#include "clients/ctl/upgrade.h"

enum { TOPICS_MAX = 4 };

static const struct {
    const char *name, *signature;
    bool has_kind; /* its first two topics are a kind and a value */
} events[] = {
    {"proposed", "Proposed(bytes32,bytes32,address,uint64,uint64,bytes)", true},
    {"revoked", "Revoked(bytes32,bytes32,address,uint8,string)", true},
    {"sunset", "Sunset(bytes32,bytes32,address,uint64)", true},
    {"identity proposed", "IdentityProposed(bytes32,address,uint64,bytes,bytes)", false},
    {"identity cancelled", "IdentityCancelled(bytes32,address,string)", false},
    {"minEpoch raised", "MinEpochRaised(uint64,uint64)", false},
    {"owner proposed", "OwnershipTransferStarted(address,address)", false},
    {"owner may accept", "OwnershipAcceptableFrom(address,uint64)", false},
    {"owner cancelled", "OwnershipTransferCancelled(address,address)", false},
    {"owner changed", "OwnershipTransferred(address,address)", false},
};

/* The row of the event, or -1. */
static int event_of(const uint8_t topic[static 32])
{
    for (size_t i = 0; i < sizeof(events) / sizeof(*events); i++) {
        uint8_t hash[32];
        rpl_keccak256(rpl_bytes_of_text(events[i].signature), hash);
        if (rpl_bytes_equal(rpl_bytes_of(hash, 32), rpl_bytes_of(topic, 32)))
            return (int)i;
    }
    return -1;
}

/* One log as {"block", "event", "kind", "subject", "transaction"}; NULL: of another form. */
static json_t *json_of_log(const json_t *log)
{
    uint8_t topics[TOPICS_MAX][32], transaction[32];
    const json_t *list = rpl_json_get_array(log, "topics");
    const size_t n = json_array_size(list);
    uint64_t block;
    char hex[RPL_CTL_HEX32], kind[RPL_CTL_NAME_MAX];
    if (n == 0 || n > TOPICS_MAX ||
        !rpl_rpc_quantity(json_object_get(log, "blockNumber"), &block) ||
        !rpl_rpc_data_exact(json_object_get(log, "transactionHash"), transaction, 32))
        return NULL;
    for (size_t i = 0; i < n; i++)
        if (!rpl_rpc_data_exact(json_array_get(list, i), topics[i], 32))
            return NULL;
    const int event = event_of(topics[0]);
    json_t *object = json_object();
    rpl_json_set_uint(object, "block", block);
    rpl_json_set_text(object, "event", event < 0 ? "unknown" : events[event].name);
    if (event >= 0 && events[event].has_kind && n > 2) {
        rpl_ctl_kind_text(topics[1], kind);
        rpl_json_set_text(object, "kind", kind);
    }
    const size_t subject = event >= 0 && events[event].has_kind ? 2 : 1;
    if (subject < n) {
        rpl_ctl_hex(rpl_bytes_of(topics[subject], 32), hex);
        rpl_json_set_text(object, "subject", hex);
    }
    rpl_ctl_hex(rpl_bytes_of(transaction, 32), hex);
    rpl_json_set_text(object, "transaction", hex);
    return object;
}

static rpl_status read_changes(const rpl_ctl_chain *chain, uint64_t since, json_t **out)
{
    char text[32];
    rpl_rpc_problem problem;
    RPL_AUTO(json) json_t *logs = NULL;
    RPL_AUTO(json) json_t *changes = json_array();
    json_t *params = json_array(), *filter = json_object();
    char address[2 + 40 + 1];
    rpl_ctl_hex(rpl_bytes_of(chain->contract, 20), address);
    snprintf(text, sizeof(text), "0x%llx", (unsigned long long)since);
    rpl_json_set_text(filter, "address", address);
    rpl_json_set_text(filter, "fromBlock", text);
    rpl_json_set_text(filter, "toBlock", "latest");
    json_array_append_new(params, filter);
    RPL_TRY(rpl_ctl_rpc(chain->rpc, "eth_getLogs", params, &logs, &problem));
    size_t i;
    json_t *log;
    json_array_foreach(logs, i, log)
    {
        json_t *change = json_of_log(log);
        if (!change)
            return rpl_fail(RPL_MALFORMED, "eth_getLogs: a log of another form");
        json_array_append_new(changes, change);
    }
    *out = RPL_TAKE(changes);
    return rpl_ok();
}

static json_t *json_of_item(const rpl_contract_item *item, int64_t now_s)
{
    char kind[RPL_CTL_NAME_MAX], value[RPL_CTL_HEX32];
    json_t *object = json_object();
    const rpl_entry_state state = rpl_contract_entry_state(&item->entry, (uint64_t)now_s);
    const uint64_t from = rpl_contract_entry_from(&item->entry);
    rpl_ctl_kind_text(item->key.kind, kind);
    rpl_ctl_hex(rpl_bytes_of(item->key.value, 32), value);
    rpl_json_set_text(object, "kind", kind);
    rpl_json_set_text(object, "value", value);
    rpl_json_set_text(object, "state", rpl_ctl_state_text(state));
    rpl_json_set_uint(object, "proposed_at", item->entry.proposed_at);
    rpl_json_set_uint(object, "not_before", item->entry.not_before);
    if (item->entry.not_after != UINT64_MAX)
        rpl_json_set_uint(object, "not_after", item->entry.not_after);
    rpl_json_set_uint(object, "nodes_from", from);
    if (state == RPL_ENTRY_PENDING || (state == RPL_ENTRY_ACTIVE && from > (uint64_t)now_s))
        rpl_json_set_uint(object, "left_s", from - (uint64_t)now_s);
    return object;
}

static bool is_zero(const uint8_t *bytes, size_t len)
{
    const rpl_reader r = rpl_reader_over(rpl_bytes_of(bytes, len));
    return rpl_read_zeros_to_end(&r);
}

static void set_prefixed(json_t *object, const char *key, const uint8_t *bytes, size_t len)
{
    char hex[RPL_CTL_HEX32];
    if (is_zero(bytes, len))
        return;
    rpl_ctl_hex(rpl_bytes_of(bytes, len), hex);
    rpl_json_set_text(object, key, hex);
}

static json_t *json_of(const rpl_ctl_operator *o)
{
    json_t *object = json_object(), *entries = json_array();
    rpl_json_set_uint(object, "chain_id", o->chain_id);
    rpl_json_set_uint(object, "block", o->block.number);
    rpl_json_set_text(object, "block_hash", o->block.hash);
    rpl_json_set_uint(object, "block_time", (uint64_t)o->block.time_s);
    set_prefixed(object, "code", o->code_hash, 32);
    set_prefixed(object, "owner", o->owner, 20);
    set_prefixed(object, "pending_owner", o->pending_owner, 20);
    if (o->pending_owner_from)
        rpl_json_set_uint(object, "pending_owner_from", o->pending_owner_from);
    rpl_json_set_uint(object, "min_delay_s", o->min_delay_s);
    set_prefixed(object, "identity", o->identity, 32);
    set_prefixed(object, "xpub", o->xpub, 20);
    set_prefixed(object, "next_identity", o->next_identity.digest, 32);
    if (o->next_identity.from)
        rpl_json_set_uint(object, "next_identity_from", o->next_identity.from);
    rpl_json_set_uint(object, "min_epoch", o->min_epoch);
    for (size_t i = 0; i < o->count; i++)
        json_array_append_new(entries, json_of_item(&o->items[i], o->block.time_s));
    json_object_set_new(object, "entries", entries);
    return object;
}

static void print_value(const char *label, const uint8_t *bytes, size_t len, const char *none)
{
    char hex[RPL_CTL_HEX32];
    rpl_ctl_hex(rpl_bytes_of(bytes, len), hex);
    printf("%-9s %s\n", label, is_zero(bytes, len) ? none : hex);
}

static void print_wait(const char *label, const uint8_t *bytes, size_t len, int64_t left_s)
{
    char hex[RPL_CTL_HEX32], left[32];
    if (is_zero(bytes, len))
        return;
    rpl_ctl_hex(rpl_bytes_of(bytes, len), hex);
    rpl_ctl_span_text(left_s > 0 ? left_s : 0, left);
    printf("%-9s %s  PENDING, in %s\n", label, hex, left);
}

static void print_head(const rpl_ctl_operator *o)
{
    char at[32], delay[32];
    const int64_t now_s = o->block.time_s;
    rpl_ctl_time_text(now_s, at);
    rpl_ctl_span_text((int64_t)o->min_delay_s, delay);
    printf("chain     %llu, block %llu of %s, %lld s ago\n", (unsigned long long)o->chain_id,
           (unsigned long long)o->block.number, at, (long long)((int64_t)time(NULL) - now_s));
    print_value("code", o->code_hash, 32, "none");
    printf("delay     %s\n", delay);
    print_value("owner", o->owner, 20, "none");
    print_wait("", o->pending_owner, 20, (int64_t)o->pending_owner_from - now_s);
    print_value("identity", o->identity, 32, "not set");
    print_value("xPub", o->xpub, 20, "not set");
    print_wait("", o->next_identity.digest, 32, (int64_t)o->next_identity.from - now_s);
    printf("minEpoch  %llu\n", (unsigned long long)o->min_epoch);
}

static void print_item(const rpl_contract_item *item, int64_t now_s)
{
    char kind[RPL_CTL_NAME_MAX], value[RPL_CTL_HEX32], text[32];
    const rpl_entry_state state = rpl_contract_entry_state(&item->entry, (uint64_t)now_s);
    const int64_t from = (int64_t)rpl_contract_entry_from(&item->entry);
    rpl_ctl_kind_text(item->key.kind, kind);
    rpl_ctl_hex(rpl_bytes_of(item->key.value, 32), value);
    printf("  %s %s", kind, value);
    if (from > now_s && (state == RPL_ENTRY_PENDING || state == RPL_ENTRY_ACTIVE)) {
        rpl_ctl_span_text(from - now_s, text);
        printf("  nodes take it in %s", text);
    }
    if (item->entry.not_after != UINT64_MAX) {
        rpl_ctl_time_text((int64_t)item->entry.not_after, text);
        printf("  %s %s", state == RPL_ENTRY_ACTIVE ? "ends" : "closed", text);
    }
    putchar('\n');
}

static void print_state(const rpl_ctl_operator *o, rpl_entry_state wanted)
{
    bool any = false;
    for (size_t i = 0; i < o->count; i++) {
        if (rpl_contract_entry_state(&o->items[i].entry, (uint64_t)o->block.time_s) != wanted)
            continue;
        if (!any)
            printf("\n%s\n", rpl_ctl_state_text(wanted));
        any = true;
        print_item(&o->items[i], o->block.time_s);
    }
}

static void print_changes(const json_t *changes)
{
    size_t i;
    json_t *change;
    printf("\nchanges\n");
    json_array_foreach(changes, i, change)
    {
        const char *kind = json_string_value(json_object_get(change, "kind"));
        const char *subject = json_string_value(json_object_get(change, "subject"));
        printf("  block %lld  %s  %s%s%s\n",
               (long long)json_integer_value(json_object_get(change, "block")),
               json_string_value(json_object_get(change, "event")), kind ? kind : "",
               kind ? " " : "", subject ? subject : "");
    }
}

static int print(const rpl_ctl_operator *o, json_t *changes, bool json)
{
    if (json) {
        RPL_AUTO(json) json_t *object = json_of(o);
        if (changes)
            json_object_set(object, "changes", changes);
        return json_dumpf(object, stdout, JSON_COMPACT) == 0 && putchar('\n') >= 0
                   ? 0
                   : rpl_ctl_fail("stdout", rpl_fail(RPL_INTERNAL, "cannot write"));
    }
    print_head(o);
    for (int state = RPL_ENTRY_PENDING; state <= RPL_ENTRY_CANCELLED; state++)
        print_state(o, (rpl_entry_state)state);
    if (changes)
        print_changes(changes);
    return 0;
}

int rpl_ctl_upgrade_list(int argc, char **argv)
{
    rpl_ctl_upgrade_arguments a = {0};
    const char *since = NULL;
    const rpl_ctl_option options[] = {{"--contract", &a.contract, NULL},
                                      {"--rpc", &a.rpc, NULL},
                                      {"--since", &since, NULL},
                                      {"--json", NULL, &a.json},
                                      {0}};
    rpl_ctl_chain chain;
    uint64_t block = 0;
    if (!rpl_ctl_arguments(argc, argv, options, NULL, 0))
        return RPL_CTL_USAGE;
    if (!a.rpc) {
        fprintf(stderr, "replicatoorctl upgrade list: --rpc URL was expected\n");
        return RPL_CTL_USAGE;
    }
    const int refused = rpl_ctl_chain_read(&a, &chain);
    if (refused)
        return refused;
    if (since && !rpl_ctl_number("--since", since, UINT64_MAX, &block))
        return RPL_CTL_USAGE;
    RPL_AUTO(operator) rpl_ctl_operator state = {0};
    RPL_AUTO(json) json_t *changes = NULL;
    rpl_status s = rpl_ctl_operator_read(&chain, &state);
    if (s.code == RPL_OK && since)
        s = read_changes(&chain, block, &changes);
    return s.code == RPL_OK ? print(&state, changes, a.json) : rpl_ctl_fail_at(a.rpc, s);
}
