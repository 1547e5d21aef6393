/* file.h - whole files for tests. */
#ifndef RPL_TESTS_FILE_H
#define RPL_TESTS_FILE_H

#include <stddef.h>
#include <stdint.h>

/* The caller frees; zero-terminated one byte behind *len. Ends the test program when unreadable. */
uint8_t *read_file(const char *path, size_t *len);
/* The same below tests/vectors. */
uint8_t *read_vector(const char *name, size_t *len);

#endif
