//! How a screen ends: the terminal is a shell's again, and the shell sees what ended the command.

use std::fs::File;
use std::os::unix::process::ExitStatusExt;
use std::process::Command;

use rustix::process::Signal;
use shma_tests::region::Name;
use shma_tests::watchdog::watched;

use crate::owner::Owner;
use crate::shma::command;
use crate::terminal::Terminal;

/// The command as a shell starts it that first runs this line.
fn after(line: &str, arguments: &[&str]) -> Command {
    let program = command(arguments);
    let mut shell = Command::new("bash");
    shell.args(["-c", &format!("{line}; exec \"$@\"")]);
    shell.arg("-").arg(program.get_program()).args(program.get_args());
    shell.env_remove("NO_COLOR").env("TERM", "xterm-256color");
    shell
}

/// Without a handler, each of these left the terminal raw and without a cursor.
#[test]
fn a_signal_restores_the_terminal_and_ends_the_command() {
    watched(|| {
        let name = Name::new("signals");
        let owner = Owner::create(&name);
        for signal in
            [Signal::TERM, Signal::HUP, Signal::INT, Signal::QUIT, Signal::USR1, Signal::ABORT]
        {
            for screen in [&["watch", &*name][..], &["top"]] {
                let mut command = after("ulimit -c 0", screen);
                let mut terminal = Terminal::start(&mut command, 30, 110);
                terminal.shows("q quit");
                assert!(!terminal.is_restored(), "it is taken");
                terminal.signal(signal);
                let status = terminal.wait();
                assert_eq!(status.signal(), Some(signal.as_raw()), "{screen:?}");
                assert!(terminal.is_restored(), "{screen:?} after {signal:?}");
            }
        }
        owner.leave();
    });
}

/// A process that may write the region can truncate it, which ends a command that looks at it.
#[test]
fn a_truncated_region_restores_the_terminal() {
    watched(|| {
        let name = Name::new("truncated");
        let owner = Owner::create(&name);
        let mut command = after("ulimit -c 0", &["watch", &name, "-i", "0.02"]);
        let mut terminal = Terminal::start(&mut command, 30, 110);
        terminal.shows("q quit");
        File::options().write(true).open(name.path()).unwrap().set_len(0).unwrap();
        assert_eq!(terminal.wait().signal(), Some(Signal::BUS.as_raw()));
        assert!(terminal.is_restored());
        owner.kill();
    });
}

/// Under `nohup` no signal tells of it: the command went on for ever, with all of a processor.
#[test]
fn a_lost_terminal_ends_the_command_quietly() {
    watched(|| {
        let name = Name::new("lost");
        let owner = Owner::create(&name);
        let folder = tempfile::tempdir().unwrap();
        let complaints = folder.path().join("stderr");
        let line = format!("trap '' HUP; exec 2>{}", complaints.display());
        for arguments in
            [&["watch", &*name][..], &["top"], &["top", "--json"], &["watch", "--json", &name]]
        {
            // Whether it waits for keys or writes.
            for interval in ["0.001", "30"] {
                if interval == "30" && arguments.contains(&"--json") {
                    continue;
                }
                let arguments = [arguments, &["-i", interval]].concat();
                let mut terminal = Terminal::start(&mut after(&line, &arguments), 30, 110);
                terminal.shows(if arguments.contains(&"--json") { "schema" } else { "q quit" });
                let status = terminal.vanish();
                let said = std::fs::read_to_string(&complaints).unwrap();
                assert!(status.success() && said.is_empty(), "{arguments:?}: {status} {said}");
            }
        }
        owner.leave();
    });
}

/// A terminal that vanishes sends SIGHUP where that is not ignored.
#[test]
fn a_lost_terminal_ends_the_command_by_its_signal() {
    watched(|| {
        let name = Name::new("hung-up");
        let owner = Owner::create(&name);
        let mut terminal = Terminal::start(&mut command(&["watch", &name]), 30, 110);
        terminal.shows("q quit");
        assert_eq!(terminal.vanish().signal(), Some(Signal::HUP.as_raw()));
        owner.leave();
    });
}

