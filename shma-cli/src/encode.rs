//! A value that was typed, as the bytes of a type.
//!
//! It is JSON in the form that `shma get --json` prints. What has no such form, not a number and the
//! infinities, and integers beyond 64 bits, may be strings; alone they need no quotation marks.

use half::{bf16, f16};
use serde_json::Value;
use shma_core::ElementType;

use crate::failure::Failure;

/// What takes a value: a path, and its type.
#[derive(Debug, Clone, Copy)]
pub struct Target<'a> {
    pub path: &'a str,
    pub scalar: &'a ElementType<'a>,
    pub shape: &'a [usize],
}

impl Target<'_> {
    /// The bytes of a value. One scalar goes to all places.
    pub fn encode(&self, text: &str) -> Result<Vec<u8>, Failure> {
        let value = match serde_json::from_str(&quoted(text)) {
            // An integer of more than 64 bits is a float for JSON.
            Ok(Value::Number(_)) | Err(_) if !text.trim_start().starts_with(['[', '{', '"']) => {
                Value::String(text.trim().to_owned())
            }
            Ok(value) => value,
            Err(error) => {
                let message = format!("the value for `{}` is not JSON: {error}", self.path);
                return Err(Failure::usage(message));
            }
        };
        let mut bytes = Vec::new();
        if self.is_scalar(&value) {
            self.scalar(&value, &mut bytes)?;
            bytes = bytes.repeat(self.shape.iter().product());
        } else {
            self.elements(&value, &mut bytes)?;
        }
        Ok(bytes)
    }

    /// Whether a value is one scalar and no array of them.
    fn is_scalar(&self, value: &Value) -> bool {
        match value {
            Value::Array(parts) => is_complex(self.scalar) && !parts.iter().any(Value::is_array),
            _ => true,
        }
    }

    fn elements(&self, value: &Value, into: &mut Vec<u8>) -> Result<(), Failure> {
        let Some((len, inner)) = self.shape.split_first() else {
            return self.scalar(value, into);
        };
        let Value::Array(elements) = value else { return Err(self.refuses(value, "no list")) };
        if elements.len() != *len {
            let found = elements.len();
            return Err(self.refuses(value, &format!("{found} elements where {len} belong")));
        }
        for (i, element) in elements.iter().enumerate() {
            let path = format!("{}[{i}]", self.path);
            Target { path: &path, scalar: self.scalar, shape: inner }.elements(element, into)?;
        }
        Ok(())
    }

    fn scalar(&self, value: &Value, into: &mut Vec<u8>) -> Result<(), Failure> {
        match self.scalar {
            ElementType::Struct { fields, .. } => {
                let Value::Object(members) = value else {
                    return Err(self.refuses(value, "no object"));
                };
                let known = |name: &&String| !fields.iter().any(|field| *field.name == **name);
                if let Some(name) = members.keys().find(known) {
                    let name = name.escape_debug();
                    return Err(self.refuses(value, &format!("a member `{name}` too many")));
                }
                for field in *fields {
                    let Some(value) = members.get(field.name) else {
                        let name = field.name;
                        return Err(self.refuses(value, &format!("without the member `{name}`")));
                    };
                    let (path, shape) = (format!("{}.{}", self.path, field.name), field.ty.shape());
                    let (path, scalar, shape) = (&path, field.ty.scalar(), &shape);
                    Target { path, scalar, shape }.elements(value, into)?;
                }
                Ok(())
            }
            ElementType::Number { name, .. } => self.number(name, value, into),
            _ => Err(self.refuses(value, "of a type that is not known")),
        }
    }

    fn number(&self, name: &str, value: &Value, into: &mut Vec<u8>) -> Result<(), Failure> {
        /// An integer of the type, if the text is one.
        macro_rules! integer {
            ($ty:ty, $text:expr) => {
                $text.parse::<$ty>().map(|number| number.to_ne_bytes().to_vec()).ok()
            };
        }
        if is_complex(self.scalar) {
            return self.complex(name, value, into);
        }
        let text = match value {
            Value::Number(number) => number.to_string(),
            Value::String(text) => text.clone(),
            _ => return Err(self.refuses(value, "no number")),
        };
        let bytes = match name {
            "u8" => integer!(u8, text),
            "u16" => integer!(u16, text),
            "u32" => integer!(u32, text),
            "u64" => integer!(u64, text),
            "u128" => integer!(u128, text),
            "i8" => integer!(i8, text),
            "i16" => integer!(i16, text),
            "i32" => integer!(i32, text),
            "i64" => integer!(i64, text),
            "i128" => integer!(i128, text),
            float => return self.float(float, value, &text, into),
        };
        let Some(bytes) = bytes else {
            let is_integer = {
                let digits = text.strip_prefix('-').unwrap_or(&text);
                !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
            };
            let why = if is_integer { "out of range" } else { "no integer" };
            return Err(self.refuses(value, why));
        };
        into.extend(bytes);
        Ok(())
    }

    fn float(
        &self,
        name: &str,
        value: &Value,
        text: &str,
        into: &mut Vec<u8>,
    ) -> Result<(), Failure> {
        let Ok(number) = text.parse::<f64>() else { return Err(self.refuses(value, "no number")) };
        let (bytes, stored) = match name {
            "f64" => (number.to_ne_bytes().to_vec(), number),
            // From the text, so that it is rounded once.
            "f32" => {
                let number = text.parse::<f32>().unwrap_or(number as f32);
                (number.to_ne_bytes().to_vec(), number.into())
            }
            "f16" => {
                let number = f16::from_f64(number);
                (number.to_ne_bytes().to_vec(), number.into())
            }
            "bf16" => {
                let number = bf16::from_f64(number);
                (number.to_ne_bytes().to_vec(), number.into())
            }
            _ => return Err(self.refuses(value, "of a type that is not known")),
        };
        let names_infinity = text.trim_start_matches(['-', '+']).starts_with(['i', 'I']);
        if stored.is_infinite() && !names_infinity {
            return Err(self.refuses(value, "out of range"));
        }
        into.extend(bytes);
        Ok(())
    }

    /// A pair of real and imaginary part, or a real part alone.
    fn complex(&self, name: &str, value: &Value, into: &mut Vec<u8>) -> Result<(), Failure> {
        let real = if name == "Complex<f32>" { "f32" } else { "f64" };
        let zero = Value::from(0);
        let parts = match value {
            Value::Array(parts) if parts.len() == 2 => [&parts[0], &parts[1]],
            Value::Number(_) | Value::String(_) => [value, &zero],
            _ => return Err(self.refuses(value, "no pair of real and imaginary part")),
        };
        for part in parts {
            let text = match part {
                Value::Number(number) => number.to_string(),
                Value::String(text) => text.clone(),
                _ => return Err(self.refuses(value, "no pair of numbers")),
            };
            self.float(real, part, &text, into)?;
        }
        Ok(())
    }

    /// A failure that names path, type and value.
    fn refuses(&self, value: &Value, why: &str) -> Failure {
        let ty = self
            .shape
            .iter()
            .rev()
            .fold(self.scalar.to_string(), |of, len| format!("[{of}; {len}]"));
        let text = match value {
            Value::String(text) => text.escape_debug().to_string(),
            value => value.to_string(),
        };
        let mut short: String = text.chars().take(60).collect();
        if short.len() < text.len() {
            short += "..";
        }
        Failure::usage(format!("`{}` is {ty}, and `{short}` is {why} for it", self.path))
    }
}

/// JSON with quotation marks around what it has no numbers for: `nan`, `inf`, `Infinity`.
fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len());
    let (mut rest, mut is_string) = (text, false);
    while let Some(c) = rest.chars().next() {
        let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.' | '_');
        let word = &rest[..rest.find(|c| !is_word(c)).unwrap_or(rest.len())];
        let name = word.trim_start_matches(['-', '+']).to_ascii_lowercase();
        let len = match (is_string, c) {
            (true, '\\') => rest.char_indices().nth(2).map_or(rest.len(), |(at, _)| at),
            (_, '"') => {
                is_string = !is_string;
                1
            }
            (false, _) if matches!(&*name, "nan" | "inf" | "infinity") => {
                quoted += &format!("\"{word}\"");
                rest = &rest[word.len()..];
                continue;
            }
            (false, _) if !word.is_empty() => word.len(),
            _ => c.len_utf8(),
        };
        quoted += &rest[..len];
        rest = &rest[len..];
    }
    quoted
}

fn is_complex(ty: &ElementType<'_>) -> bool {
    matches!(ty, ElementType::Number { name, .. } if name.starts_with("Complex"))
}
