/* Opens whatever has the name and uses it: no code is unknown, and nothing ends the process. */
#include "check.h"

static void known(int code)
{
    static const int CODES[] = {0,       -ENOENT, -EPROTO, -EPERM, -EBADMSG, -EINVAL, -ETIMEDOUT,
                                -EAGAIN, -EBUSY,  -ESTALE, -EROFS, -ERANGE,  -EMSGSIZE,
                                -EUCLEAN};
    size_t i;
    for (i = 0; i < COUNT(CODES); i++)
        if (code == CODES[i])
            return;
    fprintf(stderr, "code %d: %s\n", code, shma_message());
    exit(1);
}

int main(int count, char **arguments)
{
    shma_options options = options_of_size(sizeof options);
    shma_declaration *declaration = declared("Plate");
    shma_state *state = NULL;
    int code, i;

    if (count != 2)
        return 2;
    options.read_only = 1;
    code = shma_open(arguments[1], NULL, &options, &state);
    printf("%d\n", code);
    if (code != 0) {
        known(code);
        CHECK(state == NULL && strlen(shma_message()) > 20);
        CHECK(shma_open(arguments[1], declaration, NULL, &state) != 0);
        CHECK(state == NULL);
    } else {
        const char *names[] = {"plate", "step", "hits"};
        CHECK(shma_manifest(state) != NULL);
        for (i = 0; i < 3; i++) {
            static plate_value value;
            shma_field *field;
            shma_transaction *transaction;
            uint64_t version;
            code = shma_field_open(state, names[i], NULL, &field);
            known(code);
            if (code != 0)
                continue;
            if (shma_field_bytes(field) <= sizeof value)
                known(shma_try_read(field, value, shma_field_bytes(field), NULL));
            known(shma_version(field, &version));
            known(shma_age_ns(field, &version));
            known(shma_wait_newer(field, version, 0, NULL));
            known(shma_transaction_begin(state, 0, &transaction));
            shma_field_close(field);
        }
        shma_close(state);
    }
    shma_declaration_free(declaration);
    return 0;
}
