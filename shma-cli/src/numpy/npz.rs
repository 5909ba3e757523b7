//! Several arrays in one file, as `numpy.savez` writes them: a zip archive of `NAME.npy`.

use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};

use shma_core::FieldManifest;
use shma_core::inspect::Value;
use zip::result::ZipError;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use super::member::Member;
use super::npy::{self, Header, wrong};
use super::sink::Sink;

/// From this size on an entry needs the wide form of the archive's headers.
const WIDE: usize = u32::MAX as usize - (1 << 20);

/// The last record of an archive, except the comment behind it.
const END: usize = 22;

/// Writes an archive of fields to where a program can seek.
pub fn write<'v>(
    to: impl Write + Seek,
    arrays: impl IntoIterator<Item = (&'v FieldManifest<'v>, &'v Value)>,
) -> io::Result<()> {
    fill(ZipWriter::new(BufWriter::new(Sink::new(to))), arrays)
}

/// Writes an archive of fields from the first byte to the last.
pub fn write_stream<'v>(
    to: impl Write,
    arrays: impl IntoIterator<Item = (&'v FieldManifest<'v>, &'v Value)>,
) -> io::Result<()> {
    fill(ZipWriter::new_stream(BufWriter::new(Sink::new(to))), arrays)
}

fn fill<'v, W: Write + Seek>(
    mut archive: ZipWriter<W>,
    arrays: impl IntoIterator<Item = (&'v FieldManifest<'v>, &'v Value)>,
) -> io::Result<()> {
    for (field, value) in arrays {
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Stored)
            .large_file(field.size >= WIDE);
        archive.start_file(format!("{}.npy", field.name), options).map_err(plain)?;
        npy::write(&mut archive, field.ty.scalar(), &field.ty.shape(), value.bytes())?;
    }
    archive.finish().map_err(plain)?.flush()
}

/// The failed call itself, where one is at the bottom of it.
fn plain(error: ZipError) -> io::Error {
    match error {
        ZipError::Io(error) => error,
        other => other.into(),
    }
}

/// An archive whose arrays are read one by one.
pub struct Archive<R: Read + Seek> {
    zip: ZipArchive<BufReader<R>>,
}

impl<R: Read + Seek> Archive<R> {
    /// Reads and checks what the archive says of its members, in both places where it says it.
    pub fn open(from: R) -> io::Result<Self> {
        let mut zip = ZipArchive::new(BufReader::new(from)).map_err(plain)?;
        zip.validate_header_consistency().map_err(plain)?;
        let comment = zip.comment().len();
        let mut from = zip.into_inner();
        check_end(&mut from, comment)?;
        from.rewind()?;
        Ok(Self { zip: ZipArchive::new(from).map_err(plain)? })
    }

    /// The names of the arrays, in the order of the archive.
    pub fn names(&self) -> io::Result<Vec<String>> {
        let array = |name: &str| match name.strip_suffix(".npy") {
            Some(array) => Ok(array.to_owned()),
            None => Err(wrong(format!(
                "there is `{}` in it, which is no .npy file; use numpy.savez",
                name.escape_debug()
            ))),
        };
        self.zip.file_names().map(|name| array(&name?)).collect()
    }

    /// What the member of this number says of its array.
    pub fn header(&mut self, index: usize) -> io::Result<Header> {
        Header::read(&mut Member::open(&mut self.zip, index)?)
    }

    /// The value for a field, of the member of this number. All of the member is read and checked.
    pub fn read(&mut self, index: usize, field: &FieldManifest<'_>) -> io::Result<Vec<u8>> {
        let mut member = Member::open(&mut self.zip, index)?;
        let array = Header::read(&mut member)?.fit(field.ty)?;
        if array.len() != member.left() {
            return Err(wrong(format!(
                "has {} bytes of values, and {} elements have {}",
                member.left(),
                field.ty,
                array.len()
            )));
        }
        let bytes = array.read(&mut BufReader::new(&mut member))?;
        member.finish()?;
        Ok(bytes)
    }
}

/// Looks whether the archive's last record, with a comment of this length, ends the file.
fn check_end(from: &mut (impl Read + Seek), comment: usize) -> io::Result<()> {
    let mut record = [0; END];
    from.seek(SeekFrom::End(-((END + comment) as i64)))?;
    from.read_exact(&mut record)?;
    let len = u16::from_le_bytes([record[20], record[21]]);
    if record[..4] != *b"PK\x05\x06" || usize::from(len) != comment {
        return Err(wrong("there is something behind the end of the archive"));
    }
    Ok(())
}
