//! `shma header`: a region's layout for programs in C.

use std::collections::BTreeMap;
use std::io::Write;

use serde_json::json;
use shma_core::inspect::View;
use shma_core::{ElementType, FieldManifest, Manifest};

use crate::failure::{Failure, Outcome};
use crate::output::Output;

/// Reading one field, which is the same for all.
const READER: &str = include_str!("reader.h");

pub fn run(output: &mut Output, name: &str) -> Result<Outcome, Failure> {
    let text = header(View::open(name)?.manifest());
    if output.json {
        output.answer("header", json!({ "text": text }))?;
    } else {
        write!(output, "{text}")?;
    }
    Ok(Outcome::Done)
}

fn header(manifest: &Manifest) -> String {
    let state = identifier(manifest.name);
    let upper = state.to_uppercase();
    let guard = format!("SHMA_{upper}_H");
    let mut text = format!(
        "/* The layout of the state {}, as `shma header` writes it. Numbers are in bytes. */\n\
         #ifndef {guard}\n#define {guard}\n\n\
         #include <stdatomic.h>\n#include <stddef.h>\n#include <stdint.h>\n#include <string.h>\n\n\
         #define SHMA_{upper}_FINGERPRINT \"{:032x}\"\n",
        comment(manifest.name),
        manifest.fingerprint()
    );
    let mut structs = BTreeMap::new();
    for field in manifest.fields {
        declare_structs(&mut text, &mut structs, &state, field.ty);
    }
    for field in manifest.fields {
        text += &of_field(&state, &upper, field);
    }
    text + "\n" + READER + "\n#endif\n"
}

/// Declares a struct and those in it, innermost first, each once.
fn declare_structs(
    text: &mut String,
    known: &mut BTreeMap<String, ()>,
    state: &str,
    ty: &ElementType,
) {
    let ElementType::Struct { name, size, fields } = ty.scalar() else { return };
    for field in *fields {
        declare_structs(text, known, state, field.ty);
    }
    let name = format!("{state}_{}", identifier(name));
    if known.insert(name.clone(), ()).is_some() {
        return;
    }
    *text += &format!("\ntypedef struct {name} {{\n");
    for field in *fields {
        *text += &format!("    {};\n", declaration(state, field.ty, &identifier(field.name)));
    }
    *text +=
        &format!("}} {name};\n_Static_assert(sizeof({name}) == {size}, \"layout of {name}\");\n");
}

fn of_field(state: &str, upper: &str, field: &FieldManifest) -> String {
    let name = identifier(field.name);
    let macro_name = format!("SHMA_{upper}_{}", name.to_uppercase());
    let atomic = if field.atomic { ", atomic" } else { "" };
    let ty = field.ty;
    let declaration = declaration(state, ty, &format!("{state}_{name}"));
    format!(
        "\n/* {}: {}{atomic} */\ntypedef {declaration};\n\
         _Static_assert(sizeof({state}_{name}) == {size}, \"layout of {state}_{name}\");\n\
         #define {macro_name}_AT {}\n\
         #define {macro_name}_SLOTS_AT {}\n\
         #define {macro_name}_SLOT_STRIDE {}\n\
         #define {macro_name}_SLOTS {}\n\
         #define {macro_name}_BYTES {size}\n",
        comment(field.name),
        comment(&ty.to_string()),
        field.offset,
        field.slot_offset(),
        field.slot_stride(),
        field.slots,
        size = field.size,
    )
}

/// `name` declared as a type.
fn declaration(state: &str, ty: &ElementType, name: &str) -> String {
    let mut bounds: String = ty.shape().iter().map(|len| format!("[{len}]")).collect();
    let scalar = match ty.scalar() {
        ElementType::Struct { name, .. } => format!("{state}_{}", identifier(name)),
        ElementType::Number { name, .. } => match *name {
            "f32" => "float".into(),
            "f64" => "double".into(),
            // C has no such numbers everywhere: their bits.
            "f16" | "bf16" => "uint16_t".into(),
            "Complex<f32>" => {
                bounds += "[2]";
                "float".into()
            }
            "Complex<f64>" => {
                bounds += "[2]";
                "double".into()
            }
            "u128" | "i128" => {
                bounds += "[2]";
                "uint64_t".into()
            }
            integer => {
                let sign = if integer.starts_with('u') { "u" } else { "" };
                format!("{sign}int{}_t", &integer[1..])
            }
        },
        _ => String::new(),
    };
    format!("{scalar} {name}{bounds}")
}

/// A name as C takes it.
fn identifier(name: &str) -> String {
    let mut identifier: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    if identifier.starts_with(|c: char| c.is_ascii_digit()) || KEYWORDS.contains(&&*identifier) {
        identifier.insert(0, '_');
    }
    identifier
}

/// Keywords of C that can be names in Rust.
const KEYWORDS: [&str; 20] = [
    "auto", "case", "char", "default", "double", "float", "goto", "int", "long", "register",
    "restrict", "short", "signed", "sizeof", "switch", "typedef", "union", "unsigned", "void",
    "volatile",
];

/// A text that does not end a comment.
fn comment(text: &str) -> String {
    text.replace("*/", "* /")
}
