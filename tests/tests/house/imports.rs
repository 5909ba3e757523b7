//! The order of the library's modules. Each imports only from those below it, so that a
//! reader who goes from the top down never has to come back up.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// From the top down.
const ORDER: [&str; 18] = [
    "lib",
    "private",
    "docs",
    "inspect",
    "untyped",
    "state",
    "field",
    "waiting",
    "partition",
    "region",
    "migration",
    "checkpoint",
    "manifest",
    "protocol",
    "words",
    "os",
    "sync",
    "error",
];

fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../shma-core/src")
}

/// All source files, with the module at the top of the crate that each belongs to.
fn files() -> Vec<(String, PathBuf)> {
    let mut files = Vec::new();
    let mut folders = vec![sources()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let inside = path.strip_prefix(sources()).unwrap().with_extension("");
            let module = inside.iter().next().unwrap().to_str().unwrap().to_owned();
            files.push((module, path));
        }
    }
    files
}

/// The modules that a text names by `crate::`, in `use` lines and elsewhere, outside of comments
/// and unit tests.
fn imports(text: &str) -> BTreeSet<String> {
    let code = text.split("#[cfg(test)]").next().unwrap();
    let code = code.lines().filter(|line| !line.trim_start().starts_with("//"));
    let mut imports = BTreeSet::new();
    for line in code {
        for after in line.split("crate::").skip(1) {
            assert!(!after.starts_with('{'), "one `use crate::` line for each module: {line}");
            let is_name = |c: &char| c.is_ascii_lowercase() || *c == '_';
            let module: String = after.chars().take_while(is_name).collect();
            // Types that the library re-exports at its top start with a capital.
            if !module.is_empty() {
                imports.insert(module);
            }
        }
    }
    imports
}

fn place(module: &str) -> usize {
    ORDER.iter().position(|m| *m == module).unwrap_or_else(|| {
        panic!("module `{module}` has no place in the order; give it one where it belongs")
    })
}

/// An import from above makes a knot: neither of the two can be understood without the other.
#[test]
fn modules_import_from_below_only() {
    let mut wrong = Vec::new();
    for (module, path) in files() {
        for import in imports(&fs::read_to_string(&path).unwrap()) {
            if import != module && place(&import) <= place(&module) {
                let file = path.strip_prefix(sources()).unwrap().display().to_string();
                wrong.push(format!("{file} imports `{import}`, which stands above `{module}`"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A place that nothing takes any more misleads readers of the order.
#[test]
fn the_order_names_existing_modules_only() {
    let modules: BTreeSet<String> = files().into_iter().map(|file| file.0).collect();
    let gone: Vec<_> = ORDER.iter().filter(|module| !modules.contains(**module)).collect();
    assert!(gone.is_empty(), "{gone:?}");
}

/// The search itself: what it has to find, and what it has to leave alone.
#[test]
fn every_import_is_found() {
    let text = "use crate::os;\nuse crate::sync::{A, B};\n    crate::words::store(a, b);\n\
                pub(in crate::region) fn f() {}\n//! [`crate::Shm`] crate::shm\n\
                fn g(x: crate::Shm) {}\n$crate::stop::reached(1)\n\
                #[cfg(test)]\nmod tests { use crate::region; }";
    let expected = ["os", "region", "stop", "sync", "words"].map(str::to_owned);
    assert_eq!(imports(text), BTreeSet::from(expected));
}
