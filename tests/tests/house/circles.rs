//! Files that import each other in a circle: none of them can be read before the others.
//!
//! Every crate of the repository is read, at every depth. A path leads to the file that defines its
//! name: a module that only passes a name on (`pub use`) imports nothing by that.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// A module by the names that lead to it from the root of its crate.
type Module = Vec<String>;

/// The modules of one crate.
#[derive(Default)]
struct Sources {
    texts: BTreeMap<Module, String>,
    /// The names that each module takes from elsewhere, and where they come from.
    taken: BTreeMap<Module, BTreeMap<String, Vec<String>>>,
}

/// A `use` or a path in the code of a module.
struct Import {
    path: Vec<String>,
    /// The name by which the module has it from there on.
    name: String,
    /// Whether it is there for others.
    is_public: bool,
}

impl Sources {
    fn new(texts: BTreeMap<Module, String>) -> Self {
        let taken = |text: &String| {
            let imports = uses(text).into_iter();
            imports.map(|import| (import.name, import.path)).collect()
        };
        let taken = texts.iter().map(|(module, text)| (module.clone(), taken(text))).collect();
        Self { texts, taken }
    }

    /// The crate whose root is this file.
    fn of(root: &Path) -> Self {
        let mut texts = BTreeMap::from([(Module::new(), fs::read_to_string(root).unwrap())]);
        read(root.parent().unwrap(), &Module::new(), root, &mut texts);
        for (name, path) in elsewhere(&texts[&Module::new()]) {
            let path = root.parent().unwrap().join(path);
            let module = vec![name];
            if path.ends_with("mod.rs") {
                read(path.parent().unwrap(), &module, root, &mut texts);
            }
            texts.insert(module, fs::read_to_string(&path).unwrap());
        }
        Self::new(texts)
    }

    /// The module that defines what a path names; `None` for another crate's.
    fn target(&self, from: &Module, path: &[String], depth: usize) -> Option<Module> {
        let (mut at, mut rest) = match path.first()?.as_str() {
            "crate" => (Module::new(), &path[1..]),
            "self" => (from.clone(), &path[1..]),
            "super" => (from[..from.len().checked_sub(1)?].to_vec(), &path[1..]),
            first if self.texts.contains_key(&child(from, first)) => (from.clone(), path),
            _ => return None,
        };
        while let Some((first, after)) = rest.split_first() {
            if first == "super" {
                at.pop()?;
            } else if self.texts.contains_key(&child(&at, first)) {
                at.push(first.clone());
            } else {
                let passed_on = self.taken.get(&at)?.get(first).filter(|_| depth < 9);
                let passed_on = passed_on.and_then(|path| self.target(&at, path, depth + 1));
                return Some(passed_on.unwrap_or(at));
            }
            rest = after;
        }
        Some(at)
    }

    /// Which modules each module imports.
    fn imports(&self) -> BTreeMap<&Module, BTreeSet<Module>> {
        let mut imports = BTreeMap::new();
        for (module, text) in &self.texts {
            let targets = uses(text).into_iter().chain(paths(text)).filter_map(|import| {
                let target = self.target(module, &import.path, 0)?;
                let passes_on = import.is_public && target.starts_with(module);
                (target != *module && !passes_on).then_some(target)
            });
            imports.insert(module, targets.collect());
        }
        imports
    }

    /// The modules that cannot be read one after the other.
    fn circle(&self) -> BTreeSet<String> {
        let mut left = self.imports();
        loop {
            let before = left.len();
            let names: BTreeSet<Module> = left.keys().map(|module| (*module).clone()).collect();
            left.retain(|_, targets| targets.iter().any(|target| names.contains(target)));
            let wanted: BTreeSet<Module> = left.values().flatten().cloned().collect();
            left.retain(|module, _| wanted.contains(*module));
            if left.len() == before {
                return left.keys().map(|module| module.join("::")).collect();
            }
        }
    }
}

