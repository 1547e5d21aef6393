#include "clients/ctl/measure.h"

enum { OVMF_EVENTS = 13, WHY_MEMORY_MAX = 48, GIB_SHIFT = 30, MIB_SHIFT = 20 };

static bool equal(const uint8_t *a, const uint8_t *b, size_t len)
{
    return rpl_bytes_equal(rpl_bytes_of(a, len), rpl_bytes_of(b, len));
}

static rpl_measure_row *add_row(rpl_measure *m, const char *name, bool is_same, const char *why)
{
    rpl_measure_row *row = &m->rows[m->n_rows++];
    row->name = name;
    row->found = is_same ? RPL_ROW_SAME : RPL_ROW_DIFFERS;
    snprintf(row->why, sizeof(row->why), "%s", why);
    return row;
}

static void add_unknown(rpl_measure *m, const char *name, const char *why)
{
    add_row(m, name, false, why)->found = RPL_ROW_UNKNOWN;
}

/* The event of a register that stands at `index`; NULL when the log has fewer. */
static const rpl_event *event_at(const rpl_event_log *log, uint8_t imr, size_t index)
{
    for (size_t i = 0; i < log->count; i++)
        if (log->events[i].imr == imr && index-- == 0)
            return &log->events[i];
    return NULL;
}

static size_t count_of(const rpl_event_log *log, uint8_t imr)
{
    size_t count = 0;
    for (size_t i = 0; i < log->count; i++)
        count += log->events[i].imr == imr;
    return count;
}

static bool has_digest(const rpl_event_log *log, uint8_t imr, size_t index, const uint8_t *digest)
{
    const rpl_event *e = event_at(log, imr, index);
    return e && equal(e->digest, digest, 48);
}

static void compare_mrtd(rpl_measure *m)
{
    const uint8_t *quoted = m->capture.quote.measurement.mrtd;

    if (equal(quoted, m->image.mrtd[RPL_PAGES_SINGLE_PASS], 48))
        add_row(m, "mrtd", true, "pages added and measured one by one, as QEMU 9 and later do");
    else if (equal(quoted, m->image.mrtd[RPL_PAGES_TWO_PASS], 48))
        add_row(m, "mrtd", true, "pages added, then measured, as QEMU 8 does");
    else
        add_row(m, "mrtd", false, "another firmware than the image's, or changed by the host");
}

/* The log must replay, else what it shows is not what was measured. */
static bool replays(const rpl_measure *m, uint8_t imr)
{
    uint8_t mr[48];
    rpl_event_log_replay(&m->capture.log, imr, mr);
    return equal(mr, m->capture.quote.measurement.rtmr[imr], 48);
}

static void explain_memory(const rpl_measure *m, char *why, size_t len)
{
    const uint64_t found = rpl_measure_find_memory(&m->image.layout, &m->capture.log);
    if (found)
        snprintf(why, len, "the machine has another memory size: its log fits %llu MiB",
                 (unsigned long long)(found >> MIB_SHIFT));
    else
        snprintf(why, len, "another memory size, or a firmware with another memory layout");
}

static void name_first_difference(rpl_measure *m, uint8_t imr, const rpl_boot_log *computed)
{
    rpl_measure_row *row = &m->rows[m->n_rows - 1];
    for (size_t i = 0; i < computed->count; i++) {
        if (has_digest(&m->capture.log, imr, i, computed->events[i].digest))
            continue;
        snprintf(row->why, sizeof(row->why), "first difference: event %zu, %s", i,
                 computed->events[i].name);
        return;
    }
    snprintf(row->why, sizeof(row->why), "the log has %zu events, %zu were expected",
             count_of(&m->capture.log, imr), computed->count);
}

