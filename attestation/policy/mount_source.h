/* mount_source.h - what a folder or device of the guest would give a container that it must not
 * have: a way to the guest agent, and with it to quotes in our name. Paths only; nothing is opened.
 *
 * Source: docs/architecture.md, "The guest agent's socket is ours alone".
 */
#ifndef RPL_ATTESTATION_POLICY_MOUNT_SOURCE_H
#define RPL_ATTESTATION_POLICY_MOUNT_SOURCE_H

#include "base/reader.h"

enum { RPL_MOUNT_SOURCE_MAX = 512 };

typedef enum {
    RPL_MOUNT_HARMLESS,
    RPL_MOUNT_REACHES_AGENT, /* is, contains, or lies within a place that leads to the agent */
    RPL_MOUNT_UNCLEAR,       /* the text does not say where it leads: ~, a relative .., an
                                interpolation, a zero byte, over RPL_MOUNT_SOURCE_MAX */
} rpl_mount_verdict;

/* A bind mount's source: absolute, or relative to the project. */
rpl_mount_verdict rpl_mount_source_judge(rpl_bytes source);
/* A device that is passed through: also raw disks and memory. */
rpl_mount_verdict rpl_device_judge(rpl_bytes source);
/* True when Compose would replace a variable in the text: $NAME or ${..}; $$ is a plain dollar. */
bool rpl_is_interpolated(rpl_bytes text);
/* True for text that names a path rather than a volume: it begins with '/', '.', '~'. */
bool rpl_mount_is_path(rpl_bytes source);

#endif
