/* collateral_source.h - collateral from Intel's PCS or a PCCS, with a memory of what verified.
 *
 * Everything fetched is untrusted until the verifier has seen it: a set that verified is kept for an
 * hour (never past its own end), one that did not is fetched anew at the next call, at most once in
 * ten seconds. Sources are tried in order. Blocking; thread-safe; paths and formats: Intel PCS API
 * version 4.
 */
#ifndef RPL_SERVER_IO_COLLATERAL_SOURCE_H
#define RPL_SERVER_IO_COLLATERAL_SOURCE_H

#include "server/core/ports.h"

typedef struct rpl_collateral_source rpl_collateral_source;

enum { RPL_COLLATERAL_SOURCES_MAX = 8 };

/* `urls`: comma separated http(s) bases without path; empty or NULL: Intel's. `ca_file` is borrowed.
 * RPL_MALFORMED  not such a list */
RPL_CHECKED rpl_status rpl_collateral_source_new(const char *urls, const char *ca_file,
                                                 rpl_collateral_source **out);
void rpl_collateral_source_free(rpl_collateral_source *source);

/* RPL_UNAVAILABLE  no source gave all four documents */
RPL_CHECKED rpl_status rpl_collateral_source_get(rpl_collateral_source *source,
                                                 const uint8_t fmspc[static 6], bool processor_ca,
                                                 int64_t boot_ms, rpl_collateral_lease *out);
void rpl_collateral_source_done(rpl_collateral_source *source, rpl_collateral_lease *lease,
                                const rpl_collateral_outcome *outcome, const rpl_time *now);

#endif
