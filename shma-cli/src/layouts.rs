//! How two layouts differ.

use shma_core::{ElementType, FieldManifest, Manifest};

/// One thing in which they do.
#[derive(Debug, PartialEq, Eq)]
pub struct Difference {
    /// The field; `None` for the declared name.
    pub field: Option<&'static str>,
    /// What each has; `None` for a field that is not there.
    pub a: Option<String>,
    pub b: Option<String>,
}

/// What differs, in the order of the first, and what only the second has.
pub fn differences(a: &Manifest, b: &Manifest) -> Vec<Difference> {
    let mut differences = Vec::new();
    if a.name != b.name {
        let (a, b) = (Some(a.name.to_owned()), Some(b.name.to_owned()));
        differences.push(Difference { field: None, a, b });
    }
    let place = |of: &Manifest, name: &str| of.fields.iter().position(|field| field.name == name);
    let common = |of: &Manifest, with: &Manifest| -> Vec<&'static str> {
        let names = of.fields.iter().map(|field| field.name);
        names.filter(|name| place(with, name).is_some()).collect()
    };
    let reordered = common(a, b) != common(b, a);
    for (i, field) in a.fields.iter().enumerate() {
        let Some(j) = place(b, field.name) else {
            let a = Some(describe(field));
            differences.push(Difference { field: Some(field.name), a, b: None });
            continue;
        };
        let (mut one, mut other) = (describe(field), describe(&b.fields[j]));
        if one == other && reordered && i != j {
            one = format!("field number {}", i + 1);
            other = format!("field number {}", j + 1);
        }
        if one != other {
            let (a, b) = (Some(one), Some(other));
            differences.push(Difference { field: Some(field.name), a, b });
        }
    }
    for field in b.fields {
        if place(a, field.name).is_none() {
            let b = Some(describe(field));
            differences.push(Difference { field: Some(field.name), a: None, b });
        }
    }
    differences
}

/// All of a field that counts for the layout, but its place.
fn describe(field: &FieldManifest) -> String {
    let mut text = format!("{}, {} slots", field.ty, field.slots);
    if field.atomic {
        text = format!("{}, atomic", field.ty);
    }
    if field.timed {
        text += ", timed";
    }
    if matches!(field.ty.scalar(), ElementType::Struct { .. }) {
        text += &format!(" of {}", members(field.ty.scalar()));
    }
    text
}

fn members(ty: &ElementType) -> String {
    let ElementType::Struct { fields, .. } = ty else { return String::new() };
    let member = |field: &shma_core::StructField| match field.ty.scalar() {
        inner @ ElementType::Struct { .. } => {
            format!("{}: {} of {}", field.name, field.ty, members(inner))
        }
        _ => format!("{}: {}", field.name, field.ty),
    };
    format!("{{ {} }}", fields.iter().map(member).collect::<Vec<_>>().join(", "))
}
