/* published.h - the digests that Dstack publishes with an image since 0.6 (measurement.tdx.cbor): of its
 * parts, and of what its firmware does, so that a machine can be judged without the image. Whether they
 * are the image's is for whoever has the image, or trusts the publisher; nothing is believed here.
 *
 * Source: Dstack, dstack-mr: a CBOR map (RFC 8949) in one fixed order, version 3. td_hob is a list of
 * LEB128 numbers of pages: base, the HOB's distance from it, count, then distance and length of each range.
 */
#ifndef RPL_ATTESTATION_REFERENCE_PUBLISHED_H
#define RPL_ATTESTATION_REFERENCE_PUBLISHED_H

#include "attestation/reference/td_hob.h"

enum { RPL_PUBLISHED_MAX = 1024 }; /* bytes; a real one has 384 */

typedef struct {
    uint8_t mrtd[2][48]; /* by rpl_page_order */
    uint8_t kernel[48];  /* with the header that QEMU fills, for 2 GiB or 2816 MiB and more */
    uint8_t command_line[48], initrd[48];
    rpl_td_hob_layout layout;
} rpl_published;

/* RPL_MALFORMED  anything but that map in that order, of version 3 and for OVMF "pre202505"
 * RPL_TOO_LARGE  longer than RPL_PUBLISHED_MAX, more ranges than a firmware may have */
RPL_CHECKED rpl_status rpl_published_parse(rpl_bytes cbor, rpl_published *out);

#endif
