#include "attestation/reference/linux_setup.h"
#include "attestation/reference/pe_image.h"
#include "attestation/reference/published.h"
#include "base/hash.h"
#include "clients/ctl/measure.h"

enum {
    METADATA_MAX = 1 << 20,
    KERNEL_MAX = 256 << 20,
    INITRD_MAX = 1 << 30,
    PATH_MAX_LEN = 4096,
    GIB_SHIFT = 30,
};

/* No capture and no --memory: QEMU fills the kernel's header alike at 2 GiB and from 2816 MiB on. */
static const uint64_t usual_memory = UINT64_C(2) << GIB_SHIFT;

static void copy48(uint8_t to[static 48], const uint8_t from[static 48])
{
    for (size_t i = 0; i < 48; i++)
        to[i] = from[i];
}

/* A name of metadata.json, which must not lead out of the folder. */
static uint8_t *read_member(const char *folder, const json_t *metadata, const char *key, size_t max,
                            size_t *len)
{
    char path[PATH_MAX_LEN];
    rpl_bytes name;

    if (!rpl_json_get_text(metadata, key, &name) || name.len == 0 ||
        memchr(name.data, '/', name.len)) {
        fprintf(stderr, "%s/metadata.json: \"%s\" wants the name of a file in this folder\n",
                folder, key);
        return NULL;
    }
    if (snprintf(path, sizeof(path), "%s/%.*s", folder, (int)name.len, (const char *)name.data) >=
        (int)sizeof(path)) {
        fprintf(stderr, "%s: name too long\n", folder);
        return NULL;
    }
    return rpl_ctl_read(path, max, len);
}

static int read_metadata(const char *folder, json_t **out)
{
    char path[PATH_MAX_LEN];
    size_t len;

    if (snprintf(path, sizeof(path), "%s/metadata.json", folder) >= (int)sizeof(path))
        return rpl_ctl_fail(folder, rpl_fail(RPL_TOO_LARGE, "name too long"));
    RPL_AUTO(bytes) uint8_t *text = rpl_ctl_read(path, METADATA_MAX, &len);
    if (!text)
        return RPL_CTL_USAGE;
    const rpl_status s = rpl_json_parse(rpl_bytes_of(text, len), METADATA_MAX, out);
    return s.code == RPL_OK ? 0 : rpl_ctl_fail(path, s);
}

static int read_firmware(const char *folder, const json_t *metadata, rpl_measure_image *image)
{
    size_t len;
    rpl_tdvf tdvf;
    RPL_AUTO(bytes)
    uint8_t *firmware = read_member(folder, metadata, "bios", RPL_FIRMWARE_MAX, &len);
    if (!firmware)
        return RPL_CTL_USAGE;
    rpl_status s = rpl_tdvf_parse(rpl_bytes_of(firmware, len), &tdvf);
    if (s.code == RPL_OK)
        s = rpl_td_hob_layout_of(&tdvf, &image->layout);
    if (s.code != RPL_OK)
        return rpl_ctl_fail(folder, s);
    if (!rpl_tdvf_variables_digest(&tdvf, image->variables))
        return rpl_ctl_fail(folder,
                            rpl_fail(RPL_MALFORMED, "firmware: no variables (CFV section)"));
    rpl_tdvf_mrtd(&tdvf, RPL_PAGES_SINGLE_PASS, image->mrtd[RPL_PAGES_SINGLE_PASS]);
    rpl_tdvf_mrtd(&tdvf, RPL_PAGES_TWO_PASS, image->mrtd[RPL_PAGES_TWO_PASS]);
    return 0;
}

static int read_kernel(const char *folder, const json_t *metadata, rpl_measure_image *image)
{
    RPL_AUTO(bytes)
    uint8_t *initrd = read_member(folder, metadata, "initrd", INITRD_MAX, &image->initrd_len);
    image->kernel = read_member(folder, metadata, "kernel", KERNEL_MAX, &image->kernel_len);
    if (!initrd || !image->kernel)
        return RPL_CTL_USAGE;
    rpl_sha384(rpl_bytes_of(initrd, image->initrd_len), image->initrd);
    const rpl_status s =
        rpl_pe_image_digest(rpl_bytes_of(image->kernel, image->kernel_len), image->kernel_as_is);
    return s.code == RPL_OK ? 0 : rpl_ctl_fail(folder, s);
}

int rpl_measure_read_image(const char *folder, rpl_measure_image *image)
{
    RPL_AUTO(json) json_t *metadata = NULL;
    rpl_bytes command_line;
    int refused = read_metadata(folder, &metadata);

    if (!refused)
        refused = read_firmware(folder, metadata, image);
    if (!refused)
        refused = read_kernel(folder, metadata, image);
    if (refused)
        return refused;
    if (!rpl_json_get_text(metadata, "cmdline", &command_line))
        return rpl_ctl_fail(folder, rpl_fail(RPL_MALFORMED, "metadata.json: no \"cmdline\""));
    const rpl_status s = rpl_command_line_digest(command_line, image->command_line);
    if (s.code != RPL_OK)
        return rpl_ctl_fail(folder, s);
    image->is_as_is = json_is_true(json_object_get(metadata, "kernel_header_normalized"));
    image->has_rootfs = rpl_json_get_hex(metadata, "rootfs_hash", image->rootfs_hash, 32);
    image->is_given = true;
    return 0;
}

void rpl_measure_image_free(rpl_measure_image *image)
{
    free(image->kernel);
    image->kernel = NULL;
}

