//! Processes that close descriptors which are not theirs: standard streams, and those of regions.
//!
//! `unsafe` here: closing what others take for granted, and a limit.

use std::fs::File;
use std::io::Write;
use std::os::fd::{AsRawFd, RawFd};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::process::{Resource, Rlimit, setrlimit};
use shma_core::{Error, Shm, ShmState, inspect, untyped};
use shma_tests::region::files;
use shma_tests::states::Board;

use crate::{next_line, say};

/// Creates a region and leaves it, and fails to create another; in a `/dev/shm` of its own.
pub fn without_input(name: &str) {
    if let Err(error) = shma_tests::namespace::mount_small("1m", "100") {
        return say(&format!("not permitted: {error}"));
    }
    // SAFETY: nothing of this program reads its input any more.
    assert_eq!(unsafe { libc::close(0) }, 0);
    let board = Board::create(name, &Board::with(7)).unwrap();
    say(&format!("created, {} files open", open_files()));
    drop(board);
    say(&format!("left, {} files open", open_files()));

    // SAFETY: sets how a signal is handled, which is to ignore it.
    unsafe { libc::signal(libc::SIGXFSZ, libc::SIG_IGN) };
    setrlimit(Resource::Fsize, Rlimit { current: Some(4096), maximum: None }).unwrap();
    let Err(Error::Io { .. }) = Board::create(name, &Board::with(7)) else {
        panic!("there is room")
    };
    say(&format!("failed, {} files open, {} there", open_files(), files().len()));
}

/// How many descriptors lead to files of this directory.
fn open_files() -> usize {
    let descriptors = std::fs::read_dir("/proc/self/fd").unwrap().flatten();
    let links = descriptors.filter_map(|entry| std::fs::read_link(entry.path()).ok());
    links.filter(|link| link.starts_with("/dev/shm")).count()
}

/// How often each call is made; other threads look and print meanwhile.
const ROUNDS: usize = 10;

/// Closes some of the standard streams, makes every call that opens anything, and says whatever had
/// their numbers meanwhile. A thread prints to them all the time.
pub fn closed_streams(which: &str, name: &str) {
    let closed: Vec<RawFd> = which.chars().map(|c| c.to_digit(10).unwrap() as RawFd).collect();
    let output = rustix::io::fcntl_dupfd_cloexec(std::io::stdout(), 100).unwrap();
    let mut output = File::from(output);
    for number in &closed {
        // SAFETY: nothing of this program reads or writes it any more, except for the thread below.
        assert_eq!(unsafe { libc::close(*number) }, 0);
    }
    let over = AtomicBool::new(false);
    let mut seen: Vec<String> = std::thread::scope(|scope| {
        let (closed, over) = (&closed, &over);
        let printer = scope.spawn(move || {
            while !over.load(Ordering::Relaxed) {
                for number in closed {
                    // SAFETY: writes a text, or fails; the number belongs to no other stream.
                    unsafe { libc::write(*number, c"printed".as_ptr().cast(), 7) };
                }
            }
        });
        let watcher = scope.spawn(move || {
            let mut seen = Vec::new();
            while !over.load(Ordering::Relaxed) {
                seen.extend(closed.iter().filter_map(|number| behind(*number)));
            }
            seen
        });
        // Also if a call panics.
        let _end = End(over);
        for _ in 0..ROUNDS {
            every_call(name);
        }
        let held = Board::open(name).unwrap();
        let mut seen: Vec<_> = closed.iter().filter_map(|number| behind(*number)).collect();
        drop(held);
        over.store(true, Ordering::Relaxed);
        printer.join().unwrap();
        seen.extend(watcher.join().unwrap());
        seen
    });
    seen.extend(closed.iter().filter_map(|number| behind(*number)));
    seen.sort();
    seen.dedup();
    let _ = writeln!(output, "streams led to {seen:?}");
}

/// Ends the threads that look and print.
struct End<'a>(&'a AtomicBool);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// What a number leads to, unless it is what keeps the number from use.
fn behind(number: RawFd) -> Option<String> {
    let link = std::fs::read_link(format!("/proc/self/fd/{number}")).ok()?;
    (link != Path::new("/")).then(|| link.display().to_string())
}

/// Each way to open a region or to look for some.
fn every_call(name: &str) {
    let board = Board::open(name).unwrap();
    assert_eq!(board.count.read(), 7);
    drop(Board::open_read_only(name).unwrap());
    drop(Board::open_or_create(name, &Board::zeroed()).unwrap());
    let Err(Error::AlreadyExists { .. }) = Board::create(name, &Board::zeroed()) else { panic!() };
    drop(untyped::options().open(name, None).unwrap());
    let view = inspect::View::open(name).unwrap();
    assert!(view.is_attached().unwrap());
    assert!(!inspect::remove_dead(name).unwrap());
    assert!(inspect::names().unwrap().contains(&name.to_owned()));
    inspect::abandoned();
    inspect::Census::take();
    let other = &format!("{name}-other");
    drop(Board::create(other, &Board::with(1)).unwrap());
    let _other = Board::create(other, &Board::with(1)).unwrap();
    Board::unlink(other).unwrap();
}

