#include "attestation/reference/boot_log.h"

#include "base/hash.h"
#include "base/writer.h"

enum { PLATFORM_CONFIG = 0x0a, GUID_LEN = 16, VARIABLE_MAX = 64 };

/* 8be4df61-93ca-11d2-aa0d-00e098032b8c and d719b2cb-3d3a-4596-a3bc-dad00e67656f as stored */
static const uint8_t global[GUID_LEN] = {0x61, 0xdf, 0xe4, 0x8b, 0xca, 0x93, 0xd2, 0x11,
                                         0xaa, 0x0d, 0x00, 0xe0, 0x98, 0x03, 0x2b, 0x8c};
static const uint8_t security[GUID_LEN] = {0xcb, 0xb2, 0x19, 0xd7, 0x3a, 0x3d, 0x96, 0x45,
                                           0xa3, 0xbc, 0xda, 0xd0, 0x0e, 0x67, 0x65, 0x6f};
/* Boot0000 of OVMF: its own boot menu, an application in the firmware */
static const uint8_t boot_menu[48] = {
    0x23, 0xad, 0xa0, 0x7f, 0x52, 0x61, 0xf1, 0x2f, 0x34, 0xa0, 0xbd, 0x8e, 0x46, 0x76, 0x09, 0x62,
    0xd6, 0xb4, 0xd5, 0x76, 0xa4, 0x16, 0xf1, 0xfe, 0xa1, 0xc6, 0x4b, 0xc6, 0x56, 0xb1, 0xd2, 0x8e,
    0xac, 0xf7, 0x04, 0x7a, 0xe6, 0xe9, 0x67, 0xc5, 0x8f, 0xd2, 0xa9, 0x8b, 0xfa, 0x74, 0xc2, 0x98};

static void copy_digest(uint8_t to[static 48], const uint8_t from[static 48])
{
    for (size_t i = 0; i < 48; i++)
        to[i] = from[i];
}

static void add(rpl_boot_log *log, const char *name, const uint8_t digest[static 48])
{
    rpl_boot_event *event = &log->events[log->count++];
    event->name = name;
    copy_digest(event->digest, digest);
}

static void add_hash_of(rpl_boot_log *log, const char *name, const void *data, size_t len)
{
    uint8_t digest[48];
    rpl_sha384(rpl_bytes_of(data, len), digest);
    add(log, name, digest);
}

static void add_text(rpl_boot_log *log, const char *text)
{
    add_hash_of(log, text, text, strlen(text));
}

static void add_separator(rpl_boot_log *log)
{
    static const uint8_t zeros[4];
    add_hash_of(log, "separator", zeros, sizeof(zeros));
}

static void write_utf16(rpl_writer *w, rpl_bytes ascii)
{
    for (size_t i = 0; i < ascii.len; i++)
        rpl_write_u16le(w, ascii.data[i]);
}

/* UEFI_VARIABLE_DATA of a variable without contents: GUID, u64 characters, u64 0, name. */
static void add_empty_variable(rpl_boot_log *log, const uint8_t guid[static GUID_LEN],
                               const char *name)
{
    uint8_t data[VARIABLE_MAX];
    rpl_writer w = rpl_writer_over(data, sizeof(data));

    rpl_write_bytes(&w, rpl_bytes_of(guid, GUID_LEN));
    rpl_write_u64le(&w, strlen(name));
    rpl_write_u64le(&w, 0);
    write_utf16(&w, rpl_bytes_of_text(name));
    add_hash_of(log, name, w.data, w.len);
}

void rpl_boot_log_rtmr0(const uint8_t td_hob[static 48], const uint8_t variables[static 48],
                        const uint8_t acpi[static RPL_BOOT_ACPI][48], rpl_boot_log *out)
{
    static const uint8_t first_entry[2];

    *out = (rpl_boot_log){0};
    add(out, "memory layout (TD HOB)", td_hob);
    add(out, "firmware variables (CFV)", variables);
    add_empty_variable(out, global, "SecureBoot");
    add_empty_variable(out, global, "PK");
    add_empty_variable(out, global, "KEK");
    add_empty_variable(out, security, "db");
    add_empty_variable(out, security, "dbx");
    add_separator(out);
    add(out, "ACPI loader", acpi[0]);
    add(out, "ACPI RSDP", acpi[1]);
    add(out, "ACPI tables", acpi[2]);
    add_hash_of(out, "BootOrder", first_entry, sizeof(first_entry));
    add(out, "Boot0000", boot_menu);
}

void rpl_boot_log_rtmr1(const uint8_t kernel[static 48], rpl_boot_log *out)
{
    *out = (rpl_boot_log){0};
    add(out, "kernel", kernel);
    add_text(out, "Calling EFI Application from Boot Option");
    add_separator(out);
    add_text(out, "Exit Boot Services Invocation");
    add_text(out, "Exit Boot Services Returned with Success");
}

void rpl_boot_log_rtmr2(const uint8_t command_line[static 48], const uint8_t initrd[static 48],
                        rpl_boot_log *out)
{
    *out = (rpl_boot_log){0};
    add(out, "command line", command_line);
    add(out, "initrd", initrd);
}

void rpl_boot_log_replay(const rpl_boot_log *log, uint8_t mr[static 48])
{
    for (size_t i = 0; i < 48; i++)
        mr[i] = 0;
    for (size_t i = 0; i < log->count; i++) {
        const rpl_bytes parts[] = {{mr, 48}, {log->events[i].digest, 48}};
        rpl_sha384_parts(parts, 2, mr);
    }
}

rpl_status rpl_command_line_digest(rpl_bytes command_line, uint8_t digest[static 48])
{
    static const char suffix[] = " initrd=initrd";
    uint8_t text[2 * (RPL_COMMAND_LINE_MAX + sizeof(suffix))];
    rpl_writer w = rpl_writer_over(text, sizeof(text));

    if (command_line.len > RPL_COMMAND_LINE_MAX)
        return rpl_fail(RPL_TOO_LARGE, "command line: longer than 4096 bytes");
    for (size_t i = 0; i < command_line.len; i++)
        if (command_line.data[i] < ' ' || command_line.data[i] > '~')
            return (rpl_status){.code = RPL_MALFORMED,
                                .at = (uint32_t)i,
                                .what = "command line: not printable ASCII"};
    write_utf16(&w, command_line);
    write_utf16(&w, rpl_bytes_of(suffix, sizeof(suffix))); /* with its zero */
    rpl_sha384(rpl_writer_bytes(&w), digest);
    return rpl_ok();
}

bool rpl_boot_log_acpi(const rpl_event_log *log, uint8_t acpi[static RPL_BOOT_ACPI][48])
{
    size_t found = 0;

    for (size_t i = log->count; i > 0 && found < RPL_BOOT_ACPI; i--) {
        const rpl_event *e = &log->events[i - 1];
        if (e->imr != 0 || e->type != PLATFORM_CONFIG)
            continue;
        found++;
        copy_digest(acpi[RPL_BOOT_ACPI - found], e->digest);
    }
    return found == RPL_BOOT_ACPI;
}
