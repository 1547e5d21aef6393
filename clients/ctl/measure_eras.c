#include "base/hash.h"
#include "base/hex.h"
#include "clients/ctl/measure.h"

enum { HASH = 32, VALUE_MAX = 64, FILE_MAX = 1 << 30, APP_ID_LEN = 20 };

/* The events that carry a value. Hex, but for those that are text; lists are separated by commas. */
static const struct {
    const char *option;
    bool is_text, is_list;
} events[RPL_MEASURE_EVENTS] = {
    {"--rootfs-hash", false, false},     {"--app-id", false, false},
    {"--upgraded-app-id", false, false}, {"--compose-hash", false, false},
    {"--ca-cert-hash", false, false},    {"--instance-id", false, false},
    {"--key-provider", true, false},     {"--mr-kms", false, true},
    {"--os-image-hash", false, false},   {"--storage-fs", true, false},
    {"--init-script-hash", false, true}, {"--gpu-policy-hash", false, false},
    {"--gpu-attestation", true, false},
};
enum { ROOTFS, APP_ID, UPGRADED, COMPOSE, CA_CERT };

typedef struct {
    size_t n;
    rpl_os_input inputs[RPL_MEASURE_VALUES];
    uint8_t storage[RPL_MEASURE_VALUES][VALUE_MAX];
    bool is_given[RPL_MEASURE_EVENTS];
} values;

const char *rpl_measure_event_option(size_t index)
{
    return events[index].option;
}

static const char *name_of(size_t index)
{
    return events[index].option + 2;
}

static bool add(values *v, size_t index, rpl_bytes value)
{
    if (v->n == RPL_MEASURE_VALUES)
        return false;
    v->inputs[v->n++] = (rpl_os_input){name_of(index), value};
    v->is_given[index] = true;
    return true;
}

static bool add_hex(values *v, size_t index, rpl_bytes text)
{
    size_t len;
    return v->n < RPL_MEASURE_VALUES &&
           rpl_hex_decode(text, v->storage[v->n], VALUE_MAX, &len).code == RPL_OK &&
           add(v, index, rpl_bytes_of(v->storage[v->n], len));
}

static bool add_argument(values *v, size_t index, const char *text)
{
    if (events[index].is_text)
        return add(v, index, rpl_bytes_of_text(text));
    if (!events[index].is_list)
        return add_hex(v, index, rpl_bytes_of_text(text));
    for (const char *at = text;; at++) {
        const size_t len = strcspn(at, ",");
        if (!add_hex(v, index, rpl_bytes_of(at, len)))
            return false;
        at += len;
        if (*at == 0)
            return true;
    }
}

static bool add_hash_of_file(values *v, size_t index, const char *path)
{
    size_t len;
    RPL_AUTO(bytes) uint8_t *file = rpl_ctl_read(path, FILE_MAX, &len);
    if (!file || v->n == RPL_MEASURE_VALUES)
        return false;
    rpl_sha256(rpl_bytes_of(file, len), v->storage[v->n]);
    return add(v, index, rpl_bytes_of(v->storage[v->n], HASH));
}

static bool complain(const char *option, const char *what)
{
    fprintf(stderr, "replicatoorctl measure: %s: %s\n", option, what);
    return false;
}

static bool read_values(const rpl_measure_arguments *a, const rpl_measure *m, values *v)
{
    for (size_t i = 0; i < RPL_MEASURE_EVENTS; i++)
        if (a->events[i] && !add_argument(v, i, a->events[i]))
            return complain(events[i].option, "hex of at most 64 bytes was expected");
    if ((a->rootfs && v->is_given[ROOTFS]) || (a->ca_cert && v->is_given[CA_CERT]))
        return complain("--rootfs, --ca-cert", "the file or its hash, not both");
    if ((a->rootfs && !add_hash_of_file(v, ROOTFS, a->rootfs)) ||
        (a->ca_cert && !add_hash_of_file(v, CA_CERT, a->ca_cert)))
        return false;
    if (!v->is_given[ROOTFS] && m->image.has_rootfs)
        (void)add(v, ROOTFS, rpl_bytes_of(m->image.rootfs_hash, HASH));
    if (!v->is_given[COMPOSE] && m->compose.is_given)
        (void)add(v, COMPOSE, rpl_bytes_of(m->compose.raw, HASH));
    return true;
}

