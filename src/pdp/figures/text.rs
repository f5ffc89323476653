//! The text form that Prometheus had before OpenMetrics, version 0.0.4: counters carry `_total` in their description
//! too, there is no type for facts about the build, and no end.

use std::collections::BTreeMap;

/// Figures in the form of OpenMetrics, in the older one.
pub(crate) fn of(open_metrics: &str) -> String {
    let types: BTreeMap<&str, &str> =
        open_metrics.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' ')).collect();
    let mut text = String::with_capacity(open_metrics.len());
    for line in open_metrics.lines() {
        let described = ["# HELP ", "# TYPE "].iter().find_map(|start| Some((*start, line.strip_prefix(start)?)));
        match described.and_then(|(start, rest)| Some((start, rest.split_once(' ')?))) {
            Some((start, (name, rest))) => {
                let kind = types.get(name).copied().unwrap_or_default();
                let suffix = match kind {
                    "counter" => "_total",
                    "info" => "_info",
                    _ => "",
                };
                let rest = if start == "# TYPE " && kind == "info" { "gauge" } else { rest };
                text.push_str(&format!("{start}{name}{suffix} {rest}\n"));
            }
            None if line.starts_with("# ") => {}
            None => {
                text.push_str(line);
                text.push('\n');
            }
        }
    }
    text
}
