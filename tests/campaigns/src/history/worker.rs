//! The calls of one process.

use std::io::{Write, stdin, stdout};
use std::time::Duration;

use shma_core::untyped::{self, State, Wait};
use shma_core::{Access, Error, Field, Shm, ShmState, Version};

use super::log::{Log, Touches};
use super::registers::{LARGE, PARTS, Registers, SMALL, SOLO, add, checksum, succeed, successor};
use shma_tests::region::{self, InDirectory};
use shma_tests::rng::Rng;

/// Who replaces the field of which one process alone is the writer.
const SOLOIST: u16 = 0;

/// From this process on they have no write permission.
const OBSERVERS: u16 = 6;

/// `region log process seed calls`
pub(super) fn work(arguments: &[&str]) {
    let [region, path, process, seed, calls] = arguments else { panic!("{arguments:?}") };
    let process: u16 = process.parse().unwrap();
    let seed: u64 = seed.parse().unwrap();
    let calls: u64 = calls.parse().unwrap();
    let rng = Rng::new(seed);
    let log = if process < OBSERVERS {
        let registers = Registers::in_directory().open(region).unwrap();
        let plain = region::untyped().open(region, None).unwrap();
        started(Caller::new(&registers, plain, rng, seed), |caller| {
            for call in 0..calls {
                if caller.rng.one_in(2) { caller.look() } else { caller.publish(process, call) }
            }
        })
    } else {
        let registers = Registers::in_directory().open_read_only(region).unwrap();
        let plain = region::untyped().open_read_only(region, None).unwrap();
        started(Caller::new(&registers, plain, rng, seed), |caller| {
            (0..calls).for_each(|_| caller.look());
        })
    };
    log.save(path);
    say("done");
}

/// Begins when it is told to.
fn started<'r, A: Access>(
    mut caller: Caller<'r, A>,
    calls: impl FnOnce(&mut Caller<'r, A>),
) -> Log {
    say("ready");
    let mut line = String::new();
    stdin().read_line(&mut line).unwrap();
    calls(&mut caller);
    caller.log
}

fn say(line: &str) {
    let mut out = stdout().lock();
    writeln!(out, "{line}").unwrap();
    out.flush().unwrap();
}

/// Reads every field, each in a call of its own.
pub(super) fn look_at_all(registers: &Shm<Registers>, log: &mut Log) {
    read(log, SMALL, &registers.small);
    read(log, LARGE, &registers.large);
    read(log, PARTS, &registers.parts);
    read(log, SOLO, &registers.solo);
}

fn read<const N: usize, A: Access>(log: &mut Log, number: usize, field: &Field<[u64; N], A>) {
    log.call("read_into", |touches| {
        let mut value = [0; N];
        let version = field.read_into(&mut value);
        touches.saw(number, version.into(), checksum(&value));
    });
}

fn words(bytes: &[u8]) -> Vec<u64> {
    bytes.chunks_exact(8).map(bytemuck::pod_read_unaligned).collect()
}

/// A transaction without the struct.
fn commit(plain: &State, touches: &mut Touches<'_>, left_out: usize, signature: u64) {
    let transaction = plain.begin(Wait::Forever).unwrap();
    let mut news = Vec::new();
    for number in [SMALL, LARGE, PARTS] {
        let field = &plain.fields()[number];
        let mut old = vec![0; field.size()];
        let version = u64::from(transaction.load(field, &mut old).unwrap());
        let old = words(&old);
        assert_eq!(old[0], version, "the first word of field {number}");
        touches.saw(number, version, checksum(&old));
        if number != left_out {
            let mut new = old.clone();
            succeed(&mut new, &old, version + 1, signature);
            touches.published(number, version + 1, checksum(&new));
            news.push((field, new));
        }
    }
    let news: Vec<(&untyped::Field, &[u8])> =
        news.iter().map(|(field, new)| (*field, bytemuck::cast_slice(new))).collect();
    transaction.commit(&news).unwrap();
}

/// A process at work.
struct Caller<'r, A: Access> {
    registers: &'r Shm<Registers, A>,
    /// The same region without the struct.
    plain: State,
    rng: Rng,
    log: Log,
    /// Goes into every value that this process publishes, and changes with it.
    signature: u64,
    /// What it saw last of each field.
    last: [Version; 4],
    state: Box<Registers>,
}

impl<'r, A: Access> Caller<'r, A> {
    fn new(registers: &'r Shm<Registers, A>, plain: State, rng: Rng, signature: u64) -> Self {
        let (log, last, state) = (Log::default(), [Version::default(); 4], Registers::zeroed());
        Self { registers, plain, rng, log, signature, last, state }
    }

