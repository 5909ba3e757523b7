//! What takes minutes, gigabytes or networks of its own:
//!
//!     cargo bench --manifest-path shma-bridge/Cargo.toml --features mpi,zenoh --bench campaign -- kills 120
//!
//! - `kills SECONDS`: bridges are killed at random while both nodes count, over each engine for so long.
//! - `large`: a value of more than 2 GiB goes over each engine; with `SHMA_DIR` on a disk it needs 7 GiB of
//!   memory, and 16 otherwise.
//! - `networks`: two network namespaces, with a cable between them that is pulled.
//!
//! `over ENGINE` behind it chooses one engine: `over mpi`.

#[expect(dead_code, reason = "what measuring needs is not used here")]
#[path = "../engines/jobs.rs"]
mod jobs;
mod kills;
mod large;
mod networks;

use std::error::Error;

use jobs::Engine;

/// Those that this program was built with, or the one that is asked for.
fn engines() -> Vec<Engine> {
    let asked = std::env::args().skip_while(|word| word != "over").nth(1);
    let is_asked = |engine: &Engine| {
        asked.as_ref().is_none_or(|asked| format!("{engine:?}").eq_ignore_ascii_case(asked))
    };
    let mut engines = vec![Engine::Local];
    if cfg!(feature = "mpi") {
        engines.push(Engine::Mpi);
    }
    if cfg!(feature = "zenoh") {
        engines.push(Engine::Zenoh);
    }
    engines.retain(is_asked);
    engines
}

fn main() -> Result<(), Box<dyn Error>> {
    // Cargo adds an option of its own.
    let words = std::env::args().skip(1).filter(|word| word != "--bench");
    let arguments: Vec<String> = words.take_while(|word| word != "over").collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["kills", seconds] => kills::run(seconds.parse()?),
        ["large"] => large::run(),
        ["networks"] => networks::run(),
        [networks::INSIDE] => networks::inside(),
        _ => Err("say kills SECONDS, large or networks".into()),
    }
}
