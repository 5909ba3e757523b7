//! Asks the questions: starts the processes of each case, and gathers what they tell.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Sender};
use std::thread;

use anyhow::{Context, Result, bail};
use indicatif::{ProgressBar, ProgressStyle};

use crate::args::Args;
use crate::effort::Effort;
use crate::line;
use crate::processes::Processes;
use crate::question::Question;
use crate::results::Answers;
use crate::said::Said;
use crate::shared::DIRECTORY;
use crate::twin;

/// Parts of the progress that a case is.
const CASE: u64 = 1_000;

/// How all names of all runs start.
const NAMED: &str = "shma-bench-";

/// A run. Dropping it removes what its processes have left behind.
pub struct Run {
    /// In all names of what it shares.
    name: String,
    effort: Effort,
    seed: u64,
    program: PathBuf,
}

impl Run {
    pub fn new(args: &Args) -> Result<Self> {
        sweep();
        Ok(Self {
            name: format!("{NAMED}{}-{:08x}", std::process::id(), fastrand::u32(..)),
            effort: Effort::new(args.quick),
            seed: args.seed,
            program: std::env::current_exe().context("the path of this program")?,
        })
    }

    /// Asks all of them.
    pub fn ask(&self, questions: &[&'static Question]) -> Result<Vec<Answers>> {
        let answers: Vec<Answers> = questions
            .iter()
            .map(|question| Answers::new(question, (question.cases)(self.effort)))
            .collect();
        let cases: usize = answers.iter().map(|answers| answers.cases.len()).sum();
        let bar = ProgressBar::new(cases as u64 * CASE);
        let style = "{bar:40} {percent:>3} %, {elapsed} gone, {eta} to go: {msg}";
        bar.set_style(ProgressStyle::with_template(style)?);
        let answers = answers.into_iter().map(|answers| self.answer(answers, &bar)).collect();
        bar.finish_and_clear();
        answers
    }

    fn answer(&self, mut answers: Answers, bar: &ProgressBar) -> Result<Answers> {
        let question = answers.question;
        let program = match question.counts {
            false => self.program.clone(),
            true => {
                bar.set_message("building a program that counts");
                twin::build()?
            }
        };
        for case in answers.cases.clone() {
            bar.set_message(format!("{}, {case}", question.name));
            let before = bar.position();
            self.measure(&program, &mut answers, case, bar)
                .with_context(|| format!("question `{}`, case {case}", question.name))?;
            bar.set_position(before + CASE);
        }
        Ok(answers)
    }

    fn measure(
        &self,
        program: &Path,
        answers: &mut Answers,
        case: u64,
        bar: &ProgressBar,
    ) -> Result<()> {
        let size = (answers.question.processes)(case);
        if size > 1
            && let Some(nanos) = line::nanos()?
        {
            answers.lines.insert(case, nanos);
        }
        let _meeting = Processes::found(&self.name)?;
        let (sender, lines) = mpsc::channel();
        let mut started = Vec::new();
        for rank in 0..size {
            started.push(self.start(program, answers.question, case, rank, size, &sender)?);
        }
        drop(sender);
        for line in lines {
            match line? {
                Event::Said(Said::Step { of }) => bar.inc(CASE / of.max(1) as u64),
                Event::Said(said) => answers.note(case, said),
                Event::Ended(rank) => {
                    let status = started[rank].0.wait()?;
                    if !status.success() {
                        // The others would wait for it.
                        bail!("process {rank} failed: {status}");
                    }
                }
            }
        }
        Ok(())
    }

    fn start(
        &self,
        program: &Path,
        question: &Question,
        case: u64,
        rank: usize,
        size: usize,
        sender: &Sender<Result<Event>>,
    ) -> Result<Member> {
        let mut command = Command::new(program);
        command.args(["worker", "--question", question.name, "--run", &self.name]);
        for (name, number) in [
            ("--case", case),
            ("--rank", rank as u64),
            ("--processes", size as u64),
            ("--order", self.seed),
        ] {
            command.args([name, &number.to_string()]);
        }
        if self.effort.is_hasty() {
            command.arg("--hasty");
        }
        let mut process = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
        let output = BufReader::new(process.stdout.take().context("a pipe from a process")?);
        let sender = sender.clone();
        thread::spawn(move || {
            for line in output.lines() {
                let said = line.context("listening to a process").and_then(|line| {
                    serde_json::from_str(&line).with_context(|| format!("understanding `{line}`"))
                });
                let _ = sender.send(said.map(Event::Said));
            }
            let _ = sender.send(Ok(Event::Ended(rank)));
        });
        Ok(Member(process))
    }
}

/// What comes from the processes.
enum Event {
    Said(Said),
    /// One of them has closed its output.
    Ended(usize),
}

/// A process. Dropped, it is ended.
struct Member(Child);

impl Drop for Member {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        remove(|name| name.contains(&self.name));
    }
}

/// Removes what is left of runs that were ended from outside, by the process in each name.
fn sweep() {
    remove(|name| {
        let rest = name.strip_prefix("shma.").unwrap_or(name).strip_prefix(NAMED);
        let process = rest.and_then(|rest| rest.split('-').next());
        let process = process.and_then(|digits| digits.parse::<u32>().ok());
        process.is_some_and(|process| !Path::new(&format!("/proc/{process}")).exists())
    });
}

/// Removes files and folders from shared memory.
fn remove(doomed: impl Fn(&str) -> bool) {
    let Ok(entries) = fs::read_dir(DIRECTORY) else { return };
    for entry in entries.flatten().filter(|it| doomed(&it.file_name().to_string_lossy())) {
        let path = entry.path();
        // The next run tries again.
        let _ = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    }
}
