/* status.h - how every fallible function of this project answers.
 *
 * A status is a value: what class of failure, which check failed, where in the input. It is 16
 * bytes, so it travels in two registers; there is no thread-local error and nothing is logged on
 * the way up. It is a struct on purpose: OpenSSL says 1 for success, libsodium 0, nanopb true, and
 * `if (rpl_...())` must not compile.
 */
#ifndef RPL_BASE_STATUS_H
#define RPL_BASE_STATUS_H

#include <stdint.h>

/* Classes a caller can act on, not places in the code. Their names and their gRPC, HTTP and exit
 * statuses are the columns of one table, base/status.c. */
typedef enum {
    RPL_OK = 0,
    RPL_MALFORMED,   /* the bytes are not what they claim to be; `at` says where */
    RPL_UNTRUSTED,   /* well formed, but a signature, a chain or a TCB level does not hold */
    RPL_DENIED,      /* trusted, but the policy does not allow it */
    RPL_STALE,       /* collateral, a request or a quote outside its validity window */
    RPL_NOT_READY,   /* no state, no request outstanding, or the agent has not answered yet */
    RPL_CONFLICT,    /* the state already exists and differs */
    RPL_UNAVAILABLE, /* queue full, or the chain, the collateral or the guest agent did not answer */
    RPL_TOO_LARGE,   /* over a documented limit */
    RPL_INTERNAL,    /* ours: allocation, entropy, a broken invariant */
    RPL_CODE_COUNT
} rpl_code;

typedef struct {
    rpl_code code;
    uint32_t at;      /* bytes from the start of the input being read; 0 when not a parser */
    const char *what; /* static text naming what failed and what was expected; never secret, never
                         bytes from a peer */
} rpl_status;

/* One row of the table: how a code is said on each transport. */
typedef struct {
    const char *name;  /* "malformed", .. : the "code" member of every error body */
    uint16_t http;     /* HTTP status */
    uint8_t grpc;      /* gRPC status */
    uint8_t exit_code; /* of command line programs */
} rpl_code_row;

const rpl_code_row *rpl_code_table(rpl_code code);

#define RPL_CHECKED __attribute__((warn_unused_result))

static inline rpl_status rpl_ok(void)
{
    return (rpl_status){.code = RPL_OK};
}

static inline rpl_status rpl_fail(rpl_code code, const char *what)
{
    return (rpl_status){.code = code, .what = what};
}

/* Leaves the function with the failure of `expr`, if it failed. Everything owned by the function
 * must be RPL_AUTO. */
#define RPL_TRY(expr)                                                                              \
    do {                                                                                           \
        const rpl_status try_ = (expr);                                                            \
        if (try_.code != RPL_OK)                                                                   \
            return try_;                                                                           \
    } while (0)

/* RPL_DEFINE_AUTO(X509 *, x509, X509_free) once, then `RPL_AUTO(x509) X509 *leaf = NULL;`: released
 * on every exit. */
#define RPL_DEFINE_AUTO(type, name, release)                                                       \
    static inline void rpl_auto_##name(type *owned) /* NOLINT(bugprone-macro-parentheses) */       \
    {                                                                                              \
        if (*owned)                                                                                \
            release(*owned);                                                                       \
    }
#define RPL_AUTO(name) __attribute__((cleanup(rpl_auto_##name)))

/* Hands an owned pointer out of its RPL_AUTO variable: `*out = RPL_TAKE(tmp);`. */
#define RPL_TAKE(owned)                                                                            \
    ({                                                                                             \
        __typeof__(owned) taken_ = (owned);                                                        \
        (owned) = NULL;                                                                            \
        taken_;                                                                                    \
    })

#endif
