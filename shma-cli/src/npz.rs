//! Several arrays in one file, as `numpy.savez` writes them: a zip archive of `NAME.npy`.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::Path;

use shma_core::inspect::Value;
use shma_core::{FieldManifest, Manifest};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use crate::failure::Failure;
use crate::npy;

/// From this size on an entry needs the wide form of the archive's headers.
const WIDE: usize = u32::MAX as usize - (1 << 20);

/// Writes the values of all fields. The file appears under its name when it is complete.
pub fn write(path: &Path, manifest: &Manifest<'_>, values: &[Value]) -> Result<(), Failure> {
    let mut unfinished = path.as_os_str().to_owned();
    unfinished.push(format!(".{}.tmp", std::process::id()));
    let unfinished = Path::new(&unfinished);
    let written =
        write_to(unfinished, manifest, values).and_then(|()| std::fs::rename(unfinished, path));
    written.map_err(|error| {
        // It may not even have been made.
        let _ = std::fs::remove_file(unfinished);
        Failure::file(path, &error)
    })
}

fn write_to(path: &Path, manifest: &Manifest<'_>, values: &[Value]) -> io::Result<()> {
    let mut archive = ZipWriter::new(BufWriter::new(File::create(path)?));
    for (field, value) in manifest.fields.iter().zip(values) {
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Stored)
            .large_file(field.size >= WIDE);
        archive.start_file(format!("{}.npy", field.name), options)?;
        npy::write(&mut archive, field.ty.scalar(), &field.ty.shape(), value.bytes())?;
    }
    archive.finish()?.flush()
}

/// A file whose arrays are read one by one.
pub struct Arrays {
    archive: ZipArchive<BufReader<File>>,
    path: std::path::PathBuf,
}

impl Arrays {
    pub fn open(path: &Path) -> Result<Self, Failure> {
        let file = File::open(path).map_err(|error| Failure::file(path, &error))?;
        let archive = ZipArchive::new(BufReader::new(file))
            .map_err(|error| Failure::unusable(format!("{}: {error}", path.display())))?;
        Ok(Self { archive, path: path.to_owned() })
    }

    /// The names of the arrays.
    pub fn names(&self) -> Result<Vec<String>, Failure> {
        let strip = |name: &str| name.strip_suffix(".npy").unwrap_or(name).to_owned();
        let names = self.archive.file_names().map(|name| name.map(|name| strip(&name)));
        let names: Result<_, _> = names.collect();
        names.map_err(|error| Failure::unusable(format!("{}: {error}", self.path.display())))
    }

    /// Says why the array of this name does not fit the field, if it does not.
    pub fn check(&mut self, field: &FieldManifest<'_>) -> Result<(), Failure> {
        self.entry(field).map(drop)
    }

    /// The bytes of the array that fits the field.
    pub fn read(&mut self, field: &FieldManifest<'_>) -> Result<Vec<u8>, Failure> {
        let mut bytes = vec![0; field.size];
        let read = self.entry(field)?.read_exact(&mut bytes);
        read.map_err(|error| wrong(&self.path, field, &format!("cannot be read: {error}")))?;
        Ok(bytes)
    }

    /// The array's entry, read as far as its bytes.
    fn entry(&mut self, field: &FieldManifest<'_>) -> Result<impl Read, Failure> {
        let path = self.path.clone();
        let wrong = |what: String| wrong(&path, field, &what);
        let name = format!("{}.npy", field.name);
        let mut entry = self
            .archive
            .by_name(&name)
            .map_err(|error| wrong(format!("cannot be read: {error}")))?;
        let whole = entry.size();
        let mut counted = Counted { from: &mut entry, bytes: 0 };
        let header = npy::read_header(&mut counted);
        let header = header.map_err(|error| wrong(format!("cannot be read: {error}")))?;
        let behind = whole.saturating_sub(counted.bytes);
        let descr = npy::descr(field.ty.scalar());
        if header.descr != npy::without_blanks(&descr) {
            return Err(wrong(format!(
                "consists of {}, and the field `{}` of {descr}",
                header.descr.chars().filter(|c| !c.is_control()).collect::<String>(),
                field.ty
            )));
        }
        if header.shape != field.ty.shape() {
            return Err(wrong(format!(
                "has the shape {:?}, and the field {:?}",
                header.shape,
                field.ty.shape()
            )));
        }
        if header.fortran_order && header.shape.len() > 1 {
            return Err(wrong(
                "is in Fortran order: save numpy.ascontiguousarray(..) of it".into(),
            ));
        }
        if behind != field.size as u64 {
            return Err(wrong(format!("has {behind} bytes, and the field {}", field.size)));
        }
        Ok(entry)
    }
}

fn wrong(path: &Path, field: &FieldManifest<'_>, what: &str) -> Failure {
    Failure::unusable(format!("{}: array `{}` {what}", path.display(), field.name))
}

/// Counts what is read.
struct Counted<'a, R> {
    from: &'a mut R,
    bytes: u64,
}

impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.from.read(into)?;
        self.bytes += read as u64;
        Ok(read)
    }
}
