//! The header for C and C++, compiled under each standard, reading regions.

use std::fmt::Write;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

use num_complex::Complex;
use shma_core::inspect::View;
use shma_core::{ShmElement, ShmState};
use shma_tests::region::Name;
use shma_tests::watchdog::watched;

use crate::compilers::{Sources, output_of};
use crate::owner::{Lab, filled};
use crate::shma::shma;

const MAPPING: &str = include_str!("mapping.h");

fn sources(headers: &[(&str, &[&str])]) -> Sources {
    let sources = Sources::new();
    sources.write("mapping.h", MAPPING);
    for (file, arguments) in headers {
        let arguments = [&["header"], *arguments].concat();
        sources.write(file, &shma(&arguments).done());
    }
    sources
}

/// The bytes of each field as a program prints them.
fn printed(name: &Name) -> String {
    let view = View::open(name).unwrap();
    let mut text = String::new();
    for field in view.fields() {
        field.read().unwrap().bytes().iter().for_each(|byte| write!(text, "{byte:02x}").unwrap());
        text.push('\n');
    }
    text
}

/// A program that prints the fields whose names in C are given.
fn printer(header: &str, state: &str, fields: &[&str], more: &str) -> String {
    let mut program = format!(
        "#include \"mapping.h\"\n#include \"{header}\"\n\
         int main(int count, char **arguments)\n{{\n    size_t bytes;\n    \
         const void *region = mapped(arguments[count - 1], &bytes);\n    \
         if (shma_{state}_check(region, bytes) != 0)\n        return 4;\n"
    );
    for field in fields {
        writeln!(program, "    PRINT(shma_{state}_{field}, SHMA_{state}_{field});").unwrap();
    }
    program + more + "    return 0;\n}\n"
}

#[test]
fn programs_read_every_kind_of_field() {
    watched(|| {
        let name = Name::new("header");
        let lab = Lab::create(&name, &filled()).unwrap();
        lab.grid.update(|new, _| new[2][3] = 9.5);
        let sources = sources(&[("lab.h", &[&name])]);
        let fields =
            ["grid", "series", "step", "poses", "hits", "halves", "brains", "waves", "wide"];
        let members = "    shma_Lab_poses poses;\n    shma_Lab_waves waves;\n    \
            shma_Lab_grid grid;\n    READ(shma_Lab_poses, SHMA_Lab_poses, &poses);\n    \
            READ(shma_Lab_waves, SHMA_Lab_waves, &waves);\n    \
            unsigned long version = (unsigned long)READ(shma_Lab_grid, SHMA_Lab_grid, &grid);\n    \
            printf(\"%lu %g %g %d %g\\n\", version, (double)grid[2][3], poses[1].at[1],\n        \
            poses[1].flags[2], (double)waves[0][1]);\n";
        let expected = printed(&name) + "2 9.5 -2.25 255 -2\n";
        for program in sources.compiled(&printer("lab.h", "Lab", &fields, members)) {
            assert_eq!(output_of(&program, &[name.path().as_ref()]), expected);
        }
    });
}

/// A struct of the same name as another, with other members.
mod other {
    use super::*;

    #[derive(Debug, Clone, Copy, ShmElement)]
    #[repr(C)]
    pub struct Part {
        pub b: [u16; 3],
        pub a: u16,
    }
}

/// Members called after words and macros of C and C++.
#[allow(non_snake_case)]
#[derive(Debug, Clone, Copy, ShmElement)]
#[repr(C)]
pub struct Part {
    pub r#struct: u32,
    pub errno: u32,
    pub I: u32,
    pub EOF: u32,
    pub stdin: u32,
    pub linux: u32,
    pub unix: u32,
    pub major: u32,
    pub co_await: u32,
    pub char8_t: u32,
    pub nullptr: u32,
    pub bool_: u32,
    pub uint32_t: u32,
    pub struct_: u32,
    pub größe: f32,
    pub grüße: f32,
    pub a__b: u32,
    pub _Upper: u32,
    pub PRIu64: u32,
    pub ยาว: u32,
    pub int: u32,
    pub w: u32,
    pub W: u32,
    pub constexpr: u32,
}

#[derive(Debug, Clone, Copy, ShmElement)]
#[repr(C, packed)]
pub struct Packed {
    pub small: u8,
    pub large: u64,
    pub middle: u16,
}

