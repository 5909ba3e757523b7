/* Whole lives of handles and updates: NAME, how many of each. Says by how many bytes its memory grows in
 * the second half. */
#include "check.h"

#include <malloc.h>
#include <unistd.h>

struct memory {
    long heap, mapped;
};

static struct memory memory(void)
{
    struct mallinfo2 heap = mallinfo2();
    struct memory now = {(long)(heap.uordblks + heap.hblkhd), 0};
    FILE *file = fopen("/proc/self/statm", "r");
    CHECK(file != NULL && fscanf(file, "%ld", &now.mapped) == 1);
    fclose(file);
    now.mapped *= sysconf(_SC_PAGESIZE);
    return now;
}

static void report(const char *what, struct memory half)
{
    struct memory now = memory();
    printf("%s-heap %ld\n%s-mapped %ld\n", what, now.heap - half.heap, what, now.mapped - half.mapped);
}

static void life(const char *name)
{
    shma_state *state = created(name), *second, *third = NULL;
    shma_field *plates = opened(state, "plate"), *none;
    shma_declaration *declaration = declared("Plate");
    OK(shma_open_or_create(name, declaration, NULL, &second));
    CHECK(shma_manifest(second) != NULL);
    FAILS(EEXIST, "", shma_create(name, declaration, NULL, &third));
    FAILS(ENOENT, "", shma_field_open(state, "none", NULL, &none));
    shma_declaration_free(declaration);
    shma_close(state);
    shma_close(second);
    shma_field_close(plates);
}

static void use(shma_state *state, shma_field *plates, shma_field *step)
{
    static plate_value value;
    shma_update *update;
    shma_transaction *transaction;
    void *new_value, *into[2];
    const void *old_value;
    shma_field *fields[2];
    size_t bytes[2];
    uint64_t number;

    OK(shma_update_begin(plates, SHMA_FOREVER, &new_value, &old_value, &update));
    ((double *)new_value)[7] += 1;
    OK(shma_update_commit(update, NULL));
    OK(shma_update_begin(step, SHMA_FOREVER, &new_value, NULL, &update));
    shma_update_abort(update);
    OK(shma_transaction_begin(state, SHMA_FOREVER, &transaction));
    OK(shma_transaction_value(transaction, step, &new_value, &old_value));
    *(uint64_t *)new_value += 1;
    OK(shma_transaction_commit(transaction));
    OK(shma_transaction_begin(state, SHMA_FOREVER, &transaction));
    OK(shma_transaction_value(transaction, plates, &new_value, &old_value));
    shma_transaction_abort(transaction);
    fields[0] = plates, fields[1] = step;
    into[0] = value, into[1] = &number;
    bytes[0] = sizeof value, bytes[1] = sizeof number;
    OK(shma_snapshot(state, 2, fields, into, bytes, NULL));
    FAILS(EMSGSIZE, "", shma_write(step, &number, 1, 0, NULL));
}

int main(int count, char **arguments)
{
    long lives, uses, i;
    struct memory half = memory();
    shma_state *state;
    shma_field *plates, *step;
    char name[300];

    if (count != 4)
        return 2;
    lives = atol(arguments[2]);
    uses = atol(arguments[3]);
    for (i = 0; i < lives; i++) {
        if (i == lives / 2)
            half = memory();
        life(arguments[1]);
    }
    report("lives", half);
    snprintf(name, sizeof name, "%s-2", arguments[1]);
    state = created(name);
    plates = opened(state, "plate");
    step = opened(state, "step");
    for (i = 0; i < uses; i++) {
        if (i == uses / 2)
            half = memory();
        use(state, plates, step);
    }
    report("uses", half);
    shma_field_close(step);
    shma_field_close(plates);
    shma_close(state);
    return 0;
}
