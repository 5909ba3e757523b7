//! Screens and tables at any width: a name never goes, no two look alike, and no word breaks.

use insta::assert_snapshot;
use shma_core::ShmState;
use shma_tests::region::Name;
use shma_tests::watchdog::watched;

use crate::owner::Owner;
use crate::shma::{command, shma};
use crate::terminal::Terminal;

const WIDTHS: [u16; 10] = [20, 27, 34, 50, 66, 80, 100, 120, 200, 300];

/// Regions whose names begin and end alike, one of them as long as a name may be.
struct Regions {
    names: Vec<Name>,
    _partners: Vec<Owner>,
}

impl Regions {
    fn new() -> Self {
        let long = format!("{}-left-{}", "l".repeat(60), "o".repeat(70));
        let names = [
            Name::new("h-new"),
            Name::new("h-new"),
            Name::new(&long),
            Name::new(&long.replace("left", "lost")),
        ];
        let partners = names.iter().map(|name| Owner::create(name)).collect();
        Self { names: names.into(), _partners: partners }
    }

    /// How each name is printed in these lines: the name if it fits, else one with an ellipsis.
    #[track_caller]
    fn check(&self, lines: &[String], columns: u16) {
        let shown = self.names.iter().map(|name| {
            let whole = lines.iter().any(|line| line.split(' ').next() == Some(name));
            let fits = name.len() <= columns.into();
            assert_eq!(whole, fits, "{} in {columns}: {lines:#?}", &**name);
            fits
        });
        let short = shown.filter(|fits| !fits).count();
        let mut cut: Vec<&str> = lines
            .iter()
            .filter_map(|line| line.split(' ').next().filter(|name| name.contains('…')))
            .collect();
        cut.sort_unstable();
        let all = cut.len();
        cut.dedup();
        assert!(cut.len() == all && all >= short, "two look alike in {columns}: {lines:#?}");
    }
}

fn rows(screen: &vt100::Screen) -> Vec<String> {
    screen.rows(0, screen.size().1.get()).map(|row| row.trim_end().to_owned()).collect()
}

/// A line goes on in the next row only if it is one word, such as the path of a file of another test
/// that is no region.
#[track_caller]
fn only_words_are_wrapped(screen: &vt100::Screen, columns: u16) {
    let lines = rows(screen);
    let mut whole = String::new();
    for (row, line) in (0..).zip(&lines) {
        whole.push_str(line);
        if screen.row_wrapped(row) {
            continue;
        }
        let is_wrapped = whole.len() > line.len();
        assert!(!is_wrapped || !whole.contains(' '), "{columns}: {whole}");
        whole.clear();
    }
}

/// On 80 columns two regions were both called `h-new`, and on 50 neither had a name.
#[test]
fn regions_keep_their_names() {
    watched(|| {
        let regions = Regions::new();
        for columns in WIDTHS {
            let mut top = Terminal::start(&mut command(&["top", "-i", "30"]), 400, columns);
            top.shows("q quit");
            top.until("all is drawn", |screen| rows(screen).last().unwrap().starts_with("q quit"));
            let lines = rows(top.screen());
            regions.check(&lines, columns);
            assert!(lines[1].starts_with("region"), "{lines:#?}");
            let (status, _) = Terminal::start(&mut command(&["ls"]), 400, columns).end();
            assert!(status.success());
            let mut ls = Terminal::start(&mut command(&["ls"]), 400, columns);
            assert!(ls.wait().success());
            let screen = ls.screen();
            let lines = rows(screen);
            regions.check(&lines, columns);
            only_words_are_wrapped(screen, columns);
        }
    });
}

/// The columns that a width of 80 has room for, and all of them at 200.
#[test]
fn columns_go_by_priority() {
    watched(|| {
        let name = Name::new("columns");
        let owner = Owner::create(&name);
        for (columns, least, most) in [
            (20, "field version", "age"),
            (50, "field version age", "deaths"),
            (60, "field type version age held by", "slots"),
            (120, "field type size slots version age held by contended deaths", "too narrow"),
        ] {
            let (_, screen) = Terminal::start(&mut command(&["info", &name]), 60, columns).end();
            let lines: Vec<&str> = screen.lines().map(str::trim_end).collect();
            let head = lines.iter().position(|line| line.starts_with("field")).unwrap();
            for word in least.split(' ') {
                assert!(lines[head].contains(word), "{word} in {columns}: {screen}");
            }
            assert!(!lines[head].contains(most), "{most} in {columns}: {screen}");
            // What has no room is named.
            let told = lines[head..].iter().any(|line| line.contains("too narrow for"));
            assert_eq!(told, columns < 120, "{screen}");
            for field in ["grid", "series", "step", "poses", "hits", "halves", "brains", "waves"] {
                let has_row = lines[head..].iter().any(|line| line.starts_with(field));
                assert!(has_row, "{field} in {columns}: {screen}");
            }
        }
        owner.leave();
    });
}

