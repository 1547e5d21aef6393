#include "base/hex.h"
#include "clients/ctl/measure.h"

enum { HEX_MAX = 2 * 48 + 1, MIB_SHIFT = 20, APP_ID_LEN = 20 };

static void print_hex(const char *label, const uint8_t *bytes, size_t len)
{
    char hex[HEX_MAX];
    rpl_hex_encode(rpl_bytes_of(bytes, len), hex);
    printf("%-20s %s\n", label, hex);
}

static void print_compose(const rpl_measure_compose *c)
{
    print_hex("compose hash", c->raw, 32);
    if (!c->is_json) {
        printf("                     of this text alone: what a machine measures is the\n"
               "                     app-compose.json around it, as deployed\n");
        return;
    }
    if (c->is_normal) {
        print_hex("  normalised", c->normalized, 32);
        print_hex("  and reduced", c->reduced, 32);
    } else {
        printf("                     it has no normalised spelling: not strict JSON, or a number "
               "with\n"
               "                     a fraction\n");
    }
    print_hex("app id, if derived", c->raw, APP_ID_LEN);
}

static void print_register(const char *label, const rpl_boot_log *log)
{
    uint8_t mr[48];
    rpl_boot_log_replay(log, mr);
    print_hex(label, mr, 48);
}

static void print_image(const rpl_measure *m)
{
    print_hex("mrtd, QEMU 9", m->image.mrtd[RPL_PAGES_SINGLE_PASS], 48);
    print_hex("mrtd, QEMU 8", m->image.mrtd[RPL_PAGES_TWO_PASS], 48);
    if (m->shape.has_rtmr0)
        print_register("rtmr0", &m->shape.rtmr0);
    else
        printf("rtmr0                not known: it needs --memory, and the ACPI digests of an\n"
               "                     --event-log of a machine with the same devices\n");
    print_register(m->image.is_as_is ? "rtmr1, header filled" : "rtmr1", &m->shape.rtmr1);
    if (!m->image.is_published)
        print_register(m->image.is_as_is ? "rtmr1" : "rtmr1, kernel as is", &m->shape.rtmr1_as_is);
    print_register("rtmr2", &m->shape.rtmr2);
    if (m->shape.memory)
        printf("%-20s %llu MiB\n", "memory", (unsigned long long)(m->shape.memory >> MIB_SHIFT));
    else
        printf("memory               not given: rtmr1 is that of 2 GiB, or 2816 MiB and more\n");
}

static void print_eras(const rpl_measure *m)
{
    char label[64];
    for (size_t i = 0; i < m->n_eras; i++) {
        const rpl_measure_era *e = &m->eras[i];
        snprintf(label, sizeof(label), "rtmr3, era %s", e->era->id);
        if (e->about)
            printf("%-20s not computed: %s: %s\n", label, e->about, e->what);
        else
            print_hex(label, e->rtmr3, 48);
    }
}

static void print_rows(const rpl_measure *m)
{
    static const char *const found[] = {"agrees", "DIFFERS", "not compared"};
    for (size_t i = 0; i < m->n_rows; i++)
        printf("%-20s %s: %s\n", m->rows[i].name, found[m->rows[i].found], m->rows[i].why);
}

static void print_release(const rpl_measure *m)
{
    char hex[HEX_MAX];

    if (m->has_image_hash)
        print_hex("image hash", m->image_hash, 32);
    if (!m->has_release)
        return;
    rpl_hex_encode(rpl_bytes_of(m->release, 32), hex);
    printf("%-20s %s\n", "release", hex);
    printf("%-20s REPLICATOOR_POLICY='{\"give_to\":[{\"release\":\"%s\"}]}'\n", "policy", hex);
}

void rpl_measure_print_text(const rpl_measure *m)
{
    if (m->compose.is_given)
        print_compose(&m->compose);
    if (m->image.is_given)
        print_image(m);
    print_eras(m);
    if (m->has_capture) {
        printf("\nof the quote, which was read and not verified (replicatoorctl verify does):\n");
        print_hex("compose hash", m->capture.identity.compose_hash, 32);
    }
    print_release(m);
    if (m->n_rows)
        putchar('\n');
    print_rows(m);
}

static void set_register(json_t *object, const char *key, const rpl_boot_log *log)
{
    uint8_t mr[48];
    rpl_boot_log_replay(log, mr);
    rpl_json_set_hex(object, key, rpl_bytes_of(mr, 48));
}

static json_t *json_of_compose(const rpl_measure_compose *c)
{
    json_t *object = json_object();
    rpl_json_set_hex(object, "raw", rpl_bytes_of(c->raw, 32));
    if (c->is_json)
        rpl_json_set_hex(object, "app_id", rpl_bytes_of(c->raw, APP_ID_LEN));
    if (c->is_normal) {
        rpl_json_set_hex(object, "normalized", rpl_bytes_of(c->normalized, 32));
        rpl_json_set_hex(object, "reduced", rpl_bytes_of(c->reduced, 32));
    }
    return object;
}

