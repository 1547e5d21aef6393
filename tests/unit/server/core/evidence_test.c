#include "server/core/evidence.h"

#include "tests/support/core.h"
#include "tests/support/file.h"

enum { MAGIC_LEN = 8, LENGTH_AT = 8, TRAILER_HEAD = 12 };

static rpl_bytes quote, json; /* a real quote with its padding, and its event log */
static size_t canonical;
static rpl_event_log events;
static const uint8_t challenge[32] = {1, 2, 3};
static proto_message m, inner;

static rpl_bytes config_text(void)
{
    return rpl_bytes_of_text("replicatoor/v1/config\nA=1\n");
}

static uint8_t *appended(const uint8_t *with_challenge, rpl_bytes config, size_t *len)
{
    uint8_t *out = NULL;
    assert_ok(rpl_evidence_append(quote, &events, with_challenge, config, &out, len));
    return out;
}

static rpl_status split(rpl_bytes input, rpl_evidence *out)
{
    *out = (rpl_evidence){0};
    uint8_t *copy = exact_copy(input.data, input.len);
    const rpl_status status = rpl_evidence_split(rpl_bytes_of(copy, input.len), out);
    if (status.code == RPL_OK)
        out->quote.data = input.data;
    free(copy);
    return status;
}

static void is_refused(rpl_bytes input, rpl_code code)
{
    rpl_evidence e;
    assert_code(split(input, &e), code);
    assert_null(e.config);
    assert_null(e.events.storage);
}

static void same_rtmr3_events(const rpl_event_log *log)
{
    size_t at = 0;
    for (size_t i = 0; i < events.count; i++) {
        const rpl_event *want = &events.events[i], *got = &log->events[at];
        if (want->imr != 3)
            continue;
        assert_true(at++ < log->count);
        assert_int_equal(got->imr, 3);
        assert_int_equal(got->type, want->type);
        assert_true(rpl_bytes_equal(got->name, want->name));
        assert_true(rpl_bytes_equal(got->payload, want->payload));
        assert_memory_equal(got->digest, want->digest, 48);
    }
    assert_int_equal(at, log->count);
    assert_true(at > 3);
}

static void what_is_appended_comes_back(void **unused)
{
    (void)unused;
    for (int with = 0; with < 2; with++) {
        size_t len;
        rpl_evidence e;
        const rpl_bytes config = with ? config_text() : rpl_bytes_of("", 0);
        uint8_t *out = appended(with ? challenge : NULL, config, &len);
        assert_memory_equal(out, quote.data, canonical);
        assert_memory_equal(out + canonical, "RPLEVID1", MAGIC_LEN);
        assert_ok(split(rpl_bytes_of(out, len), &e));
        assert_true(e.has_evidence);
        assert_int_equal(e.quote.len, canonical);
        assert_ptr_equal(e.quote.data, out);
        assert_int_equal(e.has_challenge, with);
        if (with)
            assert_memory_equal(e.challenge, challenge, 32);
        assert_true(rpl_bytes_equal(rpl_bytes_of(e.config, e.config_len), config));
        same_rtmr3_events(&e.events);
        rpl_evidence_free(&e);
        free(out);
    }
}

static void appending_to_what_was_appended_replaces_it(void **unused)
{
    (void)unused;
    size_t len, again_len;
    uint8_t *out = appended(challenge, config_text(), &len), *again = NULL;
    assert_ok(rpl_evidence_append(rpl_bytes_of(out, len), &events, challenge, config_text(), &again,
                                  &again_len));
    assert_int_equal(len, again_len);
    assert_memory_equal(out, again, len);
    free(out);
    free(again);
}

static void a_bare_quote_is_taken_as_it_is(void **unused)
{
    (void)unused;
    rpl_evidence e;
    const rpl_bytes inputs[] = {
        quote,           {quote.data, canonical}, {quote.data, canonical - 1},
        {quote.data, 1}, {quote.data, 0},         rpl_bytes_of_text("RPLEVID1")};
    for (size_t i = 0; i < sizeof(inputs) / sizeof(*inputs); i++) {
        assert_ok(split(inputs[i], &e));
        assert_false(e.has_evidence);
        assert_int_equal(e.quote.len, inputs[i].len);
        rpl_evidence_free(&e);
    }
}

