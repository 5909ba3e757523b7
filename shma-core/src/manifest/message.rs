//! A message of a build that stops, put together at compile time.

use super::text_len::digits;

/// Text so far. What does not fit is cut off.
pub(super) struct Message {
    bytes: [u8; 512],
    len: usize,
}

impl Message {
    pub(super) const fn new() -> Self {
        Self { bytes: [0; 512], len: 0 }
    }

    /// With this text behind it, as far as there is room.
    pub(super) const fn text(mut self, text: &str) -> Self {
        let text = text.as_bytes();
        let mut i = 0;
        while i < text.len() && self.len < self.bytes.len() {
            self.bytes[self.len] = text[i];
            self.len += 1;
            i += 1;
        }
        self
    }

    /// With this number in decimal behind it.
    pub(super) const fn number(mut self, number: usize) -> Self {
        let mut left = digits(number);
        while left > 0 && self.len < self.bytes.len() {
            left -= 1;
            self.bytes[self.len] = b'0' + (number / 10_usize.pow(left as u32) % 10) as u8;
            self.len += 1;
        }
        self
    }

    /// With this number in hexadecimal behind it.
    pub(super) const fn hex(mut self, number: u128) -> Self {
        self = self.text("0x");
        let mut digit = 0;
        while digit < 32 && self.len < self.bytes.len() {
            let nibble = (number >> (124 - 4 * digit)) as usize & 0xf;
            self.bytes[self.len] = b"0123456789abcdef"[nibble];
            self.len += 1;
            digit += 1;
        }
        self
    }

    #[track_caller]
    pub(super) const fn stop(self) -> ! {
        match std::str::from_utf8(self.bytes.split_at(self.len).0) {
            Ok(message) => panic!("{}", message),
            // A name was cut off inside a character.
            Err(_) => {
                panic!("this state cannot be built, and its message has no room for the reason")
            }
        }
    }
}
