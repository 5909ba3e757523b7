//! The live screens: keys are typed, and the screen is read.

use std::thread;
use std::time::Duration;

use shma_tests::program;
use shma_tests::region::Name;
use shma_tests::watchdog::{until, watched};

use crate::owner::Owner;
use crate::shma::{command, shma};
use crate::terminal::Terminal;

fn watch(name: &Name) -> Terminal {
    Terminal::start(&mut command(&["watch", name, "-i", "0.02"]), 30, 110)
}

/// The row of a field, as the words in it.
fn row(screen: &vt100::Screen, field: &str) -> Vec<String> {
    let screen = screen.contents();
    let row = screen.lines().find(|line| line.trim_start().starts_with(field)).unwrap_or("");
    row.split_whitespace().map(str::to_owned).collect()
}

fn all_cells(screen: &vt100::Screen) -> impl Iterator<Item = &vt100::Cell> {
    let (rows, columns) = screen.size();
    let all = (0..rows.get()).flat_map(move |y| (0..columns.get()).map(move |x| (y, x)));
    all.filter_map(|(row, column)| screen.cell(row, column))
}

/// The cells that hold this text.
fn cells(screen: &vt100::Screen, text: &str) -> Vec<vt100::Cell> {
    all_cells(screen).filter(|cell| cell.contents() == text).cloned().collect()
}

fn coloured(screen: &vt100::Screen) -> usize {
    let plain = vt100::Color::Default;
    let has_colour = |cell: &&vt100::Cell| cell.fgcolor() != plain || cell.bgcolor() != plain;
    all_cells(screen).filter(has_colour).count()
}

/// Values as they are, and as they become.
#[test]
fn a_change_does_not_show() {
    watched(|| {
        let name = Name::new("changes");
        let mut owner = Owner::create(&name);
        let mut terminal = watch(&name);
        terminal.until("the fields are shown", |screen| {
            row(screen, "grid").get(4..8)
                == Some(&["-2", "0.7500", "3.5000", "6.5192"].map(Into::into))
        });
        let step = |screen: &vt100::Screen| row(screen, "step").get(4).cloned();
        let head = format!("{}  Lab  alive, 1 attached", &*name);
        terminal.until("the rest is shown", |screen| {
            let map = cells(screen, "▀");
            // Each number is eight characters wide and four high; low and high differ.
            map.len() == 4 * 8 * 3 * 4
                && map[0].fgcolor() != map[31].fgcolor()
                && step(screen).is_some_and(|step| step == "41")
                && screen.contents().contains(&head)
        });
        assert!(cells(terminal.screen(), "█").is_empty(), "nothing was published");
        owner.ask("step");
        terminal.until("one look has seen the new step", |screen| {
            step(screen).is_some_and(|step| step == "42") && cells(screen, "█").len() == 1
        });
        terminal.keys("q");
        let (status, left) = terminal.end();
        assert!(status.success() && left.trim().is_empty(), "the screen was not released: {left}");
        owner.leave();
    });
}

/// What is no number is counted in red, and its place on the map is red.
#[test]
fn a_nan_is_overlooked() {
    watched(|| {
        let name = Name::new("nan");
        let mut owner = Owner::create(&name);
        let mut terminal = watch(&name);
        terminal.shows("1 NaN 1 inf");
        let red = vt100::Color::Idx(1);
        assert!(cells(terminal.screen(), "N").iter().any(|cell| cell.fgcolor() == red));
        assert!(row(terminal.screen(), "grid").iter().all(|word| word != "NaN"));
        owner.ask("spoil");
        terminal.until("the spoilt number", |screen| {
            let red = |cell: &&vt100::Cell| cell.fgcolor() == red && cell.bgcolor() == red;
            row(screen, "grid").windows(2).any(|words| words == ["1", "NaN"])
                && cells(screen, "▀").iter().filter(red).count() == 8 * 4
        });
        owner.ask("mend");
        terminal
            .until("it is mended", |screen| row(screen, "grid").iter().all(|word| word != "NaN"));
        owner.leave();
    });
}