fn child(module: &Module, name: &str) -> Module {
    let mut child = module.clone();
    child.push(name.to_owned());
    child
}

fn read(folder: &Path, module: &Module, root: &Path, texts: &mut BTreeMap<Module, String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        if path.is_dir() {
            // Programs are crates of their own.
            if !(module.is_empty() && name == "bin") {
                read(&path, &child(module, name), root, texts);
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let module = if name == "mod" { module.clone() } else { child(module, name) };
            let is_root = name == "main" || name == "lib" || path == root;
            if !is_root {
                texts.insert(module, fs::read_to_string(&path).unwrap());
            }
        }
    }
}

/// The modules whose file an attribute of the root names, and where it lies from there.
fn elsewhere(root: &str) -> Vec<(String, String)> {
    let code = code(root);
    let modules = code.split("#[path = \"").skip(1).filter_map(|rest| {
        let (path, rest) = rest.split_once('"')?;
        let name = rest.split_once("mod ")?.1.split_once(';')?.0;
        Some((name.to_owned(), path.to_owned()))
    });
    modules.collect()
}

/// What is compiled for users: no comments, no unit tests.
fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod tests").next().unwrap();
    let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

/// Where the `use` lines of a code lie, from what stands before the word to behind the semicolon.
fn use_lines(code: &str) -> Vec<Range<usize>> {
    let mut lines = Vec::new();
    for (at, word) in code.match_indices("use ") {
        let start = code[..at].rfind('\n').map_or(0, |newline| newline + 1);
        let before = code[start..at].trim();
        if before.is_empty() || before.starts_with("pub") {
            let from = at + word.len();
            lines.push(start..code[from..].find(';').map_or(code.len(), |end| from + end + 1));
        }
    }
    lines
}

/// What the `use` lines of a text import.
fn uses(text: &str) -> Vec<Import> {
    let code = code(text);
    let mut imports = Vec::new();
    for line in use_lines(&code) {
        if let Some((before, tree)) = code[line].trim_end_matches(';').split_once("use ") {
            let before = before.trim();
            for path in expand(tree) {
                let (path, name) = match path.split_once(" as ") {
                    Some((path, name)) => (path.to_owned(), name.to_owned()),
                    None => (path.clone(), path.rsplit("::").next().unwrap().to_owned()),
                };
                let path = path.split("::").map(|name| name.trim().to_owned()).collect();
                imports.push(Import { path, name, is_public: before.starts_with("pub") });
            }
        }
    }
    imports
}

