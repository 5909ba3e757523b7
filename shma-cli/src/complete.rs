//! What a shell is told of regions, fields and members while a command line is typed.
//!
//! A completer is asked for one word. It reads the words before it from the command line of this process,
//! where the shell puts them behind `--`.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use clap::{ArgMatches, Command};
use clap_complete::{CompletionCandidate, PathCompleter, engine::ValueCompleter};
use shma_core::Manifest;
use shma_core::inspect::{self, Checkpoint, View};

use crate::files::is_checkpoint;
use crate::numpy::source;
use crate::selection::Selection;
use crate::{directory, observe, whose};

/// How a line is read, set before a shell is answered. What is said of the words names the completers, so they
/// cannot name it.
pub static GRAMMAR: OnceLock<fn() -> Command> = OnceLock::new();

/// More regions than this are not opened for one word.
const MOST_OPENED: usize = 200;

/// Names of regions.
pub fn regions(current: &OsStr) -> Vec<CompletionCandidate> {
    line();
    offer(current, names())
}

/// Names of regions, and of files.
pub fn regions_and_files(current: &OsStr) -> Vec<CompletionCandidate> {
    let mut candidates = regions(current);
    candidates.extend(PathCompleter::file().complete(current));
    candidates
}

/// Fields of the region that the line names.
pub fn fields(current: &OsStr) -> Vec<CompletionCandidate> {
    let Some(view) = region() else { return Vec::new() };
    offer(current, field_names(view.manifest()))
}

/// Paths into the region that the line names.
pub fn paths(current: &OsStr) -> Vec<CompletionCandidate> {
    let Some(view) = region() else { return Vec::new() };
    offer(current, paths_in(&view, current))
}

/// Paths into any region.
pub fn paths_anywhere(current: &OsStr) -> Vec<CompletionCandidate> {
    line();
    let views = names().into_iter().take(MOST_OPENED).filter_map(|name| observe::open(&name).ok());
    let paths: BTreeSet<String> = views.flat_map(|view| paths_in(&view, current)).collect();
    offer(current, paths)
}

/// Arrays of the file that the line names.
pub fn tensors(current: &OsStr) -> Vec<CompletionCandidate> {
    let Some(file) = of_command(&line(), |command| command.get_one::<PathBuf>("from").cloned())
    else {
        return Vec::new();
    };
    offer(current, arrays(&file))
}

/// Users who have regions.
pub fn users(current: &OsStr) -> Vec<CompletionCandidate> {
    line();
    let names = inspect::names_in(directory::path()).unwrap_or_default();
    let files = names.iter().filter_map(|name| directory::file(name).symlink_metadata().ok());
    let users: BTreeSet<u32> = files.map(|file| file.uid()).collect();
    offer(current, users.into_iter().map(whose::name))
}

fn offer(current: &OsStr, words: impl IntoIterator<Item = String>) -> Vec<CompletionCandidate> {
    let Some(current) = current.to_str() else { return Vec::new() };
    let fitting = words.into_iter().filter(|word| word.starts_with(current));
    fitting.map(CompletionCandidate::new).collect()
}

/// What the line says already, as far as it can be understood. Its options say where to look.
fn line() -> Option<ArgMatches> {
    let words = std::env::args_os().skip_while(|word| word != "--").skip(1);
    let words: Vec<OsString> = words.collect();
    let at = std::env::var("_CLAP_COMPLETE_INDEX").ok().and_then(|at| at.parse().ok());
    let at: usize = at.unwrap_or(words.len().saturating_sub(1));
    let others = words.into_iter().enumerate().filter(|(place, _)| *place != at);
    let others = others.map(|(_, word)| word);
    let grammar = GRAMMAR.get()?;
    let line = grammar().ignore_errors(true).try_get_matches_from(others).ok();
    let line_of = |id| line.as_ref().and_then(|line| value::<PathBuf>(line, id));
    directory::choose(line_of("dir"));
    whose::choose(line.as_ref().and_then(|line| value::<u32>(line, "user")));
    line
}

fn value<T: Clone + Send + Sync + 'static>(line: &ArgMatches, id: &str) -> Option<T> {
    line.try_get_one::<T>(id).ok().flatten().cloned()
}

fn of_command<T>(
    line: &Option<ArgMatches>,
    get: impl FnOnce(&ArgMatches) -> Option<T>,
) -> Option<T> {
    get(line.as_ref()?.subcommand()?.1)
}

fn names() -> Vec<String> {
    let names = inspect::names_in(directory::path()).unwrap_or_default();
    names.into_iter().filter(|name| observe::is_meant(name)).collect()
}

/// The region that the line names.
fn region() -> Option<View> {
    let name = of_command(&line(), |command| value::<String>(command, "name"))?;
    observe::open(&name).ok()
}

fn field_names(manifest: &Manifest<'_>) -> Vec<String> {
    manifest.fields.iter().map(|field| field.name.to_owned()).collect()
}

/// Fields, and the members of the struct that the word ends in.
fn paths_in(view: &View, current: &OsStr) -> Vec<String> {
    let manifest = view.manifest();
    let mut paths = field_names(manifest);
    let inside = current.to_str().and_then(|current| current.rsplit_once('.'));
    if let Some((of, _)) = inside
        && let Ok(selection) = Selection::parse(view.name(), manifest, of)
    {
        let members = selection.members(manifest.fields[selection.field].ty);
        paths.extend(members.into_iter().map(|member| member.path));
    }
    paths
}

/// The names of the arrays in a file.
fn arrays(file: &Path) -> Vec<String> {
    if is_checkpoint(file) {
        let saved = Checkpoint::open(file).ok();
        let names = saved.iter().flat_map(Checkpoint::tensors).map(|tensor| tensor.name.to_owned());
        return names.collect();
    }
    source::names(file).unwrap_or_default()
}
