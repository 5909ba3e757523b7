//! What the derives make of a declaration: the manifest, the mirror, and elements out of structs.

use shma_core::bytemuck::{Pod, Zeroable, bytes_of};
use shma_core::inspect::View;
use shma_core::private::State;
use shma_core::{Error, Field, ReadOnly, Refs, Shm, ShmElement, ShmState};
use shma_tests::region::Name;

/// Two states side by side share nothing, and one may be named in the other's lengths.
#[test]
fn two_states_fit_in_one_module() {
    #[derive(ShmState)]
    struct Small {
        values: [f32; Self::LENGTH],
    }
    impl Small {
        const LENGTH: usize = 3;
    }
    #[derive(ShmState)]
    struct Large {
        values: [f32; 2 * Small::LENGTH],
        same: [f32; 3],
    }

    assert_eq!(Small::MANIFEST.fields[0].ty, "[f32; 3]");
    assert_eq!(Large::MANIFEST.fields[0].ty, "[f32; 6]");
    assert_ne!(Small::FINGERPRINT, Large::FINGERPRINT);
    let (small, large) = (Small::zeroed(), Large::zeroed());
    assert_eq!(State::refs(&*small).values, State::refs(&*large).same);
}

/// Parameters with defaults, of all types that there are, with and without a where clause, are
/// those of the mirror too.
#[test]
fn const_parameters_size_fields() -> Result<(), Error> {
    #[derive(ShmState)]
    struct Grid<const WIDTH: usize, const TORUS: bool = true, const MARK: char = '#'>
    where
        [f32; WIDTH]: Copy,
        Self: Sized,
    {
        cells: [[f32; WIDTH]; 2],
    }

    fn corner<const WIDTH: usize>(grid: &GridFields<Refs<'_>, WIDTH>) -> f32 {
        grid.cells[1][WIDTH - 1]
    }

    let name = Name::new("grid");
    let grid: Shm<Grid<3>> = Grid::create(&name, &Grid { cells: [[1.0, 2.0, 3.0]; 2] })?;
    grid.update_with(&Grid::zeroed(), |_, old| 2.0 * old);
    assert_eq!(corner(&State::refs(&*grid.read_boxed())), 6.0);
    assert_eq!(Grid::<3, false, '-'>::MANIFEST.fields[0].ty, "[[f32; 3]; 2]");
    assert!(matches!(Grid::<4>::open(&name), Err(Error::LayoutMismatch { .. })));
    Ok(())
}

/// The text of a manifest, and what each attribute changes in it.
#[test]
fn attributes_are_in_the_manifest() {
    #[derive(ShmState)]
    #[shm(name = "a model", crate = shma_core)]
    struct Model {
        #[shm()]
        weights: [[f32; 784]; 128],
        #[shm(slots = 2)]
        #[shm(no_merge, timed)]
        step: u64,
        #[shm(atomic, no_merge)]
        hits: [u32; 3],
    }

    let manifest = Model::MANIFEST;
    let described = manifest.fields.iter().map(|field| {
        format!("{}: {} {} {} {}", field.name, field.ty, field.slots, field.timed, field.atomic)
    });
    assert_eq!(
        described.collect::<Vec<_>>(),
        [
            "weights: [[f32; 784]; 128] 4 false false",
            "step: u64 2 true false",
            "hits: [u32; 3] 1 false true",
        ]
    );
    assert_eq!(manifest.name, "a model");
    assert!(manifest.to_string().contains("[[f32; 784]; 128]"), "{manifest}");
    assert!(manifest.to_json().contains("\"a model\""), "{}", manifest.to_json());
}

