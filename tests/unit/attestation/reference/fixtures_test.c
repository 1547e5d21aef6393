/* What can be computed beforehand, against every captured quote that allows it (tests/vectors/dstack).
 * No capture has the files of its image: of them the digests in the logs are taken, and how registers are
 * made from digests is what is checked. Each check counts what it covered and fails when that shrinks. */
#include <dirent.h>

#include "attestation/reference/boot_log.h"
#include "attestation/reference/runtime.h"
#include "attestation/reference/td_hob.h"
#include "base/hash.h"
#include "base/hex.h"
#include "tests/support/check.h"
#include "tests/support/file.h"

/* Offsets in a version 4 quote. */
enum { MRTD_AT = 184, CONFIG_AT = 232, RTMR_AT = 376, FOLDERS = 12 };
enum { RTMR0_LOGS = 7, RTMR1_LOGS = 8, RTMR2_LOGS = 8, RTMR3_LOGS = 12, CONFIG_IDS = 6, HOBS = 6 };
enum { PUBLISHED_LOGS = 4, PUBLISHED_LINES = 2 };
#define PUBLISHED "v06-tdx-lite-getquote"

/* measurement.tdx.cbor of the 0.6.0 image: td_hob 80 10 09 04 00 06 09 02 0b 02 10 10, which is
 * TD_HOB at 0x809000 and four ranges */
static const rpl_td_hob_layout dstack_layout = {
    .hob_address = 0x809000,
    .count = 4,
    .ranges = {{0x800000, 0x6000}, {0x809000, 0x2000}, {0x80b000, 0x2000}, {0x810000, 0x10000}}};

static const char oldest_rootfs[] =
    "bf06bf167df2d81dd54095e8a540e802dc634a31a96e1a448a20201a63d0bd21";
static const char oldest_rtmr3[] = "3c30787034cd9aabff0347bc8f08b9f24a0f6ae914bbca0f9aba681e857aa57"
                                   "a7a7cc5b0b67231779cdc345f107707c5";

typedef struct {
    char name[256];
    uint8_t *quote, *log_text;
    size_t quote_len;
    rpl_event_log log;
} capture;

typedef void check(const capture *c, int *count);

static bool has_file(const char *folder, const char *file)
{
    char path[1024];
    snprintf(path, sizeof(path), "%s/dstack/%s/%s", RPL_VECTORS, folder, file);
    FILE *f = fopen(path, "rb");
    if (f)
        fclose(f);
    return f != NULL;
}

static uint8_t *read_of(const char *folder, const char *file, size_t *len)
{
    char name[512];
    snprintf(name, sizeof(name), "dstack/%s/%s", folder, file);
    return read_vector(name, len);
}

static void run_on(const char *folder, check *run, int *count)
{
    static capture c;
    size_t len;
    snprintf(c.name, sizeof(c.name), "%s", folder);
    c.quote = read_of(folder, "quote.bin", &c.quote_len);
    c.log_text = read_of(folder, "event_log.json", &len);
    assert_true(c.quote_len > RTMR_AT + 4 * 48);
    assert_ok(rpl_event_log_parse(rpl_bytes_of(c.log_text, len), &c.log));
    run(&c, count);
    rpl_event_log_free(&c.log);
    free(c.log_text);
    free(c.quote);
}

static int run_on_all(check *run)
{
    int count = 0, folders = 0;
    DIR *dir = opendir(RPL_VECTORS "/dstack");
    assert_non_null(dir);
    for (const struct dirent *entry = readdir(dir); entry; entry = readdir(dir)) {
        if (entry->d_name[0] == '.' || !has_file(entry->d_name, "event_log.json"))
            continue;
        folders++;
        run_on(entry->d_name, run, &count);
    }
    closedir(dir);
    assert_true(folders >= FOLDERS);
    return count;
}

static const uint8_t *quoted(const capture *c, int imr)
{
    return c->quote + RTMR_AT + 48 * imr;
}

