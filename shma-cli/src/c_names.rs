//! Names in C and C++ for the names in a manifest, one to one.
//!
//! A name depends on what it names and on nothing beside it: another field of the state changes no
//! name. Letters, digits and single underscores stay. Any other character becomes `0x`, its number
//! in hexadecimal and `z`, and so does the `0` of a `0x` that the name itself has. So `größe` is
//! `gr0xf6z0xdfze`, and no other name is. A dot is `_0x_`.

use std::fmt::Write;

/// Keywords of C and C++ up to C23 and C++23, macros of their headers and the system's that stand
/// without parentheses, and the types that members have. Names that begin with two capitals, as most
/// macros do, are not listed.
const WORDS: &str = "\
    alignas alignof and and_eq asm auto basename bitand bitor bool break case catch char \
    char16_t char32_t char8_t class co_await co_return co_yield compl complex concept const \
    const_cast consteval constexpr constinit continue d_fileno decltype default delete do \
    double dynamic_cast else enum errno explicit export extern false float for friend goto \
    h_addr h_errno i386 if imaginary inline int int16_t int32_t int64_t int8_t linux long \
    math_errhandling msg_cbytes mutable namespace new no_argument noexcept noreturn not not_eq \
    nullptr operator optional_argument or or_eq private protected public register \
    reinterpret_cast required_argument requires restrict return s6_addr s6_addr16 s6_addr32 \
    sa_handler sa_sigaction sched_priority short sigev_notify_attributes sigev_notify_function \
    signed sizeof st_atime st_ctime st_mtime static static_assert static_cast stderr stdin \
    stdout struct switch template this thread_local throw true try typedef typeid typename \
    typeof typeof_unqual uint16_t uint32_t uint64_t uint8_t union unix unsigned using ut_addr \
    ut_name ut_time ut_xtime virtual void volatile wchar_t while xor xor_eq";

/// What the names of `shma.h` have behind `shma_`, up to an underscore; `map` is in this header.
const LIBRARY: &str = "abi age close create declaration declare fetch field is load manifest map \
    message open options read snapshot state store transaction try unlink update version wait write";

/// Macros of a field and types of structs have these endings. A field's own name has none of them.
const ENDINGS: [&str; 2] = ["_SLOTS", "_struct"];

/// What the names of a state begin with, behind `shma_` or `SHMA_`.
pub fn of_state(name: &str) -> String {
    let mut text = encoded(name);
    // It shows where the state's part ends, and that the name is none of the library's.
    if text.contains('_') || is_among(LIBRARY, name) {
        text += "_0xz";
    }
    text
}

/// A field's part of a name, or a struct's.
pub fn of_field(name: &str) -> String {
    if name == "check" || ENDINGS.iter().any(|ending| name.ends_with(ending)) {
        let (last, _) = name.char_indices().next_back().unwrap_or_default();
        let mut text = encoded(&name[..last]);
        name[last..].chars().for_each(|c| escape(&mut text, c));
        return text;
    }
    encoded(name)
}

/// A member of a struct, which stands alone.
pub fn of_member(name: &str) -> String {
    let mut text = encoded(name);
    if is_taken(name) {
        text.push('_');
    }
    if text.starts_with(|c: char| c.is_ascii_digit()) {
        text.insert(0, '_');
    }
    text
}

/// Whether a name may mean something else where a header is included.
fn is_taken(name: &str) -> bool {
    let mut first = name.chars();
    let capital = first.next().is_some_and(|c| c.is_ascii_uppercase());
    let macro_like = first.next().is_some_and(|c| !c.is_ascii_lowercase());
    name == "I" || (capital && macro_like) || name.starts_with("shma_") || is_among(WORDS, name)
}

fn is_among(words: &str, name: &str) -> bool {
    words.split_ascii_whitespace().any(|word| word == name)
}

fn encoded(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    let mut left = name.chars().peekable();
    while let Some(c) = left.next() {
        let next = left.peek().copied();
        // Two underscores in a row, and the one in front or behind, are the compiler's.
        let is_single =
            !text.is_empty() && !text.ends_with('_') && !matches!(next, None | Some('.'));
        match c {
            '_' if is_single => text.push('_'),
            '.' if is_single => text += "_0x_",
            '0' if next == Some('x') => escape(&mut text, c),
            c if c.is_ascii_alphanumeric() => text.push(c),
            c => escape(&mut text, c),
        }
    }
    text
}

fn escape(text: &mut String, c: char) {
    // A `String` takes all that is written.
    let _ = write!(text, "0x{:x}z", u32::from(c));
}

#[cfg(test)]
mod tests {
    use super::{WORDS, encoded, is_among, is_taken, of_field, of_member, of_state};

    /// What a name was made of: where each name has only one answer, no two names are made alike.
    fn decoded(text: &str) -> String {
        let Some((before, rest)) = text.split_once("0x") else { return text.to_owned() };
        if let Some(rest) = rest.strip_prefix('_') {
            let before = before.strip_suffix('_').unwrap();
            return format!("{before}.{}", decoded(rest));
        }
        let (number, rest) = rest.split_once('z').unwrap();
        let c = char::from_u32(u32::from_str_radix(number, 16).unwrap()).unwrap();
        format!("{before}{c}{}", decoded(rest))
    }

    /// Names put together of what is hard to tell apart, each of them once.
    fn nasty() -> impl Iterator<Item = String> {
        let pieces = [
            "a", "_", "__", ".", "-", "x", "0", "0x", "0x5fz", "W", "_SLOTS", "struct", "ö",
            "\u{e34}", "check", " ",
        ];
        let count = pieces.len();
        (0..count.pow(3)).map(move |i| {
            [pieces[i % count], pieces[i / count % count], pieces[i / count / count]].concat()
        })
    }

    fn is_identifier(text: &str) -> bool {
        text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
            && !text.contains("__")
    }

    #[test]
    fn no_two_names_are_written_alike() {
        for name in nasty() {
            for text in [encoded(&name), of_field(&name)] {
                assert!(is_identifier(&text), "{name:?} is {text}");
                assert!(!text.starts_with('_') && !text.ends_with('_'), "{name:?} is {text}");
                assert_eq!(decoded(&text), name, "{text}");
            }
            let state = of_state(&name);
            assert_eq!(decoded(state.strip_suffix("_0xz").unwrap_or(&state)), name);
            let member = of_member(&name);
            assert!(is_identifier(&member), "{name:?} is {member}");
            assert!(!member.starts_with(|c: char| c.is_ascii_digit()), "{name:?} is {member}");
            assert!(!is_among(WORDS, &member), "{name:?} is {member}");
            let plain = member.strip_suffix('_').unwrap_or(&member);
            assert_eq!(decoded(plain.strip_prefix('_').unwrap_or(plain)), name);
            assert_eq!(member.ends_with('_'), is_taken(&name));
        }
    }

    #[test]
    fn a_state_and_its_field_are_not_another_state_and_its_field() {
        let whole = |state, field| format!("{}_{}", of_state(state), of_field(field));
        let pairs = [("a", "b_c"), ("a_b", "c"), ("a", "b.c"), ("a.b", "c"), ("a_", "b_c")];
        for (i, (state, field)) in pairs.iter().enumerate() {
            for (other, another) in &pairs[..i] {
                assert_ne!(whole(state, field), whole(other, another));
            }
        }
        assert_eq!(whole("Lab", "free_slots"), "Lab_free_slots");
        assert_eq!(whole("read", "part"), "read_0xz_part");
        assert_ne!(of_field("free_SLOTS"), "free_SLOTS");
    }
}
