//! `shma migrate`: values of another layout into a region.

use std::io::Write;
use std::path::Path;
use std::time::Duration;

use serde_json::json;
use shma_core::untyped::{self, Wait};

use super::checkpoint::is_checkpoint;
use crate::directory;
use crate::failure::{Failure, Outcome};
use crate::output::Output;

pub fn run(
    output: &mut Output,
    from: &str,
    name: &str,
    timeout: Duration,
) -> Result<Outcome, Failure> {
    let options = || untyped::options().dir(directory::path()).keep_dead(true);
    let state = options().open(name, None)?;
    let wait = Wait::AtMost(timeout);
    let migration = if from.contains('/') || is_checkpoint(Path::new(from)) {
        state.migrate_file(from, wait)?
    } else {
        state.migrate_region(&options().open_read_only(from, None)?, wait)?
    };
    let lossless = migration.is_lossless();
    if output.json {
        let table = migration.to_string();
        let answer = json!({ "region": name, "from": from, "lossless": lossless, "table": table });
        output.answer("migrate", answer)?;
    } else {
        writeln!(output, "{migration}")?;
        let told = if lossless { "every value was copied" } else { "some values were not copied" };
        writeln!(output, "{told}")?;
    }
    Ok(Outcome::Done)
}
