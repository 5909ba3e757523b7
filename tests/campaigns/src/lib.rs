//! Campaigns: each tries to break one of the promises for as long as it is told to.
//!
//! A campaign is a file of its own here and an entry in [`ALL`]. What its processes do stands
//! beside it: they are the program `campaign` once more, told so by its hidden command `worker`.

pub mod arena;
mod birth;
mod campaign;
#[cfg(target_arch = "x86_64")]
mod checkpoint;
mod dump;
mod forked;
#[cfg(target_arch = "x86_64")]
mod full;
mod history;
mod hostile_file;
mod hostile_peer;
mod kill;
pub mod linear;
mod models;
mod namespaces;
mod outcome;
mod plan;
mod present;
mod progress;
#[cfg(target_arch = "x86_64")]
mod ptrace;
mod shared_words;
mod short;
#[cfg(target_arch = "x86_64")]
mod step_kill;
mod stop;
mod tear;
mod tsan;

pub use campaign::Campaign;
pub use outcome::{Failure, Outcome};
pub use plan::{Effort, Plan, Rounds};
pub use short::{is_caught, passes, passes_in, passes_with};

/// All there are, in the order in which they run. Those that lead a child by its registers know
/// those of one architecture.
pub const ALL: &[Campaign] = &[
    #[cfg(target_arch = "x86_64")]
    step_kill::CAMPAIGN,
    kill::CAMPAIGN,
    birth::CAMPAIGN,
    stop::CAMPAIGN,
    #[cfg(target_arch = "x86_64")]
    full::CAMPAIGN,
    #[cfg(target_arch = "x86_64")]
    checkpoint::CAMPAIGN,
    history::CAMPAIGN,
    tear::CAMPAIGN,
    namespaces::CAMPAIGN,
    hostile_file::CAMPAIGN,
    hostile_peer::CAMPAIGN,
    tsan::CAMPAIGN,
    models::CAMPAIGN,
];

/// The campaign of this name.
pub fn find(name: &str) -> Option<&'static Campaign> {
    ALL.iter().find(|campaign| campaign.name == name)
}
