//! Fences of which one side pays for both: `membarrier`.
//!
//! The command for all registered processes reaches every processor that runs a thread of one, with
//! a full memory barrier in its own name. A thread that does not run has passed one when it was
//! switched out. So at some point during the call every such thread has all that it stored visible,
//! and loads afterwards what others have stored.

use std::sync::atomic::{Ordering, compiler_fence};

use rustix::thread::{MembarrierCommand, membarrier};

/// Has heavy fences of all processes reach the threads of this one. Returns whether the kernel does
/// so. The first call of a process that has several threads takes some milliseconds.
pub(crate) fn accept_heavy_fences() -> bool {
    membarrier(MembarrierCommand::RegisterGlobalExpedited).is_ok()
}

/// A fence of sequential consistency in the calling thread, and in every thread of a process that has
/// accepted it. Returns whether the kernel knows such a thing, and lets this process have it.
pub(crate) fn heavy_fence() -> bool {
    membarrier(MembarrierCommand::GlobalExpedited).is_ok()
}

/// What stands in a thread where a heavy fence may meet it: the compiler moves no access across.
#[inline(always)]
pub(crate) fn light_fence() {
    compiler_fence(Ordering::SeqCst);
}

#[cfg(test)]
mod tests {
    use std::process::Command;
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::thread;
    use std::time::{Duration, Instant};

    use rustix::thread::{CpuSet, sched_getcpu, sched_setaffinity};

    use super::{accept_heavy_fences, heavy_fence, light_fence};

    /// Set for the program that [`meet`]s; for what it says, see there.
    const CHILD: &str = "SHMA_TEST_FENCES";

    /// The test meets in a program of its own, which asks for heavy fences before it has run on any
    /// processor but one. Those that wait for work meanwhile keep the memory of the thread that they
    /// ran last. The kernel does not tell them of what its process asks for. It goes by what it has
    /// told, also when the process runs there again.
    #[test]
    fn of_a_heavy_fence_and_a_light_one_each_sees_the_store_before_the_other() {
        if std::env::var_os(CHILD).is_some() {
            return meet();
        }
        let name = "os::linux::fences::tests::of_a_heavy_fence_and_a_light_one_each_sees_the_store_before_the_other";
        let said = thread::spawn(move || {
            // What it starts begins on the same processor.
            let mut one = CpuSet::new();
            one.set(sched_getcpu());
            sched_setaffinity(None, &one).expect("a thread may stay where it is");
            let program = std::env::current_exe().expect("this program has a file");
            // The only test of a single thread runs in the first.
            Command::new(program)
                .args([name, "--exact", "--nocapture", "--test-threads=1"])
                .env(CHILD, "")
                .output()
        });
        let output = said.join().expect("it does not panic").expect("this program has a file");
        let said = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes));
        if output.status.code() == Some(127) && said[0].is_empty() {
            // It runs in an emulator, which the kernel does not know.
            return println!("skipped: this program cannot be started again");
        }
        let status = output.status;
        assert!(status.success() && said[0].contains("1 passed"), "{status}\n{}", said.concat());
        if said[0].contains("skipped") {
            println!("{}", said[0]);
        }
    }

    /// Two threads each store a word and then load the other's. With too few fences both miss the
    /// other's now and then: without the heavy one in some percent of the rounds here. Where the two
    /// have one processor between them a round takes milliseconds, so there are as many as fit.
    fn meet() {
        const ROUNDS: u32 = 100_000;
        const END: u32 = u32::MAX;
        let last = Instant::now() + Duration::from_secs(3);
        if !accept_heavy_fences() {
            println!("skipped: the kernel refuses to register this process for membarrier");
            return;
        }
        let mut all = CpuSet::new();
        (0..CpuSet::MAX_CPU).for_each(|processor| all.set(processor));
        sched_setaffinity(None, &all).expect("a thread may go to where its process may");
        #[repr(align(128))]
        struct Line(AtomicU32);
        let [turn, done, light, heavy, seen] = std::array::from_fn(|_| Line(AtomicU32::new(0)));
        // Acquire and release: the rounds. Relaxed: what is tested.
        let other_than = |line: &Line, round| loop {
            match line.0.load(Ordering::Acquire) {
                same if same == round => std::hint::spin_loop(),
                other => break other,
            }
        };
        /// Tells the other thread that no round follows, also after a panic.
        struct Turns<'a>(&'a Line);
        impl Drop for Turns<'_> {
            fn drop(&mut self) {
                self.0.0.store(END, Ordering::Release);
            }
        }
        thread::scope(|scope| {
            scope.spawn(|| {
                let mut round = 0;
                loop {
                    round = other_than(&turn, round);
                    if round == END {
                        return;
                    }
                    light.0.store(round, Ordering::Relaxed);
                    light_fence();
                    let found = heavy.0.load(Ordering::Relaxed);
                    seen.0.store(found, Ordering::Relaxed);
                    done.0.store(round, Ordering::Release);
                }
            });
            let turns = Turns(&turn);
            for round in (1..=ROUNDS).take_while(|_| Instant::now() < last) {
                turns.0.0.store(round, Ordering::Release);
                // So that the other thread is met in different places.
                (0..round % 64).for_each(|_| std::hint::spin_loop());
                heavy.0.store(round, Ordering::Relaxed);
                assert!(heavy_fence(), "refused after it was accepted");
                let found = light.0.load(Ordering::Relaxed);
                other_than(&done, round - 1);
                let other = seen.0.load(Ordering::Relaxed);
                assert!(found == round || other == round, "both missed the other in round {round}");
            }
        });
    }
}