/// Stopped by the key and by a signal, as a shell with job control sees it; in between the terminal
/// is the shell's.
#[test]
fn a_stopped_screen_comes_back() {
    watched(|| {
        let name = Name::new("stopped");
        let mut owner = Owner::create(&name);
        let program = command(&["watch", &name, "-i", "0.02"]);
        // 148 is 128 and SIGTSTP.
        let script = "set -m; \"$@\"; echo stopped by $?; read -r _; \
                      fg > /dev/null; echo stopped by $?; read -r _; \
                      fg > /dev/null; echo ended with $?";
        let mut shell = Command::new("bash");
        shell.args(["-c", script, "-"]).arg(program.get_program()).args(program.get_args());
        shell.env_remove("NO_COLOR").env("TERM", "xterm-256color");
        let mut terminal = Terminal::start(&mut shell, 30, 110);
        terminal.shows("q quit");
        terminal.keys("\x1a");
        terminal.shows("stopped by 148");
        terminal.until("the terminal is as it was", |screen| {
            !screen.hide_cursor() && !screen.alternate_screen()
        });
        assert!(terminal.is_restored());
        owner.ask("step");
        terminal.keys("\r");
        terminal.until("the screen is drawn anew", |screen| {
            screen.alternate_screen() && screen.hide_cursor() && screen.contents().contains("42")
        });
        assert!(!terminal.is_restored());
        let watch = child_of(terminal.pid());
        rustix::process::kill_process(watch, Signal::TSTP).unwrap();
        terminal.until("the shell goes on", |screen| {
            screen.contents().matches("stopped by 148").count() == 2
        });
        assert!(terminal.is_restored());
        terminal.keys("\r");
        terminal.shows("q quit");
        terminal.keys("q");
        terminal.shows("ended with 0");
        assert!(terminal.is_restored());
        assert!(terminal.end().0.success());
        owner.leave();
    });
}

fn child_of(pid: u32) -> rustix::process::Pid {
    let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap();
    let child = children.split_whitespace().next().expect("the shell has a child");
    rustix::process::Pid::from_raw(child.parse().unwrap()).unwrap()
}

/// SIGSTOP gives no time to restore anything: the shell does it, and SIGCONT takes the terminal
/// again.
#[test]
fn a_continued_screen_is_raw_again() {
    watched(|| {
        let name = Name::new("continued");
        let mut owner = Owner::create(&name);
        let mut terminal = Terminal::start(&mut command(&["watch", &name, "-i", "0.02"]), 30, 110);
        terminal.shows("q quit");
        terminal.signal(Signal::STOP);
        shma_tests::watchdog::until("it is stopped", || {
            let stat = format!("/proc/{}/stat", terminal.pid());
            std::fs::read_to_string(stat).unwrap().contains(") T ")
        });
        terminal.cook();
        owner.ask("step");
        terminal.signal(Signal::CONT);
        terminal.shows("42");
        assert!(!terminal.is_restored());
        terminal.keys("q");
        assert!(terminal.wait().success() && terminal.is_restored());
        owner.leave();
    });
}

/// Where no shell can continue it, the key must not stop it for ever.
#[test]
fn a_screen_without_a_shell_is_not_stopped() {
    watched(|| {
        let name = Name::new("orphan");
        let mut owner = Owner::create(&name);
        let mut terminal = Terminal::start(&mut command(&["watch", &name, "-i", "0.02"]), 30, 110);
        terminal.shows("q quit");
        terminal.keys("\x1a");
        owner.ask("step");
        terminal.shows("42");
        terminal.keys("q");
        assert!(terminal.wait().success() && terminal.is_restored());
        owner.leave();
    });
}

/// The keyboard is the terminal also where standard input is something else.
#[test]
fn keys_come_from_the_terminal() {
    watched(|| {
        let name = Name::new("keyboard");
        let owner = Owner::create(&name);
        for line in ["exec < /dev/null", "exec <&-"] {
            let mut terminal = Terminal::start(&mut after(line, &["watch", &name]), 30, 110);
            terminal.shows("q quit");
            terminal.keys("q");
            assert!(terminal.wait().success() && terminal.is_restored(), "{line}");
        }
        owner.leave();
    });
}
