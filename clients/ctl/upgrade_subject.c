#include "attestation/policy/compose_lint.h"
#include "base/hash.h"
#include "base/hex.h"
#include "clients/ctl/capture.h"
#include "clients/ctl/upgrade.h"

static int complain(const char *what)
{
    fprintf(stderr, "replicatoorctl upgrade: %s\n", what);
    return RPL_CTL_USAGE;
}

/* Values that are written as something else than 32 bytes. */
typedef enum { VALUE_WORD, VALUE_WORD_OR_ANY, VALUE_TEXT_OR_ANY, VALUE_ADDRESS } value_form;

static value_form form_of(rpl_contract_kind kind)
{
    static const value_form forms[RPL_KIND_COUNT] = {
        [RPL_KIND_DEVICE] = VALUE_WORD_OR_ANY,
        [RPL_KIND_TCB_STATUS] = VALUE_TEXT_OR_ANY,
        [RPL_KIND_ADVISORY] = VALUE_TEXT_OR_ANY,
        [RPL_KIND_GUARDIAN] = VALUE_ADDRESS,
    };
    return forms[kind];
}

static bool read_value(value_form form, const char *text, uint8_t out[static 32])
{
    const bool is_any = form == VALUE_WORD_OR_ANY || form == VALUE_TEXT_OR_ANY;
    if (is_any && strcmp(text, "any") == 0) {
        rpl_contract_any(out);
        return true;
    }
    if (form == VALUE_TEXT_OR_ANY &&
        rpl_hex_decode_exact(rpl_bytes_of_text(text), out, 32).code != RPL_OK) {
        rpl_keccak256(rpl_bytes_of_text(text), out);
        return true;
    }
    if (form != VALUE_ADDRESS)
        return rpl_ctl_word("--value", text, out);
    memset(out, 0, 32);
    return rpl_ctl_address("--value", text, out + 12);
}

bool rpl_ctl_key_read(const char *kind, const char *value, rpl_contract_key *out)
{
    rpl_contract_kind known;
    value_form form = strcmp(kind, "owner") == 0 ? VALUE_ADDRESS : VALUE_WORD;
    if (rpl_contract_kind_named(rpl_bytes_of_text(kind), &known))
        form = form_of(known);
    else if (form == VALUE_WORD && strcmp(kind, "identity") != 0) {
        complain("expected a kind by its name, identity or owner");
        return false;
    }
    rpl_keccak256(rpl_bytes_of_text(kind), out->kind);
    return read_value(form, value, out->value);
}

static int read_entry(const rpl_ctl_upgrade_arguments *a, rpl_contract_kind kind,
                      rpl_ctl_subject *out)
{
    if (!a->value)
        return complain("--value was expected: 32 bytes in hex, an address for a guardian, a text "
                        "for tcb-status and tolerated-advisory, any where a kind has it");
    return read_value(form_of(kind), a->value, out->key.value) ? 0 : RPL_CTL_USAGE;
}

static bool is_release(rpl_contract_kind kind)
{
    return kind == RPL_KIND_RELEASE || kind == RPL_KIND_SOURCE;
}

/* The file that is measured, and fit to be approved. */
static int read_compose(const rpl_ctl_upgrade_arguments *a, rpl_ctl_subject *out)
{
    rpl_compose_report report;
    out->compose = rpl_ctl_read(a->compose, RPL_COMPOSE_MAX, &out->compose_len);
    if (!out->compose)
        return RPL_CTL_USAGE;
    const rpl_bytes text = rpl_bytes_of(out->compose, out->compose_len);
    rpl_sha256(text, out->compose_hash);
    const rpl_status s = rpl_compose_lint(text, a->service, &report);
    if (s.code != RPL_OK)
        return rpl_ctl_fail(a->compose, s);
    if (!report.is_app_compose)
        return rpl_ctl_fail(a->compose,
                            rpl_fail(RPL_MALFORMED, "what is measured and approved is the "
                                                    "app-compose.json as deployed: give that"));
    if (report.n_findings)
        return rpl_ctl_fail(a->compose, rpl_fail(RPL_DENIED, "not fit to be approved: see "
                                                             "replicatoorctl release"));
    return 0;
}

