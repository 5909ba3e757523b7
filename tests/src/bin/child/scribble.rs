//! A reader that tries to write all the same.
//!
//! `unsafe` here: the attempts.

use std::fs::OpenOptions;
use std::io;

/// The mappings of the region: permissions, and the first address.
fn mappings(name: &str) -> Vec<(String, usize, usize)> {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    let of_region = maps.lines().filter(|line| line.contains(&format!("shma.{name}")));
    of_region
        .map(|line| {
            let (range, rest) = line.split_once(' ').unwrap();
            let (first, end) = range.split_once('-').unwrap();
            let address = |text| usize::from_str_radix(text, 16).unwrap();
            (rest[..4].to_owned(), address(first), address(end))
        })
        .collect()
}

/// How the region is mapped: the permissions of each mapping.
pub fn permissions(name: &str) -> String {
    let all: Vec<String> = mappings(name).into_iter().map(|mapping| mapping.0).collect();
    all.join(" ")
}

/// Makes the mappings writable, or says why it cannot.
pub fn make_writable(name: &str) -> String {
    let mut results = Vec::new();
    for (_, first, end) in mappings(name) {
        // SAFETY: a mapping of this process, which stays one; nothing counts on its being
        // read-only but this very test.
        let result = unsafe {
            libc::mprotect(
                std::ptr::without_provenance_mut(first),
                end - first,
                libc::PROT_READ | libc::PROT_WRITE,
            )
        };
        results.push(match result {
            0 => "writable".to_owned(),
            _ => format!("{:?}", io::Error::last_os_error().kind()),
        });
    }
    results.join(" ")
}

/// Opens the file for writing, or says why it cannot.
pub fn open(name: &str) -> String {
    match OpenOptions::new().write(true).open(format!("/dev/shm/shma.{name}")) {
        Ok(_) => "writable".to_owned(),
        Err(error) => format!("{:?}", error.kind()),
    }
}

/// Read-locks the byte that shows an owner's life, as a reader may.
pub fn claim_life(name: &str, owner: i64) -> String {
    let file = std::fs::File::open(format!("/dev/shm/shma.{name}")).unwrap();
    let request = libc::flock {
        l_type: libc::F_RDLCK as libc::c_short,
        l_whence: libc::SEEK_SET as libc::c_short,
        l_start: (1 << 40) + owner,
        l_len: 1,
        l_pid: 0,
    };
    let descriptor = std::os::fd::IntoRawFd::into_raw_fd(file);
    // SAFETY: the descriptor stays open for the life of the process, and the command reads one
    // `flock`.
    match unsafe { libc::fcntl(descriptor, libc::F_OFD_SETLK, &raw const request) } {
        0 => "locked".to_owned(),
        _ => format!("{:?}", io::Error::last_os_error().kind()),
    }
}

/// Writes a byte into the region's first mapping. It does not come back if that is forbidden.
pub fn write(name: &str) -> String {
    let (_, first, _) = mappings(name)[0].clone();
    let byte: *mut u8 = std::ptr::without_provenance_mut(first);
    // SAFETY: inside a mapping. That it faults is what the test is for; if it does not, it changes
    // a byte of a file.
    unsafe { byte.write_volatile(0xff) };
    "written".to_owned()
}
