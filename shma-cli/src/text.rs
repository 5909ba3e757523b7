//! Text in the columns of a terminal, where a character may take none, one or two.

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// Stands where something is left out.
pub const ELLIPSIS: &str = "…";

/// The columns that a text takes.
pub fn width(text: &str) -> usize {
    text.width()
}

/// The text, or as much of its start as fits, with an ellipsis.
pub fn cut(text: &str, limit: usize) -> String {
    if width(text) <= limit {
        return text.to_owned();
    }
    match limit {
        0 => String::new(),
        limit => start(text, limit - 1).to_owned() + ELLIPSIS,
    }
}

/// The text, or its start and its end with an ellipsis in between.
pub fn cut_inside(text: &str, limit: usize) -> String {
    if width(text) <= limit || limit < 2 {
        return cut(text, limit);
    }
    let tail = (limit - 1) / 2;
    start(text, limit - 1 - tail).to_owned() + ELLIPSIS + end(text, tail)
}

/// The longest start that fits.
pub fn start(text: &str, limit: usize) -> &str {
    let mut taken = 0;
    for (at, grapheme) in text.grapheme_indices(true) {
        taken += width(grapheme);
        if taken > limit {
            return &text[..at];
        }
    }
    text
}

/// The longest end that fits.
fn end(text: &str, limit: usize) -> &str {
    let mut taken = 0;
    for (at, grapheme) in text.grapheme_indices(true).rev() {
        taken += width(grapheme);
        if taken > limit {
            return &text[at + grapheme.len()..];
        }
    }
    text
}

/// Lines that break between words. A word that is wider than a line stands alone on one.
pub fn wrap(text: &str, limit: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let line = lines.last_mut().expect("there is a first line");
        if line.is_empty() {
            line.push_str(word);
        } else if width(line) + 1 + width(word) <= limit {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::{cut, cut_inside, width, wrap};

    #[test]
    fn a_cut_text_fits_and_says_so() {
        assert_eq!(cut("gradient", 8), "gradient");
        assert_eq!(cut("gradient", 5), "grad…");
        assert_eq!(cut_inside("gradient_count", 9), "grad…ount");
        // Two columns each: the third would begin in one that is not free.
        assert_eq!(cut("状態変数", 6), "状態…");
        // The mark stays with its letter.
        assert_eq!(cut("e\u{301}e\u{301}e\u{301}", 2), "e\u{301}…");
        for text in
            ["gradient_count", "状態変数状態", "a状b態c", "ก\u{e34}น\u{e49}ก\u{e34}น\u{e49}"]
        {
            for limit in 0..12 {
                for cut in [cut(text, limit), cut_inside(text, limit)] {
                    assert!(width(&cut) <= limit, "{cut} in {limit}");
                    assert!(cut == text || limit == 0 || cut.contains('…'), "{cut} in {limit}");
                }
            }
        }
    }

    #[test]
    fn lines_break_between_words() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("a shma.very-long-name b", 8), ["a", "shma.very-long-name", "b"]);
        assert_eq!(wrap("", 8), [""]);
    }
}