/* Of an OVMF that nobody stored a variable in: the same in every build with 4 MiB. */
static const uint8_t empty_variables[48] = {
    0x34, 0x4b, 0xc5, 0x1c, 0x98, 0x0b, 0xa6, 0x21, 0xaa, 0xa0, 0x0d, 0xa3, 0xed, 0x74, 0x36, 0xf7,
    0xd6, 0xe5, 0x49, 0x19, 0x7d, 0xfe, 0x69, 0x95, 0x15, 0xdf, 0xa2, 0xc6, 0x58, 0x3d, 0x95, 0xe6,
    0x41, 0x2a, 0xf2, 0x1c, 0x09, 0x7d, 0x47, 0x31, 0x55, 0x87, 0x5f, 0xfd, 0x56, 0x1d, 0x67, 0x90};

int rpl_measure_read_published(const char *path, rpl_measure_image *image)
{
    size_t len;
    rpl_published p;
    RPL_AUTO(bytes) uint8_t *cbor = rpl_ctl_read(path, RPL_PUBLISHED_MAX, &len);
    if (!cbor)
        return RPL_CTL_USAGE;
    const rpl_status s = rpl_published_parse(rpl_bytes_of(cbor, len), &p);
    if (s.code != RPL_OK)
        return rpl_ctl_fail(path, s);
    image->is_given = image->is_published = true;
    image->layout = p.layout;
    copy48(image->mrtd[RPL_PAGES_SINGLE_PASS], p.mrtd[RPL_PAGES_SINGLE_PASS]);
    copy48(image->mrtd[RPL_PAGES_TWO_PASS], p.mrtd[RPL_PAGES_TWO_PASS]);
    copy48(image->kernel_as_is, p.kernel);
    copy48(image->command_line, p.command_line);
    copy48(image->initrd, p.initrd);
    copy48(image->variables, empty_variables);
    return 0;
}

/* Once only: the kernel is no longer the file's afterwards. */
static rpl_status digest_patched(rpl_measure_image *image, uint64_t memory,
                                 uint8_t digest[static 48])
{
    if (image->is_published) {
        copy48(digest, image->kernel_as_is);
        return rpl_ok();
    }
    RPL_TRY(rpl_linux_setup_patch(image->kernel, image->kernel_len, image->initrd_len, memory));
    return rpl_pe_image_digest(rpl_bytes_of(image->kernel, image->kernel_len), digest);
}

static void choose(const rpl_measure_arguments *a, const rpl_measure_image *image,
                   rpl_measure_shape *shape)
{
    const bool as_is = a->kernel_as_is || image->is_as_is;

    copy48(shape->chosen.mrtd,
           image->mrtd[a->two_pass ? RPL_PAGES_TWO_PASS : RPL_PAGES_SINGLE_PASS]);
    if (shape->has_rtmr0)
        rpl_boot_log_replay(&shape->rtmr0, shape->chosen.rtmr[0]);
    rpl_boot_log_replay(as_is ? &shape->rtmr1_as_is : &shape->rtmr1, shape->chosen.rtmr[1]);
    rpl_boot_log_replay(&shape->rtmr2, shape->chosen.rtmr[2]);
}

int rpl_measure_fill_shape(const rpl_measure_arguments *a, rpl_measure_image *image,
                           const rpl_event_log *log, rpl_measure_shape *shape)
{
    uint8_t acpi[RPL_BOOT_ACPI][48];
    const uint64_t memory = shape->memory ? shape->memory : usual_memory;
    rpl_status s = digest_patched(image, memory, shape->kernel);

    if (s.code == RPL_OK)
        s = rpl_td_hob_digest(&image->layout, memory, shape->td_hob);
    if (s.code != RPL_OK)
        return rpl_ctl_fail(a->image ? a->image : a->published, s);
    rpl_boot_log_rtmr1(shape->kernel, &shape->rtmr1);
    rpl_boot_log_rtmr1(image->kernel_as_is, &shape->rtmr1_as_is);
    rpl_boot_log_rtmr2(image->command_line, image->initrd, &shape->rtmr2);
    shape->has_rtmr0 = shape->memory && log && rpl_boot_log_acpi(log, acpi);
    if (shape->has_rtmr0)
        rpl_boot_log_rtmr0(shape->td_hob, image->variables, (const uint8_t(*)[48])acpi,
                           &shape->rtmr0);
    choose(a, image, shape);
    return 0;
}

static bool fits(const rpl_td_hob_layout *layout, uint64_t memory, const rpl_event *first)
{
    uint8_t digest[48];
    return rpl_td_hob_digest(layout, memory, digest).code == RPL_OK &&
           rpl_bytes_equal(rpl_bytes_of(digest, 48), rpl_bytes_of(first->digest, 48));
}

/* Steps of 256 MiB up to 16 GiB, of 1 GiB up to 4 TiB. */
uint64_t rpl_measure_find_memory(const rpl_td_hob_layout *layout, const rpl_event_log *log)
{
    const uint64_t quarter = UINT64_C(1) << 28, limit = UINT64_C(4) << 40;
    const rpl_event *first = NULL;

    for (size_t i = log->count; i > 0; i--)
        if (log->events[i - 1].imr == 0)
            first = &log->events[i - 1];
    for (uint64_t memory = quarter; first && memory <= limit;
         memory += memory < UINT64_C(16) << GIB_SHIFT ? quarter : UINT64_C(1) << GIB_SHIFT)
        if (fits(layout, memory, first))
            return memory;
    return 0;
}