/* The `n`th event of a register, and how many there are. */
static const rpl_event *event_of(const capture *c, uint8_t imr, size_t n, size_t *count)
{
    const rpl_event *found = NULL;
    *count = 0;
    for (size_t i = 0; i < c->log.count; i++) {
        if (c->log.events[i].imr != imr)
            continue;
        if (*count == n)
            found = &c->log.events[i];
        ++*count;
    }
    return found;
}

static void compare(const capture *c, const char *what, const rpl_boot_log *log, int imr)
{
    uint8_t mr[48];
    rpl_boot_log_replay(log, mr);
    if (memcmp(mr, quoted(c, imr), 48) != 0)
        fail_msg("%s: %s differs from the quote", c->name, what);
}

static void check_rtmr0(const capture *c, int *count)
{
    size_t n;
    uint8_t acpi[RPL_BOOT_ACPI][48];
    rpl_boot_log log;
    const rpl_event *hob = event_of(c, 0, 0, &n), *variables = event_of(c, 0, 1, &n);
    if (n != 13)
        return;
    assert_true(rpl_boot_log_acpi(&c->log, acpi));
    rpl_boot_log_rtmr0(hob->digest, variables->digest, (const uint8_t(*)[48])acpi, &log);
    compare(c, "RTMR0", &log, 0);
    ++*count;
}

static void check_rtmr1(const capture *c, int *count)
{
    size_t n;
    rpl_boot_log log;
    const rpl_event *kernel = event_of(c, 1, 0, &n);
    if (n != 5)
        return;
    rpl_boot_log_rtmr1(kernel->digest, &log);
    compare(c, "RTMR1", &log, 1);
    ++*count;
}

static void check_rtmr2(const capture *c, int *count)
{
    size_t n;
    rpl_boot_log log;
    const rpl_event *line = event_of(c, 2, 0, &n), *initrd = event_of(c, 2, 1, &n);
    if (n != 2)
        return;
    rpl_boot_log_rtmr2(line->digest, initrd->digest, &log);
    compare(c, "RTMR2", &log, 2);
    ++*count;
}

static void the_firmwares_registers_are_those_of_the_quotes(void **state)
{
    (void)state;
    assert_int_equal(run_on_all(check_rtmr0), RTMR0_LOGS);
    assert_int_equal(run_on_all(check_rtmr1), RTMR1_LOGS);
    assert_int_equal(run_on_all(check_rtmr2), RTMR2_LOGS);
}

/* Of a guest whose size is not in the capture, the size is found: one in steps of 1 GiB must fit. */
static void check_hob(const capture *c, int *count)
{
    size_t n;
    uint8_t digest[48];
    const rpl_event *hob = event_of(c, 0, 0, &n);
    for (uint64_t gib = 1; n > 3 && gib <= 128; gib++) {
        assert_ok(rpl_td_hob_digest(&dstack_layout, gib << 30, digest));
        if (memcmp(digest, hob->digest, 48) != 0)
            continue;
        print_message("%s: %u GiB\n", c->name, (unsigned)gib);
        ++*count;
        return;
    }
}

static void the_memory_layout_is_that_of_real_guests(void **state)
{
    (void)state;
    assert_int_equal(run_on_all(check_hob), HOBS);
}

/* measurement.tdx.cbor: a name, 58 30, 48 bytes. */
static void measured(rpl_bytes cbor, const char *name, uint8_t digest[static 48])
{
    const uint8_t *at = memmem(cbor.data, cbor.len, name, strlen(name));
    assert_non_null(at);
    at += strlen(name);
    assert_memory_equal(at, "\x58\x30", 2);
    memcpy(digest, at + 2, 48);
}

/* The one image whose publisher gives digests of its parts. */
typedef struct {
    uint8_t mrtd[48], kernel[48], command_line[48], initrd[48];
} published;

