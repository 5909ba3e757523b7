//! A robust process-shared pthread mutex in shared memory, followed by what it guards.
//!
//! `unsafe` here: the C library's mutex, and borrowing what it guards while it is held.

use std::mem::MaybeUninit;
use std::ptr::NonNull;

use crate::ability::Unable;
use crate::shared::Shared;

/// Between two mutexes, or a mutex and its value.
const GAP: usize = 128;

/// Some mutexes, each with a value of so many bytes.
#[derive(Debug)]
pub struct Guarded {
    shared: Shared,
    bytes: usize,
}

impl Guarded {
    /// Makes them; the values are zero.
    pub fn create(name: &str, count: usize, bytes: usize) -> Result<Self, Unable> {
        let guarded = Self { shared: Shared::create(name, count * stride(bytes))?, bytes };
        for index in 0..count {
            initialise(guarded.mutex(index))?;
        }
        Ok(guarded)
    }

    /// Attaches to them.
    pub fn open(name: &str, bytes: usize) -> Result<Self, Unable> {
        Ok(Self { shared: Shared::open(name)?, bytes })
    }

    fn mutex(&self, index: usize) -> *mut libc::pthread_mutex_t {
        let at = index * stride(self.bytes);
        assert!(at + GAP + self.bytes <= self.shared.len());
        self.shared.start().wrapping_add(at).cast()
    }

    /// Holds a mutex.
    #[inline(always)]
    pub fn lock(&mut self, index: usize) -> Held<'_> {
        let mutex = self.mutex(index);
        // SAFETY: initialised by `create`, and mapped as long as `self`.
        let answer = unsafe { libc::pthread_mutex_lock(mutex) };
        if answer == libc::EOWNERDEAD {
            // SAFETY: as above, and held.
            unsafe { libc::pthread_mutex_consistent(mutex) };
        } else {
            assert_eq!(answer, 0, "locking");
        }
        let mutex = NonNull::new(mutex).expect("a mapping does not start at zero");
        Held { mutex, bytes: self.bytes, _guarded: std::marker::PhantomData }
    }
}

/// From one mutex to the next.
fn stride(bytes: usize) -> usize {
    GAP + bytes.next_multiple_of(GAP)
}

/// A mutex that is held.
#[derive(Debug)]
pub struct Held<'a> {
    mutex: NonNull<libc::pthread_mutex_t>,
    bytes: usize,
    _guarded: std::marker::PhantomData<&'a mut Guarded>,
}

impl Held<'_> {
    /// What it guards.
    #[inline(always)]
    pub fn value<const N: usize>(&mut self) -> &mut [f64; N] {
        assert_eq!(self.bytes, size_of::<[f64; N]>());
        let value = self.mutex.as_ptr().wrapping_byte_add(GAP).cast::<[f64; N]>();
        // SAFETY: the value behind the mutex, aligned to `GAP`; all processes touch it only while
        // they hold the mutex.
        unsafe { &mut *value }
    }
}

impl Drop for Held<'_> {
    #[inline(always)]
    fn drop(&mut self) {
        // SAFETY: held, by this thread.
        unsafe { libc::pthread_mutex_unlock(self.mutex.as_ptr()) };
    }
}

fn initialise(mutex: *mut libc::pthread_mutex_t) -> Result<(), Unable> {
    let mut attributes = MaybeUninit::uninit();
    // SAFETY: initialises what it is given.
    check(unsafe { libc::pthread_mutexattr_init(attributes.as_mut_ptr()) })?;
    let attributes = attributes.as_mut_ptr();
    let (shared, robust) = (libc::PTHREAD_PROCESS_SHARED, libc::PTHREAD_MUTEX_ROBUST);
    // SAFETY: initialised above.
    check(unsafe { libc::pthread_mutexattr_setpshared(attributes, shared) })?;
    // SAFETY: as above.
    check(unsafe { libc::pthread_mutexattr_setrobust(attributes, robust) })?;
    // SAFETY: as above; the mutex is memory of zeroes that no process uses yet.
    check(unsafe { libc::pthread_mutex_init(mutex, attributes) })
}

fn check(answer: i32) -> Result<(), Unable> {
    if answer == 0 { Ok(()) } else { Err(std::io::Error::from_raw_os_error(answer).into()) }
}
