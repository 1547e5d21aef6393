/* curve.h - public points of secret scalars on the two curves that libsodium does not have.
 *
 * A scalar is 32 bytes, big-endian, and valid when 0 < scalar < the order of the group.
 */
#ifndef RPL_SERVER_CORE_CURVE_H
#define RPL_SERVER_CORE_CURVE_H

#include "base/reader.h"
#include "base/status.h"

enum { RPL_SCALAR_LEN = 32, RPL_POINT_LEN = 33 };

RPL_CHECKED bool rpl_secp256k1_valid(const uint8_t scalar[static RPL_SCALAR_LEN]);
RPL_CHECKED bool rpl_p256_valid(const uint8_t scalar[static RPL_SCALAR_LEN]);

/* The compressed point (SEC 1, 2.3.3) of a valid scalar. RPL_INTERNAL  the library refused */
RPL_CHECKED rpl_status rpl_secp256k1_public(const uint8_t scalar[static RPL_SCALAR_LEN],
                                            uint8_t point[static RPL_POINT_LEN]);
RPL_CHECKED rpl_status rpl_p256_public(const uint8_t scalar[static RPL_SCALAR_LEN],
                                       uint8_t point[static RPL_POINT_LEN]);

/* Last 20 bytes of Keccak-256 over x || y. False: no such point. */
RPL_CHECKED bool rpl_secp256k1_address(const uint8_t point[static RPL_POINT_LEN],
                                       uint8_t address[static 20]);

#endif
