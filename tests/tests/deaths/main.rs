//! What a process leaves that is killed or stopped, at any point.

mod commit_deaths;
mod killed;
mod recovery_deaths;
mod stop_points;
mod stopped;
mod sums;
