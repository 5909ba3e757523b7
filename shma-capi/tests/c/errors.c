/* Every function with each of its errors. Takes the name of a region that is not there. */
#include "check.h"

#define NOT_ONE ((uint64_t)7)

static void *const SOME = (void *)(uintptr_t)0x1000;

static void declaring(void)
{
    static char long_name[100000];
    shma_declaration *declaration = (shma_declaration *)SOME;
    FAILS(EFAULT, "`state_name`", shma_declare(NULL, &declaration));
    CHECK(declaration == NULL);
    FAILS(EFAULT, "`out`", shma_declare("Plate", NULL));
    FAILS(EINVAL, "", shma_declare("", &declaration));
    FAILS(EINVAL, "UTF-8", shma_declare("a\xff", &declaration));
    memset(long_name, '-', sizeof long_name);
    long_name[sizeof long_name - 1] = 0;
    FAILS(EINVAL, "state", shma_declare(long_name, &declaration));
    CHECK(strlen(shma_message()) < 1000);
    CHECK(declaration == NULL);
    OK(shma_declare("Plate", &declaration));
    FAILS(EFAULT, "`declaration`", shma_declare_field(NULL, "a", "f64", 0, 0, NULL));
    FAILS(EFAULT, "`name`", shma_declare_field(declaration, NULL, "f64", 0, 0, NULL));
    FAILS(EFAULT, "`type`", shma_declare_field(declaration, "a", NULL, 0, 0, NULL));
    FAILS(EINVAL, "`9 a`", shma_declare_field(declaration, "9 a", "f64", 0, 0, NULL));
    FAILS(EINVAL, "UTF-8", shma_declare_field(declaration, "\xc3", "f64", 0, 0, NULL));
    FAILS(EINVAL, "`f65`", shma_declare_field(declaration, "a", "f65", 0, 0, NULL));
    FAILS(EINVAL, "Pose", shma_declare_field(declaration, "a", "Pose", 0, 0, NULL));
    FAILS(EINVAL, "[f64; 0]", shma_declare_field(declaration, "a", "[f64; 0]", 0, 0, NULL));
    FAILS(EINVAL, "bytes", shma_declare_field(declaration, "a", "[u8; 9223372036854775807]", 0, 0, NULL));
    FAILS(EINVAL, "`slots` is 3", shma_declare_field(declaration, "a", "f64", 3, 0, NULL));
    FAILS(EINVAL, "`slots` is -4", shma_declare_field(declaration, "a", "f64", -4, 0, NULL));
    FAILS(EINVAL, "`slots` is 1", shma_declare_field(declaration, "a", "f64", 1, 0, NULL));
    FAILS(EINVAL, "0x4", shma_declare_field(declaration, "a", "f64", 0, 4, NULL));
    FAILS(EINVAL, "atomic", shma_declare_field(declaration, "a", "u8", 0, SHMA_ATOMIC, NULL));
    OK(shma_declare_field(declaration, "a", "f64", 0, 0, NULL));
    FAILS(EINVAL, "twice", shma_declare_field(declaration, "a", "f64", 0, 0, NULL));
    shma_declaration_free(declaration);
    shma_declaration_free(NULL);
}

static int fails_with_options(const char *name, shma_options options)
{
    shma_declaration *declaration = declared("Plate");
    shma_state *state = (shma_state *)SOME;
    int code = shma_create(name, declaration, &options, &state);
    CHECK(state == NULL);
    CHECK(shma_open(name, NULL, &options, &state) == code);
    CHECK(shma_open_or_create(name, declaration, &options, &state) == code);
    CHECK(shma_unlink(name, &options) == code);
    shma_declaration_free(declaration);
    return code;
}

