//! Generated code must hold wherever a user may put a declaration: in any module, under any lints,
//! under any names, from any macro. Most of these stories are told by compiling at all.

use shma_core::private::State;
use shma_core::{Element, Error, Manifest, Refs, ShmElement, ShmState};
use shma_tests::region::Name;
use shma_tests_macros::becomes;

/// A field may be called like a method of the handle, like a keyword, or like what the generated
/// code calls its own things.
#[test]
fn fields_may_be_called_like_methods_and_keywords() -> Result<(), Error> {
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
fn user_names_do_not_clash_with_generated_ones() {
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

/// What a macro in place of a type uses is not seen by the derive.
#[test]
fn types_may_be_written_by_a_macro() {
    type F = f32;
    macro_rules! rows {
        ($count:expr) => {
            [[F; 3]; $count]
        };
    }

    #[derive(ShmState)]
    struct Rows {
        values: rows!(2),
        more: [rows!(1); 4],
    }

    #[derive(ShmState)]
    struct Generic<const N: usize, const M: usize> {
        values: rows!(2),
        more: [rows!(M); N],
    }
    assert_eq!(Generic::<4, 1>::MANIFEST.fields[1].ty.to_string(), "[[[f32; 3]; 1]; 4]");

    let types = Rows::MANIFEST.fields.iter().map(|field| field.ty.to_string());
    assert_eq!(types.collect::<Vec<_>>(), ["[[f32; 3]; 2]", "[[[f32; 3]; 1]; 4]"]);
    assert_eq!((Rows::zeroed().values, Rows::zeroed().more), Default::default());
}

/// To the compiler the raw spelling is the same, in attributes too.
#[test]
fn raw_identifiers_are_accepted() {
    #[derive(Clone, Copy, ShmElement)]
    #[r#repr(r#C)]
    struct Pair {
        r#first: r#u32,
        second: u32,
    }
    #[derive(ShmState)]
    #[r#shm(r#name = "raw")]
    struct Raw {
        #[r#shm(r#atomic)]
        hits: [r#u64; 3],
        #[r#shm(slots = 2)]
        #[shm(r#no_merge)]
        pair: r#Pair,
    }

    let [hits, pair] = Raw::MANIFEST.fields else { panic!("{}", Raw::MANIFEST) };
    assert_eq!((hits.atomic, hits.slots, pair.slots, Raw::MANIFEST.name), (true, 1, 2, "raw"));
    let raw = Raw::zeroed();
    assert_eq!((raw.hits, raw.pair.first, raw.pair.second), ([0; 3], 0, 0));
}

/// The compiler decides on these before the derive reads.
#[test]
fn conditional_fields_and_attributes_are_resolved_first() {
    #[derive(Clone, Copy, ShmElement)]
    #[cfg_attr(all(), repr(C))]
    struct Pair {
        #[cfg(any())]
        never: bool,
        left: u32,
        #[cfg(unix)]
        right: u32,
    }
    #[derive(ShmState)]
    #[cfg_attr(all(), shm(name = "conditional"))]
    struct Conditional {
        #[cfg(any())]
        never: String,
        #[cfg_attr(all(), shm(atomic))]
        hits: u64,
        #[cfg_attr(any(), shm(atomic))]
        #[cfg(unix)]
        pair: Pair,
    }

    let [hits, pair] = Conditional::MANIFEST.fields else { panic!("{}", Conditional::MANIFEST) };
    assert_eq!(
        (hits.atomic, pair.atomic, Conditional::MANIFEST.name),
        (true, false, "conditional")
    );
    let state = Conditional::zeroed();
    assert_eq!((state.hits, state.pair.left, state.pair.right), (0, 0, 0));
}

/// An attribute macro may do to the struct what leaves its fields as they are.
#[test]
fn attribute_macros_that_keep_the_fields_are_accepted() {
    #[derive(ShmState)]
    #[becomes(
        #[derive(Clone)]
        #[repr(C)]
        pub(in crate::derive_hygiene) struct Model<const N: usize> { pub rows: [f32; N], step: u64 }
    )]
    struct Model<const N: usize> {
        rows: [f32; N],
        step: u64,
    }
    #[derive(Clone, Copy, ShmElement)]
    #[becomes(#[repr(C, packed)] struct Packed { tag: u8, value: u32 })]
    #[repr(C)]
    struct Packed {
        tag: u8,
        value: u32,
    }

    let model = Model::<3>::zeroed();
    assert_eq!((model.clone().rows, model.step), ([0.0; 3], 0));
    assert_eq!(<Packed as Element>::TYPE.size(), 5);
    let Packed { tag, value } = Packed { tag: 1, value: 2 };
    assert_eq!((tag, value), (1, 2));
}

/// A name may be a keyword of another edition, that of the derive for one.
#[test]
fn keywords_of_other_editions_are_names() {
    shma_tests_2015::declare!(Declared);

    let names =
        |manifest: Manifest<'static>| manifest.fields.iter().map(|field| field.name).collect();
    let odd: Vec<_> = names(shma_tests_2015::Odd::MANIFEST);
    assert_eq!(odd, ["async", "await", "dyn", "gen", "try"]);
    assert_eq!(shma_tests_2015::Odd::MANIFEST.fields[0].ty, "[async; 3]");
    assert_eq!(shma_tests_2015::Odd::zeroed().next(), 1);
    assert_eq!(names(shma_tests_2018::Population::<3>::MANIFEST), ["gen"]);
    assert_eq!(names(shma_tests_2021::Model::MANIFEST), ["weights", "bias", "gen"]);
    assert_eq!(names(Declared::MANIFEST), ["async", "gen"]);
    let declared = Declared::zeroed();
    assert_eq!((declared.r#async, declared.r#gen), (0, 0));
}

/// The mirror may have another name, where the usual one is taken.
#[test]
fn the_mirror_may_have_another_name() {
    struct ModelFields;
    #[derive(ShmState)]
    #[shm(fields = "r#match")]
    struct Model {
        step: u64,
    }

    fn step(fields: &r#match<Refs<'_>>) -> u64 {
        *fields.step
    }

    let _: ModelFields = ModelFields;
    assert_eq!(step(&State::refs(&*Model::zeroed())), 0);
    let other = shma_tests_2021::Other::zeroed();
    let fields: shma_tests_2021::Handles<Refs<'_>> = State::refs(&*other);
    assert_eq!(*fields.weight, 0.0);
}

/// Where the user's own names hide those of the standard library, or nothing is imported at all.
mod without_prelude {
    #![no_implicit_prelude]
    #![allow(dead_code)]

    use ::shma_core::{ShmElement, ShmState};

    #[derive(::std::clone::Clone, ::std::marker::Copy, ShmElement)]
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

    use super::{ShmElement, ShmState};

    /// A point.
    #[derive(Debug, Clone, Copy, ShmElement)]
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
        pub(in crate::derive_hygiene::outer) struct Seen {
            pub everywhere: u8,
            pub(crate) in_crate: u8,
            pub(super) outside: u8,
            pub(in crate::derive_hygiene::outer) by_path: u8,
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
fn visibilities_are_those_of_the_fields() {
    assert_eq!(outer::inner::here(), 15);
}

/// The names of a declaration may come from a macro's caller, from the macro, or from both; and
/// the crate by a path that only the macro knows.
#[test]
fn a_macro_may_declare_a_state() -> Result<(), Error> {
    mod hidden {
        pub use shma_core as store;
    }

    macro_rules! declare {
        ($name:ident { $($field:ident: $ty:ty = $slots:literal),* }, $length:expr) => {
            #[derive($crate::derive_hygiene::ShmState)]
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
