//! The file of a region as tools see it, whole or spoilt.

mod checkpoints;
mod documented_layout;
mod foreign_tools;
mod inspect;
mod inspect_spoilt;
mod looks;
mod migrations;
mod migrations_into_regions;
mod spoilt_checkpoints;
mod spoilt_files;
