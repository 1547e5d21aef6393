/* config_preimage.h - the text whose SHA-256 is the config digest: what the trusted settings of a
 * node are, one line each. Text only: which settings exist and what they mean is not known here.
 *
 *   replicatoor/v1/config\n
 *   NAME=value\n               any number, names in strict ASCII order, each once
 *
 * NAME is [A-Z_][A-Z0-9_]*, at most RPL_CONFIG_NAME_MAX bytes. A value is any bytes without control
 * characters (below 0x20, and 0x7f), may be empty and may contain '='. So every set of settings has
 * exactly one preimage, and every preimage one set. Source: docs/protocol.md, config digest.
 */
#ifndef RPL_ATTESTATION_POLICY_CONFIG_PREIMAGE_H
#define RPL_ATTESTATION_POLICY_CONFIG_PREIMAGE_H

#include "base/reader.h"
#include "base/status.h"

enum {
    RPL_CONFIG_PREIMAGE_MAX = 16384, /* bytes */
    RPL_CONFIG_LINES_MAX = 128,
    RPL_CONFIG_NAME_MAX = 64,
};

typedef struct {
    rpl_bytes name, value;
} rpl_config_line;

typedef struct {
    size_t count;
    rpl_config_line lines[RPL_CONFIG_LINES_MAX]; /* in ASCII order of the names; views */
} rpl_config_preimage;

/* Writes the preimage of `lines`, which may come in any order, to `out`.
 *   len  what was written, set only on success
 * RPL_MALFORMED  a name or value that cannot stand in a line
 * RPL_CONFLICT   a name twice
 * RPL_TOO_LARGE  more than RPL_CONFIG_LINES_MAX lines or RPL_CONFIG_PREIMAGE_MAX bytes */
RPL_CHECKED rpl_status rpl_config_preimage_build(const rpl_config_line *lines, size_t count,
                                                 uint8_t out[static RPL_CONFIG_PREIMAGE_MAX],
                                                 size_t *len);

/* Reads exactly such a text; the views borrow it. What parses, builds to the same bytes again.
 * RPL_MALFORMED  anything else, `at` is the offset; RPL_TOO_LARGE  over a limit */
RPL_CHECKED rpl_status rpl_config_preimage_parse(rpl_bytes text, rpl_config_preimage *out);

/* The value of `name`; empty when there is no such line: a release that does not know a setting has
 * it unset. */
rpl_bytes rpl_config_preimage_value(const rpl_config_preimage *config, const char *name);

/* SHA-256 of the text. */
void rpl_config_digest(rpl_bytes text, uint8_t out[static 32]);

#endif
