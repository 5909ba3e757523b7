//! The examples of the page of docs.

use std::process::Command;

use shma_core::ShmState;
use shma_tests::region::Name;
use shma_tests::watchdog::watched;

use crate::compilers::{cpp, gcc};
use crate::prefix::{run, scratch};

const PAGE: &str = include_str!("../../README.md");

/// The Rust program that the page speaks of.
#[derive(Debug, ShmState)]
struct Plate {
    plate: [[f64; 32]; 16],
}

/// A reader who copies one of them gets an error.
#[test]
fn the_examples_of_the_page_run_as_written() {
    watched(|| {
        let name = Name::new("page");
        let plate = Plate::create(&name, &Plate::zeroed()).unwrap();
        let cpp = cpp().into_iter().find(|it| it.standard == "c++17");
        let programs = [("c", gcc()), ("cpp", cpp)];
        for (at, (language, dialect)) in programs.into_iter().enumerate() {
            let Some(dialect) = dialect else { continue };
            let block = PAGE.split_once(&format!("```{language}\n")).unwrap().1;
            let source = scratch().join(format!("page.{language}"));
            std::fs::write(&source, block.split_once("```").unwrap().0).unwrap();
            let program = dialect.build(source.to_str().unwrap(), &[]);
            let said = run(Command::new(program).arg(&*name));
            assert_eq!(said, format!("publication {}\n", at + 2));
            assert_eq!(plate.plate.get(0)[0], 1.5 * (at + 1) as f64);
        }
    });
}

const FRONT: &str = include_str!("../../../README.md");

#[derive(Debug, ShmState)]
struct Model {
    bias: [f32; 128],
}

/// The block of the front page, with the name of a region of this test.
#[test]
fn the_block_of_the_front_page_runs() {
    watched(|| {
        let name = Name::new("front");
        let model = Model::create(&name, &Model::zeroed()).unwrap();
        let Some(cpp) = cpp().into_iter().find(|it| it.standard == "c++17") else { return };
        let block = FRONT.split_once("```cpp\n").unwrap().1.split_once("```").unwrap().0;
        assert!(block.contains("\"trainer\""), "{block}");
        let block = block.replace("\"trainer\"", "arguments[1]");
        let source = scratch().join("front.cpp");
        let program = format!(
            "#include <shma.hpp>\nint main(int, char **arguments)\n{{\n{block}return 0;\n}}\n"
        );
        std::fs::write(&source, program).unwrap();
        run(Command::new(cpp.build(source.to_str().unwrap(), &[])).arg(&*name));
        assert_eq!(model.bias.get(0), 1.0);
    });
}
