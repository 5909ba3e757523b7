//! Another choice, for measuring: with `--cfg shma_copies`, `SHMA_COPIES` names lengths that
//! replace the chosen ones, such as `loads.streams=0 stores.strings=never`, and `vectors=2`, by the
//! numbers of [`Vectors`].
//!
//! No processor is asked whether it can do what is wished for.

use super::choice::{Choice, NEVER, Vectors};

/// The variable of the environment.
const VARIABLE: &str = "SHMA_COPIES";

/// The choice with what is wished for in its place.
pub(super) fn fulfil(mut choice: Choice) -> Choice {
    let wishes = std::env::var(VARIABLE).unwrap_or_default();
    for wish in wishes.split_whitespace() {
        let (what, number) = wish.split_once('=').expect("a wish is NAME=NUMBER");
        let number = match number {
            "never" => NEVER,
            number => number.parse().expect("a wish ends in a number or `never`"),
        };
        match what {
            "vectors" => choice.vectors = vectors(number),
            "loads.strings" => choice.loads.strings_from = number,
            "loads.streams" => choice.loads.streams_from = number,
            "stores.strings" => choice.stores.strings_from = number,
            "stores.streams" => choice.stores.streams_from = number,
            what => panic!("{VARIABLE} has nothing of the name `{what}`"),
        }
    }
    choice
}

fn vectors(number: usize) -> Vectors {
    let all = [Vectors::Sse2, Vectors::Avx, Vectors::Avx512, Vectors::Avx512Aligned];
    let wanted = all.into_iter().find(|vectors| *vectors as usize == number);
    wanted.expect("vectors have the numbers 1 to 4")
}
