//! Many processes that update one field as fast as they can: who gets what share, and how long one
//! waits at most.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use clap::Args;
use shma_core::{Error, ShmState};

use super::curve::{Axis, Curves};
use super::name;

/// What they share.
#[derive(ShmState)]
struct Crowd {
    value: [f64; 8],
    /// When to begin, once it is not 0: that many have to be there.
    begun: u64,
    here: u64,
}

const NUMBERS: [u64; 7] = [1, 2, 4, 8, 16, 32, 64];

/// One of the processes.
#[derive(Debug, Args)]
pub struct Member {
    /// The region.
    name: String,
    /// How long it works.
    millis: u64,
}

/// Rates, shares and waits.
pub fn measure(quick: bool) -> Result<Vec<Curves>> {
    let millis = if quick { 300 } else { 2_000 };
    let mut rates = ["all", "median share", "least share", "most"].map(|it| (it, Vec::new()));
    let mut waits = ["median of longest", "longest"].map(|it| (it, Vec::new()));
    for number in NUMBERS {
        let members = together(number, millis)?;
        let seconds = millis as f64 / 1e3;
        let mut shares: Vec<f64> =
            members.iter().map(|(count, _)| *count as f64 / seconds).collect();
        let mut longest: Vec<f64> = members.iter().map(|(_, nanos)| *nanos as f64).collect();
        shares.sort_by(f64::total_cmp);
        longest.sort_by(f64::total_cmp);
        let (last, half) = (shares.len() - 1, shares.len() / 2);
        let all = [shares.iter().sum(), shares[half], shares[0], shares[last]];
        rates.iter_mut().zip(all).for_each(|((_, values), value)| values.push(value));
        let all = [longest[half], longest[last]];
        waits.iter_mut().zip(all).for_each(|((_, values), value)| values.push(value));
    }
    let cores = crate::pinning::cores()?.len();
    let curves = |name, about: &str, unit, curves: &[(&'static str, Vec<f64>)]| Curves {
        name,
        about: about.to_owned(),
        axis: Axis::Count("processes"),
        unit,
        numbers: NUMBERS.to_vec(),
        curves: curves.to_vec(),
        remark: format!("The processes have {cores} cores.\n"),
    };
    Ok(vec![
        curves("shares", "Updates of one field of 64 B by many processes at once.", "1/s", &rates),
        curves("waits", "The longest of the updates of each of many processes.", "ns", &waits),
    ])
}

/// Updates and the longest of them in nanoseconds, of each process.
fn together(number: u64, millis: u64) -> Result<Vec<(u64, u64)>> {
    let name = name("crowd");
    let crowd = Crowd::create(&name, &Crowd::zeroed())?;
    let program = std::env::current_exe()?;
    let start = || {
        Command::new(&program)
            .args(["member", &name, &millis.to_string()])
            .stdout(Stdio::piped())
            .spawn()
            .context("starting a process of the crowd")
    };
    let mut members = Members((0..number).map(|_| start()).collect::<Result<_>>()?);
    let mut here = 0;
    let mut seen = crowd.here.read_into(&mut here);
    while here < number {
        ensure!(!members.has_lost_one()?, "a process of the crowd has ended before its time");
        if let Err(error) = crowd.here.wait_newer(seen, Duration::from_millis(100))
            && !matches!(error, Error::Timeout { .. })
        {
            return Err(error.into());
        }
        seen = crowd.here.read_into(&mut here);
    }
    crowd.begun.write(&1);
    members.0.iter_mut().map(said).collect()
}

/// Killed and reaped when it is dropped.
struct Members(Vec<Child>);

impl Members {
    fn has_lost_one(&mut self) -> Result<bool> {
        for child in &mut self.0 {
            if child.try_wait()?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

impl Drop for Members {
    fn drop(&mut self) {
        for child in &mut self.0 {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn said(child: &mut Child) -> Result<(u64, u64)> {
    let stdout = child.stdout.take().context("its output is piped")?;
    let mut line = String::new();
    BufReader::new(stdout).read_line(&mut line)?;
    let (count, longest) =
        line.trim().split_once(' ').context("a process of the crowd said nothing")?;
    Ok((count.parse()?, longest.parse()?))
}

/// What one of them does.
pub fn work(member: &Member) -> Result<()> {
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))?;
    let crowd = Crowd::open(&member.name)?;
    crowd.here.update(|new, old| *new = old + 1);
    let mut seen = crowd.begun.version();
    while crowd.begun.read() == 0 {
        match crowd.begun.wait_newer(seen, Duration::from_secs(1)) {
            Ok(version) => seen = version,
            Err(Error::Timeout { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    let end = Instant::now() + Duration::from_millis(member.millis);
    let (mut count, mut longest, mut before) = (0_u64, Duration::ZERO, Instant::now());
    while before < end {
        crowd.value.update(|new, old| new[0] = old[0] + 1.0);
        let now = Instant::now();
        longest = longest.max(now - before);
        before = now;
        count += 1;
    }
    println!("{count} {}", longest.as_nanos());
    Ok(())
}
