//! A look at a region.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use rustix::fs::Stat;

use super::field::{FieldView, PATIENCE};
use super::value::Value;
use super::whose::Whose;
use crate::error::Error;
use crate::field::Version;
use crate::manifest::{Manifest, Notes, OwnedManifest};
use crate::region::{self, Directory, Name, Region, Users};
use crate::state::part::Part;
use crate::state::snapshot;

/// A region as it is seen without being attached to it; see [the module](super).
#[derive(Debug)]
pub struct View {
    region: Arc<Region>,
    manifest: OwnedManifest,
    persistent: bool,
    unclean: bool,
    /// As it was when the look began.
    stat: Stat,
}

fn users(whose: Whose) -> Users {
    match whose {
        Whose::Own => Users::default(),
        Whose::Also(user) => Users::Also(vec![user]),
        Whose::Anyone => Users::Anyone,
    }
}

impl View {
    /// Looks at the region of this name.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`], [`Error::ForeignOwner`], [`Error::NotARegion`],
    /// [`Error::InvalidName`], [`Error::Timeout`], [`Error::Io`].
    ///
    /// # Blocking
    ///
    /// At most a second for other processes that create or remove the name, and threads that fork.
    pub fn open(name: &str) -> Result<Self, Error> {
        Self::open_of(name, Whose::Own)
    }

    /// As [`open`](Self::open), also if the region belongs to another user.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open).
    ///
    /// # Blocking
    ///
    /// As [`open`](Self::open).
    pub fn open_of(name: &str, whose: impl Into<Whose>) -> Result<Self, Error> {
        Self::of(&Name::new(&Directory::USUAL, name)?, whose.into())
    }

    /// As [`open_of`](Self::open_of), in the directory that [`Options::dir`](crate::Options::dir) names.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open).
    ///
    /// # Blocking
    ///
    /// As [`open`](Self::open).
    pub fn open_in(
        dir: impl AsRef<Path>,
        name: &str,
        whose: impl Into<Whose>,
    ) -> Result<Self, Error> {
        Self::of(&Name::new(&Directory::at(Some(dir.as_ref()))?, name)?, whose.into())
    }

    fn of(name: &Name, whose: Whose) -> Result<Self, Error> {
        let sight = region::look(name, &users(whose))?;
        let region = Arc::new(sight.region);
        let stat = rustix::fs::fstat(region.file());
        let stat = stat.map_err(|errno| Error::Io {
            name: name.as_str().to_owned(),
            call: "fstat",
            directory: None,
            source: errno.into(),
        })?;
        let (persistent, unclean) = (sight.persistent, sight.unclean);
        Ok(Self { region, manifest: sight.manifest, persistent, unclean, stat })
    }

    /// Closes the region's descriptor, if there are no fields of the view any more. What the view asks
    /// the kernel later it asks through the name. Once that is gone,
    /// [`is_attached`](Self::is_attached) returns [`Error::Retired`], and the holder of a semaphore
    /// counts as alive.
    ///
    /// A process that looks at many regions keeps none of its descriptors busy so. Values can be read
    /// as before.
    pub fn close_file(&mut self) {
        if let Some(region) = Arc::get_mut(&mut self.region) {
            region.close_file();
        }
    }

    /// The region's name.
    pub fn name(&self) -> &str {
        self.region.name()
    }

    /// The file that its name refers to.
    pub fn path(&self) -> PathBuf {
        self.region.path()
    }

    /// What the region holds.
    pub fn manifest(&self) -> &Manifest<'_> {
        self.manifest.get()
    }

    pub(super) fn all_notes(&self) -> &Notes {
        self.manifest.all_notes()
    }

    /// The same, to keep without the view.
    pub fn owned_manifest(&self) -> OwnedManifest {
        self.manifest.clone()
    }

    /// What the region's creator has noted: see [`Shm::notes`](crate::Shm::notes).
    pub fn notes(&self) -> impl Iterator<Item = (&str, &str)> {
        self.manifest.notes()
    }

    /// Bytes of its file: header, all slots of all fields, and the manifest's text.
    pub fn bytes(&self) -> u64 {
        u64::try_from(self.stat.st_size).unwrap_or(0)
    }

    /// How many of its bytes are in huge pages; `None` if it has less than one, or the kernel does not say.
    /// It touches a word in every 2 MiB of the region, which on a disk reads that much of it.
    pub fn huge_bytes(&self) -> Option<u64> {
        self.region.huge_bytes()
    }

    /// The user that it belongs to, who made it.
    pub fn user(&self) -> u32 {
        self.stat.st_uid
    }

    /// Its permission bits.
    pub fn mode(&self) -> u32 {
        self.stat.st_mode & 0o777
    }

    /// Whether it stays until it is unlinked.
    pub fn is_persistent(&self) -> bool {
        self.persistent
    }

    /// Whether the machine stopped while processes used the region, as it was when the look began.
    /// Then its values may be of several moments, and opening it returns [`Error::Unclean`].
    pub fn is_unclean(&self) -> bool {
        self.unclean
    }

    /// Whether the name still leads to this region.
    pub fn is_current(&self) -> bool {
        self.region.is_linked()
    }

    /// Whether any process is attached. An ephemeral region without attachments is dead: it waits to be
    /// opened again, replaced or removed.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] if the kernel does not answer; [`Error::Retired`] if that can no longer be asked.
    pub fn is_attached(&self) -> Result<bool, Error> {
        self.region.is_attached()
    }

    /// Its file, as device and inode.
    pub(super) fn file(&self) -> (u64, u64) {
        (self.stat.st_dev, self.stat.st_ino)
    }

    /// The fields in declaration order.
    pub fn fields(&self) -> impl Iterator<Item = FieldView> {
        (0..self.manifest().fields.len()).map(|index| FieldView::new(&self.region, index))
    }

    /// The field of this name.
    pub fn field(&self, name: &str) -> Option<FieldView> {
        let index = self.manifest().fields.iter().position(|field| field.name == name)?;
        Some(FieldView::new(&self.region, index))
    }

    /// The values of all fields in declaration order, as they stood together at one instant,
    /// transactions wholly in or out. Elements of atomic fields are read one by one and take no
    /// part in this.
    ///
    /// # Errors
    ///
    /// [`Error::Contended`] if publications overtook every try for a second.
    ///
    /// # Blocking
    ///
    /// Never waits for a writer, and acquires no semaphore.
    pub fn snapshot(&self) -> Result<Vec<Value>, Error> {
        self.snapshot_of(&self.fields().collect::<Vec<_>>())
    }

    /// As [`snapshot`](Self::snapshot), of these fields, in the order of the list.
    ///
    /// # Errors
    ///
    /// As [`snapshot`](Self::snapshot).
    ///
    /// # Panics
    ///
    /// If a field is of another view.
    ///
    /// # Blocking
    ///
    /// As [`snapshot`](Self::snapshot).
    pub fn snapshot_of(&self, fields: &[FieldView]) -> Result<Vec<Value>, Error> {
        assert!(fields.iter().all(|field| field.is_of(&self.region)), "a field of another view");
        let mut values: Vec<Value> = fields.iter().map(FieldView::blank).collect();
        let parts = fields.iter().zip(&mut values);
        let mut parts: Vec<Part<'_, '_>> =
            parts.map(|(field, value)| field.part(&mut value.bytes)).collect();
        snapshot::until(&self.region, Instant::now() + PATIENCE, &mut parts)?;
        let versions: Vec<u64> = parts.iter().map(Part::version).collect();
        for (value, version) in values.iter_mut().zip(versions) {
            value.version = Version::new(version);
        }
        Ok(values)
    }
}
