//! Files that are no regions, or no longer.

use std::process::Command;

use shma_core::ShmState;
use shma_tests::region::{Name, header};
use shma_tests::rng::Rng;
use shma_tests::watchdog::watched;

use crate::compilers::gcc;
use crate::prefix::run;

#[derive(Debug, ShmState)]
#[shm(name = "Plate")]
struct Plate {
    plate: [[f64; 32]; 16],
    #[shm(slots = 8, timed)]
    step: u64,
    #[shm(atomic)]
    hits: [u32; 4],
}

/// A program in C that opens a file of these bytes: its code.
fn opened(program: &std::path::Path, bytes: &[u8]) -> i32 {
    let name = Name::new("hostile");
    std::fs::write(name.path(), bytes).unwrap();
    run(Command::new(program).arg(&*name)).trim().parse().unwrap()
}

fn region() -> Vec<u8> {
    let name = Name::new("whole");
    let _plate = Plate::create(&name, &Plate::zeroed()).unwrap();
    name.bytes().all()
}

/// It would end the program that opens it, or be believed.
#[test]
fn broken_files_are_an_error_or_are_read() {
    watched(|| {
        let Some(gcc) = gcc() else { return };
        let program = gcc.build("c/hostile.c", &[]);
        let whole = region();
        assert_eq!(opened(&program, &whole), 0);
        for cut in [0, 1, 100, header::BYTES - 1, header::BYTES, whole.len() / 2, whole.len() - 1] {
            assert_eq!(opened(&program, &whole[..cut]), -libc::EBADMSG, "cut at {cut}");
        }
        assert_eq!(opened(&program, &vec![0xff; whole.len()]), -libc::EBADMSG);
        let mut rng = Rng::new(Rng::seed());
        for _ in 0..60 {
            let mut broken = whole.clone();
            for _ in 0..1 + rng.below(8) {
                // Half of them where the header, or the manifest, is.
                let at = match rng.below(4) {
                    0 => rng.below(136),
                    1 => whole.len() - 1 - rng.below(900),
                    _ => rng.below(whole.len()),
                };
                broken[at] = rng.next_u64() as u8;
            }
            opened(&program, &broken);
        }
    });
}
