//! How the items of a file become the elements of a field.
//!
//! Byte order, order of dimensions, order of members and padding may differ: none of them changes
//! a value. Type, width and shape have to be the field's.

use std::io::{self, Read};

use shma_core::ElementType;

use super::dtype::{Dtype, Member};

/// What is to be done with the next bytes of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// They go to this place in the element; each number of `width` bytes is turned round if that
    /// is not 0.
    Copy { to: usize, len: usize, width: usize },
    /// They are padding.
    Skip(u64),
}

/// The steps from an item of a file to an element of a field.
#[derive(Debug)]
pub(super) struct Fit {
    steps: Vec<Step>,
    /// Bytes of an item.
    item: usize,
}

impl Fit {
    /// Finds the steps, if the types fit.
    pub(super) fn new(file: &Dtype, field: &ElementType<'_>) -> Option<Self> {
        let mut fit = Self { steps: Vec::new(), item: file.size()? };
        fit.add(file, field, 0).then_some(fit)
    }

    /// Bytes of so many items.
    pub(super) fn bytes(&self, items: usize) -> Option<u64> {
        u64::try_from(self.item.checked_mul(items)?).ok()
    }

    fn add(&mut self, file: &Dtype, field: &ElementType<'_>, to: usize) -> bool {
        match (file, field) {
            (Dtype::Number { kind, size, swapped }, field) => {
                let plain = Dtype::Number { kind: *kind, size: *size, swapped: false };
                let half = if *kind == 'c' { size / 2 } else { *size };
                self.copy(to, *size, if *swapped { half } else { 0 });
                plain == Dtype::of(field)
            }
            (Dtype::Raw(size), ElementType::Number { .. }) => {
                self.copy(to, *size, 0);
                *file == Dtype::of(field)
            }
            (Dtype::Struct(members), ElementType::Struct { .. }) => {
                self.add_members(members, field, to)
            }
            _ => false,
        }
    }

    fn add_members(&mut self, members: &[Member], field: &ElementType<'_>, to: usize) -> bool {
        let ElementType::Struct { fields, .. } = field else { return false };
        let named = members.iter().filter(|member| !member.name.is_empty());
        if named.count() != fields.len() {
            return false;
        }
        members.iter().all(|member| {
            if member.name.is_empty() {
                let size = member.size().and_then(|size| size.try_into().ok());
                self.steps.extend(size.map(Step::Skip));
                return size.is_some();
            }
            let Some(field) = fields.iter().find(|field| *field.name == *member.name) else {
                return false;
            };
            let scalar = field.ty.scalar();
            let count: usize = field.ty.shape().iter().product();
            member.shape == field.ty.shape()
                && (0..count).all(|i| {
                    let to = to + field.offset + i * scalar.size();
                    self.add(&member.dtype, scalar, to)
                })
        })
    }

    /// Adds a copy, to the last one if it goes on from there.
    fn copy(&mut self, to: usize, len: usize, width: usize) {
        match self.steps.last_mut() {
            Some(Step::Copy { to: last, len: before, width: same })
                if *last + *before == to && *same == width =>
            {
                *before += len;
            }
            _ => self.steps.push(Step::Copy { to, len, width }),
        }
    }

    /// Reads the elements of a field of this shape.
    pub(super) fn read(
        &self,
        from: &mut impl Read,
        element: usize,
        shape: &[usize],
        fortran_order: bool,
    ) -> io::Result<Vec<u8>> {
        let count: usize = shape.iter().product();
        let mut bytes = vec![0; count * element];
        let is_turned = fortran_order && shape.len() > 1;
        match self.steps[..] {
            // All that is in the file, as it is there.
            [Step::Copy { to: 0, len, width }] if len == element && !is_turned => {
                from.read_exact(&mut bytes)?;
                turn_round(&mut bytes, width);
            }
            _ => {
                let order = is_turned.then(|| Columns::new(shape));
                for i in 0..count {
                    let at = order.as_ref().map_or(i, |order| order.place(i));
                    self.read_item(from, &mut bytes[at * element..][..element])?;
                }
            }
        }
        Ok(bytes)
    }

    fn read_item(&self, from: &mut impl Read, element: &mut [u8]) -> io::Result<()> {
        for step in &self.steps {
            match *step {
                Step::Copy { to, len, width } => {
                    let part = &mut element[to..][..len];
                    from.read_exact(part)?;
                    turn_round(part, width);
                }
                Step::Skip(len) => {
                    if io::copy(&mut from.take(len), &mut io::sink())? < len {
                        return Err(io::ErrorKind::UnexpectedEof.into());
                    }
                }
            }
        }
        Ok(())
    }
}

/// Reverses the bytes of each number of this width.
fn turn_round(bytes: &mut [u8], width: usize) {
    if width > 1 {
        bytes.chunks_exact_mut(width).for_each(<[u8]>::reverse);
    }
}

/// Where the items of a file in Fortran order lie in C order.
struct Columns {
    /// For each dimension its length, and how far apart its elements are in C order.
    dimensions: Vec<(usize, usize)>,
}

impl Columns {
    fn new(shape: &[usize]) -> Self {
        let mut apart = 1;
        let mut dimensions: Vec<_> = shape.iter().map(|len| (*len, 0)).collect();
        for dimension in dimensions.iter_mut().rev() {
            dimension.1 = apart;
            apart *= dimension.0;
        }
        Self { dimensions }
    }

    fn place(&self, mut number: usize) -> usize {
        let mut place = 0;
        for (len, apart) in &self.dimensions {
            place += number % len * apart;
            number /= len;
        }
        place
    }
}
