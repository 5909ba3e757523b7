//! The handle to a region.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::field::Field;
use crate::error::Error;
use crate::field::Version;
use crate::manifest::{Manifest, OwnedManifest};
use crate::region::Region;
use crate::region::access::{ReadOnly, ReadWrite};
use crate::state::part::Part;
use crate::state::snapshot;

/// A handle to a region. Clones share the attachment, which ends with the last of them and of the
/// [`Field`]s that came from it. Any thread may use it.
#[derive(Debug, Clone)]
pub struct State {
    region: Arc<Region>,
    fields: Arc<[Field]>,
}

/// How long a snapshot tries.
enum Effort {
    Forever,
    Until(Instant),
    Bounded,
}

impl State {
    pub(super) fn new(region: Region) -> Self {
        let region = Arc::new(region);
        let count = region.manifest().fields.len();
        let fields = (0..count).map(|index| Field::new(&region, index)).collect();
        Self { region, fields }
    }

    /// The region's name.
    pub fn name(&self) -> &str {
        self.region.name()
    }

    /// The file that its name refers to.
    pub fn path(&self) -> std::path::PathBuf {
        self.region.path()
    }

    /// As [`Shm::instance`](crate::Shm::instance).
    pub fn instance(&self) -> u128 {
        self.region.header().instance()
    }

    /// Whether the name still leads to this region: false once it was unlinked or created anew.
    pub fn is_current(&self) -> bool {
        self.region.is_linked()
    }

    /// Whether the handle may write.
    pub fn is_writable(&self) -> bool {
        self.region.is_writable()
    }

    /// Whether the calling process got the handle through fork. Then it reads, and does not write.
    pub fn is_forked(&self) -> bool {
        self.region.is_forked()
    }

