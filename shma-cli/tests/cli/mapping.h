/* What every test program begins with: a region's file, mapped as a whole. */
#include <complex.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static const void *mapped(const char *path, size_t *bytes)
{
    struct stat found;
    int file = open(path, O_RDONLY);
    if (file < 0 || fstat(file, &found) != 0)
        exit(1);
    *bytes = (size_t)found.st_size;
    const void *region = mmap(NULL, *bytes, PROT_READ, MAP_SHARED, file, 0);
    if (region == MAP_FAILED)
        exit(2);
    close(file);
    return region;
}

/* Reads a field, by its type and the prefix of its numbers, and prints its bytes. */
#define READ(type, prefix, value)                                                          \
    shma_map_read(region, prefix##_AT, prefix##_SLOTS_AT, prefix##_SLOT_STRIDE,            \
                  prefix##_SLOTS, value, sizeof(type))
#define PRINT(type, prefix)                                                                \
    do {                                                                                   \
        type value;                                                                        \
        if (READ(type, prefix, &value) == 0 || sizeof value != prefix##_BYTES)             \
            return 3;                                                                      \
        unsigned char raw[sizeof value];                                                    \
        memcpy(raw, &value, sizeof value);                                                 \
        for (size_t i = 0; i < sizeof value; i++)                                          \
            printf("%02x", raw[i]);                                                        \
        printf("\n");                                                                      \
    } while (0)
