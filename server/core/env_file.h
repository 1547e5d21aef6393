/* env_file.h - the text that /configure takes: env lines of the untrusted host, checked, and the
 * single-quoted file that is written from them. Pure; holds values that may be credentials, so they
 * live in secret memory.
 *
 * Lines: NAME=VALUE, names [A-Z_][A-Z0-9_]*. Blank lines and lines that begin with # are skipped;
 * LF and CRLF; white space around a line does not count. A value is
 *   'text'   taken as it is; no ' inside
 *   "text"   with \" \\ \$ for " \ $; any other backslash stays
 *   text     up to the end of the line or to white space followed by #; quotes inside stay
 * after a closing quote only white space or a comment may follow. Nothing is ever expanded. Values
 * hold no control characters and are UTF-8. Refused names: LD_*, PATH, BASH_ENV, *_PROXY and our own
 * trusted settings (REPLICATOOR_* but REPLICATOOR_PEERS, SECURE_FILE, CONTRACT, CHAIN_ID,
 * CONTRACT_CODE, ETH_RPC_PREFIX): what is trusted stands in the measured compose text.
 *
 * The newline trap: `curl -d @file` removes newlines, so that A=1<LF>B=2 arrives as A=1B=2. A text
 * without any LF is refused, naming --data-binary, when
 *   - it begins with # (a comment swallowed the rest), or
 *   - after the first = there is another = that ends a NAME: let T be the letters, digits and _ right
 *     before it, and P the character before T. T ends with a NAME ([A-Z_][A-Z0-9_]*), and none of
 *     these holds:
 *       P is one of ? & ;  (a parameter of a URL: https://x/?a=b&C=d)
 *       P is a space or one of , . : # ( [ { @ and T as a whole is a NAME  (-X a.B=1, "A=1 B=2")
 *       only = follow up to the end, at most two in all, and the value is base64 by its characters
 *       and length (padding)
 * What cannot be told apart is refused (OPTS=KEY=VALUE): with a newline at its end (--data-binary)
 * the same line is taken. Not noticed: a value that ends with one of those characters, or that is a
 * URL ending within its query (?mode=x&fast + KEY=..).
 */
#ifndef RPL_SERVER_CORE_ENV_FILE_H
#define RPL_SERVER_CORE_ENV_FILE_H

#include "base/secret.h"

enum { RPL_ENV_FILE_MAX = 64 << 10, RPL_ENV_NAMES_MAX = 256, RPL_ENV_NAME_LEN_MAX = 128 };

typedef struct {
    rpl_bytes name, value; /* borrowed from the file */
} rpl_env_entry;

typedef struct {
    size_t count;
    rpl_env_entry entries[RPL_ENV_NAMES_MAX]; /* in the order of the text */
    rpl_secret *text;                         /* owned */
} rpl_env_file;

/* Where and about what a text was refused, beside the static sentence of the status. */
typedef struct {
    size_t line;                         /* from 1; 0 when it is about the whole */
    char name[RPL_ENV_NAME_LEN_MAX + 1]; /* "" when there is none; printable, never a value */
} rpl_env_fault;

/* `out` is written only on success; release with rpl_env_file_clear.
 * RPL_MALFORMED  a line that is not NAME=VALUE, a name twice, no line at all, the newline trap
 * RPL_DENIED     a refused name
 * RPL_TOO_LARGE  over RPL_ENV_FILE_MAX bytes or RPL_ENV_NAMES_MAX names */
RPL_CHECKED rpl_status rpl_env_file_parse(rpl_bytes text, rpl_env_file *out, rpl_env_fault *fault);
void rpl_env_file_clear(rpl_env_file *file);
/* Borrowed; false when there is no such name. */
RPL_CHECKED bool rpl_env_file_get(const rpl_env_file *file, const char *name, rpl_bytes *value);
/* REPLICATOOR_CONFIGURE_KEYS: every name must stand in `names` (comma separated, white space
 * tolerated). RPL_DENIED  one does not; `fault` names it */
RPL_CHECKED rpl_status rpl_env_file_only(const rpl_env_file *file, const char *names,
                                         rpl_env_fault *fault);
/* The file for the app: NAME='value' lines, ' written as '\''. The caller owns `*out`.
 * RPL_INTERNAL  memory is short */
RPL_CHECKED rpl_status rpl_env_file_text(const rpl_env_file *file, rpl_secret **out);

/* True when a text without newline is several lines glued together, by the rule above. */
RPL_CHECKED bool rpl_env_text_is_glued(rpl_bytes text);

#endif
