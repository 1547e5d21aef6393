/* capture.h - a captured quote with its event log, read for the hashes they name. What is read here
 * is not verified: whose quote it is says `replicatoorctl verify`. */
#ifndef RPL_CLIENTS_CTL_CAPTURE_H
#define RPL_CLIENTS_CTL_CAPTURE_H

#include "attestation/measurement.h"

/* Reads both files (the quote raw or in hex, with or without the evidence trailer) and replays the
 * log against the quote. 0 and *out on success; else everything was said on stderr and the exit
 * status comes back. */
RPL_CHECKED int rpl_ctl_capture(const char *quote_file, const char *log_file,
                                rpl_peer_identity *out);

#endif