static const rpl_os_step *step_of(const rpl_os_era *era, const char *name)
{
    const rpl_os_step *step = era->steps;
    while (step->name && strcmp(step->name, name) != 0)
        step++;
    return step->name ? step : NULL;
}

static rpl_bytes value_of(const values *v, size_t index)
{
    for (size_t i = 0; i < v->n; i++)
        if (strcmp(v->inputs[i].name, name_of(index)) == 0)
            return v->inputs[i].value;
    return (rpl_bytes){0};
}

/* Unless it was given, the app id is the start of the compose hash, as long as the era has it; and an
 * app that was never upgraded has the same twice. */
static void add_app_id(const rpl_os_era *era, values *v)
{
    const rpl_os_step *step = step_of(era, name_of(APP_ID));
    rpl_bytes compose = value_of(v, COMPOSE);

    if (!v->is_given[APP_ID] && step && compose.len >= step->len)
        (void)add(v, APP_ID, rpl_bytes_of(compose.data, step->len));
    if (!v->is_given[UPGRADED] && v->is_given[APP_ID])
        (void)add(v, UPGRADED, value_of(v, APP_ID));
}

static void fill(const rpl_os_era *era, uint8_t version, values v, rpl_measure_era *out)
{
    rpl_event_log log;

    *out = (rpl_measure_era){.era = era};
    add_app_id(era, &v);
    const rpl_status s = rpl_runtime_log(era, version, v.inputs, v.n, &log, &out->about);
    out->what = s.what;
    if (s.code == RPL_OK)
        rpl_event_log_replay(&log, 3, out->rtmr3);
}

static bool is_asked(const rpl_measure_arguments *a)
{
    bool is = a->era || a->rootfs || a->ca_cert;
    for (size_t i = 0; i < RPL_MEASURE_EVENTS; i++)
        is = is || a->events[i];
    return is;
}

/* What the user named must be of the era that the user named. */
static bool values_belong(const rpl_measure_arguments *a, const rpl_os_era *era)
{
    for (size_t i = 0; i < RPL_MEASURE_EVENTS; i++)
        if (a->events[i] && !step_of(era, name_of(i)))
            return complain(events[i].option, "that era has no such event");
    return true;
}

static int fail_era(const rpl_measure_era *e)
{
    char subject[64];
    snprintf(subject, sizeof(subject), "era %s, %s", e->era->id, e->about);
    fprintf(stderr, "%s: %s\n", subject, e->what);
    return RPL_CTL_USAGE;
}

static int complain_of_era(void)
{
    size_t count;
    const rpl_os_era *eras = rpl_os_eras(&count);

    fprintf(stderr, "replicatoorctl measure: --era: one of");
    for (size_t i = 0; i < count; i++)
        fprintf(stderr, " %s", eras[i].id);
    fputc('\n', stderr);
    return RPL_CTL_USAGE;
}

static bool read_version(const rpl_measure_arguments *a, uint8_t *version)
{
    *version = a->log_version && strcmp(a->log_version, "2") == 0 ? 2 : 1;
    return !a->log_version || *version == 2 || strcmp(a->log_version, "1") == 0 ||
           complain("--log-version", "1 or 2 was expected");
}

static const rpl_os_era *find_era(const char *id)
{
    size_t count;
    const rpl_os_era *eras = rpl_os_eras(&count);

    for (size_t i = 0; i < count; i++)
        if (strcmp(id, eras[i].id) == 0)
            return &eras[i];
    return NULL;
}

static int fill_one(const rpl_measure_arguments *a, uint8_t version, const values *v,
                    rpl_measure *m)
{
    const rpl_os_era *era = find_era(a->era);

    if (!era)
        return complain_of_era();
    if (!values_belong(a, era))
        return RPL_CTL_USAGE;
    fill(era, version, *v, &m->eras[m->n_eras++]);
    return m->eras[0].about ? fail_era(&m->eras[0]) : 0;
}

int rpl_measure_fill_eras(const rpl_measure_arguments *a, rpl_measure *m)
{
    size_t count;
    values v = {0};
    uint8_t version;
    const rpl_os_era *eras = rpl_os_eras(&count);

    if (!is_asked(a))
        return 0;
    if (!read_version(a, &version) || !read_values(a, m, &v))
        return RPL_CTL_USAGE;
    if (a->era)
        return fill_one(a, version, &v, m);
    for (size_t i = 0; i < count && m->n_eras < RPL_MEASURE_ERAS; i++)
        fill(&eras[i], version, v, &m->eras[m->n_eras++]);
    return 0;
}
