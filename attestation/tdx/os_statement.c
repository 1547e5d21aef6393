#include "attestation/tdx/event_log.h"

/* The eras of Dstack images, and the exact order in which each writes RTMR3 until the app starts.
 * Later events are the app's. Source: Dstack's source at the versions named; docs/verification.md. */

typedef enum { ONCE, AT_MOST_ONCE, ANY_NUMBER } quantity;
typedef enum { EXACTLY, EXACTLY_OR_EMPTY, ONE_UP_TO } length_rule;
typedef enum { PADDED, HASHED } scheme;

typedef struct {
    const char *name;
    quantity quantity;
    length_rule rule;
    size_t len;
} step;

typedef struct {
    scheme scheme;
    step steps[16]; /* ends with a row without a name */
} era;

enum { HASH = 32, ID = 20, PROVIDER_MAX = 4096, FILESYSTEM_MAX = 16 };

static const era eras[] = {
    /* until 2024-11-14; app-id is the hash of the compose file */
    {PADDED,
     {{"rootfs-hash", ONCE, EXACTLY, HASH},
      {"app-id", ONCE, EXACTLY, HASH},
      {"ca-cert-hash", AT_MOST_ONCE, EXACTLY, HASH}}},
    /* 2024-11-15 to 2024-11-22 */
    {PADDED,
     {{"rootfs-hash", ONCE, EXACTLY, HASH},
      {"app-id", ONCE, EXACTLY, ID},
      {"upgraded-app-id", ONCE, EXACTLY, ID},
      {"ca-cert-hash", ONCE, EXACTLY, HASH},
      {"instance-id", AT_MOST_ONCE, EXACTLY, ID}}},
    /* v0.3.1, v0.3.2 */
    {HASHED,
     {{"rootfs-hash", ONCE, EXACTLY, HASH},
      {"app-id", ONCE, EXACTLY, ID},
      {"upgraded-app-id", ONCE, EXACTLY, ID},
      {"ca-cert-hash", ONCE, EXACTLY, HASH},
      {"instance-id", ONCE, EXACTLY, ID}}},
    /* v0.3.3 to v0.3.6 */
    {HASHED,
     {{"rootfs-hash", ONCE, EXACTLY, HASH},
      {"app-id", ONCE, EXACTLY, ID},
      {"compose-hash", ONCE, EXACTLY, HASH},
      {"ca-cert-hash", ONCE, EXACTLY, HASH},
      {"instance-id", ONCE, EXACTLY, ID}}},
    /* before v0.4.2 */
    {HASHED,
     {{"system-preparing", ONCE, EXACTLY, 0},
      {"rootfs-hash", ONCE, EXACTLY, HASH},
      {"app-id", ONCE, EXACTLY, ID},
      {"compose-hash", ONCE, EXACTLY, HASH},
      {"instance-id", ONCE, EXACTLY_OR_EMPTY, ID},
      {"ca-cert-hash", AT_MOST_ONCE, EXACTLY, HASH},
      {"boot-mr-done", ONCE, EXACTLY, 0},
      {"key-provider", ONCE, ONE_UP_TO, PROVIDER_MAX},
      {"system-ready", ONCE, EXACTLY, 0}}},
    /* v0.4.2 to v0.5.11: os-image-hash since v0.5.1, storage-fs since v0.5.5, mr-kms one per key
     * provider handshake */
    {HASHED,
     {{"system-preparing", ONCE, EXACTLY, 0},
      {"app-id", ONCE, EXACTLY, ID},
      {"compose-hash", ONCE, EXACTLY, HASH},
      {"instance-id", ONCE, EXACTLY_OR_EMPTY, ID},
      {"boot-mr-done", ONCE, EXACTLY, 0},
      {"mr-kms", ANY_NUMBER, EXACTLY, HASH},
      {"os-image-hash", AT_MOST_ONCE, EXACTLY, HASH},
      {"key-provider", ONCE, ONE_UP_TO, PROVIDER_MAX},
      {"storage-fs", AT_MOST_ONCE, ONE_UP_TO, FILESYSTEM_MAX},
      {"system-ready", ONCE, EXACTLY, 0}}},
    /* v0.6 */
    {HASHED,
     {{"system-preparing", ONCE, EXACTLY, 0},
      {"app-id", ONCE, EXACTLY, ID},
      {"compose-hash", ONCE, EXACTLY, HASH},
      {"init-script-hash", ANY_NUMBER, EXACTLY, HASH},
      {"gpu-policy-hash", ONCE, EXACTLY, HASH},
      {"gpu-attestation", AT_MOST_ONCE, ONE_UP_TO, RPL_EVENT_PAYLOAD_MAX},
      {"instance-id", ONCE, EXACTLY_OR_EMPTY, ID},
      {"boot-mr-done", ONCE, EXACTLY, 0},
      {"os-image-hash", AT_MOST_ONCE, EXACTLY, HASH},
      {"key-provider", ONCE, ONE_UP_TO, PROVIDER_MAX},
      {"storage-fs", AT_MOST_ONCE, ONE_UP_TO, FILESYSTEM_MAX},
      {"system-ready", ONCE, EXACTLY, 0}}},
};

