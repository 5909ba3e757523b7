//! The campaigns that build the library in another way, in their short forms; and faults of the
//! library that they have to notice.

use std::fs;
use std::path::{Path, PathBuf};

use shma_campaigns::{is_caught, passes};

const CAMPAIGN: &str = env!("CARGO_BIN_EXE_campaign");

/// An order of memory is weakened, or a step moved, and no test on this processor notices.
#[test]
fn models_passes() {
    passes(CAMPAIGN, "models");
}

#[test]
fn tsan_passes() {
    passes(CAMPAIGN, "tsan");
}

/// The campaign itself is the ordinary program: what it watches has the fault.
#[test]
fn tsan_notices_faults() {
    if cfg!(all(target_arch = "x86_64", target_env = "gnu")) {
        for mutant in [
            "semaphore-relaxed-acquire",
            "load-not-acquired",
            "slots-relaxed-version",
            "words-plain",
        ] {
            is_caught(Path::new(CAMPAIGN), mutant, &["tsan", "--count", "1"]);
        }
    }
}

/// A fault can be switched on, and no model and no campaign is asked to catch it.
#[test]
fn every_fault_has_a_test_that_catches_it() {
    let campaigns = Path::new(env!("CARGO_MANIFEST_DIR"));
    let core = campaigns.join("../../shma-core/src");
    let models = core.join("protocol/models");
    let mut looked_for = texts(&campaigns.join("tests"));
    looked_for.extend(texts(&campaigns.join("../tests")));
    looked_for.extend(texts(&models));
    let sources = sources(&core).into_iter().filter(|source| !source.starts_with(&models));
    let mut faults = Vec::new();
    for source in sources {
        let text = fs::read_to_string(source).unwrap();
        faults.extend(text.split("mutant!(\"").skip(1).map(|rest| {
            let (name, _) = rest.split_once('"').expect("a name ends");
            format!("\"{name}\"")
        }));
    }
    faults.retain(|fault| fault != "\"name\"");
    assert!(faults.len() > 20, "{faults:?}");
    faults.retain(|fault| !looked_for.iter().any(|text| text.contains(fault)));
    assert!(faults.is_empty(), "no test catches {faults:?}");
}

fn texts(directory: &Path) -> Vec<String> {
    sources(directory).into_iter().map(|source| fs::read_to_string(source).unwrap()).collect()
}

fn sources(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let (folders, mut files): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
    files.retain(|file| file.extension().is_some_and(|extension| extension == "rs"));
    files.extend(folders.iter().flat_map(|folder| sources(folder)));
    files
}
