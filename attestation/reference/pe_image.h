/* pe_image.h - the hash of a PE/COFF image as firmware measures it: everything but the checksum, the
 * place of the certificates and the certificates. It checks no signature and loads nothing.
 *
 * Source: Windows Authenticode Portable Executable Signature Format, "Calculating the PE image
 * hash"; where that is vague, what EDK2 does when it measures (TdTcg2Dxe): bytes behind the last
 * section are hashed whether there are certificates or not, and nothing is padded. Little-endian.
 */
#ifndef RPL_ATTESTATION_REFERENCE_PE_IMAGE_H
#define RPL_ATTESTATION_REFERENCE_PE_IMAGE_H

#include "base/reader.h"
#include "base/status.h"

enum { RPL_PE_SECTIONS_MAX = 96 }; /* what Windows loads; kernels have 4 to 6 */

/* RPL_MALFORMED  not PE32 or PE32+, headers or a section outside the image, a section inside the
 *                headers, certificates that are not what follows the sections up to the end
 * RPL_TOO_LARGE  more sections than above */
RPL_CHECKED rpl_status rpl_pe_image_digest(rpl_bytes image, uint8_t digest[static 48]);

#endif
