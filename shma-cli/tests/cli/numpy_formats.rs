//! The format of `.npy` files as numpy's own reader takes it.

use std::path::Path;

use shma_core::ShmState;
use shma_tests::region::Name;
use shma_tests::watchdog::watched;
use tempfile::tempdir;

use crate::numpy::python;
use crate::owner::{Lab, filled};
use crate::shma::shma;

/// Writes a file for each case, and prints what numpy reads: the name of the field, and the values
/// as they lie in a region, or `refused`.
const CASES: &str = r#"
import io, struct, warnings
warnings.simplefilter("ignore")
POSE = "[('at', '<f8', (2,)), ('id', '<u4'), ('flags', '|u1', (4,))]"
KEYS = "{'descr': %s, 'fortran_order': %s, 'shape': %s, }"

def case(field, text, version=(1, 0), values=None, encoding=None):
    size = {"grid": 48, "series": 40, "step": 8, "poses": 48, "halves": 6, "waves": 16}[field]
    values = bytes(range(1, 1 + size)) if values is None else values
    header = text.encode(encoding or ("utf-8" if version == (3, 0) else "latin-1"))
    length = struct.pack("<H" if version[0] == 1 else "<I", len(header))
    cases.append((field, b"\x93NUMPY" + bytes(version) + length + header + values))

def of(field, dtype, shape, order="False", **more):
    case(field, KEYS % (dtype, order, shape), **more)

cases = []
for order in "True", "False", "1", "0", "None", "'True'", "True,", "not False":
    of("grid", "'<f4'", "(3, 4)", order)
for shape in "(3,4)", "(3L, 4L)", "(3, 4,)", "[3, 4]", "(3.0, 4)", "(0x3, 4)", "(03, 4)", "(4, 3)", "(12,)", "(-3, -4)":
    for version in (1, 0), (2, 0), (3, 0):
        of("grid", "'<f4'", shape, version=version)
for dtype in "'>f4'", "'f4'", "'=f4'", "'|f4'", "'float32'", "'f'", "u'<f4'", "'<' 'f4'", "'<f8'", "'<i4'", "'|O'", "'<U1'", "'|S4'", "('<f4', (4,))":
    of("grid", dtype, "(3, 4)")
of("grid", "'>f4'", "(3, 4)", "True")
of("series", "'>f8'", "(5,)", "True")
of("series", "'<f8'", "(5)")
of("step", "'<u8'", "()")
of("step", "'>u8'", "()", "True")
of("step", "'<u8'", "(1,)")
of("step", "'<i8'", "()")
of("halves", "'>f2'", "(3,)")
of("waves", "'>c8'", "(2,)")
of("poses", POSE, "(2,)")
of("poses", POSE.replace("<", ">"), "(2,)")
of("poses", POSE.replace("('id'", "(('title of it', 'id')"), "(2,)")
of("poses", POSE.replace("(2,)", "2"), "(2,)")
of("poses", POSE.replace("'<f8', (2,)", "('<f8', (2,))"), "(2,)")
of("poses", POSE.replace("(4,)", "4L"), "(2L,)")
of("poses", POSE.replace("('flags'", "('', '|V5'), ('flags'"), "(2,)", values=bytes(range(58)))
of("poses", "[('flags', '|u1', (4,)), ('id', '<u4'), ('at', '<f8', (2,))]", "(2,)")
of("poses", "[('at', '<f8', (2,)), ('id', '<u4')]", "(2,)")
of("poses", POSE.replace("'id'", "'at'"), "(2,)")
for version in (1, 0), (1, 1), (2, 0), (2, 1), (3, 0), (3, 7), (4, 0), (9, 7), (0, 1), (255, 255):
    of("series", "'<f8'", "(5,)", version=version)
