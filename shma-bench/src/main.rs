//! Measures shma-core and other ways to share a state side by side, in one run.
//!
//! Every question is asked case by case. A case has processes of its own, pinned to their cores, in
//! which all peers take turns, in an order that is drawn anew for each round.

mod ability;
mod args;
mod buffer;
#[cfg(target_arch = "x86_64")]
mod copies;
mod effort;
mod job;
mod line;
mod machine;
mod many;
mod measure;
mod noise;
mod peers;
mod pinning;
mod processes;
mod question;
mod questions;
mod report;
mod results;
mod run;
mod said;
mod shared;
mod sizes;
mod statistics;
mod twin;
mod worker;

use anyhow::Result;
use clap::Parser;

use args::{Args, Role};
use job::Job;
use machine::Machine;
use noise::Noise;
use report::Report;
use run::Run;
use worker::Worker;

fn main() -> Result<()> {
    let mut args = Args::parse();
    match args.role.take() {
        Some(Role::Worker(job)) => measure(job),
        #[cfg(target_arch = "x86_64")]
        Some(Role::Copies) => copies::compare(args.quick, &args.out),
        Some(Role::Many) => many::compare(args.quick, &args.out),
        Some(Role::Member(member)) => many::work(&member),
        None if args.list => {
            list();
            Ok(())
        }
        None => compare(&args),
    }
}

/// What a process of a run does.
fn measure(job: Job) -> Result<()> {
    let question = questions::find(&job.question).expect("asked by the same program");
    (question.measure)(&Worker::join(job)?)
}

fn compare(args: &Args) -> Result<()> {
    let machine = Machine::here()?;
    let before = Noise::look()?;
    report::warn(&before.complaints());
    let wanted = |name| args.only.is_empty() || args.only.iter().any(|only| only == name);
    let questions: Vec<_> =
        questions::ALL.iter().filter(|question| wanted(question.name)).collect();
    let answers = Run::new(args)?.ask(&questions)?;
    let noise = before.look_again()?;
    let report = Report { machine, noise, quick: args.quick, answers };
    report.print();
    report::warn(&report.complaints());
    report.write(&args.out, args.markdown.as_deref())
}

fn list() {
    println!("questions:");
    for question in questions::ALL {
        println!("  {:<18} {}", question.name, question.about);
    }
    println!("peers:");
    for peer in peers::all() {
        println!("  {:<18} {}", peer.name(), peer.about());
    }
}
