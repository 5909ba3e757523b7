//! Stories of a process that forks, execs or closes descriptors while it is attached. It has one
//! thread, as a process that forks should.
//!
//! `unsafe` here: fork.

use std::cell::Cell;
use std::os::unix::process::CommandExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::Command;
use std::time::Duration;

use rustix::process::{Pid, WaitOptions, waitpid};
use shma_core::untyped::{self, Wait};
use shma_core::{Error, Shm, ShmState};
use shma_tests::states::{Board, the_one};

use crate::{next_line, say};

/// Tells one of the stories below.
pub fn tell(story: &str, name: &str) {
    let board = Board::open(name).unwrap();
    match story {
        "idle" => idle(board),
        "use" => use_in_child(board, name),
        "orphan" => orphan(board),
        "survive" => survive(board),
        "leave" => leave(board),
        "inside-update" => inside_update(&board, name),
        "inside-conditional" => inside_conditional(&board),
        "inside-update-with" => inside_update_with(&board),
        "writer" => writer(&board, name),
        "held-by-parent" => held_by_parent(&board),
        "untyped" => untyped(&board, name),
        "exec" => exec(&board),
        "close-descriptors" => close_descriptors(board),
        "drop-inherited" => drop_inherited(board, name),
        other => panic!("there is no story `{other}`"),
    }
}

/// Forks; the child tells its part and exits.
fn fork(child: impl FnOnce()) -> Pid {
    // SAFETY: this process has a single thread, so the child has all of it.
    let pid = unsafe { libc::fork() };
    if pid == 0 {
        let told = catch_unwind(AssertUnwindSafe(child));
        std::process::exit(i32::from(told.is_err()));
    }
    Pid::from_raw(pid).unwrap_or_else(|| panic!("fork: {}", std::io::Error::last_os_error()))
}

fn await_child(child: Pid) {
    let status = waitpid(Some(child), WaitOptions::empty()).unwrap();
    assert!(status.is_some_and(|(_, status)| status.exit_status() == Some(0)), "the child failed");
}

/// What came of a call that says no by an error.
fn outcome<R>(result: Result<R, Error>) -> &'static str {
    match result {
        Ok(_) => "done",
        Err(Error::Forked { .. }) => "Forked",
        Err(Error::WouldBlock { .. }) => "WouldBlock",
        Err(error) => panic!("{error}"),
    }
}

/// What came of a call that says no by a panic.
fn panics<R>(call: impl FnOnce() -> R) -> &'static str {
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(_) => "done",
        Err(panic) => {
            let text = panic.downcast_ref::<String>().expect("a panic of the library has a text");
            assert!(text.contains("inherited through fork"), "{text}");
            "panicked"
        }
    }
}

/// Children that have no use for what they inherited: one exits, one drops the handle.
fn idle(board: Shm<Board>) {
    await_child(fork(|| {}));
    let mut board = Some(board);
    await_child(fork(|| drop(board.take())));
    let board = board.unwrap();
    board.count.update(|new, old| *new = old + 1);
    say(&format!("parent: {}, current {}", board.count.read(), board.is_current()));
    next_line();
}

