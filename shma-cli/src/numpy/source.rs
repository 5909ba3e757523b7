//! A file of arrays, read and checked as a whole.

use std::fs::File;
use std::io::{self, BufReader, Cursor, Read, Seek};
use std::path::{Path, PathBuf};

use shma_core::FieldManifest;
use shma_core::untyped::{Attributes, Declaration};

use super::npy::{self, Header, wrong};
use super::npz::Archive;
use crate::failure::Failure;

/// Bytes of an archive, for each field, that are not values.
const ROOM: u64 = 1 << 20;

/// The bytes of a file's values, each with the number of its field, in declaration order.
pub type Values = Vec<(usize, Vec<u8>)>;

/// A file, or what comes from standard input.
#[derive(Debug)]
pub struct Source {
    path: PathBuf,
    file: File,
    is_regular: bool,
}

impl Source {
    /// Opens a file, or standard input for `-`.
    pub fn open(path: &Path) -> Result<Self, Failure> {
        let open = || {
            if path == Path::new("-") {
                use std::os::fd::AsFd;
                return Ok(File::from(io::stdin().as_fd().try_clone_to_owned()?));
            }
            File::open(path)
        };
        let opened = open().and_then(|file| Ok((file.metadata()?.file_type(), file)));
        let (kind, file) = opened.map_err(|error| Failure::file(path, &error))?;
        if kind.is_dir() {
            let path = path.display();
            return Err(Failure::unusable(format!("{path}: it is a directory; name a file in it")));
        }
        let is_regular = kind.is_file() && path != Path::new("-");
        Ok(Self { path: path.to_owned(), file, is_regular })
    }

