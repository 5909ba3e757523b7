#ifndef SHMA_MAP_READ
#define SHMA_MAP_READ
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__cplusplus)
#define SHMA_STATIC_ASSERT(condition, message) static_assert(condition, message)
#elif __STDC_VERSION__ >= 201112L
#define SHMA_STATIC_ASSERT(condition, message) _Static_assert(condition, message)
#else
#define SHMA_STATIC_ASSERT(condition, message) SHMA_ASSERT_AS(condition, __COUNTER__)
#define SHMA_ASSERT_AS(condition, number) SHMA_ASSERT_CALLED(condition, number)
#define SHMA_ASSERT_CALLED(condition, number) enum { shma_assert_##number = 1 / ((condition) ? 1 : 0) }
#endif

/* Words of a region are loaded as atomics: writers store them at any time. */
static inline uint64_t shma_map_word(const void *region, size_t at)
{
    return __atomic_load_n((const uint64_t *)(const void *)((const char *)region + at),
                           __ATOMIC_RELAXED);
}

/*
 * Copies one publication of a field out of a region that is mapped at `region`, from a page boundary
 * on. Returns its number, or 0 if writers were too quick, and then try again. An atomic field, which
 * has one slot, is copied as it stands: each number is whole, the value is no snapshot, and the number
 * returned is no version.
 *
 *     shma_STATE_FIELD value;
 *     uint64_t version = shma_map_read(region, SHMA_STATE_FIELD_AT, SHMA_STATE_FIELD_SLOTS_AT,
 *                                      SHMA_STATE_FIELD_SLOT_STRIDE, SHMA_STATE_FIELD_SLOTS, &value,
 *                                      sizeof value);
 *
 * Check the region first, by `shma_STATE_check`.
 */
static inline uint64_t shma_map_read(const void *region, size_t at, size_t slots_at, size_t stride,
                                     uint64_t slots, void *into, size_t bytes)
{
    const uint64_t *version_at = (const uint64_t *)(const void *)((const char *)region + at);
    const uint64_t *commit_at = (const uint64_t *)(const void *)((const char *)region + 128);
    uint64_t commit = 0;
    /* Acquire: meets the release of the publication, so that its slot is seen. */
    uint64_t version = __atomic_load_n(version_at, __ATOMIC_ACQUIRE);
    if (shma_map_word(region, at + 8) != version) {
        /* A transaction may have happened whose versions are not stored yet. */
        commit = __atomic_load_n(commit_at, __ATOMIC_ACQUIRE);
        version = __atomic_load_n(version_at, __ATOMIC_ACQUIRE);
        if (commit % 2 != 0 && shma_map_word(region, at + 136) == version + 1)
            version += 1;
    }
    size_t slot = slots_at + (size_t)(version % slots) * stride;
    for (size_t i = 0; i < bytes; i += 8) {
        uint64_t word = shma_map_word(region, slot + i);
        memcpy((char *)into + i, &word, bytes - i < 8 ? bytes - i : 8);
    }
    /* Meets the fence of the writer that overwrites the slot: its `begin` is seen. */
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    if (slots > 1 && shma_map_word(region, at + 8) - version >= slots)
        return 0;
    if (commit % 2 != 0 && shma_map_word(region, 128) != commit)
        return 0;
    return version;
}

/*
 * Whether a mapping of a whole file is a region of this layout; `bytes` is the file's length.
 *
 *     -EFAULT   `region` is NULL
 *     -EMSGSIZE `bytes` are not those of the region
 *     -EBADMSG  not a region, of the other byte order, or of another version of the format
 *     -EPROTO   a region of another layout
 */
static inline int shma_map_matches(const void *region, size_t bytes, uint32_t format, uint64_t end,
                                   uint64_t high, uint64_t low)
{
    if (region == NULL)
        return -EFAULT;
    if (bytes < 4096)
        return -EMSGSIZE;
    const uint64_t magic = shma_map_word(region, 0), format_and_order = shma_map_word(region, 8);
    uint32_t halves[2];
    memcpy(halves, &format_and_order, sizeof halves);
    if (memcmp(&magic, "SHMAREGN", 8) != 0 || halves[0] != format || halves[1] != 0x01020304)
        return -EBADMSG;
    const uint64_t total = shma_map_word(region, 16);
    if (total != bytes || total < end)
        return -EMSGSIZE;
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    const size_t low_at = 32, high_at = 24;
#else
    const size_t low_at = 24, high_at = 32;
#endif
    if (shma_map_word(region, low_at) != low || shma_map_word(region, high_at) != high)
        return -EPROTO;
    return 0;
}
#endif
