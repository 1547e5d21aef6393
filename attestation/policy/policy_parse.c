#include "attestation/policy/policy.h"

#include "base/hash.h"
#include "base/hex.h"
#include "base/json.h"
#include "base/writer.h"

enum { NAME_SHOWN = 40 };

/* Where in the text we are, to name it in a failure. */
typedef struct {
    const char *list; /* NULL at the top level */
    size_t index;
    rpl_policy_member *member;
} place;

static void write_number(rpl_writer *w, size_t n)
{
    size_t unit = 1;
    while (n / unit >= 10)
        unit *= 10;
    for (; unit > 0; unit /= 10)
        rpl_write_u8(w, (uint8_t)('0' + n / unit % 10));
}

/* Names come from the text itself: printable ASCII as it is, anything else as '?', and cut. */
static void write_name(rpl_writer *w, const char *name)
{
    for (size_t i = 0; i < NAME_SHOWN && name[i]; i++)
        rpl_write_u8(w, (uint8_t)(name[i] > ' ' && name[i] <= '~' ? name[i] : '?'));
}

/* "give_to[3].release", "give_to[3]" or "release". */
static rpl_status wrong(const place *at, const char *name, rpl_code code, const char *what)
{
    rpl_writer w = rpl_writer_over(at->member->text, sizeof(at->member->text) - 1);

    *at->member = (rpl_policy_member){{0}};
    if (at->list) {
        rpl_write_text(&w, at->list);
        rpl_write_u8(&w, '[');
        write_number(&w, at->index);
        rpl_write_u8(&w, ']');
    }
    if (at->list && name)
        rpl_write_u8(&w, '.');
    if (name)
        write_name(&w, name);
    return rpl_fail(code, what);
}

/* The first member that is none of `names` (which ends with NULL), or NULL. */
static const char *unknown_member(json_t *object, const char *const *names)
{
    for (void *it = json_object_iter(object); it; it = json_object_iter_next(object, it)) {
        size_t i = 0;
        while (names[i] && strcmp(names[i], json_object_iter_key(it)) != 0)
            i++;
        if (!names[i])
            return json_object_iter_key(it);
    }
    return NULL;
}

static bool has_all(const json_t *object, const char *const *names)
{
    for (; *names; names++) {
        if (!json_object_get(object, *names))
            return false;
    }
    return true;
}

static rpl_status read_hash(const json_t *object, const char *name, const place *at,
                            uint8_t out[static 32])
{
    if (!rpl_json_get_hex(object, name, out, 32))
        return wrong(at, name, RPL_MALFORMED, "policy: expected 64 hex characters");
    return rpl_ok();
}

static rpl_status read_register(const json_t *object, const char *name, const place *at,
                                uint8_t out[static 48])
{
    if (!rpl_json_get_hex(object, name, out, 48))
        return wrong(at, name, RPL_MALFORMED, "policy: expected 96 hex characters");
    return rpl_ok();
}

static rpl_status read_registers(const json_t *object, const place *at, rpl_measurement *m)
{
    RPL_TRY(read_register(object, "mrtd", at, m->mrtd));
    RPL_TRY(read_register(object, "rtmr0", at, m->rtmr[0]));
    RPL_TRY(read_register(object, "rtmr1", at, m->rtmr[1]));
    return read_register(object, "rtmr2", at, m->rtmr[2]);
}

/* The three spellings of a release, and the members of each. */
static const char *const by_release[] = {"release", NULL};
static const char *const by_image[] = {"compose_hash", "image_hash", NULL};
static const char *const by_registers[] = {"compose_hash", "mrtd", "rtmr0", "rtmr1", "rtmr2", NULL};
static const char *const any_spelling[] = {"release", "compose_hash", "image_hash", "mrtd",
                                           "rtmr0",   "rtmr1",        "rtmr2",      NULL};

