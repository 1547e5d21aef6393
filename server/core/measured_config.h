/* measured_config.h - is what was approved what runs? The node's own compose text, as the guest agent
 * tells it, against the settings that are in force.
 *
 * The text counts only when its SHA-256 is the compose hash that this node's own quote attests. Then
 * it has to pass the lint (compose_lint.h), and every trusted setting must be what the environment of
 * our service says there; a setting that is not named there has to be at its default. A host that
 * starts the container with other values is found out by this, and so is an owner who approved a text
 * that decides less than he thinks. Pure: the caller fetches the text and acts on the outcome.
 * Source: docs/protocol.md, "What is approved is what runs".
 */
#ifndef RPL_SERVER_CORE_MEASURED_CONFIG_H
#define RPL_SERVER_CORE_MEASURED_CONFIG_H

#include "base/reader.h"
#include "server/core/setting.h"

typedef enum {
    RPL_CONFIG_UNMEASURED = 0, /* nobody could say: the text is missing, or of another app */
    RPL_CONFIG_MEASURED,       /* everything compared, everything equal */
    RPL_CONFIG_CONTRADICTED,   /* the text says otherwise: this node must not go on */
} rpl_measured_outcome;

enum { RPL_MEASURED_WHY_MAX = 320 };

typedef struct {
    rpl_measured_outcome outcome;
    char why[RPL_MEASURED_WHY_MAX]; /* one printable line, what to do included; "" when measured */
} rpl_measured_config;

/* All borrowed. */
typedef struct {
    rpl_bytes text;         /* app-compose as the agent tells it; empty: it tells none */
    rpl_bytes compose_hash; /* 32 bytes, by our own quote's event log; empty: not known */
    const char *service;    /* the name of our service in the text; NULL: found as the lint does */
    bool agent_shared;      /* the owner accepts findings of RPL_LINT_AGENT_SHARED */
    const rpl_setting *settings;
    size_t n_settings;
} rpl_measured_question;

void rpl_measured_config_check(const rpl_measured_question *question, rpl_measured_config *out);

#endif
