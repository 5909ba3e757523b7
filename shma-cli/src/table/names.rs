//! Names that are too long for their column, shortened so that no two look alike.

use std::collections::HashMap;

use crate::text::{ELLIPSIS, cut, cut_inside, start, width};

/// Each name in at most so many columns. Names that fit stay as they are.
pub fn shorten(names: &[&str], limit: usize) -> Vec<String> {
    let mut short: Vec<String> = names.iter().map(|name| cut_inside(name, limit)).collect();
    for alike in alike(names, &short) {
        for i in alike.iter().copied() {
            short[i] = from_difference(names, &alike, i, limit);
        }
    }
    // What still looks alike differs at too many places to show them: it gets a number.
    let alike = alike(names, &short).into_iter().flatten();
    for (number, i) in (1_usize..).zip(alike.filter(|i| width(names[*i]) > limit)) {
        let mark = format!("{ELLIPSIS}#{number}");
        short[i] = start(names[i], limit.saturating_sub(width(&mark))).to_owned() + &mark;
    }
    short
}

/// Groups of different names that have become the same.
fn alike(names: &[&str], short: &[String]) -> Vec<Vec<usize>> {
    let mut groups: HashMap<&str, Vec<usize>> = HashMap::new();
    for (i, short) in short.iter().enumerate() {
        groups.entry(short).or_default().push(i);
    }
    let differ = |group: &Vec<usize>| group.iter().any(|i| names[*i] != names[group[0]]);
    let mut groups: Vec<_> = groups.into_values().filter(differ).collect();
    groups.sort_unstable();
    groups
}

/// The name from shortly before the first character in which it differs from the name that is most
/// like it, after an ellipsis.
fn from_difference(names: &[&str], alike: &[usize], i: usize, limit: usize) -> String {
    let others = alike.iter().filter(|other| names[**other] != names[i]);
    let common = others.map(|other| common(names[i], names[*other])).max().unwrap_or(0);
    let (same, differs) = names[i].split_at(common);
    // A third of the room for what comes before, which is of the same kind.
    let before = start(same, limit / 3);
    let room = limit.saturating_sub(width(before) + width(ELLIPSIS));
    before.to_owned() + ELLIPSIS + &cut(differs, room)
}

/// The length of the common start, in bytes.
fn common(a: &str, b: &str) -> usize {
    let pairs = a.char_indices().zip(b.chars());
    let mut same = pairs.take_while(|((_, a), b)| a == b);
    same.by_ref().last().map_or(0, |((at, char), _)| at + char.len_utf8())
}

#[cfg(test)]
mod tests {
    use super::shorten;
    use crate::text::width;

    #[test]
    fn shortened_names_differ() {
        let long = "x".repeat(200);
        let middle = |number: usize| {
            let mut name = long.clone();
            name.replace_range(97..100, &format!("{number:03}"));
            name
        };
        // They differ in the middle, in two places far apart, at the end, and in length only.
        let mut names: Vec<String> = (0..16).map(middle).collect();
        let mut twice = middle(7);
        twice.replace_range(150..152, "yy");
        names.push(twice);
        names.push(long.clone() + "a");
        names.push(long.clone() + "b");
        names.push(long);
        names.push("状態".repeat(50));
        names.push("状態".repeat(49) + "変数");
        names.push("short".into());
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        for limit in 8..120 {
            let short = shorten(&names, limit);
            let mut different = short.clone();
            different.sort_unstable();
            different.dedup();
            assert_eq!(different.len(), names.len(), "{limit}: {short:#?}");
            assert!(short.iter().all(|name| width(name) <= limit), "{limit}: {short:#?}");
        }
    }

    #[test]
    fn the_difference_shows() {
        let names = ["trainer-of-the-left-arm-in-cell-7", "trainer-of-the-left-leg-in-cell-7"];
        assert_eq!(shorten(&names, 33), names);
        assert_eq!(shorten(&names, 16), ["train…arm-in-ce…", "train…leg-in-ce…"]);
        assert_eq!(shorten(&["trainer-1", "trainer-2"], 6), ["tra…-1", "tra…-2"]);
    }
}
