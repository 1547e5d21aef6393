#include <sodium.h>
#include <stdint.h>

#include "server/core/env_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* What is accepted can be written. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    rpl_env_file file;
    rpl_env_fault fault;
    RPL_AUTO(secret) rpl_secret *text = NULL;
    if (sodium_init() < 0 ||
        rpl_env_file_parse((rpl_bytes){data, len}, &file, &fault).code != RPL_OK)
        return 0;
    if (rpl_env_file_text(&file, &text).code != RPL_OK)
        __builtin_trap();
    rpl_env_file_clear(&file);
    return 0;
}
