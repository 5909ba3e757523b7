//! The command as a person, a script, and a broken process meet it.

mod broken;
mod c_header;
mod cleaning;
mod compilers;
mod ends;
mod layouts;
mod live;
mod numpy;
mod partner;
mod plain;
mod readme;
mod shma;
mod terminal;
mod values;
mod widths;
