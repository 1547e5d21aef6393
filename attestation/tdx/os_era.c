#include "attestation/tdx/os_era.h"

#include "attestation/tdx/event_log.h"

enum { HASH = 32, ID = 20, PROVIDER_MAX = 4096, FILESYSTEM_MAX = 16 };

static const rpl_os_era eras[] = {
    /* until 2024-11-14; app-id is the hash of the compose file */
    {"2024-09",
     "until 2024-11-14",
     true,
     {{"rootfs-hash", RPL_OS_ONCE, RPL_OS_EXACTLY, HASH},
      {"app-id", RPL_OS_ONCE, RPL_OS_EXACTLY, HASH},
      {"ca-cert-hash", RPL_OS_AT_MOST_ONCE, RPL_OS_EXACTLY, HASH}}},
    /* 2024-11-15 to 2024-11-22 */
    {"2024-11",
     "2024-11-15 to 2024-11-22",
     true,
     {{"rootfs-hash", RPL_OS_ONCE, RPL_OS_EXACTLY, HASH},
      {"app-id", RPL_OS_ONCE, RPL_OS_EXACTLY, ID},
      {"upgraded-app-id", RPL_OS_ONCE, RPL_OS_EXACTLY, ID},
      {"ca-cert-hash", RPL_OS_ONCE, RPL_OS_EXACTLY, HASH},
      {"instance-id", RPL_OS_AT_MOST_ONCE, RPL_OS_EXACTLY, ID}}},
    /* v0.3.1, v0.3.2 */
    {"0.3.1",
     "v0.3.1, v0.3.2",
     false,
     {{"rootfs-hash", RPL_OS_ONCE, RPL_OS_EXACTLY, HASH},
      {"app-id", RPL_OS_ONCE, RPL_OS_EXACTLY, ID},
      {"upgraded-app-id", RPL_OS_ONCE, RPL_OS_EXACTLY, ID},
      {"ca-cert-hash", RPL_OS_ONCE, RPL_OS_EXACTLY, HASH},
      {"instance-id", RPL_OS_ONCE, RPL_OS_EXACTLY, ID}}},
    /* v0.3.3 to v0.3.6 */
    {"0.3.3",
     "v0.3.3 to v0.3.6",
     false,
     {{"rootfs-hash", RPL_OS_ONCE, RPL_OS_EXACTLY, HASH},
      {"app-id", RPL_OS_ONCE, RPL_OS_EXACTLY, ID},
      {"compose-hash", RPL_OS_ONCE, RPL_OS_EXACTLY, HASH},
      {"ca-cert-hash", RPL_OS_ONCE, RPL_OS_EXACTLY, HASH},
      {"instance-id", RPL_OS_ONCE, RPL_OS_EXACTLY, ID}}},
    /* before v0.4.2 */
    {"0.4-dev",
     "before v0.4.2",
     false,
     {{"system-preparing", RPL_OS_ONCE, RPL_OS_EXACTLY, 0},
      {"rootfs-hash", RPL_OS_ONCE, RPL_OS_EXACTLY, HASH},
      {"app-id", RPL_OS_ONCE, RPL_OS_EXACTLY, ID},
      {"compose-hash", RPL_OS_ONCE, RPL_OS_EXACTLY, HASH},
      {"instance-id", RPL_OS_ONCE, RPL_OS_EXACTLY_OR_EMPTY, ID},
      {"ca-cert-hash", RPL_OS_AT_MOST_ONCE, RPL_OS_EXACTLY, HASH},
      {"boot-mr-done", RPL_OS_ONCE, RPL_OS_EXACTLY, 0},
      {"key-provider", RPL_OS_ONCE, RPL_OS_ONE_UP_TO, PROVIDER_MAX},
      {"system-ready", RPL_OS_ONCE, RPL_OS_EXACTLY, 0}}},
    /* v0.4.2 to v0.5.11: os-image-hash since v0.5.1, storage-fs since v0.5.5, mr-kms one per key
     * provider handshake */
    {"0.5",
     "v0.4.2 to v0.5.11",
     false,
     {{"system-preparing", RPL_OS_ONCE, RPL_OS_EXACTLY, 0},
      {"app-id", RPL_OS_ONCE, RPL_OS_EXACTLY, ID},
      {"compose-hash", RPL_OS_ONCE, RPL_OS_EXACTLY, HASH},
      {"instance-id", RPL_OS_ONCE, RPL_OS_EXACTLY_OR_EMPTY, ID},
      {"boot-mr-done", RPL_OS_ONCE, RPL_OS_EXACTLY, 0},
      {"mr-kms", RPL_OS_ANY_NUMBER, RPL_OS_EXACTLY, HASH},
      {"os-image-hash", RPL_OS_AT_MOST_ONCE, RPL_OS_EXACTLY, HASH},
      {"key-provider", RPL_OS_ONCE, RPL_OS_ONE_UP_TO, PROVIDER_MAX},
      {"storage-fs", RPL_OS_AT_MOST_ONCE, RPL_OS_ONE_UP_TO, FILESYSTEM_MAX},
      {"system-ready", RPL_OS_ONCE, RPL_OS_EXACTLY, 0}}},
    /* v0.6 */
    {"0.6",
     "v0.6",
     false,
     {{"system-preparing", RPL_OS_ONCE, RPL_OS_EXACTLY, 0},
      {"app-id", RPL_OS_ONCE, RPL_OS_EXACTLY, ID},
      {"compose-hash", RPL_OS_ONCE, RPL_OS_EXACTLY, HASH},
      {"init-script-hash", RPL_OS_ANY_NUMBER, RPL_OS_EXACTLY, HASH},
      {"gpu-policy-hash", RPL_OS_ONCE, RPL_OS_EXACTLY, HASH},
      {"gpu-attestation", RPL_OS_AT_MOST_ONCE, RPL_OS_ONE_UP_TO, RPL_EVENT_PAYLOAD_MAX},
      {"instance-id", RPL_OS_ONCE, RPL_OS_EXACTLY_OR_EMPTY, ID},
      {"boot-mr-done", RPL_OS_ONCE, RPL_OS_EXACTLY, 0},
      {"os-image-hash", RPL_OS_AT_MOST_ONCE, RPL_OS_EXACTLY, HASH},
      {"key-provider", RPL_OS_ONCE, RPL_OS_ONE_UP_TO, PROVIDER_MAX},
      {"storage-fs", RPL_OS_AT_MOST_ONCE, RPL_OS_ONE_UP_TO, FILESYSTEM_MAX},
      {"system-ready", RPL_OS_ONCE, RPL_OS_EXACTLY, 0}}},
};

const rpl_os_era *rpl_os_eras(size_t *count)
{
    *count = sizeof(eras) / sizeof(*eras);
    return eras;
}

bool rpl_os_length_holds(const rpl_os_step *step, size_t len)
{
    switch (step->rule) {
    case RPL_OS_EXACTLY:
        return len == step->len;
    case RPL_OS_EXACTLY_OR_EMPTY:
        return len == step->len || len == 0;
    case RPL_OS_ONE_UP_TO:
        return len >= 1 && len <= step->len;
    }
    return false;
}
