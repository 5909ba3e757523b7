//! Checkpoints: what is saved is loaded, and what cannot be saved leaves the old file alone.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use shma_core::inspect::{Checkpoint, Tensor};
use shma_core::untyped::{self, Declaration};
use shma_core::{Error, ShmElement, ShmState};
use shma_tests::child;
use shma_tests::place::Place;
use shma_tests::python::python;
use shma_tests::region::Name;
use shma_tests::states::{Board, the_one};
use shma_tests::watchdog::watched;

const TARGET: &str = env!("CARGO_TARGET_TMPDIR");

#[derive(Debug, Clone, Copy, PartialEq, ShmElement)]
#[repr(C)]
struct Pose {
    x: f64,
    y: f64,
    near: [u32; 2],
}

/// A field of each kind. The names and the order are those of no format.
#[derive(Debug, ShmState)]
struct Every {
    bytes: [u8; 3],
    small: [[i8; 2]; 2],
    #[shm(slots = 2)]
    medium: u16,
    short: i16,
    #[shm(name = "layers.0.weight")]
    weight: [[f32; 3]; 2],
    #[shm(timed)]
    wide: f64,
    half: half::f16,
    brain: [half::bf16; 2],
    count: u32,
    signed: i32,
    long: u64,
    longer: i64,
    huge: [u128; 2],
    deep: i128,
    complex: num_complex::Complex<f32>,
    double: [num_complex::Complex<f64>; 2],
    poses: [[Pose; 2]; 1],
    #[shm(atomic)]
    hits: [u64; 4],
}

fn every() -> Box<Every> {
    let mut every = Every::zeroed();
    every.bytes = [1, 2, 255];
    every.small = [[-1, 2], [-3, 4]];
    (every.medium, every.short) = (65535, -2);
    every.weight = [[0.5, -0.0, f32::NAN], [1.0, f32::INFINITY, 3.0]];
    every.wide = std::f64::consts::PI;
    every.half = half::f16::from_f32(0.25);
    every.brain = [half::bf16::from_f32(-2.0), half::bf16::from_f32(4.0)];
    (every.count, every.signed) = (7, -7);
    (every.long, every.longer) = (u64::MAX, i64::MIN);
    (every.huge, every.deep) = ([u128::MAX - 1, 3], -5);
    every.complex = num_complex::Complex::new(1.5, -2.5);
    every.double = [num_complex::Complex::new(0.1, 0.2), num_complex::Complex::new(0.3, 0.4)];
    every.poses = [[Pose { x: 1.0, y: 2.0, near: [3, 4] }, Pose { x: 5.0, y: 6.0, near: [7, 8] }]];
    every.hits = [1, 2, 3, u64::MAX];
    every
}

fn bytes(every: &Every) -> Vec<Vec<u8>> {
    use shma_core::bytemuck::bytes_of;
    vec![
        bytes_of(&every.bytes).to_vec(),
        bytes_of(&every.small).to_vec(),
        bytes_of(&(every.medium)).to_vec(),
        bytes_of(&(every.short)).to_vec(),
        bytes_of(&every.weight).to_vec(),
        bytes_of(&every.wide).to_vec(),
        bytes_of(&every.half).to_vec(),
        bytes_of(&every.brain).to_vec(),
        bytes_of(&every.count).to_vec(),
        bytes_of(&every.signed).to_vec(),
        bytes_of(&every.long).to_vec(),
        bytes_of(&every.longer).to_vec(),
        bytes_of(&every.huge).to_vec(),
        bytes_of(&every.deep).to_vec(),
        bytes_of(&every.complex).to_vec(),
        bytes_of(&every.double).to_vec(),
        bytes_of(&every.poses).to_vec(),
        bytes_of(&every.hits).to_vec(),
    ]
}

/// Removes what a story has left, for the place to be empty.
fn clear(place: &Place) {
    for file in place.files() {
        fs::remove_file(place.path().join(file)).unwrap();
    }
}

fn place() -> Place {
    Place::below(Path::new(TARGET))
}

