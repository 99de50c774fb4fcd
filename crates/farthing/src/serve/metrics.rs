//! What the server counts, as Prometheus reads it: requests by route and status, how long they took, and what is read from the
//! store when it is asked for.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Upper bounds of the classes of durations, in milliseconds.
const BOUNDS_MS: [u64; 12] = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000];

#[derive(Debug, Default)]
pub struct Metrics {
    requests: Mutex<BTreeMap<(String, String, u16), Taken>>,
}

#[derive(Debug, Default)]
struct Taken {
    /// By class, not summed up.
    classes: [u64; BOUNDS_MS.len() + 1],
    micros: u64,
}

impl Metrics {
    /// `route` is the address with its names left open, so that there are few of them.
    pub fn request(&self, method: &str, route: &str, status: u16, took: Duration) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let class = BOUNDS_MS.iter().position(|bound| micros <= bound * 1_000).unwrap_or(BOUNDS_MS.len());
        let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = requests.entry((method.to_owned(), route.to_owned(), status)).or_default();
        if let Some(count) = taken.classes.get_mut(class) {
            *count += 1;
        }
        taken.micros = taken.micros.saturating_add(micros);
    }

    /// In Prometheus' text format, with gauges read from elsewhere: name, help, value.
    pub fn text(&self, gauges: &[(&str, &str, i64)]) -> String {
        let mut text = String::from(
            "# HELP farthing_http_request_duration_seconds How long requests took.\n# TYPE farthing_http_request_duration_seconds histogram\n",
        );
        let requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        for ((method, route, status), taken) in requests.iter() {
            let labels = format!("method=\"{method}\",route=\"{route}\",status=\"{status}\"");
            let mut sum = 0;
            for (place, count) in taken.classes.iter().enumerate() {
                sum += count;
                let bound = BOUNDS_MS.get(place).map_or_else(|| "+Inf".to_owned(), |bound| seconds(bound * 1_000));
                let _ =
                    writeln!(text, "farthing_http_request_duration_seconds_bucket{{{labels},le=\"{bound}\"}} {sum}");
            }
            let _ = writeln!(text, "farthing_http_request_duration_seconds_sum{{{labels}}} {}", seconds(taken.micros));
            let _ = writeln!(text, "farthing_http_request_duration_seconds_count{{{labels}}} {sum}");
        }
        for (name, help, value) in gauges {
            let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} gauge\n{name} {value}");
        }
        text
    }
}

fn seconds(micros: u64) -> String {
    format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_histogram_adds_up() {
        let metrics = Metrics::default();
        for micros in [900, 1_000, 1_001, 7_000_000] {
            metrics.request("GET", "/v1/accounts", 200, Duration::from_micros(micros));
        }
        let text = metrics.text(&[("farthing_accounts_parked", "Accounts that cannot be settled.", 3)]);
        let line = |what: &str, value: &str| {
            let wanted = format!("{what} {value}\n");
            assert!(text.contains(&wanted), "{wanted} in {text}");
        };
        line("le=\"0.001000\"}", "2");
        line("le=\"0.002000\"}", "3");
        line("le=\"+Inf\"}", "4");
        line(
            "farthing_http_request_duration_seconds_sum{method=\"GET\",route=\"/v1/accounts\",status=\"200\"}",
            "7.002901",
        );
        line("farthing_accounts_parked", "3");
    }
}
