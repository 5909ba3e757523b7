//! Peers over a network that is made of queues, and a clock that is a number: messages are lost and held
//! back, networks fall apart, bridges die, regions are made anew, in random orders that a number repeats.

#[expect(dead_code, reason = "what the tests with processes need is not used here")]
#[path = "../nodes/support.rs"]
mod support;

mod meetings;
mod network;
mod storms;
mod world;