#[test]
fn every_kind_of_field_is_loaded_as_it_was_saved() {
    let (place, name) = (place(), Name::new("every"));
    let file = place.path().join("every.safetensors");
    let init = every();
    let state = Every::options().note("run", "7").create(&name, &init).unwrap();
    state.wide.write(&init.wide);
    state.wide.write(&init.wide);
    state.hits.fetch_add(0, 1);
    state.hits.fetch_sub(0, 1);
    state.checkpoint(&file).unwrap();
    assert_eq!(bytes(&Every::load(&file).unwrap()), bytes(&init));
    assert_eq!(place.files(), ["every.safetensors"]);

    // By a handle that may only read, into a path without a folder part before the name.
    Every::open_read_only(&name).unwrap().checkpoint(place.path().join("two")).unwrap();
    assert_eq!(fs::read(&file).unwrap(), fs::read(place.path().join("two")).unwrap());

    let saved = Checkpoint::open(&file).unwrap();
    let manifest = saved.manifest().expect("it is in the metadata");
    assert_eq!(manifest.get().fingerprint(), Every::FINGERPRINT);
    assert_eq!(manifest.notes().collect::<Vec<_>>(), [("run", "7")]);
    let tensor = |name: &str| {
        let Tensor { dtype, shape, version, .. } =
            saved.tensors().find(|it| it.name == name).unwrap();
        (dtype, shape.to_vec(), version)
    };
    assert_eq!(tensor("layers.0.weight"), ("F32".into(), vec![2, 3], Some(1)));
    assert_eq!(tensor("wide"), ("F64".into(), vec![], Some(3)));
    assert_eq!(tensor("half"), ("F16".into(), vec![], Some(1)));
    assert_eq!(tensor("brain"), ("BF16".into(), vec![2], Some(1)));
    assert_eq!(tensor("huge"), ("U8".into(), vec![2, 16], Some(1)));
    assert_eq!(tensor("complex"), ("U8".into(), vec![8], Some(1)));
    assert_eq!(tensor("poses"), ("U8".into(), vec![1, 2, 24], Some(1)));
    assert_eq!(tensor("hits"), ("U64".into(), vec![4], Some(3)));
    clear(&place);
}

/// The order of the fields, their slots and the like say nothing about values.
#[test]
fn attributes_may_differ_and_types_may_not() {
    mod other {
        use shma_core::ShmState;
        #[derive(Debug, ShmState)]
        #[shm(name = "Board")]
        pub struct Same {
            pub row: [u64; 1024],
            #[shm(slots = 8, timed)]
            pub later: u64,
            #[shm(atomic)]
            pub count: u64,
        }
        #[derive(Debug, ShmState)]
        #[shm(name = "Board")]
        pub struct Differs {
            pub count: u32,
            pub later: u64,
            pub row: [[u64; 512]; 2],
            pub more: f32,
        }
    }
    let (name, board) = Board::created("attributes", 7);
    let place = place();
    let file = place.path().join("board");
    board.checkpoint(&file).unwrap();
    let same = other::Same::load(&file).unwrap();
    assert_eq!((same.count, same.later, the_one(&same.row)), (7, 0, 0));

    let Err(error @ Error::CheckpointMismatch { .. }) = other::Differs::load(&file) else {
        panic!()
    };
    let text = error.to_string();
    for part in [
        file.to_str().unwrap(),
        "`Board`",
        "count: the file has u64 (8 bytes), this program u32 (4 bytes)",
        "row: the file has [u64; 1024] (8192 bytes), this program [[u64; 512]; 2] (8192 bytes)",
        "more: only this program has it, as f32 (4 bytes)",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!text.contains("later"), "{text}");
    #[derive(Debug, ShmState)]
    #[shm(name = "Bored")]
    struct Fewer {
        count: u64,
    }
    let text = Fewer::load(&file).unwrap_err().to_string();
    assert!(text.contains("declared name: the file has Board, this program Bored"), "{text}");
    assert!(text.contains("row: only the file has it, as [u64; 1024] (8192 bytes)"), "{text}");
    drop((name, board));
    clear(&place);
}