/// A child that reads on, may not write, and attaches anew.
fn use_in_child(board: Shm<Board>, name: &str) {
    await_child(fork(|| {
        say(&format!("child reads {}", board.count.read()));
        // Sleeping is announced in shared memory, which a child cannot write.
        let version = board.count.version();
        let waited = board.count.wait_newer(version, Duration::from_millis(20));
        say(&format!("child waits in vain: {}", matches!(waited, Err(Error::Timeout { .. }))));
        say(&format!("try_update: {}", outcome(board.count.try_update(|new, _| *new = 666))));
        let limit = Duration::from_secs(5);
        let update = board.count.update_timeout(limit, |new, _| *new = 666);
        say(&format!("update_timeout: {}", outcome(update)));
        say(&format!("update: {}", panics(|| board.count.update(|new, _| *new = 666))));
        say(&format!("write: {}", panics(|| board.count.write(&666))));
        say(&format!("update_with: {}", panics(|| board.count.update_with(&666, |new, _| new))));
        say(&format!("merge: {}", panics(|| board.count.merge(&mut 666, |new, _| new))));
        say(&format!("set: {}", panics(|| board.row.set(0, 666))));
        let never = |_: &mut u64, _: &u64| -> Option<()> { panic!("it runs in a fork child") };
        say(&format!("update_if: {}", panics(|| board.count.update_if(never))));
        say(&format!("try_update_if: {}", outcome(board.count.try_update_if(never))));
        let update = board.count.update_if_timeout(limit, never);
        say(&format!("update_if_timeout: {}", outcome(update)));
        say(&format!("update_when: {}", outcome(board.count.update_when(limit, never))));
        let range = panics(|| board.row.update_range_if(.., |_, _| Some(())));
        say(&format!("update_range_if: {range}"));
        say(&format!("write_flat: {}", panics(|| board.count.write_flat(&[666]))));
        say(&format!("update_flat: {}", panics(|| board.count.update_flat(|_, _| ()))));
        let flat = panics(|| board.count.update_with_flat(&[666], |new, _| new));
        say(&format!("update_with_flat: {flat}"));
        let (count, version) = board.count.read_versioned();
        let mut flat = [0];
        assert_eq!((board.count.read_flat(&mut flat), flat), (version, [count]));
        let anew = Board::open(name).unwrap();
        anew.count.update(|new, old| *new = old + 1);
        say(&format!("child anew: {}", anew.count.read()));
        say(&format!("child's old handle reads {}", board.count.read()));
    }));
    board.count.update(|new, old| *new = old + 1);
    say(&format!("parent: {}, current {}", board.count.read(), board.is_current()));
    next_line();
}

/// A child that has a copy of a writer that its parent holds, and drops it.
fn writer(board: &Shm<Board>, name: &str) {
    let mut writer = Some(board.row.writer().unwrap());
    writer.as_mut().unwrap().write(&[7; 1024]);
    await_child(fork(|| {
        let mut copy = writer.take().unwrap();
        say(&format!("child reads {}", the_one(&board.row.read())));
        say(&format!("write: {}", panics(|| copy.write(&[666; 1024]))));
        say(&format!("update: {}", panics(|| copy.update(|new, _| new.fill(666)))));
        say(&format!("set: {}", panics(|| copy.set(3, 666))));
        say(&format!("update_range: {}", panics(|| copy.update_range(.., |_, _| ()))));
        say(&format!("update_with: {}", panics(|| copy.update_with(&[666; 1024], |a, _| a))));
        drop(copy);
        say(&format!("writer: {}", outcome(board.row.writer())));
        // It holds nothing that its parent holds, and would wait for it.
        let anew = Board::open(name).unwrap();
        say(&format!("anew: {}", outcome(anew.row.try_update(|_, _| ()))));
    }));
    let writer = writer.as_mut().unwrap();
    // A child in the middle of an update, which its parent publishes and it does not.
    writer.update(|new, old| {
        assert_eq!(the_one(old), 7);
        new.fill(8);
        await_child(fork(|| {}));
    });
    say(&format!("parent: {}", the_one(&board.row.read())));
    next_line();
}

/// A child that reads on after its parent has left.
fn orphan(board: Shm<Board>) {
    let (wait, go) = rustix::pipe::pipe().unwrap();
    let mut board = Some(board);
    let mut go = Some(go);
    let child = fork(|| {
        drop(go.take());
        // Ends when the parent has closed the other end.
        rustix::io::read(&wait, &mut [0_u8; 1]).unwrap();
        let board = board.take().unwrap();
        say(&format!("child reads {}", board.count.read()));
        say(&format!("child: {}", outcome(board.count.try_update(|new, _| *new = 666))));
    });
    drop(board);
    say("parent left");
    next_line();
    drop(go);
    await_child(child);
    say("child left");
}

/// A child that drops its handle when its parent is dead.
fn survive(board: Shm<Board>) {
    let mut board = Some(board);
    fork(|| {
        say("child lives");
        next_line();
        let board = board.take().unwrap();
        say(&format!("child reads {}", board.count.read()));
        drop(board);
        say("child left");
        while next_line().is_some() {}
    });
    loop {
        std::thread::park();
    }
}

/// Leaves while a child is on its way to become another program.
fn leave(board: Shm<Board>) {
    say("attached");
    next_line();
    let (wait, go) = rustix::pipe::pipe().unwrap();
    let mut go = Some(go);
    let child = fork(|| {
        drop(go.take());
        rustix::io::read(&wait, &mut [0_u8; 1]).unwrap();
        let error = Command::new("true").exec();
        panic!("exec: {error}");
    });
    drop(board);
    say("parent left");
    next_line();
    drop(go);
    await_child(child);
    say("child left");
    next_line();
}

