//! Handles that come into a fork child, or whose process becomes another program.

use shma_core::{Error, ShmState};
use shma_tests::child;
use shma_tests::region::Name;
use shma_tests::states::{Board, the_one};
use shma_tests::watchdog::watched;

/// A child that exits, or drops what it inherited, must not delete its parent's region, nor
/// its parent's sign of life.
#[test]
fn the_exit_of_a_child_keeps_the_region() {
    watched(|| {
        let (name, board) = Board::created("idle", 7);
        let mut parent = child!("fork", "idle", &name);
        parent.expect("parent: 8, current true");
        assert!(name.exists());
        board.count.update(|new, old| *new = old + 1);
        drop(board);
        assert!(name.exists(), "the parent is attached");
        assert_eq!(Board::open(&name).unwrap().count.read(), 9);
        parent.close();
    });
}

/// Parent and child would be one owner: both inside one semaphore at once. So the child's handle
/// reads only, says so in both ways, and a new attachment is an owner of its own.
#[test]
fn a_child_cannot_write_by_an_inherited_handle() {
    watched(|| {
        let (name, board) = Board::created("use", 7);
        let mut parent = child!("fork", "use", &name);
        for line in [
            "child reads 7",
            "child waits in vain: true",
            "try_update: Forked",
            "update_timeout: Forked",
            "update: panicked",
            "write: panicked",
            "update_with: panicked",
            "merge: panicked",
            "set: panicked",
            "update_if: panicked",
            "try_update_if: Forked",
            "update_if_timeout: Forked",
            "update_when: Forked",
            "update_range_if: panicked",
            "write_flat: panicked",
            "update_flat: panicked",
            "update_with_flat: panicked",
            "child anew: 8",
            "child's old handle reads 8",
            "parent: 9, current true",
        ] {
            parent.expect(line);
        }
        assert_eq!((board.count.read(), u64::from(board.count.version())), (9, 3));
        assert!(name.exists());
    });
}

/// The child may be what remains. It reads on; what has become of the name is for the next creator.
#[test]
fn a_child_reads_on_after_its_parent_ended() {
    watched(|| {
        let name = Name::new("orphan");
        let mut creator = child!("talk");
        creator.order(&format!("create {name} 7"));
        let mut parent = child!("fork", "orphan", &name);
        parent.expect("parent left");
        creator.order("close");
        parent.tell("go");
        parent.expect("child reads 7");
        parent.expect("child: Forked");
        parent.expect("child left");
        assert!(parent.close().success());
        let anew = Board::create(&name, &Board::with(1)).unwrap();
        assert_eq!(anew.count.read(), 1);
    });
}

/// The child never removes the name, even as the last of all: it cannot know what its parent meant
/// with it.
#[test]
fn a_child_never_removes_the_region_of_its_parent() {
    watched(|| {
        let name = Name::new("survive");
        let mut creator = child!("talk");
        creator.order(&format!("create {name} 7"));
        let mut parent = child!("fork", "survive", &name);
        parent.expect("child lives");
        creator.kill();
        parent.kill_unreaped();
        assert_eq!(parent.ask("go"), "child reads 7");
        parent.expect("child left");
        assert!(name.exists());
        let mut successor = child!("talk");
        successor.order(&format!("open {name}"));
        assert_eq!(successor.ask("read"), "7");
    });
}

/// A program that starts others does so from some thread at any time. Between the fork and the exec
/// the child has a copy of every descriptor; if that counted as attached, the last one out would
/// leave the region behind, and no process would remove it.
#[test]
fn a_child_about_to_exec_is_no_attachment() {
    watched(|| {
        let name = Name::new("leave");
        let mut creator = child!("talk");
        creator.order(&format!("create {name} 7"));
        let mut parent = child!("fork", "leave", &name);
        parent.expect("attached");
        creator.order("close");
        assert_eq!(parent.ask("leave"), "parent left");
        parent.tell("go");
        parent.expect("child left");
        assert!(!name.exists());
    });
}

/// A closure that forks returns twice; only one of the two may publish, and the other one must not
/// give the semaphore back for it.
#[test]
fn a_fork_inside_update_publishes_once() {
    watched(|| {
        let (name, board) = Board::created("inside", 7);
        let mut parent = child!("fork", "inside-update", &name);
        for line in [
            "child's closure: Forked",
            "child again: Forked",
            "child reads 7",
            "child anew: WouldBlock",
            "parent's closure: done",
            "parent: 8, version 2",
        ] {
            parent.expect(line);
        }
        board.count.try_update(|new, old| *new = old + 1).expect("the parent released it");
        assert_eq!(board.count.read(), 9);
    });
}

