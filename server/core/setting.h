/* setting.h - one line of the effective configuration, as /status shows it. */
#ifndef RPL_SERVER_CORE_SETTING_H
#define RPL_SERVER_CORE_SETTING_H

#include <stdbool.h>

/* Texts are borrowed. */
typedef struct {
    const char *name;
    const char *value;    /* effective; "sha256:<hex>" when the value is a file */
    bool trusted;         /* takes part in the config digest */
    const char *given;    /* the text that is in force, the default's when none was given */
    const char *fallback; /* the default, "" for none */
} rpl_setting;

#endif