/// The keys, one after the other.
#[test]
fn a_key_does_something_else() {
    watched(|| {
        let name = Name::new("keys");
        let mut owner = Owner::create(&name);
        let mut terminal = watch(&name);
        terminal.shows(" grid: [[f32; 4]; 3] ");
        terminal.keys("\x1b[B");
        terminal.shows(" series: [f64; 5] ");
        terminal.shows("0.1  -2.5  1e300  NaN  -inf");
        terminal.keys("k");
        terminal.shows(" grid: [[f32; 4]; 3] ");
        for curve in ["mean", "norm", "min", "max", "updates/s"] {
            terminal.keys("s");
            terminal.until(curve, |screen| {
                let screen = screen.contents();
                screen.lines().nth(1).is_some_and(|head| head.trim_end().ends_with(curve))
            });
        }
        terminal.keys("h");
        terminal.until("the map is gone", |screen| cells(screen, "▀").is_empty());
        terminal.keys(" ");
        terminal.shows("paused");
        owner.ask("step");
        terminal.keys("h");
        terminal.shows(" grid: ");
        assert_eq!(row(terminal.screen(), "step")[4], "41", "it looks on");
        terminal.keys(" ");
        terminal.until("it looks again", |screen| {
            row(screen, "step").get(4).is_some_and(|x| x == "42")
        });
        terminal.keys("\x03");
        assert!(terminal.end().0.success());
        owner.leave();
    });
}

/// `NO_COLOR`, with everything that would have one.
#[test]
fn a_colour_is_shown_against_the_users_will() {
    watched(|| {
        let name = Name::new("colour");
        let mut owner = Owner::create(&name);
        owner.ask("spoil");
        for (will, colours) in [(None, true), (Some("1"), false), (Some(""), true)] {
            let mut watch = command(&["watch", &name, "-i", "0.02"]);
            if let Some(will) = will {
                watch.env("NO_COLOR", will);
            }
            let mut terminal = Terminal::start(&mut watch, 30, 110);
            terminal.shows("1 NaN");
            terminal.shows("q quit");
            assert_eq!(coloured(terminal.screen()) > 0, colours, "NO_COLOR={will:?}");
            let mut info = command(&["info", &name]);
            if let Some(will) = will {
                info.env("NO_COLOR", will);
            }
            let mut terminal = Terminal::start(&mut info, 40, 110);
            terminal.shows("wide");
            assert_eq!(coloured(terminal.screen()) > 0, colours, "NO_COLOR={will:?}");
        }
        let plain = crate::shma::shma(&["info", &name]).done();
        assert!(!plain.contains('\x1b'), "{plain:?}");
        owner.leave();
    });
}

/// Narrow terminals.
#[test]
fn a_table_is_wider_than_the_terminal() {
    watched(|| {
        let name = Name::new("narrow");
        let owner = Owner::create(&name);
        for columns in [50, 70, 100] {
            // A line that does not fit goes on in the next one, and shows as wrapped.
            for arguments in [&["ls"][..], &["info", &name], &["diff", &name, &name]] {
                let terminal = Terminal::start(&mut command(arguments), 200, columns);
                let (status, screen) = terminal.end();
                assert!(status.success());
                // Above the table of `info` there are lines as long as the name.
                let mut table = screen.trim_end().split("\n\n").last().unwrap().lines();
                // A word that is wider than the terminal, such as a path, stays whole.
                let fits =
                    |line: &str| line.chars().count() <= columns.into() || !line.contains(' ');
                assert!(table.all(fits), "{arguments:?} in {columns}: {screen}");
            }
        }
        owner.leave();
    });
}

/// The holder of a semaphore, alive and dead, then a region that goes and comes back.
#[test]
fn a_death_is_overlooked() {
    watched(|| {
        let name = Name::new("death");
        let mut owner = Owner::create(&name);
        let mut terminal = watch(&name);
        owner.hold();
        terminal.shows(&format!("held {}", owner.pid()));
        let pid = owner.pid();
        owner.kill();
        terminal.shows(&format!("dead {pid}"));
        terminal.shows("Lab  dead, 0 attached");
        let owner = Owner::create(&name);
        terminal.shows("Lab  alive, 1 attached");
        owner.leave();
        terminal.shows("the region is gone");
        let owner = Owner::create(&name);
        terminal.until("it goes on", |screen| !screen.contents().contains("is gone"));
        assert!(terminal.screen().contents().contains("alive"));
        terminal.keys("q");
        assert!(terminal.end().0.success());
        owner.leave();
    });
}

