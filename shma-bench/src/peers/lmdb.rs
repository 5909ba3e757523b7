//! LMDB, by heed: a database in a file that is mapped, here in memory and without syncing.
//!
//! `unsafe` here: opening, since only LMDB may change the file, and keeping what is opened beside
//! what borrows it.

use std::hint::black_box;
use std::path::PathBuf;

use heed::types::Bytes;
use heed::{CommitOrAbort, Database, Env, EnvFlags, EnvOpenOptions, RwTxn};

use crate::ability::{Done, FIELDS, Group, Peer, Place, Store, Unable, mix};
use crate::buffer::Buffer;
use crate::shared::DIRECTORY;

/// What the file may grow beyond its values while a reader holds old ones. It is not touched before.
const GROWTH: usize = 1 << 30;

/// heed.
pub struct Lmdb;

impl Peer for Lmdb {
    fn name(&self) -> &'static str {
        "LMDB"
    }

    fn about(&self) -> &'static str {
        "LMDB through heed, in memory, without syncing, written in place; one writer at a time for \
         all values, which survives its death"
    }

    fn copies(&self) -> u64 {
        4
    }

    fn create(&self, place: &Place) -> Result<Box<dyn Store>, Unable> {
        let base = Base::open(place, 1, true)?;
        base.put_zeroes(1)?;
        Ok(Box::new(base))
    }

    fn open(&self, place: &Place) -> Result<Box<dyn Store>, Unable> {
        Ok(Box::new(Base::open(place, 1, false)?))
    }

    fn create_group(&self, place: &Place) -> Result<Box<dyn Group>, Unable> {
        let base = Base::open(place, FIELDS, true)?;
        base.put_zeroes(FIELDS)?;
        Ok(Box::new(base))
    }

    fn open_group(&self, place: &Place) -> Result<Box<dyn Group>, Unable> {
        Ok(Box::new(Base::open(place, FIELDS, false)?))
    }
}

/// An environment with the handle to its values, which borrows it.
struct Base {
    /// Borrows `owned`, for as long as `self` lives.
    env: &'static Env,
    owned: *mut Env,
    values: Database<'static, Bytes, Bytes>,
    made: Option<PathBuf>,
    bytes: u64,
    /// From the first change on.
    new: Option<Buffer>,
    /// From the first snapshot on.
    copy: Option<Buffer>,
}

impl Drop for Base {
    fn drop(&mut self) {
        // SAFETY: made from a box by `open`. Transactions borrow `self`, so that none is left, and the
        // handle to the values, which is only a number, is not used any more.
        drop(unsafe { Box::from_raw(self.owned) });
        if let Some(folder) = &self.made {
            let _ = std::fs::remove_dir_all(folder);
        }
    }
}

impl Base {
    fn open(place: &Place, count: usize, make: bool) -> Result<Self, Unable> {
        let folder = PathBuf::from(DIRECTORY).join(&place.name);
        if make {
            std::fs::create_dir(&folder)?;
        }
        let size = 4 * count * place.bytes as usize + GROWTH;
        let size = size.next_multiple_of(rustix::param::page_size());
        let mut options = EnvOpenOptions::new();
        options.map_size(size);
        // SAFETY: without syncing a crash of the machine may spoil the file, which is in memory.
        unsafe { options.flags(EnvFlags::NO_SYNC | EnvFlags::WRITE_MAP) };
        // SAFETY: only LMDB changes the file.
        let owned = Box::into_raw(Box::new(unsafe { options.open(&folder) }?));
        // SAFETY: lives until `self` is dropped, or for ever if it does not come to that.
        let env: &'static Env = unsafe { &*owned };
        let values = env
            .create_databases_and_commit(env.write_txn()?, |opener, transaction| {
                opener.create_database(transaction, None).map(CommitOrAbort::<_, ()>::Commit)
            })?
            .unwrap_commit();
        let made = make.then_some(folder);
        Ok(Self { env, owned, values, made, bytes: place.bytes, new: None, copy: None })
    }

    fn put_zeroes(&self, count: usize) -> Done {
        let zeroes = Buffer::zeroed(self.bytes);
        let mut transaction = self.env.write_txn()?;
        for key in 0..count {
            self.values.put(&mut transaction, &[key as u8], bytemuck::cast_slice(&zeroes))?;
        }
        Ok(transaction.commit()?)
    }

