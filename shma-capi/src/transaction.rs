//! Several fields changed as one.

use std::collections::BTreeMap;
use std::ffi::{c_int, c_void};
use std::thread::{self, ThreadId};

use shma_core::untyped::{Field, Transaction};

use crate::arguments::{place, reference, store, wait};
use crate::call::{call, ending};
use crate::fault::Fault;
use crate::field::shma_field;
use crate::memory::Pair;
use crate::state::shma_state;
use crate::update::check_own;

/// A transaction under way.
#[derive(Debug)]
#[allow(non_camel_case_types)]
pub struct shma_transaction {
    transaction: Transaction,
    /// One that holds no semaphore belongs to its thread too.
    thread: ThreadId,
    /// The values that were asked for, by the field's place.
    values: BTreeMap<usize, Value>,
}

#[derive(Debug)]
struct Value {
    field: Field,
    pair: Pair,
}

impl shma_transaction {
    fn check_own(&self) -> Result<(), Fault> {
        let own = self.thread == thread::current().id();
        check_own("transaction", self.transaction.is_forked(), own)
    }

    /// The value of a field, which is copied when it is asked for first.
    fn value(&mut self, field: &shma_field) -> Result<&mut Value, Fault> {
        field.check_ordinary()?;
        let at = self.transaction.state().index_of(&field.field)?;
        if !self.values.contains_key(&at) {
            let mut pair = Pair::new(field.field.size(), true)?;
            let (new, old) = pair.values_mut();
            for value in [Some(new), old].into_iter().flatten() {
                self.transaction.load(&field.field, value)?;
            }
            self.values.insert(at, Value { field: field.field.clone(), pair });
        }
        self.values.get_mut(&at).ok_or_else(|| Fault::invalid("the value is gone"))
    }
}

/// See the header.
///
/// # Safety
///
/// As the header says: promises 1 to 3 of the crate.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shma_transaction_begin(
    state: *mut shma_state,
    timeout_ms: i64,
    out: *mut *mut shma_transaction,
) -> c_int {
    call("shma_transaction_begin", || {
        // SAFETY: promise 1.
        let out = unsafe { place(out, "out") }?;
        *out = std::ptr::null_mut();
        // SAFETY: promise 1.
        let state = unsafe { reference(state, "state") }?;
        let transaction = state.state.begin(wait(timeout_ms)?)?;
        let (thread, values) = (thread::current().id(), BTreeMap::new());
        *out = Box::into_raw(Box::new(shma_transaction { transaction, thread, values }));
        Ok(0)
    })
}

/// See the header.
///
/// # Safety
///
/// As [`shma_transaction_begin`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shma_transaction_value(
    transaction: *mut shma_transaction,
    field: *mut shma_field,
    new_value: *mut *mut c_void,
    old_value: *mut *const c_void,
) -> c_int {
    call("shma_transaction_value", || {
        // SAFETY: promise 1.
        unsafe { store(new_value, std::ptr::null_mut()) };
        // SAFETY: promise 1.
        unsafe { store(old_value, std::ptr::null()) };
        // SAFETY: promise 1.
        let new_value = unsafe { place(new_value, "new_value") }?;
        // SAFETY: promise 1.
        unsafe { reference(transaction, "transaction") }?.check_own()?;
        // SAFETY: promise 1.
        let field = unsafe { reference(field, "field") }?;
        // SAFETY: promise 1, and no other thread has passed the check.
        let transaction = unsafe { place(transaction, "transaction") }?;
        let (new, old) = transaction.value(field)?.pair.addresses();
        *new_value = new.cast();
        // SAFETY: promise 1.
        unsafe { store(old_value, old.cast()) };
        Ok(0)
    })
}

/// See the header.
///
/// # Safety
///
/// As [`shma_transaction_begin`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shma_transaction_commit(transaction: *mut shma_transaction) -> c_int {
    call("shma_transaction_commit", || {
        // SAFETY: promise 1.
        unsafe { reference(transaction, "transaction") }?.check_own()?;
        // SAFETY: promises 1 and 3: of a call that begins one, and not used again.
        let shma_transaction { transaction, values, .. } = *unsafe { Box::from_raw(transaction) };
        let news: Vec<(&Field, &[u8])> =
            values.values().map(|value| (&value.field, value.pair.new_value())).collect();
        transaction.commit(&news)?;
        Ok(0)
    })
}

/// See the header.
///
/// # Safety
///
/// As [`shma_transaction_begin`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shma_transaction_abort(transaction: *mut shma_transaction) {
    ending("shma_transaction_abort", || {
        // SAFETY: promise 1.
        if unsafe { transaction.as_ref() }.is_some_and(|it| it.check_own().is_ok()) {
            // SAFETY: promises 1 and 3: of a call that begins one, and not used again.
            drop(unsafe { Box::from_raw(transaction) });
        }
    });
}
