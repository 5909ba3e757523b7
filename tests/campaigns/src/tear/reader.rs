//! A reader beside it.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use shma_core::{Access, Error, Shm};

use super::payload::{check, stay};
use super::writer::{choose, field_name, say, wait};
use shma_tests::region::{self, InDirectory};
use shma_tests::rng::Rng;
use shma_tests::states::Uniform;

/// Bytes to read, in about so many reads.
const BYTES: usize = 96 << 20;

/// Reads at least and at most.
const READS: [usize; 2] = [100, 100_000];

/// It has to meet the writer so often.
const CHANGES: u64 = 20;

/// A read that takes longer than this by its own processor starves: it has been overtaken thousands
/// of times.
const STARVED: Duration = Duration::from_secs(2);

/// Reads as often as the size of a value allows.
pub(super) fn read<const WORDS: usize>(
    name: &str,
    field: &str,
    access: &str,
    place: usize,
    rng: Rng,
) {
    if access == "open" {
        look(&Uniform::<WORDS>::in_directory().open(name).unwrap(), field, place, rng);
    } else {
        look(&Uniform::<WORDS>::in_directory().open_read_only(name).unwrap(), field, place, rng);
    }
}

fn look<const WORDS: usize, A: Access>(
    state: &Shm<Uniform<WORDS>, A>,
    field: &str,
    place: usize,
    mut rng: Rng,
) {
    stay(place);
    let untyped = region::untyped().open_read_only(state.name(), None).unwrap();
    let untyped = untyped.field(field_name(field)).unwrap();
    let field = choose(state, field);
    let mut value = field.read_boxed();
    say("ready");
    wait();
    let reads = (BYTES / (WORDS * 8)).clamp(READS[0], READS[1]) as u64;
    let (mut done, mut last, mut changes, mut worst) = (0, 0, 0, Duration::ZERO);
    while done < reads || changes < CHANGES {
        let before = running();
        let version = match rng.below(5) {
            1 => untyped.read(bytemuck::cast_slice_mut(&mut value[..])).unwrap(),
            // A bounded read may give up; it is made again.
            0 => match field.try_read(&mut value) {
                Ok(version) => version,
                Err(Error::Contended { .. }) => continue,
                Err(error) => panic!("{error}"),
            },
            _ => field.read_into(&mut value),
        };
        let took = running() - before;
        assert!(took < STARVED, "starved: a read took {took:?} of the processor's time");
        worst = worst.max(took);
        done += 1;
        let version = u64::from(version);
        check(&value[..], version);
        assert!(version >= last, "version {version} was read after {last}");
        changes += u64::from(version != last);
        last = version;
    }
    say(&format!("read {done} {}", worst.as_micros()));
}

/// For how long this thread has run.
fn running() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}