/// Without the struct the same file comes of it, and the state that it declares.
#[test]
fn a_file_declares_the_state_that_was_saved() {
    let (place, name) = (place(), Name::new("untyped"));
    let (typed, untyped) = (place.path().join("typed"), place.path().join("untyped"));
    let state = Every::create(&name, &every()).unwrap();
    state.checkpoint(&typed).unwrap();
    let same = untyped::options().open_read_only(&name, None).unwrap();
    same.checkpoint(&untyped).unwrap();
    assert!(fs::read(&typed).unwrap() == fs::read(&untyped).unwrap());

    let other = Name::new("declared");
    let declaration = Declaration::load(&untyped).unwrap();
    let _copy = untyped::options().create(&other, &declaration).unwrap();
    assert_eq!(bytes(&Every::open(&other).unwrap().read_boxed()), bytes(&every()));
    clear(&place);
}

/// A checkpoint of several fields is one instant of them, beside writers that never pause.
#[test]
fn a_checkpoint_is_one_instant() {
    watched(|| {
        let (_name, board) = Board::created("instant", 1);
        let place = place();
        let file = place.path().join("instant");
        let done = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    board.transaction(|new, old| {
                        *new.count = old.count + 1;
                        *new.later = *new.count;
                        new.row.fill(*new.count);
                    });
                }
            });
            let saved = (0..50).map(|_| {
                board.checkpoint(&file).unwrap();
                Board::load(&file).unwrap()
            });
            let saved: Vec<_> = saved.collect();
            done.store(true, Ordering::Relaxed);
            for saved in saved.iter().filter(|saved| saved.count > 1) {
                assert_eq!((saved.later, the_one(&saved.row)), (saved.count, saved.count));
            }
        });
        clear(&place);
    });
}

#[test]
fn the_formats_own_name_is_refused() {
    #[derive(Debug, ShmState)]
    struct Meta {
        before: u64,
        __metadata__: u64,
    }
    let name = Name::new("metadata");
    let state = Meta::create(&name, &Meta::zeroed()).unwrap();
    let place = place();
    let file = place.path().join("old");
    fs::write(&file, "old").unwrap();
    let Err(error @ Error::Declaration { .. }) = state.checkpoint(&file) else { panic!() };
    assert!(error.to_string().contains("`__metadata__`"), "{error}");
    assert_eq!(fs::read(&file).unwrap(), b"old");
    assert_eq!(place.files(), ["old"]);
    clear(&place);
}

/// What the file that is replaced was to others, the new one is too; and links stay links.
#[test]
fn mode_and_links_stay() {
    let (_name, board) = Board::created("modes", 3);
    let place = place();
    let (file, link) = (place.path().join("file"), place.path().join("link"));
    fs::write(&file, "old").unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
    symlink("file", &link).unwrap();
    board.checkpoint(&link).unwrap();
    assert!(link.symlink_metadata().unwrap().is_symlink());
    assert_eq!(file.metadata().unwrap().mode() & 0o777, 0o640);
    assert_eq!(Board::load(&link).unwrap().count, 3);
    let inode = file.metadata().unwrap().ino();
    board.count.write(&4);
    board.checkpoint(&file).unwrap();
    assert_ne!(file.metadata().unwrap().ino(), inode, "an open reader keeps the old file");
    assert_eq!(Board::load(&file).unwrap().count, 4);
    clear(&place);
}

/// What is no place for a file is refused before anything is written, and stays.
#[test]
fn what_is_no_file_is_not_replaced() {
    watched(|| {
        let (_name, board) = Board::created("places", 3);
        let place = place();
        let at = |name: &str| place.path().join(name);
        fs::create_dir(at("folder")).unwrap();
        symlink("nowhere/at/all", at("broken")).unwrap();
        let fifo = std::process::Command::new("mkfifo").arg(at("fifo")).status().unwrap();
        assert!(fifo.success());
        let before = place.files().len();
        for path in ["folder", "folder/", "fifo", "new/", "no/folder/here", "broken", ""] {
            let path = if path.is_empty() { "".into() } else { at(path) };
            let Err(error @ Error::File { .. }) = board.checkpoint(&path) else {
                panic!("{path:?}")
            };
            assert!(error.to_string().contains(path.to_str().unwrap()), "{error}");
        }
        assert_eq!(place.files().len(), before);
        // And none of them can be loaded, nor is a writer of the FIFO waited for.
        for path in ["folder", "fifo"] {
            let Err(error @ Error::NotACheckpoint { .. }) = Board::load(at(path)) else {
                panic!("{path}")
            };
            assert!(error.to_string().contains("regular file"), "{error}");
        }
        for path in ["none", "broken", "no/folder"] {
            let Err(error @ Error::File { .. }) = Board::load(at(path)) else { panic!("{path}") };
            assert!(error.to_string().contains("No such file"), "{error}");
        }
        fs::remove_dir(at("folder")).unwrap();
        clear(&place);
    });
}

