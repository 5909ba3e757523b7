// Every class of shma.hpp. Takes the name of a region that is not there.
#include "check.h"

#include <shma.hpp>

#include <limits>
#include <string>
#include <thread>
#include <type_traits>

using namespace std::chrono_literals;

static_assert(!std::is_copy_constructible_v<shma::state> && std::is_nothrow_move_constructible_v<shma::state>, "");
static_assert(!std::is_copy_constructible_v<shma::field<double>>, "");
static_assert(std::is_nothrow_move_assignable_v<shma::field<double>>, "");
static_assert(!std::is_copy_constructible_v<shma::declaration>, "");

template <class F>
static void throws(int code, const char *words, F f)
{
    bool thrown = false;
    try {
        f();
    } catch (const shma::error &error) {
        thrown = true;
        if (error.code() != code || std::string(error.what()).find(words) == std::string::npos) {
            std::fprintf(stderr, "%d instead of %d: %s\n", error.code(), code, error.what());
            std::exit(1);
        }
    }
    CHECK(thrown);
}

static void types()
{
    CHECK(shma::element<double[16][32]>::name() == "[[f64; 32]; 16]");
    CHECK((shma::element<std::array<std::array<float, 3>, 2>>::name()) == "[[f32; 3]; 2]");
    CHECK(shma::element<signed char>::name() == "i8" && shma::element<unsigned long long>::name() == "u64");
    CHECK(shma::element<std::int16_t>::name() == "i16" && shma::element<long>::name() == "i64");
    CHECK(shma::element<std::complex<double>[2]>::name() == "[Complex<f64>; 2]");
}

static void times()
{
    CHECK(shma::timeout(1us).milliseconds() == 1 && shma::timeout(0s).milliseconds() == 0);
    CHECK(shma::timeout(-5s).milliseconds() == 0 && shma::timeout(1500us).milliseconds() == 2);
    CHECK(shma::timeout(std::chrono::hours::max()).milliseconds() == SHMA_FOREVER);
    CHECK(shma::timeout(std::chrono::duration<double>(0.0015)).milliseconds() == 2);
    CHECK(shma::timeout(std::chrono::duration<double>(std::numeric_limits<double>::quiet_NaN())).milliseconds() == 0);
    CHECK(shma::timeout(std::chrono::duration<double>(std::numeric_limits<double>::infinity())).milliseconds() ==
          SHMA_FOREVER);
    CHECK(shma::forever.milliseconds() == SHMA_FOREVER);
}

static shma::declaration plate_of()
{
    shma::declaration declaration("Plate");
    declaration.field<double[16][32]>("plate").field_of<std::uint64_t>("step", 7, SHMA_TIMED, 8);
    declaration.field<std::uint32_t[4]>("hits", SHMA_ATOMIC).field<std::complex<float>>("wave");
    return declaration;
}

