//! The literals of Python that a header is made of.

use super::cursor::Cursor;

/// Brackets within brackets that are still read; numpy's own headers have a few.
const DEEPEST: usize = 64;

/// A value in a header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Literal {
    Text(String),
    /// What is too large for the type is its largest number: no length of an array is that large.
    Number(i128),
    Bool(bool),
    None,
    Tuple(Vec<Literal>),
    List(Vec<Literal>),
    /// Pairs in the order of the text. A key that comes again counts the last time.
    Dict(Vec<(Literal, Literal)>),
}

/// Reads one value with nothing behind it. Where `python2` is set, numbers may end in `L`.
pub(super) fn parse(text: &str, python2: bool) -> Option<Literal> {
    let mut cursor = Cursor { rest: text, python2 };
    let value = cursor.value(0)?;
    cursor.blanks();
    cursor.rest.is_empty().then_some(value)
}

impl Cursor<'_> {
    fn value(&mut self, depth: usize) -> Option<Literal> {
        if depth > DEEPEST {
            return None;
        }
        self.blanks();
        match self.peek()? {
            '(' => self.tuple(depth),
            '[' => {
                self.takes("[");
                Some(Literal::List(self.items("]", depth)?.0))
            }
            '{' => self.dict(depth),
            '+' | '-' | '0'..='9' => Some(Literal::Number(self.number()?)),
            '\'' | '"' => Some(Literal::Text(self.texts()?)),
            c if c.is_alphabetic() => self.word(),
            _ => None,
        }
    }

    /// A tuple, or a value in brackets: a comma is what makes a tuple of one value.
    fn tuple(&mut self, depth: usize) -> Option<Literal> {
        self.takes("(");
        let (mut items, commas) = self.items(")", depth)?;
        if items.len() == 1 && commas == 0 { items.pop() } else { Some(Literal::Tuple(items)) }
    }

    /// Values up to the bracket that closes, and the number of commas.
    fn items(&mut self, close: &str, depth: usize) -> Option<(Vec<Literal>, usize)> {
        let (mut items, mut commas) = (Vec::new(), 0);
        while !self.takes_mark(close) {
            if items.len() > commas {
                return None;
            }
            items.push(self.value(depth + 1)?);
            if self.takes_mark(",") {
                commas += 1;
            }
        }
        Some((items, commas))
    }

    fn dict(&mut self, depth: usize) -> Option<Literal> {
        self.takes("{");
        let mut pairs = Vec::new();
        let mut comma = true;
        while !self.takes_mark("}") {
            if !comma {
                return None;
            }
            let key = self.value(depth + 1)?;
            if !self.takes_mark(":") {
                return None;
            }
            pairs.push((key, self.value(depth + 1)?));
            comma = self.takes_mark(",");
        }
        Some(Literal::Dict(pairs))
    }

    /// A word, or a text with a letter in front.
    fn word(&mut self) -> Option<Literal> {
        match self.run(|c| c.is_alphanumeric() || c == '_') {
            "True" => Some(Literal::Bool(true)),
            "False" => Some(Literal::Bool(false)),
            "None" => Some(Literal::None),
            "u" | "U" if matches!(self.peek(), Some('\'' | '"')) => {
                Some(Literal::Text(self.texts()?))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Literal, parse};

    fn numbers<const N: usize>(numbers: [i128; N]) -> Literal {
        Literal::Tuple(numbers.map(Literal::Number).into())
    }

    #[test]
    fn values_of_python_are_read() {
        for (text, value) in [
            ("()", numbers([])),
            ("(3,)", numbers([3])),
            (" ( 3 , 0x10,\n1_000 , 00 ) # so\n", numbers([3, 16, 1000, 0])),
            ("(3)", Literal::Number(3)),
            ("-+ 3", Literal::Number(-3)),
            ("True", Literal::Bool(true)),
            (r#"'a\'\x62' "c" u'\u0064\101'"#, Literal::Text("a'bcdA".into())),
            ("[None, 'é']", Literal::List(vec![Literal::None, Literal::Text("é".into())])),
            ("{'a': 1, }", Literal::Dict(vec![(Literal::Text("a".into()), Literal::Number(1))])),
        ] {
            assert_eq!(parse(text, false), Some(value), "{text}");
        }
    }

    #[test]
    fn what_python_does_not_read_is_refused() {
        let deep = format!("{}{}", "(".repeat(1000), ")".repeat(1000));
        for text in [
            "",
            "(",
            "(,)",
            "(1,,)",
            "(1 2)",
            "[1)",
            "{'a'}",
            "{'a': 1 'b': 2}",
            "'a",
            "'a\nb'",
            "007",
            "1__0",
            "0x",
            "1.5",
            "3L",
            "1e3",
            "{} {}",
            "true",
            "'\\x6'",
            "b'a'",
            &deep,
        ] {
            assert_eq!(parse(text, false), None, "{text}");
        }
    }

    #[test]
    fn long_numbers_of_python_2_are_read() {
        assert_eq!(parse("(2L, 0x10 L,)", true), Some(numbers([2, 16])));
        assert_eq!(parse("(2Lx,)", true), None);
    }
}
