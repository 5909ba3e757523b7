//! A child that its parent leads by the hand: instruction by instruction, system call by system
//! call, or up to a place. It knows the registers and the breakpoint of x86-64.
//!
//! `unsafe` here: ptrace.

use std::io;

use rustix::process::{Pid, Signal, WaitOptions, getpid, kill_process};

use crate::forked::{End, Forked, wait};

/// A traced child. It stops wherever it calls [`mark`], and its parent has to let it go on.
#[derive(Debug)]
pub struct Tracee {
    child: Forked,
    pid: libc::pid_t,
}

/// Why a child has stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stop {
    /// It called [`mark`].
    Mark,
    /// It has done the step, or stands at the place.
    Trap,
    /// It is about to make a system call, or has just made it.
    SystemCall,
    /// It has ended.
    End(End),
}

/// Where a stopped child stands.
#[derive(Debug, Clone, Copy)]
pub struct Here {
    /// The address of its next instruction.
    pub place: u64,
    /// How often that is going to repeat itself; 0 if it is not one that does.
    pub repetitions: u64,
    /// Whether it is a system call.
    pub calls: bool,
    /// Its length, if it repeats itself.
    repeated: Option<u64>,
}

/// A breakpoint: `int3`.
const BREAKPOINT: u8 = 0xCC;

/// Stops the calling process, for its parent to see.
pub fn mark() {
    kill_process(getpid(), Signal::STOP).expect("a process can signal itself");
}

/// Whether a process may trace its child here, else why not.
///
/// # Errors
///
/// What the attempt says.
pub fn is_permitted() -> io::Result<()> {
    let mut child = Forked::start(|| ask_to_be_traced().unwrap());
    match child.reap() {
        End::Returned => Ok(()),
        End::Panicked(message) => Err(io::Error::other(message)),
        end => Err(io::Error::other(format!("{end:?}"))),
    }
}

