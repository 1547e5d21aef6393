/* inputs.h - inputs that several subcommands take: a quote, a time, another root. Each says on stderr
 * what is wrong, in the name of `command`.
 */
#ifndef RPL_CLIENTS_CTL_INPUTS_H
#define RPL_CLIENTS_CTL_INPUTS_H

#include "attestation/roots.h"
#include "clients/ctl/ctl.h"

/* More than any parser accepts: of what is longer, so much is read and then refused. */
enum { RPL_CTL_INPUT_MAX = 16 << 20 };

/* Unix seconds. */
RPL_CHECKED bool rpl_ctl_read_time(const char *command, const char *text, int64_t *out);
/* A certificate in PEM or DER; refused by a release, which believes Intel's root alone. */
RPL_CHECKED bool rpl_ctl_read_root(const char *command, const char *path, rpl_roots *roots);
/* A quote, raw or in hex on any number of lines; the evidence that a node sends behind it is left out.
 * Owned by the caller; NULL when it cannot be read. What is no quote is left for a parser to refuse. */
uint8_t *rpl_ctl_read_quote(const char *command, const char *path, size_t *len);

#endif
