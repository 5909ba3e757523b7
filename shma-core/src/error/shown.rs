//! How paths and commands stand in messages.

use std::fmt;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// Where regions lie that say nothing else.
pub(crate) const USUAL: &str = "/dev/shm";

/// A path, which may hold anything, and disturbs no terminal.
pub(super) struct Shown<'a>(pub(super) &'a Path);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.to_string_lossy().escape_debug().fmt(f)
    }
}

/// A path as one word of a shell's command line, on one line.
pub(super) struct Word<'a>(pub(super) &'a Path);

impl fmt::Display for Word<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.0.as_os_str().as_bytes();
        let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"_@%+=:,./-".contains(byte);
        match self.0.to_str() {
            Some(text) if bytes.iter().all(is_plain) => f.write_str(text),
            Some(text) if !text.contains(char::is_control) => {
                write!(f, "'{}'", text.replace('\'', "'\\''"))
            }
            // The form that bash, zsh and ksh know.
            _ => {
                f.write_str("$'")?;
                for &byte in bytes {
                    match byte {
                        b'\'' | b'\\' => write!(f, "\\{}", char::from(byte))?,
                        b' '..=b'~' => write!(f, "{}", char::from(byte))?,
                        _ => write!(f, "\\x{byte:02x}")?,
                    }
                }
                f.write_str("'")
            }
        }
    }
}

/// What has the name of a region, or that name where it is no file.
pub(super) struct What<'a>(pub(super) &'a str, pub(super) Option<&'a Path>);

impl fmt::Display for What<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.1 {
            Some(path) => Shown(path).fmt(f),
            None => write!(f, "`{}`", self.0),
        }
    }
}

/// The directory that a call was for.
pub(super) struct In<'a>(pub(super) Option<&'a Path>);

impl fmt::Display for In<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |directory| write!(f, " in {}", Shown(directory)))
    }
}

/// A command of `shma` for the regions of a directory, or for the one of this name.
pub(super) struct Command<'a>(pub(super) &'a Path, pub(super) &'a str, pub(super) Option<&'a str>);

impl fmt::Display for Command<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(directory, command, name) = self;
        f.write_str("`shma ")?;
        if directory.to_str() != Some(USUAL) {
            write!(f, "--dir {} ", Word(directory))?;
        }
        f.write_str(command)?;
        if let Some(name) = name {
            // A name that begins with a dash is no option.
            let dashes = if name.starts_with('-') { "-- " } else { "" };
            write!(f, " {dashes}{name}")?;
        }
        f.write_str("`")
    }
}

/// The most characters of a note that a message shows.
const MOST_SHOWN: usize = 200;

/// A text from outside, or as much of its start as fits a message.
struct Text<'a>(&'a str);

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_cut = self.0.chars().nth(MOST_SHOWN).is_some();
        self.0.chars().take(MOST_SHOWN).try_for_each(|c| c.escape_debug().fmt(f))?;
        if is_cut { f.write_str("..") } else { Ok(()) }
    }
}

/// A note that is not as it is expected.
pub(super) struct Noted<'a> {
    pub(super) name: &'a str,
    pub(super) key: &'a str,
    pub(super) expected: &'a str,
    pub(super) found: Option<&'a str>,
}

impl fmt::Display for Noted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, key, expected, found } = self;
        let (key, expected) = (Text(key), Text(expected));
        match found {
            Some(found) => write!(
                f,
                "the note `{key}` of region `{name}` is `{}`, and this program expects `{expected}`; \
                 use another region, or expect what it says",
                Text(found)
            ),
            None => write!(
                f,
                "region `{name}` has no note `{key}`, and this program expects `{expected}`; the program \
                 that creates it has to set it (`Options::note`)"
            ),
        }
    }
}
