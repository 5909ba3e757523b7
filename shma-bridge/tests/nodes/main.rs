//! Bridges between regions on this machine, as threads and as processes.

mod adopting;
mod full;
mod kills;
mod modes;
mod refusals;
mod support;
