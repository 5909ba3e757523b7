//! Arrays as text: for people, as JSON, and as comma-separated values.

use std::io::{self, Write};

use shma_core::ElementType;
use shma_core::inspect::{Elements, Members, Scalar};

use crate::array::Array;

/// More scalars than this are summarised for people.
const MANY: usize = 1000;

/// So many are shown at each end of a dimension then.
const EDGE: usize = 3;

/// What members stand further to the right than their struct.
const INDENT: usize = 2;

/// How values are written for people.
#[derive(Debug, Clone, Copy)]
pub struct Form {
    /// Whether all are, however many.
    pub all: bool,
    /// The columns of a line. Rows that are longer break between numbers.
    pub width: usize,
}

/// Writes nested brackets with aligned numbers, like numpy does; a struct as its members, a line
/// each.
pub fn text(to: &mut impl Write, array: &Array<'_>, form: Form) -> io::Result<()> {
    if matches!(array.scalar, ElementType::Struct { .. }) {
        return structs(to, array, form, 0);
    }
    numbers(to, array, form)?;
    writeln!(to)
}

fn numbers(to: &mut impl Write, array: &Array<'_>, form: Form) -> io::Result<()> {
    let summarised = !form.all && array.len() > MANY;
    let mut shown = Vec::new();
    visible(&array.shape, summarised, 0, &mut shown);
    let widths = shown.iter().map(|index| array.get(*index).to_string().chars().count());
    let width = widths.max().unwrap_or(0);
    // A bracket for each dimension stands before the first number, and a comma after each.
    let room = form.width.saturating_sub(array.shape.len()).saturating_add(1);
    let in_line = (room / (width + 2)).max(1);
    Nested { array, summarised, width, in_line }.write(to, 0, 0)
}

/// Members of each struct, under the struct's indices where there are several.
fn structs(to: &mut impl Write, array: &Array<'_>, form: Form, indent: usize) -> io::Result<()> {
    if array.len() == 0 {
        return writeln!(to, "{:indent$}[]", "");
    }
    let mut indices = vec![0; array.shape.len()];
    let scalars = array.len() * scalars(array.scalar);
    let list = List { array, summarised: !form.all && scalars > MANY, form, indent };
    list.write(to, &mut indices, 0, 0)
}

/// How many numbers are in a type.
fn scalars(ty: &ElementType<'_>) -> usize {
    let count = ty.shape().iter().product::<usize>();
    match ty.scalar() {
        ElementType::Struct { fields, .. } => {
            count * fields.iter().map(|field| scalars(field.ty)).sum::<usize>()
        }
        _ => count,
    }
}

/// Structs under one another.
struct List<'a> {
    array: &'a Array<'a>,
    summarised: bool,
    form: Form,
    indent: usize,
}

impl List<'_> {
    fn write(
        &self,
        to: &mut impl Write,
        indices: &mut [usize],
        dimension: usize,
        first: usize,
    ) -> io::Result<()> {
        let indent = self.indent;
        let Some((len, inner)) = self.array.shape[dimension..].split_first() else {
            let Scalar::Struct(members) = self.array.get(first) else { return Ok(()) };
            if indices.is_empty() {
                return self::members(to, members, self.form, indent);
            }
            let indices: Vec<String> = indices.iter().map(usize::to_string).collect();
            writeln!(to, "{:indent$}[{}]", "", indices.join(", "))?;
            return self::members(to, members, self.form, indent + INDENT);
        };
        let row: usize = inner.iter().product();
        for piece in pieces(*len, self.summarised) {
            let Some(index) = piece else {
                writeln!(to, "{:indent$}...", "")?;
                continue;
            };
            indices[dimension] = index;
            self.write(to, indices, dimension + 1, first + index * row)?;
        }
        Ok(())
    }
}

fn members(to: &mut impl Write, members: Members<'_>, form: Form, indent: usize) -> io::Result<()> {
    for (name, elements) in members.iter() {
        let array = Array::of(elements);
        write!(to, "{:indent$}{name}:", "")?;
        if matches!(array.scalar, ElementType::Struct { .. }) {
            writeln!(to)?;
            structs(to, &array, form, indent + INDENT)?;
            continue;
        }
        let mut value = Vec::new();
        let width = form.width.saturating_sub(indent + INDENT);
        numbers(&mut value, &array, Form { width, ..form })?;
        let value = String::from_utf8_lossy(&value);
        if value.contains('\n') {
            let indent = indent + INDENT;
            writeln!(to)?;
            for line in value.lines() {
                let width = if line.is_empty() { 0 } else { indent };
                writeln!(to, "{:width$}{line}", "")?;
            }
        } else {
            writeln!(to, " {value}")?;
        }
    }
    Ok(())
}

struct Nested<'a> {
    array: &'a Array<'a>,
    summarised: bool,
    width: usize,
    /// Numbers in a line, at most.
    in_line: usize,
}

impl Nested<'_> {
    fn write(&self, to: &mut impl Write, dimension: usize, first: usize) -> io::Result<()> {
        let Some((len, inner)) = self.array.shape[dimension..].split_first() else {
            return write!(to, "{:>width$}", self.array.get(first).to_string(), width = self.width);
        };
        let row: usize = inner.iter().product();
        write!(to, "[")?;
        for (i, piece) in pieces(*len, self.summarised).enumerate() {
            if i > 0 && inner.is_empty() && i % self.in_line == 0 {
                write!(to, ",\n{:indent$}", "", indent = dimension + 1)?;
            } else if i > 0 && inner.is_empty() {
                write!(to, ", ")?;
            } else if i > 0 {
                write!(to, ",{}", "\n".repeat(inner.len()))?;
                write!(to, "{:indent$}", "", indent = dimension + 1)?;
            }
            match piece {
                Some(index) => self.write(to, dimension + 1, first + index * row)?,
                None => write!(to, "...")?,
            }
        }
        write!(to, "]")
    }
}

