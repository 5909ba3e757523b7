//! Files for numpy, and files of numpy.

use std::path::Path;
use std::process::Command;

use shma_core::ShmState;
use shma_core::inspect::View;
use shma_tests::region::Name;
use shma_tests::skip::skip;
use shma_tests::watchdog::watched;
use tempfile::tempdir;

use crate::owner::{Lab, filled};
use crate::shma::shma;

/// Runs a script with numpy, if there is any.
pub fn python(script: &str, file: &Path) -> Option<String> {
    let ran = Command::new("python3").args(["-c", "import numpy"]).output();
    if !ran.as_ref().is_ok_and(|ran| ran.status.success()) {
        skip("there is no python3 with numpy");
        return None;
    }
    let script = format!("import sys\nimport numpy as np\nfile = sys.argv[1]\n{script}");
    let ran = Command::new("python3").args(["-c", &script]).arg(file).output().unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    Some(String::from_utf8(ran.stdout).unwrap())
}

const PRINT: &str = "
a = np.load(file)
for name in a.files:
    part = lambda x: {n: x[n].tolist() for n in x.dtype.names} if x.dtype.names else x.tolist()
    print(name, a[name].dtype, a[name].shape, part(a[name]))
";

const EXPECTED: &str = "\
grid float32 (3, 4) [[-2.0, -1.5, -1.0, -0.5], [0.0, 0.5, 1.0, 1.5], [2.0, 2.5, 3.0, 3.5]]
series float64 (5,) [0.1, -2.5, 1e+300, nan, -inf]
step uint64 () 41
poses [('at', '<f8', (2,)), ('id', '<u4'), ('flags', 'u1', (4,))] (2,) \
{'at': [[0.0, 0.0], [1.5, -2.25]], 'id': [0, 7], 'flags': [[0, 0, 0, 0], [1, 0, 255, 4]]}
hits uint32 (4,) [0, 1, 2, 4294967295]
halves float16 (3,) [0.5, -1.25, 65504.0]
brains |V2 (2,) [b'\\x80?', b'@\\xc0']
waves complex64 (2,) [(1-2j), 0.5j]
wide |V16 () b'\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x80'
";

#[test]
fn numpy_loads_what_is_exported() {
    watched(|| {
        let name = Name::new("numpy");
        let _lab = Lab::create(&name, &filled()).unwrap();
        let folder = tempdir().unwrap();
        let file = folder.path().join("lab.npz");
        let said = shma(&["export", &name, file.to_str().unwrap()]).done();
        assert!(said.starts_with("9 arrays to"), "{said}");
        let entries: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
        assert_eq!(entries.len(), 1, "something unfinished was left");
        if let Some(printed) = python(PRINT, &file) {
            // On a machine of the other byte order the types of a struct print otherwise.
            assert_eq!(printed, EXPECTED);
        }
        let part = folder.path().join("part.npy");
        shma(&["get", &name, "grid[1:, ::-2]", "--npy", part.to_str().unwrap()]).done();
        let script = "a = np.load(file)\nprint(a.dtype, a.tolist())";
        if let Some(printed) = python(script, &part) {
            assert_eq!(printed, "float32 [[1.5, 0.5], [3.5, 2.5]]\n");
        }
    });
}

/// Out, and in again elsewhere.
#[test]
fn an_import_keeps_every_value() {
    watched(|| {
        let (from, to) = (Name::new("from"), Name::new("to"));
        let _from = Lab::create(&from, &filled()).unwrap();
        let lab = Lab::create(&to, &Lab::zeroed()).unwrap();
        let folder = tempdir().unwrap();
        let file = folder.path().join("lab.npz");
        let file = file.to_str().unwrap();
        shma(&["export", &from, file, "--by-field"]).done();
        let imported = shma(&["import", &to, file, "--json"]).json();
        assert_eq!(imported["arrays"].as_array().unwrap().len(), Lab::MANIFEST.fields.len());
        let (seen, expected) = (lab.snapshot(), filled());
        assert_eq!(format!("{seen:?}"), format!("{expected:?}"));
        assert_eq!(u64::from(lab.grid.version()), 2, "one publication");
        shma(&["import", "no-such-region-anywhere", file]).failed(3);
        shma(&["import", &to, "/no/such/file.npz"]).failed(3);
        std::fs::write(file, "no archive").unwrap();
        shma(&["import", &to, file]).failed(4);
    });
}