/// A process that was killed leaves a hidden file; one that still writes has its own. The next
/// checkpoint to the path tells them apart.
#[test]
fn only_what_the_dead_have_left_is_swept() {
    let (_name, board) = Board::created("sweep", 3);
    let place = place();
    let at = |name: &str| place.path().join(name);
    let (dead, living) = (".file.shma-tmp.0123456789abcdef", ".file.shma-tmp.fedcba9876543210");
    let others = [
        ".file.shma-tmp.0123456789abcdeg",
        ".file.shma-tmp.0123456789abcde",
        ".other.shma-tmp.0123456789abcdef",
        "file.shma-tmp.0123456789abcdef",
    ];
    for name in others.iter().chain([&dead, &living]) {
        fs::write(at(name), "part").unwrap();
    }
    let held = fs::File::open(at(living)).unwrap();
    rustix::fs::flock(&held, rustix::fs::FlockOperation::LockExclusive).unwrap();
    board.checkpoint(at("file")).unwrap();
    let files = place.files();
    assert!(!files.iter().any(|file| file == dead), "{files:?}");
    assert!(files.iter().any(|file| file == living), "{files:?}");
    assert!(others.iter().all(|other| files.iter().any(|file| file == other)), "{files:?}");
    // By hand: a process that another test is starting has the descriptor too, until it runs its program.
    rustix::fs::flock(&held, rustix::fs::FlockOperation::Unlock).unwrap();
    board.checkpoint(at("file")).unwrap();
    assert!(!at(living).exists());
    // A name as long as a name may be has room for no mark behind it.
    let long = "x".repeat(255);
    board.checkpoint(at(&long)).unwrap();
    assert_eq!(Board::load(at(&long)).unwrap().count, 3);
    clear(&place);
}

/// There is no room on the disk for a second file, and the first one is all there is of the state.
#[test]
fn a_full_disk_leaves_the_old_file() {
    watched(|| {
        let (_name, board) = Board::created("full", 3);
        let board = &board;
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let place = Place::below(Path::new(TARGET));
                if let Err(error) = shma_tests::namespace::mount_tmpfs(place.text(), "16k") {
                    return shma_tests::skip::skip(&format!("mounting is not permitted: {error}"));
                }
                let file = place.path().join("file");
                board.checkpoint(&file).unwrap();
                let before = fs::read(&file).unwrap();
                board.count.write(&4);
                let Err(error @ Error::NoSpace { .. }) = board.checkpoint(&file) else { panic!() };
                let text = error.to_string();
                let parts = ["checkpoint of region", place.text(), "free room there"];
                assert!(parts.iter().all(|part| text.contains(part)), "{text}");
                let Error::NoSpace { needed, free, .. } = error else { unreachable!() };
                assert!(needed as usize == before.len() && free < needed, "{needed} {free}");
                assert_eq!(place.files(), ["file"]);
                assert!(fs::read(&file).unwrap() == before);
                clear(&place);
            });
        });
    });
}

/// To write beyond the limit ends a process by a signal.
#[test]
fn a_limit_of_file_sizes_is_an_error() {
    watched(|| {
        let name = Name::new("limited");
        let place = place();
        let file = place.path().join("file");
        fs::write(&file, "old").unwrap();
        let mut child = child!("talk");
        child.order(&format!("create {name} 1"));
        child.order("limit-files 4096");
        let answer = child.ask(&format!("checkpoint {}", file.display()));
        assert!(answer.starts_with("error File: ") && answer.contains("ulimit -f"), "{answer}");
        assert_eq!((fs::read(&file).unwrap(), place.files().len()), (b"old".to_vec(), 1));
        clear(&place);
    });
}

