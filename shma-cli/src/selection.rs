//! A path into a state: `field[slices].member[slices]`, and which bytes of the field it means.

use std::ops::Range;

use shma_core::{ElementType, Manifest, StructField};

use crate::failure::Failure;
use crate::slices::Slices;

/// Some scalars of a field, or all of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selection {
    /// As it was written.
    pub path: String,
    /// Which field of the state.
    pub field: usize,
    /// Which member of each struct on the way.
    members: Vec<usize>,
    /// Where the first scalar starts in the field.
    base: usize,
    dimensions: Vec<Dimension>,
    /// Bytes of a scalar.
    scalar: usize,
}

/// Scalars, or rows of them, at equal distances.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Dimension {
    count: usize,
    /// Bytes from one to the next.
    stride: isize,
    /// Whether the dimension stays: an index takes it away.
    stays: bool,
}

impl Selection {
    /// Reads a path. The longest name of a field that it begins with is the field's.
    pub fn parse(region: &str, manifest: &Manifest<'_>, text: &str) -> Result<Self, Failure> {
        let path = text.trim();
        let names = manifest.fields.iter().map(|field| field.name);
        let Some((field, name)) = longest(names, path) else {
            return Err(no_field(region, manifest, path));
        };
        let ty = manifest.fields[field].ty;
        let mut selection = Self::whole(field, path, ty);
        selection.follow(path, &path[name.len()..], ty)?;
        Ok(selection)
    }

    /// All of a field, before anything of it is chosen.
    fn whole(field: usize, path: &str, ty: &ElementType<'_>) -> Self {
        let (members, dimensions) = (Vec::new(), Vec::new());
        let scalar = ty.scalar().size();
        Self { path: path.to_owned(), field, members, base: 0, dimensions, scalar }
    }

    /// Reads what is left of a path behind the name of something of type `ty`.
    fn follow(&mut self, path: &str, rest: &str, ty: &ElementType<'_>) -> Result<(), Failure> {
        let (mut rest, mut ty) = (rest.trim_start(), ty);
        loop {
            let so_far = path[..path.len() - rest.len()].trim_end();
            let slices;
            (slices, rest) = bracketed(path, rest)?;
            self.take(&slices, so_far, ty)?;
            let Some(behind) = rest.strip_prefix('.') else { break };
            let so_far = path[..path.len() - rest.len()].trim_end();
            let member;
            (member, rest) = member_of(so_far, behind.trim_start(), ty.scalar())?;
            ty = self.enter(ty, member);
        }
        if rest.is_empty() {
            return Ok(());
        }
        let path = path.escape_debug();
        Err(Failure::usage(format!("`{path}` is no path: write FIELD[0:3, ::16].MEMBER[0]")))
    }

    /// Takes something of an array.
    fn take(&mut self, slices: &Slices, what: &str, ty: &ElementType<'_>) -> Result<(), Failure> {
        let shape = ty.shape();
        let taken = slices.of_shape(what, &shape)?;
        let mut row = ty.size();
        for (len, taken) in shape.iter().zip(taken) {
            row /= len;
            self.base += taken.start * row;
            let stride = taken.step * row as isize;
            self.dimensions.push(Dimension { count: taken.count, stride, stays: taken.stays });
        }
        Ok(())
    }

