//! The command as a person, a script, and a broken process meet it.

mod archives;
mod broken;
mod c_header;
mod checkpoints;
mod chosen_fields;
mod cleaning;
mod compilers;
mod completing;
mod ends;
mod files;
mod layouts;
mod live;
mod looker;
mod numpy;
mod numpy_formats;
mod owner;
mod paths;
mod places;
mod plain;
mod readme;
mod setting;
mod shma;
mod terminal;
mod users;
mod values;
mod widths;
