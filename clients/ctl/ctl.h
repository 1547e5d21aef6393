/* ctl.h - what the subcommands of replicatoorctl share.
 *
 * A subcommand is one file and one function. It gets its own name as argv[0], writes what was asked
 * for to stdout and everything else to stderr, and returns the exit status: 0, or the column of the
 * error table (base/status.c) that fits: 1 refused, 2 malformed input or usage, 3 not ready or
 * conflict, 4 unavailable, 5 ours.
 */
#ifndef RPL_CLIENTS_CTL_CTL_H
#define RPL_CLIENTS_CTL_CTL_H

#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/reader.h"
#include "base/status.h"

enum { RPL_CTL_USAGE = 2 };

int rpl_ctl_collateral(int argc, char **argv);
int rpl_ctl_status(int argc, char **argv);
int rpl_ctl_configure(int argc, char **argv);
int rpl_ctl_measure(int argc, char **argv);
int rpl_ctl_migrate(int argc, char **argv);
int rpl_ctl_release(int argc, char **argv);
int rpl_ctl_verify(int argc, char **argv);
int rpl_ctl_upgrade(int argc, char **argv);

/* Command line. An option takes its value from the next argument. */
typedef struct {
    const char *name;   /* "--from" */
    const char **value; /* NULL for a flag */
    bool *given;        /* NULL for an option with a value */
} rpl_ctl_option;

/* Fills options and positionals; `options` ends with a zero name. False after saying on stderr what
 * is wrong: an unknown option, a missing value, another count of positionals. */
RPL_CHECKED bool rpl_ctl_arguments(int argc, char **argv, const rpl_ctl_option *options,
                                   const char **positionals, size_t n_positionals);

/* The first `max` bytes of `path` ("-" is stdin), or all when there are fewer; owned by the caller,
 * zero-terminated one byte behind *len. NULL after saying on stderr why it cannot be read. */
uint8_t *rpl_ctl_read_start(const char *path, size_t max, size_t *len);
/* The same of a whole input that must not be longer than `max` bytes. */
uint8_t *rpl_ctl_read(const char *path, size_t max, size_t *len);
RPL_DEFINE_AUTO(uint8_t *, bytes, free)

/* Says the failure of `s` about `subject` on stderr; returns its exit status. */
int rpl_ctl_fail(const char *subject, rpl_status s);
/* Text from elsewhere: what is not printable ASCII leaves as \xNN. */
void rpl_ctl_print(FILE *to, rpl_bytes text);

/* One call to a node. */
typedef struct {
    const char *node;         /* HOST:PORT as the user gave it; port 4001 when left out */
    const char *target;       /* "/status?nonce=.." */
    const char *content_type; /* NULL without body */
    rpl_bytes body;           /* POST when data is not NULL, else GET */
} rpl_ctl_call;

typedef struct {
    uint8_t *body; /* owned, zero-terminated */
    size_t len;
    json_t *json; /* owned; NULL when the body is not JSON */
} rpl_ctl_answer;

void rpl_ctl_answer_free(rpl_ctl_answer *answer);
static inline void rpl_auto_answer(rpl_ctl_answer *answer)
{
    rpl_ctl_answer_free(answer);
}

/* 0 and *answer on success. Else everything was said on stderr (the node's message, each failed
 * check with got, want and fix) and the exit status comes back. */
RPL_CHECKED int rpl_ctl_ask(const rpl_ctl_call *call, rpl_ctl_answer *answer);
/* The failed checks of a verdict in the documented JSON, each with got, want and fix. */
void rpl_ctl_print_checks(FILE *to, const json_t *verdict);

#endif
