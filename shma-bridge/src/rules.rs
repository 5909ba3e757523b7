//! What is to be mirrored, and how.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::ops::Range;

use shma_core::untyped::{Number, Scalar, Type};
use shma_core::{FieldManifest, Manifest};

use crate::error::Error;

/// How a field is mirrored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// All nodes get the newest value of this node.
    Publish(usize),
    /// Each node owns some rows, and all get all rows.
    Gather,
    /// All nodes move to the mean.
    Mean,
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Publish(node) => write!(f, "published by node {node}"),
            Self::Gather => f.write_str("gathered"),
            Self::Mean => f.write_str("averaged"),
        }
    }
}

/// One field and its mode.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// The field's name.
    pub field: String,
    /// How it is mirrored.
    pub mode: Mode,
}

/// The rules as a command line has them.
#[derive(Debug, Clone, Default)]
pub struct Words {
    /// Fields to publish, as `FIELD@NODE`.
    pub publish: Vec<String>,
    /// Fields to gather.
    pub gather: Vec<String>,
    /// Fields to take the mean of.
    pub mean: Vec<String>,
    /// Groups of fields, with commas between them.
    pub together: Vec<String>,
}

/// All rules: units that move as one, most of them of one field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// In the order in which they were given, groups first.
    pub units: Vec<Vec<Rule>>,
}

fn wrong(field: &str, reason: impl fmt::Display) -> Error {
    Error::Rule {
        field: field.chars().take(100).flat_map(char::escape_debug).collect(),
        reason: reason.to_string(),
    }
}

impl Rules {
    /// Reads the rules for so many nodes.
    ///
    /// # Errors
    ///
    /// [`Error::Rule`], which names the field; [`Error::NoRule`].
    pub fn read(words: &Words, nodes: usize) -> Result<Self, Error> {
        let mut rules: Vec<Rule> = Vec::new();
        let mut add = |field: &str, mode: Mode| {
            if let Some(other) = rules.iter().find(|rule| rule.field == field) {
                let reason = match (other.mode, mode) {
                    (Mode::Publish(one), Mode::Publish(other)) if one != other => format!(
                        "it has two owners, node {one} and node {other}: one node publishes a field; \
                         give each node a row and gather them"
                    ),
                    (one, other) => {
                        format!("it has two rules, {one} and {other}: leave one of them")
                    }
                };
                return Err(wrong(field, reason));
            }
            if field.is_empty() {
                return Err(wrong(field, "a rule names a field, and this name is empty"));
            }
            rules.push(Rule { field: field.to_owned(), mode });
            Ok(())
        };
        for text in &words.publish {
            let Some((field, node)) = text.rsplit_once('@') else {
                return Err(wrong(
                    text,
                    format!("no node publishes it: write --publish {text}@NODE"),
                ));
            };
            let owner: usize = node.parse().map_err(|_| {
                wrong(
                    field,
                    format!("`{}` is no node: nodes are numbers from 0 on", node.escape_debug()),
                )
            })?;
            if owner >= nodes {
                let reason = format!(
                    "node {owner} publishes it, and the last of {nodes} nodes is node {}",
                    nodes - 1
                );
                return Err(wrong(field, reason));
            }
            add(field, Mode::Publish(owner))?;
        }
        for field in &words.gather {
            add(field, Mode::Gather)?;
        }
        for field in &words.mean {
            add(field, Mode::Mean)?;
        }
        if rules.is_empty() {
            return Err(Error::NoRule);
        }
        group(rules, &words.together)
    }

    /// Whether the fields of a region can be mirrored so.
    ///
    /// # Errors
    ///
    /// [`Error::Rule`], which names the field.
    pub fn check(&self, manifest: &Manifest<'_>) -> Result<(), Error> {
        for Rule { field, mode } in self.units.iter().flatten() {
            let Some(found) = manifest.fields.iter().find(|found| found.name == field) else {
                let names: Vec<_> =
                    manifest.fields.iter().take(20).map(|found| found.name).collect();
                let reason =
                    format!("the region has no such field; its fields are {}", names.join(", "));
                return Err(wrong(field, reason));
            };
            if found.atomic {
                let reason = format!(
                    "it is atomic, so it has no publications and cannot be {mode}: declare it without \
                     `atomic`, with a row for each node, and gather it"
                );
                return Err(wrong(field, reason));
            }
            let number = number_of(found);
            if *mode == Mode::Mean && !number.is_some_and(crate::mean::is_float) {
                let reason = format!(
                    "it is {}, and only floats have a mean: publish it from one node, or gather it",
                    found.ty
                );
                return Err(wrong(field, reason));
            }
            if *mode == Mode::Gather && found.ty.shape().is_empty() {
                let reason =
                    format!("it is {}, and only the rows of an array can be gathered", found.ty);
                return Err(wrong(field, reason));
            }
        }
        Ok(())
    }
}

/// Puts the fields of each group into one unit.
fn group(rules: Vec<Rule>, together: &[String]) -> Result<Rules, Error> {
    let mut units: Vec<Vec<Rule>> = Vec::new();
    let mut of: HashMap<String, Rule> =
        rules.iter().map(|rule| (rule.field.clone(), rule.clone())).collect();
    let mut grouped = HashSet::new();
    for names in together {
        let mut unit = Vec::new();
        for field in names.split(',').map(str::trim) {
            let Some(rule) = of.remove(field) else {
                return Err(match grouped.contains(field) {
                    true => {
                        wrong(field, "it is named twice in --together: a field is in one group")
                    }
                    false => wrong(
                        field,
                        "it is in --together and has no rule: add --publish, --gather or --mean",
                    ),
                });
            };
            grouped.insert(field.to_owned());
            unit.push(rule);
        }
        units.push(unit);
    }
    let single = rules.into_iter().filter(|rule| !grouped.contains(&rule.field));
    units.extend(single.map(|rule| vec![rule]));
    Ok(Rules { units })
}

/// The rows of an array with so many rows that this node owns.
pub fn rows_of(node: usize, nodes: usize, rows: usize) -> Range<usize> {
    // In 128 bits, since the product may be beyond what a `usize` holds.
    let edge = |node: usize| (node as u128 * rows as u128 / nodes as u128) as usize;
    edge(node)..edge(node + 1)
}

/// The numbers that a field consists of; `None` for structs.
pub(crate) fn number_of(field: &FieldManifest<'_>) -> Option<Number> {
    match Type::of(field.ty).ok()?.scalar() {
        Scalar::Number(number) => Some(*number),
        _ => None,
    }
}
