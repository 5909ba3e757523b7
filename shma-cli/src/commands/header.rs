//! `shma header`: a region's layout for programs in C and C++.

mod cpp;

use std::io::Write;

use serde_json::{Value, json};
use shma_core::{ElementType, FieldManifest, Manifest, StructField};

use crate::c_names::{of_field, of_member, of_state};
use crate::failure::{Failure, Outcome};
use crate::observe;
use crate::output::Output;

/// What is the same for all states: reading one field, and checking a region.
const MAP: &str = include_str!("map.h");

pub fn run(
    output: &mut Output,
    name: &str,
    prefix: Option<&str>,
    cpp: bool,
) -> Result<Outcome, Failure> {
    let view = observe::look(name)?;
    let mut text = header(view.manifest(), prefix);
    if cpp {
        text += &cpp::fields(view.manifest(), prefix);
    }
    if output.json {
        output.answer("header", json!({ "text": text }))?;
    } else {
        write!(output, "{text}")?;
    }
    Ok(Outcome::Done)
}

fn header(manifest: &Manifest<'_>, prefix: Option<&str>) -> String {
    let state = of_state(prefix.unwrap_or(manifest.name));
    let fingerprint = format!("{:032x}", manifest.fingerprint());
    let (guard, layout) = (format!("SHMA_{state}_H"), format!("SHMA_{state}_LAYOUT_{fingerprint}"));
    let name = comment(manifest.name);
    let mut text = format!(
        "/* The layout of the state {name}, as `shma header` writes it. Numbers are in bytes. */\n\
         #if defined({guard}) && !defined({layout})\n\
         #error \"a state of this name with another layout is included already; write one of the \
         headers with --prefix\"\n\
         #endif\n\
         #ifndef {guard}\n#define {guard}\n#define {layout}\n\n{MAP}\n\
         #define SHMA_{state}_FINGERPRINT \"{fingerprint}\"\n",
    );
    let mut structs = Structs::of(manifest, &state);
    manifest.fields.iter().for_each(|field| structs.declare(&mut text, field.ty));
    manifest.fields.iter().for_each(|field| structs.field(&mut text, field));
    text + &check(manifest, &state) + "\n#endif\n"
}

/// Compares all of a region's header that says what the region is.
fn check(manifest: &Manifest<'_>, state: &str) -> String {
    let fingerprint = manifest.fingerprint();
    let (high, low) = ((fingerprint >> 64) as u64, fingerprint as u64);
    let stored: Value = serde_json::from_str(&manifest.to_json()).unwrap_or_default();
    let format = &stored["format"];
    let end = |field: &FieldManifest<'_>| field.slot_offset() + field.slots * field.slot_stride();
    let end = manifest.fields.iter().map(end).max().unwrap_or(0);
    format!(
        "\n/* 0 if the region has this layout, else negative; see `shma_map_matches`. */\n\
         static inline int shma_{state}_check(const void *region, size_t bytes)\n{{\n    \
         return shma_map_matches(region, bytes, {format}, UINT64_C({end}),\n                            UINT64_C(0x{high:016x}), \
         UINT64_C(0x{low:016x}));\n}}\n"
    )
}

/// The structs of a state.
struct Structs<'a> {
    state: &'a str,
    /// Each that there is, once.
    all: Vec<&'a ElementType<'a>>,
    declared: Vec<&'a ElementType<'a>>,
}

/// The name of a struct.
fn name_of<'a>(ty: &ElementType<'a>) -> &'a str {
    match ty {
        ElementType::Struct { name, .. } => name,
        _ => "",
    }
}

impl<'a> Structs<'a> {
    fn of(manifest: &Manifest<'a>, state: &'a str) -> Self {
        let mut structs = Self { state, all: Vec::new(), declared: Vec::new() };
        manifest.fields.iter().for_each(|field| structs.find(field.ty));
        structs
    }

    fn find(&mut self, ty: &'a ElementType<'a>) {
        let ty = ty.scalar();
        let ElementType::Struct { fields, .. } = ty else { return };
        fields.iter().for_each(|field| self.find(field.ty));
        if !self.all.contains(&ty) {
            self.all.push(ty);
        }
    }

    /// Declares a struct and those in it, innermost first, each once.
    fn declare(&mut self, text: &mut String, ty: &'a ElementType<'a>) {
        let ty = ty.scalar();
        let ElementType::Struct { name, size, fields } = ty else { return };
        fields.iter().for_each(|field| self.declare(text, field.ty));
        if self.declared.contains(&ty) {
            return;
        }
        self.declared.push(ty);
        let tag = self.tag(ty);
        let packed = if has_gaps(fields, *size) { "__attribute__((packed)) " } else { "" };
        *text += &format!("\n/* {} */\ntypedef struct {packed}{tag} {{\n", comment(name));
        for field in *fields {
            let member = of_member(field.name);
            let original = match comment(field.name) {
                name if name == member => String::new(),
                name => format!(" /* {name} */"),
            };
            *text += &format!("    {};{original}\n", self.declaration(field.ty, &member));
        }
        *text += &format!("}} {tag};\n{}", size_is(&tag, *size));
        for StructField { name, offset, .. } in *fields {
            let member = of_member(name);
            *text += &format!(
                "SHMA_STATIC_ASSERT(offsetof({tag}, {member}) == {offset}, \"layout of {tag}\");\n"
            );
        }
    }

