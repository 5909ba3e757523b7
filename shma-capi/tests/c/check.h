/* What the programs share. They are C99 and C++11 at once. */
#ifndef CHECK_H
#define CHECK_H
#include <shma.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(condition)                                                                  \
    do {                                                                                  \
        if (!(condition)) {                                                               \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);       \
            fprintf(stderr, "the latest message: %s\n", shma_message());                  \
            exit(1);                                                                      \
        }                                                                                 \
    } while (0)

#define OK(call)                                                                          \
    do {                                                                                  \
        int code_ = (call);                                                               \
        if (code_ != 0) {                                                                 \
            fprintf(stderr, "%s:%d: %s gave %d\n", __FILE__, __LINE__, #call, code_);     \
            fprintf(stderr, "the message: %s\n", shma_message());                         \
            exit(1);                                                                      \
        }                                                                                 \
    } while (0)

/* The call gives this error, and its message has its name and these words in it. */
#define FAILS(code, words, call) check_fails(__FILE__, __LINE__, code, words, #call, (call))

static inline void check_fails(const char *file, int line, int code, const char *words,
                               const char *call, int given)
{
    const char *message = shma_message();
    size_t name = strcspn(call, "(");
    if (given == -code && strncmp(message, call, name) == 0 && message[name] == ':' &&
        strstr(message + name, words) != NULL)
        return;
    fprintf(stderr, "%s:%d: %s gave %d instead of %d\nthe message, without `%s`: %s\n", file, line,
            call, given, -code, words, message);
    exit(1);
}

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

typedef double plate_value[16][32];

/* plate: [[f64; 32]; 16], step: u64 and timed, hits: atomic [u32; 4] */
static inline shma_declaration *declared(const char *state_name)
{
    shma_declaration *declaration;
    const uint64_t first_step = 7;
    OK(shma_declare(state_name, &declaration));
    OK(shma_declare_field(declaration, "plate", "[[f64; 32]; 16]", 0, 0, NULL));
    OK(shma_declare_field(declaration, "step", "u64", 8, SHMA_TIMED, &first_step));
    OK(shma_declare_field(declaration, "hits", "[u32; 4]", 0, SHMA_ATOMIC, NULL));
    return declaration;
}

static inline shma_state *created(const char *name)
{
    shma_state *state;
    shma_declaration *declaration = declared("Plate");
    OK(shma_create(name, declaration, NULL, &state));
    shma_declaration_free(declaration);
    return state;
}

static inline shma_field *opened(shma_state *state, const char *name)
{
    shma_field *field;
    OK(shma_field_open(state, name, NULL, &field));
    return field;
}

static inline shma_options options_of_size(uint32_t size)
{
    shma_options options;
    memset(&options, 0, sizeof options);
    options.size = size;
    return options;
}
#endif
