#include <time.h>

#include "clients/ctl/upgrade.h"

/* One transaction, ready to be signed elsewhere. */
typedef struct {
    rpl_ctl_action action;
    rpl_ctl_chain chain;
    rpl_ctl_subject subject;
    rpl_writer data; /* over `bytes` */
    uint8_t *bytes;
    const char *effect;
    uint64_t not_before, not_after, chain_id;
    bool has_state; /* an RPC was given: what follows is from there */
    rpl_ctl_operator state;
    rpl_status tried;
} prepared;

static void rpl_auto_prepared(prepared *p)
{
    free(p->bytes);
    rpl_auto_subject(&p->subject);
    rpl_ctl_operator_free(&p->state);
}

static const char loosens[] = "Loosens: takes effect once the delay of the contract (48 h at "
                              "least) is over, counted from the\n"
                              "block that includes it. Until then it is public, and the owner or a "
                              "guardian can take it back.";
static const char tightens[] = "Tightens: takes effect in the block that includes it.";
static const char identity_effect[] =
    "Pins who the app is. The first identity takes effect in the block that includes it; a change\n"
    "of it once the delay is over. A node without a state takes it from this identity alone.";
static const char epoch_effect[] = "Tightens: takes effect in the block that includes it, and "
                                   "cannot be lowered again. A state whose\n"
                                   "highest epoch is lower is neither given nor taken.";
static const char sunset_effect[] = "Tightens: the entry ends at the time given. A guardian needs "
                                    "the delay of the contract (48 h at\n"
                                    "least) as notice. The end cannot be put off again.";

static int usage(const char *what)
{
    fprintf(stderr, "replicatoorctl upgrade: %s\n", what);
    return RPL_CTL_USAGE;
}

static rpl_bytes text_or_empty(const char *text)
{
    return rpl_bytes_of_text(text ? text : "");
}

/* What is published beside an entry: --info, else the parts from which its value follows. */
static void write_info(const rpl_ctl_upgrade_arguments *a, const rpl_ctl_subject *s, rpl_writer *w)
{
    if (a->info) {
        rpl_write_text(w, a->info);
        return;
    }
    if (!s->has_hashes)
        return;
    if (!s->compose)
        rpl_write_bytes(w, rpl_bytes_of(s->compose_hash, 32));
    if (s->form == RPL_SUBJECT_RELEASE)
        rpl_write_bytes(w, rpl_bytes_of(s->measurements, sizeof(s->measurements)));
    else
        rpl_write_bytes(w, rpl_bytes_of(s->image_hash, 32));
    if (s->compose)
        rpl_write_bytes(w, rpl_bytes_of(s->compose, s->compose_len));
}

static int write_propose_entry(const rpl_ctl_upgrade_arguments *a, prepared *p)
{
    const size_t cap = p->data.cap;
    RPL_AUTO(bytes) uint8_t *info = malloc(cap);
    rpl_writer w = rpl_writer_over(info, cap);
    if (!info)
        return rpl_ctl_fail("upgrade", rpl_fail(RPL_INTERNAL, "out of memory"));
    write_info(a, &p->subject, &w);
    if (!rpl_writer_done(&w))
        return usage("--info is too long");
    rpl_contract_call_propose(&p->data, &p->subject.key, p->not_before, p->not_after,
                              rpl_writer_bytes(&w));
    return 0;
}

/* The contract's own function computes the value from what it publishes; it knows no times, no other
 * kind and no other text. */
static bool is_published_by_contract(const rpl_ctl_upgrade_arguments *a, const prepared *p)
{
    return p->subject.form == RPL_SUBJECT_RELEASE && p->not_before == 0 && p->not_after == 0 &&
           !a->info && strcmp(p->subject.kind, "replicatoor-release") == 0;
}

static int write_propose(const rpl_ctl_upgrade_arguments *a, prepared *p)
{
    const rpl_ctl_subject *s = &p->subject;
    p->effect = loosens;
    if (s->form == RPL_SUBJECT_EPOCH) {
        p->effect = epoch_effect;
        rpl_contract_call_raise_min_epoch(&p->data, s->epoch);
    } else if (s->form == RPL_SUBJECT_IDENTITY) {
        p->effect = identity_effect;
        rpl_contract_call_set_identity(&p->data, s->identity, text_or_empty(a->info));
    } else if (is_published_by_contract(a, p)) {
        rpl_contract_call_propose_release(&p->data, rpl_bytes_of(s->compose, s->compose_len),
                                          s->measurements);
    } else {
        return write_propose_entry(a, p);
    }
    return 0;
}

static int write_revoke(const rpl_ctl_upgrade_arguments *a, prepared *p)
{
    p->effect = tightens;
    if (p->subject.form == RPL_SUBJECT_EPOCH)
        return usage("minEpoch only rises: it cannot be revoked");
    if (p->subject.form == RPL_SUBJECT_IDENTITY)
        rpl_contract_call_cancel_identity(&p->data, text_or_empty(a->reason));
    else
        rpl_contract_call_revoke(&p->data, &p->subject.key, text_or_empty(a->reason));
    return 0;
}

