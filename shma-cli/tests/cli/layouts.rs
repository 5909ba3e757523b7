//! Layouts side by side.

use insta::assert_snapshot;
use shma_core::ShmState;
use shma_tests::region::Name;
use shma_tests::watchdog::watched;
use tempfile::tempdir;

use crate::shma::{shma, steady};

#[derive(ShmState)]
struct Elder {
    weights: [[f32; 8]; 4],
    bias: [f32; 4],
    step: u64,
    gone: u8,
}

#[derive(ShmState)]
struct Younger {
    weights: [[f64; 8]; 4],
    step: u64,
    #[shm(slots = 8, timed)]
    bias: [f32; 4],
    #[shm(atomic)]
    new: [u64; 2],
}

#[test]
fn a_difference_is_not_shown() {
    watched(|| {
        let (a, b) = (Name::new("older"), Name::new("newer"));
        let _elder = Elder::create(&a, &Elder::zeroed()).unwrap();
        let _younger = Younger::create(&b, &Younger::zeroed()).unwrap();
        let diff = shma(&["diff", &a, &b]);
        assert_eq!(diff.status, 1);
        let out = steady(&diff.out, &a, 0);
        assert_snapshot!("diff", steady(&out, &b, 0));
        let json = shma(&["diff", &a, &b, "--json"]).json();
        assert_eq!(
            (&json["same"], json["differences"].as_array().unwrap().len()),
            (&false.into(), 6)
        );
        let folder = tempdir().unwrap();
        let [answer, text] = ["info.json", "text.json"].map(|file| folder.path().join(file));
        std::fs::write(&answer, shma(&["info", &a, "--json"]).out).unwrap();
        std::fs::write(&text, Elder::MANIFEST.to_json()).unwrap();
        for file in [&answer, &text].map(|path| path.to_str().unwrap()) {
            assert_eq!(shma(&["diff", &a, file]).done(), "the layouts are the same\n");
            assert_eq!(shma(&["diff", file, &b]).status, 1);
        }
        std::fs::write(&text, "{}").unwrap();
        assert!(shma(&["diff", &a, text.to_str().unwrap()]).failed(4).contains("format null"));
        assert!(shma(&["diff", &a, "/no/such.json"]).failed(3).contains("No such file"));
    });
}

/// A device gives bytes for ever; they must not fill the machine's memory.
#[test]
fn a_file_without_an_end_is_refused() {
    watched(|| {
        let name = Name::new("endless");
        let _elder = Elder::create(&name, &Elder::zeroed()).unwrap();
        let mut sh = std::process::Command::new("sh");
        sh.args(["-c", "ulimit -v 500000; exec \"$0\" diff \"$1\" /dev/zero"]);
        let ran = sh.args([env!("CARGO_BIN_EXE_shma"), &name]).output().unwrap();
        let said = String::from_utf8_lossy(&ran.stderr);
        assert!(ran.status.code() == Some(4) && said.contains("bytes"), "{said}");
    });
}