    /// Looks, in some way.
    fn look(&mut self) {
        let registers = self.registers;
        match self.rng.below(8) {
            0 => self.snapshot(),
            1 | 2 => self.look_at(SMALL, &registers.small),
            3..6 => self.look_at(LARGE, &registers.large),
            6 => self.look_at(PARTS, &registers.parts),
            _ => self.look_at(SOLO, &registers.solo),
        }
    }

    fn snapshot(&mut self) {
        let Self { registers, state, .. } = self;
        let saw_all = |touches: &mut Touches<'_>, Registers { small, large, parts, solo }: &_| {
            touches.saw(SMALL, small[0], checksum(small));
            touches.saw(LARGE, large[0], checksum(large));
            touches.saw(PARTS, parts[0], checksum(parts));
            touches.saw(SOLO, solo[0], checksum(solo));
        };
        if self.rng.one_in(3) {
            self.untyped_snapshot();
        } else if self.rng.one_in(2) {
            self.log.call("snapshot_into", |touches| {
                registers.snapshot_into(state);
                saw_all(touches, state);
            });
        } else {
            self.log.call("try_snapshot_into", |touches| {
                match registers.try_snapshot_into(state) {
                    Ok(()) => saw_all(touches, state),
                    Err(Error::Contended { .. }) => {}
                    Err(error) => panic!("{error}"),
                }
            });
        }
    }

    /// Without the struct a snapshot says the versions.
    fn untyped_snapshot(&mut self) {
        let Self { plain, log, .. } = self;
        log.call("untyped snapshot", |touches| {
            let fields = plain.fields();
            let mut values: Vec<Vec<u8>> =
                fields.iter().map(|field| vec![0; field.size()]).collect();
            let mut list: Vec<(&untyped::Field, &mut [u8])> =
                fields.iter().zip(values.iter_mut().map(Vec::as_mut_slice)).collect();
            let versions = plain.snapshot(&mut list).unwrap();
            for (number, (value, version)) in values.iter().zip(versions).enumerate() {
                let value = words(value);
                assert_eq!(value[0], u64::from(version), "the first word of field {number}");
                touches.saw(number, value[0], checksum(&value));
            }
        });
    }

    fn look_at<const N: usize>(&mut self, number: usize, field: &Field<[u64; N], A>) {
        let (log, last) = (&mut self.log, &mut self.last[number]);
        let plain = &self.plain.fields()[number];
        let mut value = [0; N];
        match self.rng.below(18) {
            16 | 17 => log.call("untyped read", |touches| {
                let version = plain.read(bytemuck::cast_slice_mut(&mut value)).unwrap();
                touches.saw(number, version.into(), checksum(&value));
            }),
            0..6 => read(log, number, field),
            6..9 => log.call("try_read", |touches| match field.try_read(&mut value) {
                Ok(version) => touches.saw(number, version.into(), checksum(&value)),
                Err(Error::Contended { .. }) => {}
                Err(error) => panic!("{error}"),
            }),
            9..12 => log.call("read_newer", |touches| match field.read_newer(*last, &mut value) {
                Some(version) => {
                    *last = version;
                    touches.saw(number, version.into(), checksum(&value));
                }
                None => touches.saw_version(number, (*last).into()),
            }),
            12 | 13 => log.call("read_range", |touches| {
                let part = &mut value[..2];
                let version = field.read_range(..2, part);
                assert_eq!(part[0], u64::from(version), "the first word of field {number}");
                touches.saw_version(number, version.into());
            }),
            14 => log.call("version", |touches| {
                touches.saw_version(number, field.version().into());
            }),
            // It may end without having seen anything newer than what this process has not read.
            _ if *last != Version::default() => log.call("wait_newer", |touches| {
                match field.wait_newer(*last, Duration::from_micros(100)) {
                    Ok(version) => touches.saw_version(number, version.into()),
                    Err(Error::Timeout { .. }) => touches.saw_version(number, (*last).into()),
                    Err(error) => panic!("{error}"),
                }
            }),
            _ => read(log, number, field),
        }
    }
}

