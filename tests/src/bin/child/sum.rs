//! One of several processes that add to one state.

use shma_core::{Field, Shm, ShmState};
use shma_tests::states::{Board, Tally, Uniform};

use crate::{next_line, say, start};

/// Adds one to every word of something, so many times, in one of the ways that there are. Starts
/// when told to.
pub fn add(what: &str, name: &str, how: &str, times: &str) {
    let times: usize = times.parse().unwrap();
    match what {
        "scalar" => {
            let board = Board::open(name).unwrap();
            start();
            (0..times).for_each(|i| add_one(&board.count, how, i));
        }
        "array-8192" => add_array::<8192>(name, how, times),
        "array-131072" => add_array::<131_072>(name, how, times),
        "whole" => {
            let board = Board::open(name).unwrap();
            let mut ones = Board::zeroed();
            start();
            for i in 0..times {
                (ones.count, ones.later, ones.row) = (1, 1, [1; 1024]);
                match i % 2 {
                    0 => board.update_with(&ones, |new: u64, old| new + old),
                    _ => board.merge(&mut ones, |new: u64, old| new + old),
                }
            }
        }
        other => panic!("nothing is called {other}"),
    }
    say("done");
}

fn add_array<const WORDS: usize>(name: &str, how: &str, times: usize) {
    let state: Shm<Uniform<WORDS>> = Uniform::open(name).unwrap();
    start();
    (0..times).for_each(|i| add_one(&state.words, how, i));
}

fn add_one<T>(field: &Field<T>, how: &str, i: usize)
where
    T: shma_core::Element<Scalar = u64>,
{
    let mut ones = bytemuck::zeroed_box::<T>();
    bytemuck::cast_slice_mut::<T, u64>(std::slice::from_mut(&mut *ones)).fill(1);
    match (how, i % 3) {
        ("update", _) | ("mixed", 0) => field.update(|new, _| {
            let new = bytemuck::cast_slice_mut::<T, u64>(std::slice::from_mut(new));
            new.iter_mut().for_each(|word| *word += 1);
        }),
        ("update_with", _) | ("mixed", 1) => _ = field.update_with(&ones, |new, old| new + old),
        ("merge", _) | ("mixed", _) => _ = field.merge(&mut ones, |new, old| new + old),
        (other, _) => panic!("no way of adding is called {other}"),
    }
}

/// Adds one to its own number and to the total in one update, for ever: whenever it is killed, the
/// numbers add up.
pub fn tally(name: &str, own: &str) {
    let own: usize = own.parse().unwrap();
    let tally = Tally::open(name).unwrap();
    // Ends with the input.
    std::thread::spawn(|| {
        next_line();
        std::process::exit(0);
    });
    say("adding");
    loop {
        tally.counts.update(|new, _| {
            new[0] += 1;
            new[own] += 1;
        });
        tally.twice.update_with(&[1; 1024], |new, old| new + old);
    }
}
