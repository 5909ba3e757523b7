//! The manifest as a tree of JSON values, made apart from its [text](super::written), for tests to
//! compare.

use serde_json::{Value, json};

use super::element::ElementType;
use super::{FORMAT, FieldManifest, Manifest};
use crate::protocol::layout;

impl Manifest<'_> {
    /// What the [text](Self::to_json) of a region says.
    pub(super) fn tree(&self) -> Value {
        let fields: Vec<Value> = self.fields.iter().map(FieldManifest::describe).collect();
        json!({
            "name": self.name,
            "format": FORMAT,
            "byte_order": if cfg!(target_endian = "little") { "little" } else { "big" },
            "fingerprint": format!("{:032x}", self.fingerprint()),
            "fields": fields,
        })
    }
}

impl FieldManifest<'_> {
    fn describe(&self) -> Value {
        let mut value = describe(self.name, self.ty, self.offset);
        value["slots"] = self.slots.into();
        value["slots_at"] = self.slot_offset().into();
        value["slot_stride"] = self.slot_stride().into();
        value["timed"] = self.timed.into();
        value["atomic"] = self.atomic.into();
        if self.atomic {
            value["stripes_at"] = (self.offset + layout::CONTROL_BYTES).into();
        }
        value
    }
}

/// What fields of a state and fields of a struct element have in common.
fn describe(name: &str, ty: &ElementType<'_>, offset: usize) -> Value {
    let mut value = json!({
        "name": name,
        "type": ty.to_string(),
        "scalar": ty.scalar().to_string(),
        "shape": ty.shape(),
        "order": "C",
        "size": ty.size(),
        "offset": offset,
    });
    if let ElementType::Struct { size, fields, .. } = ty.scalar() {
        let fields: Vec<Value> =
            fields.iter().map(|field| describe(field.name, field.ty, field.offset)).collect();
        value["struct"] = json!({ "size": size, "fields": fields });
    }
    value
}
