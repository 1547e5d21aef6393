/* chain_witness.h - asks one provider what it knows of two blocks by number, for chain_push.h: their
 * hashes, by headers that hash to them, and which blocks it calls final and latest. Blocking.
 */
#ifndef RPL_SERVER_IO_CHAIN_WITNESS_H
#define RPL_SERVER_IO_CHAIN_WITNESS_H

#include "attestation/policy/chain_push.h"
#include "server/io/json_rpc.h"

/* All but the standing is written, on success only. Fails as rpl_json_rpc_ask; RPL_UNTRUSTED: a
 * header that does not hash to its hash. */
RPL_CHECKED rpl_status rpl_chain_witness_ask(const rpl_json_rpc_endpoint *endpoint,
                                             uint64_t finalized, uint64_t latest,
                                             rpl_chain_witness *out);

#endif