/// A declared name may be none that Rust has, as those of other tools are. It is the name that the
/// region has.
#[test]
fn declared_names_replace_those_of_fields() -> Result<(), Error> {
    #[derive(ShmState)]
    #[shm(name = "named")]
    struct Layers {
        #[shm(name = "layers.0.weight")]
        first: [f32; 3],
        #[shm(name = "größe_2")]
        second: f32,
    }
    #[derive(ShmState)]
    #[shm(name = "named")]
    struct Same {
        #[shm(name = "layers.0.weight")]
        weight: [f32; 3],
        größe_2: f32,
    }

    let names = Layers::MANIFEST.fields.iter().map(|field| field.name);
    assert_eq!(names.collect::<Vec<_>>(), ["layers.0.weight", "größe_2"]);
    assert_eq!(Layers::FINGERPRINT, Same::FINGERPRINT);

    let name = Name::new("layers");
    let layers = Layers::create(&name, &Layers { first: [1.0; 3], second: 2.0 })?;
    let same = Same::open(&name)?;
    layers.first.update(|new, old| new[1] = old[1] + 1.0);
    assert_eq!((same.weight.read(), same.größe_2.read()), ([1.0, 2.0, 1.0], 2.0));
    let view = View::open(&name)?;
    assert_eq!(view.manifest().fields[0].name, "layers.0.weight");
    Ok(())
}

/// What builds can be opened, and looked at by its own text.
#[test]
fn the_deepest_state_can_be_opened() -> Result<(), Error> {
    type Eight<T> = [[[[[[[[T; 1]; 1]; 1]; 1]; 1]; 1]; 1]; 1];
    type Array = Eight<Eight<Eight<Eight<Eight<Eight<Eight<Eight<u8>>>>>>>>;
    macro_rules! within {
        ($inner:ty,) => {
            type Deepest = [$inner; 2];
        };
        ($inner:ty, $name:ident $($more:ident)*) => {
            #[derive(Clone, Copy, ShmElement)]
            #[repr(C)]
            struct $name {
                inner: $inner,
            }
            within!($name, $($more)*);
        };
    }
    within!(Array,
        A0 A1 A2 A3 A4 A5 A6 A7 A8 A9 B0 B1 B2 B3 B4 B5 B6 B7 B8 B9
        C0 C1 C2 C3 C4 C5 C6 C7 C8 C9 D0 D1
    );
    #[derive(ShmState)]
    struct Deep {
        array: Array,
        structs: Deepest,
    }

    let name = Name::new("deep");
    let deep = Deep::create(&name, &Deep::zeroed())?;
    assert_eq!(Deep::open(&name)?.array.read(), deep.array.read());
    assert_eq!(deep.structs.version(), Deep::open(&name)?.structs.version());
    assert_eq!(View::open(&name)?.manifest().fingerprint(), Deep::FINGERPRINT);
    Ok(())
}

/// Where `Pod` and `Zeroable` are the user's own, the derive leaves them alone.
#[test]
fn an_element_may_implement_pod_itself() {
    #[derive(Clone, Copy, Pod, Zeroable, ShmElement)]
    #[bytemuck(crate = "shma_core::bytemuck")]
    #[shm(own_pod)]
    #[repr(C)]
    struct Point {
        x: f32,
        y: f32,
    }
    #[derive(Clone, Copy, ShmElement)]
    #[repr(C)]
    struct Other {
        x: f32,
        y: f32,
    }

    fn sum<T: Pod>(value: T) -> u32 {
        bytes_of(&value).iter().map(|&byte| u32::from(byte)).sum()
    }

    assert_eq!(sum(Point { x: 1.0, y: 0.0 }), sum(Other { x: 1.0, y: 0.0 }));
    let (Point { x, y }, Other { x: a, y: b }) = (Point::zeroed(), Other::zeroed());
    assert_eq!([x, y], [a, b]);
}

/// A length is a `usize` wherever it stands.
#[test]
fn lengths_may_exceed_thirty_two_bits() {
    #[derive(ShmState)]
    struct Wide {
        _shifted: [u8; 1 << 31],
        _multiplied: [u8; 1024 * 1024 * 1024 * 2],
    }

    assert_eq!(
        Wide::MANIFEST.fields.iter().map(|field| field.size).collect::<Vec<_>>(),
        [1_usize << 31; 2]
    );
}

