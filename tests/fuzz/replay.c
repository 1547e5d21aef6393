/* replay.c - runs a fuzz target over every file below the folders it is given: the corpus as an
 * ordinary test, with any compiler. Each input is a heap copy of exact size. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static int run_file(const char *path)
{
    static uint8_t buf[1 << 20];
    FILE *f = fopen(path, "rb");
    if (!f)
        return 0;
    size_t len = fread(buf, 1, sizeof(buf), f);
    fclose(f);
    uint8_t *exact = malloc(len ? len : 1);
    if (!exact)
        return 0;
    memcpy(exact, buf, len);
    LLVMFuzzerTestOneInput(exact, len);
    free(exact);
    return 1;
}

int main(int argc, char **argv)
{
    int count = 0;
    for (int i = 1; i < argc; i++) {
        DIR *dir = opendir(argv[i]);
        if (!dir) {
            fprintf(stderr, "no corpus folder %s\n", argv[i]);
            return 1;
        }
        for (struct dirent *e; (e = readdir(dir));) {
            char path[4096];
            snprintf(path, sizeof(path), "%s/%s", argv[i], e->d_name);
            if (e->d_name[0] != '.')
                count += run_file(path);
        }
        closedir(dir);
    }
    printf("%d inputs\n", count);
    return count ? 0 : 1;
}
