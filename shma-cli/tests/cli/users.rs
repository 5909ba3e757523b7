//! Another user's regions, looked at by root and by a user whom the modes of the files let.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::process::Command;

use shma_core::ShmState;
use shma_tests::program;
use shma_tests::region::Name;
use shma_tests::skip::is_root;
use shma_tests::states::Board;
use shma_tests::watchdog::watched;

use crate::shma::{Ran, command, shma};

const THEM: u32 = 4711;

/// Regions in a directory of their own: of root, of two other users, and one that only its user may read.
struct House(tempfile::TempDir);

impl House {
    fn new() -> Self {
        let folder = tempfile::tempdir_in("/dev/shm").unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o1777)).unwrap();
        let house = Self(folder);
        for (name, user, mode) in [
            ("mine", 0, 0o600),
            ("theirs", THEM, 0o644),
            ("secret", THEM, 0o600),
            ("other", 4712, 0o644),
        ] {
            let options = Board::options().dir(house.0.path()).persistent(true).mode(mode);
            drop(options.create(name, &Board::with(7)).unwrap());
            chown(house.0.path().join(format!("shma.{name}")), Some(user), None).unwrap();
        }
        let copy = house.0.path().join("copy");
        program::copy(env!("CARGO_BIN_EXE_shma"), &copy);
        fs::set_permissions(copy, fs::Permissions::from_mode(0o755)).unwrap();
        house
    }

    fn root(&self, arguments: &[&str]) -> Ran {
        shma(&[&["--dir", self.0.path().to_str().unwrap()], arguments].concat())
    }

    fn as_user(&self, user: u32, arguments: &[&str]) -> Ran {
        let mut command = Command::new(self.0.path().join("copy"));
        command.arg("--dir").arg(self.0.path()).args(arguments);
        let output = command.uid(user).gid(user).current_dir("/").output().unwrap();
        let texts = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
        let [out, err] = texts;
        Ran { status: output.status.code().unwrap(), out, err }
    }
}

fn names(table: &str) -> Vec<&str> {
    let mut names: Vec<&str> =
        table.lines().skip(1).filter_map(|line| line.split_whitespace().next()).collect();
    names.sort_unstable();
    names
}

/// An administrator sees everything at once, or the regions of root only.
#[test]
fn root_looks_at_the_regions_of_one_user() {
    if !is_root("looking at another user's regions") {
        return;
    }
    watched(|| {
        let house = House::new();
        let all = house.root(&["ls"]).done();
        assert_eq!(names(&all), ["mine", "other", "secret", "theirs"]);
        let head = all.lines().next().unwrap();
        assert!(head.contains("  user  ") && all.contains("4711") && all.contains("root"), "{all}");
        for arguments in [&["ls"][..], &["top", "-i", "0.001"], &["metrics"], &["doctor"]] {
            let said = house.root(&[&["--user", "4711"], arguments].concat()).done();
            assert!(!said.contains("mine") && !said.contains("other "), "{arguments:?}: {said}");
        }
        assert_eq!(names(&house.root(&["ls", "--user", "4711"]).done()), ["secret", "theirs"]);
        assert_eq!(names(&house.root(&["ls", "--user", "root"]).done()), ["mine"]);
        assert_eq!(house.root(&["--user", "4711", "get", "secret", "count"]).done(), "7\n");
        let said = house.root(&["--user", "4711", "info", "mine"]).failed(3);
        assert!(said.contains("`mine` is of user 0"), "{said}");
        let none = house.root(&["ls", "--user", "4799"]).done();
        assert!(none.starts_with("no regions of user 4799 in "), "{none}");
        let json = house.root(&["--user", "4711", "ls", "--json"]).json();
        let users: Vec<_> =
            json["regions"].as_array().unwrap().iter().map(|it| &it["user"]).collect();
        assert_eq!(users, [4711, 4711]);
        house.root(&["--user", "no-such-user-anywhere", "ls"]).failed(2);
    });
}

/// The modes decide. A user sees with `--user` what a stranger may read, and is told what it may not.
#[test]
fn a_user_sees_what_the_modes_let_it() {
    if !is_root("running the command as another user") {
        return;
    }
    watched(|| {
        let house = House::new();
        let own = house.as_user(4713, &["ls"]);
        assert!(
            own.status == 0 && own.out.contains("theirs: region `theirs` belongs to user 4711")
        );
        assert!(own.out.contains("--user 4711"), "it says how to look: {own:?}");
        let theirs = house.as_user(4713, &["--user", "4711", "ls"]);
        assert!(theirs.status == 0 && names(&theirs.out).contains(&"theirs"), "{theirs:?}");
        let refused = theirs.out.contains("secret: ") && theirs.out.contains("ermission denied");
        assert!(refused, "{theirs:?}");
        assert!(!theirs.out.contains("mine") && !theirs.out.contains("other"), "{theirs:?}");
        let got = house.as_user(4713, &["--user", "4711", "get", "theirs", "count"]);
        assert_eq!((got.status, &*got.out), (0, "7\n"), "{got:?}");
        let refused = house.as_user(4713, &["--user", "4711", "get", "secret", "count"]);
        assert!(refused.status == 6 && refused.err.contains("run it as"), "{refused:?}");
        let doctor = house.as_user(4713, &["--user", "4711", "doctor", "secret"]);
        assert!(doctor.status == 0 && doctor.out.starts_with("note"), "{doctor:?}");
        let top = house.as_user(4713, &["--user", "4711", "top", "count", "-i", "0.001", "--json"]);
        assert!(top.out.contains("\"path\":\"count\""), "{top:?}");
    });
}

/// To look is no licence to change, not for root either.
#[test]
fn nothing_of_another_user_is_changed() {
    if !is_root("refusing to change another user's regions") {
        return;
    }
    watched(|| {
        let house = House::new();
        let file = house.0.path().join("value.npz");
        let file = file.to_str().unwrap();
        house.root(&["--user", "4711", "export", "theirs", file]).done();
        for arguments in [
            &["set", "theirs", "count", "9"][..],
            &["import", "theirs", file],
            &["migrate", file, "theirs"],
            &["create", "new", "--from", file],
            &["rm", "--yes", "theirs"],
            &["clean", "--yes"],
        ] {
            let said = house.root(&[&["--user", "4711"], arguments].concat()).failed(2);
            assert!(said.contains(&format!("sudo -u '#4711' shma {}", arguments[0])), "{said}");
        }
        assert_eq!(house.root(&["--user", "4711", "get", "theirs", "count"]).done(), "7\n");
        assert_eq!(house.root(&["ls"]).done().lines().count(), 5);
        house.root(&["--user", "4711", "clean", "--dry-run"]).done();
        house.root(&["--user", "4711", "migrate", "--dry-run", "theirs", "theirs"]).done();
    });
}

/// What a dead region needs is told to root as a command that root can run.
#[test]
fn advice_about_another_users_region_is_for_that_user() {
    if !is_root("a dead region of another user") {
        return;
    }
    watched(|| {
        let name = Name::new("theirs");
        let board = Board::create(&name, &Board::with(1)).unwrap();
        let dead = fs::read(name.path()).unwrap();
        drop(board);
        fs::write(name.path(), dead).unwrap();
        fs::set_permissions(name.path(), fs::Permissions::from_mode(0o600)).unwrap();
        chown(name.path(), Some(THEM), None).unwrap();
        let mut doctor = command(&["doctor", &name]);
        let said = String::from_utf8(doctor.output().unwrap().stdout).unwrap();
        assert!(said.contains("`sudo -u '#4711' shma clean`"), "{said}");
    });
}
