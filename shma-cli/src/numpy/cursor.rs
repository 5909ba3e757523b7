//! A place in the Python text of a header.

/// What is left of a text.
#[derive(Debug)]
pub(super) struct Cursor<'t> {
    pub(super) rest: &'t str,
    /// Whether numbers may end in `L`, as long numbers of Python 2 do.
    pub(super) python2: bool,
}

impl<'t> Cursor<'t> {
    pub(super) fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    /// Takes this text, if it comes next.
    pub(super) fn takes(&mut self, text: &str) -> bool {
        let rest = self.rest.strip_prefix(text);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    /// Takes this character behind blanks, if it comes next.
    pub(super) fn takes_mark(&mut self, mark: &str) -> bool {
        self.blanks();
        self.takes(mark)
    }

    /// Skips blanks and comments.
    pub(super) fn blanks(&mut self) {
        loop {
            self.rest = self.rest.trim_start_matches([' ', '\t', '\x0c', '\n', '\r']);
            if !self.takes("#") {
                return;
            }
            let end = self.rest.find('\n').unwrap_or(self.rest.len());
            self.rest = &self.rest[end..];
        }
    }

    /// Takes as many characters as are of this kind.
    pub(super) fn run(&mut self, is_part: impl Fn(char) -> bool) -> &'t str {
        let end = self.rest.find(|c| !is_part(c)).unwrap_or(self.rest.len());
        let (run, rest) = self.rest.split_at(end);
        self.rest = rest;
        run
    }
}
