#include "attestation/tdx/event_log.h"
#include "attestation/tdx/os_era.h"

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

static bool era_matches(const rpl_os_era *image, const os_events *os)
{
    size_t at = 0;

    for (size_t i = 0; i < os->count; i++) {
        if ((os->events[i]->version > 0) == image->is_padded)
            return false;
    }
    for (const rpl_os_step *s = image->steps; s->name; s++) {
        const size_t first = at;
        while (at < os->count && is_named(os->events[at], s->name) &&
               (at == first || s->quantity == RPL_OS_ANY_NUMBER))
            at++;
        if (at == first && s->quantity == RPL_OS_ONCE)
            return false;
    }
    return at == os->count;
}

static const rpl_os_era *find_era(const os_events *os)
{
    size_t count;
    const rpl_os_era *eras = rpl_os_eras(&count);

    for (size_t i = 0; i < count; i++) {
        if (era_matches(&eras[i], os))
            return &eras[i];
    }
    return NULL;
}

static const rpl_os_step *find_step(const rpl_os_era *image, const rpl_event *e)
{
    const rpl_os_step *s = image->steps;
    while (s->name && !is_named(e, s->name))
        s++;
    return s;
}

/* What the event says: in the padded scheme, the payload without the zeros behind it. */
static bool read_value(const rpl_os_era *image, const rpl_os_step *s, const rpl_event *e,
                       rpl_bytes *value)
{
    *value = e->payload;
    if (image->is_padded && e->payload.len > s->len) {
        const rpl_reader padding = {.rest = {e->payload.data + s->len, e->payload.len - s->len}};
        if (!rpl_read_zeros_to_end(&padding))
            return false;
        value->len = s->len;
    }
    return rpl_os_length_holds(s, value->len);
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
    const rpl_os_era *image = find_era(&os);
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
