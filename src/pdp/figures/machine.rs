//! Metrics of the process and of the disk it writes to, as the system reports them.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use rustix::param::{clock_ticks_per_second, page_size};
use rustix::process::{Resource, getrlimit};

use crate::files::disk_of;
use crate::pdp::archived::FOLDER_NAME;
use crate::store::Store;

/// One figure in the text form of OpenMetrics. What cannot be known is left out.
fn figure(text: &mut String, name: &str, kind: &str, help: &str, value: Option<f64>) {
    let Some(value) = value else { return };
    let suffix = if kind == "counter" { "_total" } else { "" };
    // Writing to a text never fails.
    let _ = write!(text, "# HELP {name} {help}.\n# TYPE {name} {kind}\n{name}{suffix} {value}\n");
}

/// Appends the figures of this process.
pub(crate) fn process(text: &mut String) {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The name of the process stands in parentheses and may hold anything; what follows it is numbers.
    let after: Vec<f64> = stat
        .rsplit_once(") ")
        .map(|(_, rest)| rest.split_whitespace().skip(1).filter_map(|number| number.parse().ok()).collect())
        .unwrap_or_default();
    let ticks = clock_ticks_per_second() as f64;
    let field = |number: usize| after.get(number - 4).copied();
    let cpu = field(14).zip(field(15)).map(|(user, system)| (user + system) / ticks);
    let booted = fs::read_to_string("/proc/stat").unwrap_or_default();
    let booted = booted.lines().find_map(|line| line.strip_prefix("btime ")?.trim().parse::<f64>().ok());
    let files = fs::read_dir("/proc/self/fd").ok().map(|found| found.count() as f64);
    let most = getrlimit(Resource::Nofile).current.map(|most| most as f64);
    figure(text, "process_cpu_seconds", "counter", "User and system time spent", cpu);
    let started = booted.zip(field(22)).map(|(booted, since)| booted + since / ticks);
    figure(text, "process_start_time_seconds", "gauge", "When it started, in seconds since 1970", started);
    figure(text, "process_virtual_memory_bytes", "gauge", "Memory it may use", field(23));
    let resident = field(24).map(|pages| pages * page_size() as f64);
    figure(text, "process_resident_memory_bytes", "gauge", "Memory it uses", resident);
    figure(text, "process_open_fds", "gauge", "Files and connections it has open", files);
    figure(text, "process_max_fds", "gauge", "Files and connections it may have open", most);
}

/// Appends the figures of a data directory and of the disk it is on.
pub(crate) fn disk(text: &mut String, data: &Path) {
    let disk = disk_of(data);
    let (free, size) = (disk.map(|disk| disk.free as f64), disk.map(|disk| disk.size as f64));
    figure(text, "standing_disk_free_bytes", "gauge", "What is free on the disk of the data directory", free);
    figure(text, "standing_disk_size_bytes", "gauge", "How large the disk of the data directory is", size);
    let store = fs::metadata(Store::file_in(data)).ok().map(|found| found.len() as f64);
    figure(text, "standing_store_bytes", "gauge", "How large the store is", store);
    let (mut files, mut archived) = (0.0, 0.0);
    for found in fs::read_dir(data.join(FOLDER_NAME)).into_iter().flatten().flatten() {
        if found.path().extension().is_some_and(|ending| ending == "ndjson") {
            files += 1.0;
            archived += found.metadata().map_or(0.0, |found| found.len() as f64);
        }
    }
    figure(text, "standing_archive_files", "gauge", "Files of archived records", Some(files));
    figure(text, "standing_archive_bytes", "gauge", "How large the files of archived records are", Some(archived));
}