series = KEYS % ("'<f8'", "False", "(5,)")
for text in [
    series + " " * 50 + "\n", series + "\n\n", " " + series, series.replace(", }", "}"), series.replace(", ", ",\n\t"),
    series.replace("}", "'more': 1}"), series.replace("'fortran_order': False, ", ""), series + "x", series * 2, "", "{", "[]", "()",
    "{'shape': (5,), 'fortran_order': False, 'descr': '<f8'}", "{'descr': '<f4', 'descr': '<f8', 'fortran_order': False, 'shape': (5,)}",
    series.replace("'", '"'), series.replace("'descr'", "descr"), series.replace("<f8", "\\x3cf8"), series.replace("<f8", "<f8\xa0"),
    series.replace(", ", ", # so\n"), series.replace("False", "false"), series.replace("False", "False == False"),
]:
    for version in (1, 0), (3, 0):
        case("series", text, version)
case("series", "{'descr': [('gr\xf6\xdfe', '<f8')], 'fortran_order': False, 'shape': (5,)}", (3, 0), encoding="latin-1")
of("series", "'<f8'", "(5,)", values=bytes(39))
of("grid", "'<f4'", "(3, 4)", values=b"")

for number, (field, bytes_) in enumerate(cases):
    with open("%s/%d" % (file, number), "wb") as to:
        to.write(bytes_)
    wanted = {"grid": ("<f4", (3, 4)), "series": ("<f8", (5,)), "step": ("<u8", ()), "halves": ("<f2", (3,)), "waves": ("<c8", (2,)),
              "poses": (eval(POSE), (2,))}[field]
    dtype = np.dtype(wanted[0])
    try:
        array = np.load(io.BytesIO(bytes_))
        def plain(dtype):
            if dtype.subdtype:
                return plain(dtype.subdtype[0]), dtype.subdtype[1]
            return sorted((name, plain(dtype[name])) for name in dtype.names) if dtype.names else dtype.newbyteorder("<")
        if array.shape != wanted[1] or plain(array.dtype) != plain(dtype):
            raise ValueError("it does not fit")
        values = np.zeros(array.shape, dtype)
        for name in dtype.names or [...]:
            values[name] = array[name]
        print(field, values.tobytes().hex())
    except Exception:
        print(field, "refused")
"#;

/// A reader that takes what it does not understand for the default writes wrong values into a live
/// state; one that refuses what numpy reads keeps its user's data out.
#[test]
fn a_file_is_read_or_refused_as_numpy_does() {
    watched(|| {
        let name = Name::new("formats");
        let lab = Lab::create(&name, &filled()).unwrap();
        let folder = tempdir().unwrap();
        let Some(printed) = python(CASES, folder.path()) else { return };
        let mut counts = [0, 0];
        for (number, line) in printed.lines().enumerate() {
            let (field, values) = line.split_once(' ').unwrap();
            let file = folder.path().join(number.to_string());
            let before = format!("{:?}", lab.snapshot());
            let ran = shma(&["import", &name, path(&file), "--field", field]);
            let text = String::from_utf8_lossy(&std::fs::read(&file).unwrap()).into_owned();
            if values == "refused" {
                assert_eq!(ran.status, 4, "{text:?} was imported");
                assert_eq!(format!("{:?}", lab.snapshot()), before, "{text:?} has changed values");
            } else {
                assert_eq!(ran.status, 0, "{text:?}: {}", ran.err);
                assert_eq!(hex(&bytes(&lab, field)), values, "{text:?}");
            }
            counts[usize::from(values == "refused")] += 1;
        }
        assert!(counts.iter().all(|count| *count > 30), "read and refused: {counts:?}");
    });
}

fn path(file: &Path) -> &str {
    file.to_str().unwrap()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The values of a field as they lie in the region, read without the command.
fn bytes(lab: &shma_core::Shm<Lab>, field: &str) -> Vec<u8> {
    match field {
        "grid" => bytemuck::bytes_of(&lab.grid.read()).to_vec(),
        "series" => bytemuck::bytes_of(&lab.series.read()).to_vec(),
        "step" => bytemuck::bytes_of(&lab.step.read()).to_vec(),
        "poses" => bytemuck::bytes_of(&lab.poses.read()).to_vec(),
        "halves" => bytemuck::bytes_of(&lab.halves.read()).to_vec(),
        "waves" => bytemuck::bytes_of(&lab.waves.read()).to_vec(),
        unknown => panic!("{unknown}"),
    }
}
