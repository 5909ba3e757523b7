//! Looking into regions without the struct that declares them: what the command `shma` is made of,
//! and what other tools can be.
//!
//! ```
//! use shma_core::{ShmState, inspect};
//!
//! #[derive(ShmState)]
//! struct Model {
//!     weights: [[f32; 4]; 2],
//!     step: u64,
//! }
//! # let name = format!("doc-inspect-{}", std::process::id());
//! # let name = name.as_str();
//! let model = Model::create(name, &Model::zeroed())?;
//! model.weights.update(|new, _| new[1][2] = 0.5);
//!
//! // Another program, which has never heard of `Model`:
//! let view = inspect::View::open(name)?;
//! assert_eq!(view.manifest().name, "Model");
//! let weights = view.field("weights").expect("it is in the manifest");
//! assert_eq!(weights.manifest().ty.to_string(), "[[f32; 4]; 2]");
//!
//! let value = weights.read()?; // one publication, as a typed handle would read it
//! assert_eq!(value.elements().shape(), [2, 4]);
//! assert_eq!(value.elements().get(6).as_f64(), Some(0.5));
//!
//! let status = weights.status();
//! assert_eq!(u64::from(status.version), 2);
//! assert!(status.holder.is_none(), "no process is inside an update");
//! # Ok::<(), shma_core::Error>(())
//! ```
//!
//! # What a look does to a region
//!
//! Nothing. A [`View`] maps the region read-only and takes no lock, so it does not count as
//! attached. The last user of an ephemeral region removes it, a creator replaces a dead one, and the
//! end of a look removes nothing. A view of a region whose name leads elsewhere by now shows that
//! region still; [`View::is_current`] tells.
//!
//! A program that writes attaches to the region: see [`untyped`](crate::untyped).
//!
//! # What a look costs
//!
//! A view keeps one mapping and one descriptor, which [`View::close_file`] closes. [`look_at_all`]
//! lists any number of regions with two descriptors. A manifest that was read is freed with the last
//! view, value or [`OwnedManifest`] that has it, so a monitor may look at any number of layouts.
//!
//! Where the looking process itself lacks descriptors, memory or permission, [`Look`] says so, and
//! blames no region.
//!
//! # What is believed
//!
//! A region comes from outside. Its header and its manifest are copied once and checked. The manifest
//! is laid out anew and has to agree with what the region says. Its names follow the rules of
//! declarations:
//!
//! | name of | is |
//! |---|---|
//! | a field | parts joined by dots, each of letters, digits and `_`, in any script: `layers.0.weight`, and every identifier of Rust |
//! | a struct, a member | an identifier of Rust, without `r#` |
//! | a state | text without controls and directions of writing, which could disturb a terminal |
//!
//! What is not a region of this format is an error, whatever it holds. As everywhere in the library, a
//! process that may write the region can make values garbage. By truncating the file it can end the
//! processes that look at it. So only regions of this user and of root are opened, unless a call is
//! told otherwise: see [`Whose`].
//!
//! # Exact and not
//!
//! | question | answer |
//! |---|---|
//! | is any process attached? | exact: [`View::is_attached`] asks for the lock that each attachment holds. A process that may read the file can fake it |
//! | is the holder of a semaphore alive? | exact, by the same question that the next writer asks; but it may be another holder by the time the answer is read |
//! | how many attachments, which owner ids? | [`Census`]: as `/proc/locks` lists them, which is not one instant, and `None` where there is no such file |
//! | which processes? | [`Census`]: processes that have the region mapped, if this user may look at them, in this PID namespace; fork children and other lookers have it mapped too |
//! | which process holds a semaphore? | what the holder has written there: its number in its own PID namespace |

mod census;
mod checkpoint;
mod elements;
mod field;
mod look;
mod names;
mod remove;
mod value;
mod view;
mod whose;

pub use census::{Attached, Census, Process};
pub use elements::{Elements, Members, Scalar};
pub use field::{FieldView, Status};
pub use look::{Look, Obstacle, look_at_all, look_at_all_in};
pub use names::{Abandoned, abandoned, abandoned_in, names, names_in};
pub use remove::{remove_dead, remove_dead_in, unlink, unlink_in};
pub use value::Value;
pub use view::View;
pub use whose::Whose;

use crate::error::Error;
use crate::manifest::OwnedManifest;

pub use crate::checkpoint::{Checkpoint, Tensor};
pub use crate::error::SemaphoreHolder;

/// Reads a manifest that was saved: the text that lies in a region, or what
/// [`Manifest::to_json`](crate::Manifest::to_json) gives.
///
/// # Errors
///
/// [`Error::NotARegion`], which names `name` and says what is wrong with the text.
pub fn read_manifest(name: &str, text: &[u8]) -> Result<OwnedManifest, Error> {
    OwnedManifest::of_text(text).map_err(|reason| Error::NotARegion {
        name: name.escape_debug().to_string(),
        path: None,
        reason,
    })
}
