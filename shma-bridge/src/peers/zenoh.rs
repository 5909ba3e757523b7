//! Peers over Zenoh, by TCP, without multicast and without a router.

use std::io;
use std::time::Duration;

use zenoh::handlers::{FifoChannel, FifoChannelHandler};
use zenoh::pubsub::Subscriber;
use zenoh::qos::CongestionControl;
use zenoh::sample::Sample;
use zenoh::{Config, Session, Wait};

use super::wire::{To, Wire};

/// A peer that takes nothing for so long, since it is stopped or its network is gone, is given up until
/// it connects again. Meanwhile it delays the sender.
const PATIENCE: Duration = Duration::from_secs(1);
/// Between two tries to reach a peer that is not there.
const TRY_AGAIN: Duration = Duration::from_secs(1);
/// Messages that wait here at most; beyond that they wait at their senders.
const WAITING: usize = 256;

/// One of the peers of a job. It listens at its own address, connects to those that it is told, and
/// learns of others from them.
pub struct Zenoh {
    node: usize,
    nodes: usize,
    job: String,
    session: Session,
    arrived: [Subscriber<FifoChannelHandler<Sample>>; 2],
}

impl std::fmt::Debug for Zenoh {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { node, nodes, job, .. } = self;
        let mut shown = f.debug_struct("Zenoh");
        shown.field("node", node).field("nodes", nodes).field("job", job).finish_non_exhaustive()
    }
}

fn failed(error: zenoh::Error) -> io::Error {
    io::Error::other(error.to_string())
}

impl Zenoh {
    /// This process as one of so many nodes. Peers of the same job hear each other. Addresses are such
    /// as `tcp/10.0.0.1:7447`; a peer that is not there is tried again for ever.
    ///
    /// # Errors
    ///
    /// An address is none, or is taken.
    pub fn open(
        job: &str,
        (node, nodes): (usize, usize),
        listen: &[String],
        connect: &[String],
    ) -> io::Result<Self> {
        let mut config = Config::default();
        let list = |addresses: &[String]| serde_json::to_string(addresses).unwrap_or_default();
        let retry = TRY_AGAIN.as_millis();
        for (key, value) in [
            ("mode", "\"peer\"".into()),
            ("listen/endpoints", list(listen)),
            ("connect/endpoints", list(connect)),
            ("connect/timeout_ms", "-1".into()),
            ("connect/exit_on_failure", "false".into()),
            ("connect/retry", format!("{{ period_init_ms: {retry}, period_max_ms: {retry} }}")),
            ("scouting/multicast/enabled", "false".into()),
            (
                "transport/link/tx/queue/congestion_control/block/wait_before_close",
                PATIENCE.as_micros().to_string(),
            ),
        ] {
            config.insert_json5(key, &value).map_err(failed)?;
        }
        let session = zenoh::open(config).wait().map_err(failed)?;
        // Names of regions may hold what a key may not.
        let job: String = job.bytes().map(|byte| format!("{byte:02x}")).collect();
        let subscribe = |key: String| {
            let subscriber = session.declare_subscriber(key).with(FifoChannel::new(WAITING));
            subscriber.wait().map_err(failed)
        };
        let arrived = [subscribe(all(&job))?, subscribe(one(&job, node))?];
        Ok(Self { node, nodes, job, session, arrived })
    }
}

fn all(job: &str) -> String {
    format!("shma/{job}/all")
}

fn one(job: &str, node: usize) -> String {
    format!("shma/{job}/to/{node}")
}

impl Wire for Zenoh {
    fn node(&self) -> usize {
        self.node
    }

    fn nodes(&self) -> usize {
        self.nodes
    }

    fn send(&mut self, to: To, message: Vec<u8>) -> io::Result<()> {
        let key = match to {
            To::All => all(&self.job),
            To::Node(node) => one(&self.job, node),
        };
        let put = self.session.put(key, message).congestion_control(CongestionControl::Block);
        put.wait().map_err(failed)
    }

    fn receive(&mut self) -> Option<Vec<u8>> {
        let mut samples = self.arrived.iter().filter_map(|arrived| arrived.try_recv().ok()?);
        samples.next().map(|sample| sample.payload().to_bytes().into_owned())
    }
}
