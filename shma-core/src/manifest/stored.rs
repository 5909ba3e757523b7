//! The manifest of a region whose state this program does not declare, from the region's own text.
//!
//! The text says more than is needed: from names, types and slots the rest follows. So a manifest
//! is built from the least of it, laid out as a declaration would be, and written as text again;
//! the region's text has to say the same. Nothing of it is believed that was not computed here.
//!
//! The rest of the library works with manifests that last, because those of declarations do. So
//! each text that was understood is kept for the life of the process, once however many regions
//! have it, and not more of them than [`MOST_KEPT`].
//!
//! `unsafe` here: following that list.
#![allow(unsafe_code)]

use std::collections::BTreeSet;
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};

use serde_json::Value;

use super::text::tree;
use super::{FORMAT, FieldManifest, Manifest};
use crate::element::{ElementType, StructField};
use crate::layout;

/// The bytes of text that are kept.
const MOST_KEPT: usize = 16 << 20;

/// The most fields that a state may have here.
const MOST_FIELDS: usize = 1 << 16;

/// The deepest nesting of arrays, which is that of numpy.
const DEEPEST: usize = 64;

/// The numbers that there are, with their sizes.
const NUMBERS: [(&str, usize); 16] = [
    ("u8", 1),
    ("u16", 2),
    ("u32", 4),
    ("u64", 8),
    ("u128", 16),
    ("i8", 1),
    ("i16", 2),
    ("i32", 4),
    ("i64", 8),
    ("i128", 16),
    ("f32", 4),
    ("f64", 8),
    ("f16", 2),
    ("bf16", 2),
    ("Complex<f32>", 8),
    ("Complex<f64>", 16),
];

type Understood = Result<&'static Manifest, String>;

/// What a text was found to say, in a list that begins with the newest.
struct Kept {
    text: Vec<u8>,
    understood: Understood,
    before: Option<&'static Kept>,
    /// Bytes of this text and those before it.
    bytes: usize,
}

/// Not behind a lock, which a fork child might inherit locked. Whatever is in it stays there, unchanged.
static NEWEST: AtomicPtr<Kept> = AtomicPtr::new(ptr::null_mut());

impl Kept {
    fn newest() -> Option<&'static Self> {
        // SAFETY: null, or leaked by `keep` and never changed. Acquire, with the Release there.
        unsafe { NEWEST.load(Ordering::Acquire).as_ref() }
    }

    fn find(text: &[u8]) -> Option<&'static Self> {
        std::iter::successors(Self::newest(), |kept| kept.before).find(|kept| kept.text == text)
    }

    /// Two threads may keep the same text at once; the later one is found.
    fn keep(text: &[u8], understood: &Understood) {
        let mut kept = Box::new(Self {
            text: text.to_owned(),
            understood: understood.clone(),
            before: None,
            bytes: 0,
        });
        loop {
            kept.before = Self::newest();
            kept.bytes = text.len() + kept.before.map_or(0, |before| before.bytes);
            let before = kept.before.map_or(ptr::null_mut(), |kept| ptr::from_ref(kept).cast_mut());
            let new = Box::into_raw(kept);
            // Release: the text is there for whoever finds it. Relaxed on failure: looked at again.
            let kept_it =
                NEWEST.compare_exchange(before, new, Ordering::Release, Ordering::Relaxed);
            if kept_it.is_ok() {
                return;
            }
            // SAFETY: made from a box above, and nobody else has seen it.
            kept = unsafe { Box::from_raw(new) };
        }
    }
}

impl Manifest {
    /// The manifest that a region's text describes, or what is wrong with the text.
    ///
    /// # Errors
    ///
    /// A sentence about the text.
    pub(crate) fn of_text(text: &[u8]) -> Understood {
        if let Some(kept) = Kept::find(text) {
            return kept.understood.clone();
        }
        if Kept::newest().map_or(0, |kept| kept.bytes) + text.len() > MOST_KEPT {
            return Err(
                "this process has looked at more manifests than it keeps: start anew".into()
            );
        }
        let understood = understand(text);
        Kept::keep(text, &understood);
        understood
    }
}

fn understand(text: &[u8]) -> Understood {
    let stored = tree(text)?;
    if stored["format"].as_u64() != Some(FORMAT.into()) {
        let format = brief(&stored["format"]);
        return Err(format!("its manifest has format {format}, and this program knows {FORMAT}"));
    }
    let fields = stored["fields"].as_array().ok_or("its manifest lists no fields")?;
    if fields.len() > MOST_FIELDS {
        return Err(format!("its manifest has {} fields", fields.len()));
    }
    let mut end = layout::HEADER_BYTES;
    let mut names = BTreeSet::new();
    let mut laid_out = Vec::new();
    for field in fields {
        let field = declared(field)?.at(end)?;
        if !names.insert(field.name) {
            return Err(format!("its manifest has two fields `{}`", field.name));
        }
        end = layout::align_up(field.end(), layout::ALIGN);
        laid_out.push(field);
    }
    let manifest = Manifest { name: name_of(&stored)?, fields: laid_out.leak() };
    says("manifest", &stored, &manifest.tree())?;
    Ok(Box::leak(Box::new(manifest)))
}

