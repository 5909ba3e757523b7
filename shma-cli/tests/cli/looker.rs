//! What the command itself lacks, descriptors or rights or a directory, is no fault of a region.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::process::Command;

use shma_core::ShmState;
use shma_tests::program;
use shma_tests::region::Name;
use shma_tests::skip::{is_root, skip};
use shma_tests::watchdog::watched;

use crate::owner::{Lab, Owner, filled};
use crate::shma::{Ran, command, shma};

fn run(command: &mut Command) -> Ran {
    let output = command.output().unwrap();
    let [out, err] = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
    Ran { status: output.status.code().unwrap(), out, err }
}

/// The command as a shell starts it that first runs this line, without what this process has inherited.
fn after(line: &str, arguments: &[&str]) -> Ran {
    let program = command(arguments);
    let mut shell = Command::new("bash");
    shell
        .args(["-c", &format!("exec 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-; {line}; exec \"$@\""), "-"])
        .arg(program.get_program());
    run(shell.args(program.get_args()))
}

/// It said of living regions that no program used them, and to remove them with rm.
#[test]
fn a_shortage_of_descriptors_hides_no_region() {
    watched(|| {
        let names: Vec<Name> = (0..30).map(|_| Name::new("many")).collect();
        let labs = names.iter().map(|name| Lab::create(name, &filled()).unwrap());
        let _labs: Vec<_> = labs.collect();
        // Four are what the loader and the program's start take.
        for limit in [4, 8, 20] {
            let line = format!("ulimit -n {limit}");
            let ls = after(&line, &["ls"]).done();
            let top = after(&line, &["top", "-i", "0.001"]).done();
            let metrics = after(&line, &["metrics"]).done();
            let doctor = after(&line, &["doctor"]);
            for name in &names {
                for table in [&ls, &top] {
                    let row = table.lines().find(|line| line.starts_with(&**name));
                    assert!(row.is_some_and(|row| row.ends_with("alive")), "{limit}: {table}");
                }
                assert!(metrics.contains(&format!("shma_region_dead{{region=\"{}\"", &**name)));
                assert!(!doctor.out.contains(&**name), "{limit}: {}", doctor.out);
            }
        }
    });
}

/// A copy of the command that any user may start.
struct Copy(tempfile::TempDir);

impl Copy {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        program::copy(env!("CARGO_BIN_EXE_shma"), folder.path().join("shma"));
        Self(folder)
    }

    fn as_user(&self, user: u32, arguments: &[&str]) -> Ran {
        let mut command = Command::new(self.0.path().join("shma"));
        run(command.args(arguments).uid(user).gid(user).current_dir("/"))
    }
}

/// A region that this user may not look at is not broken, and not to be removed.
#[test]
fn another_users_region_is_no_problem() {
    if !is_root("running the command as another user") {
        return;
    }
    watched(|| {
        let copy = Copy::new();
        for mode in [0o600, 0o644] {
            let name = Name::new("rights");
            let _lab = Lab::options().mode(mode).create(&name, &filled()).unwrap();
            std::os::unix::fs::chown(name.path(), Some(4712), None).unwrap();
            let doctor = copy.as_user(4711, &["doctor", &name]);
            assert_eq!(doctor.status, 0, "{doctor:?}");
            assert!(doctor.out.starts_with("note") && !doctor.out.contains("rm"), "{doctor:?}");
            let info = copy.as_user(4711, &["info", &name]);
            assert!(info.status == 4 || info.status == 6, "{info:?}");
            // It names what the command has, and not what the library has.
            assert!(
                !info.err.contains("allow_owner") && info.err.contains("run it as"),
                "{info:?}"
            );
            let ls = copy.as_user(4711, &["ls"]);
            assert!(ls.status == 0 && ls.out.contains(&*name), "{ls:?}");
            let metrics = copy.as_user(4711, &["metrics"]);
            assert!(metrics.status == 0 && !metrics.out.contains("shma_unseen_regions 0"));
        }
    });
}

/// Root looks at any user's region, and changes none.
#[test]
fn root_looks_at_another_users_region() {
    if !is_root("looking at another user's region") {
        return;
    }
    watched(|| {
        let name = Name::new("user");
        let lab = Lab::create(&name, &filled()).unwrap();
        std::os::unix::fs::chown(name.path(), Some(4711), None).unwrap();
        assert!(shma(&["info", &name]).done().contains("of user 4711"));
        assert_eq!(shma(&["get", &name, "step"]).done(), "41\n");
        assert_eq!(shma(&["doctor", &name]).done(), "nothing is wrong\n");
        shma(&["watch", &name, "-i", "0.001"]).done();
        let refused = shma(&["rm", "--yes", &name]).failed(4);
        assert!(refused.contains("belongs to user 4711") && refused.contains("sudo -u '#4711'"));
        assert!(!refused.contains("allow_owner") && name.exists());
        drop(lab);
    });
}

/// Some sandboxes have none. It said that a region `*` could not be read.
#[test]
fn a_missing_directory_is_named() {
    let namespace = ["-rm", "sh", "-c", "mount -t tmpfs none /dev && exec \"$@\"", "-"];
    if !Command::new("unshare").args(namespace).arg("true").status().is_ok_and(|ran| ran.success())
    {
        return skip("no namespaces can be made here");
    }
    for arguments in
        [&["ls"][..], &["top"], &["metrics"], &["doctor"], &["clean"], &["info", "x"], &["rm", "x"]]
    {
        let mut unshare = Command::new("unshare");
        let ran = run(unshare.args(namespace).arg(env!("CARGO_BIN_EXE_shma")).args(arguments));
        let said = format!("{}{}", ran.out, ran.err);
        assert!(ran.status != 0 && !said.contains('*'), "{arguments:?}: {said}");
        assert!(said.contains("mount -t tmpfs tmpfs /dev/shm"), "it says what to do: {said}");
    }
}

/// It said that all its processes were killed, of a program that had ended by itself.
#[test]
fn an_end_without_a_drop_is_no_murder() {
    watched(|| {
        let name = Name::new("exited");
        Owner::create(&name).exit();
        let doctor = shma(&["doctor", &name]);
        assert_eq!(doctor.status, 1);
        assert!(doctor.out.contains("no process is attached"), "{doctor:?}");
        assert!(doctor.out.contains("it holds 13.1 KiB"), "{doctor:?}");
        assert!(!doctor.out.contains("were killed"), "{doctor:?}");
        let metrics = shma(&["metrics"]).done();
        assert!(!metrics.contains("were killed"), "{metrics}");
        shma(&["clean", "--yes", &name]).done();
        assert!(!name.exists());
    });
}

/// It told an operator to create the region that was to be removed.
#[test]
fn an_operator_is_told_what_an_operator_can_do() {
    watched(|| {
        for arguments in [&["rm"][..], &["info"], &["watch"], &["export"], &["header"]] {
            let file: &[&str] = if arguments == ["export"] { &["/tmp/never.npz"] } else { &[] };
            let failure = shma(&[arguments, &["no-such-region-anywhere"], file].concat()).failed(3);
            assert!(failure.contains("`shma ls`"), "{arguments:?}: {failure}");
            assert!(!failure.contains("create it first"), "{arguments:?}: {failure}");
        }
    });
}
