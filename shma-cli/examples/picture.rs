//! Draws the picture of the README: `shma watch` while `sgd` trains, as it stands on a terminal.
//!
//! ```sh
//! cargo build --release --bin sgd --bin shma
//! cargo run -p shma-cli --example picture -- target/release shma-cli/watch.svg
//! ```

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use shma_core::inspect;

#[path = "../tests/cli/terminal.rs"]
#[allow(dead_code, reason = "the tests use more of it")]
mod terminal;

use terminal::Terminal;

const ROWS: u16 = 24;
const COLUMNS: u16 = 100;

/// How long the training is watched before the picture is taken.
const LATER: Duration = Duration::from_secs(6);

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [programs, picture] = &arguments[..] else {
        eprintln!("usage: picture FOLDER-OF-PROGRAMS FILE.svg");
        std::process::exit(2);
    };
    let programs = std::fs::canonicalize(programs).expect("the folder of the programs exists");
    let scratch = tempfile::tempdir().expect("a folder for what sgd writes");
    let training = Ended(train(&programs, scratch.path()));
    let name = model_of(&training.0);
    let mut watch = Command::new(programs.join("shma"));
    watch.args(["watch", &name, "-i", "0.1"]).env_remove("NO_COLOR").env("TERM", "xterm-256color");
    let mut terminal = Terminal::start(&mut watch, ROWS, COLUMNS);
    terminal.shows("q quit");
    terminal.keys("s");
    thread::sleep(LATER);
    let svg = draw(terminal.screen());
    std::fs::write(picture, svg).expect("the picture can be written");
}

/// A process that ends with this.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        // Asked to end, it takes its regions along.
        let pid = rustix::process::Pid::from_child(&self.0);
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::INT);
        let _ = self.0.wait();
    }
}

fn train(programs: &Path, scratch: &Path) -> Child {
    let mut sgd = Command::new(programs.join("sgd"));
    sgd.args(["--epochs", "10000", "--no-compare"]).current_dir(scratch);
    sgd.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("sgd runs")
}

/// The region in which the network lies.
fn model_of(sgd: &Child) -> String {
    let number = sgd.id().to_string();
    for _ in 0..2000 {
        for name in inspect::names().expect("/dev/shm can be read") {
            let view = inspect::View::open(&name);
            if name.contains(&number) && view.is_ok_and(|view| view.field("w1").is_some()) {
                return name;
            }
        }
        thread::sleep(Duration::from_millis(10));
    }
    panic!("sgd made no region")
}

/// Width and height of a character.
const CELL: (u16, u16) = (8, 16);

/// What is behind everything.
const DARK: &str = "#16161c";

/// Rectangles by colour, and the text in front of them.
#[derive(Default)]
struct Drawing {
    blocks: BTreeMap<String, String>,
    text: String,
}

fn draw(screen: &vt100::Screen) -> String {
    let mut drawing = Drawing::default();
    for row in 0..ROWS {
        drawing.line(screen, row);
    }
    let (width, height) = (COLUMNS * CELL.0 + 16, ROWS * CELL.1 + 16);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"-8 -8 {width} {height}\" \
         font-family=\"ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace\" font-size=\"13.3\">\n\
         <rect x=\"-8\" y=\"-8\" width=\"100%\" height=\"100%\" rx=\"6\" fill=\"{DARK}\"/>\n\
         <g shape-rendering=\"crispEdges\">\n"
    );
    for (colour, path) in drawing.blocks {
        svg += &format!("<path fill=\"{colour}\" d=\"{path}\"/>\n");
    }
    svg + "</g>\n" + &drawing.text + "</svg>\n"
}

impl Drawing {
    /// Neighbours that look the same go together.
    fn line(&mut self, screen: &vt100::Screen, row: u16) {
        let mut column = 0;
        while column < COLUMNS {
            let look = Look::of(screen, row, column);
            let mut text = String::new();
            let first = column;
            while column < COLUMNS && Look::of(screen, row, column) == look {
                let contents = screen.cell(row, column).map_or("", |cell| cell.contents());
                text += if contents.is_empty() { " " } else { contents };
                column += 1;
            }
            let (left, top) = (first * CELL.0, row * CELL.1);
            self.run(&look, &text, (left, top), (column - first) * CELL.0);
        }
    }

    fn run(&mut self, look: &Look, text: &str, (x, y): (u16, u16), width: u16) {
        if let Some(back) = &look.back {
            self.block(back, (x, y), (width, CELL.1));
        }
        if text.chars().all(|c| c == '▀') {
            // Fonts differ in where the middle of a character is.
            self.block(&look.fore, (x, y), (width, CELL.1 / 2));
        } else if !text.trim().is_empty() {
            let text = text.replace('&', "&amp;").replace('<', "&lt;");
            let weight = if look.bold { " font-weight=\"bold\"" } else { "" };
            self.text += &format!(
                "<text x=\"{x}\" y=\"{}\" fill=\"{}\"{weight} textLength=\"{width}\" xml:space=\"preserve\">{text}</text>\n",
                y + 12,
                look.fore
            );
        }
    }

    fn block(&mut self, colour: &str, (x, y): (u16, u16), (width, height): (u16, u16)) {
        let path = self.blocks.entry(colour.to_owned()).or_default();
        *path += &format!("M{x} {y}h{width}v{height}h-{width}z");
    }
}

#[derive(PartialEq)]
struct Look {
    fore: String,
    back: Option<String>,
    bold: bool,
}

impl Look {
    fn of(screen: &vt100::Screen, row: u16, column: u16) -> Self {
        let Some(cell) = screen.cell(row, column) else {
            return Self { fore: String::new(), back: None, bold: false };
        };
        let (mut fore, mut back) = (colour(cell.fgcolor()), colour(cell.bgcolor()));
        if cell.inverse() {
            (fore, back) =
                (back.or_else(|| Some(DARK.into())), fore.or_else(|| Some("#d8d8d8".into())));
        }
        let plain = if cell.dim() { "#808080" } else { "#d8d8d8" };
        Self { fore: fore.unwrap_or_else(|| plain.into()), back, bold: cell.bold() }
    }
}

/// As terminals show it; `None` for the one that they have without being told.
fn colour(colour: vt100::Color) -> Option<String> {
    const FIRST: [&str; 16] = [
        "#000000", "#e06c75", "#98c379", "#e5c07b", "#61afef", "#c678dd", "#56b6c2", "#d8d8d8",
        "#808080", "#e06c75", "#98c379", "#e5c07b", "#61afef", "#c678dd", "#56b6c2", "#ffffff",
    ];
    match colour {
        vt100::Color::Default => None,
        vt100::Color::Idx(index @ 0..16) => Some(FIRST[usize::from(index)].to_owned()),
        vt100::Color::Idx(index @ 16..232) => {
            let level = |part: u8| if part == 0 { 0 } else { 55 + 40 * part };
            let index = index - 16;
            let [red, green, blue] = [index / 36, index / 6 % 6, index % 6].map(level);
            Some(format!("#{red:02x}{green:02x}{blue:02x}"))
        }
        vt100::Color::Idx(index) => {
            let level = 8 + 10 * (index - 232);
            Some(format!("#{level:02x}{level:02x}{level:02x}"))
        }
        vt100::Color::Rgb(red, green, blue) => Some(format!("#{red:02x}{green:02x}{blue:02x}")),
    }
}
