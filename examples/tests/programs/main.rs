//! The example programs as a person starts them: real processes, real signals, nothing left behind.

mod coupled;
mod heat;
mod leader;
mod leaders;
mod parts;
mod program;
mod sgd;
mod track;
