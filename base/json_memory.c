#include "base/json_memory.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/json.h"

/* Bytes handed out at once. The buffer starts with 16 bytes and doubles, so that what is still read
 * after a failure fits into it. */
enum { CHUNK = 8, BUFFER_MIN = 64 };

static _Thread_local struct {
    uint8_t *block; /* owned; NULL outside of a parse */
    size_t size;
    bool spent;
    unsigned failures;
} spare;

void *rpl_json_alloc(size_t size)
{
    void *memory = malloc(size);
    if (memory)
        return memory;
    spare.failures++;
    if (!spare.block || spare.spent || size > spare.size)
        return NULL;
    spare.spent = true;
    return spare.block;
}

static void take_back(void *memory)
{
    if (!spare.block || memory != spare.block)
        free(memory);
}

static void set_functions(void)
{
    json_set_alloc_funcs(rpl_json_alloc, take_back);
}

static bool install(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    return pthread_once(&once, set_functions) == 0;
}

typedef struct {
    rpl_reader rest;
    unsigned failures;
} source;

static size_t next_chunk(void *buffer, size_t size, void *context)
{
    source *s = context;
    const size_t left = s->rest.rest.len;
    const size_t want = left < CHUNK ? left : CHUNK;
    if (size < want || s->failures != spare.failures || !rpl_read_copy(&s->rest, buffer, want))
        return 0;
    return want;
}

static void set_out_of_memory(json_error_t *error)
{
    *error = (json_error_t){.position = 0};
    error->text[sizeof(error->text) - 1] = (char)json_error_out_of_memory;
}

json_t *rpl_json_load(rpl_bytes text, json_error_t *error)
{
    source s = {.rest = rpl_reader_over(text), .failures = spare.failures};
    spare.size = 2 * text.len + BUFFER_MIN;
    spare.spent = false;
    spare.block = install() ? malloc(spare.size) : NULL;
    if (!spare.block) {
        spare.failures++;
        set_out_of_memory(error);
        return NULL;
    }
    json_t *parsed = json_load_callback(next_chunk, &s, JSON_REJECT_DUPLICATES, error);
    if (s.failures != spare.failures) {
        json_decref(parsed);
        parsed = NULL;
        set_out_of_memory(error);
    }
    free(spare.block);
    spare.block = NULL;
    return parsed;
}

unsigned rpl_json_failures(void)
{
    (void)install();
    return spare.failures;
}
