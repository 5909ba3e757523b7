//! Values as text, JSON and comma-separated values.

use insta::assert_snapshot;
use serde_json::{Value, json};
use shma_core::ShmState;
use shma_tests::region::Name;
use shma_tests::watchdog::watched;

use crate::owner::{Lab, filled};
use crate::shma::shma;

fn values(name: &Name, what: &str) -> Value {
    let mut answer = shma(&["get", name, what, "--json"]).json();
    assert_eq!(answer["command"], "get");
    answer["values"].take()
}

#[test]
fn a_value_is_printed_as_another() {
    watched(|| {
        let name = Name::new("values");
        let _lab = Lab::create(&name, &filled()).unwrap();
        let mut all = String::new();
        for field in Lab::MANIFEST.fields {
            let text = shma(&["get", &name, field.name]).done();
            let csv = shma(&["get", &name, field.name, "--csv"]).done();
            all += &format!("{}:\n{text}{csv}\n", field.name);
        }
        assert_snapshot!("values", all);
        assert_eq!(values(&name, "grid[1]"), json!([0.0, 0.5, 1.0, 1.5]));
        assert_eq!(values(&name, "series"), json!([0.1, -2.5, 1e300, "NaN", "-Infinity"]));
        assert_eq!(values(&name, "step"), json!(41));
        assert_eq!(values(&name, "waves"), json!([[1.0, -2.0], [0.0, 0.5]]));
        assert_eq!(values(&name, "wide"), json!(i128::MIN.to_string()));
        let pose = json!([{ "at": [1.5, -2.25], "id": 7, "flags": [1, 0, 255, 4] }]);
        assert_eq!(values(&name, "poses[1:]"), pose);
    });
}

/// Rows, columns, steps backwards, nothing at all.
#[test]
fn a_slice_takes_something_else() {
    watched(|| {
        let name = Name::new("slices");
        let _lab = Lab::create(&name, &filled()).unwrap();
        assert_eq!(values(&name, "grid[::2, 1:3]"), json!([[-1.5, -1.0], [2.5, 3.0]]));
        assert_eq!(values(&name, "grid[-1, ::-1]"), json!([3.5, 3.0, 2.5, 2.0]));
        assert_eq!(values(&name, "grid[2:0:-1, 0]"), json!([2.0, 0.0]));
        assert_eq!(values(&name, "grid[..., -1]"), json!([-0.5, 1.5, 3.5]));
        assert_eq!(values(&name, "grid[2, 3]"), json!(3.5));
        assert_eq!(values(&name, "grid[5:]"), json!([]));
        assert_eq!(values(&name, "hits[1:3]"), json!([1, 2]));
        assert_eq!(shma(&["get", &name, "grid[5:]"]).done(), "[]\n");
    });
}

/// A field with more numbers than a person reads.
#[test]
fn a_large_field_floods_the_terminal() {
    #[derive(ShmState)]
    struct Large {
        numbers: [[u32; 100]; 100],
    }
    watched(|| {
        let name = Name::new("large");
        let mut init = Large::zeroed();
        (0..).zip(init.numbers.as_flattened_mut()).for_each(|(i, number)| *number = i);
        let _large = Large::create(&name, &init).unwrap();
        assert_snapshot!("large", shma(&["get", &name, "numbers"]).done());
        let all = shma(&["get", &name, "numbers", "--all"]).done();
        assert_eq!(all.lines().count(), 100);
        assert!(all.contains("5050"));
        assert_eq!(shma(&["get", &name, "numbers", "--csv"]).done().matches(',').count(), 9900);
    });
}