/// What is pinned is the layout, so the same fields under another identifier have the same value.
#[test]
fn a_pinned_fingerprint_is_checked() {
    #[derive(ShmState)]
    #[shm(name = "pinned", fingerprint = 0x43d9a18e8d4ef7aeb620e75e64eace11)]
    struct Pinned {
        weights: [f32; 3],
        step: u64,
    }
    #[derive(ShmState)]
    #[shm(name = "pinned")]
    struct Same {
        weights: [f32; 3],
        step: u64,
    }

    assert_eq!(Pinned::FINGERPRINT, 0x43d9_a18e_8d4e_f7ae_b620_e75e_64ea_ce11);
    assert_eq!(Same::FINGERPRINT, Pinned::FINGERPRINT);
    let (pinned, same) = (Pinned::zeroed(), Same::zeroed());
    assert_eq!((pinned.weights, pinned.step), (same.weights, same.step));
}

/// A struct is an element in arrays and in other structs, prints by its name, and is its own scalar.
#[test]
fn structs_are_elements() -> Result<(), Error> {
    #[derive(Debug, Clone, Copy, PartialEq, ShmElement)]
    #[repr(C)]
    struct Point {
        x: f32,
        r#in: [f32; 1],
    }
    #[derive(Debug, Clone, Copy, PartialEq, ShmElement)]
    #[repr(C, align(16))]
    struct Line {
        ends: [Point; 2],
    }
    #[derive(Debug, Clone, Copy, PartialEq, ShmElement)]
    #[repr(transparent)]
    #[shm(crate = ::shma_core)]
    struct Metres {
        value: f64,
    }
    #[derive(ShmState)]
    struct Drawing {
        lines: [[Line; 3]; 2],
        last: Line,
        #[shm(no_merge)]
        scale: Metres,
    }

    assert_eq!(Drawing::MANIFEST.fields[0].ty, "[[Line; 3]; 2]");
    let described = format!("{:?}", Drawing::MANIFEST.fields[1].ty);
    for part in ["\"Line\"", "\"ends\"", "\"Point\"", "\"x\"", "\"in\"", "offset: 4"] {
        assert!(described.contains(part), "no {part} in {described}");
    }

    let name = Name::new("drawing");
    let point = Point { x: 1.0, r#in: [2.0] };
    let line = Line { ends: [point; 2] };
    let init = Drawing { lines: [[line; 3]; 2], last: line, scale: Metres { value: 0.5 } };
    let drawing = Drawing::create(&name, &init)?;
    drawing.update_with(&init, |new, old| Line {
        ends: [new.ends[0], Point { x: 9.0, ..old.ends[1] }],
    });
    assert_eq!(drawing.last.read().ends, [point, Point { x: 9.0, ..point }]);
    assert_eq!(drawing.lines.read()[1][2], drawing.last.read());
    Ok(())
}

/// One mirror serves all families, so that code over one field is written once.
#[test]
fn one_mirror_serves_all_families() -> Result<(), Error> {
    #[derive(ShmState)]
    struct Pair {
        left: [f32; 2],
        right: f32,
    }

    fn doubled(pair: &PairFields<shma_core::Handles<ReadOnly>>) -> f32 {
        let right: &Field<f32, ReadOnly> = &pair.right;
        2.0 * right.read()
    }

    let name = Name::new("families");
    let init = Pair { left: [1.0, 2.0], right: 3.0 };
    let pair = Pair::create(&name, &init)?;
    let seen: Shm<Pair, ReadOnly> = Pair::open_read_only(&name)?;
    assert_eq!(doubled(&seen), 6.0);
    pair.transaction(|new, old| {
        new.left.copy_from_slice(&[*old.right; 2]);
        *new.right = old.left[1];
    });
    let PairFields { left, right } = &*pair;
    assert_eq!((left.read(), right.read()), ([3.0; 2], 2.0));
    Ok(())
}