/// A closure that forks: it returns twice, and one of the two publishes.
fn inside_update(board: &Shm<Board>, name: &str) {
    let mut in_child = false;
    let mut child = None;
    let result = board.count.try_update(|new, old| {
        // SAFETY: as in `fork`.
        let pid = unsafe { libc::fork() };
        in_child = pid == 0;
        if in_child {
            *new = 666;
            return;
        }
        child = Pid::from_raw(pid);
        await_child(child.unwrap());
        *new = old + 1;
    });
    if in_child {
        say(&format!("child's closure: {}", outcome(result)));
        say(&format!("child again: {}", outcome(board.count.try_update(|new, _| *new = 666))));
        say(&format!("child reads {}", board.count.read()));
        let anew = Board::open(name).unwrap();
        // The parent is inside its closure still, and the child is not.
        say(&format!("child anew: {}", outcome(anew.count.try_update(|new, _| *new = 666))));
        std::process::exit(0);
    }
    say(&format!("parent's closure: {}", outcome(result)));
    say(&format!("parent: {}, version {}", board.count.read(), board.count.version()));
    next_line();
}

/// The same, where the closure decides what is published: in the child it wants all of it published,
/// and none of it. `update_when` must not wait there for another value.
fn inside_conditional(board: &Shm<Board>) {
    type Call = fn(&Shm<Board>, &mut dyn FnMut(&mut u64) -> Option<()>) -> Result<bool, Error>;
    let calls: [Call; 5] = [
        |board, f| board.count.try_update_if(|new, _| f(new)).map(|it| it.is_some()),
        |board, f| {
            let limit = Duration::from_secs(3600);
            board.count.update_if_timeout(limit, |new, _| f(new)).map(|it| it.is_some())
        },
        |board, f| {
            let limit = Duration::from_secs(3600);
            board.count.update_when(limit, |new, _| f(new)).map(|()| true)
        },
        |board, f| {
            let refused = catch_unwind(AssertUnwindSafe(|| {
                board.row.update_range_if(3..=3, |new, _| f(&mut new[0])).is_some()
            }));
            // The panic names the fork, as `panics` checks elsewhere.
            refused.map_err(|_| board.count.try_update(|_, _| ()).unwrap_err())
        },
        |board, f| {
            let refused = catch_unwind(AssertUnwindSafe(|| {
                board.transaction_if(|new, _| f(new.count)).is_some()
            }));
            refused.map_err(|_| board.count.try_update(|_, _| ()).unwrap_err())
        },
    ];
    for call in calls {
        for wanted in [true, false] {
            let mut in_child = false;
            let result = call(board, &mut |new| {
                // SAFETY: as in `fork`.
                let pid = unsafe { libc::fork() };
                in_child = pid == 0;
                if in_child {
                    *new = 666;
                    return wanted.then_some(());
                }
                await_child(Pid::from_raw(pid).unwrap());
                *new += 1;
                Some(())
            });
            if in_child {
                say(&format!("child, {wanted}: {}", outcome(result)));
                std::process::exit(0);
            }
            assert!(result.unwrap());
        }
    }
    let row = board.row.get(3);
    say(&format!("parent: {} and {row}, version {}", board.count.read(), board.count.version()));
    next_line();
}

/// The same, in the middle of an element-wise call that goes block by block.
fn inside_update_with(board: &Shm<Board>) {
    let mut in_child = false;
    let mut at = 0;
    let update = catch_unwind(AssertUnwindSafe(|| {
        board.row.update_with(&[1; 1024], |new, old| {
            at += 1;
            // In the second of two blocks.
            if at == 700 {
                // SAFETY: as in `fork`.
                let pid = unsafe { libc::fork() };
                in_child = pid == 0;
                if !in_child {
                    await_child(Pid::from_raw(pid).unwrap());
                }
            }
            if in_child { 666 } else { old + new }
        });
    }));
    if in_child {
        let how = if update.is_ok() { "done" } else { "panicked" };
        say(&format!("child: {how}, reads {}", the_one(&board.row.read())));
        std::process::exit(0);
    }
    say(&format!("parent: {}", if update.is_ok() { "done" } else { "panicked" }));
    say(&format!("parent: {}, version {}", the_one(&board.row.read()), board.row.version()));
    next_line();
}