int main(int count, char **arguments)
{
    if (count != 2)
        return 2;
    const std::string name = arguments[1];
    types();
    times();

    throws(ENOENT, name.c_str(), [&] { shma::state none(name); });
    auto created = shma::state::create(name, plate_of());
    throws(EEXIST, name.c_str(), [&] { shma::state::create(name, plate_of()); });
    shma::declaration other("Other");
    throws(EINVAL, "field", [&] { shma::state none(name, other); });
    other.field<double>("x");
    throws(EPROTO, "Other", [&] { shma::state none(name, other); });
    shma::options reading;
    reading.read_only = true;
    reading.wait = 10ms;
    reading.dir = "/dev/shm";
    shma::state reader(name, reading);
    shma::state state = shma::state::open_or_create(name, plate_of());
    CHECK(state.is_current() && state.manifest() == reader.manifest());

    auto plate = state.field<double[16][32]>("plate");
    auto step = state.field<std::uint64_t>("step");
    auto hits = state.field<std::uint32_t[4]>("hits");
    auto wave = state.field<std::complex<float>>("wave");
    throws(EPROTO, "[[f64; 32]; 16]", [&] { state.field<double[32][16]>("plate"); });
    throws(EPROTO, "`u64`", [&] { state.field<std::int64_t>("step"); });
    throws(ENOENT, "stop", [&] { state.field<double>("stop"); });

    static double value[16][32];
    value[3][4] = 1.5;
    CHECK(plate.write(value) == 2);
    CHECK(plate.update([](auto &now, const auto &old) { now[0][0] = old[3][4] + 1; }) == 3);
    CHECK(plate.read(value) == 3 && value[0][0] == 2.5 && value[3][4] == 1.5);
    struct stop {};
    try {
        plate.update([](auto &now, const auto &) {
            now[0][0] = 9;
            throw stop();
        });
        CHECK(false);
    } catch (const stop &) {
    }
    CHECK(plate.version() == 3 && plate.try_read(value) == 3 && value[0][0] == 2.5);
    double row[32];
    CHECK(plate.read_at(3, row) == 3 && row[4] == 1.5);
    double rows[2][32];
    CHECK(plate.read_rows(2, rows) == 3 && rows[1][4] == 1.5 && rows[0][4] == 0);
    throws(ERANGE, "plate", [&] { plate.read_rows(15, rows); });
    row[4] = 2;
    CHECK(plate.write_at(5, row, 1s) == 4);
    CHECK(plate.update_at(5, [](auto &now, const auto &old) { now[5] = old[4] + 1; }) == 5);
    plate.read(value);
    CHECK(value[5][4] == 2 && value[5][5] == 3 && value[4][4] == 0 && value[6][5] == 0);
    throws(ERANGE, "plate", [&] { plate.read_at(16, row); });
    throws(ERANGE, "plate", [&] { plate.write_at(SIZE_MAX / 256 + 1, row); });

    CHECK(step.read() == 7 && step.age() >= 0ns);
    CHECK(!step.wait_newer(1, 1ms) && step.wait_newer(0) == 1);
    CHECK(wave.update([](auto &now, const auto &old) { now = old + std::complex<float>(1, 2); }) == 2);
    CHECK(wave.read() == std::complex<float>(1, 2));
    throws(EROFS, "step", [&] { reader.field<std::uint64_t>("step").write(1); });

    hits.store(1, 5);
    CHECK(hits.fetch_add(1, 2) == 5 && hits.fetch_max(1, 20) == 7 && hits.fetch_min(1, 3) == 20);
    CHECK(hits.load(1) == 3);
    throws(EINVAL, "atomic", [&] { hits.update([](auto &, const auto &) {}); });
    throws(EINVAL, "not atomic", [&] { step.load(); });

    std::uint64_t number = 0;
    const auto before = state.snapshot(plate.into(value), step.into(number));
    state.transaction([&](shma::transaction &inside) {
        auto [now, old] = inside.value(step);
        now = old + 3;
        inside.value(plate).now[0][0] = 4;
        CHECK(&inside.value(step).now == &now);
    });
    const auto after = state.snapshot(step.into(number), plate.into(value));
    CHECK(number == 10 && value[0][0] == 4 && after[0] == before[1] + 1 && after[1] == before[0] + 1);
    try {
        state.transaction(
            [&](shma::transaction &inside) {
                inside.value(step).now = 0;
                throw stop();
            },
            0ms);
        CHECK(false);
    } catch (const stop &) {
    }
    step.update([&](auto &now, const auto &old) {
        std::thread([&] { throws(ETIMEDOUT, "held by", [&] { step.write(0, 2ms); }); }).join();
        throws(EDEADLK, "step", [&] { step.write(0); });
        now = old + 1;
    });
    CHECK(step.read() == 11);

    // What C takes for the end of a text is none in C++.
    const std::string longer = std::string("step\0", 5), whole = name + std::string("\0", 1);
    shma::options elsewhere;
    elsewhere.dir = std::string("/dev/shm\0", 9);
    throws(EINVAL, "NUL", [&] { state.field<std::uint64_t>(longer); });
    throws(EINVAL, "NUL", [&] { shma::state none(whole); });
    throws(EINVAL, "NUL", [&] { shma::state::unlink(whole); });
    throws(EINVAL, "NUL", [&] { shma::state::create(name + "-3", plate_of(), elsewhere); });
    throws(EINVAL, "NUL", [&] { shma::declaration none(longer); });
    throws(EINVAL, "NUL", [&] { plate_of().field<double>(longer); });
    const std::string key = "\"fingerprint\":\"", manifest = state.manifest();
    const std::string fingerprint = manifest.substr(manifest.find(key) + key.size(), 32);
    state.expect(fingerprint);
    throws(EPROTO, "another layout", [&] { state.expect(fingerprint.substr(0, 31)); });
    throws(EPROTO, "another layout", [&] { state.expect(""); });

    shma::declaration given("Plate");
    const shma::declaration taken = std::move(given);
    throws(EFAULT, "`expected`", [&] { shma::state none(name, given); });
    throws(EFAULT, "`declaration`", [&] { shma::state::create(name, given); });
    throws(EFAULT, "`declaration`", [&] { given.field<double>("more"); });
    shma::state moved = std::move(state);
    throws(EFAULT, "`state`", [&] { state.is_current(); });
    throws(EFAULT, "`state`", [&] { state.manifest(); });
    CHECK(moved.is_current());
    auto last = std::move(step);
    throws(EFAULT, "`field`", [&] { step.version(); });
    shma::state::unlink(name);
    CHECK(!moved.is_current() && last.read() == 11);
    throws(ESTALE, "step", [&] { last.wait_newer(last.version()); });
    return 0;
}
