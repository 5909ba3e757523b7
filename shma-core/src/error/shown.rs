//! How paths and commands stand in messages.

use std::fmt;
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

/// A command of `shma` for the regions of a directory.
pub(super) struct Command<'a>(pub(super) &'a Path, pub(super) &'a str);

impl fmt::Display for Command<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(directory, command) = self;
        match directory.to_str() == Some(USUAL) {
            true => write!(f, "`shma {command}`"),
            false => write!(f, "`shma --dir {} {command}`", Shown(directory)),
        }
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
