//! The processes of a storm: who they are, who dies, who replaces them.

use std::time::Duration;

use crate::forked::{End, Forked};
use crate::kill::life;
use crate::kill::shared::{Shared, Witness, now};
use crate::kill::target::{FIELDS, Target};
use crate::plan::Plan;
use shma_core::ShmState;
use shma_tests::region::{Bytes, Name, control};
use shma_tests::rng::Rng;

const WRITERS: usize = 4;
const READERS: usize = 4;

/// Shortest and longest time between two deaths, in microseconds.
const BETWEEN: [usize; 2] = [300, 1000];

/// For a semaphore that is held.
const LOOKS: u32 = 300;

/// No call waits longer, time off the processor apart.
const LIMIT: Duration = Duration::from_millis(250);

/// Who can be in front of one who waits for a semaphore: the writers, the witness among them, and
/// as many that are dying.
const IN_FRONT: u32 = 2 * (WRITERS as u32 + 1);

/// All processes of a storm.
#[derive(Debug)]
pub struct Herd<'a> {
    name: &'a Name,
    bytes: Bytes,
    rng: Rng,
    pub shared: Shared,
    members: Vec<Forked>,
    /// Killed, but not buried.
    dying: Vec<Forked>,
    /// The witnesses and the control.
    spared: Vec<Forked>,
    kills: u64,
}

impl<'a> Herd<'a> {
    pub fn new(name: &'a Name, plan: &Plan) -> Self {
        let shared = Shared::new();
        let mut herd = Self {
            name,
            bytes: name.bytes(),
            rng: plan.rng(),
            shared,
            members: Vec::new(),
            dying: Vec::new(),
            spared: Vec::new(),
            kills: 0,
        };
        for number in 0..WRITERS + READERS {
            let member = herd.start(number);
            herd.members.push(member);
        }
        let seed = herd.rng.next_u64();
        herd.spared = vec![
            Forked::start(|| life::write(name, shared, seed, Some(Witness::Writer))),
            Forked::start(|| life::read(name, shared, seed, Some(Witness::Reader))),
            Forked::start(|| life::control(shared)),
        ];
        herd
    }

    fn start(&mut self, number: usize) -> Forked {
        let (name, shared, seed) = (self.name, self.shared, self.rng.next_u64());
        Forked::start(|| match number < WRITERS {
            true => life::write(name, shared, seed, None),
            false => life::read(name, shared, seed, None),
        })
    }

    /// How many were killed.
    pub fn kills(&self) -> u64 {
        self.kills
    }

    /// Kills one, and replaces it. Half of the deaths go to a process that holds a semaphore just
    /// then.
    pub fn kill_one(&mut self) -> Result<(), String> {
        let [shortest, longest] = BETWEEN;
        let pause = shortest + self.rng.below(longest - shortest);
        std::thread::sleep(Duration::from_micros(pause as u64));
        let any = self.rng.below(self.members.len());
        let number = if self.rng.one_in(2) { self.holder().unwrap_or(any) } else { any };
        self.members[number].kill();
        self.kills += 1;
        // The successor does not wait for the funeral: the kernel may take its time with that.
        let successor = self.start(number);
        self.dying.push(std::mem::replace(&mut self.members[number], successor));
        while self.dying.len() > self.members.len() {
            expect(&End::Killed, self.dying.remove(0).reap())?;
        }
        Ok(())
    }

    /// Who holds the semaphore of some field, if it is one that may be killed. Semaphores are free
    /// most of the time, so this takes some looks.
    fn holder(&mut self) -> Option<usize> {
        let field = self.rng.below(FIELDS.len());
        let partition = Target::MANIFEST.fields[field].offset;
        let held = |_: &u32| self.bytes.u32(partition + control::LOCK) != 0;
        (0..LOOKS).find(held)?;
        let pid = self.bytes.u32(partition + control::PID);
        self.members.iter().position(|member| member.pid().as_raw_nonzero().get() as u32 == pid)
    }

    /// No witness waits for too long, and none has found anything wrong.
    pub fn check_witnesses(&mut self) -> Result<(), String> {
        for spared in &mut self.spared {
            if let Some(end) = spared.poll() {
                return expect(&End::Killed, end);
            }
        }
        let gap = self.shared.gap();
        let limit = LIMIT + IN_FRONT * gap;
        for witness in [Witness::Writer, Witness::Reader] {
            let waiting = self.shared.waiting(witness, now()).max(self.shared.longest_wait());
            if waiting > limit {
                return Err(format!(
                    "a {witness:?} waited {waiting:?}, and the longest that a process was kept \
                     off its processor is {gap:?}"
                ));
            }
        }
        Ok(())
    }

    /// Every publication that was acknowledged is there, and no more than there can be: for each
    /// death one, and one for each writer that is at it.
    pub fn check_counts(&self) -> Result<(), String> {
        let before = self.shared.acknowledged();
        let published = Target::MANIFEST.fields.iter().map(|field| self.published(field.offset));
        let published: Vec<u64> = published.collect();
        let after = self.shared.acknowledged();
        let under_way = self.kills + WRITERS as u64 + 1;
        for (field, name) in FIELDS.iter().enumerate() {
            let [published, before, after] = [published[field], before[field], after[field]];
            if !(before..=after + under_way).contains(&published) {
                return Err(format!(
                    "`{name}` was published {published} times, of which {before} were \
                     acknowledged before it was counted and {after} after, with {} kills",
                    self.kills
                ));
            }
        }
        Ok(())
    }

    fn published(&self, partition: usize) -> u64 {
        self.bytes.u64(partition + control::VERSION) - 1
    }

    /// Lets all who live come to their end, which has to be a good one.
    pub fn end(&mut self) -> Result<(), String> {
        self.shared.stop();
        let dying = self.dying.drain(..).map(|dying| (End::Killed, dying));
        let living = self.members.drain(..).chain(self.spared.drain(..));
        let living = living.map(|living| (End::Returned, living));
        let ends = dying.chain(living).map(|(end, mut forked)| expect(&end, forked.reap()));
        ends.collect::<Result<Vec<()>, String>>().map(drop)
    }
}

fn expect(expected: &End, end: End) -> Result<(), String> {
    match end {
        end if end == *expected => Ok(()),
        End::Panicked(message) => Err(message),
        end => Err(format!("a process ended as {end:?}")),
    }
}
