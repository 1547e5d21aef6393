#include "tests/support/scarce/scarce.h"

#include <openssl/crypto.h>
#include <stddef.h>
#include <stdlib.h>

static long left; /* until the one that fails; 0: plenty */
static bool lasts, reached;
static long alive;

static bool refuses(void)
{
    if (left == 0)
        return false;
    if (left > 1) {
        left--;
        return false;
    }
    left = lasts ? 1 : 0;
    reached = true;
    return true;
}

static void *counted(void *p)
{
    alive += p != NULL;
    return p;
}

#ifdef RPL_SCARCE_WRAPS
/* The sanitizers have an allocator of their own: only calls from objects of ours are diverted, by
 * the linker (--wrap), and those of the libraries that let themselves be asked. */
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void __real_free(void *p);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
void __wrap_free(void *p);
#define REAL(name) __real_##name
#define OURS(name) __wrap_##name
#else
/* Instead of the C library's, for the whole process. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);
void __libc_free(void *p);
#define REAL(name) __libc_##name
#define OURS(name) name
#endif

void *OURS(malloc)(size_t size)
{
    return refuses() ? NULL : counted(REAL(malloc)(size));
}

void *OURS(calloc)(size_t count, size_t size)
{
    return refuses() ? NULL : counted(REAL(calloc)(count, size));
}

void *OURS(realloc)(void *old, size_t size)
{
    if (refuses())
        return NULL;
    void *p = REAL(realloc)(old, size);
    return old ? p : counted(p);
}

void OURS(free)(void *p)
{
    alive -= p != NULL;
    REAL(free)(p);
}

static void *crypto_malloc(size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    return size ? malloc(size) : NULL;
}

static void *crypto_realloc(void *old, size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    if (size > 0)
        return realloc(old, size);
    free(old);
    return NULL;
}

static void crypto_free(void *p, const char *file, int line)
{
    (void)file;
    (void)line;
    free(p);
}

void scarce_install(void)
{
    if (CRYPTO_set_mem_functions(crypto_malloc, crypto_realloc, crypto_free) != 1)
        abort();
}

void scarce_begin(long nth, bool lasting)
{
    left = nth;
    lasts = lasting;
    reached = false;
}

bool scarce_end(void)
{
    left = 0;
    return reached;
}

long scarce_alive(void)
{
    OPENSSL_thread_stop(); /* libcrypto keeps the texts of errors for the next ones */
    return alive;
}
