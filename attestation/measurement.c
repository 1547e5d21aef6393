#include "attestation/measurement.h"

#include "base/hash.h"
#include "base/hex.h"
#include "base/json.h"
#include "base/writer.h"

enum { CONFIG_ID_LEN = 48, CONFIG_HASH_LEN = 32, APP_ID_LEN = 20, PROVIDER_ID_MAX = 1024 };

static bool is_zero(rpl_bytes bytes)
{
    const rpl_reader r = rpl_reader_over(bytes);
    return rpl_read_zeros_to_end(&r);
}

void rpl_image_hash(const rpl_measurement *m, uint8_t out[static 32])
{
    const rpl_bytes parts[] = {{m->mrtd, 48}, {m->rtmr[0], 48}, {m->rtmr[1], 48}, {m->rtmr[2], 48}};
    rpl_sha256_parts(parts, 4, out);
}

void rpl_release_hash(const uint8_t compose_hash[static 32], const uint8_t image_hash[static 32],
                      uint8_t out[static 32])
{
    uint8_t both[64];
    rpl_writer w = rpl_writer_over(both, sizeof(both));
    rpl_write_bytes(&w, rpl_bytes_of(compose_hash, 32));
    rpl_write_bytes(&w, rpl_bytes_of(image_hash, 32));
    rpl_keccak256(rpl_writer_bytes(&w), out);
}

static bool check_image(const rpl_quote *quote, rpl_verdict *verdict)
{
    static const char *const zero[] = {"rtmr1 is zero", "rtmr2 is zero"};
    bool measured = true;

    for (size_t i = 0; i < 2; i++) {
        if (!is_zero(rpl_bytes_of(quote->measurement.rtmr[i + 1], 48)))
            continue;
        rpl_verdict_fail(verdict, RPL_CHECK_POLICY_IMAGE, "RTMR_ZERO", zero[i],
                         "an image that measures its kernel, command line and initrd",
                         "use a Dstack image of version 0.3 or later: of this one anybody could "
                         "have replaced the kernel");
        measured = false;
    }
    if (measured)
        rpl_verdict_pass(verdict, RPL_CHECK_POLICY_IMAGE);
    return measured;
}

static bool check_replay(const rpl_quote *quote, const rpl_event_log *log, rpl_verdict *verdict)
{
    uint8_t rtmr3[48];

    rpl_event_log_replay(log, 3, rtmr3);
    if (rpl_bytes_equal(rpl_bytes_of(rtmr3, sizeof(rtmr3)),
                        rpl_bytes_of(quote->measurement.rtmr[3], 48)))
        return true;
    if (is_zero(rpl_bytes_of(rtmr3, sizeof(rtmr3))))
        rpl_verdict_fail(verdict, RPL_CHECK_EVENT_LOG, "EVENT_LOG_MISSING", "no RTMR3 events",
                         "the RTMR3 events of the machine that made the quote",
                         "send the quote as /requestKey gives it, or its event_log beside it");
    else
        rpl_verdict_fail_bytes(verdict, RPL_CHECK_EVENT_LOG, "RTMR3_MISMATCH",
                               rpl_bytes_of(rtmr3, sizeof(rtmr3)),
                               rpl_bytes_of(quote->measurement.rtmr[3], 48),
                               "quote and event log must come from one answer of one machine: "
                               "ask /requestKey again and send both unchanged");
    return false;
}

static bool check_statement(const rpl_event_log *log, rpl_verdict *verdict, rpl_os_statement *os)
{
    const rpl_status s = rpl_event_log_os_statement(log, os);

    if (s.code != RPL_OK) {
        rpl_verdict_fail(verdict, RPL_CHECK_EVENT_LOG, "EVENT_LOG_ORDER", s.what,
                         "the events of a known Dstack image, each once and in order",
                         "use a released Dstack image (0.3 to 0.6) that nobody changed");
        return false;
    }
    if (!os->has_compose_hash) {
        rpl_verdict_fail(verdict, RPL_CHECK_EVENT_LOG, "COMPOSE_HASH_MISSING",
                         "no compose-hash event", "the SHA-256 of the app's compose file",
                         "use a Dstack image that measures the compose file (0.3.3 or later)");
        return false;
    }
    rpl_verdict_pass(verdict, RPL_CHECK_EVENT_LOG);
    return true;
}

/* key-provider is {"name":"none|local-sgx|kms|tpm","id":"<hex>"}; form 2 has the name's place in
 * that list as a byte, then the id. */