/* Cut below its magic, an input is a bare quote with something behind it: the verifier's to refuse. */
static void every_truncated_trailer_is_refused(void **unused)
{
    (void)unused;
    size_t len;
    uint8_t *out = appended(challenge, config_text(), &len);
    for (size_t cut = canonical + TRAILER_HEAD; cut < len; cut++)
        is_refused(rpl_bytes_of(out, cut), RPL_MALFORMED);
    for (size_t cut = canonical; cut < canonical + TRAILER_HEAD; cut++) {
        rpl_evidence e;
        assert_ok(split(rpl_bytes_of(out, cut), &e));
        assert_false(e.has_evidence);
        assert_int_equal(e.quote.len, cut);
        rpl_evidence_free(&e);
    }
    free(out);
}

static void the_length_must_be_exact(void **unused)
{
    (void)unused;
    static const uint32_t wrong[] = {0, 1, UINT32_MAX, 1u << 18, 1u << 31};
    size_t len;
    uint8_t *out = appended(challenge, config_text(), &len);
    const uint32_t right = (uint32_t)(len - canonical - TRAILER_HEAD);
    for (int64_t k = -5; k < 5 + (int64_t)(sizeof(wrong) / sizeof(*wrong)); k++) {
        const uint32_t value = k < 5 ? right + (uint32_t)k : wrong[k - 5];
        rpl_writer w = rpl_writer_over(out + canonical + LENGTH_AT, 4);
        if (value == right)
            continue;
        rpl_write_u32le(&w, value);
        is_refused(rpl_bytes_of(out, len), RPL_MALFORMED);
    }
    free(out);
    out = appended(challenge, config_text(), &len);
    uint8_t *longer = malloc(len + 1);
    assert_non_null(longer);
    memcpy(longer, out, len);
    longer[len] = '\n';
    is_refused(rpl_bytes_of(longer, len + 1), RPL_MALFORMED);
    free(longer);
    free(out);
}

