//! A process with a /dev/shm of its own, or with process ids of its own.

use std::io;

use shma_tests::namespace::{leave, leave_users, mount_overlay, mount_small, spoil_place};

use crate::say;

/// Mounts a `/dev/shm` of this size, with room for so many files, that no other process sees; then
/// talks.
pub fn small(bytes: &str, files: &str) {
    talk_in(mount_small(bytes, files));
}

/// Mounts a `/dev/shm` on overlayfs that no other process sees; then talks.
pub fn overlay() {
    talk_in(mount_overlay());
}

/// Takes `/dev/shm` away, as this process sees it; then talks.
pub fn spoilt(how: &str) {
    talk_in(spoil_place(how));
}

/// Talks as a user, in a user namespace that maps none.
pub fn unmapped(user: &str) {
    crate::talk::become_user(user.parse().unwrap());
    talk_in(leave_users());
}

fn talk_in(mounted: io::Result<()>) {
    match mounted {
        Ok(()) => {
            say("ok");
            crate::talk::run();
        }
        Err(error) => say(&format!("not permitted: {error}")),
    }
}

/// Talks as the first process of a namespace, as a program in a container is.
pub fn first_process() {
    if let Err(error) = leave(libc::CLONE_NEWPID) {
        return say(&format!("not permitted: {error}"));
    }
    say("ok");
    let program = std::env::current_exe().unwrap();
    // It ends with this process, whose input and output it has.
    std::process::Command::new(program).arg("talk").status().unwrap();
}