/// Closes a handle's descriptor, has something else get its number, drops the handle, and says what
/// became of the other.
pub fn reuse(how: &str, name: &str) {
    let path = Path::new("/dev/shm").join(format!("shma.{name}"));
    let first = Board::open(name).unwrap();
    let [number] = numbers_of(&path)[..] else { panic!("one descriptor") };
    let close = || {
        // SAFETY: the region's descriptor, which the library expects others to close.
        assert_eq!(unsafe { libc::close(number) }, 0);
    };
    say("open");
    wait_for_parent();
    match how {
        "handle" => {
            close();
            told_of(first, Board::open(name).unwrap(), number, &path);
        }
        "close-range" => {
            // Not from 3 on: what starts the tests may leave some open, and they would become free.
            // SAFETY: as above, for all of them.
            unsafe { libc::syscall(libc::SYS_close_range, number, u32::MAX, 0) };
            told_of(first, Board::open(name).unwrap(), number, &path);
        }
        "many" => {
            let others = [(); 3].map(|()| Board::open(name).unwrap());
            // SAFETY: as above.
            (number..64).for_each(|number| _ = unsafe { libc::close(number) });
            let second = Board::open(name).unwrap();
            let anew = [(); 3].map(|()| Board::open(name).unwrap());
            drop(others);
            told_of(first, second, number, &path);
            assert!(anew.iter().all(|board| board.is_current()));
        }
        "read-only" => {
            close();
            let second = Board::options().open_read_only(name).unwrap();
            drop(first);
            let led = leads(number, &path);
            say(&format!("current {}, {led}", second.is_current()));
            wait_for_parent();
            drop(second);
        }
        "duplicate" => {
            let second = Board::open(name).unwrap();
            let second_number = *numbers_of(&path).iter().find(|n| **n != number).unwrap();
            // SAFETY: puts another descriptor at the number that the library expects others to
            // close.
            assert_eq!(unsafe { libc::dup2(second_number, number) }, number);
            told_of(first, second, number, &path);
        }
        "view" => {
            close();
            let view = inspect::View::open(name).unwrap();
            drop(first);
            say(&format!("attached {}, {}", view.is_attached().unwrap(), leads(number, &path)));
            wait_for_parent();
        }
        "file" => {
            close();
            let file = File::open(&path).unwrap();
            assert_eq!(file.as_raw_fd(), number);
            drop(first);
            say(&format!("left, {}", leads(number, &path)));
            wait_for_parent();
            drop(file);
        }
        "view-to-handle" => {
            // The look at it, whose number goes to the only one attached.
            let view = inspect::View::open(name).unwrap();
            let looks = *numbers_of(&path).iter().find(|n| **n != number).unwrap();
            drop(first);
            close_all_of(&path);
            let taken = File::open("/dev/null").unwrap();
            assert_eq!(taken.as_raw_fd(), number.min(looks));
            let second = Board::open(name).unwrap();
            say("two");
            wait_for_parent();
            let attached = view.is_attached().unwrap();
            drop(view);
            say(&format!("attached {attached}, current {}", second.is_current()));
            wait_for_parent();
            drop(second);
        }
        "child" => {
            close();
            let second = Board::open(name).unwrap();
            // SAFETY: the child makes a few calls and ends; this process has one thread.
            match unsafe { libc::fork() } {
                0 => {
                    drop(first);
                    let led = leads(number, &path);
                    say(&format!("child: {led}, reads {}", second.count.read()));
                    // SAFETY: ends the child, and nothing else.
                    unsafe { libc::_exit(0) }
                }
                // SAFETY: waits for that child.
                child => assert_eq!(unsafe { libc::waitpid(child, &mut 0, 0) }, child),
            }
            told_of(first, second, number, &path);
        }
        _ => panic!("unknown way `{how}`"),
    }
    say("over");
}

fn told_of(first: Shm<Board>, second: Shm<Board>, number: RawFd, path: &Path) {
    drop(first);
    second.count.update(|new, old| *new = old + 1);
    say(&format!("current {}, {}", second.is_current(), leads(number, path)));
    wait_for_parent();
    drop(second);
}

fn wait_for_parent() {
    let _ = next_line();
}

fn leads(number: RawFd, path: &Path) -> &'static str {
    let link = std::fs::read_link(format!("/proc/self/fd/{number}")).unwrap_or_default();
    let text = link.to_string_lossy();
    if text.starts_with(&*path.to_string_lossy()) {
        "its number leads there"
    } else {
        "its number is free"
    }
}

fn close_all_of(path: &Path) {
    // SAFETY: descriptors of the region, which the library expects others to close.
    numbers_of(path).iter().for_each(|number| _ = unsafe { libc::close(*number) });
}

/// The descriptors that lead to a file.
fn numbers_of(path: &Path) -> Vec<RawFd> {
    let leads = |number: &RawFd| {
        let link: Option<PathBuf> = std::fs::read_link(format!("/proc/self/fd/{number}")).ok();
        link.is_some_and(|link| link == path)
    };
    (0..256).filter(leads).collect()
}
