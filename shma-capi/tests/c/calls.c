/* Every function of the header, as it is meant. Takes the name of a region that is not there. */
#include "check.h"

static void declares_and_attaches(const char *name)
{
    shma_options options = options_of_size(sizeof options);
    shma_declaration *declaration = declared("Plate");
    shma_state *first, *second, *third;
    shma_field *step;
    uint64_t value;
    char *manifest;

    options.mode = 0640;
    options.prefault = 1;
    options.huge_pages = 1;
    OK(shma_create(name, declaration, &options, &first));
    OK(shma_open_or_create(name, declaration, NULL, &second));
    options.read_only = 1;
    options.wait_ms = SHMA_FOREVER;
    options.dir = "/dev/shm";
    OK(shma_open(name, declaration, &options, &third));
    shma_declaration_free(declaration);
    CHECK(shma_is_current(first) == 1);

    manifest = (char *)malloc(strlen(shma_manifest(first)) + 1);
    strcpy(manifest, shma_manifest(first));
    CHECK(strstr(manifest, "\"type\":\"[[f64; 32]; 16]\"") != NULL);
    CHECK(shma_manifest(first) == shma_manifest(first));
    CHECK(strcmp(manifest, shma_manifest(third)) == 0);
    free(manifest);

    OK(shma_field_open(third, "step", "u64", &step));
    shma_close(third);
    OK(shma_read(step, &value, sizeof value, NULL));
    CHECK(value == 7);
    CHECK(shma_field_bytes(step) == 8);
    CHECK(strcmp(shma_field_type(step), "u64") == 0);
    shma_field_close(step);

    OK(shma_unlink(name, NULL));
    CHECK(shma_is_current(first) == 0);
    shma_close(second);
    shma_close(first);
}

static void reads_and_writes(shma_state *state)
{
    static plate_value value, other;
    shma_field *field = opened(state, "plate"), *step = opened(state, "step");
    uint64_t version = 0, read = 0, age = 0, number = 5;
    double row[32];
    size_t i;

    for (i = 0; i < 16 * 32; i++)
        value[i / 32][i % 32] = (double)i;
    OK(shma_write(field, value, sizeof value, SHMA_FOREVER, &version));
    CHECK(version == 2);
    OK(shma_read(field, other, sizeof other, &read));
    CHECK(read == 2 && memcmp(value, other, sizeof value) == 0);
    OK(shma_read_part(field, 3 * sizeof row, row, sizeof row, &read));
    CHECK(read == 2 && memcmp(row, value[3], sizeof row) == 0);
    row[31] = -0.5;
    OK(shma_write_part(field, 5 * sizeof row, row, sizeof row, 0, &version));
    CHECK(version == 3);
    OK(shma_try_read(field, other, sizeof other, NULL));
    CHECK(other[5][31] == -0.5 && other[4][31] == value[4][31] && other[6][0] == value[6][0]);
    OK(shma_version(field, &version));
    CHECK(version == 3);
    OK(shma_wait_newer(field, 2, 0, &version));
    CHECK(version == 3);
    OK(shma_wait_newer(field, 1, SHMA_FOREVER, NULL));
    OK(shma_write(step, &number, sizeof number, 1000, NULL));
    OK(shma_age_ns(step, &age));
    CHECK(age < UINT64_C(90000000000));
    shma_field_close(step);
    shma_field_close(field);
}

static void updates(shma_state *state)
{
    shma_field *field = opened(state, "plate"), *step = opened(state, "step");
    shma_update *update, *other;
    void *new_value;
    const void *old_value;
    uint64_t version, before;
    double *row, number;

    OK(shma_version(field, &before));
    OK(shma_update_begin(field, SHMA_FOREVER, &new_value, &old_value, &update));
    CHECK((uintptr_t)new_value % 16 == 0 && (uintptr_t)old_value % 16 == 0);
    CHECK(memcmp(new_value, old_value, sizeof(plate_value)) == 0);
    ((double *)new_value)[33] = 1.5;
    CHECK(((const double *)old_value)[33] != 1.5);
    /* It keeps its field alive. */
    shma_field_close(field);
    OK(shma_update_commit(update, &version));
    CHECK(version == before + 1);

    field = opened(state, "plate");
    OK(shma_update_part_begin(field, 32 * 8, 32 * 8, 100, &new_value, NULL, &update));
    row = (double *)new_value;
    CHECK(row[1] == 1.5 && (uintptr_t)row % 16 == 0);
    row[2] = 2.5;
    /* Fields declared later may be updated meanwhile. */
    OK(shma_update_begin(step, 0, &new_value, NULL, &other));
    *(uint64_t *)new_value += 1;
    OK(shma_update_commit(other, NULL));
    OK(shma_update_commit(update, NULL));
    OK(shma_read_part(field, 34 * 8, &number, sizeof number, NULL));
    CHECK(number == 2.5);
    /* An empty part publishes what is there. */
    OK(shma_update_part_begin(field, sizeof(plate_value), 0, 100, &new_value, &old_value, &update));
    CHECK(new_value != NULL && old_value != NULL);
    OK(shma_update_commit(update, &version));
    CHECK(version == before + 3);

    OK(shma_update_begin(field, 0, &new_value, &old_value, &update));
    *(double *)new_value = 99;
    shma_update_abort(update);
    OK(shma_version(field, &before));
    CHECK(before == version);
    shma_field_close(step);
    shma_field_close(field);
}

