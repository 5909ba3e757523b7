// shma: typed states in shared memory, for C++17 and later. A thin cover of shma.h, without a library of its own.
//
//     shma::state state("plant");
//     auto plate = state.field<double[16][32]>("plate"); // compared with the manifest
//     double copy[16][32];
//     std::uint64_t version = plate.read(copy);
//     plate.update([](auto &now, const auto &old) { now[0][0] = old[0][0] + 1; }); // published unless it throws
//
// Whatever a call of shma.h gives as an error is thrown as shma::error, whose code() is a positive errno value. Classes
// own their handles and can be moved, not copied; one that was moved from throws EFAULT. Destructors never throw.
// Time-outs are durations of std::chrono, rounded up to milliseconds: negative ones are 0, which does not wait for a
// holder that lives, and shma::forever waits as long as it takes.
#ifndef SHMA_HPP
#define SHMA_HPP

#include "shma.h"

#include <array>
#include <cerrno>
#include <chrono>
#include <complex>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

namespace shma {

class error : public std::runtime_error {
public:
    error(int code, const std::string &what) : std::runtime_error(what), code_(code) {}
    /// A positive errno value, as in the table of shma.h.
    int code() const noexcept { return code_; }

private:
    int code_;
};

namespace detail {

inline void check(int code)
{
    if (code < 0)
        throw error(-code, shma_message());
}

/// Text for a call, which would take a NUL for its end.
inline const char *text(const std::string &from)
{
    if (from.find('\0') != std::string::npos)
        throw error(EINVAL, "`" + std::string(from.c_str()) + "` goes on behind a NUL: pass text without one");
    return from.c_str();
}

struct closing {
    void operator()(shma_state *it) const noexcept { shma_close(it); }
    void operator()(shma_field *it) const noexcept { shma_field_close(it); }
    void operator()(shma_update *it) const noexcept { shma_update_abort(it); }
    void operator()(shma_transaction *it) const noexcept { shma_transaction_abort(it); }
    void operator()(shma_declaration *it) const noexcept { shma_declaration_free(it); }
};

template <class T>
using owned = std::unique_ptr<T, closing>;

} // namespace detail

/// How long a call waits.
class timeout {
public:
    template <class Rep, class Period>
    timeout(std::chrono::duration<Rep, Period> time) : milliseconds_(of(time))
    {
    }
    std::int64_t milliseconds() const noexcept { return milliseconds_; }
    static constexpr timeout unlimited() noexcept { return timeout(); }

private:
    constexpr timeout() noexcept : milliseconds_(SHMA_FOREVER) {}

    template <class Rep, class Period>
    static std::int64_t of(std::chrono::duration<Rep, Period> time)
    {
        using std::chrono::milliseconds;
        // As a double first, which no duration overflows.
        const double about = std::chrono::duration<double, std::milli>(time).count();
        if (!(about > 0))
            return 0;
        if (about >= 9e18)
            return SHMA_FOREVER;
        if constexpr (std::chrono::treat_as_floating_point<Rep>::value) {
            const auto whole = static_cast<std::int64_t>(about);
            return whole + (static_cast<double>(whole) < about ? 1 : 0);
        } else {
            const auto whole = std::chrono::duration_cast<milliseconds>(time);
            return whole.count() + (whole < time ? 1 : 0);
        }
    }

