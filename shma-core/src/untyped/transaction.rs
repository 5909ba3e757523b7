//! Several fields as one, as a value.

use super::buffer::Buffer;
use super::field::Field;
use super::state::State;
use super::wait::Wait;
use crate::error::Error;
use crate::field::Version;
use crate::partition::{DetachedRegionGuard, News, Partition, RegionGuard};
use crate::words;

/// Bytes that are compared at a time.
const BLOCK: usize = 4096;

impl State {
    /// Acquires the semaphores of all ordinary fields, in declaration order, for a transaction.
    ///
    /// # Errors
    ///
    /// [`Error::ReadOnly`], [`Error::Reentrant`], [`Error::Forked`]; [`Error::WouldBlock`] or
    /// [`Error::Timeout`], which name the field and the holder of its semaphore. None is held then.
    ///
    /// # Blocking
    ///
    /// Waits for the holder of each semaphore in turn, as long as `wait` says in all; then all calls
    /// that need one of them wait, until the transaction is committed or dropped.
    pub fn begin(&self, wait: Wait) -> Result<Transaction, Error> {
        self.check_writable()?;
        let guard = RegionGuard::acquire(self.region(), wait.into())?;
        Ok(Transaction { guard: guard.map(RegionGuard::detach), state: self.clone() })
    }

    /// Exclusive read-modify-write of some fields as one. `f` gets of each, in the order of the list, a
    /// private copy of the value to change, and the value as it is. Then those that it has changed are
    /// published. Returns what `f` returns. If `f` panics, nothing is published.
    ///
    /// As [`Shm::transaction_of`](crate::Shm::transaction_of): only these fields are copied and compared,
    /// and all semaphores are held as ever.
    ///
    /// ```
    /// use shma_core::untyped::{self, Attributes, Declaration, Wait};
    ///
    /// # let name = format!("doc-choice-{}", std::process::id());
    /// let mut declaration = Declaration::new("Model")?;
    /// declaration.field("policy", "[f32; 1000]".parse()?, Attributes::new())?;
    /// declaration.field("step", "u64".parse()?, Attributes::new())?;
    /// declaration.field("best", "f32".parse()?, Attributes::new())?;
    /// let model = untyped::options().create(&name, &declaration)?;
    ///
    /// let fields = [model.field("step")?, model.field("best")?];
    /// let step = model.transaction_of(&fields, Wait::Forever, |new, old| {
    ///     let step = u64::from_ne_bytes(old[0].try_into().unwrap()) + 1;
    ///     new[0].copy_from_slice(&step.to_ne_bytes());
    ///     new[1].copy_from_slice(&0.5_f32.to_ne_bytes());
    ///     step
    /// })?;
    /// assert_eq!(step, 1);
    /// # Ok::<(), shma_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::WrongField`] for an atomic field, one of another handle, and one that comes twice; and as
    /// [`begin`](Self::begin).
    ///
    /// # Blocking
    ///
    /// As [`begin`](Self::begin).
    pub fn transaction_of<R>(
        &self,
        fields: &[&Field],
        wait: Wait,
        f: impl FnOnce(&mut [&mut [u8]], &[&[u8]]) -> R,
    ) -> Result<R, Error> {
        self.check_writable()?;
        self.check_distinct(fields.iter().copied())?;
        fields.iter().try_for_each(|field| field.check_ordinary())?;
        // Before the semaphores, so that they are not held meanwhile.
        let buffer = |field: &&Field| Buffer::new(field.size());
        let mut news: Vec<Buffer> = fields.iter().map(buffer).collect();
        let mut olds: Vec<Buffer> = fields.iter().map(buffer).collect();
        let transaction = self.begin(wait)?;
        let mut new: Vec<&mut [u8]> = Vec::with_capacity(fields.len());
        let mut old: Vec<&[u8]> = Vec::with_capacity(fields.len());
        for ((field, room), kept) in fields.iter().zip(&mut news).zip(&mut olds) {
            let (room, kept) = (room.bytes_mut(field.size()), kept.bytes_mut(field.size()));
            transaction.load(field, room)?;
            kept.copy_from_slice(room);
            new.push(room);
            old.push(kept);
        }
        let result = f(&mut new, &old);
        let news: Vec<(&Field, &[u8])> =
            fields.iter().copied().zip(new.iter().map(|new| &**new)).collect();
        transaction.commit(&news).map(|_| result)
    }

    /// Replaces the values of several fields, all of them or none: the ordinary fields as one
    /// transaction, then the numbers of atomic fields one by one. Returns the publications that the
    /// fields then have, in the order of the list. A field whose bytes do not change is not published.
    ///
    /// A process that is killed between the two leaves atomic fields as they were.
    ///
    /// # Errors
    ///
    /// As [`begin`](Self::begin); [`Error::WrongSize`], and [`Error::WrongField`] for a field of another
    /// region or one that comes twice. No value is replaced then.
    ///
    /// # Blocking
    ///
    /// As [`begin`](Self::begin), and as [`Field::write`] if only one field is ordinary, which is then
    /// published in any case.
    pub fn write_all(&self, values: &[(&Field, &[u8])], wait: Wait) -> Result<Vec<Version>, Error> {
        self.check_writable()?;
        self.check_distinct(values.iter().map(|(field, _)| *field))?;
        values.iter().try_for_each(|(field, value)| field.check_whole(value.len()))?;
        let mut versions = vec![Version::default(); values.len()];
        let ordinary = |at: &usize| !values[*at].0.is_atomic();
        let together: Vec<usize> = (0..values.len()).filter(ordinary).collect();
        if together.len() > 1 {
            let transaction = self.begin(wait)?;
            let news: Vec<_> = together.iter().map(|&at| values[at]).collect();
            for (at, version) in together.iter().zip(transaction.commit(&news)?) {
                versions[*at] = version;
            }
        }
        let single = |at: &usize| together.len() <= 1 || !ordinary(at);
        let mut singles: Vec<usize> = (0..values.len()).filter(single).collect();
        // What can be refused comes first.
        singles.sort_by_key(|at| !ordinary(at));
        for at in singles {
            let (field, value) = values[at];
            versions[at] = field.write(value, wait)?;
        }
        Ok(versions)
    }
}