    /// Goes into a member of a struct.
    fn enter<'m>(&mut self, ty: &ElementType<'m>, index: usize) -> &'m ElementType<'m> {
        let member = members(ty.scalar())[index];
        self.members.push(index);
        self.base += member.offset;
        self.scalar = member.ty.scalar().size();
        member.ty
    }

    /// The type of a selected scalar of a field of type `ty`.
    pub fn scalar<'m>(&self, ty: &'m ElementType<'m>) -> &'m ElementType<'m> {
        self.members.iter().fold(ty.scalar(), |ty, index| members(ty)[*index].ty.scalar())
    }

    /// The type of all that is selected, as Rust writes it.
    pub fn ty(&self, field: &ElementType<'_>) -> String {
        let scalar = self.scalar(field).to_string();
        self.shape().iter().rev().fold(scalar, |of, len| format!("[{of}; {len}]"))
    }

    /// If structs are selected: each member of theirs.
    pub fn members(&self, ty: &ElementType<'_>) -> Vec<Self> {
        let scalar = self.scalar(ty);
        let each = |(index, member): (usize, &StructField<'_>)| {
            let mut selection = self.clone();
            selection.path = format!("{}.{}", self.path, member.name);
            let ty = selection.enter(scalar, index);
            // All of an array is one of its slices.
            selection.take(&Slices::default(), member.name, ty).ok().map(|()| selection)
        };
        members(scalar).iter().enumerate().filter_map(each).collect()
    }

    /// The lengths of the dimensions that are left, outermost first.
    pub fn shape(&self) -> Vec<usize> {
        let left = self.dimensions.iter().filter(|dimension| dimension.stays);
        left.map(|dimension| dimension.count).collect()
    }

    /// How many scalars there are.
    pub fn count(&self) -> usize {
        self.dimensions.iter().map(|dimension| dimension.count).product()
    }

    /// Bytes of all that is selected.
    pub fn bytes(&self) -> usize {
        self.count() * self.scalar
    }

    /// The bytes of the field from the first that is selected to the last.
    pub fn span(&self) -> Range<usize> {
        if self.count() == 0 {
            return self.base..self.base;
        }
        let mut span = self.base..self.base + self.scalar;
        for Dimension { count, stride, .. } in &self.dimensions {
            let way = stride.unsigned_abs() * (count - 1);
            if *stride < 0 { span.start -= way } else { span.end += way }
        }
        span
    }

    /// The selected scalars in C order, where `span` are the bytes of [`span`](Self::span).
    pub fn gather(&self, span: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.bytes());
        self.blocks(&mut |block| bytes.extend_from_slice(&span[block]));
        bytes
    }

    /// Where each run of `values`, which are the scalars in C order, goes in the field.
    pub fn parts<'v>(&self, mut values: &'v [u8]) -> Vec<(usize, &'v [u8])> {
        let start = self.span().start;
        let mut parts = Vec::new();
        self.blocks(&mut |block| {
            let (value, rest) = values.split_at(block.len());
            parts.push((start + block.start, value));
            values = rest;
        });
        parts
    }

    /// Whether the scalars lie in the span as they are ordered, without anything in between.
    pub fn is_contiguous(&self) -> bool {
        self.runs().0.is_empty()
    }

    /// Each run of bytes, counted from the start of the span.
    fn blocks(&self, each: &mut impl FnMut(Range<usize>)) {
        if self.count() > 0 {
            let (outer, run) = self.runs();
            walk(outer, self.base - self.span().start, run, each);
        }
    }

    /// The dimensions in which there is something between the scalars, and the bytes of each run in
    /// which there is nothing.
    fn runs(&self) -> (&[Dimension], usize) {
        let (mut outer, mut run) = (&self.dimensions[..], self.scalar);
        while let Some((inner, rest)) = outer.split_last() {
            if inner.count != 1 && inner.stride != run as isize {
                break;
            }
            run *= inner.count;
            outer = rest;
        }
        (outer, run)
    }

    /// Parts of about `bytes` each, evenly spread; all of it if it spans no more than that.
    pub fn pieces(&self, bytes: usize, most: usize) -> Vec<Self> {
        let length = |at: &usize| {
            let Dimension { count, stride, .. } = self.dimensions[*at];
            stride.unsigned_abs() * count
        };
        let divisible = (0..self.dimensions.len()).filter(|at| self.dimensions[*at].count > 1);
        let Some(at) = divisible.max_by_key(length).filter(|_| self.span().len() > bytes) else {
            return vec![self.clone()];
        };
        let Dimension { count, stride, .. } = self.dimensions[at];
        let pieces = count.min(most.max(2));
        let rows = (bytes / pieces / stride.unsigned_abs().max(1)).clamp(1, count / pieces);
        let piece = |i: usize| {
            let first = (count - rows) / (pieces - 1) * i;
            let mut piece = self.clone();
            piece.base = piece.base.wrapping_add_signed(stride * first as isize);
            piece.dimensions[at].count = rows;
            piece
        };
        (0..pieces).flat_map(|i| piece(i).pieces(bytes / pieces, most.div_ceil(pieces))).collect()
    }
}

fn walk(outer: &[Dimension], at: usize, block: usize, each: &mut impl FnMut(Range<usize>)) {
    let Some((dimension, inner)) = outer.split_first() else { return each(at..at + block) };
    for i in 0..dimension.count {
        walk(inner, at.wrapping_add_signed(dimension.stride * i as isize), block, each);
    }
}

fn members<'m>(ty: &ElementType<'m>) -> &'m [StructField<'m>] {
    match ty {
        ElementType::Struct { fields, .. } => fields,
        _ => &[],
    }
}

/// The longest of the names that a path begins with, and where it stands among them.
fn longest<'n>(names: impl Iterator<Item = &'n str>, path: &str) -> Option<(usize, &'n str)> {
    let begins = |name: &str| {
        let rest = path.strip_prefix(name).map(str::trim_start);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    };
    names.enumerate().filter(|(_, name)| begins(name)).max_by_key(|(_, name)| name.len())
}

/// All pairs of brackets that a text begins with, and what follows.
fn bracketed<'t>(path: &str, mut rest: &'t str) -> Result<(Slices, &'t str), Failure> {
    let mut slices = Slices::default();
    while let Some(inside) = rest.strip_prefix('[') {
        let (inside, behind) = inside.split_once(']').ok_or_else(|| {
            let path = path.escape_debug();
            Failure::usage(format!("`{path}` has no closing bracket: write FIELD[0:3, ::16]"))
        })?;
        slices.append(Slices::parse(inside)?)?;
        rest = behind.trim_start();
    }
    Ok((slices, rest))
}

