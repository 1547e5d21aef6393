/* boot_log.h - the digests that OVMF extends into RTMR0, RTMR1 and RTMR2 when QEMU boots a Linux kernel
 * directly, as Dstack does, put together from the digests of the parts.
 *
 * Source: the firmware's own log (UEFI 2.10, 38: confidential computing events) of Dstack images, in
 * the layout that its OVMF (before stable 202505) writes; TCG PC Client Platform Firmware Profile for
 * the contents of each event. A newer OVMF logs more events of RTMR0: not computed here.
 */
#ifndef RPL_ATTESTATION_REFERENCE_BOOT_LOG_H
#define RPL_ATTESTATION_REFERENCE_BOOT_LOG_H

#include "attestation/tdx/event_log.h"

enum {
    RPL_BOOT_EVENTS_MAX = 16,
    RPL_BOOT_ACPI = 3, /* loader, RSDP, tables: from QEMU, so from a log of the same shape */
    RPL_COMMAND_LINE_MAX = 4096 /* bytes */
};

typedef struct {
    const char *name; /* what was measured, for people */
    uint8_t digest[48];
} rpl_boot_event;

typedef struct {
    size_t count;
    rpl_boot_event events[RPL_BOOT_EVENTS_MAX];
} rpl_boot_log;

/* RTMR0. `acpi` as the event log has them. */
void rpl_boot_log_rtmr0(const uint8_t td_hob[static 48], const uint8_t variables[static 48],
                        const uint8_t acpi[static RPL_BOOT_ACPI][48], rpl_boot_log *out);
/* RTMR1. `kernel` is its digest as a PE image, as the firmware finds it. */
void rpl_boot_log_rtmr1(const uint8_t kernel[static 48], rpl_boot_log *out);
void rpl_boot_log_rtmr2(const uint8_t command_line[static 48], const uint8_t initrd[static 48],
                        rpl_boot_log *out);

void rpl_boot_log_replay(const rpl_boot_log *log, uint8_t mr[static 48]);

/* The digest of the image's command line (ASCII) as the kernel measures it: the firmware's
 * " initrd=initrd" behind it, in UTF-16LE with a terminating zero.
 * RPL_MALFORMED  not ASCII; RPL_TOO_LARGE  over RPL_COMMAND_LINE_MAX */
RPL_CHECKED rpl_status rpl_command_line_digest(rpl_bytes command_line, uint8_t digest[static 48]);

/* The three ACPI digests out of an event log: the last three RTMR0 events of type 0x0a, which is
 * where QEMU's tables stand in every known layout. False when it has fewer. Believe them only when the
 * log replays to the quote's RTMR0. */
RPL_CHECKED bool rpl_boot_log_acpi(const rpl_event_log *log,
                                   uint8_t acpi[static RPL_BOOT_ACPI][48]);

#endif