static void compare_rtmr0(rpl_measure *m)
{
    uint8_t mr[48];
    char why[RPL_MEASURE_WHY];
    const rpl_event_log *log = &m->capture.log;

    if (!replays(m, 0)) {
        add_unknown(m, "rtmr0", "the log's events do not replay to it: some were left out");
    } else if (!has_digest(log, 0, 0, m->shape.td_hob) || !m->shape.has_rtmr0) {
        explain_memory(m, why, sizeof(why));
        add_row(m, "rtmr0", false, why);
    } else if (count_of(log, 0) != OVMF_EVENTS) {
        snprintf(why, sizeof(why),
                 "a newer OVMF: %zu events instead of 13. The memory layout agrees, the firmware "
                 "variables %s; the rest was not computed",
                 count_of(log, 0), has_digest(log, 0, 1, m->image.variables) ? "agree" : "differ");
        add_unknown(m, "rtmr0", why);
    } else {
        rpl_boot_log_replay(&m->shape.rtmr0, mr);
        const bool is_same = equal(mr, m->capture.quote.measurement.rtmr[0], 48);
        add_row(
            m, "rtmr0", is_same,
            "the three ACPI digests are the log's own: they say which devices the host gave, and "
            "come from a boot that is trusted");
        if (!is_same)
            name_first_difference(m, 0, &m->shape.rtmr0);
    }
}

static void compare_rtmr1(rpl_measure *m)
{
    uint8_t filled[48], as_is[48];
    const uint8_t *quoted = m->capture.quote.measurement.rtmr[1];

    rpl_boot_log_replay(&m->shape.rtmr1, filled);
    rpl_boot_log_replay(&m->shape.rtmr1_as_is, as_is);
    if (equal(quoted, filled, 48))
        add_row(m, "rtmr1", true, "the kernel's header filled by QEMU");
    else if (equal(quoted, as_is, 48))
        add_row(m, "rtmr1", true, "the kernel as it is in the file");
    else if (has_digest(&m->capture.log, 1, 0, m->shape.kernel) ||
             has_digest(&m->capture.log, 1, 0, m->image.kernel_as_is))
        add_row(m, "rtmr1", false, "the kernel is the image's; other events than a direct boot's");
    else
        add_row(m, "rtmr1", false,
                "another kernel, or an initrd of another length, or (below 2816 MiB, not 2 GiB) "
                "another "
                "memory size");
}

static void compare_rtmr2(rpl_measure *m)
{
    uint8_t mr[48];
    const rpl_event_log *log = &m->capture.log;

    rpl_boot_log_replay(&m->shape.rtmr2, mr);
    if (equal(mr, m->capture.quote.measurement.rtmr[2], 48)) {
        add_row(m, "rtmr2", true, "command line and initrd");
        return;
    }
    const bool line = has_digest(log, 2, 0, m->image.command_line);
    const bool initrd = has_digest(log, 2, 1, m->image.initrd);
    add_row(m, "rtmr2", false,
            line && !initrd   ? "another initrd; the command line agrees"
            : !line && initrd ? "another command line; the initrd agrees"
                              : "another command line and another initrd, or no log of them");
}

static void compare_compose(rpl_measure *m)
{
    const uint8_t *quoted = m->capture.identity.compose_hash;

    if (equal(quoted, m->compose.raw, 32))
        add_row(m, "compose hash", true, "the file as it is");
    else if (m->compose.is_normal && equal(quoted, m->compose.normalized, 32))
        add_row(m, "compose hash", true, "the file in its normalised spelling, not as it is");
    else if (m->compose.is_normal && equal(quoted, m->compose.reduced, 32))
        add_row(m, "compose hash", true, "the file normalised and without what its runner ignores");
    else if (m->compose.is_json)
        add_row(m, "compose hash", false, "another app-compose.json runs there");
    else
        add_unknown(m, "compose hash",
                    "this is not an app-compose.json: what is measured is the file around it");
}

static void compare_rtmr3(rpl_measure *m)
{
    for (size_t i = 0; i < m->n_eras; i++) {
        if (m->eras[i].about || !equal(m->eras[i].rtmr3, m->capture.quote.measurement.rtmr[3], 48))
            continue;
        char why[RPL_MEASURE_WHY];
        snprintf(why, sizeof(why), "era %s (%s)", m->eras[i].era->id, m->eras[i].era->images);
        add_row(m, "rtmr3", true, why);
        return;
    }
    add_row(m, "rtmr3", false,
            "other values than given, or events of the app behind them (EmitEvent)");
}

void rpl_measure_compare(rpl_measure *m)
{
    if (m->image.is_given) {
        compare_mrtd(m);
        compare_rtmr0(m);
        compare_rtmr1(m);
        compare_rtmr2(m);
    }
    if (m->n_eras > 0)
        compare_rtmr3(m);
    if (m->compose.is_given)
        compare_compose(m);
}