static int write_sunset(const rpl_ctl_upgrade_arguments *a, prepared *p)
{
    p->effect = sunset_effect;
    if (!a->not_after)
        return usage("sunset: --not-after UNIX was expected");
    if (p->subject.form == RPL_SUBJECT_EPOCH || p->subject.form == RPL_SUBJECT_IDENTITY)
        return usage("sunset: only entries end");
    rpl_contract_call_sunset(&p->data, &p->subject.key, p->not_after);
    return 0;
}

typedef int (*write_call)(const rpl_ctl_upgrade_arguments *a, prepared *p);

static const struct {
    const char *name;
    write_call write;
} actions[] = {
    [RPL_ACTION_PROPOSE] = {"propose", write_propose},
    [RPL_ACTION_REVOKE] = {"revoke", write_revoke},
    [RPL_ACTION_SUNSET] = {"sunset", write_sunset},
};

static int read_numbers(const rpl_ctl_upgrade_arguments *a, prepared *p)
{
    const bool ok =
        (!a->not_before ||
         rpl_ctl_number("--not-before", a->not_before, UINT64_MAX, &p->not_before)) &&
        (!a->not_after || rpl_ctl_number("--not-after", a->not_after, UINT64_MAX, &p->not_after)) &&
        (!a->chain_id || rpl_ctl_number("--chain-id", a->chain_id, UINT64_MAX, &p->chain_id));
    return ok ? 0 : RPL_CTL_USAGE;
}

/* What the contract says now, and whether it would take the call. */
static int look(const rpl_ctl_upgrade_arguments *a, prepared *p)
{
    uint8_t from[20];
    const rpl_status s = rpl_ctl_operator_read(&p->chain, &p->state);
    if (s.code != RPL_OK)
        return rpl_ctl_fail_at(a->rpc, s);
    if (a->chain_id && p->chain_id != p->state.chain_id)
        return rpl_ctl_fail_at(a->rpc,
                               rpl_fail(RPL_DENIED, "it is on another chain than --chain-id"));
    if (a->from && !rpl_ctl_address("--from", a->from, from))
        return RPL_CTL_USAGE;
    p->has_state = true;
    p->chain_id = p->state.chain_id;
    p->tried = rpl_ctl_try(&p->chain, a->from ? from : p->state.owner, rpl_writer_bytes(&p->data));
    return 0;
}

static rpl_entry_state present_state(const prepared *p)
{
    for (size_t i = 0; i < p->state.count; i++) {
        const rpl_contract_item *item = &p->state.items[i];
        if (rpl_bytes_equal(rpl_bytes_of(item->key.kind, 32),
                            rpl_bytes_of(p->subject.key.kind, 32)) &&
            rpl_bytes_equal(rpl_bytes_of(item->key.value, 32),
                            rpl_bytes_of(p->subject.key.value, 32)))
            return rpl_contract_entry_state(&item->entry, (uint64_t)p->state.block.time_s);
    }
    return RPL_ENTRY_NONE;
}

static bool is_entry(const prepared *p)
{
    return p->subject.form == RPL_SUBJECT_ENTRY || p->subject.form == RPL_SUBJECT_RELEASE;
}

static void describe_value(const prepared *p, char *out)
{
    if (p->subject.form == RPL_SUBJECT_IDENTITY)
        rpl_ctl_hex(rpl_bytes_of(p->subject.identity, RPL_CONTRACT_IDENTITY_LEN), out);
    else if (is_entry(p))
        rpl_ctl_hex(rpl_bytes_of(p->subject.key.value, 32), out);
    else
        snprintf(out, RPL_CTL_HEX32, "%llu", (unsigned long long)p->subject.epoch);
}

static json_t *json_of(const prepared *p, const char *to, const char *data)
{
    char value[2 * RPL_CONTRACT_IDENTITY_LEN + 3];
    json_t *object = json_object();
    describe_value(p, value);
    rpl_json_set_text(object, "to", to);
    rpl_json_set_text(object, "value", "0");
    rpl_json_set_text(object, "data", data);
    rpl_json_set_text(object, "action", actions[p->action].name);
    rpl_json_set_text(object, "kind", p->subject.kind);
    rpl_json_set_text(object, "subject", value);
    rpl_json_set_text(object, "effect", p->effect);
    if (p->chain_id)
        rpl_json_set_uint(object, "chain_id", p->chain_id);
    if (p->has_state && is_entry(p))
        rpl_json_set_text(object, "now", rpl_ctl_state_text(present_state(p)));
    if (p->has_state)
        json_object_set_new(object, "would_pass", json_boolean(p->tried.code == RPL_OK));
    return object;
}

