#include "clients/ctl/measure.h"

#include "attestation/reference/app_compose.h"
#include "base/hash.h"
#include "base/hex.h"

enum { DIFFERS = 1, OPTIONS = 15 + RPL_MEASURE_EVENTS + 1, COMPOSE_FILE_MAX = RPL_APP_COMPOSE_MAX };

static void rpl_auto_measure(rpl_measure *m)
{
    rpl_measure_image_free(&m->image);
    rpl_ctl_capture_free(&m->capture);
}

static void rpl_auto_log(rpl_event_log *log)
{
    rpl_event_log_free(log);
}

static int complain(const char *what)
{
    fprintf(stderr, "replicatoorctl measure: %s\n", what);
    return RPL_CTL_USAGE;
}

static void hash_normalized(rpl_bytes text, bool drop_unused, uint8_t out[static 32], bool *done)
{
    RPL_AUTO(json_text) char *normal = NULL;
    *done = rpl_app_compose_normalize(text, drop_unused, &normal).code == RPL_OK;
    if (*done)
        rpl_sha256(rpl_bytes_of_text(normal), out);
}

static int read_compose(const char *path, rpl_measure_compose *compose)
{
    size_t len;
    bool is_reduced;
    RPL_AUTO(bytes) uint8_t *text = rpl_ctl_read(path, COMPOSE_FILE_MAX, &len);
    if (!text)
        return RPL_CTL_USAGE;
    const rpl_bytes bytes = rpl_bytes_of(text, len);
    compose->is_given = true;
    compose->is_json = text[strspn((const char *)text, " \t\r\n")] == '{';
    rpl_sha256(bytes, compose->raw);
    hash_normalized(bytes, false, compose->normalized, &compose->is_normal);
    hash_normalized(bytes, true, compose->reduced, &is_reduced);
    return 0;
}

/* "2147483648", "2048M", "2G", also with iB behind. */
static bool read_memory(const char *text, uint64_t *out)
{
    static const struct {
        const char *unit;
        unsigned shift;
    } units[] = {{"", 0}, {"M", 20}, {"MiB", 20}, {"G", 30}, {"GiB", 30}};
    uint64_t value = 0;
    const size_t digits = strspn(text, "0123456789");

    for (size_t i = 0; i < digits && value <= RPL_MEMORY_MAX; i++)
        value = value * 10 + (uint64_t)(text[i] - '0');
    for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++) {
        if (strcmp(text + digits, units[i].unit) != 0)
            continue;
        *out = value << units[i].shift;
        return digits > 0 && value > 0 && value <= RPL_MEMORY_MAX >> units[i].shift;
    }
    return false;
}

static int check_arguments(const rpl_measure_arguments *a)
{
    bool is_asked = a->compose || a->image || a->published || a->quote || a->image_hash || a->era;
    for (size_t i = 0; i < RPL_MEASURE_EVENTS; i++)
        is_asked = is_asked || a->events[i];
    if (!is_asked)
        return complain("nothing to measure: give --compose, --image, --quote or events of RTMR3; "
                        "see replicatoorctl --help");
    if (a->quote && !a->event_log)
        return complain("--quote wants --event-log: the answer of one machine has both");
    const bool has_image = a->image || a->published;
    if (a->image && a->published)
        return complain("--image or --published, not both: compare each with the quote");
    if (a->event_log && !a->quote && !has_image)
        return complain(
            "--event-log alone says nothing: give --quote, or --image for the ACPI digests");
    if (a->memory && !has_image)
        return complain("--memory is of a machine that runs an image: give --image");
    return 0;
}

static int read_log(const char *path, rpl_event_log *log)
{
    size_t len;
    RPL_AUTO(bytes) uint8_t *text = rpl_ctl_read(path, RPL_EVENT_LOG_MAX, &len);
    if (!text)
        return RPL_CTL_USAGE;
    const rpl_status s = rpl_event_log_parse(rpl_bytes_of(text, len), log);
    return s.code == RPL_OK ? 0 : rpl_ctl_fail(path, s);
}

