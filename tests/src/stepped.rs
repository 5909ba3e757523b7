//! Forks in the middle of a call. The process executes the call one instruction at a time, and the
//! handler of that trap forks. So a test has a child of every instruction, as a handler of any
//! signal could make one. The code knows the flags of x86-64.
//!
//! `unsafe` here: signals, fork, and the flag that steps.

use std::arch::asm;
use std::ffi::{c_int, c_void};
use std::io::{PipeReader, PipeWriter};
use std::os::fd::AsRawFd;
use std::sync::atomic::{AtomicI32, AtomicU64, Ordering};

/// The flag that makes the processor trap after each instruction.
const STEPS: i64 = 1 << 8;

/// How long a child may take once it goes on: it may hang, which is what some tests are about.
const PATIENCE_S: u32 = 60;

/// Instructions so far.
static DONE: AtomicU64 = AtomicU64::new(0);
/// Which of them have a child: from the first to before the end.
static FIRST: AtomicU64 = AtomicU64::new(0);
static END: AtomicU64 = AtomicU64::new(0);
static EVERY: AtomicU64 = AtomicU64::new(1);
/// What children wait at: both ends of a pipe.
static GATE: [AtomicI32; 2] = [AtomicI32::new(-1), AtomicI32::new(-1)];
/// The instruction that this process is a child of; 0 if it is the parent.
static CHILD_OF: AtomicU64 = AtomicU64::new(0);
static CHILDREN: AtomicU64 = AtomicU64::new(0);
/// Instructions that lock the bus or wait for the store buffer.
static LOCKED: AtomicU64 = AtomicU64::new(0);
/// Calls of the functions that the kernel maps, which are those that read a clock.
static CLOCKS: AtomicU64 = AtomicU64::new(0);
/// Where those lie; whether the last instruction was one of theirs.
static MAPPED: AtomicU64 = AtomicU64::new(0);
static IN_MAPPED: AtomicU64 = AtomicU64::new(0);
/// What children do instead of going on with the call.
static LIFE: AtomicU64 = AtomicU64::new(0);

/// The children of one call, which wait until this is [released](Self::release).
#[derive(Debug)]
pub struct Children {
    gate: (PipeReader, PipeWriter),
    count: u64,
    /// How many instructions the call had.
    pub instructions: u64,
    /// How many of them were locked, exchanged with memory, or were full fences.
    pub locked: u64,
    /// How often it called what the kernel maps, to read a clock.
    pub clocks: u64,
}

/// How the children ended.
#[derive(Debug, Default)]
pub struct Ends {
    /// With this status, how many.
    pub exited: std::collections::BTreeMap<i32, u64>,
    /// By this signal, how many.
    pub killed: std::collections::BTreeMap<i32, u64>,
}

/// Which instructions have a child.
#[derive(Debug, Clone, Copy)]
pub struct Which {
    pub first: u64,
    pub end: u64,
    pub every: u64,
}

/// Runs `call` and forks behind each of these instructions. Returns in the parent; a child waits for
/// its release, goes on with the call, and ends with what `status` makes of its result.
///
/// # Panics
///
/// If this process has other threads, or there is no pipe.
pub fn with_children<R>(which: Which, call: impl FnOnce() -> R, status: fn(R) -> i32) -> Children {
    step(which, None, call, status)
}

/// As [`with_children`], and children live this life in place of the call's rest.
///
/// # Panics
///
/// As [`with_children`].
pub fn with_other_lives(which: Which, call: impl FnOnce(), life: fn() -> i32) -> Children {
    step(which, Some(life), call, |()| 0)
}

fn step<R>(
    which: Which,
    life: Option<fn() -> i32>,
    call: impl FnOnce() -> R,
    status: fn(R) -> i32,
) -> Children {
    let threads = std::fs::read_dir("/proc/self/task").unwrap().count();
    assert_eq!(threads, 1, "a process that forks has a single thread");
    let gate = std::io::pipe().unwrap();
    // Relaxed, all of it: one thread.
    GATE[0].store(gate.0.as_raw_fd(), Ordering::Relaxed);
    GATE[1].store(gate.1.as_raw_fd(), Ordering::Relaxed);
    FIRST.store(which.first, Ordering::Relaxed);
    END.store(which.end, Ordering::Relaxed);
    EVERY.store(which.every, Ordering::Relaxed);
    LIFE.store(life.map_or(0, |life| life as usize as u64), Ordering::Relaxed);
    CHILDREN.store(0, Ordering::Relaxed);
    DONE.store(0, Ordering::Relaxed);
    LOCKED.store(0, Ordering::Relaxed);
    CLOCKS.store(0, Ordering::Relaxed);
    // SAFETY: takes a number, and returns one.
    let mapped = unsafe { libc::getauxval(libc::AT_SYSINFO_EHDR) };
    MAPPED.store(mapped, Ordering::Relaxed);
    handle();
    start_stepping();
    let result = call();
    stop_stepping();
    if CHILD_OF.load(Ordering::Relaxed) != 0 {
        // SAFETY: ends the process, and runs nothing of the parent's that was to run at its exit.
        unsafe { libc::_exit(status(result)) }
    }
    Children {
        gate,
        count: CHILDREN.load(Ordering::Relaxed),
        instructions: DONE.load(Ordering::Relaxed),
        locked: LOCKED.load(Ordering::Relaxed),
        clocks: CLOCKS.load(Ordering::Relaxed),
    }
}

