//! Keys, from the bytes that a terminal sends.

/// A key that a screen may know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    Char(char),
    /// With the control key.
    Control(char),
    Enter,
    Escape,
    Up,
    Down,
    /// Any other key.
    Other,
}

/// The keys in these bytes, and how many bytes belong to a key that is not complete.
pub fn parse(bytes: &[u8]) -> (Vec<Key>, usize) {
    let mut keys = Vec::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        let Some((key, len)) = first(rest) else { break };
        keys.push(key);
        rest = &rest[len..];
    }
    (keys, rest.len())
}

/// The first key and how many bytes it has; `None` if bytes are missing.
fn first(bytes: &[u8]) -> Option<(Key, usize)> {
    match bytes {
        [b'\x1b', rest @ ..] => sequence(rest).map(|(key, len)| (key, len + 1)),
        [b'\r' | b'\n', ..] => Some((Key::Enter, 1)),
        [control @ 1..=26, ..] => Some((Key::Control((control - 1 + b'a') as char), 1)),
        [ascii @ 0..128, ..] => Some((Key::Char(*ascii as char), 1)),
        [lead, ..] => {
            let len = match lead {
                0xc0..0xe0 => 2,
                0xe0..0xf0 => 3,
                0xf0..0xf8 => 4,
                _ => return Some((Key::Other, 1)),
            };
            let text = bytes.get(..len).map(std::str::from_utf8)?;
            let char = text.ok().and_then(|text| text.chars().next());
            Some(char.map_or((Key::Other, 1), |char| (Key::Char(char), len)))
        }
        [] => None,
    }
}

/// What follows an escape character.
fn sequence(bytes: &[u8]) -> Option<(Key, usize)> {
    let key = |byte: &u8| match byte {
        b'A' => Key::Up,
        b'B' => Key::Down,
        _ => Key::Other,
    };
    match bytes {
        // ECMA-48: parameters and intermediate bytes, then a final one.
        [b'[', rest @ ..] => {
            let end = rest.iter().position(|byte| !(0x20..0x40).contains(byte))?;
            Some((if end == 0 { key(&rest[0]) } else { Key::Other }, end + 2))
        }
        [b'O', rest @ ..] => rest.first().map(|byte| (key(byte), 2)),
        // Two in a row: the first one is a key.
        [b'\x1b', ..] => Some((Key::Escape, 0)),
        [_, ..] => Some((Key::Other, 1)),
        [] => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{Key, parse};

    #[test]
    fn keys_are_told_apart() {
        let keys = |bytes: &[u8]| parse(bytes).0;
        assert_eq!(keys(b"q\x03\r"), [Key::Char('q'), Key::Control('c'), Key::Enter]);
        assert_eq!(keys(b"\x1b[A\x1bOB"), [Key::Up, Key::Down]);
        // Page up, F5, shifted arrow, mouse report.
        assert_eq!(keys(b"\x1b[5~\x1b[15~\x1b[1;2A\x1b[<0;1;1M"), [Key::Other; 4]);
        assert_eq!(keys("é語".as_bytes()), [Key::Char('é'), Key::Char('語')]);
        assert_eq!(keys(b"\x1b\x1b[A"), [Key::Escape, Key::Up]);
        assert_eq!(keys(b"\xff\x80j"), [Key::Other, Key::Other, Key::Char('j')]);
    }

    #[test]
    fn a_key_waits_for_its_last_byte() {
        for (bytes, rest) in
            [(&b"j\x1b"[..], 1), (b"\x1b[", 2), (b"\x1b[1;", 4), (b"\x1bO", 2), (b"\xe8\xaa", 2)]
        {
            assert_eq!(parse(bytes).1, rest, "{bytes:?}");
        }
    }
}