static void attaching(const char *name)
{
    shma_declaration *declaration = declared("Plate"), *other = declared("Other");
    shma_options options;
    shma_state *state = (shma_state *)SOME, *second = (shma_state *)SOME;
    char long_name[400];
    uint32_t size;

    FAILS(EFAULT, "`name`", shma_create(NULL, declaration, NULL, &state));
    CHECK(state == NULL);
    FAILS(EFAULT, "`declaration`", shma_create(name, NULL, NULL, &state));
    FAILS(EFAULT, "`out`", shma_create(name, declaration, NULL, NULL));
    FAILS(EFAULT, "`name`", shma_open(NULL, NULL, NULL, &state));
    FAILS(EFAULT, "`out`", shma_open(name, NULL, NULL, NULL));
    FAILS(EFAULT, "`name`", shma_open_or_create(NULL, declaration, NULL, &state));
    FAILS(EFAULT, "`declaration`", shma_open_or_create(name, NULL, NULL, &state));
    FAILS(EFAULT, "`out`", shma_open_or_create(name, declaration, NULL, NULL));
    FAILS(EFAULT, "`name`", shma_unlink(NULL, NULL));
    FAILS(EFAULT, "`state`", shma_is_current(NULL));
    CHECK(shma_manifest(NULL) == NULL);
    shma_close(NULL);

    memset(long_name, 'x', sizeof long_name);
    long_name[sizeof long_name - 1] = 0;
    FAILS(EINVAL, "name", shma_create("a/b", declaration, NULL, &state));
    FAILS(EINVAL, "name", shma_create("", declaration, NULL, &state));
    FAILS(EINVAL, "name", shma_open(long_name, NULL, NULL, &state));
    CHECK(strlen(shma_message()) < 300);
    FAILS(EINVAL, "UTF-8", shma_open("\xff", NULL, NULL, &state));
    FAILS(ENOENT, name, shma_open(name, NULL, NULL, &state));
    FAILS(ENOENT, name, shma_unlink(name, NULL));

    for (size = 0; size < 200; size++)
        if (size != sizeof options)
            CHECK(fails_with_options(name, options_of_size(size)) == -EINVAL);
    CHECK(strstr(shma_message(), "sizeof(shma_options)") != NULL);
    CHECK(fails_with_options(name, options_of_size(UINT32_MAX)) == -EINVAL);
    options = options_of_size(sizeof options);
    options.wait_ms = -2;
    CHECK(fails_with_options(name, options) == -EINVAL);
    CHECK(strstr(shma_message(), "`options->wait_ms` is -2") != NULL);
    options.wait_ms = INT64_MIN;
    CHECK(fails_with_options(name, options) == -EINVAL);
    options = options_of_size(sizeof options);
    options.mode = 01777;
    CHECK(fails_with_options(name, options) == -EINVAL);
    options = options_of_size(sizeof options);
    options.read_only = 1;
    FAILS(EINVAL, "read_only", shma_create(name, declaration, &options, &state));
    FAILS(EINVAL, "read_only", shma_open_or_create(name, declaration, &options, &state));
    options = options_of_size(sizeof options);
    options.dir = "";
    CHECK(fails_with_options(name, options) == -EINVAL);
    CHECK(strstr(shma_message(), "`options->dir` is empty") != NULL);
    options.dir = "/proc/nothing";
    FAILS(ENOENT, "/proc/nothing", shma_create(name, declaration, &options, &state));
    options = options_of_size(sizeof options);
    options.wait_ms = 20;
    FAILS(ENOENT, name, shma_open(name, NULL, &options, &state));

    OK(shma_create(name, declaration, NULL, &state));
    FAILS(EEXIST, name, shma_create(name, declaration, NULL, &second));
    CHECK(second == NULL);
    FAILS(EPROTO, "Other", shma_open(name, other, NULL, &second));
    FAILS(EPROTO, "Other", shma_open_or_create(name, other, NULL, &second));
    shma_close(state);
    FAILS(ENOENT, name, shma_open(name, NULL, NULL, &second));

    OK(shma_declare_field(other, "huge", "[u8; 34359738360]", 8, 0, NULL));
    FAILS(ENOSPC, "bytes", shma_create(name, other, NULL, &second));
    CHECK(second == NULL);
    shma_declaration_free(other);
    shma_declaration_free(declaration);
}