/// The held semaphores of all ordinary fields of a region, for one publication of any of them.
///
/// Only what is [loaded](Self::load) is copied, and [`commit`](Self::commit), which takes it, publishes
/// what changed as one: a [`snapshot`](State::snapshot) sees all of it or nothing, also if the process
/// is killed half-way. Dropped, by any thread, it publishes nothing.
///
/// The thread that began it counts as the holder, as with [`Held`](super::Held).
///
/// ```
/// use shma_core::untyped::{self, Attributes, Declaration, Wait};
///
/// # let name = format!("doc-commit-{}", std::process::id());
/// let mut declaration = Declaration::new("Bank")?;
/// declaration.field("one", "i64".parse()?, Attributes::new())?;
/// declaration.field("other", "i64".parse()?, Attributes::new())?;
/// let bank = untyped::options().create(&name, &declaration)?;
/// let (one, other) = (bank.field("one")?, bank.field("other")?);
///
/// let transfer = bank.begin(Wait::Forever)?;
/// let mut balance = [0; 8];
/// transfer.load(one, &mut balance)?;
/// let left = i64::from_ne_bytes(balance) - 5;
/// transfer.load(other, &mut balance)?;
/// let right = i64::from_ne_bytes(balance) + 5;
/// transfer.commit(&[(one, &left.to_ne_bytes()), (other, &right.to_ne_bytes())])?;
///
/// let (mut first, mut second) = ([0; 8], [0; 8]);
/// bank.snapshot(&mut [(one, &mut first), (other, &mut second)])?;
/// assert_eq!(i64::from_ne_bytes(first) + i64::from_ne_bytes(second), 0);
/// # Ok::<(), shma_core::Error>(())
/// ```
#[derive(Debug)]
#[must_use = "dropped, it gives the semaphores back"]
pub struct Transaction {
    /// Before the state, whose attachment it needs. `None` if no field is ordinary.
    guard: Option<DetachedRegionGuard>,
    state: State,
}

impl Transaction {
    /// Whether the calling thread has begun it.
    pub fn is_own(&self) -> bool {
        self.guard.as_ref().is_none_or(DetachedRegionGuard::is_own)
    }

    /// Whether the calling process got it through fork.
    pub fn is_forked(&self) -> bool {
        self.state.is_forked()
    }

    /// The handle that it was begun with.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Copies the value of an ordinary field. No process can change it meanwhile.
    ///
    /// # Errors
    ///
    /// [`Error::WrongSize`]; [`Error::WrongField`] for an atomic field and one of another region;
    /// [`Error::Forked`].
    pub fn load(&self, field: &Field, into: &mut [u8]) -> Result<Version, Error> {
        self.state.check_distinct([field].into_iter())?;
        field.check_ordinary()?;
        field.check_whole(into.len())?;
        self.check_fork(field)?;
        let mut part = field.part(into);
        part.load();
        Ok(Version::new(part.version()))
    }

    /// Publishes those of these values that differ from what is there, as one, and gives all semaphores
    /// back. Bytes are compared: a NaN equals itself, and -0.0 is not 0.0. Returns the publication that
    /// each of the fields then has, in the order of the list.
    ///
    /// # Errors
    ///
    /// As [`load`](Self::load), and [`Error::WrongField`] if a field comes twice. Nothing is published
    /// then, and all semaphores are given back all the same.
    pub fn commit(self, news: &[(&Field, &[u8])]) -> Result<Vec<Version>, Error> {
        self.state.check_distinct(news.iter().map(|(field, _)| *field))?;
        for (field, value) in news {
            field.check_ordinary()?;
            field.check_whole(value.len())?;
        }
        if let Some((field, _)) = news.first() {
            self.check_fork(field)?;
        }
        let mut room = Buffer::new(BLOCK);
        let mut versions = Vec::with_capacity(news.len());
        let mut changed: Vec<News<'_>> = Vec::with_capacity(news.len());
        for (field, value) in news {
            let held = field.partition().slots().held_version();
            let differs = differs(field.partition(), held, value, room.bytes_mut(BLOCK));
            if differs {
                let store = words::store;
                changed.push(News { partition: field.partition(), bytes: value, store });
            }
            versions.push(Version::new(held.wrapping_add(u64::from(differs))));
        }
        changed.sort_by_key(|it| it.partition.index());
        if let (Some(guard), Some(first)) = (self.guard, changed.first()) {
            let published = guard.publish(changed.iter().copied());
            published.map_err(|forked| first.partition.explain(forked))?;
        }
        Ok(versions)
    }

    fn check_fork(&self, field: &Field) -> Result<(), Error> {
        let check = self.guard.as_ref().map_or(Ok(()), DetachedRegionGuard::check_fork);
        check.map_err(|forked| field.partition().explain(forked))
    }
}

/// Whether the value of a field whose semaphore is held is another one.
fn differs(partition: &Partition, version: u64, value: &[u8], room: &mut [u8]) -> bool {
    let slot = partition.slots().slot(version);
    value.chunks(room.len()).enumerate().any(|(at, new)| {
        let old = &mut room[..new.len()];
        words::load_part_over(slot, at * BLOCK, old);
        old != new
    })
}
