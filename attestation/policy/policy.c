#include "attestation/policy/policy.h"

#include "attestation/policy/config_preimage.h"
#include "attestation/policy/sentence.h"
#include "base/hex.h"
#include "base/writer.h"

/* What must be the same on both sides of a handover between releases: who governs the app. */
static const char *const governing[] = {"CONTRACT", "CHAIN_ID", "CONTRACT_CODE"};

enum { SETTING_SHOWN = 150 };

static bool is_same(const uint8_t a[static 32], const uint8_t b[static 32])
{
    return rpl_bytes_equal(rpl_bytes_of(a, 32), rpl_bytes_of(b, 32));
}

static bool is_zero(const uint8_t hash[static 32])
{
    static const uint8_t zero[32];
    return is_same(hash, zero);
}

static bool contains(const rpl_policy_hashes *list, const uint8_t hash[static 32])
{
    for (size_t i = 0; i < list->count; i++) {
        if (is_same(list->items[i].b, hash))
            return true;
    }
    return false;
}

/* A release of zeros is one that was not established. */
static bool has_release(const rpl_policy_party *party)
{
    return party->identity && !is_zero(party->identity->release);
}

static bool is_own_release(const rpl_policy_party *self, const rpl_policy_party *peer)
{
    return has_release(self) && has_release(peer) &&
           is_same(self->identity->release, peer->identity->release);
}

static bool has_own_config(const rpl_policy_party *self, const rpl_policy_party *peer)
{
    return !is_zero(self->config_digest) && is_same(self->config_digest, peer->config_digest);
}

static void refuse_release(const rpl_policy_party *self, const rpl_policy_party *peer,
                           const char *list, rpl_verdict *verdict)
{
    static const uint8_t nothing[32];
    char hex[65];
    rpl_sentence got, fix, want;

    if (!has_release(peer)) {
        rpl_verdict_fail(verdict, RPL_CHECK_POLICY_RELEASE, "RELEASE_UNKNOWN",
                         "the release of the peer could not be established",
                         "a release that quote and event log prove",
                         "see event_log.replay, td.mr_config_id and policy.image");
        return;
    }
    rpl_hex_encode(rpl_bytes_of(peer->identity->release, 32), hex);
    RPL_SAY(&got, "release ", hex);
    RPL_SAY(&fix, "if it is yours: approve release ", hex, " in ", list, " of REPLICATOOR_POLICY");
    rpl_hex_encode(rpl_bytes_of(self->identity ? self->identity->release : nothing, 32), hex);
    RPL_SAY(&want, "this node's release ", hex, ", or one listed in ", list);
    rpl_verdict_fail(verdict, RPL_CHECK_POLICY_RELEASE, "RELEASE_NOT_APPROVED", got.text, want.text,
                     fix.text);
}

/* NAME=value of a peer: printable ASCII as it is, anything else as '?', and cut. */
static const char *say_setting(rpl_sentence *s, const char *name, rpl_bytes value)
{
    rpl_writer w = rpl_writer_over(s->text, sizeof(s->text) - 1);

    *s = (rpl_sentence){{0}};
    rpl_write_text(&w, name);
    rpl_write_u8(&w, '=');
    for (size_t i = 0; i < value.len && i < SETTING_SHOWN; i++)
        rpl_write_u8(&w, value.data[i] >= ' ' && value.data[i] <= '~' ? value.data[i] : '?');
    return s->text;
}

static bool is_governed_alike(rpl_bytes ours, rpl_bytes theirs, const char *name,
                              rpl_verdict *verdict)
{
    rpl_sentence got, want, fix;

    if (rpl_bytes_equal(ours, theirs))
        return true;
    rpl_verdict_fail(
        verdict, RPL_CHECK_POLICY_CONFIG, "CONFIG_GOVERNANCE", say_setting(&got, name, theirs),
        say_setting(&want, name, ours),
        RPL_SAY(&fix, "set ", name, " of the peer to this node's value in its compose file"));
    return false;
}