/* The file format of Safe's transaction builder. */
static json_t *safe_of(const prepared *p, const char *to, const char *data)
{
    char chain_id[32], name[RPL_CTL_NAME_MAX + 16];
    json_t *object = json_object(), *meta = json_object(), *list = json_array();
    json_t *transaction = json_object();
    snprintf(chain_id, sizeof(chain_id), "%llu", (unsigned long long)p->chain_id);
    snprintf(name, sizeof(name), "%s %s", actions[p->action].name, p->subject.kind);
    rpl_json_set_text(transaction, "to", to);
    rpl_json_set_text(transaction, "value", "0");
    rpl_json_set_text(transaction, "data", data);
    json_object_set_new(transaction, "contractMethod", json_null());
    json_object_set_new(transaction, "contractInputsValues", json_null());
    json_array_append_new(list, transaction);
    rpl_json_set_text(meta, "name", name);
    rpl_json_set_text(meta, "description", p->effect);
    rpl_json_set_text(object, "version", "1.0");
    rpl_json_set_text(object, "chainId", chain_id);
    json_object_set_new(object, "createdAt", json_integer((json_int_t)time(NULL) * 1000));
    json_object_set_new(object, "meta", meta);
    json_object_set_new(object, "transactions", list);
    return object;
}

static void print_hash(const char *label, const uint8_t hash[static 32])
{
    char hex[RPL_CTL_HEX32];
    rpl_ctl_hex(rpl_bytes_of(hash, 32), hex);
    printf("  %-13s %s\n", label, hex);
}

static void print_text(const prepared *p, const char *to, const char *data)
{
    char value[2 * RPL_CONTRACT_IDENTITY_LEN + 3];
    describe_value(p, value);
    printf("to     %s\nvalue  0\ndata   %s\n", to, data);
    if (p->chain_id)
        printf("chain  %llu\n", (unsigned long long)p->chain_id);
    printf("\n%s %s\n  %s\n", actions[p->action].name, p->subject.kind, value);
    if (p->subject.has_hashes) {
        print_hash("compose hash", p->subject.compose_hash);
        print_hash("image hash", p->subject.image_hash);
    }
    printf("%s\n", p->effect);
    if (p->has_state && is_entry(p))
        printf("Now: %s.\n", rpl_ctl_state_text(present_state(p)));
    if (p->has_state)
        printf("Tried without sending: %s.\n",
               p->tried.code == RPL_OK ? "the contract would take it" : p->tried.what);
}

static int show(const rpl_ctl_upgrade_arguments *a, const prepared *p)
{
    char to[2 + 40 + 1];
    const rpl_bytes call = rpl_writer_bytes(&p->data);
    RPL_AUTO(bytes) uint8_t *data = malloc(2 * call.len + 3);
    if (!data)
        return rpl_ctl_fail("upgrade", rpl_fail(RPL_INTERNAL, "out of memory"));
    rpl_ctl_hex(rpl_bytes_of(p->chain.contract, 20), to);
    rpl_ctl_hex(call, (char *)data);
    if (a->json || a->safe) {
        RPL_AUTO(json)
        json_t *object =
            a->safe ? safe_of(p, to, (const char *)data) : json_of(p, to, (const char *)data);
        if (json_dumpf(object, stdout, JSON_COMPACT) != 0 || putchar('\n') < 0)
            return rpl_ctl_fail("stdout", rpl_fail(RPL_INTERNAL, "cannot write"));
    } else {
        print_text(p, to, (const char *)data);
    }
    if (p->has_state && p->tried.code != RPL_OK)
        return rpl_ctl_fail_at(a->rpc, p->tried);
    return 0;
}

int rpl_ctl_upgrade_call(rpl_ctl_action action, const rpl_ctl_upgrade_arguments *a)
{
    __attribute__((cleanup(rpl_auto_prepared))) prepared p = {.action = action};
    int refused = rpl_ctl_chain_read(a, &p.chain);
    if (!refused && a->safe && !a->rpc && !a->chain_id)
        refused = usage("--safe wants --chain-id or --rpc");
    if (!refused)
        refused = read_numbers(a, &p);
    if (!refused)
        refused = rpl_ctl_subject_read(a, &p.subject);
    if (refused)
        return refused;
    const size_t texts = p.subject.compose_len + (a->info ? strlen(a->info) : 0) +
                         (a->reason ? strlen(a->reason) : 0);
    p.bytes = malloc(texts + RPL_CONTRACT_CALL_MAX);
    p.data = rpl_writer_over(p.bytes, p.bytes ? texts + RPL_CONTRACT_CALL_MAX : 0);
    refused = actions[action].write(a, &p);
    if (refused)
        return refused;
    if (!rpl_writer_done(&p.data))
        return rpl_ctl_fail("upgrade", rpl_fail(RPL_INTERNAL, "out of memory"));
    refused = a->rpc ? look(a, &p) : 0;
    return refused ? refused : show(a, &p);
}
