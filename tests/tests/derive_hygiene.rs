//! Generated code must hold wherever a user may put a declaration: in any module, under any lints,
//! under any names, from any macro. Most of these stories are told by compiling at all.

use shma_core::bytemuck::{Pod, Zeroable};
use shma_core::private::State;
use shma_core::{Error, ShmElement, ShmState};
use shma_tests::region::Name;

/// A field may be called like a method of the handle, like a keyword, or like what the generated
/// code calls its own things.
#[test]
fn fields_called_like_something_else() -> Result<(), Error> {
    #[derive(ShmState)]
    struct Odd {
        name: u32,
        update_with: u32,
        manifest: u32,
        r#type: u32,
        __zip: u32,
        __family: u32,
    }

    let name = Name::new("odd");
    let odd = Odd::create(&name, &Odd::zeroed())?;
    odd.name.write(&1);
    odd.update_with.write(&2);
    odd.r#type.write(&3);
    odd.update_with(&Odd::zeroed(), |_, old| old + 10);
    assert_eq!((odd.name.read(), odd.update_with.read(), odd.r#type.read()), (11, 12, 13));
    assert_eq!((odd.__zip.read(), odd.__family.read(), odd.manifest.read()), (10, 10, 10));
    assert_eq!(odd.name(), &*name);
    assert_eq!(Odd::MANIFEST.fields[3].name, "type");
    Ok(())
}

/// Types, constants and parameters of the user's with the names that generated code likes must not
/// take the place of its own, nor the other way round.
#[test]
fn names_that_generated_code_might_use() {
    #![allow(non_upper_case_globals, dead_code)]

    const state: usize = 3;
    const builder: usize = 4;
    const index: usize = 5;
    type F = f32;
    type E = u64;

    #[derive(ShmState)]
    struct Shadows<const H: usize, const V: usize> {
        first: [F; state],
        second: [F; H],
        third: [[F; V]; builder],
        #[shm(no_merge)]
        count: [E; index],
    }

    let types = Shadows::<7, 8>::MANIFEST.fields.iter().map(|field| field.ty.to_string());
    assert_eq!(types.collect::<Vec<_>>(), ["[f32; 3]", "[f32; 7]", "[[f32; 8]; 4]", "[u64; 5]"]);
}

/// Where the user's own names hide those of the standard library, or nothing is imported at all.
mod without_prelude {
    #![no_implicit_prelude]
    #![allow(dead_code)]

    use ::shma_core::bytemuck::{Pod, Zeroable};
    use ::shma_core::{ShmElement, ShmState};

    #[derive(::std::clone::Clone, ::std::marker::Copy, Pod, Zeroable, ShmElement)]
    #[bytemuck(crate = "::shma_core::bytemuck")]
    #[repr(C)]
    pub struct Point {
        pub x: f32,
        pub y: f32,
    }

    #[derive(ShmState)]
    pub struct Plain {
        pub points: [Point; LENGTH],
        #[shm(no_merge, slots = 2, timed)]
        pub step: u64,
        #[shm(atomic)]
        pub hits: [u32; 4],
    }

    const LENGTH: usize = 5;

    mod core {}
    mod std {}
    mod shma_core {}
    struct Result;
    struct Option;
    trait Sized {}
    trait State {}
    trait Family {}
    fn size_of() {}
}

#[test]
fn without_prelude() {
    let types = without_prelude::Plain::MANIFEST.fields.iter().map(|field| field.ty.to_string());
    assert_eq!(types.collect::<Vec<_>>(), ["[Point; 5]", "u64", "[u32; 4]"]);
}

/// A team that forbids `unsafe` and denies every lint can use the derives.
pub mod strict {
    #![forbid(unsafe_code)]
    #![deny(
        missing_docs,
        missing_debug_implementations,
        unreachable_pub,
        unused,
        trivial_bounds,
        unused_qualifications,
        unused_lifetimes,
        nonstandard_style,
        rust_2018_idioms,
        clippy::all,
        clippy::pedantic,
        clippy::nursery
    )]

    use super::{Pod, ShmElement, ShmState, Zeroable};

    /// A point.
    #[derive(Debug, Clone, Copy, Pod, Zeroable, ShmElement)]
    #[bytemuck(crate = "shma_core::bytemuck")]
    #[repr(C)]
    pub struct Point {
        /// Its place from left to right.
        pub x: f64,
        /// Its place from bottom to top.
        pub y: [f64; AXES],
    }

    const AXES: usize = 1;

    /// A state with one of each.
    #[derive(Debug, ShmState)]
    #[shm(name = "strict")]
    pub struct Strict<const N: usize> {
        /// An array.
        pub rows: [[f64; N]; AXES],
        /// A struct.
        #[shm(no_merge, timed)]
        pub point: Point,
        /// Its own atomic.
        #[shm(atomic)]
        pub hits: u64,
        private: f64,
    }

    /// A state without parameters, whose fields need lints to be allowed.
    #[derive(ShmState)]
    #[allow(missing_debug_implementations)]
    #[expect(non_snake_case, reason = "the paper calls it so")]
    pub struct Allowed {
        /// A name from a paper.
        pub W: [f32; 3],
        /// On its way out.
        #[deprecated = "use `W`"]
        #[expect(deprecated, reason = "the type goes with the field")]
        pub old: Old,
    }

    /// What was used before.
    #[deprecated = "use `f32`"]
    pub type Old = f32;

    pub(super) const fn private(strict: &StrictFields<shma_core::Refs<'_>, 3>) -> f64 {
        *strict.private
    }
}

