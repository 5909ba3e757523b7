//! States that are declared at run time are those that the derive declares, byte for byte.

use half::{bf16, f16};
use num_complex::Complex;
use shma_core::untyped::{self, Attributes, Declaration, Number, Type};
use shma_core::{Error, Manifest, ShmElement, ShmState};
use shma_tests::region::Name;

#[derive(Debug, Clone, Copy, ShmElement)]
#[repr(C)]
struct Inner {
    half: f16,
    pair: [u8; 2],
}

#[derive(Debug, Clone, Copy, ShmElement)]
#[repr(C)]
struct Outer {
    inner: [[Inner; 2]; 3],
    at: [f32; 2],
}

/// Each number, arrays of them, structs, and each attribute.
#[derive(Debug, ShmState)]
#[shm(name = "every kind")]
struct Every {
    a: u8,
    b: u16,
    c: u32,
    d: u64,
    e: u128,
    f: i8,
    g: i16,
    h: i32,
    i: i64,
    j: i128,
    k: f32,
    l: f64,
    m: f16,
    n: bf16,
    o: Complex<f32>,
    p: Complex<f64>,
    #[shm(slots = 2)]
    rows: [[f64; 32]; 16],
    #[shm(slots = 8, timed)]
    bytes: [u8; 13],
    #[shm(name = "layers.0.weight", timed)]
    weight: [[[u16; 2]; 3]; 5],
    one: Inner,
    many: [Outer; 4],
    #[shm(atomic)]
    count: u64,
    #[shm(atomic)]
    sums: [[f32; 3]; 7],
    #[shm(atomic)]
    last: [i32; 5],
}

fn inner() -> Type {
    let pair = Type::number(Number::U8).array(2).unwrap();
    Type::structure("Inner", [("half", Type::number(Number::F16)), ("pair", pair)]).unwrap()
}

fn outer() -> Type {
    let inner = inner().array(2).unwrap().array(3).unwrap();
    Type::structure("Outer", [("inner", inner), ("at", "[f32; 2]".parse().unwrap())]).unwrap()
}

fn every() -> Declaration {
    let mut declaration = Declaration::new("every kind").unwrap();
    let numbers = Number::ALL.map(Number::name);
    for (name, number) in ('a'..='p').zip(numbers) {
        declaration.field(name, number.parse().unwrap(), Attributes::new()).unwrap();
    }
    let plain = Attributes::new();
    for (name, ty, attributes) in [
        ("rows", "[[f64; 32]; 16]".parse().unwrap(), plain.slots(2)),
        ("bytes", "[u8; 13]".parse().unwrap(), plain.slots(8).timed()),
        ("layers.0.weight", "[[[u16; 2]; 3]; 5]".parse().unwrap(), plain.timed()),
        ("one", inner(), plain),
        ("many", outer().array(4).unwrap(), plain),
        ("count", "u64".parse().unwrap(), plain.atomic()),
        ("sums", "[[f32; 3]; 7]".parse().unwrap(), plain.atomic()),
        ("last", "[i32; 5]".parse().unwrap(), plain.atomic()),
    ] {
        declaration.field(name, ty, attributes).unwrap();
    }
    declaration
}

/// The region of a declaration and that of the derive, as their files stand. What is of the one region
/// alone is left out: its instance, the owner ids, and when it was made.
fn files(name: &Name, other: &Name) -> [Vec<u8>; 2] {
    [name, other].map(|name| name.bytes().all())
}

