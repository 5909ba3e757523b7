//! `shma migrate`: values of another layout into a region.

use std::io::Write;
use std::path::Path;
use std::time::Duration;

use serde_json::json;
use shma_core::untyped::{self, Wait};

use crate::directory;
use crate::failure::{Failure, Outcome};
use crate::files::is_checkpoint;
use crate::output::Output;
use crate::whose;

/// Copies, waiting at most so long; without a time it shows what would be copied.
pub fn run(
    output: &mut Output,
    from: &str,
    name: &str,
    timeout: Option<Duration>,
) -> Result<Outcome, Failure> {
    let options = || {
        let options = untyped::options().dir(directory::path()).keep_dead(true);
        whose::chosen().into_iter().fold(options, |options, user| options.allow_owner(user))
    };
    let is_file = from.contains('/') || is_checkpoint(Path::new(from));
    let source = || options().open_read_only(from, None);
    let migration = match timeout.map(Wait::AtMost) {
        Some(wait) => {
            let state = options().open(name, None)?;
            match is_file {
                true => state.migrate_file(from, wait)?,
                false => state.migrate_region(&source()?, wait)?,
            }
        }
        None => {
            let state = options().open_read_only(name, None)?;
            match is_file {
                true => state.preview_file(from)?,
                false => state.preview_region(&source()?),
            }
        }
    };
    let lossless = migration.is_lossless();
    if output.json {
        let table = migration.to_string();
        let dry_run = timeout.is_none();
        let answer = json!({
            "region": name, "from": from, "lossless": lossless, "dry_run": dry_run, "table": table,
        });
        output.answer("migrate", answer)?;
    } else {
        writeln!(output, "{migration}")?;
        let told = match (timeout, lossless) {
            (Some(_), true) => "every value was copied",
            (Some(_), false) => "some values were not copied",
            (None, true) => "dry run: every value would be copied",
            (None, false) => "dry run: some values would not be copied",
        };
        writeln!(output, "{told}")?;
    }
    Ok(Outcome::Done)
}
