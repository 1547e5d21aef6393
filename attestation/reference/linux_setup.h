/* linux_setup.h - what QEMU writes into the setup header of a Linux kernel before the firmware
 * measures it. It boots nothing and looks at nothing but that header.
 *
 * Source: The Linux/x86 Boot Protocol (Documentation/arch/x86/boot.rst: the header at 0x1f1); QEMU's
 * hw/i386/x86*.c (x86_load_linux: which fields are filled, and where the initrd goes). Not covered:
 * a command line with vga=, which QEMU copies into the header as well; SEV guests.
 */
#ifndef RPL_ATTESTATION_REFERENCE_LINUX_SETUP_H
#define RPL_ATTESTATION_REFERENCE_LINUX_SETUP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/reader.h"
#include "base/status.h"

/* Changes `kernel` in place. `memory` is the guest's in bytes: at 2 GiB and from 2816 MiB on the
 * result is the same, in between and below it is not.
 * RPL_MALFORMED  not a bzImage of boot protocol 2.03 or later, no initrd, or one that does not fit into
 *                that memory; `kernel` is then unchanged */
RPL_CHECKED rpl_status rpl_linux_setup_patch(uint8_t *kernel, size_t len, uint64_t initrd_len,
                                             uint64_t memory);

#endif
