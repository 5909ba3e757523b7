//! What an error or a panic says: what was found, where, why, and what to do.

use std::cell::{Cell, RefCell};
use std::panic::{self, AssertUnwindSafe, catch_unwind};

use shma_core::{Error, ShmState};
use shma_tests::child;
use shma_tests::region::Name;
use shma_tests::skip::skip;
use shma_tests::states::Board;
use shma_tests::watchdog::watched;

/// The place is at fault and not the name: each call says so, and what to do.
#[test]
fn a_place_without_room_for_regions_is_named() {
    watched(|| {
        for (how, calls, reason, advice) in [
            (
                "missing",
                "create open open-or-create open-read-only unlink view names",
                "No such file",
                "mount a tmpfs",
            ),
            (
                "file",
                "create open open-or-create open-read-only unlink view names",
                "Not a directory",
                "mount a tmpfs",
            ),
            ("read-only", "create open-or-create", "Read-only file system", "remount,rw"),
        ] {
            let mut child = child!("spoilt-shm", how);
            match child.line().as_str() {
                "ok" => {}
                refused => return skip(&format!("mounting is {refused}")),
            }
            for call in calls.split(' ') {
                let line = match call {
                    "names" => call.to_owned(),
                    "create" | "open-or-create" => format!("{call} any 1"),
                    _ => format!("{call} any"),
                };
                let answer = child.ask(&line);
                assert!(answer.starts_with("error Io: "), "{how}, {call}: {answer}");
                for part in ["/dev/shm", reason, advice] {
                    assert!(answer.contains(part), "{how}, {call}: {answer}");
                }
                assert_eq!(answer.contains("`any`"), call != "names", "{answer}");
                assert!(!answer.contains("`*`"), "{answer}");
            }
        }
    });
}

/// The reason of the system stands in the message, once in a chain of errors, with the limit to raise.
#[test]
fn the_reason_of_the_system_is_in_the_message_once() {
    watched(|| {
        let name = Name::new("reason");
        let _board = Board::create(&name, &Board::zeroed()).unwrap();
        let mut child = child!("talk");
        child.order("limit-descriptors");
        for call in ["create NAME 1", "open NAME", "open-or-create NAME 1", "unlink NAME", "names"]
        {
            // The answer is the whole chain.
            let answer = child.ask(&call.replace("NAME", &name));
            assert_eq!(answer.matches("Too many open files").count(), 1, "{call}: {answer}");
            assert!(answer.contains("ulimit -n"), "{call}: {answer}");
        }
    });
}

/// The same name, declared otherwise.
mod next {
    #[derive(Debug, shma_core::ShmState)]
    #[shm(name = "Board")]
    pub struct Board {
        pub count: u32,
    }
}

/// A region of another layout: whether it is in use, and the way out.
#[test]
fn a_layout_mismatch_says_what_to_do() {
    watched(|| {
        let refused = |name: &Name| {
            let result = next::Board::open_or_create(name, &next::Board { count: 7 });
            let Err(error @ Error::LayoutMismatch { .. }) = result else { panic!("{result:?}") };
            error
        };
        let name = Name::new("declared-anew");
        let mut before = child!("talk");
        before.order(&format!("create {name} 1"));
        let error = refused(&name);
        assert!(matches!(error, Error::LayoutMismatch { attached: true, persistent: false, .. }));
        assert!(error.to_string().contains("processes are attached"), "{error}");
        before.kill();
        let error = refused(&name);
        assert!(matches!(error, Error::LayoutMismatch { attached: false, persistent: false, .. }));
        let text = error.to_string();
        let rm = format!("shma rm {}", &*name);
        assert!(text.contains("no process is attached") && text.contains(&rm), "{text}");
        assert!(text.contains("`create` replaces it"), "{text}");
        // As it says.
        let after = next::Board::create(&name, &next::Board { count: 7 }).unwrap();
        assert_eq!(after.count.read(), 7);

        let name = Name::new("declared-persistent");
        drop(Board::options().persistent(true).create(&name, &Board::zeroed()).unwrap());
        let error = refused(&name);
        assert!(matches!(error, Error::LayoutMismatch { attached: false, persistent: true, .. }));
        assert!(error.to_string().contains("persistent"), "{error}");
        let created = next::Board::create(&name, &next::Board { count: 7 });
        assert!(matches!(created, Err(Error::AlreadyExists { .. })), "{created:?}");
        next::Board::unlink(&name).unwrap();
        next::Board::create(&name, &next::Board { count: 7 }).unwrap();
    });
}

