//! Many regions in a directory.

use std::fs;

use anyhow::{Context, Result};
use shma_core::{Shm, ShmState};

use super::curve::{Axis, Curves};
use super::{median_of, name};

#[derive(ShmState)]
struct Small {
    value: [f64; 8],
}

const NUMBERS: [u64; 5] = [1, 10, 100, 1_000, 10_000];
const FEW: [u64; 4] = [1, 10, 100, 1_000];

/// Calls on one region beside so many others, in a directory that no other program uses.
pub fn measure(quick: bool) -> Result<Vec<Curves>> {
    let numbers = if quick { FEW.to_vec() } else { NUMBERS.to_vec() };
    let folder = std::path::Path::new("/dev/shm").join(name("regions"));
    fs::create_dir(&folder).with_context(|| format!("creating {}", folder.display()))?;
    let result = beside(&numbers, &folder);
    fs::remove_dir_all(&folder).with_context(|| format!("removing {}", folder.display()))?;
    Ok(vec![Curves {
        name: "regions",
        about: "Calls on one region beside many others in its directory.".into(),
        axis: Axis::Count("regions"),
        unit: "ns",
        numbers,
        curves: result?,
        remark: String::new(),
    }])
}

fn beside(numbers: &[u64], folder: &std::path::Path) -> Result<Vec<(&'static str, Vec<f64>)>> {
    let options = || Small::options().dir(folder);
    let mut others: Vec<Shm<Small>> = Vec::new();
    let names = ["create and remove", "open", "list"];
    let mut curves = names.map(|name| (name, Vec::new()));
    for number in numbers {
        while (others.len() as u64) < *number {
            let made = options().create(&format!("other-{}", others.len()), &Small::zeroed());
            // Closing the file would not matter: a mapping is enough to be attached.
            others.push(made?);
        }
        let create = median_of(101, || {
            options().create("one", &Small::zeroed())?;
            Ok(())
        })?;
        let one = options().create("one", &Small::zeroed())?;
        let open = median_of(101, || {
            options().open("one")?;
            Ok(())
        })?;
        drop(one);
        let list = median_of(3, || {
            shma_core::inspect::names_in(folder)?;
            Ok(())
        })?;
        curves.iter_mut().zip([create, open, list]).for_each(|((_, all), value)| all.push(value));
    }
    Ok(curves.to_vec())
}