/* The preimage of each side, if it is one and hashes to the digest of that side. */
static bool read_config(const rpl_policy_party *party, rpl_config_preimage *config,
                        rpl_verdict *verdict, const char *missing)
{
    uint8_t digest[32];

    if (party->config.len == 0) {
        rpl_verdict_fail(verdict, RPL_CHECK_POLICY_CONFIG, "CONFIG_MISSING", missing,
                         "the settings behind the configuration digest",
                         "send the quote as /requestKey gives it: the settings are in its trailer");
        return false;
    }
    rpl_config_digest(party->config, digest);
    if (!is_same(digest, party->config_digest)) {
        rpl_verdict_fail_bytes(verdict, RPL_CHECK_POLICY_CONFIG, "CONFIG_DIGEST",
                               rpl_bytes_of(digest, 32), rpl_bytes_of(party->config_digest, 32),
                               "the settings are not those that the quote binds: send the quote "
                               "as /requestKey gives it");
        return false;
    }
    const rpl_status s = rpl_config_preimage_parse(party->config, config);
    if (s.code != RPL_OK)
        rpl_verdict_fail(verdict, RPL_CHECK_POLICY_CONFIG, "CONFIG_FORMAT", s.what,
                         "the text of docs/protocol.md, config digest",
                         "use a released version of Replicatoor on both sides");
    return s.code == RPL_OK;
}

/* For peers that a list admits: the settings may differ, but not who governs. */
static void check_governing(const rpl_policy_party *self, const rpl_policy_party *peer,
                            rpl_verdict *verdict)
{
    rpl_config_preimage ours = {0}, theirs = {0};
    bool same = true;

    if (!read_config(self, &ours, verdict, "no settings of this node") ||
        !read_config(peer, &theirs, verdict, "the peer shows no settings"))
        return;
    for (size_t i = 0; i < sizeof(governing) / sizeof(*governing); i++)
        same &= is_governed_alike(rpl_config_preimage_value(&ours, governing[i]),
                                  rpl_config_preimage_value(&theirs, governing[i]), governing[i],
                                  verdict);
    if (same)
        rpl_verdict_pass(verdict, RPL_CHECK_POLICY_CONFIG);
}

static void check_config(const rpl_policy_party *self, const rpl_policy_party *peer, bool is_listed,
                         rpl_verdict *verdict)
{
    char hex[65];
    rpl_sentence fix;

    if (has_own_config(self, peer)) {
        rpl_verdict_pass(verdict, RPL_CHECK_POLICY_CONFIG);
        return;
    }
    if (is_listed || !is_own_release(self, peer)) {
        check_governing(self, peer, verdict);
        return;
    }
    rpl_hex_encode(rpl_bytes_of(peer->identity->release, 32), hex);
    rpl_verdict_fail_bytes(verdict, RPL_CHECK_POLICY_CONFIG, "CONFIG_DIFFERS",
                           rpl_bytes_of(peer->config_digest, 32),
                           rpl_bytes_of(self->config_digest, 32),
                           RPL_SAY(&fix,
                                   "give the peer the same settings as this node (compare both "
                                   "/status), or approve release ",
                                   hex, " in REPLICATOOR_POLICY"));
}

