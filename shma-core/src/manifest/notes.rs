//! What a creator has noted beside the layout: units, a run, a commit.
//!
//! Notes stand at the end of the manifest's text, under `notes`. They are no part of the layout, nor of
//! the fingerprint.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{MAX_TEXT, Manifest};

/// The longest key in bytes.
const LONGEST_KEY: usize = 200;

/// The most bytes of all keys and texts together.
const MOST_BYTES: usize = 64 << 10;

/// The most notes.
const MOST_NOTES: usize = 1000;

/// Texts by their keys, in the order of the keys.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Notes(BTreeMap<Box<str>, Box<str>>);

impl Notes {
    /// Sets a text, in place of the one that the key had.
    pub(crate) fn set(&mut self, key: &str, text: &str) {
        self.0.insert(key.into(), text.into());
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, text)| (&**key, &**text))
    }

    /// Those of `expected` that are not here: the key, and the two texts.
    pub(crate) fn mismatch<'a>(
        &'a self,
        expected: &'a Self,
    ) -> Option<(&'a str, &'a str, Option<&'a str>)> {
        let found = |key: &str| self.0.get(key).map(|text| &**text);
        let mut all = expected.iter().map(|(key, text)| (key, text, found(key)));
        all.find(|(_, text, found)| *found != Some(text))
    }

    /// Why they cannot be stored, if they cannot.
    pub(crate) fn check(&self) -> Result<(), String> {
        let count = self.0.len();
        if count > MOST_NOTES {
            return Err(format!("it would have {count} notes, and {MOST_NOTES} are the most"));
        }
        for (key, _) in self.iter() {
            if key.is_empty() {
                return Err("it would have a note without a key".into());
            }
            if key.len() > LONGEST_KEY {
                let start: String = key.chars().take(20).flat_map(char::escape_debug).collect();
                return Err(format!(
                    "the key of a note, `{start}..`, has {} bytes, and {LONGEST_KEY} are the most",
                    key.len()
                ));
            }
        }
        let bytes: usize = self.iter().map(|(key, text)| key.len() + text.len()).sum();
        if bytes > MOST_BYTES {
            return Err(format!("its notes would have {bytes} bytes, and 64 KiB are the most"));
        }
        Ok(())
    }

    /// Those in a region's text.
    pub(super) fn of_tree(stored: &Value) -> Result<Self, String> {
        let wrong = |what: &str| format!("its notes {what}");
        let mut notes = Self::default();
        match stored.get("notes") {
            None => return Ok(notes),
            Some(Value::Object(all)) => {
                for (key, text) in all {
                    let text = text.as_str().ok_or_else(|| wrong("are not all texts"))?;
                    notes.set(key, text);
                }
            }
            Some(_) => return Err(wrong("are no object")),
        }
        notes.check().map_err(|reason| wrong(&format!("cannot be a program's: {reason}")))?;
        Ok(notes)
    }

    fn tree(&self) -> Value {
        let text = |text: &str| Value::String(text.to_owned());
        Value::Object(
            self.iter().map(|(key, note)| (key.to_owned(), text(note))).collect::<Map<_, _>>(),
        )
    }

    /// The end of a manifest's text that has these notes, behind the text without its last brace.
    fn tail(&self) -> String {
        match self.0.is_empty() {
            true => "}".into(),
            false => format!(",\"notes\":{}}}", self.tree()),
        }
    }
}

impl Manifest<'_> {
    /// The text that lies in a region with these notes, or why there is none.
    pub(crate) fn text_with(&self, notes: &Notes) -> Result<String, String> {
        notes.check()?;
        let text = self.open_json() + &notes.tail();
        match text.len() > MAX_TEXT {
            true => Err("its manifest and its notes would be longer than 512 KiB; declare fewer fields, or arrays \
                         in place of many fields".into()),
            false => Ok(text),
        }
    }

    /// The notes in a region's text, if the text is exactly this manifest's and theirs. So a text
    /// that this library wrote need not be read as a whole. The caller has computed the fingerprint.
    pub(crate) fn notes_behind(
        &self,
        text: &[u8],
        fingerprint: u128,
    ) -> Option<Result<Notes, String>> {
        let rest = self.behind_json(text, fingerprint)?;
        if rest == b"}" {
            return Some(Ok(Notes::default()));
        }
        let notes = rest.strip_prefix(b",\"notes\":")?.strip_suffix(b"}")?;
        let notes: Value = serde_json::from_slice(notes).ok()?;
        Some(Notes::of_tree(&json!({ "notes": notes })))
    }
}