/// What goes to another program is whole, however wide.
#[test]
fn a_pipe_has_no_width() {
    watched(|| {
        let regions = Regions::new();
        for arguments in [&["ls"][..], &["top", "-i", "0.001"]] {
            let out = shma(arguments).done();
            let lines: Vec<String> = out.lines().map(str::to_owned).collect();
            regions.check(&lines, u16::MAX);
            let row = lines.iter().find(|line| line.starts_with(&*regions.names[3])).unwrap();
            assert!(row.contains("  Lab  ") && row.ends_with("alive"), "{row}");
            assert!(!out.contains('…'), "{out}");
        }
    });
}

#[derive(ShmState)]
struct Rows {
    rows: [[f64; 40]; 2],
    row: [u32; 100],
}

/// A row that is longer than a line went on in the next one in the middle of a number.
#[test]
fn rows_break_between_numbers() {
    watched(|| {
        let name = Name::new("rows");
        let mut start = Rows::zeroed();
        for (i, number) in start.rows.as_flattened_mut().iter_mut().enumerate() {
            *number = i as f64 + 0.125;
        }
        start.row = std::array::from_fn(|i| 1000 + i as u32);
        let _rows = Rows::create(&name, &start).unwrap();
        for field in ["rows", "row"] {
            let piped = shma(&["get", &name, field]).done();
            assert_eq!(piped.lines().count(), if field == "rows" { 2 } else { 1 }, "{piped}");
            let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
            for columns in WIDTHS {
                let mut get = Terminal::start(&mut command(&["get", &name, field]), 400, columns);
                assert!(get.wait().success());
                let screen = get.screen();
                assert!((0..400).all(|row| !screen.row_wrapped(row)), "{}", screen.contents());
                assert_eq!(words(&screen.contents()), words(&piped), "{columns}");
            }
        }
    });
}

#[derive(ShmState)]
struct Marks {
    /// Two columns a letter.
    状態: f64,
    a_name_that_is_longer_than_most_lines_of_a_terminal_that_is_not_very_wide_a: u64,
    a_name_that_is_longer_than_most_lines_of_a_terminal_that_is_not_very_wide_b: u64,
}

/// Columns are what a terminal counts, not characters or bytes.
#[test]
fn wide_letters_are_counted() {
    watched(|| {
        let name = Name::new("marks");
        let _marks = Marks::create(&name, &Marks::zeroed()).unwrap();
        for columns in WIDTHS {
            let mut watch =
                Terminal::start(&mut command(&["watch", &name, "-i", "30"]), 30, columns);
            watch.shows("q quit");
            watch.until("all is drawn", |screen| rows(screen)[29].starts_with("q quit"));
            let mut info = Terminal::start(&mut command(&["info", &name]), 60, columns);
            assert!(info.wait().success());
            for screen in [watch.screen(), info.screen()] {
                let lines = rows(screen);
                let head = lines.iter().position(|line| line.starts_with("field")).unwrap();
                let has_row = lines[head..].iter().any(|line| line.starts_with("状態"));
                assert!(has_row, "{columns}: {lines:#?}");
                let long: Vec<&str> = lines[head..]
                    .iter()
                    .filter_map(|line| line.split(' ').next())
                    .filter(|word| word.starts_with("a_n"))
                    .collect();
                assert!(long.len() == 2 && long[0] != long[1], "{columns}: {lines:#?}");
                let head = u16::try_from(head).unwrap();
                assert!((head..29).all(|row| !screen.row_wrapped(row)), "{columns}: {lines:#?}");
            }
        }
    });
}

/// Ages give way to a word of the same width.
fn without_ages(line: &str) -> String {
    let mut line = line.to_owned();
    for unit in [" µs", " ms", " s", " min"] {
        while let Some(at) = line.find(unit) {
            let number = line[..at].rfind(' ').map_or(0, |blank| blank + 1);
            if line[number..at].parse::<f64>().is_err() {
                break;
            }
            let width = line[number..at + unit.len()].chars().count();
            line.replace_range(number..at + unit.len(), &format!("{:>width$}", "AGE"));
        }
    }
    line
}

/// The screen of `watch` as it is drawn.
#[test]
fn a_screen_has_its_form_at_each_width() {
    watched(|| {
        let name = Name::new("form");
        let owner = Owner::create(&name);
        for columns in [34, 50, 80, 120] {
            let mut watch = command(&["watch", &name, "-i", "30"]);
            let mut terminal = Terminal::start(&mut watch, 18, columns);
            terminal.until("all is drawn", |screen| rows(screen)[17].starts_with("q quit"));
            let lines = rows(terminal.screen());
            let lines: Vec<String> = lines[1..].iter().map(|line| without_ages(line)).collect();
            assert_snapshot!(format!("watch_{columns}"), lines.join("\n"));
        }
        owner.leave();
    });
}
