//! The models of the protocols: those that run the library's own code under loom, and those of the
//! explorer, which kills at every step. They have to pass, and to catch what the protocols must not
//! be. The short form leaves out the explorer's, because they are tests of the workspace already, and
//! the short forms run with the tests.

mod faults;
mod programs;

use std::collections::BTreeMap;

use self::faults::{FAULTS, Fault};
use crate::campaign::Campaign;
use crate::outcome::{Failure, Outcome};
use crate::plan::{Effort, Plan};

pub(super) const CAMPAIGN: Campaign = Campaign {
    name: "models",
    about: "explores all models of the protocols, and their faults",
    run,
    work: |_| {},
};

fn run(plan: &Plan, outcome: &mut Outcome) {
    let long = plan.effort != Effort::Short;
    let mut found = Found::default();
    let mut explored = vec![("loom", programs::loom(long))];
    if long {
        explored.push(("explorer", programs::explorer(long)));
    }
    for (group, explored) in explored {
        match explored {
            Ok(said) => said.lines().for_each(|line| found.note(line)),
            Err(what) => outcome.fail(Failure::new(format!("the models of the {group}"), what)),
        }
    }
    outcome.count("models", found.passed);
    outcome.count("executions and states", found.explored);
    outcome.count("faults caught", found.caught.len() as u64);
    let asked = |name: &&&str| long || !is_of_the_explorer(name);
    for Fault { section, what, names } in FAULTS {
        let names = names.iter().filter(asked);
        for name in names.filter(|name| !found.caught.contains_key(**name)) {
            let operation = format!("section {section} of the design, {what}");
            outcome.fail(Failure::new(operation, format!("no model has caught {name}")));
        }
    }
    if long {
        found.caught.iter().for_each(|(fault, models)| println!("{fault}: {}", models.join("; ")));
    }
}

/// Faults of the library are named in small letters and hyphens; those of the abstract machine are
/// not.
fn is_of_the_explorer(fault: &str) -> bool {
    !fault.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')
}

/// What the models have said, a line each.
#[derive(Default)]
struct Found {
    passed: u64,
    /// Executions of loom's models, and states of the explorer's.
    explored: u64,
    /// Faults, and in which models they were caught.
    caught: BTreeMap<String, Vec<String>>,
}

impl Found {
    fn note(&mut self, line: &str) {
        if let Some((_, rest)) = line.rsplit_once(": passed, ") {
            self.pass(rest.split_once(" executions"));
        } else if let Some((before, _)) = line.split_once(" is caught by execution ") {
            if let Some((model, fault)) = before.rsplit_once(": ") {
                self.catch(fault, model);
            }
        } else if let Some((model, _)) = line.split_once(": caught after ") {
            let fault = model.split(',').next().unwrap_or(model);
            self.catch(fault, model);
        } else if let Some((_, rest)) = line.rsplit_once(": ") {
            self.pass(rest.split_once(" states"));
        }
    }

    /// A model has passed, if what was said begins with a number.
    fn pass(&mut self, said: Option<(&str, &str)>) {
        if let Some(Ok(count)) = said.map(|(count, _)| count.parse::<u64>()) {
            self.passed += 1;
            self.explored += count;
        }
    }

    fn catch(&mut self, fault: &str, model: &str) {
        self.caught.entry(fault.to_owned()).or_default().push(model.to_owned());
    }
}