/// Which member of a struct a text begins with, and what follows.
fn member_of<'t>(
    what: &str,
    text: &'t str,
    ty: &ElementType<'_>,
) -> Result<(usize, &'t str), Failure> {
    let members = members(ty);
    if let Some((index, name)) = longest(members.iter().map(|member| member.name), text) {
        return Ok((index, text[name.len()..].trim_start()));
    }
    let name = text.split(['.', '[']).next().unwrap_or(text).trim_end().escape_debug();
    let what = what.escape_debug();
    Err(Failure::not_found(if members.is_empty() {
        format!("`{what}` has no member `{name}`: it is {ty}, which is no struct")
    } else {
        let names: Vec<&str> = members.iter().map(|member| member.name).take(20).collect();
        format!("`{what}` ({ty}) has no member `{name}`; it has {}", names.join(", "))
    }))
}

pub fn no_field(region: &str, manifest: &Manifest<'_>, path: &str) -> Failure {
    let field = path.split('[').next().unwrap_or(path).trim_end().escape_debug();
    let names: Vec<&str> = manifest.fields.iter().map(|field| field.name).take(20).collect();
    let names = names.join(", ");
    Failure::not_found(format!("region `{region}` has no field `{field}`; it has {names}"))
}

#[cfg(test)]
mod tests {
    use super::{Dimension, Selection, longest};

    fn selection(base: usize, scalar: usize, dimensions: &[(usize, isize)]) -> Selection {
        let dimension = |(count, stride)| Dimension { count, stride, stays: true };
        let dimensions = dimensions.iter().copied().map(dimension).collect();
        let (path, members) = (String::new(), Vec::new());
        Selection { path, field: 0, members, base, dimensions, scalar }
    }

    /// Every way through memory, against the sum of the offsets.
    #[test]
    fn what_is_written_is_what_is_read() {
        for (selection, offsets) in [
            (selection(3, 1, &[]), vec![3]),
            (selection(0, 1, &[(2, 4), (3, 1)]), vec![0, 1, 2, 4, 5, 6]),
            (selection(7, 1, &[(3, -2)]), vec![7, 5, 3]),
            (selection(5, 1, &[(2, 8), (2, -3)]), vec![5, 2, 13, 10]),
            (selection(0, 1, &[(2, 3), (1, 0), (3, 1)]), vec![0, 1, 2, 3, 4, 5]),
            (selection(9, 1, &[(0, 4), (3, 1)]), vec![]),
        ] {
            let all: Vec<u8> = (0..20).collect();
            let span = selection.span();
            assert_eq!(selection.gather(&all[span.clone()]), offsets, "{selection:?}");
            for (first, part) in selection.parts(&offsets) {
                assert_eq!(part, &all[first..][..part.len()], "{selection:?}");
            }
            let written: usize = selection.parts(&offsets).iter().map(|(_, part)| part.len()).sum();
            assert_eq!(offsets.len(), written, "{selection:?}");
        }
    }

    #[test]
    fn pieces_are_small_and_lie_inside() {
        for whole in [
            selection(0, 4, &[(1_000_000, 4)]),
            selection(64, 4, &[(1000, 100_000), (7, 4)]),
            selection(0, 4, &[(2, 50_000_000), (3, 10_000_000), (1000, 4000)]),
            selection(3_999_996, 4, &[(1_000_000, -4)]),
            selection(0, 1 << 20, &[(5, 1 << 20)]),
        ] {
            let pieces = whole.pieces(1 << 16, 16);
            assert!(pieces.len() <= 100, "{}", pieces.len());
            let read: usize = pieces.iter().map(|piece| piece.span().len()).sum();
            assert!(read <= (1 << 17).max(whole.scalar * 8), "{read} of {whole:?}");
            for piece in pieces {
                let (inside, outside) = (piece.span(), whole.span());
                assert!(outside.start <= inside.start && inside.end <= outside.end);
                assert!(piece.count() > 0);
            }
        }
    }

    /// Field names may have dots, and one of them may be the start of another.
    #[test]
    fn the_longest_name_is_the_fields() {
        let names = ["layers", "layers.0", "layers.0.weight", "layers.0.weigh"];
        let name = |path| longest(names.into_iter(), path).map(|(_, name)| name);
        assert_eq!(name("layers.0.weight[0]"), Some("layers.0.weight"));
        assert_eq!(name("layers.0.bias"), Some("layers.0"));
        assert_eq!(name("layers.1"), Some("layers"));
        assert_eq!(name("layers[0].0"), Some("layers"));
        assert_eq!(name("layer"), None);
        assert_eq!(name("layers0"), None);
    }
}
