//! Manifests that a process reads: which names they may have, and that they go with their reader.

use shma_core::inspect::{View, read_manifest};
use shma_core::private::{FieldSpec, lay_out};
use shma_core::{Error, Manifest, ShmElement, ShmState};
use shma_tests::child;
use shma_tests::region::Name;
use shma_tests::watchdog::watched;

/// Rust's identifiers: combining marks that have no composed form, a raw one, one that starts with
/// `_`.
#[derive(Clone, Copy, ShmElement)]
#[repr(C)]
struct ตำแหน่ง {
    r#fn: f32,
    q̣̇: f32,
    ที่: [u32; 2],
}

#[derive(ShmState)]
#[shm(name = "می\u{200c}خواهم {{ é")]
struct Names {
    ที่: u32,
    é: u64,
    q̣̇: [ตำแหน่ง; 2],
    r#type: f64,
    _x: u8,
    变量: i16,
    می‌خواهم: u8,
}

/// What the library creates, a tool must be able to look at. A name that only one of the two sides
/// takes makes a region that `shma` calls broken.
#[test]
fn names_that_open_with_the_struct_open_without() {
    watched(|| {
        let name = Name::new("names");
        let state = Names::create(&name, &Names::zeroed()).unwrap();
        state.ที่.write(&7);
        assert_eq!(Names::open(&name).unwrap().ที่.read(), 7);
        let view = View::open(&name).unwrap();
        let of_fields: Vec<&str> = view.manifest().fields.iter().map(|field| field.name).collect();
        assert_eq!(of_fields, ["ที่", "é", "q̣̇", "type", "_x", "变量", "می‌خواهم"]);
        let value = view.field("ที่").unwrap().read().unwrap();
        assert_eq!(value.elements().get(0).as_f64(), Some(7.0));
        let members = view.field("q̣̇").unwrap().read().unwrap().elements().get(0).to_string();
        assert_eq!(members, "{ fn: 0.0, q̣̇: 0.0, ที่: [0, 0] }");
        assert_eq!(view.manifest().to_json(), Names::MANIFEST.to_json());
    });
}

/// The text of a state with one field of this name.
fn with_field(name: &str) -> String {
    let mut fields = lay_out([FieldSpec::of::<[f32; 3]>("any")]);
    fields[0].name = name;
    Manifest::new("State", &fields).to_json()
}

/// Names go to terminals and into file names, whichever process has written the region.
#[test]
fn a_name_that_no_declaration_can_have_is_refused() {
    watched(|| {
        for good in ["w", "layers.0.weight", "0.1", "ที่.0", "é", "q\u{323}\u{307}", "a\u{200d}b"]
        {
            read_manifest("saved", with_field(good).as_bytes()).unwrap();
        }
        let bad = [
            "",
            ".",
            "a.",
            ".a",
            "a..b",
            "a b",
            "a-b",
            "../etc",
            "a/b",
            "a\nb",
            "\u{1b}[2J",
            "\u{202e}a",
            "a\u{2066}b",
            "a\u{200b}b",
            "\u{200d}a",
            "\u{301}",
            "→",
            "a\u{9b}",
        ];
        for bad in bad {
            let text = with_field(bad);
            let error = read_manifest("saved", text.as_bytes()).expect_err(bad);
            let Error::NotARegion { reason, .. } = &error else { panic!("{error}") };
            assert!(reason.starts_with("its manifest has the name"), "{reason}");
            assert!(!error.to_string().contains(|c: char| c.is_control() || c == '\u{202e}'));
        }
    });
}

/// A monitor runs for months and looks at whatever comes. What it kept of each layout would add up,
/// slow down each later look, and once a budget is used up make living regions look broken.
#[test]
fn layouts_that_were_looked_at_are_freed() {
    watched(|| {
        let mut reader = child!("read-manifests");
        let said = reader.line();
        let (texts, kept) = said.split_once(' ').unwrap();
        let [texts, kept] = [texts, kept].map(|kib| kib.parse::<usize>().unwrap());
        assert!(texts > 20 << 10, "{texts} KiB of texts are more than any budget of old");
        assert!(kept < 4096, "{kept} KiB are kept of texts of {texts} KiB");
        assert!(reader.end().success());
    });
}