impl Children {
    /// How many there are.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Lets them go on, and waits for their ends.
    pub fn release(self) -> Ends {
        drop(self.gate);
        let mut ends = Ends::default();
        for _ in 0..self.count {
            let mut status = 0;
            // SAFETY: writes one number.
            let child = unsafe { libc::waitpid(-1, &raw mut status, 0) };
            assert!(child > 0, "waitpid: {}", std::io::Error::last_os_error());
            let (end, how) = if libc::WIFSIGNALED(status) {
                (&mut ends.killed, libc::WTERMSIG(status))
            } else {
                (&mut ends.exited, libc::WEXITSTATUS(status))
            };
            *end.entry(how).or_default() += 1;
        }
        ends
    }
}

fn handle() {
    // SAFETY: zeroes are a `sigaction`: no flags, an empty mask.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    let handler: extern "C" fn(c_int, *mut libc::siginfo_t, *mut c_void) = stepped;
    action.sa_sigaction = handler as usize;
    action.sa_flags = libc::SA_SIGINFO;
    // SAFETY: the handler calls what a handler may, and `fork`, where there is one thread.
    let set = unsafe { libc::sigaction(libc::SIGTRAP, &raw const action, std::ptr::null_mut()) };
    assert_eq!(set, 0, "sigaction: {}", std::io::Error::last_os_error());
}

/// Counts the instruction that comes next.
fn look_at_next(context: *mut c_void) {
    // SAFETY: what the kernel gives to a handler with `SA_SIGINFO`.
    let context = unsafe { &*context.cast::<libc::ucontext_t>() };
    let next = context.uc_mcontext.gregs[libc::REG_RIP as usize] as u64;
    // Up to the end of the page: an instruction that goes on behind it is none that is counted.
    let len = (4096 - next as usize % 4096).min(LONGEST);
    // SAFETY: the processor is about to execute what lies here, so this page is mapped, and nothing
    // of this program changes its code.
    let code = unsafe { std::slice::from_raw_parts(next as *const u8, len) };
    LOCKED.fetch_add(u64::from(is_locked(code)), Ordering::Relaxed);
    let mapped = MAPPED.load(Ordering::Relaxed);
    let inside = u64::from(mapped != 0 && (mapped..mapped + MAPPED_BYTES).contains(&next));
    let was_inside = IN_MAPPED.swap(inside, Ordering::Relaxed);
    CLOCKS.fetch_add(inside & !was_inside, Ordering::Relaxed);
}

/// Bytes of the longest instruction.
const LONGEST: usize = 15;

/// More than the kernel maps.
const MAPPED_BYTES: u64 = 4 * 4096;

/// Whether this is a locked instruction, an exchange with memory, or a full fence.
fn is_locked(code: &[u8]) -> bool {
    let is_prefix = |byte: &u8| {
        let segment_or_size = matches!(byte, 0x26 | 0x2E | 0x36 | 0x3E | 0x64..=0x67 | 0xF2 | 0xF3);
        segment_or_size || matches!(byte, 0x40..=0x4F)
    };
    let Some(at) = code.iter().position(|byte| !is_prefix(byte)) else { return false };
    match code[at..] {
        [0xF0, ..] | [0x0F, 0xAE, 0xF0, ..] => true,
        [0x86 | 0x87, operands, ..] => operands < 0xC0,
        _ => false,
    }
}

extern "C" fn stepped(_: c_int, _: *mut libc::siginfo_t, context: *mut c_void) {
    look_at_next(context);
    let done = DONE.fetch_add(1, Ordering::Relaxed) + 1;
    let (first, end) = (FIRST.load(Ordering::Relaxed), END.load(Ordering::Relaxed));
    let every = EVERY.load(Ordering::Relaxed);
    if done < first || done >= end || !(done - first).is_multiple_of(every) {
        return;
    }
    // SAFETY: one thread, so the child has all of this process.
    if unsafe { libc::fork() } != 0 {
        CHILDREN.fetch_add(1, Ordering::Relaxed);
        return;
    }
    CHILD_OF.store(done, Ordering::Relaxed);
    let [out, into] = [0, 1].map(|end| GATE[end].load(Ordering::Relaxed));
    // SAFETY: the child's copy of the pipe, which nothing else of the child uses.
    unsafe { libc::close(into) };
    let mut byte = 0_u8;
    // SAFETY: reads at most one byte into a byte. It returns when the parent closes its end.
    unsafe { libc::read(out, (&raw mut byte).cast(), 1) };
    // SAFETY: takes a number. Ends a child that hangs.
    unsafe { libc::alarm(PATIENCE_S) };
    let life = LIFE.load(Ordering::Relaxed) as usize;
    if life != 0 {
        // SAFETY: stored by `step`, from a function of this type.
        let life: fn() -> i32 = unsafe { std::mem::transmute(life) };
        // SAFETY: ends the process.
        unsafe { libc::_exit(life()) };
    }
    // SAFETY: what the kernel gives to a handler with `SA_SIGINFO`; the handler has it to itself.
    let context = unsafe { &mut *context.cast::<libc::ucontext_t>() };
    context.uc_mcontext.gregs[libc::REG_EFL as usize] &= !STEPS;
}

#[inline(never)]
fn start_stepping() {
    // SAFETY: changes one flag, by a word of the stack that is taken off again.
    unsafe { asm!("pushfq", "or qword ptr [rsp], 0x100", "popfq") };
}

#[inline(never)]
fn stop_stepping() {
    // SAFETY: as above.
    unsafe { asm!("pushfq", "and qword ptr [rsp], ~0x100", "popfq") };
}
