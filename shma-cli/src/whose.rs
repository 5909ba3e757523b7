//! Whose regions the command is about.

use std::sync::OnceLock;

/// The user of `--user`.
static CHOSEN: OnceLock<u32> = OnceLock::new();

/// Sets the user, once, before anything asks for it.
pub fn choose(user: Option<u32>) {
    if let Some(user) = user {
        let _ = CHOSEN.set(user);
    }
}

/// The one user whose regions are looked at; `None` for this one's, and as root for all.
pub fn chosen() -> Option<u32> {
    CHOSEN.get().copied()
}

/// The effective user of this process.
pub fn mine() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// A user's name, or the number of one who has none here.
pub fn name(user: u32) -> String {
    match uzers::get_user_by_uid(user) {
        Some(known) => known.name().to_string_lossy().escape_debug().to_string(),
        None => user.to_string(),
    }
}

/// Reads a user's name or number.
pub fn user(text: &str) -> Result<u32, String> {
    if let Ok(number) = text.parse() {
        return Ok(number);
    }
    let found = uzers::get_user_by_name(text).map(|user| user.uid());
    found.ok_or_else(|| "no user has this name; give a name or a number".to_owned())
}