    /// Replaces a value by what is made of it.
    fn change(
        &mut self,
        transaction: &mut RwTxn<'_>,
        key: usize,
        change: impl FnOnce(&mut [f64]),
    ) -> Done {
        let old = self.values.get(transaction, &[key as u8])?.ok_or("there is no value")?;
        let new = self.new.get_or_insert_with(|| Buffer::zeroed(self.bytes));
        // By bytes, since LMDB aligns values to two.
        bytemuck::cast_slice_mut::<f64, u8>(new).copy_from_slice(old);
        change(black_box(&mut *new));
        Ok(self.values.put(transaction, &[key as u8], bytemuck::cast_slice(new))?)
    }
}

impl Store for Base {
    fn read(&mut self, into: &mut [f64], times: u64) -> Done {
        for _ in 0..times {
            let transaction = self.env.read_txn()?;
            let value = self.values.get(&transaction, &[0])?.ok_or("there is no value")?;
            bytemuck::cast_slice_mut(into).copy_from_slice(value);
            black_box(&mut *into);
        }
        Ok(())
    }

    fn write(&mut self, from: &[f64], times: u64) -> Done {
        for _ in 0..times {
            let mut transaction = self.env.write_txn()?;
            self.values.put(&mut transaction, &[0], bytemuck::cast_slice(black_box(from)))?;
            transaction.commit()?;
        }
        Ok(())
    }

    fn update_with(&mut self, step: &[f64], times: u64) -> Done {
        for _ in 0..times {
            let mut transaction = self.env.write_txn()?;
            self.change(&mut transaction, 0, |value| {
                for (value, step) in value.iter_mut().zip(black_box(step)) {
                    *value = mix(*step, *value);
                }
            })?;
            transaction.commit()?;
        }
        Ok(())
    }

    fn update(&mut self, step: &[f64], times: u64) -> Done {
        self.update_with(step, times)
    }

    fn add(&mut self, times: u64) -> Done {
        Group::add(self, 0, times)
    }
}

impl Group for Base {
    fn peek(&mut self) -> Result<[f64; FIELDS], Unable> {
        let transaction = self.env.read_txn()?;
        let mut first = [0.0; FIELDS];
        for (key, first) in first.iter_mut().enumerate() {
            let value = self.values.get(&transaction, &[key as u8])?.ok_or("there is no value")?;
            *first = bytemuck::pod_read_unaligned(&value[..8]);
        }
        Ok(first)
    }

    fn add(&mut self, field: usize, times: u64) -> Done {
        for _ in 0..times {
            let mut transaction = self.env.write_txn()?;
            self.change(&mut transaction, field, |value| {
                value.iter_mut().for_each(|number| *number += 1.0);
            })?;
            transaction.commit()?;
        }
        Ok(())
    }

    fn update_all(&mut self, times: u64) -> Done {
        for _ in 0..times {
            let mut transaction = self.env.write_txn()?;
            for field in 0..FIELDS {
                self.change(&mut transaction, field, |value| {
                    value.iter_mut().for_each(|value| *value = mix(black_box(1.0), *value));
                })?;
            }
            transaction.commit()?;
        }
        Ok(())
    }

    fn snapshot(&mut self, times: u64) -> Done {
        for _ in 0..times {
            let transaction = self.env.read_txn()?;
            let all = FIELDS as u64 * self.bytes;
            let copy = self.copy.get_or_insert_with(|| Buffer::zeroed(all));
            let copy = bytemuck::cast_slice_mut::<f64, u8>(copy);
            for (key, copy) in copy.chunks_exact_mut(self.bytes as usize).enumerate() {
                let value =
                    self.values.get(&transaction, &[key as u8])?.ok_or("there is no value")?;
                copy.copy_from_slice(value);
                black_box(copy);
            }
        }
        Ok(())
    }

    fn copied(&mut self) -> Result<[f64; FIELDS], Unable> {
        let copy = self.copy.as_ref().ok_or("there was no snapshot")?;
        Ok(std::array::from_fn(|field| copy[field * copy.len() / FIELDS]))
    }

    fn transaction(&mut self, times: u64) -> Done {
        for _ in 0..times {
            let mut transaction = self.env.write_txn()?;
            for field in [0, FIELDS - 1] {
                self.change(&mut transaction, field, |value| value[0] += 1.0)?;
            }
            transaction.commit()?;
        }
        Ok(())
    }
}