/// No region: what may have happened, which is true for those too who cannot create it.
#[test]
fn a_missing_region_is_named_without_advice_to_create_it() {
    let name = Name::new("missing");
    let text = Board::open(&name).unwrap_err().to_string();
    assert!(text.contains(&*name) && text.contains("does not exist"), "{text}");
    assert!(!text.contains("create it first"), "{text}");
}

thread_local! {
    /// Whether this thread's panics are, and where the last one was said to be.
    static WATCHED: Cell<bool> = const { Cell::new(false) };
    static PLACE: RefCell<Option<(String, u32)>> = const { RefCell::new(None) };
}

#[derive(Debug, ShmState)]
struct Line {
    cells: [u64; 8],
    others: [u64; 8],
    #[shm(atomic)]
    hits: [u64; 8],
}

/// The place of a panic is the call in the user's program, and no line of the library.
#[test]
fn a_panic_names_the_line_of_the_call() {
    let before = panic::take_hook();
    panic::set_hook(Box::new(move |info| match WATCHED.get() {
        true => PLACE.set(info.location().map(|place| (place.file().to_owned(), place.line()))),
        false => before(info),
    }));
    WATCHED.set(true);
    let wrong = RefCell::new(Vec::new());
    let name = Name::new("panics");
    let line = Line::create(&name, &Line::zeroed()).unwrap();
    let ones = || Box::new([1; 8]);
    // In one row with its number.
    macro_rules! points_here {
        ($call:expr) => {
            let panicked = catch_unwind(AssertUnwindSafe(|| {
                let _ = $call;
            }))
            .is_err();
            let place = PLACE.take();
            let expected = Some((file!().to_owned(), line!()));
            if !panicked || place != expected {
                let call = stringify!($call);
                wrong.borrow_mut().push(format!("{call}: panicked: {panicked}, at {place:?}"));
            }
        };
    }
    points_here!(line.cells.get(8));
    points_here!(line.cells.set(8, 1));
    points_here!(line.cells.read_range(3..9, &mut [0; 6]));
    points_here!(line.cells.read_range(3..8, &mut [0; 6]));
    points_here!(line.cells.update_range(3..9, |_, _| ()));
    points_here!(line.hits.get(8));
    points_here!(line.hits.set(8, 1));
    points_here!(line.hits.fetch_add(8, 1));
    points_here!(line.hits.add_range(3..9, &[0; 6]));
    line.others.update(|_, _| {
        points_here!(line.others.update(|_, _| ()));
        points_here!(line.others.write(&ones()));
        points_here!(line.others.set(1, 1));
        points_here!(line.others.update_with(&ones(), |new, _| new));
        points_here!(line.others.merge(&mut ones(), |new, _| new));
        points_here!(line.cells.update_range(.., |_, _| ()));
        points_here!(line.transaction(|_, _| ()));
    });
    #[derive(Debug, ShmState)]
    struct Uniform {
        first: [u64; 8],
        second: [u64; 8],
    }
    let second = Name::new("uniform");
    let uniform = Uniform::create(&second, &Uniform::zeroed()).unwrap();
    let mut all = Uniform::zeroed();
    uniform.second.update(|_, _| {
        points_here!(uniform.update_with(&all, |new: u64, _| new));
        points_here!(uniform.merge(&mut all, |new: u64, _| new));
    });
    WATCHED.set(false);
    assert!(wrong.borrow().is_empty(), "{:#?}", wrong.borrow());
}