/// The same, where the closure decides whether there is a publication. The child gets an error
/// whatever it has decided, and never waits for another value.
#[test]
fn a_fork_inside_a_conditional_update_publishes_or_waits_once() {
    watched(|| {
        let (name, board) = Board::created("inside-if", 7);
        let mut parent = child!("fork", "inside-conditional", &name);
        for _ in 0..5 {
            parent.expect("child, true: Forked");
            parent.expect("child, false: Forked");
        }
        parent.expect("parent: 15 and 2, version 9");
        board.count.try_update(|new, old| *new = old + 1).expect("the parent released it");
        assert_eq!(board.count.read(), 16);
    });
}

/// Element-wise calls store between two calls of the closure; the child must not.
#[test]
fn a_fork_inside_update_with_stores_once() {
    watched(|| {
        let (name, board) = Board::created("inside-with", 7);
        let mut parent = child!("fork", "inside-update-with", &name);
        parent.expect("child: panicked, reads 0");
        parent.expect("parent: done");
        parent.expect("parent: 1, version 2");
        assert_eq!(the_one(&board.row.read()), 1);
        for n in 2..12 {
            board.row.update_with(&[1; 1024], |new, old| new + old);
            assert_eq!(the_one(&board.row.read()), n);
        }
    });
}

/// The holder is killed while a child lives that has inherited all its descriptors and mappings:
/// the semaphore must not live on in the child.
#[test]
fn the_semaphore_of_a_dead_parent_is_replaced() {
    watched(|| {
        let (name, board) = Board::created("parent", 7);
        let mut parent = child!("fork", "held-by-parent", &name);
        // From two processes, in any order.
        let mut lines = [parent.line(), parent.line()];
        lines.sort();
        assert_eq!(lines, ["child lives", "parent holds"]);
        let result = board.count.try_update(|_, _| ());
        assert!(matches!(result, Err(Error::WouldBlock { .. })), "{result:?}");
        parent.kill_unreaped();
        board.count.update(|new, old| *new = old + 1);
        assert_eq!((board.count.read(), u64::from(board.count.version())), (8, 2));
    });
}

/// The process id lives on, the program that held the semaphore does not.
#[test]
fn exec_releases_the_semaphore() {
    watched(|| {
        let (name, board) = Board::created("exec", 7);
        let mut holder = child!("fork", "exec", &name);
        holder.expect("holding");
        let result = board.count.try_update(|_, _| ());
        assert!(matches!(result, Err(Error::WouldBlock { .. })), "{result:?}");
        holder.tell("exec");
        board.count.update(|new, old| *new = old + 1);
        assert_eq!((board.count.read(), u64::from(board.count.version())), (8, 2));
        assert!(holder.close().success(), "it is the other program");
    });
}

/// A daemon closes all descriptors. Other processes must not take the holder for dead.
#[test]
fn closing_descriptors_keeps_the_semaphore() {
    watched(|| {
        let (name, board) = Board::created("close", 7);
        let mut holder = child!("fork", "close-descriptors", &name);
        holder.expect("holding");
        for _ in 0..20 {
            let result = board.count.try_update(|_, _| ());
            assert!(matches!(result, Err(Error::WouldBlock { .. })), "{result:?}");
        }
        holder.tell("go");
        holder.expect("published");
        holder.expect("and again, current true");
        assert_eq!((board.count.read(), u64::from(board.count.version())), (9, 3));

        // It can tell neither by its own descriptors that another holder is dead, nor whether they
        // are its own.
        let mut dead = child!("talk");
        dead.order(&format!("open {name}"));
        assert_eq!(dead.ask("hold"), "holding");
        dead.kill();
        holder.tell("go on");
        holder.expect("in, 10");
        holder.expect("and still, current true");
        holder.expect("left");
        assert!(holder.close().success());
        board.count.update(|new, old| *new = old + 1);
        assert_eq!(board.count.read(), 12);
    });
}

/// The child has no mapping where its parent's sign of life lies; its own may be there. It must not
/// end with what was inherited.
#[test]
fn dropping_an_inherited_handle_keeps_the_childs_own() {
    watched(|| {
        let (name, board) = Board::created("inherited", 7);
        let mut parent = child!("fork", "drop-inherited", &name);
        parent.expect("child holds");
        for _ in 0..20 {
            let result = board.count.try_update(|_, _| ());
            assert!(matches!(result, Err(Error::WouldBlock { .. })), "{result:?}");
        }
        parent.tell("go on");
        parent.expect("child: 8");
        parent.expect("child ended");
        assert_eq!((board.count.read(), u64::from(board.count.version())), (8, 2));
    });
}

/// What the parent holds as a value is in the child too, and good for nothing there: the child neither
/// publishes nor gives back what is its parent's.
#[test]
fn a_child_is_refused_what_its_parent_holds_as_a_value() {
    watched(|| {
        let (name, board) = Board::created("fork-untyped", 7);
        let mut parent = child!("fork", "untyped", &name);
        parent.expect(&format!("child: true true {:?}", ["Forked"; 6]));
        parent.expect("child: Forked");
        parent.expect("child: Forked Forked");
        parent.expect("parent: 9, version 3");
        assert!(parent.end().success());
        assert_eq!((board.count.read(), board.count.holder()), (9, None));
    });
}
