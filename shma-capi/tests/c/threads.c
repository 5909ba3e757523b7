/* Threads: whose an update is, whose a message is, and handles that all of them use. */
#include "check.h"

#include <pthread.h>

enum { THREADS = 4, ROUNDS = 5000 };

static shma_state *state;
static shma_field *step;
static shma_update *update;
static shma_transaction *transaction;

static void *in_another_thread(void *nothing)
{
    uint64_t number = 0;
    void *new_value;
    shma_update *mine;

    CHECK(strcmp(shma_message(), "") == 0);
    FAILS(EAGAIN, "`step`", shma_write(step, &number, 8, 0, NULL));
    FAILS(ETIMEDOUT, "held by", shma_write(step, &number, 8, 5, NULL));
    FAILS(ETIMEDOUT, "held by", shma_update_begin(step, 5, &new_value, NULL, &mine));
    (void)nothing;
    return NULL;
}

static void *meddles(void *nothing)
{
    uint64_t version = 99;
    void *new_value;
    (void)nothing;
    FAILS(EPERM, "thread", shma_update_commit(update, &version));
    CHECK(version == 99);
    shma_update_abort(update);
    FAILS(EPERM, "thread", shma_transaction_value(transaction, step, &new_value, NULL));
    FAILS(EPERM, "thread", shma_transaction_commit(transaction));
    shma_transaction_abort(transaction);
    return NULL;
}

static void *adds(void *nothing)
{
    int round;
    (void)nothing;
    for (round = 0; round < ROUNDS; round++) {
        shma_update *mine;
        shma_transaction *whole;
        void *new_value;
        if (round % 2 == 0) {
            OK(shma_update_begin(step, SHMA_FOREVER, &new_value, NULL, &mine));
            *(uint64_t *)new_value += 1;
            OK(shma_update_commit(mine, NULL));
        } else {
            OK(shma_transaction_begin(state, SHMA_FOREVER, &whole));
            OK(shma_transaction_value(whole, step, &new_value, NULL));
            *(uint64_t *)new_value += 1;
            OK(shma_transaction_commit(whole));
        }
    }
    return NULL;
}

static void run(void *(*story)(void *), int count)
{
    pthread_t threads[THREADS];
    int i;
    for (i = 0; i < count; i++)
        CHECK(pthread_create(&threads[i], NULL, story, NULL) == 0);
    for (i = 0; i < count; i++)
        CHECK(pthread_join(threads[i], NULL) == 0);
}

int main(int count, char **arguments)
{
    shma_state *other;
    shma_update *mine;
    uint64_t number, version;
    void *new_value;
    char name[300];

    if (count != 2)
        return 2;
    state = created(arguments[1]);
    step = opened(state, "step");
    /* `meddles` finds a transaction that has taken no semaphore: those are of one state. */
    snprintf(name, sizeof name, "%s-2", arguments[1]);
    other = created(name);
    OK(shma_transaction_begin(other, 0, &transaction));

    FAILS(EFAULT, "`field`", shma_version(NULL, &number));
    OK(shma_update_begin(step, 0, &new_value, NULL, &mine));
    *(uint64_t *)new_value = 50;
    run(in_another_thread, 1);
    CHECK(strstr(shma_message(), "shma_version: `field`") == shma_message());
    update = mine;
    run(meddles, 1);
    /* It has gone on. */
    OK(shma_update_commit(mine, &version));
    OK(shma_read(step, &number, 8, NULL));
    CHECK(number == 50 && version == 2);
    OK(shma_transaction_commit(transaction));
    shma_close(other);

    run(adds, THREADS);
    OK(shma_read(step, &number, 8, &version));
    CHECK(number == 50 + THREADS * ROUNDS && version == 2 + THREADS * ROUNDS);
    shma_field_close(step);
    shma_close(state);
    return 0;
}