/// Fields whose names C takes for one, or does not take.
#[allow(non_snake_case)]
#[derive(Debug, ShmState)]
#[shm(name = "größe-of.a_b")]
struct Nasty {
    w: [f32; 4],
    W: [f32; 8],
    free: u64,
    free_slots: [u64; 2],
    free_SLOTS: [u64; 3],
    größe: u32,
    grüße: u64,
    ยาว: u16,
    check: u32,
    part: Part,
    parts: [[Part; 2]; 3],
    other: [other::Part; 2],
    Part_struct: u8,
    packed: [Packed; 3],
    __x: u8,
    x_: u16,
    r#struct: u32,
    wide: u128,
}

const NASTY: &str = "gr0xf6z0xdfze0x2dzof_0x_a_b_0xz";

const NASTY_FIELDS: [&str; 18] = [
    "w",
    "W",
    "free",
    "free_slots",
    "free_SLOT0x53z",
    "gr0xf6z0xdfze",
    "gr0xfcz0xdfze",
    "0xe22z0xe32z0xe27z",
    "chec0x6bz",
    "part",
    "parts",
    "other",
    "Part_struc0x74z",
    "packed",
    "0x5fz_x",
    "x0x5fz",
    "struct",
    "wide",
];

fn filled_with_different_bytes() -> Box<Nasty> {
    let mut nasty = Nasty::zeroed();
    let mut next = 0_u8;
    let mut fill = |bytes: &mut [u8]| {
        for byte in bytes {
            next = next.wrapping_add(7);
            *byte = next;
        }
    };
    let Nasty { w, W, free, free_slots, free_SLOTS, größe, grüße, ยาว, .. } = &mut *nasty;
    use shma_core::bytemuck::bytes_of_mut;
    fill(bytes_of_mut(w));
    fill(bytes_of_mut(W));
    fill(bytes_of_mut(free));
    fill(bytes_of_mut(free_slots));
    fill(bytes_of_mut(free_SLOTS));
    fill(bytes_of_mut(größe));
    fill(bytes_of_mut(grüße));
    fill(bytes_of_mut(ยาว));
    let Nasty { check, part, parts, other, Part_struct, packed, __x, x_, r#struct, wide, .. } =
        &mut *nasty;
    fill(bytes_of_mut(check));
    fill(bytes_of_mut(part));
    fill(bytes_of_mut(parts));
    fill(bytes_of_mut(other));
    fill(bytes_of_mut(Part_struct));
    fill(bytes_of_mut(packed));
    fill(bytes_of_mut(__x));
    fill(bytes_of_mut(x_));
    fill(bytes_of_mut(r#struct));
    fill(bytes_of_mut(wide));
    nasty
}

#[test]
fn each_name_has_its_own_bytes() {
    watched(|| {
        let name = Name::new("header-names");
        let nasty = filled_with_different_bytes();
        let _state = Nasty::create(&name, &nasty).unwrap();
        let sources = sources(&[("nasty.h", &[&name])]);
        let members = format!(
            "    shma_{NASTY}_part part;\n    READ(shma_{NASTY}_part, SHMA_{NASTY}_part, &part);\n    \
             printf(\"%x %x %x %x %x %x\\n\", part.struct_, part.struct0x5fz, part.errno_, part.w, \
             part.W, part.uint32_t_);\n"
        );
        let expected = printed(&name)
            + &format!(
                "{:x} {:x} {:x} {:x} {:x} {:x}\n",
                nasty.part.r#struct,
                nasty.part.struct_,
                nasty.part.errno,
                nasty.part.w,
                nasty.part.W,
                nasty.part.uint32_t
            );
        for program in sources.compiled(&printer("nasty.h", NASTY, &NASTY_FIELDS, &members)) {
            assert_eq!(output_of(&program, &[name.path().as_ref()]), expected);
        }
    });
}

/// Fields called after what the struct of fields uses itself.
#[allow(non_snake_case)]
#[derive(Debug, ShmState)]
struct Inner {
    std: f64,
    shma: [u8; 2],
    state: u16,
    state_: u16,
    name: u32,
    how: [[f32; 2]; 2],
    opened: i8,
    checked: i64,
    field: i16,
    expect: u64,
    shma_state: u8,
    shma_Inner: u8,
}

/// Types of members are what the library compares with the manifest, so the compiler says what they are.
#[test]
fn typed_fields_compile_whatever_their_names() {
    watched(|| {
        let names = ["cpp-names", "cpp-inner", "cpp-lab"].map(Name::new);
        let _nasty = Nasty::create(&names[0], &filled_with_different_bytes()).unwrap();
        let _inner = Inner::create(&names[1], &Inner::zeroed()).unwrap();
        let _lab = Lab::create(&names[2], &filled()).unwrap();
        let sources = sources(&[
            ("a.hpp", &[&names[0], "--cpp"]),
            ("b.hpp", &[&names[1], "--cpp"]),
            ("c.hpp", &[&names[2], "--cpp"]),
            ("a.h", &[&names[0]]),
        ]);
        let same = |member: &str, ty: &str| {
            format!("static_assert(std::is_same_v<decltype({member}), shma::field<{ty}>>, \"\");\n")
        };
        let mut program = String::new();
        for header in ["a.h", "a.hpp", "b.hpp", "b.hpp", "c.hpp"] {
            writeln!(program, "#include \"{header}\"").unwrap();
        }
        program += &same("shma_Inner::how", "float[2][2]");
        program += &same("shma_Inner::std", "double");
        program += &same("shma_Inner::state", "std::uint16_t");
        program += &same(&format!("shma_{NASTY}::wide"), "shma::u128");
        program += &same("shma_Lab::waves", "std::complex<float>[2]");
        program += &same("shma_Lab::halves", "shma::f16[3]");
        program += &same("shma_Lab::poses", "shma_Lab_Pose_struct[2]");
        writeln!(
            program,
            "int main() {{ shma_{NASTY} nasty(\"x\"); shma_Inner inner(\"x\"); shma_Lab lab(\"x\"); }}"
        )
        .unwrap();
        sources.checked_with_classes(&program);
    });
}

#[derive(Debug, Clone, Copy, ShmElement)]
#[repr(C)]
pub struct Joint {
    pub angle: f64,
    pub torque: f32,
    pub id: u32,
}

#[derive(Debug, ShmState)]
struct Arm {
    joints: [Joint; 2],
    wave: [Complex<f64>; 2],
    wide: u128,
    größe: f32,
    #[shm(atomic)]
    ticks: [u64; 2],
}

/// The library's own tests run programs on this header, with a state of the same declaration.
#[test]
fn the_header_that_the_library_is_tested_with_is_written() {
    watched(|| {
        let name = Name::new("cpp-arm");
        let _arm = Arm::create(&name, &Arm::zeroed()).unwrap();
        let written = shma(&["header", &name, "--cpp"]).done();
        assert_eq!(written, include_str!("../../../shma-capi/tests/cpp/arm.hpp"));
    });
}

/// The same typedefs and macros as of `Nasty`, were names put together without care.
#[derive(Debug, ShmState)]
#[shm(name = "größe-of.a")]
struct Nastier {
    b_w: [f64; 3],
}

/// A name of the library for C.
#[derive(Debug, ShmState)]
#[shm(name = "read")]
struct Read {
    part: u32,
}

#[test]
fn headers_stand_beside_each_other_and_the_library() {
    watched(|| {
        let names = ["header-a", "header-b", "header-c"].map(Name::new);
        let _nasty = Nasty::create(&names[0], &filled_with_different_bytes()).unwrap();
        let nastier = Nastier::create(&names[1], &Nastier { b_w: [1.0, 2.0, 3.0] }).unwrap();
        let _read = Read::create(&names[2], &Read { part: 3 }).unwrap();
        let sources = sources(&[
            ("a.h", &[&names[0]]),
            ("again.h", &[&names[0]]),
            ("b.h", &[&names[1]]),
            ("c.h", &[&names[2]]),
            ("d.h", &[&names[1], "--prefix", "größe-of.a_b"]),
            ("e.h", &[&names[1], "--prefix", "Mine"]),
        ]);
        let state = "gr0xf6z0xdfze0x2dzof_0x_a_0xz";
        let all = "int shma_read(const void *field, void *into, size_t bytes, uint64_t *version);\n\
            int shma_read_part(const void *field, size_t first, void *into, size_t bytes,\n    \
            uint64_t *version);\n\
            #include \"a.h\"\n#include \"again.h\"\n#include \"c.h\"\n#include \"e.h\"\n";
        let mut program =
            printer("b.h", state, &["b_w"], "    PRINT(shma_Mine_b_w, SHMA_Mine_b_w);\n");
        program = format!("#include <stddef.h>\n#include <stdint.h>\n{all}{program}");
        let expected = printed(&names[1]).repeat(2);
        for program in sources.compiled(&program) {
            assert_eq!(output_of(&program, &[names[1].path().as_ref()]), expected);
        }
        drop(nastier);
        // One name for two layouts.
        if let Some(message) = sources.refused("#include \"a.h\"\n#include \"d.h\"\n") {
            assert!(message.contains("--prefix"), "{message}");
        }
    });
}

const CHECK: &str = r#"
#include "mapping.h"
#include "lab.h"
int main(int count, char **arguments)
{
    for (int i = 1; i < count; i++) {
        size_t bytes;
        const void *region = mapped(arguments[i], &bytes);
        printf("%d\n", shma_Lab_check(region, bytes));
        if (i == 1)
            printf("%d %d %d %d\n", shma_Lab_check(NULL, bytes), shma_Lab_check(region, 0),
                   shma_Lab_check(region, 4096), shma_Lab_check(region, bytes - 1));
    }
    return 0;
}
"#;

/// What is no region of the state is told before anything of it is read.
#[test]
fn another_layout_is_refused() {
    watched(|| {
        let [name, other] = ["header-check", "header-other"].map(Name::new);
        let _lab = Lab::create(&name, &filled()).unwrap();
        let _other = Read::create(&other, &Read { part: 3 }).unwrap();
        let sources = sources(&[("lab.h", &[&name])]);
        let good = std::fs::read(name.path()).unwrap();
        // The first byte of magic, format, byte order, total, both halves of the fingerprint.
        let mut files = vec![name.path()];
        for at in [0, 8, 12, 16, 24, 32] {
            let mut bytes = good.clone();
            bytes[at] ^= 1;
            files.push(sources.path(&format!("spoilt-{at}")));
            std::fs::write(files.last().unwrap(), bytes).unwrap();
        }
        for len in [100, 4096, good.len() - 1, good.len() + 1] {
            let mut bytes = good.clone();
            bytes.resize(len, 0);
            files.push(sources.path(&format!("long-{len}")));
            std::fs::write(files.last().unwrap(), bytes).unwrap();
        }
        files.push(other.path());
        let files: Vec<&Path> = files.iter().map(AsRef::as_ref).collect();
        let (size, region, layout) = (-90, -74, -71);
        let expected = [0, region, region, region, size, layout, layout, size, size, size, size];
        let mut expected: Vec<String> = expected.iter().map(ToString::to_string).collect();
        expected[0] += "\n-14 -90 -90 -90";
        for program in sources.compiled(CHECK) {
            let seen = output_of(&program, &files);
            let (seen, last) = seen.trim_end().rsplit_once('\n').unwrap();
            assert_eq!(
                seen.lines().collect::<Vec<_>>(),
                expected.join("\n").lines().collect::<Vec<_>>()
            );
            // The other region is smaller, so its size is wrong too.
            assert_eq!(last, size.to_string());
        }
    });
}

#[derive(Debug, ShmState)]
struct Busy {
    rows: [u64; 600],
    other: u64,
}

const FOLLOW: &str = r#"
#include "mapping.h"
#include "busy.h"
int main(int count, char **arguments)
{
    size_t bytes;
    const void *region = mapped(arguments[count - 1], &bytes);
    static shma_Busy_rows rows;
    uint64_t last = 0;
    int seen = 0;
    if (shma_Busy_check(region, bytes) != 0)
        return 4;
    while (seen < 500) {
        uint64_t version = READ(shma_Busy_rows, SHMA_Busy_rows, rows);
        if (version == 0)
            continue;
        if (version < last)
            return 5;
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
            if (rows[i] != version)
                return 6;
        seen += version > last;
        last = version;
    }
    return 0;
}
"#;

/// Beside a writer that never pauses, and whose publications are transactions every other time.
#[test]
fn no_value_is_mixed_and_no_version_goes_back() {
    watched(|| {
        let name = Name::new("header-busy");
        let init = Box::new(Busy { rows: [1; 600], other: 0 });
        let busy = Busy::create(&name, &init).unwrap();
        let sources = sources(&[("busy.h", &[&name])]);
        let programs = sources.compiled(FOLLOW);
        let done = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let mut number = 1;
                // Relaxed: nothing but the end is told.
                while !done.load(Ordering::Relaxed) {
                    number += 1;
                    if number % 2 == 0 {
                        busy.rows.update(|new, _| *new = [number; 600]);
                    } else {
                        busy.transaction(|new, _| {
                            *new.rows = [number; 600];
                            *new.other = number;
                        });
                    }
                }
            });
            let ends = [programs.first(), programs.last()].map(|program| {
                let program = program?;
                Some(Command::new(program).arg(name.path()).output().unwrap().status)
            });
            done.store(true, Ordering::Relaxed);
            ends.iter().flatten().for_each(|status| assert!(status.success(), "{status}"));
        });
    });
}
