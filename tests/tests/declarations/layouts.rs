//! Programs that were compiled apart and disagree about the state.

use shma_tests::child;
use shma_tests::child::Child;
use shma_tests::region::Name;
use shma_tests::watchdog::watched;

/// What the creator stores.
const FIRST: &str = "0.25 -1.5 7 [1.0, 2.0] 3 [10, 20, 30]";

/// What the opener publishes over it.
const SECOND: &str = "0.75 2.5 8 [4.0, 5.0] 6 [40, 50, 60]";

fn creator(name: &Name) -> Child {
    let mut creator = child!("declare", name);
    creator.expect("created");
    creator
}

fn opener(name: &Name, version: &str) -> Child {
    child!("redeclare", name, version)
}

/// Opens the region as one version of the declaration, and compares the message, except for its
/// first line, which names the region, with what it has to say.
#[track_caller]
fn differs(version: &str, state: &str, lines: &[&str]) {
    let name = Name::new(version);
    let mut creator = creator(&name);
    let mut opener = opener(&name, version);
    let head = format!("region `{name}` has another layout than this program's `{state}`:");
    opener.expect(&head);
    for line in lines {
        opener.expect(&format!("  {line}"));
    }
    assert!(opener.end().success(), "it said something more");
    assert_eq!(creator.ask("read"), FIRST, "the region is as it was");
}

/// Two declarations of the same thing in two programs are one layout: nothing of where they stand
/// (crate, module, visibility, attributes of other crates) may count.
#[test]
fn equal_declarations_agree() {
    watched(|| {
        let name = Name::new("same");
        let mut creator = creator(&name);
        let mut opener = opener(&name, "same");
        opener.expect(FIRST);
        assert!(opener.end().success());
        assert_eq!(creator.ask("read"), SECOND);
    });
}

/// A program reads floats of another width, or signed for unsigned of the same width.
#[test]
fn a_changed_type_is_refused() {
    watched(|| {
        differs(
            "retyped",
            "Model",
            &[
                "bias: the region has [f32; 16] (64 bytes, 4 slots), \
                 this program [f64; 16] (128 bytes, 4 slots)",
                "step: the region has u64 (8 bytes, 4 slots), this program i64 (8 bytes, 4 slots)",
            ],
        );
    });
}

/// As many bytes, but other rows; and one number more.
#[test]
fn a_changed_shape_is_refused() {
    watched(|| {
        differs(
            "resized",
            "Model",
            &[
                "weights: the region has [[f32; 16]; 4] (256 bytes, 4 slots), \
                 this program [[f32; 4]; 16] (256 bytes, 4 slots)",
                "samples: the region has [u16; 3] (6 bytes, 2 slots), \
                 this program [u16; 4] (8 bytes, 2 slots)",
            ],
        );
    });
}

/// Without a field all fields behind it lie elsewhere.
#[test]
fn a_missing_field_is_refused() {
    watched(|| {
        differs("missing", "Model", &["step: only the region has it, as u64 (8 bytes, 4 slots)"]);
    });
}

/// The same the other way round.
#[test]
fn an_extra_field_is_refused() {
    watched(|| {
        differs(
            "extra",
            "Model",
            &["momentum: only this program has it, as [f32; 16] (64 bytes, 4 slots)"],
        );
    });
}

/// All fields are there, at other places.
#[test]
fn reordered_fields_are_refused() {
    watched(|| {
        differs(
            "reordered",
            "Model",
            &[
                "bias: field number 2 in the region, number 3 in this program",
                "step: field number 3 in the region, number 2 in this program",
            ],
        );
    });
}

/// Two states that look alike are not one.
#[test]
fn another_declared_name_is_refused() {
    watched(|| {
        differs(
            "renamed",
            "Network",
            &["declared name: the region has Model, this program Network"],
        );
    });
}

/// Slots, clock and kind of access are part of the layout as well, each by itself.
#[test]
fn other_attributes_are_refused() {
    watched(|| {
        differs(
            "slotted",
            "Model",
            &["samples: the region has [u16; 3] (6 bytes, 2 slots), \
               this program [u16; 3] (6 bytes, 4 slots)"],
        );
        differs(
            "timed",
            "Model",
            &["bias: the region has [f32; 16] (64 bytes, 4 slots), \
               this program [f32; 16] (64 bytes, 4 slots, timed)"],
        );
        differs(
            "atomic",
            "Model",
            &["step: the region has u64 (8 bytes, 4 slots), \
               this program u64 (8 bytes, 1 slots, atomic)"],
        );
    });
}

/// The field's type has the old name and the old size, and means something else.
#[test]
fn a_change_inside_a_struct_is_refused() {
    watched(|| {
        differs(
            "restructured",
            "Model",
            &[
                "origin.at: member number 1 in the region, number 2 in this program",
                "origin.heading: member number 2 in the region, number 1 in this program",
            ],
        );
    });
}