static int measure_image(const rpl_measure_arguments *a, rpl_measure *m)
{
    RPL_AUTO(log) rpl_event_log alone = {0};
    const rpl_event_log *log = m->has_capture ? &m->capture.log : NULL;
    int refused = a->image ? rpl_measure_read_image(a->image, &m->image)
                           : rpl_measure_read_published(a->published, &m->image);

    if (!refused && a->event_log && !log) {
        refused = read_log(a->event_log, &alone);
        log = &alone;
    }
    if (refused)
        return refused;
    if (a->memory && !read_memory(a->memory, &m->shape.memory))
        return complain("--memory wants bytes, or a number with M or G: 2G");
    if (!a->memory && log)
        m->shape.memory = rpl_measure_find_memory(&m->image.layout, log);
    return rpl_measure_fill_shape(a, &m->image, log, &m->shape);
}

/* From a capture the release is known; else it is what the computed values give. */
static int name_release(const rpl_measure_arguments *a, rpl_measure *m)
{
    m->has_image_hash = true;
    if (m->has_capture) {
        for (size_t i = 0; i < 32; i++) {
            m->image_hash[i] = m->capture.identity.image_hash[i];
            m->release[i] = m->capture.identity.release[i];
        }
        m->has_release = true;
        return 0;
    }
    if (a->image_hash &&
        rpl_hex_decode_exact(rpl_bytes_of_text(a->image_hash), m->image_hash, 32).code != RPL_OK)
        return complain("--image-hash wants 64 hex digits");
    if (!a->image_hash && m->shape.has_rtmr0)
        rpl_image_hash(&m->shape.chosen, m->image_hash);
    else if (!a->image_hash)
        m->has_image_hash = false;
    m->has_release = m->has_image_hash && m->compose.is_json;
    if (m->has_release)
        rpl_release_hash(m->compose.raw, m->image_hash, m->release);
    return 0;
}

static int measure(const rpl_measure_arguments *a, rpl_measure *m)
{
    int refused = a->compose ? read_compose(a->compose, &m->compose) : 0;

    if (!refused && a->quote) {
        m->has_capture = true;
        refused = rpl_ctl_capture_read(a->quote, a->event_log, &m->capture);
    }
    if (!refused && (a->image || a->published))
        refused = measure_image(a, m);
    if (!refused)
        refused = rpl_measure_fill_eras(a, m);
    if (!refused)
        refused = name_release(a, m);
    if (!refused && m->has_capture)
        rpl_measure_compare(m);
    return refused;
}

static int report(const rpl_measure *m, bool json)
{
    if (!json)
        rpl_measure_print_text(m);
    else if (!rpl_measure_print_json(m))
        return rpl_ctl_fail("stdout", rpl_fail(RPL_INTERNAL, "cannot write"));
    for (size_t i = 0; i < m->n_rows; i++)
        if (m->rows[i].found == RPL_ROW_DIFFERS)
            return DIFFERS;
    return 0;
}

int rpl_ctl_measure(int argc, char **argv)
{
    rpl_measure_arguments a = {0};
    RPL_AUTO(measure) rpl_measure m = {0};
    rpl_ctl_option options[OPTIONS] = {{"--compose", &a.compose, NULL},
                                       {"--image", &a.image, NULL},
                                       {"--memory", &a.memory, NULL},
                                       {"--image-hash", &a.image_hash, NULL},
                                       {"--quote", &a.quote, NULL},
                                       {"--event-log", &a.event_log, NULL},
                                       {"--era", &a.era, NULL},
                                       {"--log-version", &a.log_version, NULL},
                                       {"--rootfs", &a.rootfs, NULL},
                                       {"--ca-cert", &a.ca_cert, NULL},
                                       {"--two-pass", NULL, &a.two_pass},
                                       {"--kernel-as-is", NULL, &a.kernel_as_is},
                                       {"--published", &a.published, NULL},
                                       {"--json", NULL, &a.json}};
    for (size_t i = 0; i < RPL_MEASURE_EVENTS; i++)
        options[14 + i] = (rpl_ctl_option){rpl_measure_event_option(i), &a.events[i], NULL};
    if (!rpl_ctl_arguments(argc, argv, options, NULL, 0))
        return RPL_CTL_USAGE;
    int refused = check_arguments(&a);
    if (!refused)
        refused = measure(&a, &m);
    return refused ? refused : report(&m, a.json);
}