static published read_published(void)
{
    size_t len;
    published p;
    uint8_t *file = read_of(PUBLISHED, "measurement.tdx.cbor", &len);
    const rpl_bytes cbor = {file, len};
    measured(cbor, "two_pass", p.mrtd);
    measured(cbor, "kernel_authenticode", p.kernel);
    measured(cbor, "cmdline_sha384", p.command_line);
    measured(cbor, "initrd_sha384", p.initrd);
    free(file);
    return p;
}

/* MRTD, RTMR0 (ACPI and variables from the log) and RTMR1 of a guest of 2 GiB; RTMR2 where the command
 * line is the published one, else the log's with the published initrd. */
static void check_against(const published *p, const capture *c, int *command_lines)
{
    size_t n;
    uint8_t hob[48], acpi[RPL_BOOT_ACPI][48];
    rpl_boot_log log;
    const rpl_event *line = event_of(c, 2, 0, &n), *variables = event_of(c, 0, 1, &n);
    assert_memory_equal(p->mrtd, c->quote + MRTD_AT, 48);
    assert_ok(rpl_td_hob_digest(&dstack_layout, UINT64_C(2) << 30, hob));
    assert_true(rpl_boot_log_acpi(&c->log, acpi));
    rpl_boot_log_rtmr0(hob, variables->digest, (const uint8_t(*)[48])acpi, &log);
    compare(c, "RTMR0", &log, 0);
    rpl_boot_log_rtmr1(p->kernel, &log);
    compare(c, "RTMR1", &log, 1);
    *command_lines += memcmp(p->command_line, line->digest, 48) == 0;
    rpl_boot_log_rtmr2(line->digest, p->initrd, &log);
    compare(c, "RTMR2", &log, 2);
}

static int command_lines;

static void check_published(const capture *c, int *count)
{
    size_t n;
    const published p = read_published();
    (void)event_of(c, 0, 0, &n);
    if (n != 13 || memcmp(p.mrtd, c->quote + MRTD_AT, 48) != 0)
        return;
    check_against(&p, c, &command_lines);
    ++*count;
}

static void a_published_image_gives_the_registers_of_its_quotes(void **state)
{
    (void)state;
    command_lines = 0;
    assert_int_equal(run_on_all(check_published), PUBLISHED_LOGS);
    assert_int_equal(command_lines, PUBLISHED_LINES);
}

/* The one quote of tests/vectors/dcap that is of that image: it comes without a log, so the digests
 * are those of a log of the same machine. */
static void a_quote_without_log_is_of_the_published_image(void **state)
{
    (void)state;
    static capture c;
    size_t len;
    int lines = 0;
    const published p = read_published();
    c.quote = read_vector("dcap/real/dstack/tdx_v4_tdx_lite/quote.bin", &c.quote_len);
    c.log_text = read_of(PUBLISHED, "event_log.json", &len);
    assert_ok(rpl_event_log_parse(rpl_bytes_of(c.log_text, len), &c.log));
    check_against(&p, &c, &lines);
    assert_int_equal(lines, 1);
    rpl_event_log_free(&c.log);
    free(c.log_text);
    free(c.quote);
}

/* The values of the events before system-ready, given to every era: one of them must write the same. */
static void check_rtmr3(const capture *c, int *count)
{
    size_t eras, n = 0, after = 0;
    int fits = 0;
    const rpl_os_era *era = rpl_os_eras(&eras);
    static rpl_os_input inputs[RPL_EVENTS_MAX];
    static char names[RPL_EVENTS_MAX][RPL_EVENT_NAME_MAX + 1];
    static rpl_event_log made;
    const char *about = NULL;
    uint8_t mr[48];

    while (after < c->log.count) {
        const rpl_event *e = &c->log.events[after++];
        if (e->imr != 3)
            continue;
        memcpy(names[n], e->name.data, e->name.len);
        names[n][e->name.len] = 0;
        inputs[n] = (rpl_os_input){names[n], e->payload};
        if (strcmp(names[n++], "system-ready") == 0)
            break;
    }
    for (size_t i = 0; i < eras; i++) {
        if (rpl_runtime_log(&era[i], 1, inputs, n, &made, &about).code != RPL_OK)
            continue;
        for (size_t k = after; k < c->log.count; k++)
            if (c->log.events[k].imr == 3)
                made.events[made.count++] = c->log.events[k];
        rpl_event_log_replay(&made, 3, mr);
        fits += memcmp(mr, quoted(c, 3), 48) == 0;
    }
    if (fits == 0)
        fail_msg("%s: no era gives the quoted RTMR3", c->name);
    ++*count;
}