/* The RTMR3 events up to system-ready. */
typedef struct {
    size_t count;
    const rpl_event *events[RPL_EVENTS_MAX];
    bool has_system_ready;
} os_events;

static bool is_named(const rpl_event *e, const char *name)
{
    return rpl_bytes_equal(e->name, rpl_bytes_of_text(name));
}

static void collect(const rpl_event_log *log, os_events *os)
{
    for (size_t i = 0; i < log->count && !os->has_system_ready; i++) {
        const rpl_event *e = &log->events[i];
        if (e->imr != 3)
            continue;
        os->events[os->count++] = e;
        os->has_system_ready = is_named(e, "system-ready");
    }
}

static bool is_repeatable(const rpl_event *e)
{
    return is_named(e, "mr-kms") || is_named(e, "init-script-hash");
}

static bool stands_before(const os_events *os, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (rpl_bytes_equal(os->events[i]->name, os->events[index]->name))
            return true;
    }
    return false;
}

static rpl_status check_names(const os_events *os)
{
    for (size_t i = 0; i < os->count; i++) {
        const rpl_bytes name = os->events[i]->name;
        /* V1 separates name and payload by ':', so such a name could be split in two ways */
        if (name.len == 0 || memchr(name.data, ':', name.len))
            return rpl_fail(RPL_MALFORMED, "event log: an event before system-ready has an empty "
                                           "name or one with ':'");
        if (!is_repeatable(os->events[i]) && stands_before(os, i))
            return rpl_fail(RPL_MALFORMED, "event log: an event stands twice before system-ready");
    }
    return rpl_ok();
}

static bool era_matches(const era *image, const os_events *os)
{
    size_t at = 0;

    for (size_t i = 0; i < os->count; i++) {
        if ((os->events[i]->version > 0) != (image->scheme == HASHED))
            return false;
    }
    for (const step *s = image->steps; s->name; s++) {
        const size_t first = at;
        while (at < os->count && is_named(os->events[at], s->name) &&
               (at == first || s->quantity == ANY_NUMBER))
            at++;
        if (at == first && s->quantity == ONCE)
            return false;
    }
    return at == os->count;
}

static const era *find_era(const os_events *os)
{
    for (size_t i = 0; i < sizeof(eras) / sizeof(*eras); i++) {
        if (era_matches(&eras[i], os))
            return &eras[i];
    }
    return NULL;
}

static const step *find_step(const era *image, const rpl_event *e)
{
    const step *s = image->steps;
    while (s->name && !is_named(e, s->name))
        s++;
    return s;
}

static bool length_holds(const step *s, size_t len)
{
    switch (s->rule) {
    case EXACTLY:
        return len == s->len;
    case EXACTLY_OR_EMPTY:
        return len == s->len || len == 0;
    case ONE_UP_TO:
        return len >= 1 && len <= s->len;
    }
    return false;
}

/* What the event says: in the padded scheme, the payload without the zeros behind it. */
static bool read_value(const era *image, const step *s, const rpl_event *e, rpl_bytes *value)
{
    *value = e->payload;
    if (image->scheme == PADDED && e->payload.len > s->len) {
        const rpl_reader padding = {.rest = {e->payload.data + s->len, e->payload.len - s->len}};
        if (!rpl_read_zeros_to_end(&padding))
            return false;
        value->len = s->len;
    }
    return length_holds(s, value->len);
}

static void state(rpl_os_statement *out, const rpl_event *e, rpl_bytes value)
{
    const struct {
        const char *name;
        rpl_bytes *field;
    } views[] = {
        {"app-id", &out->app_id},
        {"instance-id", &out->instance_id},
        {"key-provider", &out->key_provider},
        {"os-image-hash", &out->os_image_hash},
        {"rootfs-hash", &out->rootfs_hash},
    };

    for (size_t i = 0; i < sizeof(views) / sizeof(*views); i++) {
        if (is_named(e, views[i].name))
            *views[i].field = value;
    }
    if (is_named(e, "compose-hash")) {
        memcpy(out->compose_hash, value.data, sizeof(out->compose_hash));
        out->has_compose_hash = true;
    }
}

rpl_status rpl_event_log_os_statement(const rpl_event_log *log, rpl_os_statement *out)
{
    os_events os = {0};
    rpl_os_statement statement = {0};

    collect(log, &os);
    if (os.count == 0)
        return rpl_fail(RPL_MALFORMED, "event log: no RTMR3 events");
    RPL_TRY(check_names(&os));
    const era *image = find_era(&os);
    if (!image)
        return rpl_fail(RPL_MALFORMED, "event log: the events before system-ready are not exactly "
                                       "those of a known Dstack image in their order");
    for (size_t i = 0; i < os.count; i++) {
        rpl_bytes value;
        if (!read_value(image, find_step(image, os.events[i]), os.events[i], &value))
            return rpl_fail(RPL_MALFORMED, "event log: the payload of an event before "
                                           "system-ready has the wrong length");
        state(&statement, os.events[i], value);
    }
    statement.has_system_ready = os.has_system_ready;
    *out = statement;
    return rpl_ok();
}
