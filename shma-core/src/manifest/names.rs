//! Which names a state, a field and a struct may have, for declarations and for texts that are read.
//!
//! Names go to terminals, into file names in archives, and into sources in other languages.

/// The longest name in bytes.
pub(crate) const LONGEST_NAME: usize = 4096;

/// Whether a state may have this declared name: free text that disturbs no terminal.
pub(crate) const fn is_state_name(name: &str) -> bool {
    let bytes = name.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let (code, len) = decode(bytes, at);
        if is_control(code) {
            return false;
        }
        at += len;
    }
    !bytes.is_empty() && bytes.len() <= LONGEST_NAME
}

/// Whether a text is an identifier of Rust, without `r#`. Structs and their members have such names.
///
/// The compiler brings identifiers into normal form C before a macro sees them, so a difference in
/// form between two names is a difference.
pub(crate) fn is_identifier(name: &str) -> bool {
    let mut chars = name.chars();
    let starts = chars.next().is_some_and(|c| c == '_' || unicode_ident::is_xid_start(c));
    starts && name.len() <= LONGEST_NAME && chars.all(unicode_ident::is_xid_continue)
}

/// Whether a field may have this name: parts joined by dots, each of letters, digits and `_`. An
/// identifier is such a name, and so is `layers.0.weight`.
pub(crate) fn is_field_name(name: &str) -> bool {
    let is_part = |part: &str| {
        is_identifier(part.trim_start_matches(|c: char| c.is_ascii_digit()))
            || (!part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()))
    };
    name.len() <= LONGEST_NAME && name.split('.').all(is_part)
}

/// Whether a character does not show, or does something else to a terminal than to show. Such are
/// controls, line and paragraph separators, directions of writing, and tags. The joiners U+200C and
/// U+200D belong to the spelling of several languages.
const fn is_control(code: u32) -> bool {
    matches!(code,
        0..=0x1f | 0x7f..=0x9f | 0xad | 0x61c | 0x180e | 0x200b | 0x200e..=0x200f | 0x2028..=0x202e
        | 0x2060..=0x206f | 0xfeff | 0xfff0..=0xfffb | 0x1d173..=0x1d17a | 0xe0000..=0xe007f)
}

/// The character that starts at a place in well-formed UTF-8, and how many bytes it has.
const fn decode(bytes: &[u8], at: usize) -> (u32, usize) {
    let (mut code, len) = match bytes[at] {
        byte @ 0..0x80 => (byte as u32, 1),
        byte @ 0x80..0xe0 => (byte as u32 & 0x1f, 2),
        byte @ 0xe0..0xf0 => (byte as u32 & 0x0f, 3),
        byte @ 0xf0.. => (byte as u32 & 0x07, 4),
    };
    let mut i = 1;
    while i < len {
        code = code << 6 | bytes[at + i] as u32 & 0x3f;
        i += 1;
    }
    (code, len)
}

#[cfg(test)]
mod tests {
    use super::{decode, is_field_name, is_identifier, is_state_name};

    #[test]
    fn decoding_agrees_with_the_standard_library() {
        for c in '\0'..=char::MAX {
            let mut buffer = [0; 4];
            let bytes = c.encode_utf8(&mut buffer).as_bytes();
            assert_eq!(decode(bytes, 0), (c as u32, bytes.len()));
        }
    }

    #[test]
    fn names_of_states_are_free_text_that_shows() {
        for good in ["Model", "größe modèle", "ที่", "a{b}", "می\u{200c}خواهم", "e\u{301}", "状態 1"]
        {
            assert!(is_state_name(good), "{good}");
        }
        for bad in [
            "",
            "a\nb",
            "\u{1b}[2J",
            "a\u{202e}b",
            "a\u{2066}b",
            "\u{2028}",
            "\u{9b}2J",
            "\u{feff}",
        ] {
            assert!(!is_state_name(bad), "{bad:?}");
        }
        assert!(!is_state_name(&"x".repeat(4097)));
    }

    #[test]
    fn names_of_fields_are_identifiers_joined_by_dots() {
        for good in ["w", "_", "_x1", "ที่", "q\u{323}\u{307}", "größe", "变量", "می\u{200c}خواهم"]
        {
            assert!(is_identifier(good) && is_field_name(good), "{good}");
        }
        for good in ["layers.0.weight", "0", "0a.1_", "a.b.c", "ที่.0.ค่า"] {
            assert!(is_field_name(good), "{good}");
        }
        for bad in [
            "",
            ".",
            "a.",
            ".a",
            "a..b",
            "a b",
            "a-b",
            "\u{200d}a",
            "\u{301}",
            "\u{202e}a",
            "a/b",
            "→",
        ] {
            assert!(!is_field_name(bad), "{bad:?}");
        }
        assert!(!is_identifier("1a") && !is_identifier("a.b"));
    }
}
