//! What each call promises, with several processes at once.

mod atomic_calls;
mod atomic_operations;
mod atomics;
mod choices;
mod closures;
mod conditional;
mod flat;
mod holders;
mod lost_updates;
mod messages;
mod mixed_values;
mod part_costs;
mod parts;
mod round_trips;
mod snapshots;
mod threads;
mod transactions;
mod untyped;
mod untyped_choices;
mod waiting;
mod wraps;
mod writers;
