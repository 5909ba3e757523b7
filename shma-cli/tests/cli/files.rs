//! Files that the command writes, whatever has the name already.

use std::fs::{self, File};
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, chown, symlink};
use std::os::unix::net::UnixListener;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::fs::{CWD, FileType, FlockOperation, Mode};
use shma_core::{Shm, ShmState};
use shma_tests::region::Name;
use shma_tests::skip::{is_root, skip};
use shma_tests::watchdog::watched;
use tempfile::{TempDir, tempdir};

use crate::owner::{Lab, filled};
use crate::shma::{Ran, shma};

/// A region, and a directory for files.
struct Folder {
    name: Name,
    _lab: Shm<Lab>,
    folder: TempDir,
}

impl Folder {
    fn new(name: &str) -> Self {
        let name = Name::new(name);
        let lab = Lab::create(&name, &filled()).unwrap();
        Self { name, _lab: lab, folder: tempdir().unwrap() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Both commands that write files.
    fn write(&self, to: &Path) -> [Ran; 2] {
        let to = to.to_str().unwrap();
        [shma(&["get", &self.name, "grid", "--npy", to]), shma(&["export", &self.name, to])]
    }

    /// The names in the directory.
    fn names(&self) -> Vec<String> {
        names(self.folder.path())
    }
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[track_caller]
fn is_archive(path: &Path) {
    assert!(fs::read(path).unwrap().starts_with(b"PK"), "{}", path.display());
}

/// A link is followed to the file that it leads to.
#[test]
fn a_link_stays_and_its_target_is_replaced() {
    watched(|| {
        let folder = Folder::new("links");
        fs::create_dir(folder.path("elsewhere")).unwrap();
        let target = folder.path("elsewhere/target");
        symlink("elsewhere/target", folder.path("relative")).unwrap();
        symlink(&target, folder.path("absolute")).unwrap();
        symlink("absolute", folder.path("chain")).unwrap();
        symlink("../relative", folder.path("elsewhere/up")).unwrap();
        for link in ["relative", "absolute", "chain", "elsewhere/up"] {
            for is_there in [true, false] {
                let _ = fs::remove_file(&target);
                if is_there {
                    fs::write(&target, "old").unwrap();
                }
                for ran in folder.write(&folder.path(link)) {
                    assert_eq!(ran.status, 0, "{link}: {ran:?}");
                }
                assert!(folder.path(link).is_symlink(), "{link} was replaced");
                is_archive(&target);
                assert_eq!(names(&folder.path("elsewhere")), ["target", "up"]);
            }
        }
        symlink("loop", folder.path("loop")).unwrap();
        symlink("no/such/folder", folder.path("nowhere")).unwrap();
        for (link, status) in [("loop", 6), ("nowhere", 3)] {
            for ran in folder.write(&folder.path(link)) {
                assert!(ran.failed(status).contains(link));
            }
            assert!(folder.path(link).is_symlink());
        }
    });
}

/// Who reads at the other end of a FIFO waits for what is written into it.
#[test]
fn a_fifo_is_written_into() {
    watched(|| {
        let folder = Folder::new("fifo");
        let (fifo, link) = (folder.path("fifo"), folder.path("link"));
        rustix::fs::mknodat(CWD, &fifo, FileType::Fifo, Mode::from_raw_mode(0o600), 0).unwrap();
        symlink("fifo", &link).unwrap();
        for path in [&fifo, &link] {
            let reader = fifo.clone();
            let read = std::thread::spawn(move || fs::read(reader).unwrap());
            let said = shma(&["export", &folder.name, path.to_str().unwrap()]).done();
            assert!(said.starts_with("9 arrays"), "{said}");
            assert!(fs::symlink_metadata(&fifo).unwrap().file_type().is_fifo());
            let archive = folder.path("read.npz");
            fs::write(&archive, read.join().unwrap()).unwrap();
            shma(&["import", &folder.name, archive.to_str().unwrap()]).done();
        }
    });
}

/// Nodes of their own for the devices `null` and `full`, so that a fault harms no real one.
#[test]
fn a_device_is_written_into() {
    watched(|| {
        if !is_root("making device nodes") {
            return;
        }
        let folder = Folder::new("devices");
        for (device, minor, status) in [("null", 3, 0), ("full", 7, 6)] {
            let node = folder.path(device);
            let number = rustix::fs::makedev(1, minor);
            let mode = Mode::from_raw_mode(0o600);
            let made = rustix::fs::mknodat(CWD, &node, FileType::CharacterDevice, mode, number);
            if made.is_err() || File::options().write(true).open(&node).is_err() {
                skip("device nodes cannot be made and opened here");
                return;
            }
            for ran in folder.write(&node) {
                assert_eq!(ran.status, status, "{ran:?}");
                let says_why = status == 0 || ran.err.contains("No space left");
                assert!(says_why, "{ran:?}");
            }
            let kind = fs::symlink_metadata(&node).unwrap().file_type();
            assert!(kind.is_char_device(), "{device} is {kind:?}");
        }
        assert_eq!(folder.names(), ["full", "null"]);
    });
}

#[test]
fn what_is_no_place_for_data_is_refused_by_its_kind() {
    watched(|| {
        let folder = Folder::new("kinds");
        fs::create_dir(folder.path("folder")).unwrap();
        let _socket = UnixListener::bind(folder.path("socket")).unwrap();
        symlink("folder", folder.path("to-folder")).unwrap();
        let before = folder.names();
        for (name, kind) in [
            ("folder", "directory"),
            ("folder/", "directory"),
            ("to-folder", "directory"),
            ("new/", "directory"),
            ("folder/..", "directory"),
            ("socket", "socket"),
        ] {
            for ran in folder.write(&folder.path(name)) {
                let said = ran.failed(4);
                assert!(said.contains(kind) && said.contains(name), "{said}");
            }
        }
        // For `--npy ""` the parser of the command line has a message.
        assert!(shma(&["export", &folder.name, ""]).status != 0);
        for ran in folder.write(&folder.path("no/such/folder/file")) {
            ran.failed(3);
        }
        for ran in folder.write(&folder.path("socket/file")) {
            ran.failed(6);
        }
        assert_eq!(folder.names(), before);
        assert!(fs::symlink_metadata(folder.path("socket")).unwrap().file_type().is_socket());
    });
}

/// A descriptor that the shell has opened goes on where it stands, and other programs write
/// behind it.
#[test]
fn a_descriptor_is_written_into_at_its_position() {
    watched(|| {
        let folder = Folder::new("descriptors");
        shma(&["get", &folder.name, "grid", "--npy", folder.path("part").to_str().unwrap()]).done();
        let part = fs::read(folder.path("part")).unwrap();
        let wanted = [b"before", &part[..], b"after"].concat();
        for (name, number) in [
            ("-", 1),
            ("/dev/stdout", 1),
            ("/dev/fd/1", 1),
            ("/proc/self/fd/7", 7),
            ("/dev/stderr", 2),
        ] {
            let script = format!(
                "exec {number}> \"$3\"; printf before >&{number}; \
                 \"$0\" get \"$1\" grid --npy \"$2\"; printf after >&{number}"
            );
            let mut sh = Command::new("sh");
            sh.args(["-c", &script, env!("CARGO_BIN_EXE_shma"), &folder.name, name]);
            sh.arg(folder.path("all"));
            let ran = sh.output().unwrap();
            let all = fs::read(folder.path("all")).unwrap();
            assert_eq!(all, wanted, "{name}: {}", String::from_utf8_lossy(&ran.stderr));
        }
        let ran = Command::new("sh")
            .args(["-c", "\"$0\" get \"$1\" grid --npy /dev/fd/0 < /dev/null"])
            .args([env!("CARGO_BIN_EXE_shma"), &folder.name])
            .output()
            .unwrap();
        assert_eq!(ran.status.code(), Some(6));
        assert!(String::from_utf8_lossy(&ran.stderr).contains("reading only"));
    });
}

/// A message behind the last byte of an archive makes it one that `import` refuses, whichever name of
/// standard output the data went to.
#[test]
fn standard_output_holds_the_archive_alone() {
    watched(|| {
        let folder = Folder::new("alone");
        let all = folder.path("all");
        for name in ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"] {
            for script in [
                "\"$0\" export \"$1\" \"$2\" > \"$3\"",
                "\"$0\" export \"$1\" \"$2\" | cat > \"$3\"",
            ] {
                let mut sh = Command::new("sh");
                sh.args(["-c", script, env!("CARGO_BIN_EXE_shma"), &folder.name, name]);
                assert!(sh.arg(&all).status().unwrap().success());
                shma(&["import", &folder.name, all.to_str().unwrap()]).done();
            }
            let mut json = Command::new("sh");
            json.args(["-c", "\"$0\" --json export \"$1\" \"$2\" > \"$3\""]);
            json.args([env!("CARGO_BIN_EXE_shma"), &folder.name, name]);
            assert_eq!(json.arg(&all).status().unwrap().code(), Some(2), "{name}");
        }
    });
}

#[test]
fn a_replaced_file_keeps_its_mode_and_owner() {
    watched(|| {
        let folder = Folder::new("modes");
        let file = folder.path("file");
        for mode in [0o600, 0o640, 0o444, 0o777] {
            fs::write(&file, "old").unwrap();
            fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
            let ours = (rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw());
            let owner = if ours.0 == 0 { (12345, 54321) } else { ours };
            chown(&file, Some(owner.0), Some(owner.1)).unwrap();
            if mode == 0o444 && ours.0 != 0 {
                // A file that its owner has protected stays.
                for ran in folder.write(&file) {
                    ran.failed(6);
                }
                assert_eq!(fs::read(&file).unwrap(), b"old");
                fs::remove_file(&file).unwrap();
                continue;
            }
            for ran in folder.write(&file) {
                assert_eq!(ran.status, 0, "{ran:?}");
                let now = fs::metadata(&file).unwrap();
                assert_eq!((now.mode() & 0o7777, (now.uid(), now.gid())), (mode, owner));
            }
            is_archive(&file);
            fs::remove_file(&file).unwrap();
        }
        // A new file has what the user's mask leaves.
        let mut sh = Command::new("sh");
        sh.args(["-c", "umask 027; \"$0\" export \"$1\" \"$2\"", env!("CARGO_BIN_EXE_shma")]);
        assert!(sh.arg(&*folder.name).arg(&file).output().unwrap().status.success());
        assert_eq!(fs::metadata(&file).unwrap().mode() & 0o7777, 0o640);
    });
}

/// Another name of a file that is replaced still leads to the old one; the user is told.
#[test]
fn another_name_keeps_the_old_file() {
    watched(|| {
        let folder = Folder::new("names");
        let (file, other) = (folder.path("file"), folder.path("other"));
        fs::write(&file, "old").unwrap();
        fs::hard_link(&file, &other).unwrap();
        let ran = shma(&["export", &folder.name, file.to_str().unwrap()]);
        assert_eq!(ran.status, 0);
        assert!(ran.err.contains("other names"), "{ran:?}");
        is_archive(&file);
        assert_eq!(fs::read(other).unwrap(), b"old");
    });
}

/// A process that is ended while it writes leaves the old file, and nothing else.
#[test]
fn a_killed_export_leaves_the_old_file_alone() {
    watched(|| {
        let folder = Folder::new("killed");
        let file = folder.path("lab.npz");
        fs::write(&file, "old").unwrap();
        // The kernel ends the process by a signal in the call that would make the file longer.
        let mut sh = Command::new("sh");
        sh.args(["-c", "ulimit -c 0; ulimit -f 1; exec \"$0\" export \"$1\" \"$2\""]);
        sh.args([env!("CARGO_BIN_EXE_shma"), &folder.name]).arg(&file);
        let ran = sh.output().unwrap();
        let ended = ran.status.signal().is_some() || ran.status.code() == Some(6);
        assert!(ended, "{ran:?}");
        assert_eq!(fs::read(&file).unwrap(), b"old");
        assert_eq!(folder.names(), ["lab.npz"]);
    });
}

/// The next process removes what a killed one left where a file has to have a name. What a living
/// process writes stays, and so does everything that looks alike.
#[test]
fn an_unfinished_file_of_the_dead_is_swept() {
    watched(|| {
        let folder = Folder::new("sweep");
        let path = |name: &str| folder.path(&format!(".shma-unfinished.{name}"));
        for name in ["1.0", "4194305.12"] {
            fs::write(path(name), "half").unwrap();
        }
        fs::write(path("2.0"), "half").unwrap();
        let living = File::open(path("2.0")).unwrap();
        rustix::fs::flock(&living, FlockOperation::NonBlockingLockExclusive).unwrap();
        symlink("nowhere", path("3.0")).unwrap();
        fs::create_dir(path("4.0")).unwrap();
        fs::write(folder.path("shma-unfinished.5.0"), "the user's").unwrap();
        shma(&["export", &folder.name, folder.path("lab.npz").to_str().unwrap()]).done();
        let stay = [2, 3, 4].map(|number| format!(".shma-unfinished.{number}.0"));
        let [two, three, four] = stay.each_ref().map(String::as_str);
        assert_eq!(folder.names(), [two, three, four, "lab.npz", "shma-unfinished.5.0"]);
        // By hand: a process that another test is starting has the descriptor too, until it runs its program.
        rustix::fs::flock(&living, FlockOperation::Unlock).unwrap();
        shma(&["get", &folder.name, "grid", "--npy", folder.path("grid.npy").to_str().unwrap()])
            .done();
        assert!(!path("2.0").exists());
    });
}

/// A full disk, which only a mount namespace of its own can show.
#[test]
fn a_full_disk_leaves_the_old_file_alone() {
    watched(|| {
        let folder = Folder::new("full");
        let disk = folder.path("disk");
        fs::create_dir(&disk).unwrap();
        let script = "mount -t tmpfs -o size=8k none \"$2\" 2> /dev/null || exit 77; cd \"$2\"; \
                      printf old > lab.npz; head -c 4096 /dev/zero > filler; \
                      \"$0\" export \"$1\" lab.npz; echo \"$?\"; \
                      \"$0\" export \"$1\" new.npz; echo \"$?\"; cat lab.npz; echo; ls -A";
        let mut unshare = Command::new("unshare");
        unshare.args(["-m", "sh", "-c", script, env!("CARGO_BIN_EXE_shma"), &folder.name]);
        let ran = unshare.arg(&disk).output();
        let Some(ran) = ran.ok().filter(|ran| ran.status.success()) else {
            skip("no file system can be mounted here");
            return;
        };
        let said = String::from_utf8_lossy(&ran.stderr);
        let line = |file| format!("shma: {file}: No space left on device (os error 28)\n");
        assert_eq!(said, [line("lab.npz"), line("new.npz")].concat());
        assert_eq!(String::from_utf8_lossy(&ran.stdout), "6\n6\nold\nfiller\nlab.npz\n");
    });
}
