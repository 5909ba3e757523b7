/* The library's calls from C, as often as they are asked for. Each returns 0 or what the call returned. */
#include "shma.h"

int bench_open(const char *name, shma_state **state, shma_field **field)
{
    int code = shma_open(name, NULL, NULL, state);
    return code ? code : shma_field_open(*state, "numbers", NULL, field);
}

void bench_close(shma_state *state, shma_field *field)
{
    shma_field_close(field);
    shma_close(state);
}

int bench_read(const shma_field *field, double *into, size_t bytes, uint64_t times)
{
    int code = 0;
    for (uint64_t i = 0; i < times && !code; i++)
        code = shma_read(field, into, bytes, NULL);
    return code;
}

int bench_write(shma_field *field, const double *from, size_t bytes, uint64_t times)
{
    int code = 0;
    for (uint64_t i = 0; i < times && !code; i++)
        code = shma_write(field, from, bytes, SHMA_FOREVER, NULL);
    return code;
}

int bench_update(shma_field *field, const double *step, size_t bytes, uint64_t times)
{
    int code = 0;
    for (uint64_t i = 0; i < times && !code; i++) {
        void *new_value;
        const void *old_value;
        shma_update *update;
        code = shma_update_begin(field, SHMA_FOREVER, &new_value, &old_value, &update);
        if (code)
            break;
        double *restrict now = new_value;
        const double *restrict old = old_value;
        for (size_t at = 0; at < bytes / sizeof *now; at++)
            now[at] = 0.5 * step[at] + 0.5 * old[at];
        code = shma_update_commit(update, NULL);
    }
    return code;
}