/* A flipped bit of the evidence is refused here, or changes what must hash to the report data. */
static void every_bit_flip_shows(void **unused)
{
    (void)unused;
    size_t len;
    uint8_t *out = appended(challenge, config_text(), &len);
    rpl_evidence whole, e;
    assert_ok(split(rpl_bytes_of(out, len), &whole));
    for (size_t bit = 8 * (canonical + TRAILER_HEAD); bit < 8 * len; bit++) {
        out[bit / 8] ^= (uint8_t)(1 << bit % 8);
        if (split(rpl_bytes_of(out, len), &e).code == RPL_OK) {
            uint8_t want[48], got[48];
            rpl_event_log_replay(&whole.events, 3, want);
            rpl_event_log_replay(&e.events, 3, got);
            assert_true(memcmp(want, got, 48) != 0 || e.has_challenge != whole.has_challenge ||
                        memcmp(e.challenge, whole.challenge, 32) != 0 ||
                        !rpl_bytes_equal(rpl_bytes_of(e.config, e.config_len), config_text()));
            rpl_evidence_free(&e);
        }
        out[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    rpl_evidence_free(&whole);
    free(out);
}

static void put_event(uint32_t type, uint32_t version, const char *name, rpl_bytes payload)
{
    proto_start(&inner);
    if (type)
        put_number(&inner, 1, type);
    if (version)
        put_number(&inner, 2, version);
    put_text(&inner, 3, name);
    if (payload.len)
        put_bytes(&inner, 4, payload);
    put_bytes(&m, 1, proto_bytes(&inner));
}

static void trailer_is(rpl_code code)
{
    const rpl_bytes evidence = proto_bytes(&m);
    const size_t len = canonical + TRAILER_HEAD + evidence.len;
    uint8_t *input = malloc(len);
    assert_non_null(input);
    rpl_writer w = rpl_writer_over(input, len);
    rpl_evidence e;
    rpl_write_bytes(&w, rpl_bytes_of(quote.data, canonical));
    rpl_write_text(&w, "RPLEVID1");
    rpl_write_lp(&w, evidence);
    assert_code(split(rpl_bytes_of(input, len), &e), code);
    rpl_evidence_free(&e);
    free(input);
}

static void other_spellings_are_refused(void **unused)
{
    (void)unused;
    const rpl_bytes payload = rpl_bytes_of_text("payload");
    proto_start(&m);
    trailer_is(RPL_OK);
    put_event(RPL_EVENT_DSTACK, 1, "name", payload);
    put_bytes(&m, 2, rpl_bytes_of(challenge, 32));
    put_bytes(&m, 3, config_text());
    trailer_is(RPL_OK);
    put_bytes(&m, 3, config_text());
    trailer_is(RPL_MALFORMED);
    proto_start(&m);
    put_bytes(&m, 2, rpl_bytes_of(challenge, 32));
    put_event(RPL_EVENT_DSTACK, 1, "name", payload);
    trailer_is(RPL_MALFORMED);
    proto_start(&m);
    put_text(&m, 3, "");
    trailer_is(RPL_MALFORMED);
    proto_start(&m);
    put_text(&m, 2, "");
    trailer_is(RPL_MALFORMED);
    proto_start(&m);
    proto_start(&inner);
    put_number(&inner, 1, RPL_EVENT_DSTACK);
    put_number(&inner, 2, 1);
    put_text(&inner, 3, "name");
    put_text(&inner, 4, "");
    put_bytes(&m, 1, proto_bytes(&inner));
    trailer_is(RPL_MALFORMED);
    proto_start(&m);
    put_number(&m, 4, 1);
    trailer_is(RPL_MALFORMED);
    for (unsigned field = 1; field <= 3; field++) {
        proto_start(&m);
        put_number(&m, field, 1);
        trailer_is(RPL_MALFORMED);
    }
}

static void fields_out_of_bounds_are_refused(void **unused)
{
    (void)unused;
    static uint8_t large[RPL_EVENT_PAYLOAD_MAX + 1];
    char name[130];
    memset(name, 'n', sizeof(name));
    name[129] = 0;
    static const size_t challenges[] = {1, 31, 33, 64};
    for (size_t i = 0; i < 4; i++) {
        proto_start(&m);
        put_bytes(&m, 2, rpl_bytes_of(large, challenges[i]));
        trailer_is(RPL_MALFORMED);
    }
    proto_start(&m);
    put_event(RPL_EVENT_DSTACK, 1, name, rpl_bytes_of(large, 1));
    trailer_is(RPL_MALFORMED);
    proto_start(&m);
    put_event(RPL_EVENT_DSTACK, 1, name + 1, rpl_bytes_of(large, RPL_EVENT_PAYLOAD_MAX));
    trailer_is(RPL_OK);
    proto_start(&m);
    put_event(RPL_EVENT_DSTACK, 1, "n", rpl_bytes_of(large, RPL_EVENT_PAYLOAD_MAX + 1));
    trailer_is(RPL_TOO_LARGE);
    proto_start(&m);
    put_bytes(&m, 3, rpl_bytes_of(large, RPL_CONFIG_PREIMAGE_MAX));
    trailer_is(RPL_OK);
    proto_start(&m);
    put_bytes(&m, 3, rpl_bytes_of(large, RPL_CONFIG_PREIMAGE_MAX + 1));
    trailer_is(RPL_TOO_LARGE);
    static const uint32_t versions[] = {3, 256, 257, 258, UINT32_MAX};
    for (size_t i = 0; i < sizeof(versions) / sizeof(*versions); i++) {
        proto_start(&m);
        put_event(RPL_EVENT_DSTACK, versions[i], "n", rpl_bytes_of(large, 1));
        trailer_is(RPL_MALFORMED);
    }
}

static void events_are_bounded(void **unused)
{
    (void)unused;
    proto_start(&m);
    for (unsigned i = 0; i < RPL_EVENTS_MAX; i++)
        put_event(RPL_EVENT_DSTACK, 1, "n", rpl_bytes_of("", 0));
    trailer_is(RPL_OK);
    put_event(RPL_EVENT_DSTACK, 1, "n", rpl_bytes_of("", 0));
    trailer_is(RPL_MALFORMED);
}

/* A length that is not there must not be allocated: what is in use stays the same. */
static void lengths_beyond_the_message_are_refused(void **unused)
{
    (void)unused;
    static const uint64_t lens[] = {1, 2, 127, 65535, 65536, 1u << 31, 0xffffffff, UINT64_MAX};
    for (size_t i = 0; i < sizeof(lens) / sizeof(*lens); i++) {
        for (unsigned field = 1; field <= 4; field++) {
            proto_start(&m);
            put_varint(&m, field << 3 | 2);
            put_varint(&m, lens[i]);
            trailer_is(RPL_MALFORMED);
            proto_start(&m);
            put_varint(&m, 1 << 3 | 2);
            put_varint(&m, 11);
            put_varint(&m, field << 3 | 2);
            put_varint(&m, lens[i]);
            trailer_is(RPL_MALFORMED);
        }
    }
}

static void fields_beside_a_bare_quote_do_the_same(void **unused)
{
    (void)unused;
    rpl_evidence e = {.quote = quote};
    assert_ok(rpl_evidence_from_fields(json, rpl_bytes_of(challenge, 32), config_text(), &e));
    assert_ptr_equal(e.quote.data, quote.data);
    assert_true(e.has_challenge);
    assert_memory_equal(e.challenge, challenge, 32);
    assert_true(rpl_bytes_equal(rpl_bytes_of(e.config, e.config_len), config_text()));
    same_rtmr3_events(&e.events);
    rpl_evidence_free(&e);
    e = (rpl_evidence){.quote = quote};
    assert_ok(rpl_evidence_from_fields(rpl_bytes_of("", 0), rpl_bytes_of("", 0),
                                       rpl_bytes_of("", 0), &e));
    assert_false(e.has_challenge);
    assert_int_equal(e.events.count, 0);
    rpl_evidence_free(&e);
}

static void fields_that_are_no_such_fields_change_nothing(void **unused)
{
    (void)unused;
    static uint8_t large[RPL_CONFIG_PREIMAGE_MAX + 1];
    const rpl_bytes none = {0};
    rpl_evidence e = {.quote = quote};
    assert_code(rpl_evidence_from_fields(rpl_bytes_of_text("{"), none, none, &e), RPL_MALFORMED);
    assert_code(rpl_evidence_from_fields(none, rpl_bytes_of(large, 31), none, &e), RPL_MALFORMED);
    assert_code(rpl_evidence_from_fields(json, none, rpl_bytes_of(large, sizeof(large)), &e),
                RPL_TOO_LARGE);
    assert_null(e.config);
    assert_int_equal(e.events.count, 0);
}

static void what_a_peer_would_refuse_is_not_appended(void **unused)
{
    (void)unused;
    static uint8_t large[RPL_EVENT_PAYLOAD_MAX];
    static rpl_event_log many;
    uint8_t *out = NULL;
    size_t len = 0;
    assert_code(rpl_evidence_append(quote, &events, NULL,
                                    rpl_bytes_of(large, RPL_CONFIG_PREIMAGE_MAX + 1), &out, &len),
                RPL_TOO_LARGE);
    assert_code(rpl_evidence_append(rpl_bytes_of(quote.data, canonical - 1), &events, NULL,
                                    config_text(), &out, &len),
                RPL_MALFORMED);
    for (unsigned i = 0; i < 9; i++)
        assert_ok(rpl_event_log_add(&many, 3, RPL_EVENT_DSTACK, 1, rpl_bytes_of_text("n"),
                                    rpl_bytes_of(large, sizeof(large))));
    assert_code(rpl_evidence_append(quote, &many, NULL, config_text(), &out, &len), RPL_TOO_LARGE);
    assert_null(out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_appended_comes_back),
        cmocka_unit_test(appending_to_what_was_appended_replaces_it),
        cmocka_unit_test(a_bare_quote_is_taken_as_it_is),
        cmocka_unit_test(every_truncated_trailer_is_refused),
        cmocka_unit_test(the_length_must_be_exact),
        cmocka_unit_test(every_bit_flip_shows),
        cmocka_unit_test(other_spellings_are_refused),
        cmocka_unit_test(fields_out_of_bounds_are_refused),
        cmocka_unit_test(events_are_bounded),
        cmocka_unit_test(lengths_beyond_the_message_are_refused),
        cmocka_unit_test(fields_beside_a_bare_quote_do_the_same),
        cmocka_unit_test(fields_that_are_no_such_fields_change_nothing),
        cmocka_unit_test(what_a_peer_would_refuse_is_not_appended),
    };
    size_t quote_len, json_len;
    uint8_t *quote_bytes = read_vector("dstack/v05-quote-report/quote.bin", &quote_len);
    uint8_t *json_bytes = read_vector("dstack/v05-quote-report/event_log.json", &json_len);
    quote = rpl_bytes_of(quote_bytes, quote_len);
    json = rpl_bytes_of(json_bytes, json_len);
    if (rpl_quote_canonical_len(quote, &canonical).code != RPL_OK || canonical == quote_len ||
        rpl_event_log_parse(json, &events).code != RPL_OK)
        return 1;
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    rpl_event_log_free(&events);
    free(quote_bytes);
    free(json_bytes);
    return failed;
}
