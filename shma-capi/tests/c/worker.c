/* Adds to one state with others, and may be killed at any instruction: NAME, its number, and how many
 * steps, or 0 for as long as it lives. In each field number 0 is the sum, and number i + 1 the part
 * that worker i has added. */
#include "check.h"

enum { SLOTS = 8 };

struct story {
    shma_state *state;
    shma_field *first, *second;
    int number;
    /* What this worker has added to each, as far as it knows. */
    uint64_t counted[2];
};

/* No other process adds to this part, so it is as this one left it. */
static void add(struct story *story, int which, void *value)
{
    uint64_t *counts = (uint64_t *)value;
    uint64_t sum = 0;
    int i;
    for (i = 1; i < SLOTS; i++)
        sum += counts[i];
    CHECK(sum == counts[0]);
    CHECK(counts[story->number + 1] == story->counted[which]);
    counts[0] += 1;
    counts[story->number + 1] += 1;
    story->counted[which] += 1;
}

static void step(struct story *story, uint64_t round)
{
    void *new_value, *other;
    if (round % 3 == 0) {
        shma_transaction *transaction;
        OK(shma_transaction_begin(story->state, SHMA_FOREVER, &transaction));
        OK(shma_transaction_value(transaction, story->first, &new_value, NULL));
        OK(shma_transaction_value(transaction, story->second, &other, NULL));
        add(story, 0, new_value);
        add(story, 1, other);
        OK(shma_transaction_commit(transaction));
    } else {
        shma_update *update;
        const void *old_value;
        int which = round % 3 == 1 ? 0 : 1;
        shma_field *field = which == 0 ? story->first : story->second;
        OK(shma_update_begin(field, SHMA_FOREVER, &new_value, &old_value, &update));
        add(story, which, new_value);
        OK(shma_update_commit(update, NULL));
    }
}

int main(int count, char **arguments)
{
    struct story story;
    shma_field *fields[2];
    void *into[2];
    size_t bytes[2];
    uint64_t values[2][SLOTS], round, rounds;

    if (count != 4)
        return 2;
    OK(shma_open(arguments[1], NULL, NULL, &story.state));
    OK(shma_field_open(story.state, "first", "[u64; 8]", &story.first));
    OK(shma_field_open(story.state, "second", "[u64; 8]", &story.second));
    story.number = atoi(arguments[2]);
    rounds = (uint64_t)atol(arguments[3]);
    fields[0] = story.first, fields[1] = story.second;
    into[0] = values[0], into[1] = values[1];
    bytes[0] = sizeof values[0], bytes[1] = sizeof values[1];
    OK(shma_snapshot(story.state, 2, fields, into, bytes, NULL));
    story.counted[0] = values[0][story.number + 1];
    story.counted[1] = values[1][story.number + 1];
    for (round = 0; rounds == 0 || round < rounds; round++)
        step(&story, round);
    shma_field_close(story.second);
    shma_field_close(story.first);
    shma_close(story.state);
    return 0;
}
