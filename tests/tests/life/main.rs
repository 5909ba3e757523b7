//! How regions come and go: creation, attachment, fork, permissions, room and removal.

mod births;
mod containers;
mod descriptors;
mod directories;
mod ends;
mod file_systems;
mod forks;
mod forks_beside;
#[cfg(target_arch = "x86_64")]
mod forks_inside;
mod huge_pages;
mod impostors;
mod notes;
mod permissions;
mod reboots;
mod space;
