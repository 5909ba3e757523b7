//! The peer that scribbles.
//!
//! `unsafe` here: a mapping past the library, and words in it.

use std::io::{BufRead, Write, stdin, stdout};
use std::mem::ManuallyDrop;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use rustix::mm::{MapFlags, ProtFlags, mmap};
use shma_core::ShmState;

use shma_tests::hostile::shelf::Shelf;
use shma_tests::region::{Name, control, header};
use shma_tests::rng::Rng;

/// Stores random words until it is told to stop, and says how many.
pub(super) fn scribble(name: &str, seed: u64) {
    // The name is another process's to remove.
    let name = ManuallyDrop::new(Name::told(name));
    let good: Vec<u32> = name.bytes().all().chunks_exact(4).map(word).collect();
    let words = map(&name, good.len());
    let going = AtomicBool::new(true);
    let stored = std::thread::scope(|scope| {
        let scribbler = scope.spawn(|| store(words, &good, Rng::new(seed), &going));
        say("ready");
        stdin().lock().lines().next();
        // Relaxed: a flag of its own.
        going.store(false, Ordering::Relaxed);
        scribbler.join().unwrap()
    });
    say(&stored.to_string());
}

fn say(line: &str) {
    let mut out = stdout().lock();
    writeln!(out, "{line}").unwrap();
    out.flush().unwrap();
}

fn word(bytes: &[u8]) -> u32 {
    u32::from_ne_bytes(bytes.try_into().expect("four bytes"))
}

fn map(name: &Name, words: usize) -> &'static [AtomicU32] {
    let bytes = name.bytes();
    let (protection, flags) = (ProtFlags::READ | ProtFlags::WRITE, MapFlags::SHARED);
    // SAFETY: a new mapping at an address that the kernel chooses.
    let address =
        unsafe { mmap(std::ptr::null_mut(), words * 4, protection, flags, bytes.file(), 0) };
    let address: *const AtomicU32 = address.unwrap().cast();
    // SAFETY: the mapping is never unmapped, it is as long as the file was, which is never
    // truncated, and whatever other processes do to atomics is no race.
    unsafe { std::slice::from_raw_parts(address, words) }
}

/// Bursts of random words, most of them where the protocols look; now and then some of it is put
/// right, so that victims get further than the first look.
fn store(words: &[AtomicU32], good: &[u32], mut rng: Rng, going: &AtomicBool) -> u64 {
    let fields = Shelf::MANIFEST.fields;
    let mut stored = 0;
    while going.load(Ordering::Relaxed) {
        let field = fields[rng.below(fields.len())];
        let (first, length) = match rng.below(8) {
            0 => (0, words.len()),
            1 => (header::COMMIT / 4, 2),
            2 => (0, header::BYTES / 64),
            3 => (field.offset / 4 + control::LOCK / 4, 4),
            _ => (field.offset / 4, control::BYTES / 4),
        };
        if rng.one_in(4) {
            for at in first..first + length {
                words[at].store(good[at], Ordering::Relaxed);
            }
            continue;
        }
        let small = rng.below(32);
        for _ in 0..=rng.below(16) {
            let at = first + rng.below(length);
            words[at].store((rng.next_u64() as u32) >> small, Ordering::Relaxed);
            stored += 1;
        }
        // Victims want to run too, and to find something that stays for a while.
        for _ in 0..rng.below(2000) {
            std::hint::spin_loop();
        }
    }
    stored
}
