//! What a call on a [`Board`](shma_tests::states::Board) comes to, as the child says it.

use shma_core::Error;

pub type Answer = Result<String, Error>;

pub fn ok(_: ()) -> String {
    "ok".to_owned()
}

pub fn number(text: &str) -> u64 {
    text.parse().unwrap_or_else(|_| panic!("`{text}` is no number"))
}
