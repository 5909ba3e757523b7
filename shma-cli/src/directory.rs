//! The directory whose regions the command is about.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::whose;

/// Where regions lie that say nothing else.
pub const USUAL: &str = "/dev/shm";

static CHOSEN: OnceLock<PathBuf> = OnceLock::new();

/// Sets the directory, once, before anything asks for it: the one of the command line, else that of the
/// environment, where an empty text says nothing.
pub fn choose(directory: Option<PathBuf>) {
    let variable = || std::env::var_os("SHMA_DIR").filter(|text| !text.is_empty());
    if let Some(directory) = directory.or_else(|| variable().map(PathBuf::from)) {
        let _ = CHOSEN.set(directory);
    }
}

/// The directory.
pub fn path() -> &'static Path {
    CHOSEN.get().map_or(Path::new(USUAL), PathBuf::as_path)
}

/// Whether it is the usual one.
pub fn is_usual() -> bool {
    path() == Path::new(USUAL)
}

/// The file of a region.
pub fn file(name: &str) -> PathBuf {
    path().join(format!("shma.{name}"))
}

/// A path for a terminal, which it does not disturb, whatever it holds.
pub fn shown(path: impl AsRef<Path>) -> String {
    path.as_ref().to_string_lossy().escape_debug().to_string()
}

/// A path or another text as one word of a shell's command line, on one line.
pub fn word(text: impl AsRef<OsStr>) -> String {
    let bytes = text.as_ref().as_bytes();
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"_@%+=:,./-".contains(byte);
    match std::str::from_utf8(bytes) {
        Ok(text) if !text.is_empty() && bytes.iter().all(is_plain) => text.to_owned(),
        Ok(text) if !text.contains(char::is_control) => {
            format!("'{}'", text.replace('\'', "'\\''"))
        }
        // Bash, zsh and ksh know this form.
        _ => {
            let visible = |byte: &u8| match byte {
                b'\'' | b'\\' => format!("\\{}", char::from(*byte)),
                b' '..=b'~' => char::from(*byte).to_string(),
                byte => format!("\\x{byte:02x}"),
            };
            format!("$'{}'", bytes.iter().map(visible).collect::<String>())
        }
    }
}

/// How this command is called for the regions of the directory.
pub fn command() -> String {
    match is_usual() {
        true => "shma".into(),
        false => format!("shma --dir {}", word(path())),
    }
}

/// As [`command`], by the user of a region, who may change it.
pub fn command_of(user: u32) -> String {
    match user == whose::mine() {
        true => command(),
        false => format!("sudo -u '#{user}' {}", command()),
    }
}

/// A region's name as an argument: one that begins with a dash is no option.
pub fn argument(name: &str) -> String {
    let dashes = if name.starts_with('-') { "-- " } else { "" };
    format!("{dashes}{name}")
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    use std::process::Command;

    use super::word;

    /// A shell gets the text back, and a person sees one line.
    #[test]
    fn a_word_is_read_back_by_a_shell() {
        let texts: [&[u8]; 9] = [
            b"/dev/shm",
            b"/a b/c",
            b"it's",
            b"$HOME `id` \"x\" \\",
            b"",
            b"*;&|<>(){}#~!",
            b"line\nline\x1b[31m'\\",
            b"\xff\xfe 7",
            "\u{e9}t\u{e9} \u{72b6}".as_bytes(),
        ];
        for text in texts {
            let word = word(OsStr::from_bytes(text));
            assert!(!word.contains(char::is_control), "{word:?}");
            let Ok(said) = Command::new("bash").args(["-c", &format!("printf %s {word}")]).output()
            else {
                return println!("skipped: there is no bash");
            };
            assert_eq!(said.stdout, text, "{word}");
        }
    }
}
