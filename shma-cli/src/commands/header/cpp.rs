//! The struct of typed fields that `--cpp` adds, for `shma.hpp`.

use shma_core::{ElementType, FieldManifest, Manifest};

use super::{Structs, comment, name_of};
use crate::c_names::{of_member, of_state};

/// A specialisation for each struct, and a struct with a member for each field.
///
/// Members stand beside nothing of the user's, and no name in the struct is one that a field may have:
/// none of a field's ends with an underscore unless it is a word of C or C++. Names from outside begin
/// with `::`, because a field may be called `std` or `shma`.
pub(super) fn fields(manifest: &Manifest<'_>, prefix: Option<&str>) -> String {
    let state = of_state(prefix.unwrap_or(manifest.name));
    let structs = Structs::of(manifest, &state);
    let mut text =
        format!("\n#ifndef SHMA_{state}_HPP\n#define SHMA_{state}_HPP\n#include <shma.hpp>\n");
    for ty in &structs.all {
        text += &format!(
            "\ntemplate <>\nstruct shma::element<{}> {{\n    \
             static ::std::string name() {{ return {}; }}\n}};\n",
            structs.tag(ty),
            literal(name_of(ty)),
        );
    }
    let member = |field: &FieldManifest<'_>| of_member(field.name);
    let ty = |field: &FieldManifest<'_>| typed(&structs, field.ty);
    let declared: String = manifest
        .fields
        .iter()
        .map(|field| {
            let original = comment(&format!("{}: {}", field.name, field.ty));
            let atomic = if field.atomic { ", atomic" } else { "" };
            format!(
                "    ::shma::field<{}> {}; /* {original}{atomic} */\n",
                ty(field),
                member(field)
            )
        })
        .collect();
    let opened: String = manifest
        .fields
        .iter()
        .map(|field| {
            format!(
                ",\n          {}(state_.field<{}>({}))",
                member(field),
                ty(field),
                literal(field.name)
            )
        })
        .collect();
    text + &format!(
        "\n/* An attachment to a region of this layout, and its fields. */\n\
         struct shma_{state} {{\n    \
         ::shma::state state_;\n\
         {declared}\n    \
         explicit shma_{state}(const ::std::string &name_, const ::shma::options &how_ = {{}})\n        \
         : shma_{state}(::shma::state(name_, how_))\n    {{\n    }}\n    \
         explicit shma_{state}(::shma::state opened_)\n        \
         : state_(checked_(::std::move(opened_))){opened}\n    {{\n    }}\n\n\
         private:\n    \
         static ::shma::state checked_(::shma::state opened_)\n    {{\n        \
         opened_.expect(SHMA_{state}_FINGERPRINT);\n        \
         return opened_;\n    }}\n}};\n\
         #endif\n"
    )
}

/// A type without a name: `double[16][32]`.
fn typed(structs: &Structs<'_>, ty: &ElementType<'_>) -> String {
    let scalar = match ty.scalar() {
        ElementType::Number { name, size } => number(name, *size),
        scalar => structs.tag(scalar),
    };
    let bounds: String = ty.shape().iter().map(|len| format!("[{len}]")).collect();
    scalar + &bounds
}

fn number(name: &str, size: usize) -> String {
    match name {
        "f32" => "float".into(),
        "f64" => "double".into(),
        "f16" | "bf16" | "u128" | "i128" => format!("::shma::{name}"),
        "Complex<f32>" => "::std::complex<float>".into(),
        "Complex<f64>" => "::std::complex<double>".into(),
        integer => {
            let sign = if integer.starts_with('u') { "u" } else { "" };
            format!("::std::{sign}int{}_t", size * 8)
        }
    }
}

/// A text of C++ with these bytes, whatever the compiler takes its source for.
fn literal(text: &str) -> String {
    let escaped = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'.' | b'-' => {
            char::from(byte).to_string()
        }
        byte => format!("\\{byte:03o}"),
    };
    format!("\"{}\"", text.bytes().map(escaped).collect::<String>())
}