/// A program that learns the state at run time makes the region that one with the struct opens: the
/// same fingerprint, the same text, and the same bytes at the same places.
#[test]
fn a_declaration_gives_the_region_of_the_derive() {
    let (typed, untyped) = (Name::new("typed"), Name::new("untyped"));
    let mut init = Every::zeroed();
    init.rows[3][4] = 0.5;
    init.weight[4][2][1] = 7;
    init.many[2].at[1] = -1.0;
    init.count = 9;
    let mut declaration = every();
    let bytes = |value: &dyn Fn(&Every) -> Vec<u8>| value(&init);
    let rows = bytes(&|init| bytemuck::bytes_of(&init.rows).to_vec());
    let weight = bytes(&|init| bytemuck::bytes_of(&init.weight).to_vec());
    let many = bytes(&|init| bytemuck::bytes_of(&init.many).to_vec());
    declaration.init("rows", rows).unwrap().init("layers.0.weight", weight).unwrap();
    declaration.init("many", many).unwrap().init("count", 9_u64.to_ne_bytes()).unwrap();

    assert_eq!(declaration.manifest().unwrap().get().fingerprint(), Every::MANIFEST.fingerprint());
    assert_eq!(declaration.manifest().unwrap().get().to_json(), Every::MANIFEST.to_json());
    let one = Every::create(&typed, &init).unwrap();
    let two = untyped::options().create(&untyped, &declaration).unwrap();
    let [one_file, two_file] = files(&typed, &untyped);
    assert_eq!(one_file.len(), two_file.len());
    for field in Every::MANIFEST.fields {
        let slots = field.slot_offset()..field.slot_offset() + field.slots * field.slot_stride();
        assert_eq!(one_file[slots.clone()], two_file[slots], "{}", field.name);
    }
    let text = one_file.len() - Every::MANIFEST.to_json().len()..one_file.len();
    assert_eq!(one_file[text.clone()], two_file[text]);
    assert_eq!(two.text(), one.manifest().to_json());

    // Each opens the other's.
    let crossed = Every::open(&untyped).unwrap();
    assert_eq!((crossed.rows.get(3)[4], crossed.count.get()), (0.5, 9));
    let crossed = untyped::options().open(&typed, Some(&declaration)).unwrap();
    let mut many = vec![0; crossed.field("many").unwrap().size()];
    crossed.field("many").unwrap().read(&mut many).unwrap();
    assert_eq!(many, bytemuck::bytes_of(&init.many));
    drop(two);
}

/// What was read from a region is declared again as it is.
#[test]
fn a_manifest_is_declared_again_as_it_is() {
    let again = Declaration::of(&Every::MANIFEST).unwrap();
    assert_eq!(again.manifest().unwrap().get().to_json(), Every::MANIFEST.to_json());
}

#[track_caller]
fn refused<T: std::fmt::Debug>(result: Result<T, Error>, says: &str) {
    let Err(error @ Error::Declaration { .. }) = result else { panic!("{result:?}") };
    assert!(error.to_string().contains(says), "{error}");
}

/// What the derive refuses when it compiles, a declaration refuses when it is made, and says why.
#[test]
fn a_declaration_that_is_no_state_is_an_error() {
    for name in ["", "a\nb", "\u{202e}x", &"x".repeat(4097)] {
        refused(Declaration::new(name), "a declared name");
    }
    let mut declaration = Declaration::new("State").unwrap();
    let number = || Type::number(Number::F64);
    declaration.field("twice", number(), Attributes::new()).unwrap();
    refused(declaration.field("twice", number(), Attributes::new()).map(drop), "declared twice");
    for name in ["", ".", "a.", "a..b", "a b", "a/b", "\u{301}", &"x".repeat(4097)] {
        let field = declaration.field(name, number(), Attributes::new()).map(drop);
        refused(field, "letters, digits");
    }
    for slots in [0, 1, 3, 5, 16, usize::MAX] {
        let field = declaration.field("f", number(), Attributes::new().slots(slots)).map(drop);
        refused(field, "2, 4 or 8");
    }
    for ty in ["u8", "f16", "u128", "Complex<f64>", "[i16; 3]"] {
        let field = declaration.field("f", ty.parse().unwrap(), Attributes::new().atomic());
        refused(field.map(drop), "cannot be atomic");
    }
    refused(
        declaration.field("f", inner(), Attributes::new().atomic()).map(drop),
        "cannot be atomic",
    );
    refused(declaration.init("twice", [0; 7]).map(drop), "8 bytes, and the initial one 7");
    refused(declaration.init("none", [0; 7]).map(drop), "not declared");
    // Nothing of that was added.
    assert_eq!(declaration.manifest().unwrap().get().fields.len(), 1);
}

