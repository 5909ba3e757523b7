//! Tools in other languages, which have nothing but the file: what it says of itself has to be
//! enough to find a value.

use std::process::Command;

use shma_core::{ShmElement, ShmState};
use shma_tests::region::{DIRECTORY, Name, header};
use shma_tests::skip::skip;
use shma_tests::watchdog::watched;

#[derive(Clone, Copy, ShmElement)]
#[repr(C)]
struct Pose {
    at: [f64; 2],
    heading: f64,
}

#[derive(ShmState)]
struct Robot {
    #[shm(timed)]
    joints: [[f32; 3]; 2],
    poses: [Pose; 4],
    #[shm(slots = 8)]
    step: u64,
    status: u8,
}

/// Reads all fields of a region, knowing the documented layout of header and control block, and of
/// the rest only what the manifest says. Prints their values in C order.
const READER: &str = r#"
import json, struct, sys

region = open(sys.argv[1], "rb").read()
assert region[:8] == b"SHMAREGN"
mark, total = struct.unpack_from("=IQ", region, 12)
assert mark == 0x01020304 and total == len(region)
at, length = struct.unpack_from("=QQ", region, 72)
manifest = json.loads(region[at:at + length].decode())

CODES = {"u8": "B", "u64": "Q", "f32": "f", "f64": "d"}

def count(shape):
    return 1 if not shape else shape[0] * count(shape[1:])

def values(f, at):
    assert f["order"] == "C"
    n = count(f["shape"])
    if "struct" not in f:
        return list(struct.unpack_from("=%d%s" % (n, CODES[f["scalar"]]), region, at))
    size = f["struct"]["size"]
    return [[values(g, at + i * size + g["offset"]) for g in f["struct"]["fields"]] for i in range(n)]

for f in manifest["fields"]:
    version, = struct.unpack_from("=Q", region, f["offset"])
    slot = f["slots_at"] + version % f["slots"] * f["slot_stride"]
    print(manifest["name"], f["name"], f["type"], f["size"], f["shape"], values(f, slot))
"#;

fn read_by_python(name: &Name) -> Option<String> {
    let file = format!("{DIRECTORY}/shma.{name}");
    let ran = Command::new("python3").args(["-c", READER, &file]).output();
    let output = match ran {
        Ok(output) => output,
        Err(error) => {
            skip(&format!("python3 does not run: {error}"));
            return None;
        }
    };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(String::from_utf8(output.stdout).unwrap())
}

/// The manifest names offsets, strides, types and orders; a tool that follows it arrives at the
/// newest value, in each slot that it can be in.
#[test]
fn foreign_tools_read_the_published_values() {
    watched(|| {
        let name = Name::new("python");
        let robot = Robot::create(&name, &Robot::zeroed()).unwrap();
        for n in 1..=5_u8 {
            let x = f32::from(n);
            robot.joints.write(&[[x, 0.5, -2.0], [0.0, 1e9, x * 0.25]]);
            robot.poses.update(|poses, _| {
                poses[3] = Pose { at: [x.into(), -1.0], heading: 0.125 };
            });
            robot.step.update(|new, old| *new = old + (1 << 40));
            robot.status.write(&n);
            let expected = [
                format!(
                    "joints [[f32; 3]; 2] 24 [2, 3] [{x:?}, 0.5, -2.0, 0.0, 1000000000.0, {:?}]",
                    x * 0.25
                ),
                format!(
                    "poses [Pose; 4] 96 [4] [[[0.0, 0.0], [0.0]], [[0.0, 0.0], [0.0]], \
                     [[0.0, 0.0], [0.0]], [[{x:?}, -1.0], [0.125]]]"
                ),
                format!("step u64 8 [] [{}]", u64::from(n) << 40),
                format!("status u8 1 [] [{n}]"),
            ];
            let Some(read) = read_by_python(&name) else { return };
            let expected: Vec<String> =
                expected.iter().map(|line| format!("Robot {line}")).collect();
            assert_eq!(read.lines().collect::<Vec<_>>(), expected);
        }
    });
}

/// The text in the region is the one that the library gives out, at the place that the header says,
/// and with every key that the documentation promises.
#[test]
fn the_region_holds_its_declared_manifest() {
    watched(|| {
        let name = Name::new("manifest");
        let robot = Robot::create(&name, &Robot::zeroed()).unwrap();
        let bytes = name.bytes();
        let all = bytes.all();
        let (at, length) = (bytes.u64(header::TEXT_AT), bytes.u64(header::TEXT_LEN));
        let text = &all[at as usize..][..length as usize];
        assert_eq!(std::str::from_utf8(text).unwrap(), robot.manifest().to_json());
        assert_eq!(robot.manifest().to_json(), Robot::MANIFEST.to_json());
        assert_eq!(at as usize + text.len(), all.len());

        let json: serde_json::Value = serde_json::from_slice(text).unwrap();
        assert_eq!(json["name"], "Robot");
        for (field, manifest) in
            json["fields"].as_array().unwrap().iter().zip(robot.manifest().fields)
        {
            assert_eq!(field["name"], manifest.name);
            assert_eq!(field["type"], manifest.ty.to_string());
            assert_eq!(field["size"], manifest.size);
            assert_eq!(field["offset"], manifest.offset);
            assert_eq!(field["slots"], manifest.slots);
            assert!(manifest.offset.is_multiple_of(128), "partitions are aligned");
        }
        assert_eq!(json["fields"].as_array().unwrap().len(), 4);
        let fingerprint = u128::from_ne_bytes(all[header::FINGERPRINT..][..16].try_into().unwrap());
        assert_eq!(fingerprint, Robot::FINGERPRINT);
    });
}

/// For people there is a table.
#[test]
fn the_table_of_the_manifest_is_complete() {
    let table = Robot::MANIFEST.to_string();
    for line in [
        vec!["Robot"],
        vec!["joints", "[[f32; 3]; 2]", "24", "4096", "4", "timed"],
        vec!["poses", "[Pose; 4]", "96"],
        vec!["step", "u64", "8"],
        vec!["status", "u8", "1"],
    ] {
        let found = table.lines().any(|text| line.iter().all(|part| text.contains(part)));
        assert!(found, "{line:?} in\n{table}");
    }
}
