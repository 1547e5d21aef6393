/* tdvf.h - the firmware image of a TD (OVMF with TDX metadata): which parts of it go to which guest
 * addresses, and the MRTD that follows. It judges no firmware; it says what the TDX module measures.
 *
 * Source: Intel TDX Virtual Firmware Design Guide, 11 (metadata: descriptor "TDVF", version 1,
 * sections of 32 bytes) and EDK2's OvmfPkg/ResetVector (the table of GUIDs that ends 32 bytes before
 * the end of the image); TDX Module Base Specification, TDH.MEM.PAGE.ADD and TDH.MR.EXTEND (the
 * records that MRTD hashes). Little-endian; addresses and sizes in bytes, multiples of 4096.
 */
#ifndef RPL_ATTESTATION_REFERENCE_TDVF_H
#define RPL_ATTESTATION_REFERENCE_TDVF_H

#include "base/reader.h"
#include "base/status.h"

enum {
    RPL_FIRMWARE_MAX = 64 << 20, /* bytes; OVMF has 2 or 4 MiB */
    RPL_TDVF_SECTIONS_MAX = 64,  /* OVMF has 6 */
    RPL_TDVF_PAGES_MAX = 32768,  /* of 4096 bytes, in all sections together; OVMF: about 1100 */
};

typedef enum {
    RPL_TDVF_BFV = 0, /* code */
    RPL_TDVF_CFV = 1, /* variables */
    RPL_TDVF_TD_HOB = 2,
    RPL_TDVF_TEMP_MEM = 3,
} rpl_tdvf_type;

typedef struct {
    uint32_t offset, raw_size;  /* in the firmware */
    uint64_t address, size;     /* in the guest */
    uint32_t type;              /* rpl_tdvf_type, or a type not known here */
    bool is_extended, is_later; /* contents measured; added when the guest accepts it (PAGE.AUG) */
} rpl_tdvf_section;

typedef struct {
    rpl_bytes firmware; /* borrowed */
    size_t count;
    rpl_tdvf_section sections[RPL_TDVF_SECTIONS_MAX];
} rpl_tdvf;

/* RPL_TOO_LARGE  over a limit above
 * RPL_MALFORMED  no table of GUIDs, no TDX metadata in it, a section outside the image, not aligned,
 *                past the end of addresses, or smaller in the guest than in the image */
RPL_CHECKED rpl_status rpl_tdvf_parse(rpl_bytes firmware, rpl_tdvf *out);

/* In which order the host adds and measures the pages of one section. */
typedef enum {
    RPL_PAGES_SINGLE_PASS, /* each page is added, then measured: QEMU 9 and later */
    RPL_PAGES_TWO_PASS,    /* all are added, then all measured: QEMU 8 */
} rpl_page_order;

void rpl_tdvf_mrtd(const rpl_tdvf *tdvf, rpl_page_order order, uint8_t mrtd[static 48]);

/* SHA-384 of the variables (CFV) as they stand in the image: an event of RTMR0. False without one. */
RPL_CHECKED bool rpl_tdvf_variables_digest(const rpl_tdvf *tdvf, uint8_t digest[static 48]);

#endif