static void check_device(const rpl_policy *policy, const rpl_policy_party *peer,
                         rpl_verdict *verdict)
{
    char hex[65] = {0};
    rpl_sentence got, fix;

    if (policy->devices.count == 0 || (peer->identity && !is_zero(peer->identity->device) &&
                                       contains(&policy->devices, peer->identity->device))) {
        rpl_verdict_pass(verdict, RPL_CHECK_POLICY_DEVICE);
        return;
    }
    if (!peer->identity || is_zero(peer->identity->device)) {
        rpl_verdict_fail(verdict, RPL_CHECK_POLICY_DEVICE, "DEVICE_UNKNOWN",
                         "the device of the peer could not be established",
                         "a device of REPLICATOOR_DEVICES", "see pck.extension");
        return;
    }
    rpl_hex_encode(rpl_bytes_of(peer->identity->device, 32), hex);
    rpl_verdict_fail(
        verdict, RPL_CHECK_POLICY_DEVICE, "DEVICE_NOT_APPROVED", RPL_SAY(&got, "device ", hex),
        "a device of REPLICATOOR_DEVICES",
        RPL_SAY(&fix, "use one of the listed machines, or add ", hex, " to REPLICATOOR_DEVICES"));
}

void rpl_policy_check(const rpl_policy *policy, rpl_policy_direction direction,
                      const rpl_policy_party *self, const rpl_policy_party *peer,
                      rpl_verdict *verdict)
{
    const bool gives = direction == RPL_POLICY_GIVE;
    const rpl_policy_hashes *list = gives ? &policy->give_to : &policy->take_from;
    const bool is_listed = has_release(peer) && contains(list, peer->identity->release);

    check_device(policy, peer, verdict);
    if (has_release(peer) && !is_listed && !has_release(self))
        return; /* `self` cannot be judged: not run, which admits nobody and refuses nobody */
    if (is_listed || is_own_release(self, peer))
        rpl_verdict_pass(verdict, RPL_CHECK_POLICY_RELEASE);
    else
        refuse_release(self, peer, gives ? "give_to" : "take_from", verdict);
    check_config(self, peer, is_listed, verdict);
}

bool rpl_policy_is_own(const rpl_policy_party *self, const rpl_policy_party *peer)
{
    return is_own_release(self, peer) && has_own_config(self, peer);
}

/* What the peer shows hashes to its digest and names the contract that this node has. */
static bool names_our_contract(const rpl_policy_party *self, const rpl_policy_party *peer)
{
    rpl_config_preimage ours, theirs;
    uint8_t digest[32];
    bool same = true;

    rpl_config_digest(peer->config, digest);
    if (!is_same(digest, peer->config_digest) ||
        rpl_config_preimage_parse(peer->config, &theirs).code != RPL_OK ||
        rpl_config_preimage_parse(self->config, &ours).code != RPL_OK)
        return false;
    for (size_t i = 0; i < sizeof(governing) / sizeof(*governing); i++)
        same &= rpl_bytes_equal(rpl_config_preimage_value(&ours, governing[i]),
                                rpl_config_preimage_value(&theirs, governing[i]));
    return same;
}

void rpl_policy_restrict(const rpl_policy *policy, rpl_policy_direction direction,
                         const rpl_policy_party *self, const rpl_policy_party *peer,
                         rpl_verdict *verdict, bool *is_config_settled)
{
    const bool gives = direction == RPL_POLICY_GIVE;
    const rpl_policy_hashes *list = gives ? &policy->give_to : &policy->take_from;

    check_device(policy, peer, verdict);
    if (has_release(peer) &&
        (list->count == 0 || is_own_release(self, peer) || contains(list, peer->identity->release)))
        rpl_verdict_pass(verdict, RPL_CHECK_POLICY_RELEASE);
    else
        refuse_release(self, peer, gives ? "give_to" : "take_from", verdict);
    *is_config_settled = has_own_config(self, peer) ||
                         (!is_own_release(self, peer) && names_our_contract(self, peer));
    if (*is_config_settled)
        rpl_verdict_pass(verdict, RPL_CHECK_POLICY_CONFIG);
}

bool rpl_policy_is_legacy(const rpl_policy *policy, const rpl_measurement *m)
{
    for (size_t i = 0; i < policy->n_legacy; i++) {
        if (rpl_bytes_equal(rpl_bytes_of(&policy->legacy[i], sizeof(*m)),
                            rpl_bytes_of(m, sizeof(*m))))
            return true;
    }
    return false;
}
