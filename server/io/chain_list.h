/* chain_list.h - the contract's list at one block, as one provider has it. Not proven: to be shown,
 * never to decide by. Blocking.
 */
#ifndef RPL_SERVER_IO_CHAIN_LIST_H
#define RPL_SERVER_IO_CHAIN_LIST_H

#include "attestation/policy/contract_call.h"
#include "server/io/json_rpc.h"

/* The last `cap` items, in the contract's order, page by page; items are left off only when the first
 * one's position is not 1. Fails as rpl_json_rpc_ask and rpl_contract_read_list; RPL_MALFORMED also when
 * a page is short or an item is not at its position; RPL_UNAVAILABLE when all of it takes longer than
 * three exchanges may. */
RPL_CHECKED rpl_status rpl_chain_list_ask(const rpl_json_rpc_endpoint *endpoint,
                                          const uint8_t address[static 20],
                                          const uint8_t block[static 32], rpl_contract_item *items,
                                          size_t cap, size_t *count);

#endif
