#include "server/rpc/chain_hearing.h"

void rpl_chain_hearing_begin(const rpl_node *node, rpl_policy_direction direction,
                             rpl_chain_hearing *out)
{
    *out = (rpl_chain_hearing){
        .is_set = node->settings.chain.is_set,
        .pin = node->settings.chain,
        .mark = node->mark,
        .pushed = node->pushed,
        .peer = {.direction = direction, .has_pin = node->settings.has_pin},
    };
    memcpy(out->peer.pin, node->settings.pin, sizeof(out->peer.pin));
    if (node->state)
        rpl_chain_hearing_of_state(out, rpl_identity_public(rpl_state_identity(node->state)),
                                   rpl_state_highest_epoch(node->state));
}

void rpl_chain_hearing_of_state(rpl_chain_hearing *hearing, const rpl_identity_pub *identity,
                                uint64_t highest_epoch)
{
    rpl_identity_digest(identity, hearing->peer.identity);
    hearing->peer.highest_epoch = highest_epoch;
}

static void ask_about(rpl_chain_case *peer, const rpl_peer_check *check)
{
    memcpy(peer->question.release, check->identity.release, sizeof(peer->question.release));
    memcpy(peer->question.config, check->config_digest, sizeof(peer->question.config));
    memcpy(peer->question.device, check->identity.device, sizeof(peer->question.device));
    peer->is_own = check->is_own;
    peer->is_config_settled = check->is_config_settled;
}

void rpl_chain_hearing_of_self(rpl_chain_hearing *hearing, const rpl_node *node)
{
    rpl_chain_question *q = &hearing->peer.question;

    memcpy(q->release, node->self.release, sizeof(q->release));
    memcpy(q->config, node->settings.config_digest, sizeof(q->config));
    memcpy(q->device, node->self.device, sizeof(q->device));
    hearing->peer.is_own = hearing->peer.is_config_settled = true;
}

static void agree(rpl_chain_hearing *hearing)
{
    rpl_chain_agree(&hearing->pin, &hearing->facts, &hearing->mark, &hearing->time,
                    &hearing->agreement);
}

/* The witnesses are asked now: what they said when it was pushed is of no use. */
static void ask_witnesses(const rpl_chain_hearing *hearing, const rpl_ports *ports,
                          const rpl_chain_pushed *pushed, rpl_chain_facts *facts)
{
    rpl_chain_witnesses witnesses = {0};

    ports->chain_witness(ports->self, pushed->finalized.block.number, pushed->latest.block.number,
                         &witnesses);
    rpl_chain_push_facts(pushed, hearing->pin.chain_id, &witnesses, facts);
}

/* What was pushed stands in for providers that gave nothing that counts; the word of one that did
 * stays, so that it can refuse. */
static void use_pushed(rpl_chain_hearing *hearing, const rpl_ports *ports)
{
    const rpl_chain_pushed *pushed = &hearing->pushed.views;
    const rpl_chain_question *asked = &hearing->peer.question, *known = &pushed->question;
    rpl_chain_facts facts;

    if (!hearing->pushed.is_set ||
        !rpl_bytes_equal(rpl_bytes_of(asked, sizeof(*asked)), rpl_bytes_of(known, sizeof(*known))))
        return;
    ask_witnesses(hearing, ports, pushed, &facts);
    for (size_t i = 0; i < facts.count; i++) {
        if (!rpl_chain_counts(&hearing->agreement, i))
            hearing->facts.reports[i] = facts.reports[i];
    }
    hearing->facts.count = facts.count;
}

/* A peer's mark becomes ours for this hearing when a quorum knows it as final; else it is dropped. */
static void take_hint(rpl_chain_hearing *hearing, const rpl_ports *ports)
{
    const rpl_chain_block *hint = &hearing->hint;
    rpl_chain_witnesses w = {0};
    size_t n = 0;

    if (hint->number <= hearing->mark.block.number)
        return;
    ports->chain_witness(ports->self, hint->number, hint->number, &w);
    for (size_t i = 0; i < w.count; i++)
        n += w.witnesses[i].standing == RPL_CHAIN_KNOWN &&
             w.witnesses[i].chain_id == hearing->pin.chain_id &&
             w.witnesses[i].finalized_number >= hint->number &&
             rpl_bytes_equal(rpl_bytes_of(w.witnesses[i].finalized_hash, 32),
                             rpl_bytes_of(hint->hash, 32));
    if (n < hearing->pin.quorum)
        return;
    hearing->mark.block = *hint;
    hearing->mark.block.timestamp = 0; /* nobody has shown it */
}

static void begin_to_ask(rpl_chain_hearing *hearing, const rpl_ports *ports)
{
    hearing->asked_ms = ports->time(ports->self).boot_ms;
    hearing->facts = (rpl_chain_facts){0};
}

static void take_answer(rpl_chain_hearing *hearing, const rpl_ports *ports)
{
    const rpl_time now = ports->time(ports->self);

    hearing->was_asked = true;
    hearing->time = (rpl_chain_time){now.trusted, now.now_s};
    agree(hearing);
}

void rpl_chain_hearing_ask(rpl_chain_hearing *hearing, const rpl_ports *ports)
{
    take_hint(hearing, ports);
    begin_to_ask(hearing, ports);
    ports->chain(ports->self, &hearing->peer.question, &hearing->facts);
    take_answer(hearing, ports);
    if (hearing->agreement.is_reached)
        return;
    use_pushed(hearing, ports);
    take_answer(hearing, ports);
}

void rpl_chain_hearing_pushed(rpl_chain_hearing *hearing, const rpl_ports *ports,
                              const rpl_chain_pushed *pushed)
{
    begin_to_ask(hearing, ports);
    ask_witnesses(hearing, ports, pushed, &hearing->facts);
    take_answer(hearing, ports);
}

static bool is_named(const uint8_t digest[static 32])
{
    static const uint8_t none[32];
    return !rpl_bytes_equal(rpl_bytes_of(digest, 32), rpl_bytes_of(none, 32));
}

static bool names_one(const rpl_chain_view *view)
{
    return is_named(view->identity.digest) || is_named(view->identity.next);
}

rpl_status rpl_chain_hearing_may_bootstrap(const rpl_chain_hearing *hearing)
{
    for (size_t i = 0; i < hearing->agreement.n_providers; i++) {
        const rpl_chain_report *r = &hearing->facts.reports[i];
        if (rpl_chain_counts(&hearing->agreement, i) &&
            (names_one(&r->latest) || (r->has_newest && names_one(&r->newest))))
            return rpl_fail(RPL_CONFLICT, "the contract names an identity already, and a bootstrap "
                                          "would make another: let this node receive that one");
    }
    return hearing->agreement.is_reached
               ? rpl_ok()
               : rpl_fail(RPL_UNAVAILABLE,
                          "whether the contract names an identity already is not known: look at "
                          "chain in /status, send /configure an ETH_RPC_URL that works");
}

void rpl_chain_hearing_run(rpl_chain_hearing *hearing, const rpl_ports *ports,
                           rpl_peer_check *check)
{
    ask_about(&hearing->peer, check);
    rpl_chain_hearing_ask(hearing, ports);
    rpl_chain_judge(&hearing->peer, &hearing->pin, &hearing->facts, &hearing->agreement,
                    &hearing->time, &check->verdict);
}

void rpl_chain_hearing_keep(const rpl_chain_hearing *hearing, rpl_node *node)
{
    if (hearing->was_asked &&
        rpl_chain_mark_raise(&node->mark, &hearing->facts, &hearing->agreement))
        node->ports->chain_confirmed(node->ports->self, &node->mark.block);
}