fn ask_to_be_traced() -> io::Result<()> {
    // SAFETY: changes nothing but who the tracer of this process is; the other arguments are not
    // looked at.
    match unsafe { libc::ptrace(libc::PTRACE_TRACEME, 0, 0, 0) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

impl Tracee {
    /// Starts a child that lives this life, and lets it run to its first mark.
    ///
    /// # Panics
    ///
    /// If the child ends before; if tracing is not permitted, which [`is_permitted`] tells before.
    #[track_caller]
    pub fn start(life: impl FnOnce()) -> Self {
        let child = Forked::start(|| {
            ask_to_be_traced().unwrap();
            life();
        });
        let pid = child.pid().as_raw_nonzero().get();
        let mut child = Self { child, pid };
        let first = child.stop();
        assert_eq!(first, Stop::Mark, "a traced child did not come to its first mark");
        let options = libc::PTRACE_O_TRACESYSGOOD | libc::PTRACE_O_EXITKILL;
        child.request(libc::PTRACE_SETOPTIONS, 0, options as u64).unwrap();
        child
    }

    /// Its process id.
    pub fn pid(&self) -> Pid {
        self.child.pid()
    }

    /// Where it stands.
    pub fn here(&self) -> Here {
        let registers = self.registers();
        let place = registers.rip;
        let word = self.word(place);
        let [first, second, ..] = word.to_le_bytes();
        let repeated = repeated(word);
        let repetitions = repeated.map_or(0, |_| registers.rcx);
        Here { place, repetitions, calls: [first, second] == [0x0F, 0x05], repeated }
    }

    /// Lets it execute one instruction. One that repeats itself is executed as a whole, as those
    /// that fill and copy memory do. Step by step it would take as long as thousands of others.
    pub fn step(&mut self) -> Stop {
        let here = self.here();
        self.step_from(here)
    }

    /// As [`step`](Self::step), from where it stands.
    pub fn step_from(&mut self, here: Here) -> Stop {
        match here.repeated {
            Some(length) => self.run_to_breakpoint(here.place + length).expect("its own code"),
            None => self.step_once(),
        }
    }

    /// Lets it execute one instruction, or one repetition of one that repeats itself.
    pub fn step_once(&mut self) -> Stop {
        self.resume(libc::PTRACE_SINGLESTEP)
    }

    /// Lets it run to a mark, a breakpoint or its end.
    pub fn run(&mut self) -> Stop {
        self.resume(libc::PTRACE_CONT)
    }

    /// Lets it run to the entry or exit of a system call, a mark, a breakpoint or its end.
    pub fn run_to_system_call(&mut self) -> Stop {
        self.resume(libc::PTRACE_SYSCALL)
    }

    /// Kills it where it stands, and waits until the kernel has ended it.
    pub fn kill(mut self) -> End {
        self.child.bury()
    }

    fn resume(&mut self, how: libc::c_uint) -> Stop {
        // Without a signal: those that stop it are for its parent only.
        self.request(how, 0, 0).unwrap();
        self.stop()
    }

    fn stop(&mut self) -> Stop {
        let status = wait(self.child.pid(), WaitOptions::UNTRACED).expect("it is waited for");
        match status.stopping_signal() {
            Some(libc::SIGSTOP) => Stop::Mark,
            Some(libc::SIGTRAP) => Stop::Trap,
            Some(signal) if signal == libc::SIGTRAP | 0x80 => Stop::SystemCall,
            // Whatever else would end it: it gets it, and ends.
            Some(signal) => {
                self.request(libc::PTRACE_CONT, 0, signal as u64).unwrap();
                self.stop()
            }
            None => Stop::End(self.child.end_of(status)),
        }
    }

    fn place(&self) -> u64 {
        self.registers().rip
    }

    fn registers(&self) -> libc::user_regs_struct {
        let mut registers = std::mem::MaybeUninit::uninit();
        self.request(libc::PTRACE_GETREGS, 0, registers.as_mut_ptr() as u64).unwrap();
        // SAFETY: the request has succeeded, so the kernel has filled it.
        unsafe { registers.assume_init() }
    }

    fn set_registers(&self, registers: &libc::user_regs_struct) {
        self.request(libc::PTRACE_SETREGS, 0, std::ptr::from_ref(registers) as u64).unwrap();
    }

    /// The number of the system call that it is about to make or has made.
    pub fn system_call(&self) -> i64 {
        self.registers().orig_rax as i64
    }

    /// Lets the system call that it is about to make fail with this error, without being made, but
    /// for `close`: that one closes the descriptor whatever it returns.
    pub fn refuse(&mut self, error: i32) {
        let mut registers = self.registers();
        if registers.orig_rax as i64 != libc::SYS_close {
            registers.orig_rax = u64::MAX;
            self.set_registers(&registers);
        }
        let stop = self.run_to_system_call();
        assert_eq!(stop, Stop::SystemCall, "the exit follows the entry");
        let mut registers = self.registers();
        registers.rax = -i64::from(error) as u64;
        self.set_registers(&registers);
    }

    fn word(&self, address: u64) -> u64 {
        // PEEKTEXT as the C library has it: the word is what it returns, so an error shows in the
        // error number alone. Addresses come from the instruction pointer, so there is none.
        // SAFETY: reads memory of the child.
        unsafe { libc::ptrace(libc::PTRACE_PEEKTEXT, self.pid, address, 0) as u64 }
    }

    fn request(&self, request: libc::c_uint, address: u64, data: u64) -> io::Result<()> {
        // SAFETY: the requests that are made here change the child alone, except for GETREGS, which
        // writes registers to `data`, and SETREGS, which reads them there: pointers to such.
        match unsafe { libc::ptrace(request, self.pid, address, data) } {
            -1 => Err(io::Error::last_os_error()),
            _ => Ok(()),
        }
    }

    /// Runs to a place until it has stood there so many times, where it stands now included, and
    /// returns `Trap`. If it comes to a mark or its end before, the number is how many times are
    /// left. The caller may ask again with that number.
    ///
    /// # Errors
    ///
    /// If there can be no breakpoint at the place.
    pub fn run_to(&mut self, place: u64, times: u32) -> io::Result<(Stop, u32)> {
        let mut left = times;
        loop {
            if self.place() == place {
                left -= 1;
                if left == 0 {
                    return Ok((Stop::Trap, 0));
                }
                match self.step() {
                    Stop::Trap => continue,
                    other => return Ok((other, left)),
                }
            }
            match self.run_to_breakpoint(place)? {
                Stop::Trap => {}
                other => return Ok((other, left)),
            }
        }
    }

    /// Runs to a place once. `Trap` if it stands there.
    fn run_to_breakpoint(&mut self, place: u64) -> io::Result<Stop> {
        let original = self.word(place);
        let broken = original & !0xFF | u64::from(BREAKPOINT);
        self.request(libc::PTRACE_POKETEXT, place, broken)?;
        let stop = self.run();
        if let Stop::End(_) = stop {
            return Ok(stop);
        }
        self.request(libc::PTRACE_POKETEXT, place, original)?;
        if stop == Stop::Trap {
            // It stands behind the breakpoint.
            let mut registers = self.registers();
            registers.rip = place;
            self.set_registers(&registers);
        }
        Ok(stop)
    }
}

/// The length of an instruction that repeats itself, if the word starts with one.
fn repeated(word: u64) -> Option<u64> {
    match word.to_le_bytes() {
        [0xF3, 0xA4 | 0xA5 | 0xAA | 0xAB, ..] => Some(2),
        [0xF3, 0x48, 0xA5 | 0xAB, ..] => Some(3),
        _ => None,
    }
}
