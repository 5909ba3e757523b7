//! One system call after the other that does not happen, but fails.

use rustix::io::Errno;

use crate::full::calls;
use crate::outcome::{Failure, Outcome};
use crate::plan::{Effort, Plan};
use crate::ptrace::Tracee;
use crate::step_kill::{Case, Guide, Reached, Site, publish, wait};

/// The ways in which each fails.
const ERRORS: [Errno; 4] = [Errno::NOSPC, Errno::MFILE, Errno::NOMEM, Errno::INTR];

/// A victim that ends within so many calls has none that is refused any more.
const MOST: u32 = 1000;

/// Lets each system call of each call fail in each way; in the short form, in every other way, which are others
/// for the next call.
pub fn refuse_all(plan: &Plan, outcome: &mut Outcome) -> Result<(), Failure> {
    let mut rng = plan.rng();
    let mut site = Site::new(rng.clone());
    let mut cases = publish::all(1, &mut rng);
    cases.extend(wait::all());
    cases.extend(calls::all());
    for _ in plan.rounds("passes", 1) {
        for (number, case) in cases.iter_mut().enumerate() {
            let (first, step) = if plan.effort == Effort::Short { (number % 2, 2) } else { (0, 1) };
            for error in ERRORS.into_iter().skip(first).step_by(step) {
                refuse_each(&mut **case, &mut site, error, outcome)?;
            }
        }
    }
    Ok(())
}

/// Lets the first system call fail, then the second one, and so on to the last.
fn refuse_each(
    case: &mut dyn Case,
    site: &mut Site,
    error: Errno,
    outcome: &mut Outcome,
) -> Result<(), Failure> {
    for number in 0..MOST {
        match refuse(case, site, error, number) {
            Ok(Some(_)) => outcome.count("system calls refused", 1),
            Ok(None) => return Ok(()),
            Err(what) => {
                let operation = format!("{}, system call {number} refused by {error}", case.name());
                return Err(Failure::new(operation, what).with_words(case.words(site)));
            }
        }
    }
    let what = format!("it makes more than {MOST} system calls");
    Err(Failure::new(case.name(), what).with_words(case.words(site)))
}

/// Which one has failed, if there were so many.
fn refuse(
    case: &mut dyn Case,
    site: &mut Site,
    error: Errno,
    number: u32,
) -> Result<Option<i64>, String> {
    let mut victim = case.victim(site)?;
    let mut guide = Guide::new(case, site);
    let refused = refuse_one(&mut victim, &mut guide, error, number)?;
    if refused.is_some() {
        guide.go_to_return(&mut victim)?;
    }
    victim.kill();
    case.refused(refused);
    case.aftermath(site, true).map_err(|what| match refused {
        Some(call) => format!("it was system call number {call}: {what}"),
        None => what,
    })?;
    Ok(refused)
}

fn refuse_one(
    victim: &mut Tracee,
    guide: &mut Guide<'_>,
    error: Errno,
    number: u32,
) -> Result<Option<i64>, String> {
    let mut made = 0;
    loop {
        if guide.go(|| victim.run_to_system_call())? == Reached::Return {
            return Ok(None);
        }
        let call = victim.system_call();
        let counts = match call {
            // With these it stops itself.
            libc::SYS_kill | libc::SYS_getpid => false,
            // It cannot fail.
            libc::SYS_geteuid => false,
            // A descriptor of this file system can always be closed, if not without interruption.
            libc::SYS_close => error == Errno::INTR,
            _ => true,
        };
        if counts && made == number {
            victim.refuse(error.raw_os_error());
            return Ok(Some(call));
        }
        made += u32::from(counts);
        if guide.go(|| victim.run_to_system_call())? == Reached::Return {
            return Ok(None);
        }
    }
}