    /// Reads all of the file. Every byte is checked, and every array fits its field, before there
    /// is a value. `field` says for which field the array of an `.npy` file is. Arrays of an archive that are
    /// not wanted are left out.
    pub fn read(
        self,
        fields: &[FieldManifest<'_>],
        region: &str,
        field: Option<&str>,
        is_wanted: &impl Fn(&str) -> bool,
    ) -> Result<Values, Failure> {
        let Self { path, mut file, is_regular } = self;
        let begin = begin(&mut file).map_err(|error| Failure::file(&path, &error))?;
        if begin == *npy::MAGIC {
            let index = wanted(fields, region, field, &path)?;
            let rest = BufReader::new(Cursor::new(begin).chain(file));
            let value = single(rest, &fields[index]);
            return Ok(vec![(
                index,
                value.map_err(|error| in_array(&path, &fields[index], &error))?,
            )]);
        }
        let reason = if !begin.starts_with(b"PK") {
            Some("it is neither an .npz nor an .npy file; write it with numpy.savez or numpy.save")
        } else if field.is_some() {
            Some("it is an .npz file, whose arrays have names; leave out --field")
        } else {
            None
        };
        if let Some(reason) = reason {
            return Err(Failure::unusable(format!("{}: {reason}", path.display())));
        }
        if is_regular {
            let file = file.rewind().map(|()| file);
            let file = file.map_err(|error| Failure::file(&path, &error))?;
            return all(file, fields, region, &path, is_wanted);
        }
        // An archive is read from its end, so all of it has to be here first.
        let most = fields.iter().map(|field| field.size as u64 + ROOM).sum::<u64>();
        let mut archive = begin;
        let read = file.take(most).read_to_end(&mut archive);
        read.map_err(|error| Failure::file(&path, &error))?;
        if archive.len() as u64 > most {
            return Err(Failure::unusable(format!(
                "{}: it is longer than an archive of all fields of region `{region}`",
                path.display()
            )));
        }
        all(Cursor::new(archive), fields, region, &path, is_wanted)
    }
}

/// The state that a file of numpy holds, with its values for initial ones. The arrays of an archive are the
/// fields, or only those of these names; that of an `.npy` file is called after the file.
pub fn declare(path: &Path, only: &[String]) -> Result<Declaration, Failure> {
    let is_wanted = |array: &str| only.is_empty() || only.iter().any(|name| name == array);
    let failed = |error: io::Error| Failure::file(path, &error);
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let mut declaration =
        Declaration::new(stem.chars().filter(|c| !c.is_control()).collect::<String>())?;
    let mut file = File::open(path).map_err(failed)?;
    let begin = begin(&mut file).map_err(failed)?;
    file.rewind().map_err(failed)?;
    let mut add = |name: &str, header: io::Result<Header>| {
        let ty = header.and_then(|header| header.ty().map_err(wrong));
        let in_array = |error| wrong(format!("array `{}` {error}", name.escape_debug()));
        let ty = ty.map_err(|error| failed(in_array(error)))?;
        declaration.field(name, ty, Attributes::new())?;
        Ok::<(), Failure>(())
    };
    if begin == *npy::MAGIC {
        has_all(path, only, &[stem.to_string()])?;
        add(&stem, Header::read(&mut BufReader::new(file)))?;
    } else if begin.starts_with(b"PK") {
        let mut archive = Archive::open(file).map_err(failed)?;
        let names = archive.names().map_err(failed)?;
        has_all(path, only, &names)?;
        for (number, name) in names.iter().enumerate() {
            if is_wanted(name) {
                add(name, archive.header(number))?;
            }
        }
    } else {
        let path = path.display();
        return Err(Failure::unusable(format!(
            "{path}: it is neither an .npz nor an .npy file, and its name does not end in .safetensors"
        )));
    }
    let manifest = declaration.manifest()?;
    let values =
        Source::open(path)?.read(manifest.get().fields, declaration.name(), None, &is_wanted)?;
    for (index, value) in values {
        declaration.init(manifest.get().fields[index].name, value)?;
    }
    Ok(declaration)
}

/// The names of the arrays in an archive, or the one that an `.npy` file gets.
pub fn names(path: &Path) -> io::Result<Vec<String>> {
    let mut file = File::open(path)?;
    if begin(&mut file)? == *npy::MAGIC {
        return Ok(path
            .file_stem()
            .and_then(|stem| stem.to_str())
            .map(str::to_owned)
            .into_iter()
            .collect());
    }
    file.rewind()?;
    Archive::open(file)?.names()
}

/// Whether a file, whose arrays have these names, has all of the wanted ones.
pub fn has_all(path: &Path, wanted: &[String], names: &[String]) -> Result<(), Failure> {
    const SHOWN: usize = 20;
    let Some(missing) = wanted.iter().find(|wanted| !names.contains(wanted)) else { return Ok(()) };
    let mut there: Vec<String> =
        names.iter().take(SHOWN).map(|name| name.escape_debug().to_string()).collect();
    if names.len() > SHOWN {
        there.push(format!("and {} more", names.len() - SHOWN));
    }
    let there = there.join(", ");
    Err(Failure::not_found(format!("{}; it has {there}", without(path, missing))))
}

/// That a file has no array of this name.
pub fn without(path: &Path, name: &str) -> Failure {
    let name = name.escape_debug();
    Failure::not_found(format!("{}: there is no array `{name}` in it", path.display()))
}

/// The first bytes: as many as tell what the file is, or fewer if it is shorter.
fn begin(file: &mut File) -> io::Result<Vec<u8>> {
    let mut begin = Vec::new();
    file.take(npy::MAGIC.len() as u64).read_to_end(&mut begin)?;
    Ok(begin)
}

/// The field that the array of an `.npy` file is for: the one that is asked for, the one that the
/// file is called after, or the only one.
fn wanted(
    fields: &[FieldManifest<'_>],
    region: &str,
    field: Option<&str>,
    path: &Path,
) -> Result<usize, Failure> {
    let place = |name: &str| fields.iter().position(|field| *field.name == *name);
    if let Some(name) = field {
        return place(name).ok_or_else(|| {
            let name = name.escape_debug();
            Failure::not_found(format!("region `{region}` has no field `{name}`"))
        });
    }
    let stem = path.file_stem().and_then(|stem| stem.to_str());
    let only = (fields.len() == 1).then_some(0);
    stem.and_then(place).or(only).ok_or_else(|| {
        Failure::usage(format!(
            "{}: it is an .npy file, which holds one array without a name; say with --field for which field it is",
            path.display()
        ))
    })
}

/// The value in an `.npy` file.
fn single(mut from: impl Read, field: &FieldManifest<'_>) -> io::Result<Vec<u8>> {
    let value = Header::read(&mut from)?.fit(field.ty)?.read(&mut from)?;
    if from.read(&mut [0])? > 0 {
        return Err(wrong(format!("goes on behind the values of {}", field.ty)));
    }
    Ok(value)
}

/// The values in an archive.
fn all(
    from: impl Read + Seek,
    fields: &[FieldManifest<'_>],
    region: &str,
    path: &Path,
    is_wanted: &impl Fn(&str) -> bool,
) -> Result<Values, Failure> {
    let failed = |error: io::Error| Failure::file(path, &error);
    let mut archive = Archive::open(from).map_err(failed)?;
    let names = archive.names().map_err(failed)?;
    if names.is_empty() {
        return Err(Failure::unusable(format!("{}: there are no arrays in it", path.display())));
    }
    let mut arrays = Vec::new();
    for (number, name) in names.iter().enumerate().filter(|(_, name)| is_wanted(name)) {
        let index = fields.iter().position(|field| *field.name == **name).ok_or_else(|| {
            let (path, name) = (path.display(), name.escape_debug());
            Failure::unusable(format!("{path}: array `{name}` has no field in region `{region}`"))
        })?;
        arrays.push((index, number));
    }
    arrays.sort_unstable();
    let mut values = Values::new();
    for (index, number) in arrays {
        let field = &fields[index];
        let value = archive.read(number, field);
        values.push((index, value.map_err(|error| in_array(path, field, &error))?));
    }
    Ok(values)
}

fn in_array(path: &Path, field: &FieldManifest<'_>, error: &io::Error) -> Failure {
    let what = match error.kind() {
        io::ErrorKind::InvalidData => error.to_string(),
        io::ErrorKind::UnexpectedEof => "ends too early".to_owned(),
        _ => format!("cannot be read: {error}"),
    };
    let error = io::Error::new(error.kind(), format!("array `{}` {what}", field.name));
    Failure::file(path, &error)
}
