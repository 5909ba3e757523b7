//! What a state may not exceed. All of it is known when the state is built, so it is said then.

use super::element::{ElementType, MOST_DIMENSIONS, StructField};
use super::message::Message;
use super::names::LONGEST_NAME;
use super::{FieldManifest, Manifest};
use crate::protocol::layout;

/// The most structs within one another. The reader of the manifest's text stops at 127 brackets, and
/// each struct takes three.
pub(super) const MOST_NESTED: usize = 32;

/// The longest text that is read: thousands of fields. A longer one under a region's name would cost
/// each process that opens it more than some milliseconds.
pub(crate) const MAX_TEXT: usize = 512 << 10;

/// The most objects in a text. Those that this library writes take 55 bytes and more, so that no
/// text of the greatest length has as many. Small ones by the hundred thousand would cost each
/// process that opens the region tens of milliseconds.
pub(crate) const MOST_OBJECTS: usize = 10_000;

impl Manifest<'_> {
    /// Stops the build when a region of this state could not be opened or looked at.
    #[track_caller]
    pub(super) const fn check_limits(&self) {
        let mut i = 0;
        while i < self.fields.len() {
            self.fields[i].check_limits();
            i += 1;
        }
        let text = self.text_len();
        if text > MAX_TEXT {
            Message::new()
                .text("the manifest of this state is a text of ")
                .number(text)
                .text(" bytes, and at most ")
                .number(MAX_TEXT)
                .text(" are read; declare fewer fields, such as one array in place of many numbers")
                .stop();
        }
    }
}

impl FieldManifest<'_> {
    #[track_caller]
    const fn check_limits(&self) {
        check_dimensions(self.name, self.ty);
        check_members(self.name, self.ty, 1);
    }
}

/// Stops the build when a field is larger than its dirty words can say.
#[track_caller]
pub(super) const fn check_size(field: &str, size: usize) {
    if size > layout::MAX_FIELD_BYTES {
        Message::new()
            .text("the field `")
            .text(field)
            .text("` has ")
            .number(size)
            .text(" bytes, and a field has at most ")
            .number(layout::MAX_FIELD_BYTES)
            .text("; split it into several fields")
            .stop();
    }
}

#[track_caller]
const fn check_dimensions(field: &str, ty: &ElementType<'_>) {
    let dimensions = ty.dimensions();
    if dimensions > MOST_DIMENSIONS {
        Message::new()
            .text("the array `")
            .text(field)
            .text("` has ")
            .number(dimensions)
            .text(" dimensions, and an array has at most ")
            .number(MOST_DIMENSIONS)
            .text("; write several of them as one")
            .stop();
    }
}

/// `depth`: in how many structs the members of `ty` lie.
#[track_caller]
const fn check_members(field: &str, ty: &ElementType<'_>, depth: usize) {
    let ElementType::Struct { name, fields, .. } = ty.scalar() else { return };
    if depth > MOST_NESTED {
        Message::new()
            .text("the field `")
            .text(field)
            .text("` has `")
            .text(name)
            .text("` within ")
            .number(MOST_NESTED)
            .text(
                " other structs, and that is the most; write its members into the struct around it",
            )
            .stop();
    }
    assert!(name.len() <= LONGEST_NAME, "a struct's name has at most 4096 bytes");
    let mut i = 0;
    while i < fields.len() {
        let StructField { name, ty, .. } = fields[i];
        assert!(name.len() <= LONGEST_NAME, "a member's name has at most 4096 bytes");
        check_dimensions(name, ty);
        check_members(field, ty, depth + 1);
        i += 1;
    }
}