static rpl_status read_composed(const json_t *object, bool has_image, const place *at,
                                rpl_policy_hash *release)
{
    uint8_t compose[32], image[32];
    rpl_measurement m = {{0}, {{0}}};

    RPL_TRY(read_hash(object, "compose_hash", at, compose));
    if (has_image) {
        RPL_TRY(read_hash(object, "image_hash", at, image));
    } else {
        RPL_TRY(read_registers(object, at, &m));
        rpl_image_hash(&m, image);
    }
    rpl_release_hash(compose, image, release->b);
    return rpl_ok();
}

static rpl_status read_release(json_t *object, const place *at, rpl_policy_hash *release)
{
    const char *unknown = unknown_member(object, any_spelling);
    const size_t n = json_object_size(object);

    if (!json_is_object(object))
        return wrong(at, NULL, RPL_MALFORMED, "policy: expected an object that names a release");
    if (unknown)
        return wrong(at, unknown, RPL_MALFORMED, "policy: a member that does not exist here");
    if (n == 1 && has_all(object, by_release))
        return read_hash(object, "release", at, release->b);
    if (n == 2 && has_all(object, by_image))
        return read_composed(object, true, at, release);
    if (n == 5 && has_all(object, by_registers))
        return read_composed(object, false, at, release);
    return wrong(at, NULL, RPL_MALFORMED,
                 "policy: expected release, or compose_hash and image_hash, or compose_hash with "
                 "mrtd, rtmr0, rtmr1 and rtmr2");
}

/* `*list` is NULL when the member is absent. */
static rpl_status open_list(const json_t *object, place *at, json_t **list)
{
    *list = json_object_get(object, at->list);
    if (!*list)
        return rpl_ok();
    const place whole = {.member = at->member};
    if (!json_is_array(*list))
        return wrong(&whole, at->list, RPL_MALFORMED, "policy: expected a list");
    if (json_array_size(*list) > RPL_POLICY_ENTRIES_MAX)
        return wrong(&whole, at->list, RPL_TOO_LARGE, "policy: more than 64 entries");
    return rpl_ok();
}

static rpl_status read_releases(const json_t *object, const char *name, rpl_policy_member *member,
                                rpl_policy_hashes *out)
{
    place at = {.list = name, .member = member};
    json_t *list;

    RPL_TRY(open_list(object, &at, &list));
    for (; list && at.index < json_array_size(list); at.index++)
        RPL_TRY(read_release(json_array_get(list, at.index), &at, &out->items[out->count++]));
    return rpl_ok();
}

static bool is_any(const json_t *list)
{
    return json_array_size(list) == 1 && json_is_string(json_array_get(list, 0)) &&
           strcmp(json_string_value(json_array_get(list, 0)), "any") == 0;
}

static rpl_status read_devices(const json_t *object, rpl_policy_member *member,
                               rpl_policy_hashes *out)
{
    place at = {.list = "devices", .member = member};
    const place whole = {.member = member};
    json_t *list;

    RPL_TRY(open_list(object, &at, &list));
    if (!list || is_any(list))
        return rpl_ok();
    if (json_array_size(list) == 0)
        return wrong(&whole, at.list, RPL_MALFORMED,
                     "policy: an empty list would admit no device; say [\"any\"] or leave it out");
    for (; at.index < json_array_size(list); at.index++) {
        const char *hex = json_string_value(json_array_get(list, at.index));
        if (!hex ||
            rpl_hex_decode_exact(rpl_bytes_of_text(hex), out->items[out->count++].b, 32).code !=
                RPL_OK)
            return wrong(&at, NULL, RPL_MALFORMED,
                         "policy: expected 64 hex characters (or \"any\" alone)");
    }
    return rpl_ok();
}

