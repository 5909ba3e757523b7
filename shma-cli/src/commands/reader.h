#ifndef SHMA_READ
#define SHMA_READ
/*
 * Copies one publication of a field out of a region that is mapped at `region`, from a page boundary
 * on. Returns its number, or 0 if writers were too quick, and then try again. An atomic field, which
 * has one slot, is copied as it stands; its numbers are whole, its value is no snapshot.
 *
 *     Field value;
 *     uint64_t version = shma_read(region, SHMA_.._AT, SHMA_.._SLOTS_AT, SHMA_.._SLOT_STRIDE,
 *                                  SHMA_.._SLOTS, &value, sizeof value);
 */
static inline uint64_t shma_read(const void *region, size_t at, size_t slots_at, size_t stride,
                                 uint64_t slots, void *into, size_t bytes)
{
    const char *base = (const char *)region;
    const _Atomic uint64_t *version_at = (const _Atomic uint64_t *)(base + at);
    const _Atomic uint64_t *begin_at = (const _Atomic uint64_t *)(base + at + 8);
    const _Atomic uint64_t *target_at = (const _Atomic uint64_t *)(base + at + 136);
    const _Atomic uint64_t *commit_at = (const _Atomic uint64_t *)(base + 128);
    uint64_t commit = 0;
    uint64_t version = atomic_load_explicit(version_at, memory_order_acquire);
    if (atomic_load_explicit(begin_at, memory_order_relaxed) != version) {
        /* A transaction may have happened whose versions are not stored yet. */
        commit = atomic_load_explicit(commit_at, memory_order_acquire);
        version = atomic_load_explicit(version_at, memory_order_acquire);
        if (commit % 2 && atomic_load_explicit(target_at, memory_order_relaxed) == version + 1)
            version += 1;
    }
    const _Atomic uint64_t *slot =
        (const _Atomic uint64_t *)(base + slots_at + version % slots * stride);
    for (size_t i = 0; i < bytes; i += 8) {
        uint64_t word = atomic_load_explicit(slot + i / 8, memory_order_relaxed);
        memcpy((char *)into + i, &word, bytes - i < 8 ? bytes - i : 8);
    }
    atomic_thread_fence(memory_order_acquire);
    if (slots > 1 && atomic_load_explicit(begin_at, memory_order_relaxed) - version >= slots)
        return 0;
    if (commit % 2 && atomic_load_explicit(commit_at, memory_order_relaxed) != commit)
        return 0;
    return version;
}
#endif
