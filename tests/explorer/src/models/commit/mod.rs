//! Transactions, their recovery, snapshots, and reads of one field.
//!
//! Some fields, each a partition of K slots of one word. Writers update single fields or commit
//! transactions, and may be killed before any step. A process that then finds a field held by a
//! dead owner acquires it and recovers. Readers take snapshots and read single fields.
//!
//! The word in a slot says all that the properties need: `version << 8 | updates << 4 |
//! transactions`. A single update adds one to the count in bits 4 to 7; transaction number `i` of
//! the model sets bit `i`, in every field of its set. So these can be told from values alone:
//!
//! - a reader has the slot of the version that it believes it has;
//! - a transaction is seen in all fields of its set or in none, by snapshots, and at the end;
//! - who has seen a transaction in one field sees it in the others from then on;
//! - versions never go back, in memory and for each reader;
//! - what was acknowledged is there, what was never begun is not, and each death adds at most what
//!   was under way;
//! - any two snapshots are ordered: no field is newer in one while another is newer in the other.

mod properties;
mod readers;
mod writers;

use crate::{Expression, Machine, Place, Process, Register, Word, Words};

/// The wrong ways to commit, recover or look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mutant {
    /// Redo stores the version, after a look at it, instead of compare-exchanging it.
    RedoByStore,
    /// Redo takes `begin` for the version to publish.
    TargetFromBegin,
    /// Fields outside the transaction keep the target of an earlier one.
    NoTargetReset,
    /// The commit word turns odd before the slots are written.
    OddBeforeSlots,
    /// Who takes over recovers only after its own update.
    RecoveryAfterUpdate,
    /// Who takes over does not recover.
    NoRecovery,
    /// The last step of recovery stores the even commit word.
    EvenByStore,
    /// Who takes over does not acquire what the dead owner wrote.
    NoAcquireAfterQuery,
    /// A transaction releases its semaphores before the commit word is even again.
    UnlockBeforeEven,
    /// Nothing orders the `begin`s of a transaction before its slots.
    NoFenceAfterBegin,
    /// Field by field, nothing orders the end of the last transaction before the target of a field
    /// that stays as it is.
    StayRelaxed,
    /// The odd commit word does not release slots and targets.
    OddRelaxed,
    /// The even commit word does not release the versions.
    EvenRelaxed,
    /// A snapshot does not look at the commit word at all.
    SnapshotIgnoresCommit,
    /// A snapshot does not look at the versions again.
    SnapshotWithoutRecheck,
    /// A snapshot that began beside a commit does not look at the commit word again.
    SnapshotOddUnconfirmed,
    /// The fence in the middle of a snapshot only acquires.
    SnapshotFenceAcquire,
    /// A read of one field does not look at the commit word.
    ReadIgnoresCommit,
    /// A read of one field loads the version once only.
    ReadVersionOnce,
    /// A read of one field that went by a target does not look at the commit word again.
    ReadUnconfirmed,
}

/// What a writer does, one thing after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// One update of one field.
    Update(Word),
    /// A transaction that changes the fields of this set of bits.
    Transaction(Word),
}

/// What a reader does, one thing after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// A snapshot of all fields.
    Snapshot,
    /// A read of one field.
    Read(Word),
}

/// One configuration to explore.
#[derive(Clone, Debug)]
pub struct Commit {
    fields: Word,
    slots: Word,
    writers: Vec<Writer>,
    readers: Vec<Vec<Look>>,
    kills: u8,
    field_by_field: bool,
    mutant: Option<Mutant>,
}

#[derive(Clone, Debug)]
struct Writer {
    acts: Vec<Act>,
    mortal: bool,
}

/// The shared words.
#[derive(Clone, Copy)]
struct Region {
    /// `alive[id]`: the token of owner `id`, as the kernel knows it. No owner has id 0.
    alive: Words,
    commit: Words,
    lock: Words,
    version: Words,
    begin: Words,
    target: Words,
    slots: Words,
}

/// A process of the machine with the registers that the properties look at.
struct WritingProcess {
    process: Process,
    /// How many of its acts are finished.
    acknowledged: Register,
    acts: Vec<Act>,
}

