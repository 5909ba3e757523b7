//! Files that a broken or hostile process left under the name of a region: each command says what
//! is wrong with them, and goes on with the others.

use std::fs;
use std::os::unix::fs::symlink;

use rustix::fs::{CWD, FileType, Mode};
use shma_core::ShmState;
use shma_tests::region::{Name, header};
use shma_tests::rng::Rng;
use shma_tests::watchdog::watched;
use tempfile::tempdir;

use crate::owner::{Lab, filled};
use crate::shma::{Ran, shma};

fn good() -> Vec<u8> {
    let name = Name::new("good");
    let _lab = Lab::create(&name, &filled()).unwrap();
    name.bytes().all()
}

/// Runs everything that a region can be asked, and hands what became of it to `judge`.
fn ask_everything(name: &Name, judge: impl Fn(&str, Ran)) {
    let folder = tempdir().unwrap();
    let file = folder.path().join("x.npz");
    let file = file.to_str().unwrap();
    let other = Name::new("other");
    let _other = Lab::create(&other, &filled()).unwrap();
    shma(&["export", &other, file]).done();
    for arguments in [
        &["info", name][..],
        &["get", name, "grid"],
        &["export", name, &format!("{file}.other")],
        &["import", name, file],
        &["watch", name, "-i", "0.001"],
        &["diff", name, &other],
        &["diff", &other, name],
        &["header", name],
        &["rm", name],
    ] {
        judge(arguments[0], shma(arguments));
        let mut as_json = arguments.to_vec();
        as_json.push("--json");
        judge(arguments[0], shma(&as_json));
    }
    // This one must not hide the others.
    for listing in ["ls", "top", "metrics"] {
        let listed = shma(&[listing]).done();
        assert!(listed.contains(&*other), "{listing}: {listed}");
    }
    assert_eq!(shma(&["clean", "--dry-run", name]).status, 0);
}

/// The kinds of file that can have the name.
#[test]
fn what_is_no_region_ends_a_command() {
    watched(|| {
        let good = good();
        let mut rng = Rng::new(5);
        let noise = (0..good.len()).map(|_| rng.below(256) as u8).collect();
        let text_at = u64::from_ne_bytes(good[header::TEXT_AT..][..8].try_into().unwrap()) as usize;
        let mut bent = good.clone();
        bent[text_at + 40] ^= 1;
        for bytes in [vec![], good[..4095].to_vec(), good[..9000].to_vec(), noise, bent] {
            let name = Name::new("broken");
            fs::write(name.path(), bytes).unwrap();
            refuses(&name);
        }
        let name = Name::new("link");
        symlink("/etc/passwd", name.path()).unwrap();
        refuses(&name);
        let name = Name::new("folder");
        fs::create_dir(name.path()).unwrap();
        refuses(&name);
        let name = Name::new("fifo");
        let mode = Mode::from_raw_mode(0o600);
        rustix::fs::mknodat(CWD, name.path(), FileType::Fifo, mode, 0).unwrap();
        refuses(&name);
    });
}

fn refuses(name: &Name) {
    ask_everything(name, |command, ran| {
        let complaint = ran.failed(4);
        assert!(complaint.contains(&name.to_string()), "{command}: {complaint}");
    });
    assert!(name.exists(), "nothing was removed");
    let doctor = shma(&["doctor", name]);
    assert!(doctor.status == 1 && doctor.out.contains("problem"), "{doctor:?}");
    let ls = shma(&["ls"]).done();
    assert!(ls.contains(&format!("{name}: /dev/shm/shma.{name} is not a region")), "{ls}");
}

/// A good header over partitions of noise: the values are garbage, and there may be no one moment
/// for all of them, but every command ends.
#[test]
fn garbage_in_a_region_ends_a_command() {
    watched(|| {
        let good = good();
        let text_at = u64::from_ne_bytes(good[header::TEXT_AT..][..8].try_into().unwrap()) as usize;
        let mut rng = Rng::new(11);
        let mut bytes = good.clone();
        bytes[header::BYTES..text_at].fill_with(|| rng.below(256) as u8);
        let name = Name::new("garbage");
        fs::write(name.path(), &bytes).unwrap();
        for arguments in [
            &["info", &name][..],
            &["get", &name, "grid"],
            &["get", &name, "hits"],
            &["watch", &name, "-i", "0.001"],
            &["doctor", &name],
            &["header", &name],
            &["diff", &name, &name],
            &["clean", "--dry-run", &name],
        ] {
            let ran = shma(arguments);
            assert!([0, 1, 5].contains(&ran.status), "{ran:?}");
        }
        let said = shma(&["export", &name, "/dev/null"]).failed(5);
        assert!(said.contains("--by-field"), "{said}");
    });
}