    /// The type of a struct. Where several have one name, what is in them tells them apart.
    fn tag(&self, ty: &ElementType<'_>) -> String {
        let name = name_of(ty);
        let alike = self.all.iter().filter(|other| name_of(other) == name).count();
        let content = if alike > 1 { format!("0x{:x}z", content(ty)) } else { String::new() };
        format!("shma_{}_{}{content}_struct", self.state, of_field(name))
    }

    fn field(&self, text: &mut String, field: &FieldManifest<'_>) {
        let name = format!("{}_{}", self.state, of_field(field.name));
        let atomic = if field.atomic { ", atomic" } else { "" };
        *text += &format!(
            "\n/* {}: {}{atomic} */\ntypedef {};\n\
             #define SHMA_{name}_AT {}\n\
             #define SHMA_{name}_SLOTS_AT {}\n\
             #define SHMA_{name}_SLOT_STRIDE {}\n\
             #define SHMA_{name}_SLOTS {}\n\
             #define SHMA_{name}_BYTES {}\n{}",
            comment(field.name),
            comment(&field.ty.to_string()),
            self.declaration(field.ty, &format!("shma_{name}")),
            field.offset,
            field.slot_offset(),
            field.slot_stride(),
            field.slots,
            field.size,
            size_is(&format!("shma_{name}"), field.size),
        );
    }

    /// `name` declared as a type.
    fn declaration(&self, ty: &ElementType<'_>, name: &str) -> String {
        let mut bounds: String = ty.shape().iter().map(|len| format!("[{len}]")).collect();
        let scalar = match ty.scalar() {
            ElementType::Number { name, size } => {
                let (scalar, parts) = number(name, *size);
                if parts > 1 {
                    bounds += &format!("[{parts}]");
                }
                scalar
            }
            scalar => self.tag(scalar),
        };
        format!("{scalar} {name}{bounds}")
    }
}

/// A number as so many of a type of C. What C does not have everywhere is the bits of it.
fn number(name: &str, size: usize) -> (String, usize) {
    match name {
        "f32" => ("float".into(), 1),
        "f64" => ("double".into(), 1),
        "f16" | "bf16" => ("uint16_t".into(), 1),
        "Complex<f32>" => ("float".into(), 2),
        "Complex<f64>" => ("double".into(), 2),
        "u128" | "i128" => ("uint64_t".into(), 2),
        integer => {
            let sign = if integer.starts_with('u') { "u" } else { "" };
            (format!("{sign}int{}_t", size * 8), 1)
        }
    }
}

/// Whether C would leave gaps: a struct of Rust that is packed has none.
fn has_gaps(fields: &[StructField<'_>], size: usize) -> bool {
    let misplaced = |field: &StructField<'_>| !field.offset.is_multiple_of(alignment(field.ty));
    let whole = fields.iter().map(|field| alignment(field.ty)).max().unwrap_or(1);
    fields.iter().any(misplaced) || !size.is_multiple_of(whole)
}

/// What a type is aligned to in C.
fn alignment(ty: &ElementType<'_>) -> usize {
    match ty.scalar() {
        ElementType::Number { name, size } => size / number(name, *size).1,
        ElementType::Struct { size, fields, .. } if !has_gaps(fields, *size) => {
            fields.iter().map(|field| alignment(field.ty)).max().unwrap_or(1)
        }
        _ => 1,
    }
}

fn size_is(ty: &str, size: usize) -> String {
    format!("SHMA_STATIC_ASSERT(sizeof({ty}) == {size}, \"layout of {ty}\");\n")
}

/// What tells structs of one name apart: a number that is no character's.
fn content(ty: &ElementType<'_>) -> u64 {
    let text = format!("{ty:?}");
    // FNV-1a.
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    text.bytes().fold(0xcbf2_9ce4_8422_2325, step) | 1 << 63
}

/// A text in a comment: it neither ends the comment, begins another, nor turns the direction.
fn comment(text: &str) -> String {
    let turns = |c: char| matches!(c, '\u{61c}' | '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let text = text.replace(|c: char| c.is_control() || turns(c), "?");
    text.replace("*/", "* /").replace("/*", "/ *").replace("??/", "?? /")
}