impl Caller<'_, shma_core::ReadWrite> {
    /// Publishes, in some way.
    fn publish(&mut self, process: u16, call: u64) {
        self.signature = self.signature.rotate_left(7) ^ call;
        let registers = self.registers;
        match self.rng.below(8) {
            0 if process == SOLOIST => self.replace(),
            0 | 1 => self.transaction(),
            2 | 3 => self.update(SMALL, &registers.small),
            4..7 => self.update(LARGE, &registers.large),
            _ => self.update_part(),
        }
    }

    /// Versions are counted from what was created: no other process writes this field.
    fn replace(&mut self) {
        let Self { registers, log, state, signature, .. } = self;
        let old = state.solo;
        log.call("write", |touches| {
            let version = u64::from(registers.solo.version()) + 1;
            succeed(&mut state.solo, &old, version, *signature);
            registers.solo.write(&state.solo);
            touches.published(SOLO, version, checksum(&state.solo));
        });
    }

    fn update<const N: usize>(&mut self, number: usize, field: &Field<[u64; N]>) {
        let signature = self.signature;
        let update = |touches: &mut Touches<'_>, new: &mut [u64; N], old: &[u64; N]| {
            // Under the semaphore it stands still.
            let version = u64::from(field.version());
            succeed(new, old, version + 1, signature);
            touches.saw(number, version, checksum(old));
            touches.published(number, version + 1, checksum(new));
        };
        let plain = &self.plain.fields()[number];
        match self.rng.below(4) {
            3 => self.log.call("hold", |touches| {
                let held = plain.hold(Wait::Forever).unwrap();
                let (mut new, mut old) = ([0; N], [0; N]);
                held.load(bytemuck::cast_slice_mut(&mut old)).unwrap();
                update(touches, &mut new, &old);
                held.publish(bytemuck::cast_slice(&new)).unwrap();
            }),
            0 => self.log.call("update", |touches| {
                field.update(|new, old| update(touches, new, old));
            }),
            1 => self.log.call("update_timeout", |touches| {
                let limit = Duration::from_micros(200);
                match field.update_timeout(limit, |new, old| update(touches, new, old)) {
                    Ok(()) | Err(Error::Timeout { .. }) => {}
                    Err(error) => panic!("{error}"),
                }
            }),
            _ => self.log.call("update_with", |touches| {
                let (mut at, mut version, mut seen, mut published) = (0, 0, 0, 0);
                field.update_with(&[0; N], |_, old| {
                    if at == 0 {
                        version = u64::from(field.version());
                    }
                    let new = successor(old, at, version + 1, signature);
                    (seen, published) = (add(seen, old), add(published, new));
                    at += 1;
                    new
                });
                touches.saw(number, version, seen);
                touches.published(number, version + 1, published);
            }),
        }
    }

    /// The first words, of which one says the version.
    fn update_part(&mut self) {
        let Self { registers, plain, log, signature, .. } = self;
        let field = &registers.parts;
        let length = 1 + self.rng.below(40);
        if self.rng.one_in(3) {
            return log.call("hold part", |touches| {
                let held = plain.fields()[PARTS].hold(Wait::Forever).unwrap();
                let mut value = [0; 64];
                let version = u64::from(held.load(bytemuck::cast_slice_mut(&mut value)).unwrap());
                touches.saw(PARTS, version, checksum(&value));
                let old = value;
                succeed(&mut value[..length], &old[..length], version + 1, *signature);
                held.publish_part(0, bytemuck::cast_slice(&value[..length])).unwrap();
                touches.published(PARTS, version + 1, checksum(&value));
            });
        }
        log.call("update_range", |touches| {
            field.update_range(..length, |new, old| {
                let mut value = [0; 64];
                let version = u64::from(field.read_into(&mut value));
                touches.saw(PARTS, version, checksum(&value));
                succeed(new, old, version + 1, *signature);
                value[..length].copy_from_slice(new);
                touches.published(PARTS, version + 1, checksum(&value));
            });
        });
    }

    /// Changes two or three fields.
    fn transaction(&mut self) {
        let Self { registers, plain, log, signature, .. } = self;
        let left_out = self.rng.below(4);
        if self.rng.one_in(3) {
            return log.call("commit", |touches| commit(plain, touches, left_out, *signature));
        }
        log.call("transaction", |touches| {
            registers.transaction(|new, old| {
                let mut change = |number: usize, new: &mut [u64], old: &[u64]| {
                    touches.saw(number, old[0], checksum(old));
                    if number != left_out {
                        succeed(new, old, old[0] + 1, *signature);
                        touches.published(number, old[0] + 1, checksum(new));
                    }
                };
                change(SMALL, new.small, old.small);
                change(LARGE, new.large, old.large);
                change(PARTS, new.parts, old.parts);
            });
        });
    }
}