/// Texts that are no types, and types that no region has.
#[test]
fn a_type_that_is_none_is_an_error() {
    for text in [
        "",
        "f65",
        "usize",
        "bool",
        "[f64]",
        "[f64;]",
        "[f64; 3",
        "f64; 3]",
        "[f64; -1]",
        "[f64; +1]",
        "[f64; 1 2]",
        "[f64; 3]]",
        "[f64, 3]",
        "[;3]",
        "[f64; 99999999999999999999]",
        "Point",
        "f64 x",
    ] {
        refused(text.parse::<Type>(), "is no type of numbers");
    }
    refused(("[".repeat(70_000) + "f64").parse::<Type>(), "is no type of numbers");
    refused("[f64; 0]".parse::<Type>(), "no elements");
    refused("[[f64; 0]; 0]".parse::<Type>(), "no elements");
    for text in
        ["[u8; 18446744073709551615]", "[[u8; 4294967296]; 4294967296]", "[u128; 2147483648]"]
    {
        refused(text.parse::<Type>(), "more than the");
    }
    let nested = |dimensions: usize| "[".repeat(dimensions) + "u8" + &"; 1]".repeat(dimensions);
    assert_eq!(nested(64).parse::<Type>().unwrap().shape(), [1; 64]);
    refused(nested(65).parse::<Type>(), "64 dimensions");
    assert_eq!(" [ [f32;  784] ; 128 ] ".parse::<Type>().unwrap().to_string(), "[[f32; 784]; 128]");

    let member = || Type::number(Number::U8);
    refused(Type::structure("1x", [("a", member())]), "cannot name a struct");
    refused(Type::structure("a.b", [("a", member())]), "cannot name a struct");
    refused(Type::structure("S", [("a.b", member())]), "cannot name a member");
    refused(Type::structure("S", [("a", member()), ("a", member())]), "two members `a`");
    refused(Type::structure("S", [("", member())]), "cannot name a member");
    refused(Type::structure::<&str>("S", []), "no members");
    let large = Type::number(Number::U8).array(30 << 30).unwrap();
    refused(Type::structure("S", [("a", large.clone()), ("b", large)]), "more than the");
    let mut deep = member();
    for _ in 0..32 {
        deep = Type::structure("S", [("a", deep)]).unwrap();
    }
    refused(Type::structure("S", [("a", deep)]), "32 other structs");
}

/// Types share what they have in common, and a manifest repeats it: thirty levels of twos would be a
/// text of billions of members.
#[test]
fn a_small_type_with_an_endless_description_is_an_error() {
    let mut twos = Type::number(Number::U8);
    for level in 0..30 {
        match Type::structure("Two", [("one", twos.clone()), ("other", twos.clone())]) {
            Ok(ty) => twos = ty,
            Err(error) => {
                assert!(level > 10 && error.to_string().contains("has room for"), "{error}");
                break;
            }
        }
        assert!(level < 29, "it was never refused");
    }
    let mut declaration = Declaration::new("State").unwrap();
    let refusal = (0..100)
        .find_map(|at| declaration.field(format!("f{at}"), twos.clone(), Attributes::new()).err());
    assert!(refusal.unwrap().to_string().contains("no manifest has room"));
}

/// A state beyond the address space, and one whose text is too long, are errors that leave nothing.
#[test]
fn a_state_that_cannot_be_is_an_error() {
    let name = Name::new("beyond");
    let mut declaration = Declaration::new("State").unwrap();
    let large: Type = "[u8; 34359738360]".parse().unwrap();
    let attributes = Attributes::new().slots(8);
    // Far more than any machine has: there is no room.
    declaration.field("f", large, attributes).unwrap();
    let error = untyped::options().create(&name, &declaration).unwrap_err();
    assert!(matches!(error, Error::NoSpace { .. }), "{error}");
    assert!(!name.exists());

    let mut declaration = Declaration::new("State").unwrap();
    for at in 0..9_000 {
        let field = format!("{at}_{}", "x".repeat(40));
        declaration.field(field, Type::number(Number::U8), Attributes::new()).unwrap();
    }
    let error = untyped::options().create(&name, &declaration).unwrap_err();
    assert!(error.to_string().contains("512 KiB"), "{error}");
    assert!(!name.exists());
}

/// Which line of which field differs is said as it is of the derive's declaration.
#[test]
fn another_layout_is_refused_with_the_difference() {
    let name = Name::new("other");
    let _typed = Every::create(&name, &Every::zeroed()).unwrap();
    let mut other = Declaration::of(&Every::MANIFEST).unwrap();
    other.field("more", Type::number(Number::U8), Attributes::new()).unwrap();
    let error = untyped::options().open(&name, Some(&other)).unwrap_err();
    assert!(matches!(error, Error::LayoutMismatch { .. }), "{error}");
    assert!(error.to_string().contains("more"), "{error}");
    let expected: &Manifest<'_> = &Every::MANIFEST;
    let whatever = untyped::options().open(&name, None).unwrap();
    assert!(whatever.manifest().difference(expected).is_empty());
}