    std::int64_t milliseconds_;
};

inline constexpr timeout forever = timeout::unlimited();

// Numbers that C++ does not have everywhere, as their bytes.
struct f16 { std::uint16_t bits; };
struct bf16 { std::uint16_t bits; };
struct u128 { std::uint64_t words[2]; };
struct i128 { std::uint64_t words[2]; };

/// What manifests call a type. `shma header --cpp` specialises it for the structs of a state.
template <class T, class = void>
struct element;

template <> struct element<float> { static std::string name() { return "f32"; } };
template <> struct element<double> { static std::string name() { return "f64"; } };
template <> struct element<std::complex<float>> { static std::string name() { return "Complex<f32>"; } };
template <> struct element<std::complex<double>> { static std::string name() { return "Complex<f64>"; } };
template <> struct element<f16> { static std::string name() { return "f16"; } };
template <> struct element<bf16> { static std::string name() { return "bf16"; } };
template <> struct element<u128> { static std::string name() { return "u128"; } };
template <> struct element<i128> { static std::string name() { return "i128"; } };

namespace detail {
// Those that are text or truth are not numbers.
template <class T>
inline constexpr bool is_integer =
    std::is_integral_v<T> && !std::is_same_v<T, bool> && !std::is_same_v<T, char> && !std::is_same_v<T, wchar_t> &&
    !std::is_same_v<T, char16_t> && !std::is_same_v<T, char32_t>;
} // namespace detail

template <class T>
struct element<T, std::enable_if_t<detail::is_integer<T>>> {
    static std::string name() { return (std::is_signed_v<T> ? "i" : "u") + std::to_string(8 * sizeof(T)); }
};

template <class T, std::size_t N>
struct element<T[N]> {
    static std::string name() { return "[" + element<T>::name() + "; " + std::to_string(N) + "]"; }
};

template <class T, std::size_t N>
struct element<std::array<T, N>> : element<T[N]> {};

/// How a region is made or opened: see shma_options.
struct options {
    unsigned mode = 0;
    bool read_only = false;
    bool persistent = false;
    bool prefault = false;
    bool huge_pages = false;
    timeout wait = std::chrono::milliseconds(0);
    std::string dir = {};
};

namespace detail {
inline shma_options plain(const options &from)
{
    shma_options to = {};
    to.size = sizeof to;
    to.mode = from.mode;
    to.read_only = from.read_only;
    to.persistent = from.persistent;
    to.prefault = from.prefault;
    to.huge_pages = from.huge_pages;
    to.wait_ms = from.wait.milliseconds();
    to.dir = from.dir.empty() ? nullptr : text(from.dir);
    return to;
}

/// What C++ calls a field's numbers.
template <class T>
struct scalar {
    using type = T;
};
template <class T, std::size_t N>
struct scalar<T[N]> : scalar<T> {};
template <class T, std::size_t N>
struct scalar<std::array<T, N>> : scalar<T> {};

/// What an array consists of.
template <class T>
struct part {};
template <class T, std::size_t N>
struct part<T[N]> {
    using type = T;
};
template <class T, std::size_t N>
struct part<std::array<T, N>> {
    using type = T;
};
} // namespace detail

/// A field of a state and the place for its value, for state::snapshot.
template <class T>
struct reading {
    shma_field *field;
    T *into;
};

/// A field whose values are of type T: a number, a struct, or an array of either. It keeps its state alive.
template <class T>
class field {
    static_assert(std::is_trivially_copyable_v<T>, "values are copied as bytes");
    static_assert(alignof(T) <= 16, "memory of an update is aligned to 16");

public:
    using scalar = typename detail::scalar<T>::type;

    field(shma_state *state, const std::string &name)
    {
        shma_field *opened = nullptr;
        detail::check(shma_field_open(state, detail::text(name), element<T>::name().c_str(), &opened));
        field_.reset(opened);
        if (shma_field_bytes(opened) != sizeof(T))
            throw error(EPROTO, "field `" + name + "` has " + std::to_string(shma_field_bytes(opened)) +
                                    " bytes, and the C++ type " + std::to_string(sizeof(T)));
    }

    /// Copies the newest value, and returns its version.
    std::uint64_t read(T &into) const
    {
        std::uint64_t version = 0;
        detail::check(shma_read(get(), &into, sizeof(T), &version));
        return version;
    }
    /// The newest value, where it is no built-in array.
    template <class U = T, class = std::enable_if_t<!std::is_array_v<U>>>
    U read() const
    {
        U value;
        read(value);
        return value;
    }
    /// As read, with a bounded effort; nothing if writers were too quick.
    std::optional<std::uint64_t> try_read(T &into) const
    {
        std::uint64_t version = 0;
        const int code = shma_try_read(get(), &into, sizeof(T), &version);
        return unless(EBUSY, code, version);
    }
    /// One row of an array, or one number.
    template <class U = T, class P = typename detail::part<U>::type>
    std::uint64_t read_at(std::size_t index, P &into) const
    {
        std::uint64_t version = 0;
        detail::check(shma_read_part(get(), offset<P>(index), &into, sizeof(P), &version));
        return version;
    }
    /// So many rows of an array, or numbers, from one on, of one publication.
    template <std::size_t N, class U = T, class P = typename detail::part<U>::type>
    std::uint64_t read_rows(std::size_t first, P (&into)[N]) const
    {
        std::uint64_t version = 0;
        detail::check(shma_read_part(get(), offset<P>(first), &into, sizeof into, &version));
        return version;
    }
    reading<T> into(T &value) const noexcept { return {get(), &value}; }

    std::uint64_t version() const
    {
        std::uint64_t version = 0;
        detail::check(shma_version(get(), &version));
        return version;
    }
    std::chrono::nanoseconds age() const
    {
        std::uint64_t age = 0;
        detail::check(shma_age_ns(get(), &age));
        return std::chrono::nanoseconds(age);
    }
    /// Sleeps until there is a version other than `since`; nothing if there is none in time.
    std::optional<std::uint64_t> wait_newer(std::uint64_t since, timeout time = forever) const
    {
        std::uint64_t version = 0;
        const int code = shma_wait_newer(get(), since, time.milliseconds(), &version);
        return unless(ETIMEDOUT, code, version);
    }

