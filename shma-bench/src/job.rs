//! The work of one process, as the run tells it on the command line.

/// What a worker is told.
#[derive(Debug, Clone, clap::Args)]
pub struct Job {
    #[arg(long)]
    pub question: String,
    /// Bytes or processes, as the question has it.
    #[arg(long)]
    pub case: u64,
    /// Which of the processes it is.
    #[arg(long)]
    pub rank: usize,
    /// How many processes there are.
    #[arg(long)]
    pub processes: usize,
    /// Part of the names of everything that the run shares.
    #[arg(long)]
    pub run: String,
    #[arg(long)]
    pub order: u64,
    #[arg(long)]
    pub hasty: bool,
}