/// Holds the semaphore while a child lives that has inherited everything that can be.
fn held_by_parent(board: &Shm<Board>) {
    board.count.update(|new, _| {
        fork(|| {
            // The parent holds it, and the child has its parent's handle.
            let holder = board.count.holder().unwrap();
            assert_eq!((holder.own, holder.dead), (false, false));
            say("child lives");
            while next_line().is_some() {}
        });
        *new = 666;
        say("parent holds");
        loop {
            std::thread::park();
        }
    });
}

/// Forks while it holds a semaphore, and again while it holds all, without the struct.
fn untyped(board: &Shm<Board>, name: &str) {
    let state = untyped::options().open(name, None).unwrap();
    let [count, row] = ["count", "row"].map(|name| state.field(name).unwrap());
    // In a cell, because both processes take it.
    let cell = Cell::new(Some(count.hold(Wait::No).unwrap()));
    let child = fork(|| {
        let held = cell.take().unwrap();
        let mut bytes = [0; 8];
        count.read(&mut bytes).unwrap();
        let says = [
            outcome(held.load(&mut bytes)),
            outcome(count.write(&bytes, Wait::No)),
            outcome(count.update(Wait::No, |_, _| {})),
            outcome(row.hold(Wait::No)),
            outcome(row.update_blocks::<u64>(Wait::No, |_, _| {})),
            outcome(state.begin(Wait::No)),
        ];
        say(&format!("child: {} {} {says:?}", held.is_forked(), state.is_forked()));
        say(&format!("child: {}", outcome(held.publish(&bytes))));
    });
    await_child(child);
    let held = cell.take().unwrap();
    assert!(!held.is_forked() && board.count.holder().is_some_and(|it| !it.dead));
    held.publish(&8_u64.to_ne_bytes()).unwrap();
    let cell = Cell::new(Some(state.begin(Wait::No).unwrap()));
    let child = fork(|| {
        let transaction = cell.take().unwrap();
        let mut bytes = [0; 8];
        let load = outcome(transaction.load(count, &mut bytes));
        say(&format!("child: {load} {}", outcome(transaction.commit(&[(count, &bytes)]))));
    });
    await_child(child);
    let transaction = cell.take().unwrap();
    transaction.commit(&[(count, &9_u64.to_ne_bytes())]).unwrap();
    say(&format!("parent: {}, version {}", board.count.read(), board.count.version()));
}

/// Becomes another program, of the same process id, inside a closure.
fn exec(board: &Shm<Board>) {
    board.count.update(|new, _| {
        *new = 666;
        say("holding");
        next_line();
        let error = Command::new(std::env::current_exe().unwrap()).arg("sleep").exec();
        panic!("exec: {error}");
    });
}

/// Closes every descriptor inside a closure, as a daemon does; the library's are among them.
fn close_descriptors(board: Shm<Board>) {
    board.count.update(|new, old| {
        // SAFETY: takes numbers. Nothing of this program uses one of those descriptors but the
        // library, and that it has to stand this is the story.
        let closed = unsafe { libc::close_range(3, libc::c_uint::MAX, 0) };
        assert_eq!(closed, 0, "{}", std::io::Error::last_os_error());
        say("holding");
        next_line();
        *new = old + 1;
    });
    say("published");
    board.count.update(|new, old| *new = old + 1);
    say(&format!("and again, current {}", board.is_current()));
    next_line();
    // The holder of the semaphore is dead.
    board.count.update(|new, old| *new = old + 1);
    say(&format!("in, {}", board.count.read()));
    // These get the numbers that the library's descriptors had.
    let pipes = [(); 4].map(|()| rustix::pipe::pipe().unwrap());
    board.count.update(|new, old| *new = old + 1);
    say(&format!("and still, current {}", board.is_current()));
    drop(board);
    for (from, to) in &pipes {
        rustix::io::write(to, b"x").unwrap();
        assert_eq!(rustix::io::read(from, &mut [0_u8; 2]).unwrap(), 1);
    }
    say("left");
    next_line();
}

/// A child that attaches anew, drops what it has inherited, and is in then.
fn drop_inherited(board: Shm<Board>, name: &str) {
    let mut board = Some(board);
    let child = fork(|| {
        let anew = Board::open(name).unwrap();
        drop(board.take());
        anew.count.update(|new, old| {
            *new = old + 1;
            say("child holds");
            next_line();
        });
        say(&format!("child: {}", anew.count.read()));
    });
    await_child(child);
    say("child ended");
    next_line();
}