    /// Publishes a value, and returns its version.
    std::uint64_t write(const T &value, timeout time = forever)
    {
        std::uint64_t version = 0;
        detail::check(shma_write(get(), &value, sizeof(T), time.milliseconds(), &version));
        return version;
    }
    /// Publishes the value with another row, or number, at this place.
    template <class U = T, class P = typename detail::part<U>::type>
    std::uint64_t write_at(std::size_t index, const P &value, timeout time = forever)
    {
        std::uint64_t version = 0;
        detail::check(shma_write_part(get(), offset<P>(index), &value, sizeof(P), time.milliseconds(), &version));
        return version;
    }
    /// Exclusive read-modify-write: f(T &now, const T &old). What `now` then is, is published, unless f throws.
    template <class F>
    std::uint64_t update(F &&f, timeout time = forever)
    {
        void *now = nullptr;
        const void *old = nullptr;
        shma_update *begun = nullptr;
        detail::check(shma_update_begin(get(), time.milliseconds(), &now, &old, &begun));
        return finish<T>(begun, now, old, std::forward<F>(f));
    }
    /// The same of one row of an array, or one number, at its cost.
    template <class U = T, class F, class P = typename detail::part<U>::type>
    std::uint64_t update_at(std::size_t index, F &&f, timeout time = forever)
    {
        void *now = nullptr;
        const void *old = nullptr;
        shma_update *begun = nullptr;
        detail::check(shma_update_part_begin(get(), offset<P>(index), sizeof(P), time.milliseconds(), &now, &old, &begun));
        return finish<P>(begun, now, old, std::forward<F>(f));
    }

    // Atomic fields: `index` counts numbers in C order.
    scalar load(std::size_t index = 0) const
    {
        scalar value{};
        detail::check(shma_load(get(), index, &value));
        return value;
    }
    void store(std::size_t index, scalar value) { detail::check(shma_store(get(), index, &value)); }
    scalar fetch_add(std::size_t index, scalar value) { return fetch(shma_fetch_add, index, value); }
    scalar fetch_max(std::size_t index, scalar value) { return fetch(shma_fetch_max, index, value); }
    scalar fetch_min(std::size_t index, scalar value) { return fetch(shma_fetch_min, index, value); }

    shma_field *get() const noexcept { return field_.get(); }

private:
    template <class P>
    static std::size_t offset(std::size_t index)
    {
        // Beyond the end it stays beyond: the call says so.
        return index < sizeof(T) ? index * sizeof(P) : sizeof(T);
    }
    static std::optional<std::uint64_t> unless(int usual, int code, std::uint64_t version)
    {
        if (code == -usual)
            return std::nullopt;
        detail::check(code);
        return version;
    }
    template <class P, class F>
    static std::uint64_t finish(shma_update *begun, void *now, const void *old, F &&f)
    {
        detail::owned<shma_update> update(begun);
        std::uint64_t version = 0;
        std::forward<F>(f)(*static_cast<P *>(now), *static_cast<const P *>(old));
        detail::check(shma_update_commit(update.release(), &version));
        return version;
    }
    template <class Call>
    scalar fetch(Call call, std::size_t index, scalar value)
    {
        scalar before{};
        detail::check(call(get(), index, &value, &before));
        return before;
    }

    detail::owned<shma_field> field_;
};

/// A state that is declared at run time.
class declaration {
public:
    explicit declaration(const std::string &state_name)
    {
        shma_declaration *declared = nullptr;
        detail::check(shma_declare(detail::text(state_name), &declared));
        declaration_.reset(declared);
    }
    /// Adds a field, of zeros or of an initial value. Flags are SHMA_ATOMIC and SHMA_TIMED; 0 slots are 4.
    template <class T>
    declaration &field(const std::string &name, unsigned flags = 0, int slots = 0)
    {
        return add(name, element<T>::name(), flags, slots, nullptr);
    }
    template <class T>
    declaration &field_of(const std::string &name, const T &initial, unsigned flags = 0, int slots = 0)
    {
        return add(name, element<T>::name(), flags, slots, &initial);
    }
    shma_declaration *get() const noexcept { return declaration_.get(); }

private:
    declaration &add(const std::string &name, const std::string &type, unsigned flags, int slots, const void *initial)
    {
        detail::check(shma_declare_field(get(), detail::text(name), type.c_str(), slots, flags, initial));
        return *this;
    }