static json_t *json_of_image(const rpl_measure *m)
{
    json_t *object = json_object();
    if (m->shape.memory)
        rpl_json_set_uint(object, "memory", m->shape.memory);
    rpl_json_set_hex(object, "mrtd_single_pass",
                     rpl_bytes_of(m->image.mrtd[RPL_PAGES_SINGLE_PASS], 48));
    rpl_json_set_hex(object, "mrtd_two_pass", rpl_bytes_of(m->image.mrtd[RPL_PAGES_TWO_PASS], 48));
    if (m->shape.has_rtmr0)
        set_register(object, "rtmr0", &m->shape.rtmr0);
    set_register(object, "rtmr1_patched", &m->shape.rtmr1);
    if (!m->image.is_published)
        set_register(object, "rtmr1_as_is", &m->shape.rtmr1_as_is);
    set_register(object, "rtmr2", &m->shape.rtmr2);
    rpl_json_set_hex(object, "td_hob", rpl_bytes_of(m->shape.td_hob, 48));
    rpl_json_set_hex(object, "variables", rpl_bytes_of(m->image.variables, 48));
    rpl_json_set_hex(object, "kernel_patched", rpl_bytes_of(m->shape.kernel, 48));
    if (!m->image.is_published)
        rpl_json_set_hex(object, "kernel_as_is", rpl_bytes_of(m->image.kernel_as_is, 48));
    rpl_json_set_hex(object, "command_line", rpl_bytes_of(m->image.command_line, 48));
    rpl_json_set_hex(object, "initrd", rpl_bytes_of(m->image.initrd, 48));
    return object;
}

static json_t *json_of_era(const rpl_measure_era *e)
{
    json_t *object = json_object();
    rpl_json_set_text(object, "era", e->era->id);
    rpl_json_set_text(object, "images", e->era->images);
    if (e->about) {
        rpl_json_set_text(object, "event", e->about);
        rpl_json_set_text(object, "missing", e->what);
    } else {
        rpl_json_set_hex(object, "rtmr3", rpl_bytes_of(e->rtmr3, 48));
    }
    return object;
}

static json_t *json_of_row(const rpl_measure_row *row)
{
    json_t *object = json_object();
    rpl_json_set_text(object, "value", row->name);
    json_object_set_new(object, "agrees",
                        row->found == RPL_ROW_UNKNOWN ? json_null()
                                                      : json_boolean(row->found == RPL_ROW_SAME));
    rpl_json_set_text(object, "why", row->why);
    return object;
}

static json_t *json_of_capture(const rpl_measure *m)
{
    const rpl_measurement *quoted = &m->capture.quote.measurement;
    static const char *const names[] = {"rtmr0", "rtmr1", "rtmr2", "rtmr3"};
    json_t *object = json_object(), *rows = json_array();

    rpl_json_set_hex(object, "compose_hash", rpl_bytes_of(m->capture.identity.compose_hash, 32));
    rpl_json_set_hex(object, "mrtd", rpl_bytes_of(quoted->mrtd, 48));
    for (size_t i = 0; i < 4; i++)
        rpl_json_set_hex(object, names[i], rpl_bytes_of(quoted->rtmr[i], 48));
    json_object_set_new(object, "quote_verified", json_false());
    for (size_t i = 0; i < m->n_rows; i++)
        json_array_append_new(rows, json_of_row(&m->rows[i]));
    json_object_set_new(object, "compared", rows);
    return object;
}

static void set_release(json_t *object, const rpl_measure *m)
{
    json_t *policy = json_object(), *list = json_array(), *entry = json_object();

    rpl_json_set_hex(object, "release", rpl_bytes_of(m->release, 32));
    rpl_json_set_hex(entry, "release", rpl_bytes_of(m->release, 32));
    json_array_append_new(list, entry);
    json_object_set_new(policy, "give_to", list);
    json_object_set_new(object, "policy", policy);
}

bool rpl_measure_print_json(const rpl_measure *m)
{
    RPL_AUTO(json) json_t *object = json_object();
    json_t *eras = json_array();

    if (m->compose.is_given)
        json_object_set_new(object, "compose_hash", json_of_compose(&m->compose));
    if (m->image.is_given)
        json_object_set_new(object, "image", json_of_image(m));
    for (size_t i = 0; i < m->n_eras; i++)
        json_array_append_new(eras, json_of_era(&m->eras[i]));
    json_object_set_new(object, "rtmr3", eras);
    if (m->has_capture)
        json_object_set_new(object, "capture", json_of_capture(m));
    if (m->has_image_hash)
        rpl_json_set_hex(object, "image_hash", rpl_bytes_of(m->image_hash, 32));
    if (m->has_release)
        set_release(object, m);
    return json_dumpf(object, stdout, JSON_COMPACT) == 0 && putchar('\n') >= 0;
}
