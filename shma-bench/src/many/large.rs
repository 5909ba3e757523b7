//! Large values: to make them, to attach to them, and to touch them for the first time.

use std::time::Instant;

use anyhow::Result;
use shma_core::untyped::{self, Attributes, Declaration, Wait};

use super::curve::{Axis, Curves};
use super::name;
use crate::worker::check_memory;

/// The library has four slots of each value; the buffer is a copy.
const COPIES: u64 = 5;

const SIZES: [u64; 8] =
    [64 << 10, 256 << 10, 1 << 20, 4 << 20, 16 << 20, 64 << 20, 256 << 20, 1 << 30];

/// What is done once with a value of each size.
pub fn measure(quick: bool) -> Result<Vec<Curves>> {
    let names = ["create", "open", "first read", "second read", "first write", "fifth write"];
    let mut curves = names.map(|name| (name, Vec::new()));
    let (mut numbers, mut remark) = (Vec::new(), String::new());
    for bytes in SIZES.into_iter().take(if quick { 6 } else { SIZES.len() }) {
        if let Err(reason) = check_memory(COPIES, bytes) {
            remark = format!("left out from {}: {}\n", crate::report::bytes(bytes), reason.0);
            break;
        }
        numbers.push(bytes);
        let all = once(bytes)?;
        curves.iter_mut().zip(all).for_each(|((_, values), value)| values.push(value));
    }
    Ok(vec![Curves {
        name: "large",
        about: "One large value, by an attachment that has not touched it yet.".into(),
        axis: Axis::Bytes,
        unit: "ns",
        numbers,
        curves: curves.to_vec(),
        remark,
    }])
}

fn once(bytes: u64) -> Result<[f64; 6]> {
    let mut declaration = Declaration::new("Large")?;
    declaration.field("value", format!("[f64; {}]", bytes / 8).parse()?, Attributes::new())?;
    let name = name("large");
    let mut value = vec![1_u8; usize::try_from(bytes)?];
    let (create, _made) = time(|| Ok(untyped::options().create(&name, &declaration)?))?;
    let (open, state) = time(|| Ok(untyped::options().open(&name, Some(&declaration))?))?;
    let field = state.field("value")?;
    let (first_read, _) = time(|| Ok(field.read(&mut value)?))?;
    let (second_read, _) = time(|| Ok(field.read(&mut value)?))?;
    let (first_write, _) = time(|| Ok(field.write(&value, Wait::Forever)?))?;
    // Each slot is touched by then.
    for _ in 0..3 {
        field.write(&value, Wait::Forever)?;
    }
    let (fifth_write, _) = time(|| Ok(field.write(&value, Wait::Forever)?))?;
    Ok([create, open, first_read, second_read, first_write, fifth_write])
}

fn time<T>(call: impl FnOnce() -> Result<T>) -> Result<(f64, T)> {
    let start = Instant::now();
    let made = call()?;
    Ok((start.elapsed().as_nanos() as f64, made))
}
