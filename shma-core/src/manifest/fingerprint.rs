//! The fingerprint of a layout, and what stops a build when layouts differ.

use super::element::ElementType;
use super::message::Message;
use super::{FORMAT, FieldManifest, Manifest};

impl Manifest<'_> {
    /// The 128 bits by which two programs know that they agree: FNV-1a over the declared name, the
    /// format version, and for each field in order its name, type, shape, slots, timed and atomic.
    ///
    /// It guards against accidents, not attacks: a process that may write a region can write anything.
    pub const fn fingerprint(&self) -> u128 {
        let mut hash = Fnv::new().number(FORMAT as usize).text(self.name);
        hash = hash.number(self.fields.len());
        let mut i = 0;
        while i < self.fields.len() {
            hash = hash.field(&self.fields[i]);
            i += 1;
        }
        hash.0
    }
}

impl FieldManifest<'_> {
    const fn fingerprint(&self) -> u128 {
        Fnv::new().field(self).0
    }
}

/// FNV-1a in 128 bits (Fowler, Noll, Vo; the parameters are those of their reference code). Every
/// part is prefixed by its length or its kind, so that no two declarations run together.
#[derive(Clone, Copy)]
struct Fnv(u128);

impl Fnv {
    const fn new() -> Self {
        Self(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d)
    }

    const fn byte(self, byte: u8) -> Self {
        Self((self.0 ^ byte as u128).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b))
    }

    const fn bytes(mut self, bytes: &[u8]) -> Self {
        let mut i = 0;
        while i < bytes.len() {
            self = self.byte(bytes[i]);
            i += 1;
        }
        self
    }

    const fn number(self, number: usize) -> Self {
        self.bytes(&(number as u64).to_le_bytes())
    }

    const fn text(self, text: &str) -> Self {
        self.number(text.len()).bytes(text.as_bytes())
    }

    const fn field(self, field: &FieldManifest<'_>) -> Self {
        let hash = self.text(field.name).ty(field.ty).number(field.slots);
        hash.number(field.timed as usize).number(field.atomic as usize)
    }

    const fn ty(self, ty: &ElementType<'_>) -> Self {
        match ty {
            ElementType::Number { name, size } => self.byte(b'n').text(name).number(*size),
            ElementType::Array { of, len } => self.byte(b'a').number(*len).ty(of),
            ElementType::Struct { name, size, fields } => {
                let mut hash = self.byte(b's').text(name).number(*size).number(fields.len());
                let mut i = 0;
                while i < fields.len() {
                    hash = hash.text(fields[i].name).number(fields[i].offset).ty(fields[i].ty);
                    i += 1;
                }
                hash
            }
        }
    }
}

/// Stops the build when a pinned layout changed; for generated code.
#[doc(hidden)]
#[track_caller]
pub const fn check_pin(actual: u128, pinned: u128) {
    if actual != pinned {
        Message::new().text("the layout changed: its fingerprint is now ").hex(actual).stop();
    }
}

impl Manifest<'_> {
    /// Stops the build when two states do not have one layout; for `assert_same_layout`.
    #[doc(hidden)]
    #[track_caller]
    pub const fn check_same(&self, other: &Manifest<'_>) {
        if self.fingerprint() == other.fingerprint() {
            return;
        }
        let message = Message::new().text("these states have different layouts: ");
        if !same_text(self.name, other.name) {
            message
                .text("one is named ")
                .text(self.name)
                .text(", the other ")
                .text(other.name)
                .stop();
        }
        let mut i = 0;
        while i < self.fields.len() && i < other.fields.len() {
            if self.fields[i].fingerprint() != other.fields[i].fingerprint() {
                let [one, other] = [self.fields[i].name, other.fields[i].name];
                if same_text(one, other) {
                    message
                        .text("the first field to differ, in type or attributes, is ")
                        .text(one)
                        .stop();
                }
                message
                    .text("the first fields to differ are ")
                    .text(one)
                    .text(" and ")
                    .text(other)
                    .stop();
            }
            i += 1;
        }
        message.text("one has more fields than the other").stop();
    }
}

const fn same_text(one: &str, other: &str) -> bool {
    Fnv::new().text(one).0 == Fnv::new().text(other).0
}

/// Stops the build unless two states, of two crates perhaps, have the same layout.
///
/// ```
/// mod solver {
///     #[derive(shma_core::ShmState)]
///     pub struct Plate {
///         heat: [f64; 8],
///     }
/// }
/// mod monitor {
///     #[derive(shma_core::ShmState)]
///     pub struct Plate {
///         heat: [f64; 8],
///     }
/// }
/// shma_core::assert_same_layout!(solver::Plate, monitor::Plate);
/// ```
///
/// ```compile_fail
/// mod solver {
///     #[derive(shma_core::ShmState)]
///     pub struct Plate {
///         heat: [f64; 8],
///     }
/// }
/// mod monitor {
///     #[derive(shma_core::ShmState)]
///     pub struct Plate {
///         heat: [f32; 8],
///     }
/// }
/// shma_core::assert_same_layout!(solver::Plate, monitor::Plate);
/// ```
#[macro_export]
macro_rules! assert_same_layout {
    ($one:ty, $other:ty $(,)?) => {
        const _: () = <$one as $crate::ShmState>::MANIFEST
            .check_same(&<$other as $crate::ShmState>::MANIFEST);
    };
}
