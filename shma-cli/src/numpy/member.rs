//! A member of an archive, read to its end and checked there.
//!
//! An archive says of each member how long it is, compressed and not, and what its checksum is. A
//! member is what the archive says only if all three agree once every byte is read.

use std::io::{self, Read, Seek};

use flate2::Crc;
use flate2::read::DeflateDecoder;
use zip::read::ZipFile;
use zip::{CompressionMethod, ZipArchive};

use super::npy::wrong;

/// What an archive says of a member.
#[derive(Debug)]
struct Claim {
    size: u64,
    compressed: u64,
    crc32: u32,
}

/// A member while it is read.
pub(super) struct Member<'a, R: Read> {
    body: Body<'a, R>,
    claim: Claim,
    crc: Crc,
    read: u64,
}

enum Body<'a, R: Read> {
    Stored(ZipFile<'a, R>),
    Deflated(DeflateDecoder<ZipFile<'a, R>>),
}

impl<'a, R: Read + Seek> Member<'a, R> {
    pub(super) fn open(archive: &'a mut ZipArchive<R>, index: usize) -> io::Result<Self> {
        let file = archive.by_index_raw(index)?;
        if file.encrypted() {
            return Err(wrong("is encrypted; save it without a password"));
        }
        let claim =
            Claim { size: file.size(), compressed: file.compressed_size(), crc32: file.crc32() };
        let body = match file.compression() {
            CompressionMethod::Stored => Body::Stored(file),
            CompressionMethod::Deflated => Body::Deflated(DeflateDecoder::new(file)),
            other => {
                return Err(wrong(format!(
                    "is compressed by {other}; use numpy.savez or numpy.savez_compressed"
                )));
            }
        };
        Ok(Self { body, claim, crc: Crc::new(), read: 0 })
    }

    /// Bytes that are left, as the archive says.
    pub(super) fn left(&self) -> u64 {
        self.claim.size.saturating_sub(self.read)
    }

    /// Looks whether the end is here, and all is as the archive says.
    pub(super) fn finish(mut self) -> io::Result<()> {
        // One more byte shows that there are too many; how many does not matter.
        let _ = self.read(&mut [0])?;
        let size = self.claim.size;
        if self.read != size {
            let found = if self.read > size { "more" } else { "fewer" };
            return Err(wrong(format!(
                "is damaged: the archive says {size} bytes, and there are {found}"
            )));
        }
        let consumed = match &self.body {
            Body::Stored(_) => self.read,
            Body::Deflated(decoder) => decoder.total_in(),
        };
        if consumed != self.claim.compressed {
            let compressed = self.claim.compressed;
            return Err(wrong(format!(
                "is damaged: the archive says {compressed} compressed bytes, and it ends after {consumed}"
            )));
        }
        if self.crc.sum() != self.claim.crc32 {
            return Err(wrong(format!(
                "is damaged: its checksum is {:08x}, and the archive says {:08x}",
                self.crc.sum(),
                self.claim.crc32
            )));
        }
        Ok(())
    }
}

impl<R: Read> Read for Member<'_, R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = match &mut self.body {
            Body::Stored(file) => file.read(into)?,
            Body::Deflated(decoder) => decoder.read(into).map_err(of_stream)?,
        };
        self.crc.update(&into[..read]);
        self.read += read as u64;
        Ok(read)
    }
}

/// The decoder takes bytes that no compressor writes for a mistake of its caller.
fn of_stream(error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::InvalidInput => wrong(format!("is damaged: {error}")),
        _ => error,
    }
}
