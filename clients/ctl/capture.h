/* capture.h - a captured quote with its event log, read for the hashes they name. What is read here
 * is not verified: whose quote it is says `replicatoorctl verify`. */
#ifndef RPL_CLIENTS_CTL_CAPTURE_H
#define RPL_CLIENTS_CTL_CAPTURE_H

#include "attestation/measurement.h"

/* Both files, read. */
typedef struct {
    uint8_t *bytes; /* owned: what `quote` points into */
    rpl_quote quote;
    rpl_event_log log;
    rpl_peer_identity identity;
} rpl_ctl_capture_files;

void rpl_ctl_capture_free(rpl_ctl_capture_files *files);
static inline void rpl_auto_capture(rpl_ctl_capture_files *files)
{
    rpl_ctl_capture_free(files);
}

/* As rpl_ctl_capture, and keeps what was read. */
RPL_CHECKED int rpl_ctl_capture_read(const char *quote_file, const char *log_file,
                                     rpl_ctl_capture_files *out);

/* Reads both files (the quote raw or in hex, with or without the evidence trailer) and replays the
 * log against the quote. 0 and *out on success; else everything was said on stderr and the exit
 * status comes back. */
RPL_CHECKED int rpl_ctl_capture(const char *quote_file, const char *log_file,
                                rpl_peer_identity *out);

#endif
