//! States that are told apart only by what no process can see are one state, and nothing is lost by
//! it.

use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release, SeqCst};

use shma_explorer::models::commit::Act::{Transaction, Update};
use shma_explorer::models::commit::Commit;
use shma_explorer::models::commit::Look::Snapshot;
use shma_explorer::outcomes::outcomes;
use shma_explorer::{Machine, Process, Program, Register, Word, Words};

/// Small pseudo-random programs end the same with and without reduction.
#[test]
fn reduction_changes_no_outcome() {
    for seed in 1..=600 {
        let run = |reduced: bool| {
            let mut random = Random(0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(seed));
            let mut machine = Machine::new();
            let words = ["x", "y", "z"].map(|name| machine.word(name, 0));
            let token = machine.word("token", 1);
            machine.kills(u8::from(random.below(2) == 0));
            let results: Vec<_> = (0..3)
                .map(|at| random_process(&mut machine, &mut random, words, token, at))
                .collect();
            if !reduced {
                machine.without_reduction();
            }
            outcomes(machine, results, words.to_vec())
        };
        assert_eq!(run(true), run(false), "seed {seed}");
    }
}

fn random_process(
    machine: &mut Machine,
    random: &mut Random,
    words: [Words; 3],
    token: Words,
    number: Word,
) -> (Process, Register) {
    let mut p = Program::new("random");
    let result = p.kept_register("result");
    let seen = p.register("seen");
    if number == 0 {
        p.dies_with(token);
    }
    for _ in 0..3 + random.below(2) {
        let word = words[random.below(3)];
        let read = [Relaxed, Acquire][random.below(2)];
        let write = [Relaxed, Release][random.below(2)];
        let both = [Relaxed, Acquire, Release, AcqRel][random.below(4)];
        match random.below(9) {
            0 | 1 => p.load(seen, word, read),
            2 | 3 => p.store(word, number + 1, write),
            4 => p.compare_exchange(seen, word, random.below(2) as Word, number + 4, both),
            5 => p.swap(seen, word, number + 7, both),
            6 | 7 => p.fence([Acquire, Release, SeqCst, SeqCst][random.below(4)]),
            _ => p.load_latest(seen, token, read),
        }
        p.set(result, result * 5 + seen);
    }
    (machine.run(p), result)
}

/// xorshift64
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 33) as usize % end
    }
}

#[test]
fn a_whole_protocol_holds_without_reduction_too() {
    let model = Commit::new(2, 2).kills(1).mortal(&[Transaction(0b11)]);
    let model = model.writer(&[Update(0)]).reader(&[Snapshot]);
    let explore =
        |machine: Machine| machine.explore().unwrap_or_else(|failure| panic!("{failure}"));
    let reduced = explore(model.machine());
    let mut machine = model.machine();
    machine.without_reduction();
    let all = explore(machine);
    assert!(reduced.states < all.states, "{reduced}, without reduction {all}");
    assert_eq!(reduced.unreached, all.unreached);
}
