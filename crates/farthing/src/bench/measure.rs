//! What a measurement says, as a table or as JSON lines.

use farthing::failure::Failure;
use std::time::Duration;

/// One line of a measurement.
pub(crate) struct Measured {
    pub(crate) name: String,
    pub(crate) store: &'static str,
    pub(crate) rows: u64,
    pub(crate) took: Duration,
    /// Of what callers wait for: a batch, an authorisation.
    pub(crate) waits: Vec<Duration>,
    /// The same rows on the floor; none for a line that commits nothing.
    pub(crate) floor: Option<Duration>,
    /// More figures of this line alone.
    pub(crate) more: Vec<(&'static str, f64)>,
}

impl Measured {
    fn rate(&self, took: Duration) -> f64 {
        ratio(self.rows, 1) / took.as_secs_f64().max(1e-9)
    }

    /// What so many of a hundred waits do not pass, in microseconds.
    fn wait(&self, percent: usize) -> f64 {
        let mut waits = self.waits.clone();
        waits.sort_unstable();
        let place = (waits.len().saturating_sub(1) * percent).div_ceil(100);
        waits.get(place).map_or(0.0, |wait| wait.as_secs_f64() * 1e6)
    }

    pub(crate) fn print(&self, json: bool) -> Result<(), Failure> {
        let rate = self.rate(self.took);
        let floor = self.floor.map(|floor| self.rate(floor));
        let (p50, p99, rss) = (self.wait(50), self.wait(99), rss_mb()?);
        let (floor_text, ratio_text) = floor
            .map_or(("null".into(), "null".into()), |floor| (format!("{floor:.0}"), format!("{:.3}", rate / floor)));
        if json {
            let more: Vec<String> = self.more.iter().map(|(name, value)| format!(", \"{name}\": {value:.3}")).collect();
            let more = more.concat();
            println!(
                "{{\"name\": \"{}\", \"store\": \"{}\", \"rows\": {}, \"rows_per_s\": {rate:.0}, \"p50_us\": {p50:.0}, \
                 \"p99_us\": {p99:.0}, \"floor_rows_per_s\": {floor_text}, \"ratio\": {ratio_text}, \"rss_mb\": {rss:.0}{more}}}",
                self.name, self.store, self.rows
            );
        } else {
            println!(
                "{:<34} {:<9} {:>11} {:>10} {:>9} {:>9} {:>12} {:>7} {:>7}",
                self.name,
                self.store,
                self.rows,
                format!("{rate:.0}"),
                format!("{p50:.0}"),
                format!("{p99:.0}"),
                floor_text.replace("null", "-"),
                ratio_text.replace("null", "-"),
                format!("{rss:.0}"),
            );
            for (name, value) in &self.more {
                println!("    {name} {value:.3}");
            }
        }
        Ok(())
    }
}

pub(crate) fn heading(json: bool) {
    if !json {
        println!(
            "{:<34} {:<9} {:>11} {:>10} {:>9} {:>9} {:>12} {:>7} {:>7}",
            "name", "store", "rows", "rows/s", "p50 us", "p99 us", "floor rows/s", "ratio", "RSS MB"
        );
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts for people, far below 2^52")]
pub(crate) fn ratio(part: u64, whole: u64) -> f64 {
    part as f64 / whole.max(1) as f64
}

/// What this process keeps in memory.
fn rss_mb() -> Result<f64, Failure> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let kib =
        status.lines().find_map(|line| line.strip_prefix("VmRSS:")).and_then(|rest| rest.split_whitespace().next());
    Ok(kib.and_then(|kib| kib.parse::<f64>().ok()).unwrap_or(0.0) / 1024.0)
}
