//! The text at the start of a file: which values there are, and where.
//!
//! The crate `safetensors` validates the offsets. It takes the text as a map, in which the second of two
//! equal names replaces the first, so the text is read here.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;

use safetensors::tensor::{Metadata, TensorInfo};
use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};

/// The format's own key.
pub(super) const METADATA: &str = "__metadata__";

/// Bytes of the length that stands before the text.
pub(super) const PREFIX: usize = 8;

/// The longest text that the format permits.
const MOST_BYTES: u64 = 100_000_000;

/// What a header says.
#[derive(Debug)]
pub(super) struct Header {
    /// Texts by their keys.
    pub(super) texts: BTreeMap<String, String>,
    /// Names and places, in the order of the places.
    pub(super) tensors: Vec<(String, TensorInfo)>,
}

impl Header {
    /// Length and text, or why the format cannot say it.
    pub(super) fn to_bytes(&self) -> Result<Vec<u8>, String> {
        let texts = self.texts.clone().into_iter().collect::<HashMap<_, _>>();
        let valid = Metadata::new(Some(texts), self.tensors.clone());
        let valid = valid.map_err(|error| error.to_string())?;
        // By way of a tree, whose keys are in order: the same state gives the same bytes.
        let tree = serde_json::to_value(&valid).map_err(|error| error.to_string())?;
        let mut text = tree.to_string().into_bytes();
        text.resize(text.len().next_multiple_of(PREFIX), b' ');
        let len = text.len() as u64;
        if len > MOST_BYTES {
            return Err(format!(
                "its header would have {len} bytes, and {MOST_BYTES} are the most"
            ));
        }
        Ok([&len.to_le_bytes()[..], &text].concat())
    }

    /// How long the text is, of a file of so many bytes, or why it cannot be.
    pub(super) fn text_len(prefix: [u8; PREFIX], file: u64) -> Result<usize, String> {
        let len = u64::from_le_bytes(prefix);
        if len > MOST_BYTES {
            return Err(format!(
                "its header is said to have {len} bytes, and {MOST_BYTES} are the most"
            ));
        }
        let room = file.saturating_sub(PREFIX as u64);
        if len > room {
            return Err(format!("its header is said to have {len} bytes, and {room} follow"));
        }
        Ok(len as usize)
    }

    /// Reads the text of a file that has so many bytes behind it.
    pub(super) fn of_text(text: &[u8], data: u64) -> Result<Self, String> {
        let mut header: Self = serde_json::from_slice(text)
            .map_err(|error| format!("its header is wrong: {error}"))?;
        header.tensors.sort_by_key(|(_, info)| info.data_offsets);
        let valid = Metadata::new(None, header.tensors.clone());
        let valid = valid.map_err(|error| format!("its header is wrong: {error}"))?;
        let said = valid.data_len() as u64;
        if said != data {
            return Err(format!("its tensors have {said} bytes, and {data} follow its header"));
        }
        Ok(header)
    }
}

impl<'de> Deserialize<'de> for Header {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Tensors)
    }
}

struct Tensors;

impl<'de> Visitor<'de> for Tensors {
    type Value = Header;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of tensors")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Header, A::Error> {
        let mut header = Header { texts: BTreeMap::new(), tensors: Vec::new() };
        let mut names = BTreeSet::new();
        while let Some(name) = map.next_key::<String>()? {
            if name == METADATA {
                header.texts = map.next_value::<Texts>()?.0;
            } else {
                header.tensors.push((name.clone(), map.next_value()?));
            }
            once(&mut names, name)?;
        }
        Ok(header)
    }
}

/// Texts by their keys, each key once.
struct Texts(BTreeMap<String, String>);

impl<'de> Deserialize<'de> for Texts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(TextsOnly).map(Self)
    }
}

struct TextsOnly;

impl<'de> Visitor<'de> for TextsOnly {
    type Value = BTreeMap<String, String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of texts")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let (mut texts, mut names) = (BTreeMap::new(), BTreeSet::new());
        while let Some((name, text)) = map.next_entry::<String, String>()? {
            texts.insert(name.clone(), text);
            once(&mut names, name)?;
        }
        Ok(texts)
    }
}

fn once<E: de::Error>(names: &mut BTreeSet<String>, name: String) -> Result<(), E> {
    let shown = name.escape_debug().to_string();
    match names.insert(name) {
        true => Ok(()),
        false => Err(E::custom(format_args!("the name `{shown}` stands twice"))),
    }
}