static void opening_fields(shma_state *state)
{
    shma_field *field = (shma_field *)SOME;
    FAILS(EFAULT, "`state`", shma_field_open(NULL, "step", "u64", &field));
    CHECK(field == NULL);
    FAILS(EFAULT, "`name`", shma_field_open(state, NULL, "u64", &field));
    FAILS(EFAULT, "`out`", shma_field_open(state, "step", "u64", NULL));
    FAILS(ENOENT, "`plate`, `step`, `hits`", shma_field_open(state, "stop", "u64", &field));
    FAILS(EINVAL, "UTF-8", shma_field_open(state, "\xfe", "u64", &field));
    FAILS(EPROTO, "`u64`", shma_field_open(state, "step", "i64", &field));
    FAILS(EPROTO, "`i64`", shma_field_open(state, "step", "i64", &field));
    FAILS(EPROTO, "[[f64; 32]; 16]", shma_field_open(state, "plate", "[[f64; 16]; 32]", &field));
    FAILS(EPROTO, "`u64`", shma_field_open(state, "step", "\xff", &field));
    FAILS(EPROTO, "`u64`", shma_field_open(state, "step", "", &field));
    CHECK(field == NULL);
    CHECK(shma_field_bytes(NULL) == 0 && shma_field_type(NULL) == NULL);
    shma_field_close(NULL);
}

static void reading(shma_state *state)
{
    static plate_value value;
    shma_field *field = opened(state, "plate"), *hits = opened(state, "hits");
    uint64_t version = NOT_ONE;
    size_t sizes[5], i;

    sizes[0] = 0, sizes[1] = 1, sizes[2] = sizeof value - 1, sizes[3] = sizeof value + 1;
    sizes[4] = SIZE_MAX;
    FAILS(EFAULT, "`field`", shma_read(NULL, value, sizeof value, &version));
    FAILS(EFAULT, "`into`", shma_read(field, NULL, sizeof value, &version));
    FAILS(EFAULT, "`field`", shma_try_read(NULL, value, sizeof value, &version));
    FAILS(EFAULT, "`into`", shma_try_read(field, NULL, sizeof value, &version));
    for (i = 0; i < COUNT(sizes); i++) {
        FAILS(EMSGSIZE, "4096", shma_read(field, value, sizes[i], &version));
        FAILS(EMSGSIZE, "`plate`", shma_try_read(field, value, sizes[i], &version));
    }
    FAILS(EFAULT, "`field`", shma_read_part(NULL, 0, value, 8, &version));
    FAILS(EFAULT, "`into`", shma_read_part(field, 0, NULL, 8, &version));
    FAILS(ERANGE, "4096", shma_read_part(field, 0, value, 4097, &version));
    FAILS(ERANGE, "4096", shma_read_part(field, 4096, value, 1, &version));
    FAILS(ERANGE, "4096", shma_read_part(field, 4097, value, 0, &version));
    FAILS(ERANGE, "4096", shma_read_part(field, SIZE_MAX, value, 2, &version));
    FAILS(ERANGE, "4096", shma_read_part(field, 8, value, SIZE_MAX, &version));
    FAILS(EMSGSIZE, "`hits`", shma_read_part(hits, 2, value, 4, &version));
    FAILS(EFAULT, "`field`", shma_version(NULL, &version));
    FAILS(EFAULT, "`version`", shma_version(field, NULL));
    FAILS(EFAULT, "`field`", shma_age_ns(NULL, &version));
    FAILS(EFAULT, "`nanoseconds`", shma_age_ns(field, NULL));
    FAILS(EINVAL, "atomic", shma_age_ns(hits, &version));
    FAILS(EFAULT, "`field`", shma_wait_newer(NULL, 1, 0, &version));
    FAILS(ETIMEDOUT, "`plate`", shma_wait_newer(field, 1, 0, &version));
    FAILS(ETIMEDOUT, "`plate`", shma_wait_newer(field, 1, 5, &version));
    FAILS(EINVAL, "-2", shma_wait_newer(field, 1, -2, &version));
    FAILS(EINVAL, "negative", shma_wait_newer(field, 1, INT64_MIN, &version));
    CHECK(version == NOT_ONE);
    shma_field_close(hits);
    shma_field_close(field);
}

