/* What a field keeps of its updates for the next ones: it is never another's, and never outlives them. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "check.h"

#include <pthread.h>

enum { ROUNDS = 400, THREADS = 40 };

static shma_state *state;
static shma_field *plate, *step;

/* Two at once in one thread, and parts of all sizes one after the other. */
static void updates_have_memory_of_their_own(void)
{
    static const size_t sizes[] = {4096, 1, 0, 4095, 16, 17, 15, 4096};
    void *one, *two;
    const void *old_one, *old_two;
    shma_update *first, *second;
    unsigned char expected[4096];
    size_t i, at;

    OK(shma_update_begin(plate, 0, &one, &old_one, &first));
    OK(shma_update_begin(step, 0, &two, &old_two, &second));
    CHECK(one != two && old_one != old_two && first != second);
    memset(one, 1, 4096);
    *(uint64_t *)two = 2;
    CHECK(((unsigned char *)one)[7] == 1 && *(const uint64_t *)old_two == 7);
    OK(shma_update_commit(first, NULL));
    OK(shma_update_commit(second, NULL));
    memset(expected, 1, sizeof expected);
    for (i = 0; i < COUNT(sizes); i++) {
        size_t first_byte = (4096 - sizes[i]) / 2;
        OK(shma_update_part_begin(plate, first_byte, sizes[i], 0, &one, i % 2 ? NULL : &old_one, &first));
        CHECK(memcmp(one, expected + first_byte, sizes[i]) == 0);
        CHECK(i % 2 || memcmp(old_one, expected + first_byte, sizes[i]) == 0);
        for (at = 0; at < sizes[i]; at++)
            ((unsigned char *)one)[at] = expected[first_byte + at] = (unsigned char)(at * 7 + i);
        if (i % 3 == 2) {
            shma_update_abort(first);
            OK(shma_read(plate, expected, sizeof expected, NULL));
        } else {
            OK(shma_update_commit(first, NULL));
        }
    }
}

static void *use_step(void *counter)
{
    int i;
    for (i = 0; i < 3; i++) {
        void *new_value;
        shma_update *update;
        shma_transaction *transaction;
        OK(shma_update_begin(step, 0, &new_value, NULL, &update));
        *(uint64_t *)new_value += 1;
        OK(shma_update_commit(update, NULL));
        OK(shma_update_begin(step, 0, &new_value, NULL, &update));
        shma_update_abort(update);
        OK(shma_transaction_begin(state, 0, &transaction));
        OK(shma_transaction_commit(transaction));
    }
    ++*(int *)counter;
    return counter;
}

static pthread_key_t key;

/* Runs when the destructors of the library's own have run already. */
static void destructor(void *counter)
{
    use_step(counter);
}

static void *leaves_some_to_its_destructor(void *counter)
{
    CHECK(pthread_setspecific(key, counter) == 0);
    return use_step(counter);
}

static void a_thread_on_its_way_out_ends_what_it_begins(void)
{
    pthread_t thread;
    int uses = 0;
    uint64_t before, after;

    OK(shma_read(step, &before, 8, NULL));
    CHECK(pthread_key_create(&key, destructor) == 0);
    CHECK(pthread_create(&thread, NULL, leaves_some_to_its_destructor, &uses) == 0);
    CHECK(pthread_join(thread, NULL) == 0 && uses == 2);
    CHECK(pthread_key_delete(key) == 0);
    OK(shma_read(step, &after, 8, NULL));
    CHECK(after == before + 6);
}

static void *adds(void *nothing)
{
    int round;
    for (round = 0; round < ROUNDS; round++) {
        void *new_value;
        shma_update *update;
        OK(shma_update_begin(step, SHMA_FOREVER, &new_value, NULL, &update));
        *(uint64_t *)new_value += 1;
        OK(shma_update_commit(update, NULL));
    }
    return nothing;
}

/* More threads than a field keeps something for. */
static void threads_share_a_handle(void)
{
    pthread_t threads[THREADS];
    uint64_t before, after;
    int i;

    OK(shma_read(step, &before, 8, NULL));
    for (i = 0; i < THREADS; i++)
        CHECK(pthread_create(&threads[i], NULL, adds, NULL) == 0);
    for (i = 0; i < THREADS; i++)
        CHECK(pthread_join(threads[i], NULL) == 0);
    OK(shma_read(step, &after, 8, NULL));
    CHECK(after == before + THREADS * ROUNDS);
}

static pthread_barrier_t both;

static void *closes(void *field)
{
    pthread_barrier_wait(&both);
    shma_field_close((shma_field *)field);
    return NULL;
}

/* An update keeps its field alive, and no longer than it lasts. */
static void a_field_is_closed_while_it_is_updated(const char *name)
{
    shma_state *own = created(name), *none;
    shma_field *field = opened(own, "step");
    shma_update *update;
    void *new_value;
    pthread_t thread;
    uint64_t number, before;
    int round;

    OK(shma_update_begin(field, 0, &new_value, NULL, &update));
    shma_field_close(field);
    shma_close(own);
    *(uint64_t *)new_value = 5;
    OK(shma_open(name, NULL, NULL, &own));
    field = opened(own, "step");
    OK(shma_update_commit(update, NULL));
    OK(shma_read(field, &number, 8, NULL));
    CHECK(number == 5);
    OK(shma_update_begin(field, 0, &new_value, NULL, &update));
    shma_field_close(field);
    shma_close(own);
    shma_update_abort(update);
    FAILS(ENOENT, "", shma_open(name, NULL, NULL, &none));

    CHECK(pthread_barrier_init(&both, NULL, 2) == 0);
    OK(shma_read(step, &before, 8, NULL));
    for (round = 0; round < ROUNDS; round++) {
        field = opened(state, "step");
        OK(shma_update_begin(field, 0, &new_value, NULL, &update));
        *(uint64_t *)new_value += 1;
        CHECK(pthread_create(&thread, NULL, closes, field) == 0);
        pthread_barrier_wait(&both);
        if (round % 2)
            OK(shma_update_commit(update, NULL));
        else
            shma_update_abort(update);
        CHECK(pthread_join(thread, NULL) == 0);
    }
    OK(shma_read(step, &number, 8, NULL));
    CHECK(number == before + ROUNDS / 2);
    CHECK(pthread_barrier_destroy(&both) == 0);
}

int main(int count, char **arguments)
{
    char name[300];
    if (count != 2)
        return 2;
    state = created(arguments[1]);
    plate = opened(state, "plate");
    step = opened(state, "step");
    updates_have_memory_of_their_own();
    a_thread_on_its_way_out_ends_what_it_begins();
    threads_share_a_handle();
    snprintf(name, sizeof name, "%s-2", arguments[1]);
    a_field_is_closed_while_it_is_updated(name);
    shma_field_close(step);
    shma_field_close(plate);
    shma_close(state);
    return 0;
}
