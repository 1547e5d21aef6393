/* canonical.h - does a message encode to exactly these bytes? How every decoder of state.proto ends,
 * since nanopb skips unknown fields, lets the last of two win and takes any order.
 *
 * Compared while it is encoded: no second copy of a secret comes to be.
 */
#ifndef RPL_SERVER_CORE_CANONICAL_H
#define RPL_SERVER_CORE_CANONICAL_H

#include <pb_encode.h>

#include "base/reader.h"

RPL_CHECKED bool rpl_encodes_to(const pb_msgdesc_t *type, const void *message, rpl_bytes bytes);

#endif