/// The paths in a tree of a `use` line.
fn expand(tree: &str) -> Vec<String> {
    let tree = tree.trim();
    let Some(open) = tree.find('{') else { return vec![tree.to_owned()] };
    let inside = &tree[open + 1..tree.rfind('}').unwrap()];
    let (mut parts, mut depth, mut start) = (Vec::new(), 0, 0);
    for (at, character) in inside.char_indices() {
        match character {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&inside[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&inside[start..]);
    let parts = parts.into_iter().map(str::trim).filter(|part| !part.is_empty());
    let whole = |part: String| match part.as_str() {
        "self" => tree[..open].trim_end_matches("::").to_owned(),
        part => format!("{}{part}", &tree[..open]),
    };
    parts.flat_map(expand).map(whole).collect()
}

/// The paths from the root of the crate, or from the module above, in the code of a text.
fn paths(text: &str) -> Vec<Import> {
    let mut code = code(text);
    for line in use_lines(&code).into_iter().rev() {
        code.replace_range(line, "");
    }
    let mut imports = Vec::new();
    for start in ["crate::", "super::"] {
        for (at, _) in code.match_indices(start) {
            // `pub(in crate::region)` says who may use it.
            let is_visibility = code[..at].ends_with("(in ");
            let is_part = code[..at].ends_with([':', '_']);
            if is_visibility || is_part {
                continue;
            }
            let is_path = |character: char| character.is_alphanumeric() || "_:".contains(character);
            let end =
                code[at..].find(|character| !is_path(character)).map_or(code.len(), |n| at + n);
            let path = code[at..end].trim_end_matches(':').split("::").map(str::to_owned);
            imports.push(Import { path: path.collect(), name: String::new(), is_public: false });
        }
    }
    imports
}

/// The root files of all crates with more than one file.
fn roots() -> Vec<PathBuf> {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let folders = |folder: PathBuf| {
        let entries = fs::read_dir(folder).into_iter().flatten();
        entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_dir())
    };
    let packages = folders(top)
        .flat_map(|folder| [folder.clone()].into_iter().chain(folders(folder)).collect::<Vec<_>>());
    let mut roots = Vec::new();
    for package in packages.filter(|folder| folder.join("Cargo.toml").is_file()) {
        roots.extend(["src/lib.rs", "src/main.rs"].map(|root| package.join(root)));
        for programs in ["src/bin", "tests", "examples", "benches"] {
            roots.extend(folders(package.join(programs)).map(|program| program.join("main.rs")));
        }
    }
    roots.retain(|root| root.is_file());
    // Where there is a library, the program beside it is one file.
    let libraries: BTreeSet<PathBuf> =
        roots.iter().filter(|root| root.ends_with("lib.rs")).cloned().collect();
    roots.retain(|root| {
        root.ends_with("lib.rs") || !libraries.contains(&root.with_file_name("lib.rs"))
    });
    roots
}

#[test]
fn files_import_each_other_in_no_circle() {
    let roots = roots();
    assert!(roots.len() >= 12, "{roots:?}");
    let circles = roots.iter().map(|root| (root, Sources::of(root).circle()));
    let circles: Vec<_> = circles.filter(|(_, circle)| !circle.is_empty()).collect();
    assert!(circles.is_empty(), "{circles:#?}");
}

/// The circle of a crate that is these texts.
fn circle(texts: &[(&str, &str)]) -> Vec<String> {
    let texts = texts.iter().map(|(path, text)| {
        let names = path.split("::").filter(|name| !name.is_empty());
        (names.map(str::to_owned).collect(), (*text).to_owned())
    });
    Sources::new(texts.collect()).circle().into_iter().collect()
}

/// The search itself: what it has to find, and what it has to leave alone.
#[test]
fn a_planted_circle_is_found() {
    let none: [&str; 0] = [];
    // A face that passes on what its parts define, and parts that use each other by it.
    let face = ("room", "pub use part::Part;\nmod part;\nmod other;\npub struct Own;");
    let part = ("room::part", "use super::Own;\npub struct Part;");
    assert_eq!(circle(&[("", "mod room;"), face, part, ("room::other", "use super::Part;")]), none);
    // The face needs the part, which needs the face.
    let needs = ("room", "mod part;\nuse part::Part;\npub struct Own(Part);");
    assert_eq!(circle(&[("", ""), needs, part]), ["room", "room::part"]);
    // By a tree, by a path in the code, by a name that is passed on.
    let one = ("one", "use crate::{\n    face::{Two, self},\n};");
    let two = ("two", "fn f() { crate::one::g(); }\npub struct Two;");
    let face = ("face", "pub(crate) use crate::two::Two;");
    assert_eq!(circle(&[("", ""), one, two, face]), ["face", "one", "two"]);
    // A module whose file lies elsewhere.
    let root = "#[path = \"../other/one.rs\"]\nmod one;\nmod two;";
    assert_eq!(elsewhere(root), [("one".to_owned(), "../other/one.rs".to_owned())]);
    // Comments, tests and visibilities import nothing.
    let quiet = (
        "two",
        "//! [`crate::one`]\npub(in crate::one) struct Two;\n#[cfg(test)]\nmod tests { use crate::one::g; }",
    );
    assert_eq!(circle(&[("", ""), one, quiet, ("face", "pub(crate) use crate::two::Two;")]), none);
}
