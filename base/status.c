#include "base/status.h"

static const rpl_code_row table[RPL_CODE_COUNT] = {
    [RPL_OK] = {"ok", 200, 0, 0},
    [RPL_MALFORMED] = {"malformed", 400, 3, 2},
    [RPL_UNTRUSTED] = {"untrusted", 403, 7, 1},
    [RPL_DENIED] = {"denied", 403, 7, 1},
    [RPL_STALE] = {"stale", 403, 9, 1},
    [RPL_NOT_READY] = {"not_ready", 409, 9, 3},
    [RPL_CONFLICT] = {"conflict", 409, 6, 3},
    [RPL_UNAVAILABLE] = {"unavailable", 503, 14, 4},
    [RPL_TOO_LARGE] = {"too_large", 413, 8, 2},
    [RPL_INTERNAL] = {"internal", 500, 13, 5},
};

const rpl_code_row *rpl_code_table(rpl_code code)
{
    return &table[code < RPL_CODE_COUNT ? code : RPL_INTERNAL];
}
