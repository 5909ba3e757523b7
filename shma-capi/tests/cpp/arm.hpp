/* The layout of the state Arm, as `shma header` writes it. Numbers are in bytes. */
#if defined(SHMA_Arm_H) && !defined(SHMA_Arm_LAYOUT_d5e5655f1d806888d77c24cca4914b20)
#error "a state of this name with another layout is included already; write one of the headers with --prefix"
#endif
#ifndef SHMA_Arm_H
#define SHMA_Arm_H
#define SHMA_Arm_LAYOUT_d5e5655f1d806888d77c24cca4914b20

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

#define SHMA_Arm_FINGERPRINT "d5e5655f1d806888d77c24cca4914b20"

/* Joint */
typedef struct shma_Arm_Joint_struct {
    double angle;
    float torque;
    uint32_t id;
} shma_Arm_Joint_struct;
SHMA_STATIC_ASSERT(sizeof(shma_Arm_Joint_struct) == 16, "layout of shma_Arm_Joint_struct");
SHMA_STATIC_ASSERT(offsetof(shma_Arm_Joint_struct, angle) == 0, "layout of shma_Arm_Joint_struct");
SHMA_STATIC_ASSERT(offsetof(shma_Arm_Joint_struct, torque) == 8, "layout of shma_Arm_Joint_struct");
SHMA_STATIC_ASSERT(offsetof(shma_Arm_Joint_struct, id) == 12, "layout of shma_Arm_Joint_struct");

/* joints: [Joint; 2] */
typedef shma_Arm_Joint_struct shma_Arm_joints[2];
#define SHMA_Arm_joints_AT 4096
#define SHMA_Arm_joints_SLOTS_AT 4352
#define SHMA_Arm_joints_SLOT_STRIDE 128
#define SHMA_Arm_joints_SLOTS 4
#define SHMA_Arm_joints_BYTES 32
SHMA_STATIC_ASSERT(sizeof(shma_Arm_joints) == 32, "layout of shma_Arm_joints");

/* wave: [Complex<f64>; 2] */
typedef double shma_Arm_wave[2][2];
#define SHMA_Arm_wave_AT 4864
#define SHMA_Arm_wave_SLOTS_AT 5120
#define SHMA_Arm_wave_SLOT_STRIDE 128
#define SHMA_Arm_wave_SLOTS 4
#define SHMA_Arm_wave_BYTES 32
SHMA_STATIC_ASSERT(sizeof(shma_Arm_wave) == 32, "layout of shma_Arm_wave");

/* wide: u128 */
typedef uint64_t shma_Arm_wide[2];
#define SHMA_Arm_wide_AT 5632
#define SHMA_Arm_wide_SLOTS_AT 5888
#define SHMA_Arm_wide_SLOT_STRIDE 128
#define SHMA_Arm_wide_SLOTS 4
#define SHMA_Arm_wide_BYTES 16
SHMA_STATIC_ASSERT(sizeof(shma_Arm_wide) == 16, "layout of shma_Arm_wide");

/* größe: f32 */
typedef float shma_Arm_gr0xf6z0xdfze;
#define SHMA_Arm_gr0xf6z0xdfze_AT 6400
#define SHMA_Arm_gr0xf6z0xdfze_SLOTS_AT 6656
#define SHMA_Arm_gr0xf6z0xdfze_SLOT_STRIDE 128
#define SHMA_Arm_gr0xf6z0xdfze_SLOTS 4
#define SHMA_Arm_gr0xf6z0xdfze_BYTES 4
SHMA_STATIC_ASSERT(sizeof(shma_Arm_gr0xf6z0xdfze) == 4, "layout of shma_Arm_gr0xf6z0xdfze");

/* ticks: [u64; 2], atomic */
typedef uint64_t shma_Arm_ticks[2];
#define SHMA_Arm_ticks_AT 7168
#define SHMA_Arm_ticks_SLOTS_AT 8448
#define SHMA_Arm_ticks_SLOT_STRIDE 128
#define SHMA_Arm_ticks_SLOTS 1
#define SHMA_Arm_ticks_BYTES 16
SHMA_STATIC_ASSERT(sizeof(shma_Arm_ticks) == 16, "layout of shma_Arm_ticks");

/* 0 if the region has this layout, else negative; see `shma_map_matches`. */
static inline int shma_Arm_check(const void *region, size_t bytes)
{
    return shma_map_matches(region, bytes, 2, UINT64_C(8576),
                            UINT64_C(0xd5e5655f1d806888), UINT64_C(0xd77c24cca4914b20));
}

#endif

#ifndef SHMA_Arm_HPP
#define SHMA_Arm_HPP
#include <shma.hpp>

template <>
struct shma::element<shma_Arm_Joint_struct> {
    static ::std::string name() { return "Joint"; }
};

/* An attachment to a region of this layout, and its fields. */
struct shma_Arm {
    ::shma::state state_;
    ::shma::field<shma_Arm_Joint_struct[2]> joints; /* joints: [Joint; 2] */
    ::shma::field<::std::complex<double>[2]> wave; /* wave: [Complex<f64>; 2] */
    ::shma::field<::shma::u128> wide; /* wide: u128 */
    ::shma::field<float> gr0xf6z0xdfze; /* größe: f32 */
    ::shma::field<::std::uint64_t[2]> ticks; /* ticks: [u64; 2], atomic */

    explicit shma_Arm(const ::std::string &name_, const ::shma::options &how_ = {})
        : shma_Arm(::shma::state(name_, how_))
    {
    }
    explicit shma_Arm(::shma::state opened_)
        : state_(checked_(::std::move(opened_))),
          joints(state_.field<shma_Arm_Joint_struct[2]>("joints")),
          wave(state_.field<::std::complex<double>[2]>("wave")),
          wide(state_.field<::shma::u128>("wide")),
          gr0xf6z0xdfze(state_.field<float>("gr\303\266\303\237e")),
          ticks(state_.field<::std::uint64_t[2]>("ticks"))
    {
    }

private:
    static ::shma::state checked_(::shma::state opened_)
    {
        opened_.expect(SHMA_Arm_FINGERPRINT);
        return opened_;
    }
};
#endif
