//! What a look says of a region, of what is none, and of its own process.

use std::fs;
use std::os::unix::fs::chown;
use std::sync::Arc;

use shma_core::inspect::{Look, Obstacle, View, Whose};
use shma_core::{Error, Shm, ShmState};
use shma_tests::child;
use shma_tests::region::Name;
use shma_tests::skip::is_root;
use shma_tests::states::Board;
use shma_tests::watchdog::watched;

fn create(hint: &str) -> (Name, Shm<Board>) {
    let name = Name::new(hint);
    let board = Board::create(&name, &Board::with(7)).unwrap();
    (name, board)
}

/// More living regions than a looker has descriptors. A look that keeps one for each calls the rest
/// broken, and a tool that believes it advises to remove them.
#[test]
fn few_descriptors_suffice_for_any_number_of_regions() {
    watched(|| {
        let prefix = format!("looks-{}", std::process::id());
        let names: Vec<String> = (0..30).map(|i| format!("{prefix}-{i}")).collect();
        let names: Vec<_> = names.iter().map(|name| Arc::new(Name::told(name))).collect();
        let single = Name::told(&format!("{prefix}-single"));
        let create = |name: &Name| Board::create(name, &Board::with(7)).unwrap();
        let _boards: Vec<_> = names.iter().map(|name| create(name)).collect();
        let _single = create(&single);
        let mut child = child!("shortage", &prefix, "2");
        child.expect("31 regions, None");
        child.expect("a region");
        let mut child = child!("shortage", &prefix, "0");
        let (all, one) = (child.line(), child.line());
        assert!(all.starts_with("Some(OpenFiles): "), "{all}");
        assert!(one.starts_with("OpenFiles: ") && one.ends_with("(ulimit -n)"), "{one}");
    });
}

/// A view that has given up its descriptor reads on, and asks the kernel through the name.
#[test]
fn a_view_without_its_descriptor_still_looks() {
    watched(|| {
        let (name, board) = create("closed");
        let mut view = View::open(&name).unwrap();
        view.close_file();
        assert!(view.is_attached().unwrap() && view.is_current());
        board.count.write(&9);
        let value = view.field("count").unwrap().read().unwrap();
        assert_eq!(value.elements().get(0).as_f64(), Some(9.0));
        drop(board);
        assert!(!name.exists() && !view.is_current());
        assert!(matches!(view.is_attached(), Err(Error::Retired { .. })));
        assert!(view.snapshot().is_ok());

        // The name of another region does not answer for this one.
        let _board = Board::create(&name, &Board::with(1)).unwrap();
        assert!(!view.is_current());
        assert!(matches!(view.is_attached(), Err(Error::Retired { .. })));
    });
}

/// What is no region, what another user has, and what nothing has are three answers.
#[test]
fn a_failed_look_names_what_is_at_fault() {
    watched(|| {
        let name = Name::new("fault");
        assert!(matches!(Look::at(&name, Whose::Own), Look::Absent(Error::NotFound { .. })));
        assert!(matches!(Look::at("a/b", Whose::Own), Look::Absent(Error::InvalidName { .. })));
        fs::write(name.path(), "no region").unwrap();
        assert!(matches!(Look::at(&name, Whose::Anyone), Look::NotARegion(_)));
        drop(name);

        if !is_root("giving a file to another user") {
            return;
        }
        let (name, _board) = create("theirs");
        chown(name.path(), Some(4711), None).unwrap();
        let look = Look::at(&name, Whose::Own);
        assert!(matches!(look, Look::Hidden(Obstacle::OtherUser, Error::ForeignOwner { .. })));
        assert!(matches!(Look::at(&name, Whose::Also(1)), Look::Hidden(Obstacle::OtherUser, _)));
        for whose in [Whose::Also(4711), Whose::Anyone, 4711.into()] {
            let Look::Region(view) = Look::at(&name, whose) else { panic!("{whose:?}") };
            assert!(view.is_attached().unwrap());
            assert_eq!(view.user(), 4711);
        }
    });
}
