/* json_memory.h - where jansson's memory comes from, for base/json.c alone.
 *
 * jansson does not look whether the buffer of the string it is reading could grow, and writes past it
 * when it could not. So a parse sets aside, beforehand, one block of the size that this buffer can ever
 * reach; the first allocation that fails while it lasts gets that block, and the parse is then told that
 * its input ends. Of what it has read by then, nothing is used.
 */
#ifndef RPL_BASE_JSON_MEMORY_H
#define RPL_BASE_JSON_MEMORY_H

#include <jansson.h>

#include "base/reader.h"

/* json_loadb with JSON_REJECT_DUPLICATES. NULL: refused, `*error` says why; json_error_out_of_memory
 * whenever an allocation failed. */
json_t *rpl_json_load(rpl_bytes text, json_error_t *error);

/* For texts on their way into a value; freed with free. Counted by rpl_json_failures. */
void *rpl_json_alloc(size_t size);

#endif
