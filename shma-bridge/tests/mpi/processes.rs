//! The bridges that a launcher has started.

/// This process, if it is a bridge, and all bridges below it: a launcher may have started a process for
/// the machine, which has started the ranks.
pub fn bridges_under(id: u32) -> Vec<u32> {
    let name = std::fs::read_to_string(format!("/proc/{id}/comm"));
    if name.is_ok_and(|name| name.trim() == "shma-bridge") {
        // One that has ended, and whose end its launcher has not asked for, has no command line.
        let line = std::fs::read(format!("/proc/{id}/cmdline"));
        return if line.is_ok_and(|line| !line.is_empty()) { vec![id] } else { Vec::new() };
    }
    let tasks = std::fs::read_dir(format!("/proc/{id}/task")).into_iter().flatten().flatten();
    let children = tasks
        .filter_map(|task| std::fs::read_to_string(task.path().join("children")).ok())
        .collect::<String>();
    let children = children.split_whitespace().filter_map(|id| id.parse().ok());
    children.flat_map(bridges_under).collect()
}