/// The indices of a dimension, with `None` for those left out.
fn pieces(len: usize, summarised: bool) -> impl Iterator<Item = Option<usize>> {
    let short = !summarised || len <= 2 * EDGE + 1;
    let (head, tail) = if short { (len, len) } else { (EDGE, len - EDGE) };
    let gap = (!short).then_some(None);
    (0..head).map(Some).chain(gap).chain((tail..len).map(Some))
}

/// The flat indices of what is shown.
fn visible(shape: &[usize], summarised: bool, first: usize, into: &mut Vec<usize>) {
    let Some((len, inner)) = shape.split_first() else { return into.push(first) };
    let row: usize = inner.iter().product();
    for index in pieces(*len, summarised).flatten() {
        visible(inner, summarised, first + index * row, into);
    }
}

/// Writes nested lists: numbers as numbers, numbers that JSON lacks as strings, complex numbers as
/// pairs, structs as objects.
pub fn json(to: &mut impl Write, array: &Array<'_>) -> io::Result<()> {
    nested_json(to, &array.shape, 0, &mut |to, index| scalar_json(to, array.get(index)))
}

fn nested_json<W: Write>(
    to: &mut W,
    shape: &[usize],
    first: usize,
    scalar: &mut impl FnMut(&mut W, usize) -> io::Result<()>,
) -> io::Result<()> {
    let Some((len, inner)) = shape.split_first() else { return scalar(to, first) };
    let row: usize = inner.iter().product();
    write!(to, "[")?;
    for index in 0..*len {
        if index > 0 {
            write!(to, ",")?;
        }
        nested_json(to, inner, first + index * row, scalar)?;
    }
    write!(to, "]")
}

fn scalar_json(to: &mut impl Write, scalar: Scalar<'_>) -> io::Result<()> {
    match scalar {
        Scalar::Unsigned(number) if u64::try_from(number).is_err() => write!(to, "\"{number}\""),
        Scalar::Signed(number) if i64::try_from(number).is_err() => write!(to, "\"{number}\""),
        Scalar::Single(number) => float_json(to, number.into(), format!("{number:?}")),
        Scalar::Double(number) => float_json(to, number, format!("{number:?}")),
        Scalar::ComplexSingle(re, im) => {
            write!(to, "[")?;
            float_json(to, re.into(), format!("{re:?}"))?;
            write!(to, ",")?;
            float_json(to, im.into(), format!("{im:?}"))?;
            write!(to, "]")
        }
        Scalar::ComplexDouble(re, im) => {
            write!(to, "[")?;
            float_json(to, re, format!("{re:?}"))?;
            write!(to, ",")?;
            float_json(to, im, format!("{im:?}"))?;
            write!(to, "]")
        }
        Scalar::Struct(members) => {
            write!(to, "{{")?;
            for (i, (name, elements)) in members.iter().enumerate() {
                let name = serde_json::Value::from(name);
                write!(to, "{}{name}:", if i == 0 { "" } else { "," })?;
                nested_json(to, &elements.shape(), 0, &mut |to, index| {
                    scalar_json(to, elements.get(index))
                })?;
            }
            write!(to, "}}")
        }
        number => write!(to, "{number}"),
    }
}

fn float_json(to: &mut impl Write, value: f64, text: String) -> io::Result<()> {
    match value {
        value if value.is_nan() => write!(to, "\"NaN\""),
        f64::INFINITY => write!(to, "\"Infinity\""),
        f64::NEG_INFINITY => write!(to, "\"-Infinity\""),
        _ => write!(to, "{text}"),
    }
}

/// Writes a line for each index but the innermost, whose elements go across; a single dimension
/// goes down. Structs have a line each, under a line of names.
pub fn csv(to: &mut impl Write, array: &Array<'_>) -> io::Result<()> {
    if let Some(Scalar::Struct(_)) = array.iter().next() {
        return structs_csv(to, array);
    }
    let across = if array.shape.len() > 1 { array.shape[array.shape.len() - 1] } else { 1 };
    for (i, scalar) in array.iter().enumerate() {
        let end = if (i + 1) % across == 0 { "\n" } else { "," };
        write!(to, "{scalar}{end}")?;
    }
    Ok(())
}

fn structs_csv(to: &mut impl Write, array: &Array<'_>) -> io::Result<()> {
    for (i, scalar) in array.iter().enumerate() {
        let Scalar::Struct(members) = scalar else { continue };
        let mut cells = Vec::new();
        for (name, elements) in members.iter() {
            flatten(name, elements, &mut cells);
        }
        let line = |cells: &[(String, String)], of: fn(&(String, String)) -> &str| {
            cells.iter().map(of).collect::<Vec<_>>().join(",")
        };
        if i == 0 {
            writeln!(to, "{}", line(&cells, |cell| &cell.0))?;
        }
        writeln!(to, "{}", line(&cells, |cell| &cell.1))?;
    }
    Ok(())
}

/// Name and value of each number in a member.
fn flatten(name: &str, elements: Elements<'_>, into: &mut Vec<(String, String)>) {
    for (i, scalar) in elements.iter().enumerate() {
        let name =
            if elements.shape().is_empty() { name.to_owned() } else { format!("{name}[{i}]") };
        match scalar {
            Scalar::Struct(members) => {
                for (inner, elements) in members.iter() {
                    flatten(&format!("{name}.{inner}"), elements, into);
                }
            }
            number => into.push((name, number.to_string())),
        }
    }
}