/* The quote shows what ran on one machine. Which shape it should have been says --image-hash. */
static int read_quote(const rpl_ctl_upgrade_arguments *a, rpl_ctl_subject *out)
{
    rpl_peer_identity peer;
    const int refused = rpl_ctl_capture(a->quote, a->event_log, &peer);
    if (refused)
        return refused;
    if (!rpl_bytes_equal(rpl_bytes_of(peer.compose_hash, 32), rpl_bytes_of(out->compose_hash, 32)))
        return rpl_ctl_fail("quote", rpl_fail(RPL_UNTRUSTED, "it is of another app-compose.json"));
    if (a->image_hash &&
        !rpl_bytes_equal(rpl_bytes_of(peer.image_hash, 32), rpl_bytes_of(out->image_hash, 32)))
        return rpl_ctl_fail("quote", rpl_fail(RPL_UNTRUSTED, "its image hash is not --image-hash: "
                                                             "another shape or image ran there"));
    rpl_writer w = rpl_writer_over(out->measurements, sizeof(out->measurements));
    rpl_write_bytes(&w, rpl_bytes_of(peer.measurement.mrtd, 48));
    for (size_t i = 0; i < 3; i++)
        rpl_write_bytes(&w, rpl_bytes_of(peer.measurement.rtmr[i], 48));
    rpl_sha256(rpl_writer_bytes(&w), out->image_hash);
    out->form = RPL_SUBJECT_RELEASE;
    return 0;
}

static const char *wrong_release(const rpl_ctl_upgrade_arguments *a)
{
    if (a->compose && a->compose_hash)
        return "--compose or --compose-hash, not both";
    if (!a->quote != !a->event_log)
        return "--quote and --event-log go together";
    if (a->quote && !a->compose)
        return "--quote wants --compose, the app-compose.json that is published with it";
    if (!a->image_hash && !a->quote)
        return "--image-hash was expected, as replicatoorctl measure gives it";
    if (!a->image_hash && !a->trust_quote)
        return "a quote shows what one host chose to run: give --image-hash of a shape that you "
               "computed (replicatoorctl measure), or --trust-quote";
    return NULL;
}

static int read_release(const rpl_ctl_upgrade_arguments *a, rpl_ctl_subject *out)
{
    const char *wrong = wrong_release(a);
    if (wrong)
        return complain(wrong);
    int refused = a->compose ? read_compose(a, out) : 0;
    if (a->compose_hash && !rpl_ctl_word("--compose-hash", a->compose_hash, out->compose_hash))
        return RPL_CTL_USAGE;
    if (a->image_hash && !rpl_ctl_word("--image-hash", a->image_hash, out->image_hash))
        return RPL_CTL_USAGE;
    if (!refused && a->quote)
        refused = read_quote(a, out);
    rpl_release_hash(out->compose_hash, out->image_hash, out->key.value);
    out->has_hashes = true;
    return refused;
}

static int read_identity(const rpl_ctl_upgrade_arguments *a, rpl_ctl_subject *out)
{
    out->form = RPL_SUBJECT_IDENTITY;
    if (!a->value ||
        rpl_hex_decode_exact(rpl_bytes_of_text(a->value), out->identity, sizeof(out->identity))
                .code != RPL_OK)
        return complain("--value: the identity public of /status was expected, 65 bytes in hex");
    return 0;
}

static int read_epoch(const rpl_ctl_upgrade_arguments *a, rpl_ctl_subject *out)
{
    out->form = RPL_SUBJECT_EPOCH;
    if (!a->value)
        return complain("--value: the lowest epoch was expected");
    return rpl_ctl_number("--value", a->value, UINT64_MAX, &out->epoch) ? 0 : RPL_CTL_USAGE;
}

static int unknown_kind(void)
{
    fputs("replicatoorctl upgrade: --kind: one of these was expected: identity min-epoch", stderr);
    for (int kind = 0; kind < RPL_KIND_COUNT; kind++)
        fprintf(stderr, " %s", rpl_contract_kind_name((rpl_contract_kind)kind));
    fputc('\n', stderr);
    return RPL_CTL_USAGE;
}

int rpl_ctl_subject_read(const rpl_ctl_upgrade_arguments *a, rpl_ctl_subject *out)
{
    const bool names_release = a->compose || a->compose_hash;
    const char *name = a->kind || !names_release ? a->kind : "replicatoor-release";
    rpl_contract_kind kind;
    if (!name)
        return complain("--kind NAME --value VALUE, or a release was expected: --compose FILE or "
                        "--compose-hash HEX, with --image-hash HEX");
    snprintf(out->kind, sizeof(out->kind), "%s", name);
    if (strcmp(name, "identity") == 0)
        return read_identity(a, out);
    if (strcmp(name, "min-epoch") == 0)
        return read_epoch(a, out);
    if (!rpl_contract_kind_named(rpl_bytes_of_text(name), &kind))
        return unknown_kind();
    rpl_contract_kind_hash(kind, out->key.kind);
    if (names_release && (a->value || !is_release(kind)))
        return complain("a compose file or its hash names a release or a source, and its value");
    return names_release ? read_release(a, out) : read_entry(a, kind, out);
}