/// A field without its place.
struct Declared {
    name: &'static str,
    ty: &'static ElementType,
    slots: usize,
    timed: bool,
    atomic: bool,
}

fn declared(field: &Value) -> Result<Declared, String> {
    let name = name_of(field)?;
    let flag = |key: &str| {
        field[key].as_bool().ok_or_else(|| format!("its field `{name}` does not say `{key}`"))
    };
    let (timed, atomic) = (flag("timed")?, flag("atomic")?);
    let ty = type_of(name, field)?;
    let slots = field["slots"].as_u64().unwrap_or(0) as usize;
    if if atomic { slots != 1 } else { !matches!(slots, 2 | 4 | 8) } {
        return Err(format!("its field `{name}` is said to have {} slots", brief(&field["slots"])));
    }
    if atomic && !is_atomic(ty) {
        return Err(format!("its field `{name}` cannot be atomic: its type is {ty}"));
    }
    Ok(Declared { name, ty, slots, timed, atomic })
}

impl Declared {
    /// With its place, if that can be said in an address.
    fn at(self, offset: usize) -> Result<FieldManifest, String> {
        let Self { name, ty, slots, timed, atomic } = self;
        let size = ty.size();
        let room = isize::MAX as usize - offset;
        if size > layout::MAX_FIELD_BYTES || (size + 4096).saturating_mul(slots) > room {
            return Err(format!("its field `{name}` is said to have {size} bytes"));
        }
        Ok(FieldManifest { name, ty, size, offset, slots, timed, atomic })
    }
}

fn is_atomic(ty: &ElementType) -> bool {
    match ty.scalar() {
        ElementType::Number { name, .. } => {
            matches!(*name, "u32" | "u64" | "i32" | "i64" | "f32" | "f64")
        }
        _ => false,
    }
}

/// A name that can be shown: it comes from outside, and goes to somebody's terminal.
fn name_of(value: &Value) -> Result<&'static str, String> {
    let name = value["name"].as_str().ok_or("its manifest lacks a name")?;
    let shows = |c: char| !c.is_control() && c.escape_debug().len() <= 2;
    if name.is_empty() || name.len() > 4096 || !name.chars().all(shows) {
        return Err(format!("its manifest has the name {}", brief(&value["name"])));
    }
    Ok(name.to_owned().leak())
}

/// The type of a field of a state, or of a struct element.
fn type_of(name: &str, value: &Value) -> Result<&'static ElementType, String> {
    let wrong = || format!("its field `{name}` has no type that this program understands");
    let shape = value["shape"].as_array().ok_or_else(wrong)?;
    if shape.len() > DEEPEST {
        return Err(wrong());
    }
    let mut ty = scalar_of(value).ok_or_else(wrong)?;
    for len in shape.iter().rev() {
        let len = len.as_u64().and_then(|len| usize::try_from(len).ok()).ok_or_else(wrong)?;
        let bytes = ty.size().checked_mul(len).ok_or_else(wrong)?;
        if bytes == 0 || bytes > layout::MAX_FIELD_BYTES {
            return Err(wrong());
        }
        ty = Box::leak(Box::new(ElementType::Array { of: ty, len }));
    }
    Ok(ty)
}

fn scalar_of(value: &Value) -> Option<&'static ElementType> {
    let scalar = value["scalar"].as_str()?;
    let Some(layout) = value.get("struct") else {
        let (name, size) = *NUMBERS.iter().find(|(name, _)| *name == scalar)?;
        return Some(Box::leak(Box::new(ElementType::Number { name, size })));
    };
    let name: &str = name_of(&serde_json::json!({ "name": scalar })).ok()?;
    let mut fields = Vec::new();
    let mut end = 0_usize;
    for field in layout["fields"].as_array()? {
        let name = name_of(field).ok()?;
        let ty = type_of(name, field).ok()?;
        // An element has no gaps.
        fields.push(StructField { name, ty, offset: end });
        end = end.checked_add(ty.size())?;
    }
    if end == 0 || end > layout::MAX_FIELD_BYTES {
        return None;
    }
    Some(Box::leak(Box::new(ElementType::Struct { name, size: end, fields: fields.leak() })))
}

/// Whether `stored` says all that `computed` does. It may say more: a later version of the library
/// may have something to add.
fn says(key: &str, stored: &Value, computed: &Value) -> Result<(), String> {
    let differ = || {
        let (stored, computed) = (brief(stored), brief(computed));
        format!("its manifest contradicts itself: `{key}` is {stored}, and should be {computed}")
    };
    match (stored, computed) {
        (Value::Object(stored), Value::Object(computed)) => computed
            .iter()
            .try_for_each(|(key, value)| says(key, stored.get(key).unwrap_or(&Value::Null), value)),
        (Value::Array(stored), Value::Array(computed)) if stored.len() == computed.len() => stored
            .iter()
            .zip(computed)
            .try_for_each(|(stored, computed)| says(key, stored, computed)),
        _ if stored == computed => Ok(()),
        _ => Err(differ()),
    }
}

/// A value that may be anything, for a message.
fn brief(value: &Value) -> String {
    let text = value.to_string();
    let short: String = text.chars().take(60).flat_map(char::escape_debug).collect();
    if text.chars().nth(60).is_some() { short + ".." } else { short }
}
