/* shma: typed states in shared memory, for C and C++. The contract of section 14; names and meanings are fixed.
 *
 * Calls return 0, or a negative errno value (table at the end); shma_message() says more, in a sentence, for the last
 * failing call of this thread. Nothing unwinds or aborts: not on NULL, not on a wrong size, not on a hostile region.
 * Times are milliseconds: 0 does not wait for a holder that lives, SHMA_FOREVER waits as long as it takes.
 * Types are written as manifests print them: "f64", "[[f64; 32]; 16]" (16 rows of 32). Values are plain bytes in C order.
 * Handles may be used by any thread, except that an update or transaction belongs to the thread that began it: commit from
 * another thread is -EPERM and from a fork child -ECHILD, and the update goes on in its own thread; abort from there does
 * nothing. In every other case commit ends it, whatever it returns. An update keeps its field alive, a transaction its state.
 * On failure *out is NULL. Getters of NULL give NULL or 0. */
#ifndef SHMA_H
#define SHMA_H
#include <stddef.h>
#include <stdint.h>
#ifdef __cplusplus
extern "C" {
#endif

#define SHMA_ABI 1
#define SHMA_FOREVER (-1)
#define SHMA_ATOMIC 1u /* every number its own atomic, no semaphore */
#define SHMA_TIMED 2u  /* exact age */

typedef struct shma_state shma_state;             /* an attachment */
typedef struct shma_field shma_field;             /* a field of it; keeps the attachment alive */
typedef struct shma_update shma_update;           /* an update under way: holds the field's semaphore */
typedef struct shma_transaction shma_transaction; /* a transaction under way: holds all semaphores */
typedef struct shma_declaration shma_declaration;

typedef struct shma_options { /* all other members zero: the defaults */
    uint32_t size;       /* sizeof(shma_options); anything that no version had, 0 too, is -EINVAL */
    uint32_t mode;       /* permission bits of a region that is created; 0 means 0600 */
    int32_t read_only;   /* attach without write permission */
    int32_t persistent;  /* stays until it is unlinked */
    int32_t prefault;    /* touch all pages at once */
    int32_t huge_pages;  /* best effort */
    int64_t wait_ms;     /* opening waits so long for the region to appear */
    const char *dir;     /* directory of the region's file; NULL: /dev/shm */
} shma_options;

int shma_abi(void); /* SHMA_ABI of the library that is loaded */
const char *shma_message(void);

/* Declaring and attaching. `options` may be NULL. Struct types cannot be declared from C (-EINVAL); open such a state with
 * `expected` NULL. read_only with a creating call is -EINVAL. */
int shma_declare(const char *state_name, shma_declaration **out);
int shma_declare_field(shma_declaration *declaration, const char *name, const char *type, int slots /* 0: 4 */, unsigned flags,
                       const void *initial /* NULL: zeroes */);
void shma_declaration_free(shma_declaration *declaration);
int shma_create(const char *name, const shma_declaration *declaration, const shma_options *options, shma_state **out);
int shma_open(const char *name, const shma_declaration *expected /* NULL: whatever it is */, const shma_options *options,
              shma_state **out);
int shma_open_or_create(const char *name, const shma_declaration *declaration, const shma_options *options, shma_state **out);
int shma_unlink(const char *name, const shma_options *options);
void shma_close(shma_state *state);
const char *shma_manifest(const shma_state *state); /* JSON, as it lies in the region */
int shma_is_current(const shma_state *state);       /* 1, 0, or an error */

/* Fields. `type` is compared with the manifest's, and the message of -EPROTO names both; NULL takes any. */
int shma_field_open(shma_state *state, const char *name, const char *type, shma_field **out);
void shma_field_close(shma_field *field);
size_t shma_field_bytes(const shma_field *field);
const char *shma_field_type(const shma_field *field);

/* Reading: one publication, never torn. `bytes` has to be the field's, or the part's; `first` is in bytes; `version` may be
 * NULL. shma_try_read makes a bounded effort and gives -EBUSY. */
int shma_read(const shma_field *field, void *into, size_t bytes, uint64_t *version);
int shma_read_part(const shma_field *field, size_t first, void *into, size_t bytes, uint64_t *version);
int shma_try_read(const shma_field *field, void *into, size_t bytes, uint64_t *version);
int shma_version(const shma_field *field, uint64_t *version);
int shma_age_ns(const shma_field *field, uint64_t *nanoseconds);
int shma_wait_newer(const shma_field *field, uint64_t since, int64_t timeout_ms, uint64_t *version); /* nothing newer: -ETIMEDOUT */

/* Writing. */
int shma_write(shma_field *field, const void *value, size_t bytes, int64_t timeout_ms, uint64_t *version);
int shma_write_part(shma_field *field, size_t first, const void *value, size_t bytes, int64_t timeout_ms, uint64_t *version);
/* Read-modify-write: *new_value is private memory, aligned to 16, that starts equal to *old_value (old_value may be NULL). Ends with commit or abort; abort, and
 * the death of the process, publish nothing. The part form covers `bytes` from `first` on, at their cost. */
int shma_update_begin(shma_field *field, int64_t timeout_ms, void **new_value, const void **old_value, shma_update **out);
int shma_update_part_begin(shma_field *field, size_t first, size_t bytes, int64_t timeout_ms, void **new_value,
                           const void **old_value, shma_update **out);
int shma_update_commit(shma_update *update, uint64_t *version);
void shma_update_abort(shma_update *update);

/* Several fields as one. Only fields whose values are asked for are copied, only those whose bytes changed are published. */
int shma_snapshot(shma_state *state, size_t count, shma_field *const fields[], void *const into[], const size_t bytes[],
                  uint64_t versions[] /* or NULL */); /* a field of another state: -EINVAL */
int shma_transaction_begin(shma_state *state, int64_t timeout_ms, shma_transaction **out);
int shma_transaction_value(shma_transaction *transaction, shma_field *field, void **new_value, const void **old_value);
int shma_transaction_commit(shma_transaction *transaction);
void shma_transaction_abort(shma_transaction *transaction);

/* Atomic fields: `value` and `before` point to one number of the field's type; `before` may be NULL. These calls on an
 * ordinary field, and updates, writes of parts and transaction values of an atomic one, are -EINVAL. */
int shma_load(const shma_field *field, size_t index, void *value);
int shma_store(shma_field *field, size_t index, const void *value);
int shma_fetch_add(shma_field *field, size_t index, const void *value, void *before);
int shma_fetch_max(shma_field *field, size_t index, const void *value, void *before);
int shma_fetch_min(shma_field *field, size_t index, const void *value, void *before);

/* -ENOENT no such region or field      -EEXIST exists already        -EPROTO layout or type differs   -EPERM foreign owner, or not this thread's update
 * -EBADMSG not a region                -ESTALE retired               -ENOSPC no space                 -EINVAL invalid name, declaration, argument
 * -ETIMEDOUT timed out (names holder)  -EAGAIN would block           -EDEADLK re-entry                -EBUSY contended
 * -ECHILD forked                       -EROFS read-only handle       -EMSGSIZE wrong number of bytes  -ERANGE out of range
 * -EFAULT NULL where none may be       -ENOTRECOVERABLE fault of the library's own; anything else: the system call's errno */
/* -ENOMEM no memory for a value         -EUCLEAN in a directory on a disk: in use when the machine stopped */

#ifdef __cplusplus
}
#endif
#endif
