//! Calls that have to say no.

use shma_core::{Error, ShmState};

use crate::region::Name;
use crate::states::Board;

/// The calls that meet what has the name.
pub fn calls(name: &str) -> [(&'static str, Result<(), Error>); 5] {
    [
        ("open", Board::open(name).map(drop)),
        ("open_read_only", Board::open_read_only(name).map(drop)),
        ("create", Board::create(name, &Board::zeroed()).map(drop)),
        ("open_or_create", Board::open_or_create(name, &Board::zeroed()).map(drop)),
        ("unlink", Board::unlink(name)),
    ]
}

/// None of the calls uses it, and each says what it is.
#[track_caller]
pub fn is_refused(name: &Name, because: &str) {
    for (call, result) in calls(name) {
        let Err(error @ Error::NotARegion { .. }) = &result else { panic!("{call}: {result:?}") };
        let text = error.to_string();
        assert!(text.contains(&**name) && text.contains(because), "{call}: {text}");
    }
}