    /// What the region holds.
    pub fn manifest(&self) -> &Manifest<'_> {
        self.region.manifest()
    }

    /// The same, to keep without the handle, and without the notes if this program declared it.
    pub fn owned_manifest(&self) -> OwnedManifest {
        self.region.known().to_owned()
    }

    /// The text that lies in the region: the manifest as JSON, with its notes.
    pub fn text(&self) -> String {
        let text = self.manifest().text_with(self.region.notes());
        text.unwrap_or_else(|_| self.manifest().to_json())
    }

    /// What the region's creator has noted: see [`Shm::notes`](crate::Shm::notes).
    pub fn notes(&self) -> impl Iterator<Item = (&str, &str)> {
        self.region.notes().iter()
    }

    /// The fields in declaration order.
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// The field of this name.
    ///
    /// # Errors
    ///
    /// [`Error::NoField`], which lists the names that there are.
    pub fn field(&self, name: &str) -> Result<&Field, Error> {
        self.fields.iter().find(|field| field.name() == name).ok_or_else(|| self.no_field(name))
    }

    /// Where a field of this handle is among its [`fields`](Self::fields).
    ///
    /// ```
    /// use shma_core::Error;
    /// use shma_core::untyped::{self, Attributes, Declaration};
    /// # let name = format!("doc-index-{}", std::process::id());
    /// # let name = name.as_str();
    ///
    /// let mut declaration = Declaration::new("Model")?;
    /// declaration.field("weights", "[f32; 4]".parse()?, Attributes::new())?;
    /// declaration.field("step", "u64".parse()?, Attributes::new())?;
    /// let state = untyped::options().create(name, &declaration)?;
    /// assert_eq!(state.index_of(state.field("step")?)?, 1);
    ///
    /// let other = untyped::options().open(name, None)?;
    /// assert!(matches!(state.index_of(other.field("step")?), Err(Error::WrongField { .. })));
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::WrongField`] for a field of another handle, also of one to the same region.
    pub fn index_of(&self, field: &Field) -> Result<usize, Error> {
        self.check_distinct([field].into_iter()).map(|()| field.index())
    }

    fn no_field(&self, name: &str) -> Error {
        const SHOWN: usize = 20;
        let names = self.manifest().fields.iter().map(|field| format!("`{}`", field.name));
        let mut fields = names.take(SHOWN).collect::<Vec<_>>().join(", ");
        match self.fields.len() {
            0 => fields = "none at all".into(),
            count if count > SHOWN => fields += &format!(" and {} more", count - SHOWN),
            _ => {}
        }
        let field = name.chars().take(100).flat_map(char::escape_debug).collect();
        Error::NoField { name: self.name().to_owned(), field, fields }
    }

    /// Reads these fields as they stood together at one instant, transactions wholly in or out, each
    /// into the bytes beside it. Elements of atomic fields are read one by one and take no part in this.
    /// Returns the publications that the values are of, in the order of the list.
    ///
    /// # Errors
    ///
    /// [`Error::WrongSize`] of a buffer, [`Error::WrongField`] for a field of another handle's region or
    /// one that comes twice.
    ///
    /// # Blocking
    ///
    /// As [`Shm::snapshot_into`](crate::Shm::snapshot_into).
    pub fn snapshot(&self, fields: &mut [(&Field, &mut [u8])]) -> Result<Vec<Version>, Error> {
        self.snapshot_by(Effort::Forever, fields)
    }

    /// As [`snapshot`](Self::snapshot), for at most this time.
    ///
    /// # Errors
    ///
    /// As [`snapshot`](Self::snapshot), and [`Error::Contended`] if publications overtook every try.
    /// What the buffers then hold is unspecified.
    ///
    /// # Blocking
    ///
    /// Never waits for a writer, and never acquires a semaphore.
    pub fn snapshot_timeout(
        &self,
        fields: &mut [(&Field, &mut [u8])],
        timeout: Duration,
    ) -> Result<Vec<Version>, Error> {
        let effort = Instant::now().checked_add(timeout).map_or(Effort::Forever, Effort::Until);
        self.snapshot_by(effort, fields)
    }

    /// As [`snapshot_timeout`](Self::snapshot_timeout), with 64 tries.
    ///
    /// # Errors
    ///
    /// As [`snapshot_timeout`](Self::snapshot_timeout).
    ///
    /// # Blocking
    ///
    /// Never blocks, and never acquires a semaphore.
    pub fn try_snapshot(&self, fields: &mut [(&Field, &mut [u8])]) -> Result<Vec<Version>, Error> {
        self.snapshot_by(Effort::Bounded, fields)
    }

    fn snapshot_by(
        &self,
        effort: Effort,
        fields: &mut [(&Field, &mut [u8])],
    ) -> Result<Vec<Version>, Error> {
        self.check_distinct(fields.iter().map(|(field, _)| *field))?;
        let mut parts = Vec::with_capacity(fields.len());
        for (field, bytes) in fields.iter_mut() {
            field.check_whole(bytes.len())?;
            parts.push(field.part(bytes));
        }
        // Semaphores that a snapshot may hold for a moment are acquired in declaration order.
        let mut order: Vec<usize> = (0..parts.len()).collect();
        order.sort_by_key(|&at| parts[at].index());
        sort_by(&mut parts, &order);
        match effort {
            Effort::Forever if self.is_writable() => {
                snapshot::forever::<ReadWrite>(&self.region, &mut parts);
            }
            Effort::Forever => snapshot::forever::<ReadOnly>(&self.region, &mut parts),
            Effort::Until(end) => snapshot::until(&self.region, end, &mut parts)?,
            Effort::Bounded => snapshot::bounded(&self.region, &mut parts)?,
        }
        let mut versions = vec![Version::default(); parts.len()];
        for (part, at) in parts.iter().zip(order) {
            versions[at] = Version::new(part.version());
        }
        Ok(versions)
    }

    /// The attachment.
    pub(super) fn region(&self) -> &Arc<Region> {
        &self.region
    }

    pub(super) fn check_writable(&self) -> Result<(), Error> {
        if self.is_writable() {
            return Ok(());
        }
        Err(Error::ReadOnly { place: crate::error::Place::new(self.name(), None) })
    }

    /// Whether these are fields of this handle's attachment, each once.
    pub(super) fn check_distinct<'f>(
        &self,
        fields: impl Iterator<Item = &'f Field>,
    ) -> Result<(), Error> {
        let mut seen = vec![false; self.fields.len()];
        for field in fields {
            if !Arc::ptr_eq(field.region(), &self.region) {
                return Err(
                    field.wrong("it is of another handle's region: use the fields of one handle")
                );
            }
            if std::mem::replace(&mut seen[field.index()], true) {
                return Err(field.wrong("it comes twice: name each field once"));
            }
        }
        Ok(())
    }
}

/// Puts the parts into this order: the part at `order[0]` first.
fn sort_by<'h, 'v>(parts: &mut Vec<Part<'h, 'v>>, order: &[usize]) {
    let mut taken: Vec<Option<Part<'h, 'v>>> = parts.drain(..).map(Some).collect();
    parts.extend(order.iter().filter_map(|&at| taken[at].take()));
}
