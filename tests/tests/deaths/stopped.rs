//! Processes that are stopped: they may go on, so nothing may be taken from them, and none but
//! other writers may depend on them.

use std::time::Duration;

use shma_core::{Error, ShmState};
use shma_tests::region::Name;
use shma_tests::states::{Board, Uniform, the_one};
use shma_tests::watchdog::{until, watched};
use shma_tests::{child, opened};

/// A writer is stopped inside its closure, for long. Taking the semaphore from it would let it
/// write, once it goes on, over what others have published meanwhile.
#[test]
fn a_stopped_writer_loses_nothing() {
    watched(|| {
        let (name, board) = Board::created("robbed", 7);
        let seen = Board::open_read_only(&name).unwrap();
        let mut writer = opened!(&name);
        assert_eq!(writer.ask("hold"), "holding");
        writer.stop();
        // Long enough for many looks at the holder.
        for _ in 0..5 {
            let result = board.count.update_timeout(Duration::from_millis(40), |_, _| ());
            let Err(Error::Timeout { holder: Some(holder), .. }) = result else {
                panic!("{result:?}")
            };
            assert_eq!(holder.pid, writer.pid());
            let result = board.count.try_update(|_, _| ());
            assert!(matches!(result, Err(Error::WouldBlock { .. })), "{result:?}");
            assert_eq!((board.count.read(), seen.count.read()), (7, 7));
            assert_eq!(board.read_boxed().count, 7);
        }
        writer.go_on();
        assert_eq!(writer.ask("publish 8"), "ok");
        board.count.update(|new, old| *new = old + 1);
        assert_eq!((board.count.read(), u64::from(board.count.version())), (9, 3));
    });
}

/// A writer that queues waits as long as it takes, and gets in when the stopped one is through.
#[test]
fn a_queue_behind_a_stopped_writer_stays() {
    watched(|| {
        let (name, board) = Board::created("dissolves", 1);
        let mut writer = opened!(&name);
        assert_eq!(writer.ask("hold"), "holding");
        writer.stop();
        let mut queued = opened!(&name);
        queued.tell("add 1");
        let [count, ..] = Board::partitions();
        until("it queues", || name.bytes().has_waiters(count));
        assert_eq!(board.count.read(), 1);
        writer.go_on();
        assert_eq!(writer.ask("publish 10"), "ok");
        queued.expect("ok");
        assert_eq!(board.count.read(), 11);
    });
}

/// A stopped waiter holds a place in the queue; the semaphore must not wait for it.
#[test]
fn no_writer_waits_for_a_stopped_waiter() {
    watched(|| {
        let (name, board) = Board::created("waiter", 1);
        let mut holder = opened!(&name);
        assert_eq!(holder.ask("hold"), "holding");
        let mut stopped = opened!(&name);
        stopped.tell("add 1");
        let [count, ..] = Board::partitions();
        until("it queues", || name.bytes().has_waiters(count));
        stopped.stop();
        assert_eq!(holder.ask("publish 10"), "ok");
        for _ in 0..100 {
            board.count.update(|new, old| *new = old + 1);
        }
        assert_eq!(board.count.read(), 110);
        stopped.go_on();
        stopped.expect("ok");
        assert_eq!(board.count.read(), 111);
    });
}

/// A reader is stopped at any point of a read, while the writer goes round the slots many times.
/// The writer does not notice, and the reader, which checks every value, accepts no mixture.
#[test]
fn a_stopped_reader_stalls_no_writer_and_mixes_nothing() {
    watched(|| {
        let name = Name::new("reader");
        let mut init = Uniform::<8192>::zeroed();
        init.words.fill(1);
        let state = Uniform::create(&name, &init).unwrap();
        let mut n = 1;
        for how in ["into", "readonly-into"] {
            let mut reader = child!("look", &name, 8192, how, 20_000);
            let mut end = None;
            let mut stops = 200;
            while end.is_none() {
                n += 1;
                init.words.fill(n);
                state.words.write(&init.words);
                if stops > 0 {
                    // It reads beside this, wherever it stands when the signal arrives.
                    stops -= 1;
                    reader.signal(rustix::process::Signal::STOP);
                    for _ in 0..9 {
                        n += 1;
                        init.words.fill(n);
                        state.words.write(&init.words);
                    }
                    reader.go_on();
                }
                end = reader.said();
            }
            assert_eq!(end.unwrap(), "gave up 0");
        }
        assert_eq!(the_one(&*state.words.read_boxed()), n);
    });
}

/// Opening, creating and removing meet a stopped process that is attached, and one that holds a
/// semaphore: neither is in their way.
#[test]
fn a_stopped_process_blocks_no_attach_or_detach() {
    watched(|| {
        let (name, board) = Board::created("coming", 7);
        let mut writer = opened!(&name);
        assert_eq!(writer.ask("hold"), "holding");
        writer.stop();
        assert_eq!(Board::open(&name).unwrap().count.read(), 7);
        assert_eq!(Board::open_read_only(&name).unwrap().count.read(), 7);
        let second = Board::create(&name, &Board::zeroed());
        assert!(matches!(second, Err(Error::AlreadyExists { .. })), "{second:?}");
        drop(board);
        assert!(name.exists(), "the stopped process is attached");
        Board::unlink(&name).unwrap();
        let anew = Board::create(&name, &Board::with(1)).unwrap();
        writer.go_on();
        assert_eq!(writer.ask("publish 8"), "ok");
        assert_eq!((writer.ask("read"), writer.ask("current")), ("8".into(), "false".into()));
        assert_eq!(anew.count.read(), 1, "it went on in its own region");
    });
}
