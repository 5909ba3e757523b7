//! How many bytes the calls on parts of an array copy. For this the program has to be built with
//! `--cfg shma_count`.

use shma_core::{Shm, ShmState};

use crate::{next_line, say};

/// One large array, and a little beside it.
#[derive(Debug, ShmState)]
struct Array<const WORDS: usize> {
    words: [u64; WORDS],
    step: [u64; 2],
}

/// Words of the part in question: 64 bytes.
const PART: usize = 8;

/// Tells one of the stories below, of an array of so many words.
pub fn tell(words: &str, story: &str, name: &str) {
    match words {
        "8192" => of_size::<8192>(story, name),
        "131072" => of_size::<131_072>(story, name),
        "2097152" => of_size::<2_097_152>(story, name),
        other => panic!("no array of {other} words"),
    }
}

fn of_size<const WORDS: usize>(story: &str, name: &str) {
    if story == "keep" {
        let _array = Array::<WORDS>::create(name, &Array::zeroed()).unwrap();
        say("kept");
        while next_line().is_some() {}
        return;
    }
    let array: Shm<Array<WORDS>> = Array::open(name).unwrap();
    match story {
        "write" => _ = array.words.write(&shma_core::bytemuck::zeroed_box()),
        "update_range" => update_part(&array, 1000),
        "cost" => {
            // Whole updates before are forgotten when every slot has been the target once.
            let first: Vec<u64> = (0..8).map(|i| cost(|| update_part(&array, i * 100))).collect();
            say_all(&first);
            let ends = [0, 1, WORDS / 3, WORDS / 2, WORDS - PART - 1, WORDS - PART];
            say_all(&ends.map(|at| cost(|| update_part(&array, at))));
            say_all(
                &ends.map(|at| cost(|| _ = array.words.read_range(at..at + PART, &mut [0; PART]))),
            );
            // What a call copies depends on the calls before it, which have not been of this kind.
            (0..8).for_each(|at| _ = array.words.set(at, 1));
            say_all(&ends.map(|at| cost(|| _ = array.words.set(at, 2))));
            say_all(&ends.map(|at| cost(|| _ = array.words.get(at))));
            say_all(&[
                cost(|| array.transaction_of((&array.step,), |(step,), _| step[0] += 1)),
                cost(|| array.transaction_of((&array.step,), |_, _| ())),
                cost(|| _ = array.snapshot_of((&array.step,), (&mut [0; 2],))),
            ]);
        }
        other => panic!("there is no story `{other}`"),
    }
}

fn update_part<const WORDS: usize>(array: &Shm<Array<WORDS>>, at: usize) {
    array.words.update_range(at..at + PART, |new, old| new[0] = old[0] + 1);
}

fn say_all(costs: &[u64]) {
    say(&costs.iter().map(u64::to_string).collect::<Vec<_>>().join(" "));
}

/// Bytes that a call copies from and to shared memory.
#[cfg(shma_count)]
fn cost(call: impl FnOnce()) -> u64 {
    shma_core::private::take_copied();
    call();
    shma_core::private::take_copied()
}

#[cfg(not(shma_count))]
fn cost(_: impl FnOnce()) -> u64 {
    panic!("this program was built without `--cfg shma_count`")
}