/// Other types, other shapes. What is no loss is taken: compression, and another order of bytes or
/// dimensions.
#[test]
fn an_array_that_does_not_fit_is_refused() {
    watched(|| {
        let name = Name::new("misfit");
        let lab = Lab::create(&name, &filled()).unwrap();
        let folder = tempdir().unwrap();
        let file = folder.path().join("arrays.npz");
        let path = file.to_str().unwrap();
        for (arrays, because) in [
            ("grid=np.ones((3, 4))", "consists of '<f8'"),
            ("grid=np.ones((4, 3), np.float32)", "has the shape (4, 3)"),
            ("grid=np.array([['a']])", "consists of '<U1'"),
            ("grid=np.array([[{}]])", "holds Python objects"),
            ("step=np.uint64(1), other=np.ones(3)", "no field in region"),
            ("step=np.uint64(1), poses=np.zeros(2, 'f8,u4')", "array `poses` consists of"),
        ] {
            let save = format!("np.savez(file, {arrays})");
            if python(&save, &file).is_none() {
                return;
            }
            let said = shma(&["import", &name, path]).failed(4);
            assert!(said.contains(because), "{said}");
            assert_eq!(lab.step.read(), 41, "something was written all the same");
        }
        for (step, grid) in [
            (50, "np.arange(12, dtype='<f4').reshape(3, 4)"),
            (51, "np.arange(12, dtype='>f4').reshape(3, 4)"),
            (52, "np.asfortranarray(np.arange(12, dtype='f4').reshape(3, 4))"),
            (53, "np.asfortranarray(np.arange(12, dtype='>f4').reshape(3, 4))"),
        ] {
            lab.grid.write(&[[-1.0; 4]; 3]);
            let save = format!("np.savez_compressed(file, grid={grid}, step=np.uint64({step}))");
            python(&save, &file).unwrap();
            let said = shma(&["import", &name, path]).done();
            assert_eq!(said, format!("2 arrays to region {}\n", &*name));
            let counted = [[0.0, 1.0, 2.0, 3.0], [4.0, 5.0, 6.0, 7.0], [8.0, 9.0, 10.0, 11.0]];
            assert_eq!((lab.grid.read(), lab.step.read()), (counted, step), "{grid}");
        }
    });
}

/// A process holds one of the semaphores: nothing is written, also not what is declared before.
#[test]
fn an_import_that_ends_waiting_writes_nothing() {
    watched(|| {
        let name = Name::new("kept");
        let mut owner = crate::owner::Owner::create(&name);
        let folder = tempdir().unwrap();
        let file = folder.path().join("lab.npz");
        let file = file.to_str().unwrap();
        shma(&["export", &name, file]).done();
        let view = View::open(&name).unwrap();
        let versions = || view.fields().map(|field| field.version().into()).collect::<Vec<u64>>();
        let before = versions();
        owner.hold();
        let said = shma(&["import", &name, file, "--timeout", "0.05"]).failed(5);
        assert!(said.contains(&format!("process {}", owner.pid())), "{said}");
        assert_eq!(versions(), before);
        owner.kill();
        shma(&["import", &name, file]).done();
        assert!(name.exists(), "an import into a dead region has removed it");
    });
}

/// What `get --npy` has written goes back, by the file's name or by `--field`.
#[test]
fn a_bare_array_is_imported() {
    watched(|| {
        let (from, to) = (Name::new("bare-from"), Name::new("bare-to"));
        let _from = Lab::create(&from, &filled()).unwrap();
        let lab = Lab::create(&to, &Lab::zeroed()).unwrap();
        let folder = tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        for (field, file) in [("grid", "grid.npy"), ("poses", "poses.npy"), ("wide", "w.bin")] {
            shma(&["get", &from, field, "--npy", &path(file)]).done();
        }
        shma(&["import", &to, &path("grid.npy")]).done();
        shma(&["import", &to, &path("poses.npy")]).done();
        let said = shma(&["import", &to, &path("w.bin")]).failed(2);
        assert!(said.contains("--field"), "{said}");
        shma(&["import", &to, &path("w.bin"), "--field", "wide"]).done();
        shma(&["import", &to, &path("w.bin"), "--field", "no-such-field"]).failed(3);
        shma(&["import", &to, &path("w.bin"), "--field", "grid"]).failed(4);
        let wanted = filled();
        assert_eq!(lab.grid.read(), wanted.grid);
        assert_eq!((lab.poses.read(), lab.wide.read()), (wanted.poses, wanted.wide));
        let mut long = std::fs::read(path("w.bin")).unwrap();
        long.push(0);
        std::fs::write(path("w.bin"), long).unwrap();
        shma(&["import", &to, &path("w.bin"), "--field", "wide"]).failed(4);
        let said = shma(&["export", &from, &path("all.npy")]).failed(2);
        assert!(said.contains("get"), "{said}");
    });
}

/// A pipe between two commands is the shortest way from region to region.
#[test]
fn arrays_go_through_a_pipe() {
    watched(|| {
        let (from, to) = (Name::new("pipe-from"), Name::new("pipe-to"));
        let _from = Lab::create(&from, &filled()).unwrap();
        let lab = Lab::create(&to, &Lab::zeroed()).unwrap();
        let script = "set -e; \"$0\" get $1 step --npy - | \"$0\" import $2 - --field step; \
                      \"$0\" export $1 - | \"$0\" import $2 -; \
                      \"$0\" export $1 - | \"$0\" import $2 /dev/stdin";
        let mut sh = Command::new("sh");
        sh.args(["-c", script, env!("CARGO_BIN_EXE_shma"), &from, &to]);
        let ran = sh.output().unwrap();
        let (out, err) = (String::from_utf8(ran.stdout).unwrap(), String::from_utf8(ran.stderr));
        assert_eq!(err.unwrap(), "");
        let line = |count| format!("{count} arrays to region {}\n", &*to);
        assert_eq!(out, [line(1), line(9), line(9)].concat());
        assert_eq!(format!("{:?}", lab.snapshot()), format!("{:?}", filled()));
        shma(&["export", &from, "-", "--json"]).failed(2);
    });
}