static void rtmr3_of_given_values_is_that_of_the_quotes(void **state)
{
    (void)state;
    assert_int_equal(run_on_all(check_rtmr3), RTMR3_LOGS);
}

/* The example that the oldest images came with; the register is the one its own script prints. */
static void rtmr3_of_the_oldest_images_is_made_of_three_files(void **state)
{
    (void)state;
    static rpl_event_log log;
    size_t eras, len;
    const char *about = NULL;
    uint8_t rootfs[32], compose[32], ca[32], mr[48], want[48];
    uint8_t *file = read_vector("dstack/oldest-rtmr3/docker-compose.yaml", &len);
    rpl_sha256(rpl_bytes_of(file, len), compose);
    free(file);
    file = read_vector("dstack/oldest-rtmr3/kms-ca.cert", &len);
    rpl_sha256(rpl_bytes_of(file, len), ca);
    free(file);
    assert_ok(rpl_hex_decode_exact(rpl_bytes_of_text(oldest_rootfs), rootfs, sizeof(rootfs)));
    assert_ok(rpl_hex_decode_exact(rpl_bytes_of_text(oldest_rtmr3), want, sizeof(want)));
    const rpl_os_input inputs[] = {
        {"ca-cert-hash", {ca, 32}}, {"rootfs-hash", {rootfs, 32}}, {"app-id", {compose, 32}}};
    const rpl_os_era *era = rpl_os_eras(&eras);
    assert_ok(rpl_runtime_log(era, 1, inputs, 3, &log, &about));
    rpl_event_log_replay(&log, 3, mr);
    assert_memory_equal(mr, want, 48);
}

/* MRCONFIGID form 1 is the compose hash, which the host set before the guest ran. */
static void check_config_id(const capture *c, int *count)
{
    rpl_os_statement os;
    if (c->quote[CONFIG_AT] != 1)
        return;
    assert_ok(rpl_event_log_os_statement(&c->log, &os));
    assert_memory_equal(c->quote + CONFIG_AT + 1, os.compose_hash, 32);
    ++*count;
}

static void the_compose_hash_is_that_of_the_quotes(void **state)
{
    (void)state;
    static rpl_event_log log;
    size_t len;
    rpl_os_statement os;
    uint8_t hash[32];
    uint8_t *file = read_vector("dstack/v04dev-examples-attestation/app-compose.json", &len);
    rpl_sha256(rpl_bytes_of(file, len), hash);
    free(file);
    file = read_vector("dstack/v04dev-examples-attestation/event_log.json", &len);
    assert_ok(rpl_event_log_parse(rpl_bytes_of(file, len), &log));
    assert_ok(rpl_event_log_os_statement(&log, &os));
    assert_memory_equal(hash, os.compose_hash, 32);
    assert_memory_equal(hash, os.app_id.data, os.app_id.len);
    rpl_event_log_free(&log);
    free(file);
    assert_int_equal(run_on_all(check_config_id), CONFIG_IDS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_firmwares_registers_are_those_of_the_quotes),
        cmocka_unit_test(the_memory_layout_is_that_of_real_guests),
        cmocka_unit_test(a_published_image_gives_the_registers_of_its_quotes),
        cmocka_unit_test(a_quote_without_log_is_of_the_published_image),
        cmocka_unit_test(rtmr3_of_given_values_is_that_of_the_quotes),
        cmocka_unit_test(rtmr3_of_the_oldest_images_is_made_of_three_files),
        cmocka_unit_test(the_compose_hash_is_that_of_the_quotes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
