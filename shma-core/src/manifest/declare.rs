//! The manifest of a state that is declared at run time.

use bumpalo::Bump;

use super::names::{is_field_name, is_state_name};
use super::{FieldManifest, Manifest, Notes, OwnedManifest, Type};
use crate::error::Error;
use crate::protocol::layout;

/// A field before it has its place.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    pub(crate) name: String,
    pub(crate) ty: Type,
    /// 1 for an atomic field.
    pub(crate) slots: usize,
    pub(crate) timed: bool,
    pub(crate) atomic: bool,
}

impl Draft {
    /// Why no state has such a field, if none has.
    pub(crate) fn check(&self) -> Result<(), String> {
        let Self { name, ty, slots, timed, atomic } = self;
        if !is_field_name(name) {
            return Err(
                "a field's name is parts joined by dots, each of letters, digits and `_`, of at \
                        most 4096 bytes in all"
                    .into(),
            );
        }
        if !atomic && !matches!(slots, 2 | 4 | 8) {
            return Err(format!("it would have {slots} slots, and a field has 2, 4 or 8"));
        }
        if *atomic && *timed {
            return Err(
                "an atomic field has no time of its last publication: leave out one of the two"
                    .into(),
            );
        }
        let number = match ty.scalar() {
            super::Scalar::Number(number) => Some(*number),
            super::Scalar::Struct(_) => None,
        };
        if *atomic && !number.is_some_and(super::Number::may_be_atomic) {
            return Err(format!(
                "it cannot be atomic: its type is `{ty}`, and an atomic field is one of u32, u64, i32, \
                 i64, f32, f64, or an array of those"
            ));
        }
        Ok(())
    }
}

/// Why no state has this declared name, if none has.
pub(crate) fn check_state_name(name: &str) -> Result<(), Error> {
    if is_state_name(name) {
        return Ok(());
    }
    Err(Error::Declaration {
        state: name.escape_debug().to_string().into(),
        field: None,
        reason: "a declared name has 1 to 4096 bytes, without controls and directions of writing"
            .into(),
    })
}

impl OwnedManifest {
    /// Lays out a state of these fields, which were checked.
    ///
    /// # Errors
    ///
    /// The number of the first field that goes beyond what an address can say.
    pub(crate) fn declare(name: &str, fields: &[Draft]) -> Result<Self, usize> {
        Self::build(Notes::default(), |ground| {
            let mut end = layout::HEADER_BYTES;
            let mut laid_out = Vec::with_capacity(fields.len());
            for (index, draft) in fields.iter().enumerate() {
                let field = place(ground, draft, end).ok_or(index)?;
                end = layout::align_up(field.end(), layout::ALIGN);
                laid_out.push(field);
            }
            Ok(Manifest {
                name: ground.alloc_str(name),
                fields: ground.alloc_slice_copy(&laid_out),
            })
        })
    }
}

fn place<'m>(ground: &'m Bump, draft: &Draft, offset: usize) -> Option<FieldManifest<'m>> {
    let Draft { name, ty, slots, timed, atomic } = draft;
    let field = FieldManifest {
        name: ground.alloc_str(name),
        ty: ty.place(ground),
        size: ty.size(),
        offset,
        slots: *slots,
        timed: *timed,
        atomic: *atomic,
    };
    field.fits().then_some(field)
}
