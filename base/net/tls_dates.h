/* tls_dates.h - inside of the HTTP client: the dates of a TLS server's certificates, taken out of
 * OpenSSL's hands, which would compare them with the system's clock.
 *
 * Everything else about the chain (signatures, names, purposes, the root) stays OpenSSL's to verify.
 */
#ifndef RPL_BASE_NET_TLS_DATES_H
#define RPL_BASE_NET_TLS_DATES_H

#include <stdbool.h>
#include <stdint.h>

struct ssl_ctx_st;

typedef struct {
    bool judged;   /* against now_s, within the handshake: nothing is sent to a server it refuses */
    int64_t now_s; /* Unix seconds */
    bool refused;
    int64_t from_s, until_s; /* when all of the chain are valid, root included */
} rpl_tls_dates;

/* `dates` is borrowed while the context lives; its results are written by the handshake. */
void rpl_tls_dates_judge(struct ssl_ctx_st *context, rpl_tls_dates *dates);

#endif
