//! Large regions in huge pages.

use std::fs;

use shma_core::ShmState;
use shma_core::inspect::View;
use shma_core::untyped;
use shma_tests::region::Name;
use shma_tests::skip::skip;

const HUGE: u64 = 2 << 20;

#[derive(ShmState)]
struct Large {
    #[shm(slots = 2)]
    numbers: [u64; 1 << 20],
}

#[derive(ShmState)]
struct Small {
    number: u64,
}

/// The addresses at which this process has the region.
fn addresses(name: &Name) -> Vec<u64> {
    let maps = fs::read_to_string("/proc/self/maps").unwrap();
    let own = maps.lines().filter(|line| line.ends_with(&format!("shma.{name}")));
    let start = |line: &str| u64::from_str_radix(line.split('-').next().unwrap(), 16).unwrap();
    let pages = |line: &str| {
        let (_, end) = line.split(' ').next().unwrap().split_once('-').unwrap();
        u64::from_str_radix(end, 16).unwrap() - start(line)
    };
    // A token is a mapping of one page.
    own.filter(|line| pages(line) > 4096).map(start).collect()
}

/// A huge page fits only where its address is a multiple of its size.
#[test]
fn large_mappings_begin_where_huge_pages_do() {
    let name = Name::new("aligned");
    let large = Large::create(&name, &Large::zeroed()).unwrap();
    let opened: Vec<_> = (0..3).map(|_| Large::open(&name).unwrap()).collect();
    let reader = Large::open_read_only(&name).unwrap();
    let prefault = Large::options().prefault(true).open(&name).unwrap();
    let (view, writer) =
        (View::open(&name).unwrap(), untyped::options().open(&name, None).unwrap());
    let addresses = addresses(&name);
    assert_eq!(addresses.len(), 8);
    for address in addresses {
        assert_eq!(address % HUGE, 0, "{address:x}");
    }
    large.numbers.set(1 << 19, 7);
    assert_eq!(prefault.numbers.get(1 << 19), 7);
    drop((large, opened, reader, prefault, view, writer));
}

/// What surrounds a mapping is free again, however often a region is opened.
#[test]
fn mappings_leave_nothing_behind() {
    let count = || fs::read_to_string("/proc/self/maps").unwrap().lines().count();
    let reserved = || {
        let maps = fs::read_to_string("/proc/self/maps").unwrap();
        maps.lines().filter(|line| line.contains("---p 00000000 00:00 0")).count()
    };
    let name = Name::new("left");
    let large = Large::create(&name, &Large::zeroed()).unwrap();
    drop(Large::open(&name).unwrap());
    let before = (count(), reserved());
    for _ in 0..300 {
        drop(Large::open(&name).unwrap());
    }
    // Other threads of the test program come and go meanwhile.
    assert!(count() < before.0 + 100 && reserved() < before.1 + 50);
    drop(large);
}

/// The kernel may refuse, and nothing else changes then.
#[test]
fn the_creator_gets_huge_pages_where_there_are_any() {
    let small = Name::new("too-small");
    let options = || Small::options().huge_pages(true);
    let region = options().create(&small, &Small { number: 7 }).unwrap();
    assert_eq!((region.number.read(), View::open(&small).unwrap().huge_bytes()), (7, None));

    let name = Name::new("plain");
    let plain = Large::create(&name, &Large::zeroed()).unwrap();
    let before = View::open(&name).unwrap().huge_bytes();
    drop(plain);
    let name = Name::new("huge");
    let huge = Large::options().huge_pages(true).create(&name, &Large::zeroed()).unwrap();
    huge.numbers.set(9, 7);
    assert_eq!(Large::open(&name).unwrap().numbers.get(9), 7);
    let (Some(before), Some(after)) = (before, View::open(&name).unwrap().huge_bytes()) else {
        return skip("the kernel does not say what is in huge pages");
    };
    assert!(after >= before && after % HUGE == 0, "{before}, {after}");
    if after == 0 {
        let start = addresses(&name)[0];
        let given = (0..8).any(|block| {
            let address = std::ptr::with_exposed_provenance_mut((start + block * HUGE) as usize);
            // SAFETY: inside a mapping of `huge`, whose contents stay what they are.
            unsafe { libc::madvise(address, HUGE as usize, libc::MADV_COLLAPSE) == 0 }
        });
        assert!(!given, "the kernel gives a huge page, and the creator did not ask for it");
        return skip(
            "the kernel gives no huge pages: it is older than Linux 6.1, or has none left",
        );
    }
    // How many the kernel has left is its own affair.
    println!("{after} bytes are in huge pages");
}
