//! Structs of many fields: how long they take to compile, to create, to open, and to copy.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use shma_core::untyped::{self, Attributes, Declaration};

use super::curve::{Axis, Curves};
use super::{median_of, name};

/// Of each field: eight numbers.
const TYPE: &str = "[f64; 8]";
const BYTES: usize = 64;

const NUMBERS: [u64; 7] = [1, 3, 10, 30, 100, 300, 1_000];

/// Calls of each kind.
const TIMES: [usize; 2] = [5, 21];

/// Calls, and the compiler.
pub fn measure(quick: bool) -> Result<Vec<Curves>> {
    let times = TIMES[usize::from(!quick)];
    let names = ["create", "open", "snapshot", "each read"];
    let mut curves = names.map(|name| (name, Vec::new()));
    for number in NUMBERS {
        let all = calls(number, times)?;
        curves.iter_mut().zip(all).for_each(|((_, values), value)| values.push(value));
    }
    let calls = Curves {
        name: "fields",
        about: format!("Calls on a state of many fields of {BYTES} B, without the struct."),
        axis: Axis::Count("fields"),
        unit: "ns",
        numbers: NUMBERS.to_vec(),
        curves: curves.to_vec(),
        remark: String::new(),
    };
    let mut all = vec![calls];
    match compile(quick) {
        Ok(curves) => all.push(curves),
        Err(reason) => println!("compile: left out, {reason:#}\n"),
    }
    Ok(all)
}

fn calls(number: u64, times: usize) -> Result<[f64; 4]> {
    let mut declaration = Declaration::new("Many")?;
    for index in 0..number {
        declaration.field(format!("field_{index}"), TYPE.parse()?, Attributes::new())?;
    }
    let name = name("fields");
    let create = median_of(times, || {
        untyped::options().create(&name, &declaration)?;
        Ok(())
    })?;
    let state = untyped::options().create(&name, &declaration)?;
    let open = median_of(times, || {
        untyped::options().open(&name, Some(&declaration))?;
        Ok(())
    })?;
    let mut values = vec![[0_u8; BYTES]; number as usize];
    let snapshot = median_of(times, || {
        let values = values.iter_mut().map(|value| &mut value[..]);
        let mut pairs: Vec<_> = state.fields().iter().zip(values).collect();
        state.snapshot(&mut pairs)?;
        Ok(())
    })?;
    let read = median_of(times, || {
        for (field, value) in state.fields().iter().zip(&mut values) {
            field.read(value)?;
        }
        Ok(())
    })?;
    Ok([create, open, snapshot, read])
}

/// The compiler on a program that declares such a struct, and creates, opens, reads and updates it. What
/// it depends on is built before.
fn compile(quick: bool) -> Result<Curves> {
    let core = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shma-core");
    ensure!(core.exists(), "{} is not there", core.display());
    let project = Project(std::env::temp_dir().join(name("compile")));
    fs::create_dir_all(project.0.join("src")).context("a project to compile")?;
    fs::write(
        project.0.join("Cargo.toml"),
        format!(
            "[package]\nname = \"many\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[workspace]\n\n\
             [dependencies]\nshma-core = {{ path = {core:?} }}\n"
        ),
    )?;
    fs::copy(core.join("../Cargo.lock"), project.0.join("Cargo.lock"))?;
    let numbers: Vec<u64> = NUMBERS.into_iter().filter(|n| !quick || *n != 300).collect();
    let (mut checks, mut builds) = (Vec::new(), Vec::new());
    for how in ["check", "build"] {
        project.compile(how, 1)?;
    }
    for number in &numbers {
        checks.push(project.compile("check", *number)?);
        builds.push(project.compile("build", *number)?);
    }
    Ok(Curves {
        name: "compile",
        about: "The compiler on a program with a struct of many fields, unoptimised.".into(),
        axis: Axis::Count("fields"),
        unit: "ns",
        numbers,
        curves: vec![("cargo check", checks), ("cargo build", builds)],
        remark: String::new(),
    })
}

/// A folder that goes away.
struct Project(PathBuf);

impl Drop for Project {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

impl Project {
    fn compile(&self, how: &str, fields: u64) -> Result<f64> {
        fs::write(self.0.join("src/main.rs"), program(fields))?;
        let start = Instant::now();
        let output = Command::new("cargo")
            .args([how, "--quiet", "--offline"])
            .current_dir(&self.0)
            .output()
            .context("cargo cannot be run")?;
        let complaints = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "cargo {how} of {fields} fields failed: {complaints}");
        Ok(start.elapsed().as_nanos() as f64)
    }
}

fn program(fields: u64) -> String {
    let mut text = "#[derive(shma_core::ShmState)]\nstruct Many {\n".to_owned();
    for index in 0..fields {
        let _ = writeln!(text, "    field_{index}: {TYPE},");
    }
    text + "}\n\nfn main() {\n    use shma_core::ShmState;\n    \
            let many = Many::create(\"many\", &Many::zeroed()).unwrap();\n    \
            Many::open(\"many\").unwrap().snapshot();\n    \
            many.field_0.update(|new, old| new[0] = old[0] + 1.0);\n}\n"
}