static rpl_status read_legacy(const json_t *object, rpl_policy_member *member, rpl_policy *out)
{
    static const char *const names[] = {"mrtd", "rtmr0", "rtmr1", "rtmr2", "rtmr3", NULL};
    place at = {.list = "legacy", .member = member};
    json_t *list;

    RPL_TRY(open_list(object, &at, &list));
    for (; list && at.index < json_array_size(list); at.index++) {
        json_t *entry = json_array_get(list, at.index);
        rpl_measurement *m = &out->legacy[out->n_legacy++];
        const char *unknown = unknown_member(entry, names);
        if (!json_is_object(entry))
            return wrong(&at, NULL, RPL_MALFORMED, "policy: expected an object of measurements");
        if (unknown)
            return wrong(&at, unknown, RPL_MALFORMED, "policy: a member that does not exist here");
        RPL_TRY(read_registers(entry, &at, m));
        RPL_TRY(read_register(entry, "rtmr3", &at, m->rtmr[3]));
    }
    return rpl_ok();
}

static rpl_status read_policy(json_t *object, rpl_policy *out, rpl_policy_member *member)
{
    static const char *const names[] = {"give_to", "take_from", "devices", "legacy", NULL};
    const place whole = {.member = member};
    const char *unknown = unknown_member(object, names);

    if (!json_is_object(object))
        return wrong(&whole, NULL, RPL_MALFORMED, "policy: expected \"self\" or a JSON object");
    if (unknown)
        return wrong(&whole, unknown, RPL_MALFORMED, "policy: a member that does not exist here");
    RPL_TRY(read_releases(object, "give_to", member, &out->give_to));
    RPL_TRY(read_releases(object, "take_from", member, &out->take_from));
    if (!json_object_get(object, "take_from"))
        out->take_from = out->give_to;
    RPL_TRY(read_devices(object, member, &out->devices));
    return read_legacy(object, member, out);
}

rpl_status rpl_policy_parse(rpl_bytes text, rpl_policy *policy, rpl_policy_member *member)
{
    RPL_AUTO(json) json_t *json = NULL;
    rpl_policy p = {0};

    *member = (rpl_policy_member){{0}};
    if (!rpl_bytes_equal(text, rpl_bytes_of_text("self"))) {
        RPL_TRY(rpl_json_parse(text, RPL_POLICY_TEXT_MAX, &json));
        RPL_TRY(read_policy(json, &p, member));
    }
    *policy = p;
    return rpl_ok();
}

static rpl_bytes trim(rpl_bytes text)
{
    while (text.len > 0 && text.data[0] == ' ')
        text = rpl_bytes_of(text.data + 1, text.len - 1);
    while (text.len > 0 && text.data[text.len - 1] == ' ')
        text.len--;
    return text;
}

static rpl_status parse_devices(rpl_bytes text, rpl_policy_hashes *out)
{
    if (rpl_bytes_equal(trim(text), rpl_bytes_of_text("any")))
        return rpl_ok();
    for (size_t at = 0; at <= text.len;) {
        const uint8_t *start = text.data + at;
        const uint8_t *comma = at < text.len ? memchr(start, ',', text.len - at) : NULL;
        const size_t len = comma ? (size_t)(comma - start) : text.len - at;
        if (out->count == RPL_POLICY_ENTRIES_MAX)
            return rpl_fail(RPL_TOO_LARGE, "devices: more than 64 entries");
        if (rpl_hex_decode_exact(trim(rpl_bytes_of(start, len)), out->items[out->count++].b, 32)
                .code != RPL_OK)
            return rpl_fail(RPL_MALFORMED, "devices: expected \"any\" or 64 hex characters each, "
                                           "separated by commas");
        at += len + 1;
    }
    return rpl_ok();
}

rpl_status rpl_policy_set_devices(rpl_bytes text, rpl_policy *policy)
{
    rpl_policy_hashes devices = {0};

    RPL_TRY(parse_devices(text, &devices));
    if (devices.count == 0)
        return rpl_ok();
    if (policy->devices.count > 0 &&
        !rpl_bytes_equal(rpl_bytes_of(&devices, sizeof(devices)),
                         rpl_bytes_of(&policy->devices, sizeof(devices))))
        return rpl_fail(RPL_CONFLICT, "devices: the policy names other devices; say it once");
    policy->devices = devices;
    return rpl_ok();
}
