//! What the nodes tell each other when they start, and why they may refuse to go on.

use std::io;

use serde::{Deserialize, Serialize};
use shma_core::inspect;

use crate::engine::Engine;
use crate::error::Error;
use crate::rules::Rule;

/// What the bridges say to each other. It goes up with each change of that.
const FORMAT: u32 = 1;

/// What has to be the same on all nodes.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Hello {
    format: u32,
    byte_order: String,
    rules: String,
    settings: String,
    region: String,
    /// The region's manifest, as it lies in the region.
    manifest: String,
}

impl Hello {
    pub(crate) fn new(rules: String, settings: String, region: String, manifest: String) -> Self {
        let byte_order = if cfg!(target_endian = "big") { "big" } else { "little" }.into();
        Self { format: FORMAT, byte_order, rules, settings, region, manifest }
    }
}

/// The rules as a text.
pub(crate) fn shown(units: &[Vec<Rule>]) -> String {
    let unit = |unit: &Vec<Rule>| {
        let rules = unit.iter().map(|rule| format!("`{}` {}", rule.field, rule.mode));
        rules.collect::<Vec<_>>().join(" together with ")
    };
    units.iter().map(unit).collect::<Vec<_>>().join(", ")
}

/// Tells all nodes a text, and gets those of all.
pub(crate) fn exchange(
    engine: &mut impl Engine,
    own: &str,
    pause: &mut dyn FnMut(),
) -> io::Result<Vec<String>> {
    (0..engine.nodes()).map(|node| tell(engine, node, own, pause)).collect()
}

/// Gets the text of one node.
pub(crate) fn tell(
    engine: &mut impl Engine,
    from: usize,
    own: &str,
    pause: &mut dyn FnMut(),
) -> io::Result<String> {
    let mut len = (own.len() as u64).to_le_bytes();
    engine.tell(from, &mut len, pause)?;
    let mut text = own.as_bytes().to_vec();
    text.resize(u64::from_le_bytes(len) as usize, 0);
    engine.tell(from, &mut text, pause)?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}

/// Compares what all nodes have said with what node 0 has, in the same way on each.
pub(crate) fn compare(texts: &[String]) -> Result<(), Error> {
    let Some((first, others)) = texts.split_first() else { return Ok(()) };
    (1..).zip(others).try_for_each(|(node, text)| compare_two((0, first), (node, text)))
}

/// Compares what two nodes have said.
pub(crate) fn compare_two(
    (one, first): (usize, &str),
    (node, second): (usize, &str),
) -> Result<(), Error> {
    let differs = |what: String| Error::Differ { node, other: one, what };
    let read = |text: &str| -> Result<Hello, Error> {
        let unread = |error| differs(format!("what they say when they start ({error})"));
        serde_json::from_str(text).map_err(unread)
    };
    let (ours, theirs) = (read(first)?, read(second)?);
    let pairs = [
        ("the bridge's format", ours.format.to_string(), theirs.format.to_string()),
        ("the byte order", ours.byte_order, theirs.byte_order),
        ("the rules", ours.rules, theirs.rules),
        ("the settings", ours.settings, theirs.settings),
    ];
    for (what, ours, theirs) in pairs {
        if ours != theirs {
            let what = format!("{what}: node {one} has {ours}, node {node} has {theirs}");
            return Err(differs(what));
        }
    }
    let regions = [&ours.region, &theirs.region];
    let ours = inspect::read_manifest(&ours.region, ours.manifest.as_bytes())?;
    let theirs = inspect::read_manifest(&theirs.region, theirs.manifest.as_bytes())?;
    let difference = ours.get().difference(theirs.get());
    if difference.is_empty() {
        return Ok(());
    }
    let names = [format!("node {one}"), format!("node {node}")];
    let difference = difference.between(&names[0], &names[1]);
    let [one, other] = regions;
    Err(differs(format!("the layout of their regions, `{one}` and `{other}`:\n{difference}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hello(order: &str, format: u32, ty: &str) -> String {
        let mut declaration = shma_core::untyped::Declaration::new("S").unwrap();
        let attributes = shma_core::untyped::Attributes::new();
        declaration.field("a", ty.parse().unwrap(), attributes).unwrap();
        let manifest = declaration.manifest().unwrap().get().to_json();
        let mut hello = Hello::new("r".into(), "s".into(), "n".into(), manifest);
        hello.byte_order = order.into();
        hello.format = format;
        serde_json::to_string(&hello).unwrap()
    }

    #[test]
    fn what_differs_is_named() {
        let zero = hello("little", 1, "f32");
        let said = |other: String| {
            compare(&[zero.clone(), zero.clone(), other]).map_err(|error| error.to_string())
        };
        assert_eq!(said(zero.clone()), Ok(()));
        let order = said(hello("big", 1, "f32")).unwrap_err();
        assert_eq!(
            order,
            "node 2 and node 0 differ in the byte order: node 0 has little, node 2 has big"
        );
        let format = said(hello("little", 2, "f32")).unwrap_err();
        assert!(format.contains("format: node 0 has 1, node 2 has 2"), "{format}");
        let layout = said(hello("little", 1, "f64")).unwrap_err();
        assert!(layout.contains("a: node 0 has f32"), "{layout}");
        assert!(said("no JSON".into()).unwrap_err().contains("when they start"));
    }
}
