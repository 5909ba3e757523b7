/* A fork in the middle of an update: the child cannot end it, and the parent goes on. */
#include "check.h"

#include <sys/prctl.h>
#include <sys/wait.h>
#include <signal.h>
#include <unistd.h>

static void child(const char *name, shma_field *step, shma_update *update,
                  shma_transaction *transaction)
{
    uint64_t number = 0, version;
    void *new_value;
    shma_state *own;
    shma_field *field;

    FAILS(ECHILD, "fork", shma_update_commit(update, &version));
    FAILS(ECHILD, "fork", shma_update_commit(update, &version));
    shma_update_abort(update);
    FAILS(ECHILD, "fork", shma_transaction_value(transaction, step, &new_value, NULL));
    FAILS(ECHILD, "fork", shma_transaction_commit(transaction));
    shma_transaction_abort(transaction);
    FAILS(ECHILD, "`step`", shma_write(step, &number, 8, SHMA_FOREVER, NULL));
    FAILS(ECHILD, "`step`", shma_update_begin(step, 0, &new_value, NULL, &update));
    OK(shma_read(step, &number, 8, NULL));
    CHECK(number == 7);
    /* The parent still holds the semaphore, in the child's own attachment too. */
    OK(shma_open(name, NULL, NULL, &own));
    field = opened(own, "step");
    FAILS(EAGAIN, "`step`", shma_write(field, &number, 8, 0, NULL));
    shma_field_close(field);
    shma_close(own);
    exit(0);
}

int main(int count, char **arguments)
{
    shma_state *state, *other;
    shma_field *step;
    shma_update *update;
    shma_transaction *transaction;
    void *new_value;
    uint64_t number, version;
    char name[300];
    int status;
    pid_t pid;

    if (count != 2)
        return 2;
    state = created(arguments[1]);
    snprintf(name, sizeof name, "%s-2", arguments[1]);
    other = created(name);
    step = opened(state, "step");
    OK(shma_transaction_begin(other, 0, &transaction));
    OK(shma_update_begin(step, 0, &new_value, NULL, &update));
    *(uint64_t *)new_value = 70;
    pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        child(arguments[1], step, update, transaction);
    }
    CHECK(waitpid(pid, &status, 0) == pid);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    OK(shma_update_commit(update, &version));
    OK(shma_read(step, &number, 8, NULL));
    CHECK(number == 70 && version == 2);
    OK(shma_transaction_commit(transaction));
    shma_field_close(step);
    shma_close(other);
    shma_close(state);
    return 0;
}