static void writing(const char *name, shma_state *state)
{
    static plate_value value;
    shma_options options = options_of_size(sizeof options);
    shma_field *field = opened(state, "plate"), *hits = opened(state, "hits"), *step, *second;
    shma_state *reader;
    shma_update *update, *other = (shma_update *)SOME;
    void *new_value = SOME;
    const void *old_value = SOME;
    uint64_t version = NOT_ONE, number = 0;

    FAILS(EFAULT, "`field`", shma_write(NULL, value, sizeof value, 0, &version));
    FAILS(EFAULT, "`value`", shma_write(field, NULL, sizeof value, 0, &version));
    FAILS(EMSGSIZE, "4096", shma_write(field, value, 0, 0, &version));
    FAILS(EMSGSIZE, "4096", shma_write(field, value, SIZE_MAX, 0, &version));
    FAILS(EINVAL, "-7", shma_write(field, value, sizeof value, -7, &version));
    FAILS(EFAULT, "`field`", shma_write_part(NULL, 0, value, 8, 0, &version));
    FAILS(EFAULT, "`value`", shma_write_part(field, 0, NULL, 8, 0, &version));
    FAILS(ERANGE, "4096", shma_write_part(field, 4090, value, 8, 0, &version));
    FAILS(ERANGE, "4096", shma_write_part(field, SIZE_MAX, value, SIZE_MAX, 0, &version));
    FAILS(EINVAL, "-7", shma_write_part(field, 0, value, 8, -7, &version));
    FAILS(EINVAL, "atomic", shma_write_part(hits, 0, value, 4, 0, &version));

    FAILS(EFAULT, "`field`", shma_update_begin(NULL, 0, &new_value, &old_value, &other));
    CHECK(new_value == NULL && old_value == NULL && other == NULL);
    FAILS(EFAULT, "`new_value`", shma_update_begin(field, 0, NULL, &old_value, &other));
    FAILS(EFAULT, "`out`", shma_update_begin(field, 0, &new_value, &old_value, NULL));
    FAILS(EINVAL, "-3", shma_update_begin(field, -3, &new_value, &old_value, &other));
    FAILS(EINVAL, "atomic", shma_update_begin(hits, 0, &new_value, &old_value, &other));
    FAILS(EFAULT, "`field`", shma_update_part_begin(NULL, 0, 8, 0, &new_value, NULL, &other));
    FAILS(EFAULT, "`new_value`", shma_update_part_begin(field, 0, 8, 0, NULL, NULL, &other));
    FAILS(EFAULT, "`out`", shma_update_part_begin(field, 0, 8, 0, &new_value, NULL, NULL));
    FAILS(EINVAL, "-3", shma_update_part_begin(field, 0, 8, -3, &new_value, NULL, &other));
    FAILS(ERANGE, "4096", shma_update_part_begin(field, 4096, 8, 0, &new_value, NULL, &other));
    FAILS(ERANGE, "4096", shma_update_part_begin(field, 8, SIZE_MAX, 0, &new_value, NULL, &other));
    FAILS(EINVAL, "atomic", shma_update_part_begin(hits, 0, 4, 0, &new_value, NULL, &other));
    FAILS(EFAULT, "`update`", shma_update_commit(NULL, &version));
    shma_update_abort(NULL);

    /* The same thread again, another handle, and one that may only read. */
    OK(shma_update_begin(field, 0, &new_value, NULL, &update));
    FAILS(EDEADLK, "`plate`", shma_update_begin(field, SHMA_FOREVER, &new_value, &old_value, &other));
    CHECK(new_value == NULL && old_value == NULL && other == NULL);
    FAILS(EDEADLK, "`plate`", shma_write(field, value, sizeof value, 1000, &version));
    FAILS(EDEADLK, "`plate`", shma_write_part(field, 0, value, 8, 1000, &version));
    OK(shma_open(name, NULL, NULL, &reader));
    second = opened(reader, "plate");
    FAILS(EDEADLK, "`plate`", shma_write(second, value, sizeof value, 0, &version));
    shma_field_close(second);
    shma_close(reader);
    OK(shma_update_commit(update, NULL));

    options.read_only = 1;
    OK(shma_open(name, NULL, &options, &reader));
    step = opened(reader, "step");
    second = opened(reader, "hits");
    FAILS(EROFS, "`step`", shma_write(step, &number, 8, 0, &version));
    FAILS(EROFS, "`step`", shma_write_part(step, 0, &number, 8, 0, &version));
    FAILS(EROFS, "`step`", shma_update_begin(step, 0, &new_value, NULL, &other));
    FAILS(EROFS, "`step`", shma_update_part_begin(step, 0, 8, 0, &new_value, NULL, &other));
    FAILS(EROFS, "`hits`", shma_store(second, 0, &number));
    FAILS(EROFS, "`hits`", shma_fetch_add(second, 0, &number, NULL));
    FAILS(EROFS, "`hits`", shma_write(second, value, 16, 0, NULL));
    {
        shma_transaction *transaction = (shma_transaction *)SOME;
        FAILS(EROFS, name, shma_transaction_begin(reader, 0, &transaction));
        CHECK(transaction == NULL);
    }
    shma_field_close(second);
    shma_field_close(step);
    shma_close(reader);
    CHECK(version == NOT_ONE);
    shma_field_close(hits);
    shma_field_close(field);
}

