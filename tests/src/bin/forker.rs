//! A process in which one thread forks at the very moment at which another one holds a lock that it
//! is about to hide or to give up. `forker open NAME`, `forker open-late NAME`, in which it is in
//! `fork` before the other one is heard of, and `forker unlink NAME`.
//!
//! `unsafe` here: fork, and the C library's `fcntl`, in whose place one stands that knows the
//! moment.
#![allow(unsafe_code)]

use std::io::{Read, Write};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU32, Ordering};
use std::thread;

use rustix::process::{Pid, Signal, kill_process};
use shma_core::ShmState;
use shma_tests::states::Board;

/// The byte that is locked for a name, and the first that may be locked for an owner.
const NAMED: i64 = (1 << 40) - 2;
const OWNERS: i64 = 1 << 40;

/// The first byte whose write lock is the moment.
static MOMENT: AtomicI64 = AtomicI64::new(i64::MAX);
/// Whether the process ends at the moment.
static ENDS: AtomicBool = AtomicBool::new(false);
/// How far it has come: see below.
static STEP: AtomicU32 = AtomicU32::new(0);
const READY: u32 = 1;
const ASKED: u32 = 2;
const FORKING: u32 = 3;
const FORKED: u32 = 4;
/// The thread that forks.
static FORKER: AtomicU32 = AtomicU32::new(0);

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let forker = if arguments[0] == "open-late" {
        // SAFETY: the handler calls nothing that another thread may have locked.
        let registered = unsafe { libc::pthread_atfork(Some(await_the_moment), None, None) };
        assert_eq!(registered, 0);
        thread::spawn(fork)
    } else {
        thread::spawn(|| {
            await_the_moment();
            fork();
        })
    };
    while STEP.load(Ordering::SeqCst) != READY {
        thread::yield_now();
    }
    match arguments[..] {
        ["open" | "open-late", name] => {
            MOMENT.store(OWNERS, Ordering::Relaxed);
            let board = Board::open(name).unwrap();
            forker.join().unwrap();
            board.count.update(|_, _| {
                say("holding");
                wait_for_the_end();
            });
        }
        ["unlink", name] => {
            MOMENT.store(NAMED, Ordering::Relaxed);
            ENDS.store(true, Ordering::Relaxed);
            Board::unlink(name).unwrap();
        }
        _ => panic!("unknown arguments {arguments:?}"),
    }
}

/// Stands in for the C library's. `fcntl` has a variable number of arguments, of which the library
/// passes one pointer; so do callers that pass an integer, by the same register.
///
/// # Safety
///
/// As for the C library's.
#[unsafe(no_mangle)]
unsafe extern "C" fn fcntl(file: i32, command: i32, argument: *mut libc::flock) -> i32 {
    // SAFETY: the arguments of the call that this stands in for.
    let result = unsafe { libc::syscall(libc::SYS_fcntl, file, command, argument) };
    if command == libc::F_OFD_SETLK && result == 0 {
        // SAFETY: with this command the argument is a lock that the caller has made.
        let lock = unsafe { &*argument };
        if i32::from(lock.l_type) == libc::F_WRLCK && lock.l_start >= MOMENT.load(Ordering::Relaxed)
        {
            the_moment();
        }
    }
    result as i32
}

/// Has the other thread fork, until it has or is kept from it.
fn the_moment() {
    MOMENT.store(i64::MAX, Ordering::Relaxed);
    STEP.store(ASKED, Ordering::SeqCst);
    while !(STEP.load(Ordering::SeqCst) == FORKING && is_asleep())
        && STEP.load(Ordering::SeqCst) != FORKED
    {
        thread::yield_now();
    }
    if ENDS.load(Ordering::Relaxed) {
        kill_process(rustix::process::getpid(), Signal::KILL).unwrap();
    }
}

extern "C" fn await_the_moment() {
    FORKER.store(rustix::thread::gettid().as_raw_nonzero().get() as u32, Ordering::SeqCst);
    STEP.store(READY, Ordering::SeqCst);
    while STEP.load(Ordering::SeqCst) != ASKED {
        thread::yield_now();
    }
    STEP.store(FORKING, Ordering::SeqCst);
}

fn fork() {
    // SAFETY: the child calls nothing but what may be called between fork and exec.
    match unsafe { libc::fork() } {
        0 => {
            wait_for_the_end();
            // SAFETY: ends the process.
            unsafe { libc::_exit(0) }
        }
        pid => {
            assert!(Pid::from_raw(pid).is_some() && pid > 0, "{}", std::io::Error::last_os_error());
            say("forked");
        }
    }
    STEP.store(FORKED, Ordering::SeqCst);
}

/// Whether the thread that forks sleeps: it does so only where it is kept from forking. One that has
/// forked may have ended.
fn is_asleep() -> bool {
    let path = format!("/proc/self/task/{}/stat", FORKER.load(Ordering::SeqCst));
    let Ok(stat) = std::fs::read_to_string(path) else { return false };
    stat.rsplit_once(") ").unwrap().1.starts_with('S')
}

fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").unwrap();
    out.flush().unwrap();
}

/// Waits for the end of the input.
fn wait_for_the_end() {
    let mut input = std::io::stdin().lock();
    while input.read(&mut [0]).is_ok_and(|read| read > 0) {}
}
