/* Threads that are cancelled inside of calls: each call returns first, and the process goes on. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "check.h"

#include <pthread.h>

static const char *name;
static shma_state *state;
static shma_field *step;

/* Cancelled from here on, it goes on to the first place where the C library looks. */
static void *opens_and_closes(void *nothing)
{
    shma_state *own;
    shma_field *field;
    uint64_t number = 3;

    CHECK(pthread_cancel(pthread_self()) == 0);
    OK(shma_open(name, NULL, NULL, &own));
    field = opened(own, "step");
    OK(shma_write(field, &number, 8, 1000, NULL));
    shma_field_close(field);
    shma_close(own);
    pthread_testcancel();
    return nothing;
}

static void *makes_and_removes(void *nothing)
{
    char other[300];
    shma_state *own;

    snprintf(other, sizeof other, "%s-2", name);
    CHECK(pthread_cancel(pthread_self()) == 0);
    own = created(other);
    OK(shma_unlink(other, NULL));
    shma_close(own);
    pthread_testcancel();
    return nothing;
}

/* The update is the last that keeps the region. */
static void *ends_a_region_by_an_update(void *nothing)
{
    char other[300];
    shma_state *own;
    shma_field *field;
    shma_update *update;
    void *new_value;

    snprintf(other, sizeof other, "%s-2", name);
    own = created(other);
    field = opened(own, "step");
    OK(shma_update_begin(field, 0, &new_value, NULL, &update));
    shma_field_close(field);
    shma_close(own);
    CHECK(pthread_cancel(pthread_self()) == 0);
    OK(shma_update_commit(update, NULL));
    pthread_testcancel();
    return nothing;
}

static void *fails(void *nothing)
{
    shma_state *own;
    uint64_t number = 3;

    CHECK(pthread_cancel(pthread_self()) == 0);
    FAILS(ENOENT, "", shma_open("no-such-region", NULL, NULL, &own));
    FAILS(ETIMEDOUT, "`step`", shma_write(step, &number, 8, 5, NULL));
    FAILS(ETIMEDOUT, "`step`", shma_wait_newer(step, 1, 5, NULL));
    pthread_testcancel();
    return nothing;
}

static void cancelled(void *(*story)(void *))
{
    pthread_t thread;
    void *result;
    CHECK(pthread_create(&thread, NULL, story, NULL) == 0);
    CHECK(pthread_join(thread, &result) == 0 && result == PTHREAD_CANCELED);
}

int main(int count, char **arguments)
{
    uint64_t number;
    shma_update *update;
    void *new_value;

    if (count != 2)
        return 2;
    name = arguments[1];
    state = created(name);
    step = opened(state, "step");
    OK(shma_update_begin(step, 0, &new_value, NULL, &update));
    cancelled(fails);
    shma_update_abort(update);
    cancelled(opens_and_closes);
    cancelled(makes_and_removes);
    cancelled(ends_a_region_by_an_update);
    OK(shma_read(step, &number, 8, NULL));
    CHECK(number == 3);
    shma_field_close(step);
    shma_close(state);
    return 0;
}