    detail::owned<shma_declaration> declaration_;
};

/// A value inside of a transaction.
template <class T>
struct values {
    T &now;
    const T &old;
};

/// What the closure of state::transaction gets.
class transaction {
public:
    explicit transaction(shma_transaction *begun) noexcept : transaction_(begun) {}
    /// Copies the field's value at the first call, and gives the same memory again.
    template <class T>
    values<T> value(const field<T> &of)
    {
        void *now = nullptr;
        const void *old = nullptr;
        detail::check(shma_transaction_value(transaction_, of.get(), &now, &old));
        return {*static_cast<T *>(now), *static_cast<const T *>(old)};
    }

private:
    shma_transaction *transaction_;
};

/// An attachment.
class state {
public:
    /// Opens a region, whatever it is; field() compares what is used.
    explicit state(const std::string &name, const options &how = {}) : state_(open(shma_open, name, nullptr, how)) {}
    /// Opens a region of this layout.
    state(const std::string &name, const declaration &expected, const options &how = {})
        : state_(open(shma_open, name, some(expected), how))
    {
    }
    static state create(const std::string &name, const declaration &declared, const options &how = {})
    {
        return state(open(shma_create, name, declared.get(), how));
    }
    static state open_or_create(const std::string &name, const declaration &declared, const options &how = {})
    {
        return state(open(shma_open_or_create, name, declared.get(), how));
    }
    static void unlink(const std::string &name, const options &how = {})
    {
        const shma_options plain = detail::plain(how);
        detail::check(shma_unlink(detail::text(name), &plain));
    }

    template <class T>
    shma::field<T> field(const std::string &name) const
    {
        return shma::field<T>(get(), name);
    }
    /// The manifest as it lies in the region, JSON.
    std::string manifest() const
    {
        const char *text = shma_manifest(get());
        if (text == nullptr)
            throw error(EFAULT, shma_message());
        return text;
    }
    bool is_current() const
    {
        const int current = shma_is_current(get());
        detail::check(current);
        return current != 0;
    }
    /// Throws EPROTO unless the layout has this fingerprint, 32 hexadecimal digits.
    void expect(const std::string &fingerprint) const
    {
        // With the quotation mark behind it, so that a part of one is none.
        const std::string text = manifest(), key = "\"fingerprint\":\"", value = fingerprint + "\"";
        const std::size_t at = text.find(key);
        if (at == std::string::npos || text.compare(at + key.size(), value.size(), value) != 0)
            throw error(EPROTO, "the region has another layout than this program: its fingerprint is not " + fingerprint);
    }
    /// Reads fields as they stand together at one instant: snapshot(plate.into(value), step.into(number)).
    template <class... T>
    std::array<std::uint64_t, sizeof...(T)> snapshot(reading<T>... parts) const
    {
        static_assert(sizeof...(T) > 0, "name the fields to read");
        std::array<std::uint64_t, sizeof...(T)> versions{};
        shma_field *const fields[] = {parts.field...};
        void *const into[] = {static_cast<void *>(parts.into)...};
        const std::size_t bytes[] = {sizeof(T)...};
        detail::check(shma_snapshot(get(), sizeof...(T), fields, into, bytes, versions.data()));
        return versions;
    }
    /// Calls f(shma::transaction &) and publishes, as one, the values that it has changed, unless it throws.
    template <class F>
    void transaction(F &&f, timeout time = forever) const
    {
        shma_transaction *begun = nullptr;
        detail::check(shma_transaction_begin(get(), time.milliseconds(), &begun));
        detail::owned<shma_transaction> owned(begun);
        shma::transaction inside(begun);
        std::forward<F>(f)(inside);
        detail::check(shma_transaction_commit(owned.release()));
    }
    shma_state *get() const noexcept { return state_.get(); }

private:
    explicit state(detail::owned<shma_state> opened) noexcept : state_(std::move(opened)) {}

    /// NULL would be any layout.
    static const shma_declaration *some(const declaration &expected)
    {
        if (expected.get() == nullptr)
            throw error(EFAULT, "`expected` was moved from: pass the declaration that it was moved to");
        return expected.get();
    }

    template <class Call>
    static detail::owned<shma_state> open(Call call, const std::string &name, const shma_declaration *declared,
                                          const options &how)
    {
        const shma_options plain = detail::plain(how);
        shma_state *opened = nullptr;
        detail::check(call(detail::text(name), declared, &plain, &opened));
        return detail::owned<shma_state>(opened);
    }

    detail::owned<shma_state> state_;
};

} // namespace shma
#endif