/// What a program is called that holds a semaphore; an interpreter of Python says nothing by its own name.
#[test]
fn a_process_of_python_is_anonymous() {
    watched(|| {
        let (name, folder) = (Name::new("python"), tempfile::tempdir().unwrap());
        let python = folder.path().join("python3");
        program::copy(std::env::current_exe().unwrap(), &python);
        let mut owner = Owner::create_by(&python, &name);
        let mut terminal = watch(&name);
        owner.hold();
        // The first of its arguments stands where the script does.
        let called = format!("{} python3 owner::be_one", owner.pid());
        terminal.shows(&format!("held {called}"));
        terminal.keys("q");
        assert!(terminal.end().0.success());
        let info = shma(&["info", &name]).done();
        assert!(
            info.contains(&format!("process {}  python3 owner::be_one", owner.pid())),
            "{info}"
        );
        // What has been held for seconds only is nothing to tell.
        let mut said = String::new();
        until("the semaphore to be held for long", || {
            // Each look is a process, and they are some ten seconds.
            thread::sleep(Duration::from_millis(200));
            said = shma(&["doctor", &name]).out;
            said.contains("holds the semaphore")
        });
        let process =
            format!("process {} (python3 owner::be_one) holds the semaphore", owner.pid());
        assert!(said.contains(&process), "{said}");
        owner.kill();
    });
}

/// The row in which a region stands.
fn place(screen: &vt100::Screen, name: &str) -> Option<usize> {
    screen.rows(0, 180).position(|line| line.starts_with(name))
}

/// The row that is selected.
fn selected(screen: &vt100::Screen) -> Option<usize> {
    let inverse = |row: &u16| screen.cell(*row, 0).is_some_and(vt100::Cell::inverse);
    (0..screen.size().0.get()).find(inverse).map(usize::from)
}

/// From the list of all regions into one, and back.
#[test]
fn a_region_is_not_entered() {
    watched(|| {
        let name = Name::new("top");
        let mut owner = Owner::create(&name);
        let mut terminal = Terminal::start(&mut command(&["top", "-i", "0.05"]), 200, 180);
        terminal.shows(&name);
        // What is published most stands first, but other programs have regions too.
        let mut steps = 0;
        terminal.until("its updates are counted", |screen| {
            owner.ask("step");
            steps += 1;
            row(screen, &name).get(5).is_some_and(|rate| rate != "0")
        });
        assert!(steps > 0 && row(terminal.screen(), &name).last().unwrap() == "alive");
        shma_tests::watchdog::until("it is selected", || {
            let (selected, place) = (selected(terminal.screen()), place(terminal.screen(), &name));
            match (selected, place) {
                (Some(selected), Some(place)) if selected == place => return true,
                (Some(selected), Some(place)) => {
                    terminal.keys(if selected < place { "j" } else { "k" });
                    // One step at a time.
                    terminal.until("the selection moves", |screen| {
                        self::selected(screen).is_some_and(|now| now != selected)
                    });
                }
                _ => {}
            }
            false
        });
        terminal.keys("n");
        terminal.until("it is still selected in another order", |screen| {
            let lines: Vec<String> = screen.rows(0, 180).skip(2).collect();
            let names = lines.iter().map_while(|line| line.split_whitespace().next());
            // Behind the last region there is an empty line.
            names.is_sorted() && selected(screen) == place(screen, &name)
        });
        terminal.keys("\r");
        terminal.shows("Lab  alive, 1 attached");
        terminal.keys("q");
        terminal.shows("shma top");
        terminal.keys("q");
        assert!(terminal.end().0.success());
        owner.leave();
    });
}

/// The size changes while the screen is shown; what was drawn for the old one is gone.
#[test]
fn a_resized_screen_is_drawn_anew() {
    watched(|| {
        let name = Name::new("resized");
        let owner = Owner::create(&name);
        let mut command = command(&["watch", &name, "-i", "30"]);
        let mut terminal = Terminal::start(&mut command, 30, 110);
        terminal.shows("q quit");
        for (rows, columns) in [(12, 60), (40, 200), (20, 80)] {
            terminal.resize(rows, columns);
            terminal.until("the foot is in the last line", |screen| {
                let last = screen.rows(0, columns).last();
                last.is_some_and(|line| line.starts_with("q quit"))
                    && screen.contents().matches("q quit").count() == 1
                    && screen.contents().starts_with(&*name)
            });
        }
        terminal.keys("q");
        assert!(terminal.end().0.success());
        owner.leave();
    });
}