static void transactions_and_snapshots(const char *name, shma_state *state)
{
    static plate_value value;
    shma_field *fields[3];
    void *into[3];
    size_t bytes[3];
    uint64_t versions[3], later[3], step;
    uint32_t hits[4];
    shma_transaction *transaction;
    shma_state *own;
    void *new_value, *again;
    const void *old_value, *old_again;

    fields[0] = opened(state, "step");
    fields[1] = opened(state, "plate");
    fields[2] = opened(state, "hits");
    into[0] = &step, into[1] = value, into[2] = hits;
    bytes[0] = sizeof step, bytes[1] = sizeof value, bytes[2] = sizeof hits;
    OK(shma_snapshot(state, 3, fields, into, bytes, versions));

    OK(shma_open(name, NULL, NULL, &own));
    {
        shma_field *plates = opened(own, "plate"), *steps = opened(own, "step");
        OK(shma_transaction_begin(own, 1000, &transaction));
        /* It keeps its state alive, and the fields that it has seen. */
        shma_close(own);
        OK(shma_transaction_value(transaction, steps, &new_value, NULL));
        *(uint64_t *)new_value += 10;
        OK(shma_transaction_value(transaction, steps, &again, &old_value));
        CHECK(again == new_value && *(const uint64_t *)old_value == step);
        CHECK(*(uint64_t *)again == step + 10);
        OK(shma_transaction_value(transaction, plates, &new_value, &old_value));
        OK(shma_transaction_value(transaction, plates, &again, &old_again));
        CHECK(again == new_value && old_again == old_value && (uintptr_t)again % 16 == 0);
        shma_field_close(plates);
        shma_field_close(steps);
        OK(shma_transaction_commit(transaction));
    }
    OK(shma_snapshot(state, 2, fields, into, bytes, later));
    /* What was asked for and did not change is not published. */
    CHECK(later[0] == versions[0] + 1 && later[1] == versions[1]);

    OK(shma_transaction_begin(state, 0, &transaction));
    OK(shma_transaction_value(transaction, fields[0], &new_value, NULL));
    *(uint64_t *)new_value += 1;
    shma_transaction_abort(transaction);
    OK(shma_transaction_begin(state, 0, &transaction));
    OK(shma_transaction_commit(transaction));
    OK(shma_snapshot(state, 2, fields, into, bytes, versions));
    CHECK(later[0] == versions[0] && later[1] == versions[1]);
    OK(shma_snapshot(state, 0, NULL, NULL, NULL, NULL));
    shma_field_close(fields[0]);
    shma_field_close(fields[1]);
    shma_field_close(fields[2]);
}

static void atomics(shma_state *state)
{
    shma_field *hits = opened(state, "hits");
    uint32_t number = 7, before = 0, all[4];
    uint64_t version;

    OK(shma_store(hits, 1, &number));
    OK(shma_fetch_add(hits, 1, &number, &before));
    CHECK(before == 7);
    /* The same memory for both. */
    OK(shma_fetch_add(hits, 1, &number, &number));
    CHECK(number == 14);
    OK(shma_load(hits, 1, &number));
    CHECK(number == 21);
    number = 30;
    OK(shma_fetch_max(hits, 1, &number, NULL));
    number = 3;
    OK(shma_fetch_min(hits, 1, &number, &before));
    CHECK(before == 30);
    OK(shma_read(hits, all, sizeof all, &version));
    CHECK(all[0] == 0 && all[1] == 3 && version == 6);
    all[2] = 9;
    OK(shma_write(hits, all, sizeof all, 0, &version));
    OK(shma_read_part(hits, 8, &number, 4, NULL));
    CHECK(number == 9);
    OK(shma_wait_newer(hits, version - 1, 0, NULL));
    shma_field_close(hits);
}

int main(int count, char **arguments)
{
    shma_state *state;
    if (count != 2)
        return 2;
    CHECK(shma_abi() == SHMA_ABI);
    CHECK(strcmp(shma_message(), "") == 0);
    declares_and_attaches(arguments[1]);
    state = created(arguments[1]);
    reads_and_writes(state);
    updates(state);
    transactions_and_snapshots(arguments[1], state);
    atomics(state);
    shma_close(state);
    CHECK(strcmp(shma_message(), "") == 0);
    return 0;
}