/// A file that may not be written is protected, although its directory would let it be replaced.
#[test]
fn a_protected_file_stays() {
    if !shma_tests::skip::is_root("becoming another user") {
        return;
    }
    watched(|| {
        let name = Name::new("protected");
        let place = Place::below(Path::new("/dev/shm"));
        place.set_mode(0o777);
        let file = place.path().join("file");
        fs::write(&file, "old").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o444)).unwrap();
        let mut child = child!("talk");
        child.order("become 12345");
        child.order(&format!("create {name} 1"));
        let answer = child.ask(&format!("checkpoint {}", file.display()));
        assert!(
            answer.starts_with("error File: ") && answer.contains("Permission denied"),
            "{answer}"
        );
        assert_eq!((fs::read(&file).unwrap(), place.files().len()), (b"old".to_vec(), 1));
        child.order("close");
        clear(&place);
    });
}

/// numpy and the reference package read what is saved, and what they save is loaded.
#[test]
fn python_reads_and_writes_the_same_files() {
    let (place, name) = (place(), Name::new("python"));
    let file = place.path().join("every.safetensors");
    let state = Every::create(&name, &every()).unwrap();
    state.checkpoint(&file).unwrap();
    let modules = "json, numpy, safetensors, safetensors.numpy";
    let read = "
with safetensors.safe_open(file, 'numpy') as f:
    meta = f.metadata()
    for name in sorted(f.keys()):
        if name not in ('brain',):
            it = f.get_tensor(name)
            print(name, it.dtype, list(it.shape), it.tobytes().hex())
print(json.loads(meta['shma.manifest'])['name'], json.loads(meta['shma.versions'])['long'])";
    let Some(printed) = python(modules, read, &file) else { return clear(&place) };
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let all = bytes(&every());
    for (field, bytes) in Every::MANIFEST.fields.iter().zip(&all) {
        let line = printed.lines().find(|line| line.split(' ').next() == Some(field.name));
        match line {
            None => assert_eq!(field.name, "brain", "{printed}"),
            Some(line) => assert!(line.ends_with(&format!("] {}", hex(bytes))), "{line}"),
        }
    }
    assert!(printed.contains("layers.0.weight float32 [2, 3]"), "{printed}");
    assert!(printed.ends_with("Every 1\n"), "{printed}");

    let write = "
w = numpy.arange(6, dtype='f4').reshape(2, 3)
t = {'w': w, 'layers.0.on': numpy.array([True, False]), 'step': numpy.array(9, dtype='u8'),
     'pose': numpy.arange(24, dtype='u1')}
safetensors.numpy.save_file(t, file, metadata={'format': 'np'})";
    python(modules, write, &file).unwrap();
    #[derive(Debug, ShmState)]
    struct Model {
        step: u64,
        w: [[f32; 3]; 2],
        #[shm(name = "layers.0.on")]
        on: [u8; 2],
        pose: Pose,
    }
    let model = Model::load(&file).unwrap();
    assert_eq!((model.step, model.on), (9, [1, 0]));
    assert_eq!(model.w, [[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]);
    assert_eq!(shma_core::bytemuck::bytes_of(&model.pose), (0..24).collect::<Vec<u8>>());
    let declared = Declaration::load(&file).unwrap().manifest().unwrap();
    let manifest = declared.get();
    let types = manifest.fields.iter().map(|field| (field.name, field.ty.to_string()));
    let types: std::collections::BTreeMap<_, _> = types.collect();
    assert_eq!(manifest.name, "every");
    let expected =
        [("layers.0.on", "[u8; 2]"), ("pose", "[u8; 24]"), ("step", "u64"), ("w", "[[f32; 3]; 2]")];
    assert_eq!(types, expected.map(|(name, ty)| (name, ty.to_owned())).into());
    #[derive(Debug, ShmState)]
    struct Other {
        w: [[f32; 2]; 3],
        step: u64,
    }
    let text = Other::load(&file).unwrap_err().to_string();
    for part in ["w: the file has F32 [2, 3]", "pose: only the file has it, as U8 [24]"] {
        assert!(text.contains(part), "{text}");
    }
    clear(&place);
}
