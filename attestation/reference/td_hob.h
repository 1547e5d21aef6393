/* td_hob.h - the list of memory blocks (TD HOB) that QEMU writes for the firmware, and that the
 * firmware measures first of all into RTMR0. It depends on the size of the guest's memory.
 *
 * Source: UEFI Platform Initialization, volume 3 (hand-off blocks: PHIT of 56 bytes, resource
 * descriptors of 48); QEMU's q35 keeps memory below 4 GiB up to 2816 MiB, and only 2 GiB there from
 * that size on.
 */
#ifndef RPL_ATTESTATION_REFERENCE_TD_HOB_H
#define RPL_ATTESTATION_REFERENCE_TD_HOB_H

#include "attestation/reference/tdvf.h"

/* From this size on, q35 keeps 2 GiB of the memory below 4 GiB. */
#define RPL_MEMORY_SPLIT UINT64_C(0xb0000000)
#define RPL_MEMORY_MAX   (UINT64_C(1) << 46) /* bytes: 64 TiB */

typedef struct {
    uint64_t start, size;
} rpl_memory_range;

/* What the host accepted before the start: the TD_HOB and TEMP_MEM sections. */
typedef struct {
    uint64_t hob_address;
    size_t count;
    rpl_memory_range ranges[RPL_TDVF_SECTIONS_MAX];
} rpl_td_hob_layout;

/* RPL_MALFORMED  no TD_HOB section, or sections that overlap */
RPL_CHECKED rpl_status rpl_td_hob_layout_of(const rpl_tdvf *tdvf, rpl_td_hob_layout *out);

/* The digest of the list for a guest with `memory` bytes.
 * RPL_MALFORMED  ranges out of order or overlapping, memory that ends before the last of them
 * RPL_TOO_LARGE  over RPL_MEMORY_MAX */
RPL_CHECKED rpl_status rpl_td_hob_digest(const rpl_td_hob_layout *layout, uint64_t memory,
                                         uint8_t digest[static 48]);

#endif
