//! Numbers and texts as Python writes them.

use super::cursor::Cursor;

impl<'t> Cursor<'t> {
    pub(super) fn number(&mut self) -> Option<i128> {
        let mut negative = false;
        while let Some(sign @ ('+' | '-')) = self.peek() {
            self.rest = &self.rest[1..];
            negative ^= sign == '-';
            self.blanks();
        }
        if !self.peek()?.is_ascii_digit() {
            return None;
        }
        let (radix, digits) = self.digits()?;
        let mut magnitude = 0_i128;
        for digit in digits.chars().filter(|c| *c != '_') {
            let digit = i128::from(digit.to_digit(radix)?);
            magnitude = magnitude.saturating_mul(radix.into()).saturating_add(digit);
        }
        self.long();
        // What continues the number makes another one of it, a float for instance.
        let ends = self.peek().is_none_or(|c| !c.is_alphanumeric() && c != '_' && c != '.');
        ends.then_some(if negative { -magnitude } else { magnitude })
    }

    /// The digits of a number and what they count in.
    fn digits(&mut self) -> Option<(u32, &'t str)> {
        for (radix, starts) in [(16, ["0x", "0X"]), (8, ["0o", "0O"]), (2, ["0b", "0B"])] {
            if starts.iter().any(|start| self.takes(start)) {
                let run = self.run(|c| c.is_digit(radix) || c == '_');
                let digits = run.strip_prefix('_').unwrap_or(run);
                return is_grouped(digits).then_some((radix, digits));
            }
        }
        let digits = self.run(|c| c.is_ascii_digit() || c == '_');
        // With a leading zero it is octal in Python 2 and wrong in Python 3.
        let leads = digits.starts_with('0') && digits.contains(|c| !matches!(c, '0' | '_'));
        (is_grouped(digits) && !leads).then_some((10, digits))
    }

    /// The `L` of a long number of Python 2.
    fn long(&mut self) {
        while self.python2 {
            let behind = self.rest.trim_start_matches([' ', '\t', '\x0c']);
            let Some(rest) = behind.strip_prefix('L') else { return };
            if rest.chars().next().is_some_and(|c| c.is_alphanumeric() || c == '_') {
                return;
            }
            self.rest = rest;
        }
    }

    /// Texts one after the other are one text.
    pub(super) fn texts(&mut self) -> Option<String> {
        let mut text = String::new();
        loop {
            self.text(&mut text)?;
            self.blanks();
            let mut next = self.rest.chars();
            match next.next() {
                Some('\'' | '"') => {}
                Some('u' | 'U') if matches!(next.next(), Some('\'' | '"')) => {
                    self.rest = &self.rest[1..];
                }
                _ => return Some(text),
            }
        }
    }

    fn text(&mut self, into: &mut String) -> Option<()> {
        let quotes = ["'''", "\"\"\"", "'", "\""];
        let quote = *quotes.iter().find(|quote| self.takes(quote))?;
        while !self.takes(quote) {
            let c = self.peek()?;
            self.rest = &self.rest[c.len_utf8()..];
            match c {
                '\\' => self.escape(into)?,
                '\n' | '\r' if quote.len() == 1 => return None,
                '\0' => return None,
                c => into.push(c),
            }
        }
        Some(())
    }

    fn escape(&mut self, into: &mut String) -> Option<()> {
        let c = self.peek()?;
        let octal = |c: char| c.is_digit(8);
        if octal(c) {
            let digits = self.rest.chars().take(3).take_while(|c| octal(*c)).count();
            into.push(self.code(digits, 8)?);
            return Some(());
        }
        self.rest = &self.rest[c.len_utf8()..];
        let c = match c {
            '\n' => return Some(()),
            '\\' | '\'' | '"' => c,
            'a' => '\x07',
            'b' => '\x08',
            'f' => '\x0c',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'v' => '\x0b',
            'x' => self.code(2, 16)?,
            'u' => self.code(4, 16)?,
            'U' => self.code(8, 16)?,
            'N' => return None,
            c => {
                into.push('\\');
                c
            }
        };
        into.push(c);
        Some(())
    }

    /// A character by its number of so many digits.
    fn code(&mut self, digits: usize, radix: u32) -> Option<char> {
        let code = self.rest.get(..digits)?;
        let is_number = code.chars().all(|c| c.is_digit(radix));
        self.rest = &self.rest[digits..];
        char::from_u32(u32::from_str_radix(code, radix).ok().filter(|_| is_number)?)
    }
}

/// Whether single underscores alone stand between digits.
fn is_grouped(digits: &str) -> bool {
    digits.split('_').all(|group| !group.is_empty())
}