static void together(const char *name, shma_state *state)
{
    static plate_value value;
    uint64_t number, versions[4];
    shma_field *fields[4], *step;
    void *into[4];
    size_t bytes[4];
    shma_state *other;
    shma_transaction *transaction = (shma_transaction *)SOME;
    void *new_value = SOME;
    const void *old_value = SOME;

    OK(shma_open(name, NULL, NULL, &other));
    fields[0] = opened(state, "plate"), fields[1] = step = opened(state, "step");
    fields[2] = opened(other, "step"), fields[3] = opened(state, "hits");
    into[0] = value, into[1] = &number;
    bytes[0] = sizeof value, bytes[1] = sizeof number;

    FAILS(EFAULT, "`state`", shma_snapshot(NULL, 2, fields, into, bytes, versions));
    FAILS(EFAULT, "`fields`", shma_snapshot(state, 2, NULL, into, bytes, versions));
    FAILS(EFAULT, "`into`", shma_snapshot(state, 2, fields, NULL, bytes, versions));
    FAILS(EFAULT, "`bytes`", shma_snapshot(state, 2, fields, into, NULL, versions));
    into[1] = NULL;
    FAILS(EFAULT, "`into[1]`", shma_snapshot(state, 2, fields, into, bytes, versions));
    into[1] = (char *)value + 8;
    FAILS(EINVAL, "overlap", shma_snapshot(state, 2, fields, into, bytes, versions));
    into[1] = &number;
    bytes[1] = 7;
    FAILS(EMSGSIZE, "`step`", shma_snapshot(state, 2, fields, into, bytes, versions));
    bytes[1] = 8;
    FAILS(EINVAL, "fields", shma_snapshot(state, SIZE_MAX, fields, into, bytes, versions));
    fields[1] = fields[2];
    FAILS(EINVAL, "another handle", shma_snapshot(state, 2, fields, into, bytes, versions));
    fields[1] = fields[0];
    bytes[1] = sizeof value;
    into[1] = malloc(sizeof value);
    FAILS(EINVAL, "twice", shma_snapshot(state, 2, fields, into, bytes, versions));
    free(into[1]);
    fields[1] = NULL;
    FAILS(EFAULT, "`fields[1]`", shma_snapshot(state, 2, fields, into, bytes, versions));
    fields[1] = step;

    FAILS(EFAULT, "`state`", shma_transaction_begin(NULL, 0, &transaction));
    CHECK(transaction == NULL);
    FAILS(EFAULT, "`out`", shma_transaction_begin(state, 0, NULL));
    FAILS(EINVAL, "-9", shma_transaction_begin(state, -9, &transaction));
    FAILS(EFAULT, "`transaction`", shma_transaction_value(NULL, fields[0], &new_value, &old_value));
    CHECK(new_value == NULL && old_value == NULL);
    FAILS(EFAULT, "`transaction`", shma_transaction_commit(NULL));
    shma_transaction_abort(NULL);
    OK(shma_transaction_begin(state, 0, &transaction));
    FAILS(EFAULT, "`field`", shma_transaction_value(transaction, NULL, &new_value, &old_value));
    FAILS(EFAULT, "`new_value`", shma_transaction_value(transaction, fields[0], NULL, &old_value));
    FAILS(EINVAL, "another handle", shma_transaction_value(transaction, fields[2], &new_value, NULL));
    FAILS(EINVAL, "atomic", shma_transaction_value(transaction, fields[3], &new_value, NULL));
    CHECK(new_value == NULL);
    FAILS(EDEADLK, "`", shma_write(fields[1], &number, 8, 0, NULL));
    {
        shma_transaction *second = (shma_transaction *)SOME;
        FAILS(EDEADLK, "`", shma_transaction_begin(state, SHMA_FOREVER, &second));
        CHECK(second == NULL);
    }
    OK(shma_transaction_commit(transaction));
    for (number = 0; number < 4; number++)
        shma_field_close(fields[number]);
    shma_close(other);
}