#[test]
fn private_fields_are_private_in_the_mirror() {
    let strict = strict::Strict::<3>::zeroed();
    let refs = State::refs(&*strict);
    assert_eq!((refs.rows[0][2], *refs.hits, strict::private(&refs)), (0.0, 0, 0.0));
    assert_eq!(strict::Strict::<3>::MANIFEST.name, "strict");
    assert_eq!(strict::Allowed::MANIFEST.fields[0].name, "W");
}

/// Every visibility is that of the state's field, seen from the same place.
mod outer {
    pub mod inner {
        #[derive(shma_core::ShmState)]
        pub(in crate::outer) struct Seen {
            pub everywhere: u8,
            pub(crate) in_crate: u8,
            pub(super) outside: u8,
            pub(in crate::outer) by_path: u8,
            here: u8,
        }

        pub fn here() -> u8 {
            let seen = Seen { everywhere: 1, in_crate: 2, outside: 3, by_path: 4, here: 5 };
            *super::super::State::refs(&seen).here + super::sum(&seen)
        }
    }

    fn sum(seen: &inner::Seen) -> u8 {
        let refs: inner::SeenFields<shma_core::Refs<'_>> = super::State::refs(seen);
        *refs.everywhere + *refs.in_crate + *refs.outside + *refs.by_path
    }
}

#[test]
fn visibilities() {
    assert_eq!(outer::inner::here(), 15);
}

/// The names of a declaration may come from a macro's caller, from the macro, or from both; and
/// the crate by a path that only the macro knows.
#[test]
fn declared_by_a_macro() -> Result<(), Error> {
    mod hidden {
        pub use shma_core as store;
    }

    macro_rules! declare {
        ($name:ident { $($field:ident: $ty:ty = $slots:literal),* }, $length:expr) => {
            #[derive($crate::ShmState)]
            #[shm(crate = hidden::store)]
            struct $name {
                $(#[shm(slots = $slots)] $field: [$ty; $length],)*
                #[shm(no_merge)]
                generation: Generation,
            }
            type Generation = u64;
        };
    }

    declare!(Pair { left: f32 = 2, right: f32 = 8 }, 2 + 1);

    let name = Name::new("macro");
    let pair = Pair::create(&name, &Pair { left: [1.0; 3], right: [2.0; 3], generation: 7 })?;
    pair.update_with(&Pair::zeroed(), |_, old| old + 1.0);
    assert_eq!(
        (pair.left.read(), pair.right.read(), pair.generation.read()),
        ([2.0; 3], [3.0; 3], 7)
    );
    assert_eq!(Pair::MANIFEST.fields[1].slots, 8);
    Ok(())
}