struct ReadingProcess {
    process: Process,
    /// Not 0 if the last look was a snapshot that was accepted.
    accepted: Register,
    /// The versions of the fields in that snapshot.
    versions: Vec<Register>,
}

impl Commit {
    /// Fields of K slots each, without processes yet.
    pub fn new(fields: Word, slots: Word) -> Self {
        let (writers, readers) = (Vec::new(), Vec::new());
        let (kills, field_by_field, mutant) = (0, false, None);
        Commit { fields, slots, writers, readers, kills, field_by_field, mutant }
    }

    /// One more writer, who does these acts in order.
    pub fn writer(mut self, acts: &[Act]) -> Self {
        self.writers.push(Writer { acts: acts.to_vec(), mortal: false });
        self
    }

    /// One more writer, who may be killed.
    pub fn mortal(mut self, acts: &[Act]) -> Self {
        self.writers.push(Writer { acts: acts.to_vec(), mortal: true });
        self
    }

    /// One more reader, who takes these looks in order.
    pub fn reader(mut self, looks: &[Look]) -> Self {
        self.readers.push(looks.to_vec());
        self
    }

    /// So many writers may be killed.
    pub fn kills(mut self, most: u8) -> Self {
        self.kills = most;
        self
    }

    /// Transactions tell each field in turn whether it takes part: its `begin`, a fence and its
    /// target, or only its target, which then has to release. Slots follow when all are told.
    pub fn field_by_field(mut self) -> Self {
        self.field_by_field = true;
        self
    }

    /// Done wrong in this way.
    pub fn mutant(mut self, mutant: Mutant) -> Self {
        self.mutant = Some(mutant);
        self
    }

    /// The model as a machine.
    pub fn machine(&self) -> Machine {
        let mut machine = Machine::new();
        let region = self.region(&mut machine);
        machine.kills(self.kills);
        let writers: Vec<_> = (1..)
            .zip(&self.writers)
            .map(|(id, writer)| self.run_writer(&mut machine, region, id, writer))
            .collect();
        let readers: Vec<_> = (1..)
            .zip(&self.readers)
            .map(|(number, looks)| self.run_reader(&mut machine, region, number, looks))
            .collect();
        let model = self.clone();
        machine.finally(move |end| {
            model.transactions_are_whole(end, region)?;
            model.nothing_is_lost(end, region, &writers)?;
            Self::snapshots_are_ordered(end, &readers)
        });
        machine
    }

    fn is(&self, mutant: Mutant) -> bool {
        self.mutant == Some(mutant)
    }

    fn region(&self, machine: &mut Machine) -> Region {
        let owners = self.writers.len() as Word + 1;
        let region = Region {
            alive: machine.words("alive", owners, 1),
            commit: machine.word("commit", 0),
            lock: machine.words("lock", self.fields, 0),
            version: machine.words("version", self.fields, 0),
            begin: machine.words("begin", self.fields, 0),
            target: machine.words("target", self.fields, 0),
            slots: machine.words("slot", self.fields * self.slots, 0),
        };
        for words in [region.commit, region.version, region.begin] {
            machine.never_decreases(words);
        }
        machine.show_hexadecimal(region.slots);
        region
    }

    /// The slot of a version of a field.
    fn slot(&self, region: Region, field: Word, version: impl Into<Expression>) -> Place {
        region.slots.at(version.into() % self.slots + field * self.slots)
    }

    /// The transactions of the model with their sets of fields; number `i` sets bit `i`.
    fn transactions(&self) -> impl Iterator<Item = (Word, Word)> {
        let acts = self.writers.iter().flat_map(|writer| &writer.acts);
        let sets = acts.filter_map(|act| match act {
            Act::Transaction(set) => Some(*set),
            Act::Update(_) => None,
        });
        (0..).zip(sets)
    }

    /// The bits of all transactions that change the field.
    fn bits_of(&self, field: Word) -> Word {
        let changes = |set: Word| (set >> field) & 1;
        self.transactions().fold(0, |bits, (number, set)| bits | changes(set) << number)
    }
}