static void atomics(shma_state *state)
{
    shma_field *hits = opened(state, "hits"), *step = opened(state, "step");
    uint64_t number = 1;

    FAILS(EFAULT, "`field`", shma_load(NULL, 0, &number));
    FAILS(EFAULT, "`value`", shma_load(hits, 0, NULL));
    FAILS(ERANGE, "4 numbers", shma_load(hits, 4, &number));
    FAILS(ERANGE, "4 numbers", shma_load(hits, SIZE_MAX, &number));
    FAILS(EINVAL, "not atomic", shma_load(step, 0, &number));
    FAILS(EFAULT, "`field`", shma_store(NULL, 0, &number));
    FAILS(EFAULT, "`value`", shma_store(hits, 0, NULL));
    FAILS(ERANGE, "4 numbers", shma_store(hits, 4, &number));
    FAILS(EINVAL, "not atomic", shma_store(step, 0, &number));
#define FETCH(call)                                              \
    FAILS(EFAULT, "`field`", call(NULL, 0, &number, NULL));      \
    FAILS(EFAULT, "`value`", call(hits, 0, NULL, &number));      \
    FAILS(ERANGE, "4 numbers", call(hits, 4, &number, NULL));    \
    FAILS(EINVAL, "not atomic", call(step, 0, &number, NULL));
    FETCH(shma_fetch_add)
    FETCH(shma_fetch_max)
    FETCH(shma_fetch_min)
    CHECK(number == 1);
    shma_field_close(step);
    shma_field_close(hits);
}

static void retired(shma_state *state, const char *name)
{
    shma_field *field = opened(state, "step");
    uint64_t version;
    OK(shma_unlink(name, NULL));
    CHECK(shma_is_current(state) == 0);
    OK(shma_version(field, &version));
    FAILS(ESTALE, "`step`", shma_wait_newer(field, version, SHMA_FOREVER, NULL));
    shma_field_close(field);
}

int main(int count, char **arguments)
{
    shma_state *state;
    if (count != 2)
        return 2;
    declaring();
    attaching(arguments[1]);
    state = created(arguments[1]);
    opening_fields(state);
    reading(state);
    writing(arguments[1], state);
    together(arguments[1], state);
    atomics(state);
    retired(state, arguments[1]);
    shma_close(state);
    return 0;
}
