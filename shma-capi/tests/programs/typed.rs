//! Structs in C++, by the header that the command writes.

use std::process::Command;

use num_complex::Complex;
use shma_core::{ShmElement, ShmState};
use shma_tests::region::Name;
use shma_tests::watchdog::watched;

use crate::compilers::cpp;
use crate::prefix::run;

#[derive(Debug, Clone, Copy, PartialEq, ShmElement)]
#[repr(C)]
struct Joint {
    angle: f64,
    torque: f32,
    id: u32,
}

/// As the command's tests declare it, which compare `tests/cpp/arm.hpp` with what the command writes.
#[derive(Debug, ShmState)]
struct Arm {
    joints: [Joint; 2],
    wave: [Complex<f64>; 2],
    wide: u128,
    größe: f32,
    #[shm(atomic)]
    ticks: [u64; 2],
}

#[derive(Debug, ShmState)]
#[shm(name = "Arm")]
struct Other {
    joints: [Joint; 3],
}

#[test]
fn typed_fields_read_and_write_what_rust_declares() {
    watched(|| {
        let (name, second) = (Name::new("arm"), Name::new("arm-other"));
        let mut init = Arm::zeroed();
        init.joints[1] = Joint { angle: 1.5, torque: -2.0, id: 7 };
        init.wave[1] = Complex::new(3.0, 4.0);
        let _other = Other::create(&second, &Other::zeroed()).unwrap();
        for dialect in cpp().into_iter().filter(|it| it.standard == "c++17") {
            let arm = Arm::create(&name, &init).unwrap();
            let program = dialect.build("cpp/arm.cpp", &[]);
            run(Command::new(program).args([&*name, &*second]));
            assert_eq!(arm.joints.read()[1], Joint { angle: 2.5, torque: -2.0, id: 7 });
            assert_eq!(arm.wave.read(), [Complex::new(-4.0, 3.0), init.wave[1]]);
            assert_eq!(arm.wide.read(), 5 | 6 << 64);
            assert_eq!((arm.größe.read(), arm.ticks.get(1)), (0.5, 3));
        }
    });
}