static bool write_key_provider(rpl_writer *w, rpl_bytes payload)
{
    static const char *const kinds[] = {"none", "local-sgx", "kms", "tpm"};
    RPL_AUTO(json) json_t *json = NULL;
    uint8_t id[PROVIDER_ID_MAX], kind = 0;
    rpl_bytes name, hex;
    size_t id_len;

    if (rpl_json_parse(payload, RPL_EVENT_PAYLOAD_MAX, &json).code != RPL_OK ||
        !rpl_json_get_text(json, "name", &name) || !rpl_json_get_text(json, "id", &hex) ||
        rpl_hex_decode(hex, id, sizeof(id), &id_len).code != RPL_OK)
        return false;
    while (kind < sizeof(kinds) / sizeof(*kinds) &&
           !rpl_bytes_equal(name, rpl_bytes_of_text(kinds[kind])))
        kind++;
    rpl_write_u8(w, kind);
    rpl_write_bytes(w, rpl_bytes_of(id, id_len));
    return kind < sizeof(kinds) / sizeof(*kinds);
}

static bool config_hash_form2(const rpl_os_statement *os, uint8_t out[static CONFIG_HASH_LEN])
{
    uint8_t text[CONFIG_HASH_LEN + APP_ID_LEN + 1 + PROVIDER_ID_MAX];
    rpl_writer w = rpl_writer_over(text, sizeof(text));

    rpl_write_bytes(&w, rpl_bytes_of(os->compose_hash, CONFIG_HASH_LEN));
    rpl_write_bytes(&w, os->app_id);
    if (os->app_id.len != APP_ID_LEN || !write_key_provider(&w, os->key_provider) ||
        !rpl_writer_done(&w))
        return false;
    rpl_keccak256(rpl_writer_bytes(&w), out);
    return true;
}

static bool compare_config_id(const rpl_quote *quote, const rpl_os_statement *os,
                              rpl_verdict *verdict)
{
    uint8_t want[CONFIG_ID_LEN] = {quote->mr_config_id[0]};

    if (want[0] == 1)
        memcpy(want + 1, os->compose_hash, CONFIG_HASH_LEN);
    else if (!config_hash_form2(os, want + 1)) {
        rpl_verdict_fail(verdict, RPL_CHECK_MR_CONFIG_ID, "MRCONFIGID_MISMATCH",
                         "form 2, but the event log has no app-id of 20 bytes or no key provider",
                         "app-id and key-provider events", "use a released Dstack image (0.5)");
        return false;
    }
    return rpl_verdict_equal(verdict, RPL_CHECK_MR_CONFIG_ID, "MRCONFIGID_MISMATCH",
                             rpl_bytes_of(quote->mr_config_id, CONFIG_ID_LEN),
                             rpl_bytes_of(want, sizeof(want)),
                             "the host started the machine for another app than the one that "
                             "runs: deploy it again from the compose file that was approved");
}

/* The statement is NULL when the event log did not hold; forms that need it are then not run. */
static bool check_config_id(const rpl_quote *quote, const rpl_os_statement *os,
                            rpl_verdict *verdict)
{
    const uint8_t form = quote->mr_config_id[0];

    if (is_zero(rpl_bytes_of(quote->mr_config_id, CONFIG_ID_LEN))) {
        rpl_verdict_pass(verdict, RPL_CHECK_MR_CONFIG_ID);
        return true;
    }
    if (form == 1 || form == 2)
        return os && compare_config_id(quote, os, verdict);
    if (form == 3)
        rpl_verdict_fail(verdict, RPL_CHECK_MR_CONFIG_ID, "MRCONFIGID_DOCUMENT",
                         "form 3: the hash of a configuration document that is not shown",
                         "zero, or form 1 or 2",
                         "deploy without key_provider_id in the app's compose file, so that the "
                         "host sets form 1 or none");
    else
        rpl_verdict_fail_bytes(verdict, RPL_CHECK_MR_CONFIG_ID, "MRCONFIGID_FORM",
                               rpl_bytes_of(quote->mr_config_id, CONFIG_ID_LEN),
                               rpl_bytes_of("\1", 1),
                               "MRCONFIGID begins with 1 or 2, or is zero: start the machine "
                               "with a known Dstack version");
    return false;
}

void rpl_measurement_check(const rpl_quote *quote, const rpl_event_log *log, rpl_verdict *verdict,
                           rpl_peer_identity *out)
{
    rpl_peer_identity id = {.measurement = quote->measurement};
    rpl_os_statement os = {0};
    const bool image = check_image(quote, verdict);
    const bool stated = check_replay(quote, log, verdict) && check_statement(log, verdict, &os);
    const bool configured = check_config_id(quote, stated ? &os : NULL, verdict);

    if (image)
        rpl_image_hash(&quote->measurement, id.image_hash);
    if (stated && configured)
        memcpy(id.compose_hash, os.compose_hash, sizeof(id.compose_hash));
    if (image && stated && configured)
        rpl_release_hash(id.compose_hash, id.image_hash, id.release);
    *out = id;
}
