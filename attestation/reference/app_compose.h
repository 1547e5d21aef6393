/* app_compose.h - the spelling of an app-compose.json that Dstack's tools agree on: members sorted, no
 * spaces, UTF-8 as it is. What a machine measures is the SHA-256 of the file as deployed; this is how a
 * tool should have written the file, so that the hash can be known before.
 *
 * Source: Dstack, docs/normalized-app-compose.md. Numbers with a fraction or an exponent are refused:
 * JavaScript, Python and Go write them differently. Go's json.Marshal also escapes & < >, so what it
 * wrote has another hash.
 */
#ifndef RPL_ATTESTATION_REFERENCE_APP_COMPOSE_H
#define RPL_ATTESTATION_REFERENCE_APP_COMPOSE_H

#include <stdbool.h>

#include "base/reader.h"
#include "base/status.h"

enum { RPL_APP_COMPOSE_MAX = 1 << 20 }; /* bytes of text */

/* `*out` is zero-terminated and owned by the caller (free).
 *   drop_unused   also leaves out the member of the other runner (docker_compose_file with runner
 *                 "bash", else bash_script) and an empty pre_launch_script
 * RPL_MALFORMED  not one strict JSON object, or a number with fraction or exponent
 * RPL_TOO_LARGE  over the limit above */
RPL_CHECKED rpl_status rpl_app_compose_normalize(rpl_bytes text, bool drop_unused, char **out);

#endif
